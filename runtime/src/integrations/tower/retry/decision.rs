//! Outcomes that another attempt follows.

use super::super::call::BoxError;
use crate::retry::{FailedValue, Run};
#[cfg(feature = "http-1")]
use crate::{
    integrations::http::{StatusText, is_retryable_status, retry_after_in},
    time::SharedClock,
};
use std::{ops::ControlFlow, time::Duration};

/// What a [`RetryOutcome`] says of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryDecision {
    /// An `Ok` is final, and an error is retried by its class.
    Default,
    /// The outcome is final.
    Return,
    /// Another attempt may follow, after the delay of the backoff, or after this wait where that is
    /// longer.
    Again(Option<Duration>),
}

/// Decides which outcomes another attempt may follow.
///
/// # Examples
///
/// ```
/// use gardefou::integrations::tower::{BoxError, RetryDecision, RetryOutcome};
///
/// #[derive(Clone)]
/// struct WhilePending;
///
/// impl RetryOutcome<&'static str> for WhilePending {
///     fn decide(&self, outcome: &Result<&'static str, BoxError>) -> RetryDecision {
///         match outcome {
///             Ok("pending") => RetryDecision::Again(None),
///             _ => RetryDecision::Default,
///         }
///     }
/// }
///
/// assert_eq!(WhilePending.decide(&Ok("done")), RetryDecision::Default);
/// ```
pub trait RetryOutcome<T> {
    /// Decides on one outcome.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::tower::{RetryByError, RetryDecision, RetryOutcome};
    ///
    /// assert_eq!(RetryByError.decide(&Ok(503)), RetryDecision::Default, "it is an `Ok`");
    /// ```
    fn decide(&self, outcome: &Result<T, BoxError>) -> RetryDecision;

    /// Returns what logs and events show of an `Ok` that is a failure.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::tower::{RetryByError, RetryOutcome};
    ///
    /// assert_eq!(RetryByError.describe(&7).to_string(), "the result was refused");
    /// ```
    fn describe(&self, value: &T) -> impl std::fmt::Display {
        let _ = value;
        "the result was refused"
    }
}

/// Retries errors by their class; every response is final.
#[derive(Clone, Copy, Debug, Default)]
pub struct RetryByError;

impl<T> RetryOutcome<T> for RetryByError {
    fn decide(&self, _outcome: &Result<T, BoxError>) -> RetryDecision {
        RetryDecision::Default
    }
}

/// Retries outcomes for which a predicate returns `true`, and no other ones.
#[derive(Clone, Copy, Debug)]
pub struct RetryIf<F>(pub F);

impl<T, F: Fn(&Result<T, BoxError>) -> bool> RetryOutcome<T> for RetryIf<F> {
    fn decide(&self, outcome: &Result<T, BoxError>) -> RetryDecision {
        if (self.0)(outcome) {
            RetryDecision::Again(None)
        } else {
            RetryDecision::Return
        }
    }
}

/// Retries responses by their status, after the wait in their `Retry-After`, and errors by their
/// class.
#[cfg(feature = "http-1")]
#[derive(Clone, Copy, Debug, Default)]
pub struct RetryByStatus;

#[cfg(feature = "http-1")]
impl<B> RetryOutcome<http_1::Response<B>> for RetryByStatus {
    fn decide(&self, outcome: &Result<http_1::Response<B>, BoxError>) -> RetryDecision {
        match outcome {
            Ok(response) if is_retryable_status(response.status()) => RetryDecision::Again(
                retry_after_in(response.headers(), SharedClock::current().wall()),
            ),
            _ => RetryDecision::Default,
        }
    }

    fn describe(&self, response: &http_1::Response<B>) -> impl std::fmt::Display {
        StatusText(response.status())
    }
}

/// Decides what follows an attempt.
pub(super) fn settle<T, O: RetryOutcome<T>>(
    run: &mut Run<'_>,
    outcome: Result<T, BoxError>,
    on: &O,
) -> ControlFlow<Result<T, BoxError>, Duration> {
    match (on.decide(&outcome), outcome) {
        (RetryDecision::Default, outcome) => run.settle_value(outcome, None),
        (RetryDecision::Again(retry_after), Ok(value)) => {
            let text = on.describe(&value).to_string();
            let failed = FailedValue {
                text: &text,
                retry_after,
            };
            run.settle_value(Ok(value), Some(failed))
        }
        (decision, outcome) => run.settle_if(outcome, |_| decision != RetryDecision::Return),
    }
}
