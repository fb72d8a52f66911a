//! Functions that return a future built from an async block.

for_each_guard! { ($guard) => {
    #[$guard]
    fn f(n: i32) -> impl Future<Output = R<i32>> + Send {
        async move {
            tick().await;
            if n == 0 {
                return Ok(-1);
            }
            Ok(n)
        }
    }

    #[$guard]
    fn g<'a>(s: &'a str) -> Pin<Box<dyn Future<Output = R<usize>> + Send + 'a>> {
        Box::pin(async move {
            tick().await;
            Ok(s.len())
        })
    }

    type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

    #[$guard]
    fn h(s: &str) -> BoxFuture<'_, R<usize>> {
        Box::pin(async move {
            tick().await;
            Ok(s.len())
        })
    }

    struct S(i32);

    impl S {
        #[$guard]
        fn without_move(&self) -> impl Future<Output = R<i32>> + Send {
            async {
                tick().await;
                Ok(self.0)
            }
        }
    }

    #[test]
    fn returned_future_is_guarded() {
        assert_eq!(block_on(f(0)).unwrap(), -1);
        assert_eq!(block_on(f(2)).unwrap(), 2);
        assert_eq!(block_on(S(3).without_move()).unwrap(), 3);
        assert_eq!(block_on(g("abc")).unwrap(), 3);
        assert_eq!(block_on(h("abc")).unwrap(), 3);
    }
} }
