//! Callbacks of a retry, and their arguments.

use crate::{
    call::Attempt,
    error::ErrorRef,
    event::{self, Shown, StopReason},
    panics,
};
use std::{any::Any, fmt, time::Duration};

/// A failed attempt, as passed to the callbacks of a [`Retry`](super::Retry).
///
/// # Examples
///
/// ```
/// use gardefou::retry::{FailedAttempt, Next, Retry};
/// use gardefou::{AppError, ErrorCode, time::ManualClock};
///
/// let retry = Retry::builder()
///     .max_retries(1)
///     .clock(ManualClock::new())
///     .on_retry(|failed: &FailedAttempt<'_>| {
///         assert_eq!((failed.index, failed.max_attempts), (0, 2));
///         assert!(matches!(failed.next, Next::Wait(_)));
///         assert!(failed.error_as::<AppError>().unwrap().is(ErrorCode::SYNC_ERROR));
///     })
///     .build()?;
/// let outcome = retry.call(|| Err::<(), _>(AppError::new(ErrorCode::SYNC_ERROR, "drifted")));
/// assert!(outcome.is_err());
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct FailedAttempt<'a> {
    /// The name of the retry.
    pub name: &'a str,
    /// Which attempt failed, counted from 0.
    pub index: u32,
    /// How many attempts there may be.
    pub max_attempts: u32,
    /// What follows.
    pub next: Next,
    /// Why no other attempt follows, if none does.
    pub stop: Option<StopReason>,
    /// The time since the first attempt started where `max_elapsed` is set, and since it failed
    /// where not.
    pub elapsed: Duration,
    /// The error, as far as its type is known.
    pub error: ErrorRef<'a>,
    /// The texts of the errors before it, at most 256 bytes each: of more than eight, the first one
    /// and the latest ones. Secrets are not removed.
    pub earlier_errors: &'a [String],
    pub(crate) any: Option<&'a dyn Any>,
}

impl<'a> FailedAttempt<'a> {
    /// Returns the error itself if it is an `E`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{FailedAttempt, Retry};
    /// use gardefou::time::ManualClock;
    ///
    /// let retry = Retry::builder()
    ///     .clock(ManualClock::new())
    ///     .on_retry(|failed: &FailedAttempt<'_>| assert_eq!(failed.error_as::<i32>(), Some(&503)))
    ///     .build()?;
    /// assert_eq!(retry.call(|| Err::<(), i32>(503)), Err(503));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn error_as<E: 'static>(&self) -> Option<&'a E> {
        self.any?.downcast_ref()
    }
}

impl fmt::Debug for FailedAttempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailedAttempt")
            .field("name", &Shown(self.name))
            .field("index", &self.index)
            .field("max_attempts", &self.max_attempts)
            .field("next", &self.next)
            .field("stop", &self.stop)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}

/// What a loop does after an attempt: exhaustive, because a loop must handle each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a loop that ignores it never ends"]
pub enum Next {
    /// Return the outcome to the caller.
    Return,
    /// Wait for this delay, and call again.
    Wait(Duration),
}

type Callback = Box<dyn Fn(&FailedAttempt<'_>) + Send + Sync>;
type Predicate = Box<dyn Fn(&dyn Any) -> Option<bool> + Send + Sync>;
/// The outer `Option` is empty for an error of another type.
type DelayFunction = Box<dyn Fn(Attempt, &dyn Any) -> Option<Option<Duration>> + Send + Sync>;

/// The callbacks of one retry.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(super) on_retry: Option<Callback>,
    pub(super) on_give_up: Option<Callback>,
    /// At most one per error type counts: the one that was set last.
    pub(super) predicates: Vec<Predicate>,
    /// The same holds for these.
    pub(super) delays: Vec<DelayFunction>,
}

impl Hooks {
    /// Returns `true` where a callback sees failed attempts.
    pub(crate) fn are_set(&self) -> bool {
        self.on_retry.is_some() || self.on_give_up.is_some()
    }

    /// Returns the answer of the predicate for this type of error, if there is one.
    pub(crate) fn retry_if(&self, error: Option<&dyn Any>) -> Option<bool> {
        let error = error?;
        self.predicates
            .iter()
            .rev()
            .find_map(|predicate| predicate(error))
    }

    /// Returns the delay of the function for this type of error, if there is one.
    pub(crate) fn delay(&self, attempt: Attempt, error: Option<&dyn Any>) -> Option<Duration> {
        let error = error?;
        self.delays
            .iter()
            .rev()
            .find_map(|delay| delay(attempt, error))
            .flatten()
    }

    /// Calls the callback for a failed attempt. A panic in it is contained: the call goes on.
    pub(crate) fn call(&self, failed: &FailedAttempt<'_>) {
        let (callback, name) = match failed.next {
            Next::Wait(_) => (&self.on_retry, "on_retry"),
            Next::Return => (&self.on_give_up, "on_give_up"),
        };
        if let Some(callback) = callback
            && panics::catch(|| callback(failed)).is_err()
        {
            event::retry::log_callback_failed(failed.name, name);
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("on_retry", &self.on_retry.is_some())
            .field("on_give_up", &self.on_give_up.is_some())
            .field("retry_if", &self.predicates.len())
            .field("delay", &self.delays.len())
            .finish()
    }
}
