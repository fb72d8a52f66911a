//! `#[tracing::instrument]`, above and below.

for_each_guard! { ($guard) => {
    #[tracing::instrument(skip_all)]
    #[$guard]
    fn f(a: i32) -> R<i32> {
        Ok(a)
    }

    #[$guard]
    #[tracing::instrument(skip_all, err)]
    async fn g(a: i32) -> R<i32> {
        tick().await;
        Ok(a)
    }

    #[test]
    fn both_attributes_run() {
        assert_eq!(f(1).unwrap() + block_on(g(2)).unwrap(), 3);
    }
} }
