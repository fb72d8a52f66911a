//! A user without `Display`.

use gardefou::{AppError, log_sensitive_operations};

type R<T> = Result<T, AppError>;

#[log_sensitive_operations("delete", user = session)]
fn f(session: &Session) -> R<()> {
    let _ = session;
    Ok(())
}

struct Session;

fn main() {}
