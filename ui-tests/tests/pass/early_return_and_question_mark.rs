//! `return` and `?` end the function, not the expansion.

for_each_guard! { ($guard) => {
    #[$guard]
    fn f(s: &str) -> R<i32> {
        if s.is_empty() {
            return Ok(0);
        }
        let v: i32 = s.parse()?;
        Ok(v)
    }

    #[$guard]
    async fn g(s: &str) -> R<i32> {
        tick().await;
        if s.is_empty() {
            return Ok(0);
        }
        let v: i32 = s.parse()?;
        tick().await;
        Ok(v)
    }

    #[test]
    fn early_returns_and_errors_arrive() {
        assert_eq!(f("").unwrap(), 0);
        assert_eq!(f("7").unwrap(), 7);
        assert!(f("x").unwrap_err().downcast_ref::<std::num::ParseIntError>().is_some());
        assert_eq!(block_on(g("")).unwrap(), 0);
        assert_eq!(block_on(g("7")).unwrap(), 7);
        assert!(block_on(g("x")).unwrap_err().downcast_ref::<std::num::ParseIntError>().is_some());
    }
} }
