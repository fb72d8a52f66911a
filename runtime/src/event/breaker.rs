//! Events of circuit breakers, and their log lines.

use super::{names::TARGET_BREAKER as BREAKER, record::cell::RecordSlot, shown::debug_with_names};
use crate::{
    error::{ErrorId, redact},
    named::named,
};
use std::time::Duration;

/// The state of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CircuitState {
    /// Calls run, and their outcomes are counted.
    Closed,
    /// Calls are rejected until the recovery time is over.
    Open,
    /// A few calls run as probes, whose outcomes decide on the next state.
    HalfOpen,
    /// Calls are rejected until the breaker is reset.
    ForcedOpen,
    /// Calls run and nothing is counted, until the breaker is reset.
    Disabled,
}

named! {
    /// Returns the state's name as it stands in messages, fields and snapshots, for example
    /// `half_open`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::breaker::CircuitState::HalfOpen.name(), "half_open");
    /// ```
    CircuitState {
        Closed = "closed",
        Open = "open",
        HalfOpen = "half_open",
        ForcedOpen = "forced_open",
        Disabled = "disabled",
    }
}

/// Why a breaker changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransitionReason {
    /// The number of failures in a row reached `failure_threshold`.
    ConsecutiveFailures,
    /// The share of failures in the window reached `failure_rate`.
    FailureRate,
    /// The share of slow calls in the window reached `slow_rate`.
    SlowRate,
    /// The open time is over and a call came.
    RecoveryTimeElapsed,
    /// The number of successful probes reached `success_threshold`.
    ProbesSucceeded,
    /// A probe failed.
    ProbeFailed,
    /// A probe succeeded, but slower than `slow_call` allows.
    ProbeSlow,
    /// The half-open time was over, probes had ended in permanent errors, and none had failed or
    /// hung: the callee answers.
    ProbesAnswered,
    /// The half-open time was over and a probe had not ended.
    HalfOpenTimeout,
    /// The program changed the state by hand.
    Manual,
    /// The program set an open time, for example from a `Retry-After` header.
    OpenFor,
    /// The state was restored from a snapshot.
    Restored,
    /// The fleet of a [shared](crate::breaker::BreakerConfig::shared) breaker opened or closed the circuit: another
    /// process did, or the store of the fleet was lost.
    Fleet,
}

named! {
    /// Returns the reason's name as it stands in messages and fields, for example `failure_rate`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::breaker::TransitionReason::ProbeFailed.name(), "probe_failed");
    /// ```
    TransitionReason {
        ConsecutiveFailures = "consecutive_failures",
        FailureRate = "failure_rate",
        SlowRate = "slow_rate",
        RecoveryTimeElapsed = "recovery_time_elapsed",
        ProbesSucceeded = "probes_succeeded",
        ProbeFailed = "probe_failed",
        ProbeSlow = "probe_slow",
        ProbesAnswered = "probes_answered",
        HalfOpenTimeout = "half_open_timeout",
        Manual = "manual",
        OpenFor = "open_for",
        Restored = "restored",
        Fleet = "fleet",
    }
}

/// Something that happened to a circuit breaker.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct BreakerEvent<'a> {
    /// The name of the breaker; `payments[acme]` for that of a key.
    pub name: &'a str,
    /// The key that the breaker is for, as it came: see [`Keyed`](crate::keyed::Keyed).
    pub key: Option<&'a str>,
    /// The generation after it; each change of state begins a new one.
    pub generation: u64,
    /// Whether the breaker only observes (`shadow`): calls that it reports as rejected run.
    pub shadow: bool,
    /// The identity of the opening that the event belongs to: the opening that begins when the
    /// circuit opens, the one that continues or ends when the circuit becomes half-open or closes,
    /// or the one that caused a rejection. `None` if the event belongs to no opening.
    ///
    /// It is what [`Rejection::opening`](crate::Rejection::opening) returns, and the id of an
    /// [`AppError`](crate::AppError) that is made of such a rejection.
    pub id: Option<ErrorId>,
    /// What happened.
    pub kind: BreakerEventKind<'a>,
    /// Where observers find the event's record.
    pub(crate) record: RecordSlot<'a>,
}

debug_with_names!(BreakerEvent { name; generation, shadow, id, kind });

