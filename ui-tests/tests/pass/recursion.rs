//! Recursion: sync, and async through `Box::pin`.

for_each_guard! { ($guard) => {
    #[$guard]
    fn f(n: u32) -> R<u32> {
        if n == 0 {
            return Ok(0);
        }
        Ok(f(n - 1)? + 1)
    }

    #[$guard]
    async fn g(n: u32) -> R<u32> {
        if n == 0 {
            return Ok(0);
        }
        Ok(Box::pin(g(n - 1)).await? + 1)
    }

    #[test]
    fn recursion_returns() {
        assert_eq!(f(5).unwrap(), 5);
        assert_eq!(block_on(g(5)).unwrap(), 5);
    }
} }
