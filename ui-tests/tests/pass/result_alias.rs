//! A return type behind an alias that hides the error type.

for_each_guard! { ($guard) => {
    mod my {
        pub(super) type Result<T> = std::result::Result<T, gardefou::AppError>;
        pub(super) type Unit = Result<()>;
    }
    use my::Result;

    #[$guard]
    fn f() -> Result<i32> {
        Ok(1)
    }

    #[$guard]
    async fn g() -> Result<i32> {
        tick().await;
        Ok(1)
    }

    #[$guard]
    fn h() -> my::Unit {
        Ok(())
    }

    #[test]
    fn alias_is_resolved() {
        assert_eq!(f().unwrap() + block_on(g()).unwrap(), 2);
        h().unwrap();
    }
} }
