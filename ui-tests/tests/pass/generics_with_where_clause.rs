//! Generic functions with a `where` clause.

for_each_guard! { ($guard) => {
    #[$guard]
    fn f<T, U>(t: T, u: U) -> R<U>
    where
        T: Clone + Into<U>,
        U: Clone,
    {
        let _ = u.clone();
        Ok(t.into())
    }

    #[$guard]
    async fn g<T>(t: T) -> R<String>
    where
        T: Clone + std::fmt::Display,
    {
        tick().await;
        Ok(t.to_string())
    }

    #[test]
    fn every_instance_runs() {
        assert_eq!(f(1_u8, 2_u64).unwrap(), 1);
        assert_eq!(f("a", String::new()).unwrap(), "a");
        assert_eq!(block_on(g(1.5)).unwrap(), "1.5");
    }
} }
