//! A number of keys without a key, and a key whose type has no text.

use gardefou::{AppError, bulkhead};

type R<T> = Result<T, AppError>;

struct Tenant;

#[bulkhead(max_keys = 3)]
fn without_key() -> R<i32> {
    Ok(1)
}

#[bulkhead(key = tenant)]
fn without_text(tenant: Tenant) -> R<i32> {
    let _ = tenant;
    Ok(1)
}

fn main() {}
