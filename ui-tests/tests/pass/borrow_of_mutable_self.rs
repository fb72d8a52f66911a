//! Methods that return a borrow of `&mut self` (not under a retry).

for_each_single_run! { ($guard) => {
    struct S {
        v: Vec<i32>,
    }

    impl S {
        #[$guard]
        fn a(&mut self) -> R<&mut i32> {
            self.v.push(1);
            Ok(&mut self.v[0])
        }

        #[$guard]
        async fn b(&mut self) -> R<&mut i32> {
            tick().await;
            Ok(&mut self.v[0])
        }
    }

    #[test]
    fn returned_borrow_is_of_self() {
        let mut s = S { v: vec![] };
        *s.a().unwrap() = 5;
        *block_on(s.b()).unwrap() += 1;
        assert_eq!(s.v, [6]);
    }
} }
