//! Rejections: what a policy returns instead of running the function.

use super::{
    AppError, ErrorCode, ErrorId, details, redact,
    rejector::{Rejector, RejectorRef},
    view,
};
use crate::{
    call::{Conversion, RejectionNumber},
    time::saturating_nanos,
};
use serde_json::{Map, Value};
use std::{
    any::{Any, TypeId},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The kind of policy that rejected a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Policy {
    /// A circuit breaker.
    CircuitBreaker,
    /// A retry whose budget is spent.
    Retry,
    /// A time limit.
    Timeout,
    /// A bulkhead.
    Bulkhead,
    /// A rate limiter.
    RateLimit,
    /// Fault injection: the call was not rejected, but failed on purpose (feature `chaos`).
    Chaos,
}

impl Policy {
    const ALL: [Self; 6] = [
        Self::CircuitBreaker,
        Self::Retry,
        Self::Timeout,
        Self::Bulkhead,
        Self::RateLimit,
        Self::Chaos,
    ];

    /// Returns the policy with this name.
    #[cfg(feature = "chaos")]
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }

    /// Returns the policy's name as it stands in messages and fields, for example
    /// `circuit_breaker`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Policy;
    ///
    /// assert_eq!(Policy::CircuitBreaker.name(), "circuit_breaker");
    /// assert_eq!(Policy::CircuitBreaker.to_string(), "circuit_breaker");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CircuitBreaker => "circuit_breaker",
            Self::Retry => "retry",
            Self::Timeout => "timeout",
            Self::Bulkhead => "bulkhead",
            Self::RateLimit => "rate_limit",
            Self::Chaos => "chaos",
        }
    }

    /// Returns `true` for policies that reject for want of room, and admit the next call as soon as
    /// there is some: after its rejection another attempt can help.
    pub(crate) const fn admits_again(self) -> bool {
        matches!(self, Self::Bulkhead | Self::RateLimit)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a policy returns instead of running the function.
///
/// An attribute on `fn f() -> Result<T, E>` needs `E: From<Rejection>`.
/// [`AppError`](crate::AppError), `Box<dyn Error + Send + Sync>` and [`std::io::Error`] have it; an
/// enum of your own writes `#[from] Rejection` with thiserror, or this:
///
/// ```
/// use gardefou::{Rejection, breaker::CircuitBreaker};
///
/// enum OrderError {
///     NotNow(Rejection),
///     Refused,
/// }
///
/// impl From<Rejection> for OrderError {
///     fn from(rejection: Rejection) -> Self {
///         Self::NotNow(rejection)
///     }
/// }
///
/// # let breaker = CircuitBreaker::builder("rejection-example").build()?;
/// breaker.force_open();
/// let outcome = breaker.call(|| Err::<(), _>(OrderError::Refused));
/// assert!(matches!(outcome, Err(OrderError::NotNow(_))));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
pub struct Rejection {
    /// The policy as well.
    number: RejectionNumber,
    code: ErrorCode,
    rejector: RejectorRef,
    generation: u64,
    retry_after: RetryAfter,
    reported: Reported,
}

/// The part of a number's tag that stands for a function that was started; the rest is the policy.
const RAN: u8 = 1 << 3;

/// The detail of an error that was injected.
pub(crate) const CHAOS_DETAIL: &str = "chaos";

/// A wait of whole nanoseconds, or none. A word without a gap: where the error of a result holds a
/// rejection, what is beside the gap is copied across the parts that it was written in, and each
/// such copy makes the processor wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryAfter(u64);

impl RetryAfter {
    pub(crate) const NONE: Self = Self(u64::MAX);

    #[inline]
    pub(crate) fn from_nanos(nanos: u64) -> Self {
        Self(nanos.min(Self::NONE.0 - 1))
    }

    pub(crate) fn get(self) -> Option<Duration> {
        (self.0 != Self::NONE.0).then(|| Duration::from_nanos(self.0))
    }
}

impl From<Option<Duration>> for RetryAfter {
    #[inline]
    fn from(wait: Option<Duration>) -> Self {
        wait.map_or(Self::NONE, |wait| Self::from_nanos(saturating_nanos(wait)))
    }
}

/// Whether a rejection was reported. A clone is inspected, and not the value that leaves the call:
/// it has its own mark.
#[derive(Default)]
struct Reported(AtomicBool);

impl Clone for Reported {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Rejection {
    /// Makes the rejection of a policy. Allocates nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{ErrorCode, Rejection, error::{ErrorId, Policy, Rejector}};
    /// # use std::sync::Arc;
    /// # use std::time::Duration;
    /// #[derive(Debug)]
    /// struct Uploads;
    ///
    /// impl Rejector for Uploads {
    ///     fn name(&self) -> &str {
    ///         "uploads"
    ///     }
    /// }
    ///
    /// let wait = Some(Duration::from_secs(20));
    /// let rejection = Rejection::new(Policy::RateLimit, ErrorCode::RATE_LIMIT_ERROR, Arc::new(Uploads), 1, wait);
    /// assert_eq!(rejection.to_string(), "rate_limit `uploads` rejected the call; try again in 20.0s");
    /// ```
    #[must_use]
    #[inline]
    pub fn new(
        policy: Policy,
        code: ErrorCode,
        rejector: Arc<dyn Rejector>,
        generation: u64,
        retry_after: Option<Duration>,
    ) -> Self {
        Self::of(policy, code, rejector, generation, retry_after.into())
    }

    /// Makes the rejection of a policy by one of the two kinds of reference.
    ///
    /// In line, and the reference by its own type, so that each part is written once, where the
    /// caller wants it: what is written in parts and copied as a whole right after makes the processor
    /// wait.
    #[inline(always)]
    pub(crate) fn of<R: Into<RejectorRef> + Clone>(
        policy: Policy,
        code: ErrorCode,
        rejector: R,
        generation: u64,
        retry_after: RetryAfter,
    ) -> Self {
        // After a time limit or an injected failure another try can help: no retry is to stop at it.
        let tag = policy as u8;
        let number = if matches!(policy, Policy::Timeout | Policy::Chaos) {
            RejectionNumber::unknown(tag | RAN)
        } else {
            RejectionNumber::here(tag)
        };
        Self::numbered(number, code, rejector, generation, retry_after)
    }

    /// Makes the rejection of a time limit that had passed before the function was started.
    pub(crate) fn before_start(code: ErrorCode, rejector: Arc<dyn Rejector>) -> Self {
        let number = RejectionNumber::here(Policy::Timeout as u8);
        Self::numbered(number, code, rejector, 0, RetryAfter::NONE)
    }

    #[inline(always)]
    fn numbered<R: Into<RejectorRef> + Clone>(
        number: RejectionNumber,
        code: ErrorCode,
        rejector: R,
        generation: u64,
        retry_after: RetryAfter,
    ) -> Self {
        number.announce(|| Self {
            number: RejectionNumber::unknown(number.tag()),
            code,
            rejector: rejector.clone().into(),
            generation,
            retry_after,
            reported: Reported::default(),
        });
        Self {
            number,
            code,
            rejector: rejector.into(),
            generation,
            retry_after,
            reported: Reported::default(),
        }
    }

    /// Turns the rejection into the error that the caller gets, which the calls around shall know
    /// for one.
    ///
    /// The result is written where it is returned from: each copy of it would cost more than all
    /// the rest.
    #[inline]
    pub(crate) fn into_result<T, E: From<Self>>(self) -> Result<T, E> {
        let conversion = self.convert();
        let rejected = Err(E::from(self));
        conversion.end();
        rejected
    }

    /// Begins to turn the rejection into an error.
    #[inline]
    pub(crate) fn convert(&self) -> Conversion {
        self.number.convert()
    }

    /// Returns the kind of policy that rejected the call, or [`Policy::Chaos`] for an injected error.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("policy-example").build()?;
    /// breaker.force_open();
    /// let rejection = breaker.try_acquire().unwrap_err();
    /// assert_eq!(rejection.policy(), gardefou::error::Policy::CircuitBreaker);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn policy(&self) -> Policy {
        let tag = self.number.tag() & !RAN;
        Policy::ALL
            .into_iter()
            .find(|policy| *policy as u8 == tag)
            .unwrap_or(Policy::CircuitBreaker)
    }

    /// Returns the name of the policy, for example `payments`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("name-example").build()?;
    /// breaker.force_open();
    /// let rejection = breaker.try_acquire().unwrap_err();
    /// assert_eq!(rejection.name(), "name-example");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        self.rejector.name()
    }

    /// Returns how long to wait before another call can be admitted, where the policy knows.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::builder("wait-example")
    ///     .failure_threshold(1)
    ///     .recovery_timeout(Duration::from_secs(30))
    ///     .recovery_jitter(0.0)
    ///     .clock(ManualClock::new())
    ///     .build()?;
    /// breaker.try_acquire().unwrap().failure();
    /// assert_eq!(breaker.try_acquire().unwrap_err().retry_after(), Some(Duration::from_secs(30)));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after.get()
    }

    /// Returns the code that an [`AppError`](crate::AppError) made of this rejection has.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("code-example").build()?;
    /// breaker.force_open();
    /// let rejection = breaker.try_acquire().unwrap_err();
    /// assert_eq!(rejection.code(), gardefou::ErrorCode::CIRCUIT_OPEN_ERROR);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Returns `true` if the function was started nevertheless, for example under a time limit that
    /// cut it off.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{ErrorCode, Rejection, error::{ErrorId, Policy, Rejector}};
    /// # use std::sync::Arc;
    /// # #[derive(Debug)]
    /// # struct Uploads;
    /// # impl Rejector for Uploads {
    /// #     fn name(&self) -> &str { "uploads" }
    /// # }
    /// let reject = |policy, code| Rejection::new(policy, code, Arc::new(Uploads), 1, None);
    /// let cut_off = reject(Policy::Timeout, ErrorCode::TIMEOUT_ERROR);
    /// assert!(cut_off.ran());
    /// assert_eq!(cut_off.to_string(), "timeout `uploads` cut off the call");
    /// assert!(!reject(Policy::Bulkhead, ErrorCode::CONCURRENCY_LIMIT_ERROR).ran());
    /// ```
    #[must_use]
    pub fn ran(&self) -> bool {
        self.number.tag() & RAN != 0
    }

    /// Returns, in one line, what made the policy reject (the failure that opened a circuit), where
    /// that is still known.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("cause-example").failure_threshold(1).build()?;
    /// let _ = breaker.call(|| Err::<(), _>(std::io::Error::other("connection reset")));
    /// assert_eq!(breaker.try_acquire().unwrap_err().cause().as_deref(), Some("connection reset"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        self.rejector.cause(self.generation)
    }

    /// Returns the name of the state in which the policy rejected the call, for example `open`,
    /// where it has states and that one is still known.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitBreaker};
    ///
    /// let breaker = CircuitBreaker::builder("state-example").build()?;
    /// breaker.force_open();
    /// let rejection = breaker.try_acquire().unwrap_err();
    /// assert_eq!(rejection.state(), Some("forced_open"));
    /// let details = AppError::from(rejection).details().clone();
    /// assert_eq!((&details["circuit_breaker"], &details["state"]), (&"state-example".into(), &"forced_open".into()));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn state(&self) -> Option<&'static str> {
        self.rejector.state(self.generation)
    }

    /// Returns the details of an error that is made of this rejection: the policy and its name, the
    /// state, and the seconds to wait.
    pub(crate) fn details(&self) -> Map<String, Value> {
        if self.policy() == Policy::Chaos {
            return details::object(&mut [
                (CHAOS_DETAIL, Some(true.into())),
                ("guard", Some(redact::name(self.name()).into())),
            ]);
        }
        let state = self.state().map(Value::from);
        let wait = self
            .retry_after()
            .map(|wait| Value::from(wait.as_secs_f64()));
        details::object(&mut [
            (self.policy().name(), Some(redact::name(self.name()).into())),
            ("state", state),
            ("retry_after", wait),
        ])
    }

    /// Returns the identity of the opening of the circuit that rejected the call, where that is
    /// still known.
    ///
    /// All rejections of one opening share it, and the [`AppError`](crate::AppError) that is made
    /// of one has it as its own: so the id that a client gets leads to the record of the opening.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitBreaker};
    ///
    /// let breaker = CircuitBreaker::builder("opening-example").build()?;
    /// breaker.force_open();
    /// let rejection = breaker.try_acquire().unwrap_err();
    /// let opening = rejection.opening();
    /// assert!(opening.is_some());
    /// assert_eq!(breaker.try_acquire().unwrap_err().opening(), opening);
    /// assert_eq!(Some(AppError::from(rejection).id()), opening);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn opening(&self) -> Option<ErrorId> {
        self.rejector.opening(self.generation)
    }

    /// Returns `true` if it counts a reference to its policy.
    #[cfg(test)]
    pub(crate) fn is_counted(&self) -> bool {
        matches!(self.rejector, RejectorRef::Counted(_))
    }

    pub(crate) fn is_reported(&self) -> bool {
        self.reported.0.load(Ordering::Relaxed)
    }

    /// Marks the rejection as reported, and returns `true` if it was not before. Relaxed: the flag
    /// orders only itself.
    pub(crate) fn claim_report(&self) -> bool {
        !self.reported.0.swap(true, Ordering::Relaxed)
    }
}

