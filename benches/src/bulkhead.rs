//! What a bulkhead costs, beside a semaphore of tokio.

use crate::{
    Table,
    breaker::{Error, add_one, add_one_async, value},
    polled,
};
use gardefou::bulkhead::{Bulkhead, BulkheadBuilder};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

#[gardefou::bulkhead(max_concurrent = 16)]
fn annotated(n: u64) -> Result<u64, Error> {
    add_one(n)
}

#[gardefou::bulkhead(max_concurrent = 16)]
async fn annotated_async(n: u64) -> Result<u64, Error> {
    add_one_async(n).await
}

fn built(configure: impl FnOnce(BulkheadBuilder) -> BulkheadBuilder) -> Bulkhead {
    configure(Bulkhead::builder("bench"))
        .build()
        .expect("the benchmark's own configuration is legal")
}

/// Measures calls that find a free slot.
pub fn admitted(table: &mut Table) {
    table.both("bare call", |n| value(add_one(n)));
    let owned = Arc::new(Semaphore::new(16));
    table.both(
        "semaphore of tokio, `try_acquire_owned`",
        |n| match Arc::clone(&owned).try_acquire_owned() {
            Ok(_permit) => value(add_one(n)),
            Err(_) => 0,
        },
    );
    let semaphore = Semaphore::new(16);
    table.both(
        "floor: semaphore of tokio, `try_acquire`",
        |n| match semaphore.try_acquire() {
            Ok(_permit) => value(add_one(n)),
            Err(_) => 0,
        },
    );
    let permits = built(|b| b);
    table.both("admitted, `try_acquire`", |n| match permits.try_acquire() {
        Ok(_permit) => value(add_one(n)),
        Err(_) => 0,
    });
    let kept = built(|b| b).leak();
    table.both("admitted, kept by `leak`, `try_acquire`", |n| {
        match kept.try_acquire() {
            Ok(_permit) => value(add_one(n)),
            Err(_) => 0,
        }
    });
    let default = built(|b| b);
    table.both("admitted, `call`", |n| value(default.call(|| add_one(n))));
    table.both("admitted, `#[bulkhead]`", |n| value(annotated(n)));
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
}

/// Measures asynchronous calls that find a free slot and are ready at once.
pub fn asynchronous(table: &mut Table) {
    table.both("bare async call, polled once", |n| polled(add_one_async(n)));
    let semaphore = Semaphore::new(16);
    table.both("floor: semaphore of tokio, `acquire`, polled once", |n| {
        polled(async {
            let _permit = semaphore.acquire().await;
            add_one_async(n).await
        })
    });
    let default = built(|b| b);
    table.both("admitted, `call_async`, polled once", |n| {
        polled(default.call_async(|| add_one_async(n)))
    });
    table.both("admitted, `#[bulkhead]` async, polled once", |n| {
        polled(annotated_async(n))
    });
}

/// Measures rejected calls.
pub fn rejected(table: &mut Table) {
    let full = Semaphore::new(0);
    table.both(
        "floor: semaphore of tokio, `try_acquire`, full",
        |n| match full.try_acquire() {
            Ok(_permit) => value(add_one(n)),
            Err(_) => 0,
        },
    );
    let closed = built(|b| b.max_concurrent(0));
    table.both("rejected, `try_acquire`", |n| match closed.try_acquire() {
        Ok(_permit) => value(add_one(n)),
        Err(_) => 0,
    });
    table.both("rejected, `call`", |n| value(closed.call(|| add_one(n))));
    table.both("rejected, `call_async`, polled once", |n| {
        polled(closed.call_async(|| add_one_async(n)))
    });
}

/// Measures everything.
pub fn all(table: &mut Table) {
    admitted(table);
    asynchronous(table);
    rejected(table);
}
