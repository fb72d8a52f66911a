//! No delay, two delays, and a key of another attribute.

use gardefou::{AppError, hedge};

type R<T> = Result<T, AppError>;

#[hedge]
async fn f() -> R<()> {
    Ok(())
}

#[hedge(after = "50ms", quantile = 0.95)]
async fn g() -> R<()> {
    Ok(())
}

#[hedge(after = "50ms", max_retries = 3)]
async fn h() -> R<()> {
    Ok(())
}

fn main() {}
