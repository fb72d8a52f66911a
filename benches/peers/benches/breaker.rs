//! `cargo bench --manifest-path benches/peers/Cargo.toml --bench breaker`: what a circuit breaker costs, ours, failsafe's and
//! recloser's, and the layer of tower-resilience.

use failsafe::CircuitBreaker as _;
use gardefou::{breaker::CircuitBreaker, integrations::tower::CircuitBreakerLayer};
use gardefou_bench_peers::{HOUR, bare, clones, floor};
use gardefou_benches::{
    Table,
    breaker::{self, add_one, fail, value},
};
use tower::Layer;

fn failsafe(table: &mut Table) {
    let build = |failures| {
        let policy = failsafe::failure_policy::consecutive_failures(
            failures,
            failsafe::backoff::constant(HOUR),
        );
        failsafe::Config::new().failure_policy(policy).build()
    };
    let closed = build(5);
    table.both("failsafe, consecutive: closed", |n| {
        value(closed.call(|| add_one(n)))
    });
    let default = failsafe::Config::new().build();
    table.both("failsafe, default: closed", |n| {
        value(default.call(|| add_one(n)))
    });
    let failing = build(u32::MAX);
    table.both("failsafe, consecutive: every call fails", |n| {
        value(failing.call(|| fail(n)))
    });
    let open = build(1);
    assert!(open.call(|| fail(0)).is_err() && open.call(|| add_one(0)).is_err());
    table.both("failsafe, consecutive: rejected", |n| {
        value(open.call(|| add_one(n)))
    });
}

fn recloser(table: &mut Table) {
    let closed = recloser::Recloser::default();
    table.both("recloser: closed", |n| value(closed.call(|| add_one(n))));
    let open = recloser::Recloser::custom()
        .closed_len(1)
        .open_wait(HOUR)
        .build();
    while !matches!(open.call(|| fail(0)), Err(recloser::Error::Rejected)) {}
    table.both("recloser: rejected", |n| value(open.call(|| add_one(n))));
}

fn layers(table: &mut Table) {
    floor(table);
    let ours = CircuitBreaker::builder("layer").build().expect("legal");
    clones(
        table,
        "ours: `CircuitBreakerLayer`, closed",
        &CircuitBreakerLayer::new(ours).layer(bare()),
    );
    let peer = tower_resilience_circuitbreaker::CircuitBreakerLayer::builder().build();
    clones(
        table,
        "tower-resilience-circuitbreaker: closed",
        &peer.expect("legal").layer(bare()),
    );
}

fn main() {
    let mut table = Table::new("circuit breaker, and its peers");
    breaker::all(&mut table);
    table.both("floor: bare call", |n| value(add_one(n)));
    failsafe(&mut table);
    recloser(&mut table);
    layers(&mut table);
}
