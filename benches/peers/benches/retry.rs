//! `cargo bench --manifest-path benches/peers/Cargo.toml --bench retry`: what a retry costs, ours, backon's, and the layers of tower
//! and tower-resilience.
//!
//! tower-resilience-retry has no row of a failure: it waits for a timer of tokio, also where the delay is zero.

use backon::{BlockingRetryable, ConstantBuilder, ExponentialBuilder, Retryable};
use gardefou::{integrations::tower::RetryLayer, retry::Retry};
use gardefou_bench_peers::{Retries, bare, clones, floor};
use gardefou_benches::{
    Table,
    breaker::{add_one, add_one_async, fail, value},
    polled,
    retry::{self, fails_once, fails_once_async},
};
use std::{
    future::{Ready, ready},
    time::Duration,
};
use tower::{Layer, retry::budget::TpsBudget, service_fn};

fn backon(table: &mut Table) {
    let default = ExponentialBuilder::default().with_jitter();
    let at_once = ConstantBuilder::default().with_delay(Duration::ZERO);
    table.both("floor: bare call", |n| value(add_one(n)));
    table.both("backon: first success", |n| {
        value(BlockingRetryable::retry(|| add_one(n), default).call())
    });
    table.both("floor: bare async call, polled once", |n| {
        polled(add_one_async(n))
    });
    table.both("backon: first success, async, polled once", |n| {
        polled(async { Retryable::retry(|| add_one_async(n), default).await })
    });
    table.both("floor: two bare calls, one of which fails", |n| {
        let mut run = fails_once(n);
        value(run().or_else(|_| run()))
    });
    table.both("backon: one failure, then success", |n| {
        value(BlockingRetryable::retry(fails_once(n), at_once).call())
    });
    table.both(
        "backon: one failure, then success, async, polled once",
        |n| {
            polled(async {
                Retryable::retry(fails_once_async(n), at_once)
                    .sleep(ready_at_once)
                    .await
            })
        },
    );
}

/// In place of a timer of tokio, which waits for its next tick also where the delay is zero.
fn ready_at_once(_: Duration) -> Ready<()> {
    ready(())
}

fn layers(table: &mut Table) {
    floor(table);
    let ours = Retry::builder().build().expect("legal");
    clones(
        table,
        "ours: `RetryLayer`, first success",
        &RetryLayer::new(ours).layer(bare()),
    );
    let tower = tower::retry::Retry::new(Retries::new(None), bare());
    clones(table, "tower: first success, without a budget", &tower);
    let budget = Retries::new(Some(TpsBudget::default()));
    clones(
        table,
        "tower: first success, `TpsBudget`",
        &tower::retry::Retry::new(budget, bare()),
    );
    let peer = tower_resilience_retry::RetryLayer::builder().build();
    clones(
        table,
        "tower-resilience-retry: first success",
        &peer.layer(bare()),
    );
    let once = service_fn(|n| {
        ready(if n & Retries::AGAIN == 0 {
            fail(n)
        } else {
            add_one(n & !Retries::AGAIN)
        })
    });
    clones(
        table,
        "tower: one failure, then success",
        &tower::retry::Retry::new(Retries::new(None), once),
    );
}

fn main() {
    let mut table = Table::new("retry, and its peers");
    retry::all(&mut table);
    backon(&mut table);
    layers(&mut table);
}
