//! One predicate sees what the other one sees.

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
