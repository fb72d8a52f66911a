//! Functions that a `macro_rules!` builds from fragments.

for_each_guard! { ($guard) => {
    macro_rules! make {
        ($vis:vis $name:ident($arg:ident: $ty:ty) -> $ret:ty, $code:path, $body:block) => {
            #[enhanced_error_handling(error_code = $code)]
            #[$guard]
            $vis fn $name($arg: $ty) -> $ret $body
        };
    }

    make!(pub(super) f(v: Vec<i32>) -> R<usize>, ErrorCode::TIMEOUT_ERROR, {
        if v.is_empty() {
            Err(std::fmt::Error)?;
        }
        Ok(v.len())
    });

    #[test]
    fn fragments_are_accepted() {
        assert_eq!(f(vec![1]).unwrap(), 1);
        assert!(f(vec![]).unwrap_err().is(ErrorCode::TIMEOUT_ERROR));
    }
} }
