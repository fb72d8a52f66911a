//! Events of retries, and their log lines.

use super::{
    log_level::{LogLevel, at_level},
    names,
    record::cell::RecordSlot,
    shown::debug_with_names,
    text::{MAX_MESSAGE, for_sink},
};
use crate::{
    error::{ErrorRef, redact},
    named::named,
};
use std::{fmt, panic::Location, time::Duration};

/// Why a retry gave the outcome to the caller instead of calling again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// Every attempt was made.
    Exhausted,
    /// The error is permanent: another attempt cannot help.
    Permanent,
    /// A policy further in rejected the call, and will reject the next one too: an open circuit.
    Rejected,
    /// The user's predicate returned `false`.
    Refused,
    /// The next wait would have ended after `max_elapsed`, or after the deadline around the call.
    Deadline,
    /// The callee requires a longer wait than `max_delay`, or than the time that remains.
    RetryAfter,
    /// The retry budget is spent.
    Budget,
}

named! {
    /// Returns the reason's name as it stands in fields and details, for example `retry_after`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::event::StopReason::RetryAfter.name(), "retry_after");
    /// ```
    StopReason {
        Exhausted = "exhausted",
        Permanent = "permanent",
        Rejected = "rejected",
        Refused = "refused",
        Deadline = "deadline",
        RetryAfter = "retry_after",
        Budget = "budget",
    }
}

/// A step of a retry.
///
/// # Examples
///
/// ```
/// use gardefou::event::{Event, RetryEventKind, subscribe};
/// use gardefou::retry::{Backoff, Retry};
/// use std::{sync::{Arc, Mutex}, time::Duration};
///
/// let delays = Arc::new(Mutex::new(Vec::new()));
/// let sink = Arc::clone(&delays);
/// let _subscription = subscribe(move |event: &Event<'_>| {
///     if let Event::Retry(retry) = event
///         && let RetryEventKind::Scheduled { delay, .. } = retry.kind
///     {
///         sink.lock().unwrap().push(delay);
///     }
/// });
/// let retry = Retry::builder().max_retries(2).backoff(Backoff::constant(Duration::ZERO)).build()?;
/// let outcome = retry.call(|| Err::<(), _>("no"));
/// assert_eq!(outcome, Err("no"));
/// assert_eq!(*delays.lock().unwrap(), [Duration::ZERO; 2]);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RetryEvent<'a> {
    /// The name of the retry.
    pub name: &'a str,
    /// How many attempts have been made.
    pub attempts: u32,
    /// How many attempts there may be.
    pub max_attempts: u32,
    /// The time since the first attempt started where `max_elapsed` is set, and since it failed
    /// where not.
    pub elapsed: Duration,
    /// What it did.
    pub kind: RetryEventKind<'a>,
    /// Where observers find the event's record.
    pub(crate) record: RecordSlot<'a>,
}

debug_with_names!(RetryEvent { name; attempts, max_attempts, elapsed, kind });

/// What a retry did.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum RetryEventKind<'a> {
    /// An attempt failed, and another one follows.
    #[non_exhaustive]
    Scheduled {
        /// The wait before it.
        delay: Duration,
        /// The error of the attempt that failed.
        error: ErrorRef<'a>,
    },
    /// An attempt after the first succeeded.
    Succeeded,
    /// The last outcome goes to the caller although it is a failure.
    #[non_exhaustive]
    GaveUp {
        /// Why no other attempt follows.
        reason: StopReason,
        /// The error of the last attempt.
        error: ErrorRef<'a>,
    },
}

impl fmt::Debug for RetryEventKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheduled { delay, .. } => f
                .debug_struct("Scheduled")
                .field("delay", delay)
                .finish_non_exhaustive(),
            Self::Succeeded => f.write_str("Succeeded"),
            Self::GaveUp { reason, .. } => f
                .debug_struct("GaveUp")
                .field("reason", reason)
                .finish_non_exhaustive(),
        }
    }
}

