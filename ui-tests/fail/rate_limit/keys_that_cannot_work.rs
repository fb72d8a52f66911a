//! A number of keys without a key, a key whose type has no text, and what a shared limit cannot have.

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

#[rate_limit("1/s", shared = true)]
fn shared_without_name() -> R<i32> {
    Ok(1)
}

#[rate_limit("1/s", name = "mail", max_wait = "1s", shared = true)]
fn shared_that_waits() -> R<i32> {
    Ok(1)
}

fn main() {}
