//! An `async fn` of a trait, in its implementation.

for_each_guard! { ($guard) => {
    trait T {
        async fn a(&self, s: &str) -> R<usize>;
    }

    struct S;

    impl T for S {
        #[$guard]
        async fn a(&self, s: &str) -> R<usize> {
            tick().await;
            Ok(s.len())
        }
    }

    #[test]
    fn native_async_method_runs() {
        assert_eq!(block_on(S.a("four")).unwrap(), 4);
    }
} }