impl Clone for Rejection {
    /// Copies for inspection: dropping the copy has no effect on the error that holds the rejection
    /// itself.
    fn clone(&self) -> Self {
        Self {
            number: RejectionNumber::unknown(self.number.tag()),
            code: self.code,
            rejector: self.rejector.clone(),
            generation: self.generation,
            retry_after: self.retry_after,
            reported: Reported::default(),
        }
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("policy", &self.policy())
            .field("name", &redact::name(self.name()))
            .field("code", &self.code)
            .field("retry_after", &self.retry_after())
            .field(
                "cause",
                &self.cause().map(|cause| redact::text(&cause).into_owned()),
            )
            .finish()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.policy() == Policy::Chaos {
            let name = redact::name(self.name());
            return write!(f, "fault injected by chaos at `{name}`");
        }
        let verb = if self.ran() { "cut off" } else { "rejected" };
        write!(
            f,
            "{} `{}` {verb} the call",
            self.policy(),
            redact::name(self.name())
        )?;
        match self.retry_after() {
            Some(Duration::ZERO) => f.write_str("; try again now"),
            Some(wait) => write!(f, "; try again in {wait:.1?}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Rejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        view::answer(self, view::Call::Source);
        None
    }
}

/// An error type that can carry a [`Rejection`]: every type with `From<Rejection>`.
///
/// It is the bound of calls by hand, so that the compiler reports what an error type lacks.
#[diagnostic::on_unimplemented(
    message = "the error type `{Self}` cannot carry a `Rejection`",
    label = "`{Self}` cannot say that the call was rejected",
    note = "needs `impl From<gardefou::Rejection> for {Self}` (with thiserror: a variant `Rejected(#[from] \
            gardefou::Rejection)`)"
)]
pub trait CarriesRejection: From<Rejection> {}

