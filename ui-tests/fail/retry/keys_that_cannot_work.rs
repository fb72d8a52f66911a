//! Keys that choose nothing, and one whose type has no text.

use gardefou::{
    AppError, retry,
    retry::{RetryBudget, RetryBudgetBuilder},
};
use std::sync::LazyLock;

type R<T> = Result<T, AppError>;

struct Tenant;

static SHARED: LazyLock<RetryBudget> =
    LazyLock::new(|| RetryBudgetBuilder::default().build().unwrap());

#[retry(max_keys = 3)]
fn without_key() -> R<i32> {
    Ok(1)
}

#[retry(budget = false, key = tenant)]
fn without_budget(tenant: u32) -> R<u32> {
    Ok(tenant)
}

#[retry(budget = &*SHARED, key = tenant)]
fn one_budget(tenant: u32) -> R<u32> {
    Ok(tenant)
}

#[retry(key = tenant)]
fn without_text(tenant: &Tenant) -> R<i32> {
    let _ = tenant;
    Ok(1)
}

fn main() {}
