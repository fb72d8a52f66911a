//! What a boundary costs.

use crate::{
    Table,
    breaker::{Error, add_one, value},
    polled,
};
use gardefou::{
    AppError, boundary::ErrorBoundary, enhanced_error_handling, error_boundary,
    transaction_boundary,
};

fn in_place(n: u64) -> Result<u64, AppError> {
    error_boundary!("bench", { add(n)? })
}

#[enhanced_error_handling]
fn annotated(n: u64) -> Result<u64, AppError> {
    add(n)
}

#[enhanced_error_handling]
async fn annotated_async(n: u64) -> Result<u64, AppError> {
    std::future::ready(add(n)).await
}

async fn bare_async(n: u64) -> Result<u64, AppError> {
    std::future::ready(add(n)).await
}

fn transaction(n: u64) -> Result<u64, AppError> {
    transaction_boundary!("bench", |_tx| { add(n)? })
}

fn compensated(n: u64) -> Result<u64, AppError> {
    transaction_boundary!("bench", |tx| {
        tx.on_rollback("undo", || ());
        add(n)?
    })
}

fn add(n: u64) -> Result<u64, AppError> {
    add_one(n).map_err(|_: Error| AppError::new(gardefou::ErrorCode::UNKNOWN_ERROR, "never"))
}

/// Measures blocks that succeed, with no subscriber of `tracing`.
pub fn success(table: &mut Table) {
    table.both("floor: bare call", |n| value(add(n)));
    table.both("`error_boundary!`", |n| value(in_place(n)));
    table.both("`error_boundary!` with `catch_panics`", |n| {
        value(error_boundary!("bench", catch_panics = true, { add(n)? }))
    });
    table.both("`ErrorBoundary::call`", |n| {
        value(ErrorBoundary::new("bench").call(|| add(n)))
    });
    table.both("`#[enhanced_error_handling]`", |n| value(annotated(n)));
    table.both("`transaction_boundary!`", |n| value(transaction(n)));
    table.both("`transaction_boundary!` with a compensation", |n| {
        value(compensated(n))
    });
}

/// Measures asynchronous blocks that are ready at once.
pub fn asynchronous(table: &mut Table) {
    table.both("floor: bare async call, polled once", |n| {
        polled(bare_async(n))
    });
    table.both("`error_boundary!` around an await, polled once", |n| {
        polled(async move { error_boundary!("bench", { std::future::ready(add(n)).await? }) })
    });
    table.both("`#[enhanced_error_handling]`, async, polled once", |n| {
        polled(annotated_async(n))
    });
}

/// Measures blocks that fail: an error is made, coded, reported and counted.
pub fn failure(table: &mut Table) {
    table.both("floor: bare call", |n| value(add(n)));
    table.both("a failing `error_boundary!`", |n| {
        error_boundary!("bench", fallback = n, { "x".parse::<u64>()? })
    });
}

/// Measures everything.
pub fn all(table: &mut Table) {
    success(table);
    asynchronous(table);
    failure(table);
}
