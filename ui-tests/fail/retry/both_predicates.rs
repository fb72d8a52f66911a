//! Two predicates of which one replaces the other.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(
    retry_if = AppError::is_permanent,
    retry_if_result = Result::is_err
)]
async fn f() -> R<i32> {
    Ok(1)
}

fn main() {}
