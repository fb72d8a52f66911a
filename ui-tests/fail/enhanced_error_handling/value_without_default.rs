//! A value without `Default`, and no fallback.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(rethrow = false)]
fn f() -> R<Conn> {
    Ok(Conn)
}

struct Conn;

fn main() {}
