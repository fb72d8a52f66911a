//! A captured argument without `Debug`.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(capture(conn))]
fn f(conn: &Conn) -> R<()> {
    let _ = conn;
    Ok(())
}

struct Conn;

fn main() {}
