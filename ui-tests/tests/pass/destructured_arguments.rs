//! Patterns and `mut` in argument position.

for_each_guard! { ($guard) => {
    #[derive(Clone)]
    struct P {
        x: i32,
        y: String,
    }

    #[$guard]
    fn f((a, mut b): (i32, Vec<i32>), P { x, y }: P, _: i32, [c, ..]: [i32; 2], &d: &i32) -> R<i32> {
        b.push(a);
        let len = i32::try_from(y.len())?;
        Ok(b.len() as i32 + x + len + c + d)
    }

    #[$guard]
    async fn g(mut v: Vec<i32>, (buf, n): (&mut Vec<i32>, i32)) -> R<usize> {
        v.push(n);
        tick().await;
        buf.append(&mut v);
        Ok(buf.len())
    }

    #[test]
    fn every_binding_arrives() {
        let p = P { x: 10, y: "ab".into() };
        assert_eq!(f((1, vec![0]), p, 0, [100, 0], &1000).unwrap(), 1114);
        let mut buf = vec![];
        assert_eq!(block_on(g(vec![1], (&mut buf, 2))).unwrap(), 2);
        assert_eq!(buf, [1, 2]);
    }
} }
