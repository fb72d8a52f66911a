//! No fallback.

use gardefou::{AppError, fallback};

#[fallback]
fn f() -> Result<u32, AppError> {
    Ok(1)
}

fn main() {}
