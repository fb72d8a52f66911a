//! A captured name that is not an argument.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(capture(acount))]
fn f(account: u32) -> R<u32> {
    Ok(account)
}

fn main() {}
