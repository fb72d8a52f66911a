//! Sections that cannot be: unknown, given twice, of another form, and without a name.

use gardefou::{AppError, resilient};

type R<T> = Result<T, AppError>;

#[resilient(name = "a", retri(max_retries = 2), timeout = "2s", timeout = "3s", colour = 3)]
fn unknown_and_repeated() -> R<u32> {
    Ok(1)
}

#[resilient(name("a"), retry = 3, timeout, circuit_breaker = true, key = 1)]
fn other_forms() -> R<u32> {
    Ok(1)
}

#[resilient(circuit_breaker, rate_limit = "10/s", bulkhead)]
fn without_name() -> R<u32> {
    Ok(1)
}

#[resilient(name = "a", key = tenant, timeout = "2s")]
fn key_for_nothing(tenant: &str) -> R<usize> {
    Ok(tenant.len())
}

#[resilient(name = "a", timeout == "2s")]
fn operator() -> R<u32> {
    Ok(1)
}

#[resilient(name = , timeout = "2s")]
fn without_value() -> R<u32> {
    Ok(1)
}

#[resilient(name = "a", span = true)]
fn span_of_nothing() -> R<u32> {
    Ok(1)
}

#[resilient(name = "a", timeout: "2s")]
fn colon() -> R<u32> {
    Ok(1)
}

fn main() {}
