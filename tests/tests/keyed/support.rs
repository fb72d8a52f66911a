//! Helpers of the tests.

use gardefou::{
    breaker::{BreakerBuilder, CircuitBreaker},
    keyed::Keyed,
    time::ManualClock,
};
use std::time::Duration;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const IDLE: Duration = Duration::from_secs(600);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// Breakers by key on a clock that stands still.
pub(crate) fn breakers(
    configure: impl FnOnce(BreakerBuilder) -> BreakerBuilder,
) -> (ManualClock, Keyed<CircuitBreaker>) {
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder("svc").clock(clock.clone());
    (clock, configure(builder).build_keyed().unwrap())
}

/// Looks a key up, and returns the name of its guard.
pub(crate) fn name_of(keyed: &Keyed<CircuitBreaker>, key: &str) -> String {
    keyed.get(key).name().to_owned()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(future)
}
