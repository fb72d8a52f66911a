//! The instruments of calls whose durations are measured.

use super::series::{histogram, time_of_name};
use crate::telemetry::instrument::Instrument;

pub(super) const BREAKER_CALLS: Instrument = histogram(
    "gardefou.circuit_breaker.timed_calls",
    "{call}",
    "Calls of a timed circuit breaker that succeeded or failed within so many seconds.",
);

pub(super) const BREAKER_TIME: Instrument = time_of_name(
    "gardefou.circuit_breaker.call_time",
    "Time of these calls together.",
);

pub(super) const RETRY_CALLS: Instrument = histogram(
    "gardefou.retry.timed_calls",
    "{call}",
    "Calls through a timed retry that ended within so many seconds, waits between attempts included.",
);

pub(super) const RETRY_TIME: Instrument =
    time_of_name("gardefou.retry.call_time", "Time of these calls together.");

pub(super) const HEDGE_ATTEMPTS: Instrument = histogram(
    "gardefou.hedge.timed_attempts",
    "{attempt}",
    "Attempts of a hedge with a `quantile` that ended or were dropped within so many seconds.",
);

pub(super) const HEDGE_TIME: Instrument = time_of_name(
    "gardefou.hedge.attempt_time",
    "Time of these attempts together.",
);

pub(super) const TIMEOUT_CALLS: Instrument = histogram(
    "gardefou.timeout.timed_calls",
    "{call}",
    "Calls of a timed timeout that ended or were cut off within so many seconds.",
);

pub(super) const TIMEOUT_TIME: Instrument = time_of_name(
    "gardefou.timeout.call_time",
    "Time of these calls together.",
);

pub(super) const BULKHEAD_CALLS: Instrument = histogram(
    "gardefou.bulkhead.timed_calls",
    "{call}",
    "Calls of a timed bulkhead that held their slot for at most so many seconds, whatever their outcome.",
);

pub(super) const BULKHEAD_TIME: Instrument = time_of_name(
    "gardefou.bulkhead.call_time",
    "Time for which these calls held their slots together.",
);

pub(super) const RATE_LIMITER_CALLS: Instrument = histogram(
    "gardefou.rate_limiter.timed_calls",
    "{call}",
    "Calls that a timed rate limiter admitted and that ended within so many seconds, without their waits.",
);

pub(super) const RATE_LIMITER_TIME: Instrument = time_of_name(
    "gardefou.rate_limiter.call_time",
    "Time of these calls together.",
);
