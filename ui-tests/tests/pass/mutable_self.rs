//! Methods with `&mut self` change it and give back owned values.

for_each_guard! { ($guard) => {
    struct S {
        v: Vec<i32>,
    }

    impl S {
        #[$guard]
        fn a(&mut self, k: i32) -> R<usize> {
            self.v.push(k);
            Ok(self.v.len())
        }

        #[$guard]
        async fn b(&mut self, k: i32) -> R<usize> {
            self.v.push(k);
            tick().await;
            Ok(self.v.len())
        }
    }

    #[test]
    fn the_changes_stay() {
        let mut s = S { v: vec![] };
        assert_eq!(s.a(1).unwrap(), 1);
        assert_eq!(block_on(s.b(2)).unwrap(), 2);
        assert_eq!(s.v, [1, 2]);
    }
} }
