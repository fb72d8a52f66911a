//! The table of instruments: names, kinds, units, labels and descriptions.

use crate::telemetry::instrument::{
    FixedLabels, Instrument,
    InstrumentKind::{self, Counter, Gauge, UpDownCounter},
    SECONDS,
};

const fn instrument(
    name: &'static str,
    kind: InstrumentKind,
    unit: &'static str,
    subject: Option<&'static str>,
    series: &'static [FixedLabels],
    description: &'static str,
) -> Instrument {
    Instrument {
        name,
        kind,
        unit,
        description,
        subject,
        series,
    }
}

/// The one series of an instrument without labels of a closed set.
const ONE: &[FixedLabels] = &[&[]];
const NAME: Option<&str> = Some("name");
const CHANNEL: Option<&str> = Some("channel");
const CHECK: Option<&str> = Some("check");

const STATES: &[FixedLabels] = &[
    &[("state", "closed")],
    &[("state", "open")],
    &[("state", "half_open")],
    &[("state", "forced_open")],
    &[("state", "disabled")],
];

/// Each source's instruments stand together; `Source::LENGTHS` has their numbers.
pub(super) static INSTRUMENTS: [Instrument; 36] = [
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
    instrument(
        "gardefou.circuit_breaker.slow_calls",
        Counter,
        "{call}",
        NAME,
        ONE,
        "Calls that took longer than `slow_call`, whatever their outcome.",
    ),
    instrument(
        "gardefou.circuit_breaker.abandoned_calls",
        Counter,
        "{call}",
        NAME,
        ONE,
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
    instrument(
        "gardefou.bulkhead.limit",
        Gauge,
        "{call}",
        NAME,
        ONE,
        "How many calls may run at once.",
    ),
    instrument(
        "gardefou.bulkhead.running",
        UpDownCounter,
        "{call}",
        NAME,
        ONE,
        "Calls that run.",
    ),
    instrument(
        "gardefou.bulkhead.waiting",
        UpDownCounter,
        "{call}",
        NAME,
        ONE,
        "Calls that wait in the queue.",
    ),
    instrument(
        "gardefou.bulkhead.waits",
        Counter,
        "{wait}",
        NAME,
        ONE,
        "Waits in the queue that ended, whatever became of the call.",
    ),
    instrument(
        "gardefou.bulkhead.wait_time",
        Counter,
        SECONDS,
        NAME,
        ONE,
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
    instrument(
        "gardefou.rate_limiter.available",
        Gauge,
        "{permit}",
        NAME,
        ONE,
        "Permits that could be taken at once.",
    ),
    instrument(
        "gardefou.rate_limiter.waiting",
        UpDownCounter,
        "{call}",
        NAME,
        ONE,
        "Requests that wait for their permits.",
    ),
    instrument(
        "gardefou.rate_limiter.waits",
        Counter,
        "{wait}",
        NAME,
        ONE,
        "Requests that were admitted after a wait.",
    ),
    instrument(
        "gardefou.rate_limiter.wait_time",
        Counter,
        SECONDS,
        NAME,
        ONE,
        "Time for which these requests waited.",
    ),
    // Source::Retry
    instrument(
        "gardefou.retry.calls",
        Counter,
        "{call}",
        NAME,
        &[
            &[("kind", "successful_with_retry")],
            &[("kind", "failed_with_retry")],
            &[("kind", "failed_without_retry")],
        ],
        "Calls through a retry whose first attempt failed, each once, by how they ended.",
    ),
    instrument(
        "gardefou.retry.attempts",
        Counter,
        "{attempt}",
        NAME,
        ONE,
        "Attempts of these calls, the first ones included.",
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
    instrument(
        "gardefou.journal.waiting",
        UpDownCounter,
        "{record}",
        None,
        ONE,
        "Records that wait to be written.",
    ),
    instrument(
        "gardefou.journal.healthy",
        Gauge,
        "1",
        None,
        ONE,
        "1 if the last write of the journal succeeded, else 0.",
    ),
    // Source::Alerts
    instrument(
        "gardefou.alerts.suppressed",
        Counter,
        "{occurrence}",
        None,
        ONE,
        "Occurrences that the throttle held back.",
    ),
    instrument(
        "gardefou.alerts.inhibited",
        Counter,
        "{error}",
        None,
        ONE,
        "Errors that rules did not count because a circuit was open.",
    ),
    instrument(
        "gardefou.alerts.replayed",
        Counter,
        "{notification}",
        None,
        ONE,
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
    instrument(
        "gardefou.alerts.attempts",
        Counter,
        "{attempt}",
        CHANNEL,
        ONE,
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
    instrument(
        "gardefou.alerts.waiting",
        UpDownCounter,
        "{notification}",
        CHANNEL,
        ONE,
        "Notifications that wait or are being delivered.",
    ),
    instrument(
        "gardefou.alerts.healthy",
        Gauge,
        "1",
        CHANNEL,
        ONE,
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
    instrument(
        "gardefou.health.timeouts",
        Counter,
        "{run}",
        CHECK,
        ONE,
        "Runs of a health check that took longer than their limit.",
    ),
    instrument(
        "gardefou.health.duration",
        Gauge,
        SECONDS,
        CHECK,
        ONE,
        "How long the last run of a health check took; 0 before the first one.",
    ),
];
