//! The future is `'static` and `Send` when its arguments are.

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
    fn it_can_be_spawned() {
        assert_eq!(block_on(spawnable(f("ab".into()))).unwrap(), 2);
    }
} }
