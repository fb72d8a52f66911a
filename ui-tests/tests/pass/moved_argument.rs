//! By-value arguments that the body moves.

for_each_guard! { ($guard) => {
    #[$guard]
    fn f(v: Vec<u8>) -> R<usize> {
        let w = v;
        Ok(w.len())
    }

    #[$guard]
    async fn g(v: Vec<u8>) -> R<usize> {
        tick().await;
        drop(v);
        Ok(1)
    }

    #[test]
    fn moved_arguments_arrive() {
        assert_eq!(f(vec![1, 2]).unwrap(), 2);
        assert_eq!(block_on(g(vec![1])).unwrap(), 1);
    }
} }
