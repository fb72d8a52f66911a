//! Borrows of `&self` with an elided lifetime.

for_each_guard! { ($guard) => {
    struct S {
        n: String,
    }

    impl S {
        #[$guard]
        fn a(&self) -> R<&str> {
            Ok(&self.n)
        }

        #[$guard]
        async fn b(&self, _k: &str) -> R<&str> {
            tick().await;
            Ok(&self.n)
        }
    }

    #[test]
    fn returned_borrow_is_of_self() {
        let s = S { n: "n".into() };
        assert_eq!(s.a().unwrap(), "n");
        assert_eq!(block_on(s.b("k")).unwrap(), "n");
    }
} }
