//! `cargo bench --manifest-path benches/peers/Cargo.toml --bench rate_limit`: what a rate limiter costs, ours, governor's, and the
//! layers of tower and tower-resilience.
//!
//! Two clocks are measured with both: that of the system, which is ours by default, and the time stamp counter through the crate
//! quanta, which is governor's and which tokio's paused time does not rule. Ours takes it by its builder, as a `QuantaClock`.
//! The limit of tower belongs to one clone of a service and is measured on one thread.

use gardefou::{
    integrations::tower::RateLimitLayer,
    rate_limit::{Rate, RateLimiter as Ours},
};
use gardefou_bench_peers::{alone, bare, clones, floor};
use gardefou_benches::{
    Table,
    breaker::{add_one, value},
    rate_limit,
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock, QuantaClock, Reference},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use std::{num::NonZeroU32, time::Duration};
use tower::{Layer, limit::RateLimit};
use tower_resilience_ratelimiter::{RateLimiterLayer, WindowType};

const MOST: u32 = 1_000_000_000;

fn ours(table: &mut Table) {
    let built = |rate, burst| {
        let builder = Ours::builder("counter").rate(rate).burst(burst);
        builder
            .clock(gardefou::time::QuantaClock::new())
            .build()
            .expect("legal")
    };
    let open = built(Rate::per_second(MOST), MOST);
    table.both("ours, quanta's clock: admitted", |_| {
        u64::from(open.try_acquire().is_ok())
    });
    table.both("ours, quanta's clock: admitted, `call`", |n| {
        value(open.call(|| add_one(n)))
    });
    let closed = built(Rate::per_hour(1), 1);
    assert!(closed.try_acquire().is_ok() && closed.try_acquire().is_err());
    table.both("ours, quanta's clock: rejected", |_| {
        u64::from(closed.try_acquire().is_ok())
    });
}

type Direct<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

fn governor<C: Clock + Clone + Sync>(table: &mut Table, name: &str, clock: C)
where
    C::Instant: Reference + Sync,
{
    let most = NonZeroU32::new(MOST).expect("not zero");
    let open: Direct<C> = RateLimiter::direct_with_clock(Quota::per_second(most), clock.clone());
    table.both(format!("governor, {name}: admitted"), |_| {
        u64::from(open.check().is_ok())
    });
    let closed: Direct<C> = RateLimiter::direct_with_clock(Quota::per_hour(NonZeroU32::MIN), clock);
    assert!(closed.check().is_ok() && closed.check().is_err());
    table.both(format!("governor, {name}: rejected"), |_| {
        u64::from(closed.check().is_ok())
    });
}

fn layers(table: &mut Table) {
    const SECOND: Duration = Duration::from_secs(1);
    floor(table);
    let ours = Ours::builder("layer")
        .rate(Rate::per_second(MOST))
        .build()
        .expect("legal");
    clones(
        table,
        "ours: `RateLimitLayer`",
        &RateLimitLayer::new(ours).layer(bare()),
    );
    alone(table, "tower: `RateLimit`", || {
        RateLimit::new(bare(), tower::limit::rate::Rate::new(MOST.into(), SECOND))
    });
    for (name, window) in [
        ("fixed window", WindowType::Fixed),
        ("sliding counter", WindowType::SlidingCounter),
    ] {
        let peer = RateLimiterLayer::builder()
            .limit_for_period(MOST as usize)
            .refresh_period(SECOND)
            .window_type(window);
        let service = peer.build().expect("legal").layer(bare());
        clones(
            table,
            &format!("tower-resilience-ratelimiter, {name}"),
            &service,
        );
    }
}

fn main() {
    let mut table = Table::new("rate limiter, and its peers");
    rate_limit::all(&mut table);
    rate_limit::floor(&mut table);
    governor(&mut table, "std's clock", MonotonicClock);
    governor(&mut table, "quanta's clock", QuantaClock::default());
    ours(&mut table);
    layers(&mut table);
}
