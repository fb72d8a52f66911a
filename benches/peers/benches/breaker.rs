//! `cargo bench --manifest-path benches/peers/Cargo.toml`: what a circuit breaker costs, ours and
//! the peers'.

use failsafe::CircuitBreaker as _;
use futures::FutureExt;
use gardefou_benches::{
    Table,
    breaker::{self, Error},
};
use std::time::Duration;
use tower::{Layer, Service, ServiceExt};

fn add_one(n: u64) -> Result<u64, ()> {
    breaker::add_one(n).map_err(drop)
}

fn fail(n: u64) -> Result<u64, ()> {
    breaker::fail(n).map_err(drop)
}

const HOUR: Duration = Duration::from_secs(3600);

fn failsafe(table: &mut Table) {
    let build = |failures| {
        let policy = failsafe::failure_policy::consecutive_failures(failures, failsafe::backoff::constant(HOUR));
        failsafe::Config::new().failure_policy(policy).build()
    };
    let closed = build(5);
    table.both("failsafe, consecutive: closed", |n| closed.call(|| add_one(n)).unwrap_or(0));
    let default = failsafe::Config::new().build();
    table.both("failsafe, default: closed", |n| default.call(|| add_one(n)).unwrap_or(0));
    let failing = build(u32::MAX);
    table.both("failsafe, consecutive: every call fails", |n| failing.call(|| fail(n)).unwrap_or(0));
    let open = build(1);
    assert!(open.call(|| fail(0)).is_err() && open.call(|| add_one(0)).is_err());
    table.both("failsafe, consecutive: rejected", |n| open.call(|| add_one(n)).unwrap_or(0));
}

fn recloser(table: &mut Table) {
    let closed = recloser::Recloser::default();
    table.both("recloser: closed", |n| closed.call(|| add_one(n)).unwrap_or(0));
    let open = recloser::Recloser::custom().closed_len(1).open_wait(HOUR).build();
    while !matches!(open.call(|| fail(0)), Err(recloser::Error::Rejected)) {}
    table.both("recloser: rejected", |n| open.call(|| add_one(n)).unwrap_or(0));
}

fn tower_resilience(table: &mut Table) {
    let layer = tower_resilience_circuitbreaker::CircuitBreakerLayer::builder().name("peer").build();
    let layer = layer.expect("its defaults are legal");
    let service = layer.layer(tower::service_fn(|n: u64| async move { breaker::add_one(n) }));
    table.both("tower-resilience-circuitbreaker: closed, async", |n| {
        let mut service = service.clone();
        let call = async { service.ready().await?.call(n).await };
        call.now_or_never().map_or(0, |outcome: Result<u64, _>| outcome.unwrap_or(0))
    });
    let bare = tower::service_fn(|n: u64| async move { breaker::add_one(n) });
    table.both("bare tower service, async", |n| {
        let mut service = bare;
        let call = async { service.ready().await?.call(n).await };
        call.now_or_never().map_or(0, |outcome: Result<u64, Error>| outcome.unwrap_or(0))
    });
}

fn main() {
    let mut table = Table::new("circuit breaker, and its peers");
    breaker::all(&mut table);
    failsafe(&mut table);
    recloser(&mut table);
    tower_resilience(&mut table);
}
