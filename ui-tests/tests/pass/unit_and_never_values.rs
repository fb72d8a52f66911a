//! `Result<(), E>`, `Result<Infallible, E>`, and a body that only panics.

for_each_guard! { ($guard) => {
    #[$guard]
    fn f() -> R<()> {
        Ok(())
    }

    #[$guard]
    fn g() -> R<std::convert::Infallible> {
        Err(AppError::new(ErrorCode::API_REQUEST_ERROR, "no"))
    }

    #[$guard]
    async fn h() -> R<i32> {
        panic!("not yet")
    }

    #[$guard]
    fn i() -> R<i32> {
        panic!("not yet")
    }

    #[test]
    fn functions_end_as_written() {
        f().unwrap();
        assert!(g().unwrap_err().is(ErrorCode::API_REQUEST_ERROR));
        assert!(std::panic::catch_unwind(|| block_on(h())).is_err());
        assert!(std::panic::catch_unwind(i).is_err());
    }
} }
