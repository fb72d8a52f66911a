//! Each key with an invalid value.

use gardefou::{AppError, rate_limit};

type R<T> = Result<T, AppError>;

#[rate_limit(
    rate = "100",
    burst = 0,
    max_wait = "-1s",
    name = "",
    shared = "yes",
    on_store_loss = "closd",
    timed = 1,
    span = "off",
    crate = 3
)]
fn no_time() -> R<i32> {
    Ok(1)
}

#[rate_limit("100/fortnight")]
fn unknown_unit() -> R<i32> {
    Ok(1)
}

#[rate_limit(100)]
fn number() -> R<i32> {
    Ok(1)
}

#[rate_limit("0/s")]
fn none() -> R<i32> {
    Ok(1)
}

#[rate_limit("5_000_000_000/s")]
fn too_many() -> R<i32> {
    Ok(1)
}

#[rate_limit("2/ns")]
fn too_fast() -> R<i32> {
    Ok(1)
}

#[rate_limit("1/150_000d")]
fn too_slow() -> R<i32> {
    Ok(1)
}

#[rate_limit("1/s", key = |tenant| tenant, max_keys = 1_000_001)]
fn keys(tenant: &str) -> R<usize> {
    Ok(tenant.len())
}

fn main() {}
