//! A path that is not an `ErrorCode`.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(error_code = C)]
fn f() -> R<i32> {
    Ok(1)
}

const C: u8 = 1;

fn main() {}
