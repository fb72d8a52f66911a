//! Meaning of an error, or of an outcome, to the policies around the call.

use crate::error::Class;

/// What the outcome of one call means to the policies around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The call did what it is for.
    Success,
    /// The call failed, and the callee is at fault.
    Failure,
    /// The callee answered, but neither did the call do what it is for nor does the failure count
    /// against the callee: an error that the caller caused, for example. Counted as ignored; a
    /// half-open breaker that gets such answers and no failure closes when its half-open time is
    /// over.
    Answered,
    /// The outcome shows nothing about the callee, for example the rejection of a policy further
    /// in.
    Ignored,
}

/// What a policy may know about an error without knowing its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Classified {
    /// The class of the first error in the chain of sources that has one, or [`Class::Unknown`].
    pub class: Class,
    /// Whether a policy further in rejected the call, so that the function did not run.
    pub rejected: bool,
    /// Whether that rejection ends a series of attempts: that of an open circuit does; that of a
    /// bulkhead or a rate limiter does not, since it admits the next call as soon as there is room.
    pub stops_retries: bool,
}

impl Classified {
    /// The classification of an error of which nothing is known.
    pub const UNKNOWN: Self = Self {
        class: Class::Unknown,
        rejected: false,
        stops_retries: false,
    };

    /// Returns what a breaker makes of the error: rejections of policies further in are ignored,
    /// permanent errors are answers.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, classify::{Verdict, classify}};
    ///
    /// let verdict = |code| classify(&*AppError::new(code, "no")).verdict();
    /// assert_eq!(verdict(ErrorCode::EXTERNAL_SERVICE_ERROR), Verdict::Failure);
    /// assert_eq!(verdict(ErrorCode::API_REQUEST_ERROR), Verdict::Answered, "the caller is at fault");
    /// assert_eq!(verdict(ErrorCode::CIRCUIT_OPEN_ERROR), Verdict::Failure, "a code is no rejection");
    /// ```
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self.class {
            _ if self.rejected => Verdict::Ignored,
            Class::Permanent => Verdict::Answered,
            _ => Verdict::Failure,
        }
    }

    /// Returns `true` if another attempt can help: not for permanent errors, nor against an open
    /// circuit; but against the rejection of a bulkhead or a rate limiter.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, classify::classify};
    ///
    /// let breaker = CircuitBreaker::builder("retryable-example").build()?;
    /// breaker.force_open();
    /// let rejection = breaker.try_acquire().unwrap_err();
    /// assert!(!classify(&rejection).is_retryable(), "the circuit is open");
    /// assert!(classify(&std::io::Error::other("cable")).is_retryable());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_retryable(self) -> bool {
        !self.stops_retries && self.class != Class::Permanent
    }
}
