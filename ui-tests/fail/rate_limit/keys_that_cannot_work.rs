//! A number of keys without a key, and a key whose type has no text.

use gardefou::{AppError, rate_limit};

type R<T> = Result<T, AppError>;

struct Tenant;

#[rate_limit("1/s", max_keys = 3)]
fn without_key() -> R<i32> {
    Ok(1)
}

#[rate_limit("1/s", key = tenant)]
fn without_text(tenant: Tenant) -> R<i32> {
    let _ = tenant;
    Ok(1)
}

fn main() {}
