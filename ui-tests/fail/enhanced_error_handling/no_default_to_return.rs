//! What is returned in place of the error must come from somewhere.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(rethrow = false)]
fn f() -> R<Conn> {
    Ok(Conn)
}

struct Conn;

fn main() {}
