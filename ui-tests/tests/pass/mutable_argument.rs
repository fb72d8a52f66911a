//! `&mut` arguments.

for_each_guard! { ($guard) => {
    #[$guard]
    fn f(buf: &mut Vec<u8>, cb: &mut dyn FnMut() -> u8) -> R<usize> {
        buf.push(cb());
        Ok(buf.len())
    }

    #[$guard]
    async fn g(buf: &mut Vec<u8>) -> R<usize> {
        buf.push(1);
        tick().await;
        Ok(buf.len())
    }

    #[test]
    fn changes_persist() {
        let mut buf = vec![];
        assert_eq!(f(&mut buf, &mut || 7).unwrap(), 1);
        assert_eq!(block_on(g(&mut buf)).unwrap(), 2);
        assert_eq!(buf, [7, 1]);
    }
} }
