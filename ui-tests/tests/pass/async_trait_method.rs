//! Methods that `#[async_trait]` has expanded.

for_each_guard! { ($guard) => {
    #[async_trait::async_trait]
    trait T {
        async fn a(&self, s: &str, o: String) -> R<usize>;

        #[$guard]
        async fn b(&mut self, by: usize) -> R<usize> {
            tick().await;
            Ok(by)
        }
    }

    struct S {
        calls: usize,
    }

    #[async_trait::async_trait]
    impl T for S {
        #[$guard]
        async fn a(&self, s: &str, o: String) -> R<usize> {
            tick().await;
            if s.is_empty() {
                return Ok(0);
            }
            Ok(s.len() + o.len())
        }

        #[$guard]
        async fn b(&mut self, by: usize) -> R<usize> {
            self.calls += by;
            tick().await;
            if by == 0 {
                Err(AppError::new(ErrorCode::API_REQUEST_ERROR, "by nothing"))?;
            }
            Ok(self.calls)
        }
    }

    struct Other;

    #[async_trait::async_trait]
    impl T for Other {
        async fn a(&self, _: &str, _: String) -> R<usize> {
            Ok(0)
        }
    }

    #[test]
    fn methods_run_behind_a_trait_object() {
        let mut s: Box<dyn T + Send + Sync> = Box::new(S { calls: 0 });
        assert_eq!(block_on(s.a("ab", "c".into())).unwrap(), 3);
        assert_eq!(block_on(s.a("", "c".into())).unwrap(), 0);
        assert_eq!(block_on(s.b(2)).unwrap(), 2);
        assert!(block_on(s.b(0)).unwrap_err().is(ErrorCode::API_REQUEST_ERROR));
        assert_eq!(block_on(Other.b(5)).unwrap(), 5);
    }
} }
