//! The table of instruments: names, kinds, units, labels and descriptions.

use super::{
    durations,
    series::{
        CHANNEL, CHECK, NAME, STATES, histogram, instrument, of_channel, of_check, of_name, single,
        time_of_name,
    },
    state_store,
};
use crate::telemetry::instrument::{
    Instrument,
    InstrumentKind::{Counter, Gauge, UpDownCounter},
    SECONDS,
};

/// Each source's instruments stand together; `Source::LENGTHS` has their numbers.
pub(super) static INSTRUMENTS: [Instrument; 60] = [
    // Source::CircuitBreaker
    instrument(
        "gardefou.circuit_breaker.calls",
        Counter,
        "{call}",
        NAME,
        &[
            &[("outcome", "success")],
            &[("outcome", "failure")],
            &[("outcome", "ignored")],
            &[("outcome", "rejected")],
        ],
        "Calls of a circuit breaker, each once, by outcome.",
    ),
    of_name(
        "gardefou.circuit_breaker.slow_calls",
        Counter,
        "{call}",
        "Calls that took longer than `slow_call`, whatever their outcome.",
    ),
    of_name(
        "gardefou.circuit_breaker.abandoned_calls",
        Counter,
        "{call}",
        "Failures that are calls dropped by their callers after `abandoned_after`.",
    ),
    instrument(
        "gardefou.circuit_breaker.state",
        UpDownCounter,
        "{circuit_breaker}",
        NAME,
        STATES,
        "Circuit breakers in each state: 1 for the present one, 0 for the others.",
    ),
    instrument(
        "gardefou.circuit_breaker.time_in_state",
        Counter,
        SECONDS,
        NAME,
        STATES,
        "Time that a circuit breaker has spent in each state.",
    ),
    instrument(
        "gardefou.circuit_breaker.transitions",
        Counter,
        "{transition}",
        NAME,
        &[
            &[("from", "closed"), ("to", "open")],
            &[("from", "open"), ("to", "half_open")],
            &[("from", "half_open"), ("to", "closed")],
            &[("from", "half_open"), ("to", "open")],
        ],
        "Changes of state that the outcomes of calls and time have made.",
    ),
    instrument(
        "gardefou.circuit_breaker.manual_transitions",
        Counter,
        "{transition}",
        NAME,
        &[
            &[("to", "closed")],
            &[("to", "open")],
            &[("to", "half_open")],
            &[("to", "forced_open")],
            &[("to", "disabled")],
        ],
        "Changes of state that the program has made.",
    ),
    // Source::Bulkhead
    instrument(
        "gardefou.bulkhead.calls",
        Counter,
        "{call}",
        NAME,
        &[
            &[("outcome", "admitted")],
            &[("outcome", "full")],
            &[("outcome", "queue_full")],
            &[("outcome", "timed_out")],
            &[("outcome", "cancelled")],
        ],
        "Calls of a bulkhead: admitted, rejected by reason, or dropped by their callers while they waited.",
    ),
    of_name(
        "gardefou.bulkhead.limit",
        Gauge,
        "{call}",
        "How many calls may run at once.",
    ),
    of_name(
        "gardefou.bulkhead.running",
        UpDownCounter,
        "{call}",
        "Calls that run.",
    ),
    of_name(
        "gardefou.bulkhead.waiting",
        UpDownCounter,
        "{call}",
        "Calls that wait in the queue.",
    ),
    of_name(
        "gardefou.bulkhead.waits",
        Counter,
        "{wait}",
        "Waits in the queue that ended, whatever became of the call.",
    ),
    time_of_name(
        "gardefou.bulkhead.wait_time",
        "Time of all waits in the queue that ended.",
    ),
    // Source::RateLimiter
    instrument(
        "gardefou.rate_limiter.calls",
        Counter,
        "{call}",
        NAME,
        &[
            &[("outcome", "admitted")],
            &[("outcome", "rejected")],
            &[("outcome", "cancelled")],
        ],
        "Requests of a rate limiter: admitted, rejected, or given up before their time came.",
    ),
    of_name(
        "gardefou.rate_limiter.available",
        Gauge,
        "{permit}",
        "Permits that could be taken at once.",
    ),
    of_name(
        "gardefou.rate_limiter.waiting",
        UpDownCounter,
        "{call}",
        "Requests that wait for their permits.",
    ),
    of_name(
        "gardefou.rate_limiter.waits",
        Counter,
        "{wait}",
        "Requests that were admitted after a wait.",
    ),
    time_of_name(
        "gardefou.rate_limiter.wait_time",
        "Time for which these requests waited.",
    ),
    // Source::Retry
    instrument(
        "gardefou.retry.calls",
        Counter,
        "{call}",
        NAME,
        &[
            &[("kind", "successful_without_retry")],
            &[("kind", "successful_with_retry")],
            &[("kind", "failed_with_retry")],
            &[("kind", "failed_without_retry")],
        ],
        "Calls through a retry, each once, by how they ended.",
    ),
    of_name(
        "gardefou.retry.attempts",
        Counter,
        "{attempt}",
        "Attempts of these calls, the first ones included.",
    ),
    // Source::RetryBudget
    of_name(
        "gardefou.retry_budget.available",
        Gauge,
        "{retry}",
        "Retries that a budget allows beside its floor.",
    ),
    of_name(
        "gardefou.retry_budget.burst",
        Gauge,
        "{retry}",
        "Retries that a full budget allows beside its floor.",
    ),
    // Source::Hedge
    of_name(
        "gardefou.hedge.started",
        Counter,
        "{attempt}",
        "Attempts of a hedge that were started beside or after the first one of their call.",
    ),
    of_name(
        "gardefou.hedge.won",
        Counter,
        "{attempt}",
        "Those of them that succeeded before every other attempt of their call.",
    ),
    of_name(
        "gardefou.hedge.refused",
        Counter,
        "{attempt}",
        "Attempts of a hedge that were not started because the budget was spent.",
    ),
    // Source::BreakerDurations
    durations::BREAKER_CALLS,
    durations::BREAKER_TIME,
    // Source::RetryDurations
    durations::RETRY_CALLS,
    durations::RETRY_TIME,
    // Source::HedgeDurations
    durations::HEDGE_ATTEMPTS,
    durations::HEDGE_TIME,
    // Source::TimeoutDurations
    durations::TIMEOUT_CALLS,
    durations::TIMEOUT_TIME,
    // Source::BulkheadDurations
    durations::BULKHEAD_CALLS,
    durations::BULKHEAD_TIME,
    // Source::RateLimiterDurations
    durations::RATE_LIMITER_CALLS,
    durations::RATE_LIMITER_TIME,
    // Source::BulkheadWaits
    histogram(
        "gardefou.bulkhead.timed_waits",
        "{wait}",
        "Waits in the queue of a bulkhead with a `max_wait` that ended within so many seconds.",
    ),
    // Source::RateLimiterWaits
    histogram(
        "gardefou.rate_limiter.timed_waits",
        "{wait}",
        "Waits of at most so many seconds after which requests of a rate limiter were admitted.",
    ),
    // Source::Errors
    instrument(
        "gardefou.errors",
        Counter,
        "{error}",
        Some("error.type"),
        &[
            &[("severity", "info")],
            &[("severity", "warning")],
            &[("severity", "error")],
            &[("severity", "critical")],
        ],
        "Errors that were reported, each once, by the name of their code.",
    ),
    // Source::Journal
    instrument(
        "gardefou.journal.records",
        Counter,
        "{record}",
        None,
        &[
            &[("outcome", "written")],
            &[("outcome", "delayed")],
            &[("outcome", "lost")],
        ],
        "Records of the journal: written, not written at once, or given up.",
    ),
    single(
        "gardefou.journal.waiting",
        UpDownCounter,
        "{record}",
        "Records that wait to be written.",
    ),
    single(
        "gardefou.journal.healthy",
        Gauge,
        "1",
        "1 if the last write of the journal succeeded, else 0; also 0 while its status hangs.",
    ),
    // Source::Alerts
    single(
        "gardefou.alerts.suppressed",
        Counter,
        "{occurrence}",
        "Occurrences that the throttle held back.",
    ),
    single(
        "gardefou.alerts.inhibited",
        Counter,
        "{error}",
        "Errors that rules did not count because a circuit was open.",
    ),
    single(
        "gardefou.alerts.replayed",
        Counter,
        "{notification}",
        "Notifications of an earlier time that were delivered after all.",
    ),
    // Source::Channel
    instrument(
        "gardefou.alerts.notifications",
        Counter,
        "{notification}",
        CHANNEL,
        &[
            &[("outcome", "delivered")],
            &[("outcome", "kept")],
            &[("outcome", "lost")],
        ],
        "Notifications of a channel: delivered, given up and kept in the journal, or lost.",
    ),
    of_channel(
        "gardefou.alerts.attempts",
        Counter,
        "{attempt}",
        "Attempts to deliver a notification, failed ones included.",
    ),
    instrument(
        "gardefou.alerts.lost",
        Counter,
        "{notification}",
        CHANNEL,
        &[
            &[("reason", "queue_full")],
            &[("reason", "refused")],
            &[("reason", "exhausted")],
            &[("reason", "expired")],
            &[("reason", "shutdown")],
        ],
        "Lost notifications of a channel, by why they were given up.",
    ),
    of_channel(
        "gardefou.alerts.waiting",
        UpDownCounter,
        "{notification}",
        "Notifications that wait or are being delivered.",
    ),
    of_channel(
        "gardefou.alerts.healthy",
        Gauge,
        "1",
        "1 if the last attempt of a channel succeeded and no delivery hangs, else 0.",
    ),
    // Source::HealthCheck
    instrument(
        "gardefou.health.status",
        UpDownCounter,
        "{check}",
        CHECK,
        &[
            &[("status", "pass")],
            &[("status", "warn")],
            &[("status", "fail")],
        ],
        "Health checks with each status: 1 for the present one, 0 for the others. Unknown and stale results are failures.",
    ),
    instrument(
        "gardefou.health.results",
        Counter,
        "{result}",
        CHECK,
        &[&[("outcome", "passed")], &[("outcome", "failed")]],
        "Results of a health check.",
    ),
    of_check(
        "gardefou.health.timeouts",
        Counter,
        "{run}",
        "Runs of a health check that took longer than their limit.",
    ),
    of_check(
        "gardefou.health.duration",
        Gauge,
        SECONDS,
        "How long the last run of a health check took; 0 before the first one.",
    ),
    // Source::StateStore
    state_store::OPERATIONS,
    state_store::UPDATES,
    state_store::LEASES,
    state_store::BREAKERS,
    state_store::HEALTHY,
];
