//! A module that shadows `Ok`, `Err`, `Some`, `None`, `Result`, `Option`, `Box`, `String`, `Vec`,
//! `Clone`.

for_each_guard! { ($guard) => {
    #[allow(dead_code, reason = "they only shadow")]
    mod weird {
        pub(super) enum R2 {
            Ok(i32),
            Err(i32),
        }
        pub(super) struct Some;
        pub(super) struct None;
        pub(super) struct Result;
        pub(super) struct Option;
        pub(super) struct Box;
        pub(super) struct String;
        pub(super) struct Vec;
        pub(super) trait Clone {}
    }

    mod user {
        #[allow(unused_imports, reason = "they only shadow")]
        use super::weird::{R2::*, *};
        #[allow(unused_imports, reason = "not each guard has a name")]
        use super::{AppError, NAME, tick};
        #[allow(unused_imports, reason = "each guard uses one")]
        use gardefou::{
            bulkhead, enhanced_error_handling, log_sensitive_operations, rate_limit, retry,
            retry_with_circuit_breaker, timeout, with_circuit_breaker,
        };
        #[allow(unused_imports, reason = "not each guard names a code")]
        use gardefou::ErrorCode;

        #[$guard]
        pub(super) fn f(n: i32) -> std::result::Result<i32, AppError> {
            std::result::Result::Ok(n)
        }

        #[$guard]
        pub(super) async fn g(n: i32) -> std::result::Result<i32, AppError> {
            tick().await;
            std::result::Result::Ok(n)
        }
    }

    #[test]
    fn expansion_uses_no_shadowed_name() {
        assert_eq!(user::f(1).unwrap() + block_on(user::g(2)).unwrap(), 3);
    }
} }
