//! A type without `Clone`, underlined as a whole.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry]
fn f(file: Option<std::fs::File>) -> R<i32> {
    drop(file);
    Ok(1)
}

fn main() {}
