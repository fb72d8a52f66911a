//! Tests of the whole bulkhead: interleavings explored by loom, random histories beside a model.

#[cfg(not(loom))]
mod kept;
#[cfg(loom)]
mod loom;
#[cfg(loom)]
mod loom_kept;
#[cfg(not(loom))]
mod model;
#[cfg(not(loom))]
mod parts;
#[cfg(not(loom))]
mod reading;

use super::{
    builder::BulkheadBuilder,
    handle::Bulkhead,
    held::{self, Answer, Held},
    inner::Inner,
    ticket::Ticket,
};
use crate::time::ManualClock;
use std::{task::Waker, time::Duration};

/// Builds a bulkhead in which calls wait.
fn waiting(configure: impl FnOnce(BulkheadBuilder) -> BulkheadBuilder) -> Bulkhead {
    let builder = Bulkhead::builder("test")
        .max_wait(Duration::from_secs(1))
        .clock(ManualClock::new());
    configure(builder).build().unwrap()
}

/// Puts a call into the queue, where there is no free slot.
fn queue<'a>(inner: &'a Inner, waker: &Waker) -> Ticket<'a> {
    match held::enter(inner, || waker.clone()) {
        Answer::Queued(ticket, _) => ticket,
        other => panic!("not queued: {other:?}"),
    }
}

fn take(inner: &Inner) -> Held<'_> {
    Held::try_take(inner).unwrap()
}
