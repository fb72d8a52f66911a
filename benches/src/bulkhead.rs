//! What a bulkhead costs, beside a semaphore of tokio.

use crate::{
    Table,
    breaker::{Error, add_one},
};
use futures::FutureExt;
use gardefou::bulkhead::{Bulkhead, BulkheadBuilder};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

#[gardefou::bulkhead(max_concurrent = 16)]
fn annotated(n: u64) -> Result<u64, Error> {
    add_one(n)
}

#[gardefou::bulkhead(max_concurrent = 16)]
async fn annotated_async(n: u64) -> Result<u64, Error> {
    add_one(n)
}

async fn add_one_async(n: u64) -> Result<u64, Error> {
    add_one(n)
}

fn value(outcome: Result<u64, Error>) -> u64 {
    outcome.unwrap_or(0)
}

fn ready(future: impl Future<Output = Result<u64, Error>>) -> u64 {
    value(future.now_or_never().unwrap_or(Err(Error::Failed)))
}

fn built(configure: impl FnOnce(BulkheadBuilder) -> BulkheadBuilder) -> Bulkhead {
    configure(Bulkhead::builder("bench"))
        .build()
        .expect("the benchmark's own configuration is legal")
}

/// Measures the semaphore.
pub fn floors(table: &mut Table) {
    table.both("bare call", |n| value(add_one(n)));
    let semaphore = Semaphore::new(16);
    let call = |n| match semaphore.try_acquire() {
        Ok(_permit) => value(add_one(n)),
        Err(_) => 0,
    };
    table.both("floor: semaphore of tokio, `try_acquire`", call);
    let owned = Arc::new(Semaphore::new(16));
    table.both(
        "semaphore of tokio, `try_acquire_owned`",
        |n| match Arc::clone(&owned).try_acquire_owned() {
            Ok(_permit) => value(add_one(n)),
            Err(_) => 0,
        },
    );
    let full = Semaphore::new(0);
    table.both("semaphore of tokio, `try_acquire`, full", |n| {
        match full.try_acquire() {
            Ok(_permit) => value(add_one(n)),
            Err(_) => 0,
        }
    });
    let awaited = Semaphore::new(16);
    table.both("semaphore of tokio, `acquire`", |n| {
        ready(async {
            let _permit = awaited.acquire().await;
            add_one_async(n).await
        })
    });
}

/// Measures calls that find a free slot.
pub fn admitted(table: &mut Table) {
    let default = built(|b| b);
    table.both("admitted, `call`", |n| value(default.call(|| add_one(n))));
    table.both("admitted, `#[bulkhead]`", |n| value(annotated(n)));
    let permits = built(|b| b);
    table.both("admitted, `try_acquire`", |n| match permits.try_acquire() {
        Ok(_permit) => value(add_one(n)),
        Err(_) => 0,
    });
    let waits = built(|b| b.max_wait(Duration::from_secs(1)));
    table.both("admitted, with `max_wait`, `call`", |n| {
        value(waits.call(|| add_one(n)))
    });
    let adaptive = built(|b| b.adaptive(true));
    table.both("admitted, adaptive, `call`", |n| {
        value(adaptive.call(|| add_one(n)))
    });
    let utilised = built(|b| b.adaptive(true).max_concurrent(2).max(2));
    table.both("admitted, adaptive at its maximum, `call`", |n| {
        value(utilised.call(|| add_one(n)))
    });
    let asynchronous = built(|b| b);
    table.both("admitted, `call_async`", |n| {
        ready(asynchronous.call_async(|| add_one_async(n)))
    });
    table.both("admitted, `#[bulkhead]` async", |n| {
        ready(annotated_async(n))
    });
}

/// Measures rejected calls.
pub fn rejected(table: &mut Table) {
    let closed = built(|b| b.max_concurrent(0));
    table.both("rejected, `call`", |n| value(closed.call(|| add_one(n))));
    table.both("rejected, `call_async`", |n| {
        ready(closed.call_async(|| add_one_async(n)))
    });
}

/// Measures all of ours.
pub fn all(table: &mut Table) {
    floors(table);
    admitted(table);
    rejected(table);
}
