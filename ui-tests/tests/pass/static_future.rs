//! The future is `'static` and `Send` if its arguments are.

for_each_guard! { ($guard) => {
    #[$guard]
    async fn f(s: String) -> R<usize> {
        tick().await;
        Ok(s.len())
    }

    fn spawnable<T: Send + 'static>(t: T) -> T {
        t
    }

    #[test]
    fn future_can_be_spawned() {
        assert_eq!(block_on(spawnable(f("ab".into()))).unwrap(), 2);
    }
} }