#[diagnostic::do_not_recommend]
impl<E: From<Rejection>> CarriesRejection for E {}

/// Makes an error of a type that is known to have `From<Rejection>` only where it is compiled: of
/// those that every program has.
///
/// # Errors
///
/// The rejection, where the type is another one.
#[inline]
pub(crate) fn carry_any<E: 'static>(rejection: Rejection) -> Result<E, Rejection> {
    fn carry<T: From<Rejection> + 'static, E: 'static>(
        rejection: Rejection,
    ) -> Result<E, Rejection> {
        let mut made = Some(T::from(rejection));
        let made: &mut dyn Any = &mut made;
        match made.downcast_mut::<Option<E>>().and_then(Option::take) {
            Some(error) => Ok(error),
            None => unreachable!("the types are equal"),
        }
    }

    let wanted = TypeId::of::<E>();
    if wanted == TypeId::of::<AppError>() {
        carry::<AppError, E>(rejection)
    } else if wanted == TypeId::of::<Box<dyn std::error::Error + Send + Sync>>() {
        carry::<Box<dyn std::error::Error + Send + Sync>, E>(rejection)
    } else if wanted == TypeId::of::<std::io::Error>() {
        carry::<std::io::Error, E>(rejection)
    } else if wanted == TypeId::of::<Rejection>() {
        carry::<Rejection, E>(rejection)
    } else {
        Err(rejection)
    }
}

impl From<Rejection> for std::io::Error {
    fn from(rejection: Rejection) -> Self {
        Self::other(rejection)
    }
}
