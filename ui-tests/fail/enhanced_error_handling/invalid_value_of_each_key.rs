//! Each key with an invalid value.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(
    error_code = 301,
    log_level = "loud",
    rethrow = "no",
    fallback = 1,
    catch_panics = 1,
    capture(a.b),
    span = "yes",
    crate = 3
)]
async fn f() -> R<i32> {
    Ok(1)
}

fn main() {}
