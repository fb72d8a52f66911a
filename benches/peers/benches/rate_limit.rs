//! `cargo bench --manifest-path benches/peers/Cargo.toml --bench rate_limit`: what a check of a rate limiter costs, ours and
//! governor's.
//!
//! Two clocks of governor's are measured: `MonotonicClock` is `std::time::Instant`, as ours is; its default is the time stamp
//! counter through the crate quanta, which tokio's paused time does not rule.

use gardefou_benches::{Table, rate_limit};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock, QuantaClock, Reference},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use std::num::NonZeroU32;

type Direct<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

fn governor<C: Clock + Clone + Sync>(table: &mut Table, name: &str, clock: C)
where
    C::Instant: Reference + Sync,
{
    let most = NonZeroU32::new(1_000_000_000).expect("not zero");
    let open: Direct<C> = RateLimiter::direct_with_clock(Quota::per_second(most), clock.clone());
    table.both(format!("governor, {name}: admitted"), |_| u64::from(open.check().is_ok()));
    let closed: Direct<C> = RateLimiter::direct_with_clock(Quota::per_hour(NonZeroU32::MIN), clock);
    assert!(closed.check().is_ok() && closed.check().is_err());
    table.both(format!("governor, {name}: rejected"), |_| u64::from(closed.check().is_ok()));
}

fn main() {
    let mut table = Table::new("rate limiter, and its peer");
    rate_limit::all(&mut table);
    governor(&mut table, "std's clock", MonotonicClock);
    governor(&mut table, "quanta's clock", QuantaClock::default());
}