impl BreakerEvent<'_> {
    /// Returns the name of the breaker without its key, for example for a metric: there may be as
    /// many keys as customers.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breakers = CircuitBreaker::builder("tenants")
    ///     .on_transition(|event| {
    ///         assert_eq!((event.name, event.key), ("tenants[acme]", Some("acme")));
    ///         assert_eq!(event.unkeyed_name(), "tenants");
    ///     })
    ///     .build_keyed()?;
    /// breakers.get("acme").force_open();
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn unkeyed_name(&self) -> &str {
        let brackets = "[]".len();
        let end = self.key.map(|key| self.name.len() - key.len() - brackets);
        &self.name[..end.unwrap_or(self.name.len())]
    }
}

/// The kinds of events of circuit breakers.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum BreakerEventKind<'a> {
    /// The state changed.
    #[non_exhaustive]
    Transition {
        /// The state before.
        from: CircuitState,
        /// The state after.
        to: CircuitState,
        /// Why it changed.
        reason: TransitionReason,
        /// How many failures in a row there were at that moment.
        consecutive_failures: u32,
        /// How long the new state lasts at most, where it has an end.
        lasts: Option<Duration>,
        /// The failure that caused the change, on one line with secrets redacted, where it has a
        /// text.
        cause: Option<&'a str>,
        /// The identity of the opening that ends where another one follows at once, for example
        /// when a probe fails.
        previous: Option<ErrorId>,
        /// How many calls were rejected by the opening that ends with this change, or continues
        /// half-open; zero if the circuit was not open. Each rejection is counted in one opening; a
        /// rejection that races with the change counts in the next.
        rejected: u64,
    },
    /// A call was rejected.
    #[non_exhaustive]
    Rejected {
        /// How long to wait before another call can be admitted, where that is known.
        retry_after: Option<Duration>,
    },
    /// A call took longer than `slow_call` allows.
    #[non_exhaustive]
    Slow {
        /// How long it had run when that was detected.
        elapsed: Duration,
        /// Whether it was still running.
        pending: bool,
    },
    /// A call was dropped after it had been pending for `abandoned_after` or longer, while no other
    /// call succeeded, and counted as a failure.
    #[non_exhaustive]
    Abandoned {
        /// How long it had been pending.
        elapsed: Duration,
    },
    /// A second place declares the name with another configuration; the first one's holds.
    #[non_exhaustive]
    ConfigClash {
        /// Where the breaker was declared first.
        first: &'a str,
        /// Where it was declared otherwise.
        second: &'a str,
    },
}

/// Logs an event of a breaker.
pub(crate) fn log(event: &BreakerEvent<'_>) {
    let BreakerEvent {
        name,
        generation,
        shadow,
        id,
        ..
    } = *event;
    let id = id.map(tracing::field::display);
    match event.kind {
        BreakerEventKind::Transition {
            from,
            to,
            reason,
            consecutive_failures,
            lasts,
            cause,
            rejected,
            ..
        } => {
            let rejected = matches!(
                from,
                CircuitState::Open | CircuitState::HalfOpen | CircuitState::ForcedOpen
            )
            .then_some(rejected);
            // An opening is a warning; recovery, and every change by hand, is information.
            if matches!(to, CircuitState::Open | CircuitState::ForcedOpen)
                && reason != TransitionReason::Manual
            {
                tracing::warn!(
                    target: BREAKER, breaker = &*redact::name(name), generation, shadow, from = from.name(), to = to.name(),
                    reason = reason.name(), consecutive_failures, lasts = lasts.map(tracing::field::debug), cause,
                    error.id = id, rejected,
                    "circuit breaker opened"
                );
            } else {
                tracing::info!(
                    target: BREAKER, breaker = &*redact::name(name), generation, shadow, from = from.name(), to = to.name(),
                    reason = reason.name(), lasts = lasts.map(tracing::field::debug), error.id = id, rejected,
                    "circuit breaker changed its state"
                );
            }
        }
        BreakerEventKind::Rejected { retry_after } => tracing::trace!(
            target: BREAKER, breaker = &*redact::name(name), generation, shadow,
            retry_after = retry_after.map(tracing::field::debug), error.id = id, "circuit breaker rejected a call"
        ),
        BreakerEventKind::Slow { elapsed, pending } => tracing::debug!(
            target: BREAKER, breaker = &*redact::name(name), generation, shadow, ?elapsed, pending, "a call is slow"
        ),
        BreakerEventKind::Abandoned { elapsed } => tracing::debug!(
            target: BREAKER, breaker = &*redact::name(name), generation, shadow, ?elapsed, "a pending call was dropped"
        ),
        BreakerEventKind::ConfigClash { first, second } => tracing::warn!(
            target: BREAKER, breaker = &*redact::name(name), first, second,
            "a circuit breaker is declared twice with different configurations; the first one holds"
        ),
    }
}
