//! `capture` without a list of arguments.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(capture)]
fn a() -> R<i32> {
    Ok(1)
}

#[enhanced_error_handling(capture())]
fn b() -> R<i32> {
    Ok(1)
}

#[enhanced_error_handling(capture(self))]
fn c() -> R<i32> {
    Ok(1)
}

#[enhanced_error_handling(capture(a b))]
fn d() -> R<i32> {
    Ok(1)
}

fn main() {}
