//! Classifiers of outcomes.

use crate::{classify::Verdict, error::View};
use std::{
    error::Error,
    fmt::{self, Write},
};

/// Decides what an outcome means to a breaker.
///
/// Any `Fn(&R) -> Verdict` is one. The text of a failure, which a rejection later carries as its
/// cause, is requested only after [`verdict`](Self::verdict) returned [`Verdict::Failure`], and
/// written into a buffer of fixed size.
///
/// # Examples
///
/// ```
/// use gardefou::{Rejection, breaker::CircuitBreaker, classify::Verdict};
///
/// let breaker = CircuitBreaker::builder("classifier-example").failure_threshold(1).build()?;
/// let not_found_is_fine = |outcome: &Result<u16, std::io::Error>| match outcome {
///     Ok(404) | Ok(200) => Verdict::Success,
///     Ok(_) => Verdict::Failure,
///     Err(_) => Verdict::Ignored,
/// };
/// assert_eq!(breaker.call_with(not_found_is_fine, || Ok(500))?, 500);
/// assert!(breaker.call_with(not_found_is_fine, || Ok(200)).is_err(), "the circuit is open");
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub trait Classifier<R: ?Sized> {
    /// Returns what the outcome means.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, breaker::{Classifier, ErrorClassifier}, classify::Verdict};
    ///
    /// let verdict_of = |code| ErrorClassifier.verdict(&Err::<(), _>(AppError::new(code, "no answer")));
    /// assert_eq!(verdict_of(ErrorCode::TIMEOUT_ERROR), Verdict::Failure);
    /// assert_eq!(verdict_of(ErrorCode::PERMISSION_ERROR), Verdict::Answered);
    /// assert_eq!(ErrorClassifier.verdict(&Ok::<_, AppError>(())), Verdict::Success);
    /// ```
    fn verdict(&self, outcome: &R) -> Verdict;

    /// Writes the text of an outcome that is a failure; nothing by default.
    ///
    /// # Errors
    ///
    /// Those of `out`, which ends a text that is too long.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::{Classifier, CircuitBreaker}, classify::Verdict};
    ///
    /// struct Status;
    ///
    /// impl Classifier<std::io::Result<u16>> for Status {
    ///     fn verdict(&self, outcome: &std::io::Result<u16>) -> Verdict {
    ///         if matches!(outcome, Ok(..500)) { Verdict::Success } else { Verdict::Failure }
    ///     }
    ///
    ///     fn write_cause(&self, outcome: &std::io::Result<u16>, out: &mut dyn std::fmt::Write) -> std::fmt::Result {
    ///         write!(out, "answered by {outcome:?}")
    ///     }
    /// }
    ///
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(1).build()?;
    /// breaker.call_with(Status, || Ok(503))?;
    /// assert_eq!(breaker.try_acquire().unwrap_err().cause().unwrap(), "answered by Ok(503)");
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    fn write_cause(&self, outcome: &R, out: &mut dyn Write) -> fmt::Result {
        let _ = (outcome, out);
        Ok(())
    }
}

impl<R: ?Sized, F: Fn(&R) -> Verdict> Classifier<R> for F {
    fn verdict(&self, outcome: &R) -> Verdict {
        self(outcome)
    }
}

/// Classifier by the class of an error, where its type is known to [`View::from_any`]: permanent
/// errors and rejections are ignored, every other error is a failure.
///
/// This is what [`CircuitBreaker::call`](super::CircuitBreaker::call) uses.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorClassifier;

impl<T, E: 'static> Classifier<Result<T, E>> for ErrorClassifier {
    #[inline]
    fn verdict(&self, outcome: &Result<T, E>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(error) => View::from_any(error).classified().verdict(),
        }
    }

    fn write_cause(&self, outcome: &Result<T, E>, out: &mut dyn Write) -> fmt::Result {
        match outcome {
            Ok(_) => Ok(()),
            Err(error) => write!(out, "{}", View::from_any(error)),
        }
    }
}

/// Classifier by the class of the first coded error in the chain of sources of any error type.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, Rejection, breaker::{ChainClassifier, CircuitBreaker}};
///
/// #[derive(Debug, thiserror::Error)]
/// enum PayError {
///     #[error("cannot pay")]
///     App(#[source] Box<dyn std::error::Error + Send + Sync>),
///     #[error(transparent)]
///     Rejected(#[from] Rejection),
/// }
///
/// let breaker = CircuitBreaker::builder("by-chain-example").failure_threshold(1).build()?;
/// let mistake = || Err(PayError::App(AppError::new(ErrorCode::API_REQUEST_ERROR, "no amount").into()));
/// let outcome: Result<(), _> = breaker.call_with(ChainClassifier, mistake);
/// assert!(outcome.is_err());
/// assert_eq!(breaker.snapshot().counts.ignored, 1, "the caller's own fault");
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ChainClassifier;

impl<T, E: Error + 'static> Classifier<Result<T, E>> for ChainClassifier {
    #[inline]
    fn verdict(&self, outcome: &Result<T, E>) -> Verdict {
        match outcome {
            Ok(_) => Verdict::Success,
            Err(error) => View::from_std(error).classified().verdict(),
        }
    }

    fn write_cause(&self, outcome: &Result<T, E>, out: &mut dyn Write) -> fmt::Result {
        match outcome {
            Ok(_) => Ok(()),
            Err(error) => write!(out, "{error}"),
        }
    }
}

/// Classifier by a predicate: outcomes for which it returns `true` are failures, all others
/// successes.
///
/// # Examples
///
/// ```
/// use gardefou::breaker::{CircuitBreaker, CircuitState, FailurePredicate};
///
/// let breaker = CircuitBreaker::builder("failure-if-example").failure_threshold(1).build()?;
/// let bad_gateway = FailurePredicate(|outcome: &std::io::Result<u16>| matches!(outcome, Ok(502)));
/// assert_eq!(breaker.call_with(bad_gateway, || Ok(502))?, 502, "the value is still returned");
/// assert_eq!(breaker.state(), CircuitState::Open);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FailurePredicate<F>(
    /// The predicate.
    pub F,
);

impl<T, E: 'static, F: Fn(&Result<T, E>) -> bool> Classifier<Result<T, E>> for FailurePredicate<F> {
    fn verdict(&self, outcome: &Result<T, E>) -> Verdict {
        if (self.0)(outcome) {
            Verdict::Failure
        } else {
            Verdict::Success
        }
    }

    fn write_cause(&self, outcome: &Result<T, E>, out: &mut dyn Write) -> fmt::Result {
        ErrorClassifier.write_cause(outcome, out)
    }
}