/// Displays a delay in the largest unit in which it is at least one.
struct When(Duration);

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(f64, &str); 4] = [(1.0, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")];
        let seconds = self.0.as_secs_f64();
        match UNITS
            .into_iter()
            .find(|(factor, _)| seconds * factor >= 1.0)
        {
            Some((factor, unit)) => write!(f, "in {:.2} {unit}", seconds * factor),
            None => f.write_str("at once"),
        }
    }
}

/// Logs an event of a retry; `between` is the level of the lines between attempts.
pub(super) fn log(event: &RetryEvent<'_>, between: LogLevel) {
    let RetryEvent {
        name,
        attempts,
        max_attempts,
        elapsed,
        kind,
        ..
    } = *event;
    let name = redact::name(name);
    let (name, duration) = (&*name, elapsed.as_secs_f64());
    macro_rules! log {
        ($level:ident, { $($fields:tt)* }, $($text:tt)+) => {
            tracing::event!(
                target: names::TARGET_RETRY,
                tracing::Level::$level,
                retry.name = name,
                retry.attempts = attempts,
                retry.max_attempts = max_attempts,
                $($fields)*,
                $($text)+
            )
        };
    }
    match kind {
        RetryEventKind::Scheduled { delay, error } => {
            macro_rules! scheduled {
                ($level:ident) => {
                    log!(
                        $level,
                        { retry.delay = delay.as_secs_f64(), duration, error.text = %for_sink(&error, MAX_MESSAGE) },
                        "attempt {attempts}/{max_attempts} of `{name}` failed, next {}", When(delay)
                    )
                };
            }
            at_level!(between.tracing_level(), scheduled);
        }
        RetryEventKind::Succeeded => {
            log!(
                DEBUG,
                { duration },
                "`{name}` succeeded at attempt {attempts}/{max_attempts}"
            );
        }
        RetryEventKind::GaveUp { reason, error } => {
            let (level, outcome) = match reason {
                StopReason::Exhausted | StopReason::Deadline => {
                    (tracing::Level::ERROR, "failed for good")
                }
                StopReason::Budget | StopReason::RetryAfter => {
                    (tracing::Level::WARN, "is not tried again")
                }
                // Another attempt cannot help, and the caller reports the error.
                StopReason::Permanent | StopReason::Rejected | StopReason::Refused => {
                    (tracing::Level::DEBUG, "is not tried again")
                }
            };
            macro_rules! gave_up {
                ($level:ident) => {
                    log!(
                        $level,
                        { retry.reason = reason.name(), duration, error.text = %for_sink(&error, MAX_MESSAGE) },
                        "`{name}` {outcome} after {attempts} attempts ({reason})"
                    )
                };
            }
            at_level!(level, gave_up);
        }
    }
}

/// Logs that a user's callback panicked; the text of the panic went to the panic hook.
#[cold]
pub(crate) fn log_callback_failed(name: &str, callback: &'static str) {
    let name = redact::name(name);
    let name = &*name;
    tracing::event!(
        target: names::TARGET_RETRY,
        tracing::Level::ERROR,
        retry.name = name,
        callback,
        "the {callback} callback of `{name}` panicked"
    );
}

/// Logs that a retry runs inside an attempt of another one, so that their calls multiply.
#[cold]
pub(crate) fn log_nested(
    name: &str,
    place: Option<&'static Location<'static>>,
    outer: Option<&'static Location<'static>>,
    most: u64,
) {
    let name = redact::name(name);
    let name = &*name;
    tracing::event!(
        target: names::TARGET_RETRY,
        tracing::Level::WARN,
        retry.name = name,
        first = outer.map(tracing::field::display),
        second = place.map(tracing::field::display),
        "retry `{name}` runs inside an attempt of another retry: one call can become {most} calls"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_delays_are_displayed_in_smaller_units() {
        let when = |delay| When(delay).to_string();
        assert_eq!(when(Duration::from_millis(1500)), "in 1.50 s");
        assert_eq!(when(Duration::from_millis(4)), "in 4.00 ms");
        assert_eq!(when(Duration::from_micros(999)), "in 999.00 µs");
        assert_eq!(when(Duration::from_nanos(1)), "in 1.00 ns");
        assert_eq!(when(Duration::ZERO), "at once");
    }
}
