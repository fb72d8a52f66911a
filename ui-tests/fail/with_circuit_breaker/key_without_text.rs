//! A key whose type has no text, and one that names nothing.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

struct Tenant;

#[with_circuit_breaker(name = "db", key = tenant)]
fn a(tenant: Tenant) -> R<i32> {
    let _ = tenant;
    Ok(1)
}

#[with_circuit_breaker(name = "db", key = tenants)]
async fn b(tenant: &str) -> R<usize> {
    Ok(tenant.len())
}

fn main() {}
