//! Captured expressions and repetitions.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(capture(a, a, a.b))]
fn f(a: u8) -> R<u8> {
    Ok(a)
}

#[enhanced_error_handling(capture = a)]
fn g(a: u8) -> R<u8> {
    Ok(a)
}

fn main() {}
