//! A fallback of another type than the function's value.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(
    rethrow = false,
    fallback = "none"
)]
fn f() -> R<i32> {
    Ok(1)
}

#[enhanced_error_handling(rethrow = false, fallback = 3)]
fn g() -> R<Result<u8, String>> {
    Ok(Ok(1))
}

#[enhanced_error_handling(rethrow = false, fallback = 3)]
async fn h() -> R<Option<u8>> {
    Ok(None)
}

fn main() {}
