//! `unsafe fn` and `extern "C" fn`, separate from the other cases because this workspace forbids
//! `unsafe`.

use gardefou::{
    AppError, ErrorCode, enhanced_error_handling, retry, retry_with_circuit_breaker, with_circuit_breaker,
};

type R<T> = Result<T, AppError>;

macro_rules! case {
    ($module:ident: $guard:meta) => {
        mod $module {
            use super::*;

            /// # Safety
            ///
            /// `q` points to an integer.
            #[$guard]
            pub unsafe fn f(q: *const i32) -> R<i32> {
                Ok(unsafe { *q })
            }

            #[allow(improper_ctypes_definitions)]
            #[$guard]
            pub extern "C" fn g(a: i32) -> R<i32> {
                Ok(a)
            }
        }
    };
}

case!(handled: enhanced_error_handling(error_code = ErrorCode::TIMEOUT_ERROR));
case!(guarded: with_circuit_breaker(name = "unsafe"));
case!(retried: retry);
case!(both: retry_with_circuit_breaker(name = "unsafe"));

#[with_circuit_breaker(name = "unsafe")]
unsafe fn direct(q: *const i32) -> R<i32> {
    Ok(unsafe { *q })
}

fn main() {
    let n = 7;
    assert_eq!(unsafe { direct(&n) }.unwrap(), 7);
    assert_eq!(unsafe { handled::f(&n) }.unwrap() + handled::g(1).unwrap(), 8);
    assert_eq!(unsafe { guarded::f(&n) }.unwrap() + guarded::g(1).unwrap(), 8);
    assert_eq!(unsafe { retried::f(&n) }.unwrap() + retried::g(1).unwrap(), 8);
    assert_eq!(unsafe { both::f(&n) }.unwrap() + both::g(1).unwrap(), 8);
}
