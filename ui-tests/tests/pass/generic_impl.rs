//! Methods of a generic `impl` that name its parameter.

for_each_guard! { ($guard) => {
    struct S<T>(T);

    impl<T: Clone> S<T> {
        #[$guard]
        fn a(&self) -> R<T> {
            Ok(self.0.clone())
        }

        #[$guard]
        async fn b(&self) -> R<T> {
            tick().await;
            Ok(self.0.clone())
        }
    }

    #[test]
    fn every_instance_runs() {
        assert_eq!(S(1).a().unwrap(), 1);
        assert_eq!(block_on(S("x").b()).unwrap(), "x");
    }
} }
