//! What the benchmarks of peers share: the guarded function as a service of tower, and rows for services.
//!
//! A thread has a clone of the service, as a connection or a task of a server does, and no clone is made for a call: a layer that
//! copies what it wraps for each call does so by itself.

mod retries;

pub use retries::Retries;

use gardefou_benches::{
    Table,
    breaker::{Error, add_one_async},
    enter,
};
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    thread::yield_now,
    time::Duration,
};
use tower::{Service, ServiceExt, service_fn};

/// Longer than any benchmark.
pub const HOUR: Duration = Duration::from_secs(3600);

/// The guarded function as a service.
pub fn bare()
-> impl Service<u64, Response = u64, Error = Error, Future: Send> + Copy + Send + Sync + 'static {
    service_fn(add_one_async)
}

/// Measures the guarded function as a service, the floor of the layers.
pub fn floor(table: &mut Table) {
    clones(table, "floor: bare tower service", &bare());
}

/// Measures a service of which each thread has a clone: one that is made ready, called, and awaited.
pub fn clones<S: Service<u64, Response = u64> + Clone + Sync>(
    table: &mut Table,
    name: &str,
    service: &S,
) {
    table.each(name, || driven(|| service.clone()));
}

/// Measures a service that cannot be cloned, on one thread.
pub fn alone<S: Service<u64, Response = u64>>(
    table: &mut Table,
    name: &str,
    make: impl FnOnce() -> S,
) {
    table.single(name, driven(make));
}

/// Returns a call of a service that is made, as it is called, in a runtime of tokio.
fn driven<S: Service<u64, Response = u64>>(make: impl FnOnce() -> S) -> impl FnMut(u64) -> u64 {
    let entered = enter();
    let mut service = make();
    let mut call = move |n| {
        let _entered = &entered;
        awaited(async { service.ready().await?.call(n).await })
    };
    assert_eq!(call(1), 2, "a service that rejects measures nothing");
    call
}

/// Polls a future until it is ready. One poll is enough on one thread; of two, one may wait for a
/// lock that the other holds, as that of tower-resilience-circuitbreaker.
#[inline(always)]
fn awaited<E>(future: impl Future<Output = Result<u64, E>>) -> u64 {
    let mut future = pin!(future);
    loop {
        match future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(outcome) => return outcome.unwrap_or(0),
            Poll::Pending => yield_now(),
        }
    }
}
