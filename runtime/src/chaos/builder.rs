//! Builder of rules.

use super::{
    fault::Fault,
    handle::ChaosGuard,
    rule::{RuleConfig, TOLERANCE},
};
use crate::{
    error::{ConfigError, ErrorCode, Policy},
    event::GuardName,
    name, rng,
};
use std::time::Duration;

/// Begins a rule for the guards with this name. Attributes name their guards by `name = ".."`, or
/// after the function.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, chaos, with_circuit_breaker};
///
/// #[with_circuit_breaker(name = "inject-example")]
/// fn pay() -> Result<&'static str, AppError> {
///     Ok("paid")
/// }
///
/// let rule = chaos::inject("inject-example").error(1.0).start()?;
/// assert!(pay().is_err());
/// drop(rule);
/// assert!(pay().is_ok());
/// # Ok::<(), AppError>(())
/// ```
pub fn inject(name: impl Into<Box<str>>) -> Injection {
    Injection {
        name: GuardName(name.into()),
        policy: None,
        seed: None,
        faults: Vec::new(),
    }
}

/// A rule before its start: which guards, which faults, and the share of calls that get each.
///
/// Each call gets at most one fault. The kinds can be repeated, for example for errors of several
/// codes.
///
/// # Defaults
///
/// * `policy`: every guard with the name; where several of them are around one call, each is asked.
/// * `error`, `error_code`, `latency`, `hang`, `panic`: none; shares from 0 to 1, together at most
///   1, and at least one of them set.
/// * `seed`: random; [`RuleStatus::seed`](super::RuleStatus::seed) shows it.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, chaos, error::Policy};
/// use std::time::Duration;
///
/// let rule = chaos::inject("payments")
///     .policy(Policy::CircuitBreaker)
///     .error(0.1)
///     .error_code(ErrorCode::DB_CONNECTION_ERROR, 0.05)
///     .latency(0.2, Duration::from_millis(500))
///     .hang(0.01)
///     .panic(0.01)
///     .seed(7)
///     .start()?;
/// assert_eq!(rule.status().faults.len(), 5);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a rule does nothing before its start"]
pub struct Injection {
    name: GuardName<Box<str>>,
    policy: Option<Policy>,
    seed: Option<u64>,
    faults: Vec<(Fault, f64)>,
}

impl Injection {
    /// Limits the rule to guards of one kind. A fallback is of no kind.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitBreaker, chaos, error::Policy};
    ///
    /// let breaker = CircuitBreaker::builder("policy-limit").build()?;
    /// let _rule = chaos::inject("policy-limit").policy(Policy::Retry).error(1.0).start()?;
    /// assert!(breaker.call(|| Ok::<_, AppError>(())).is_ok(), "it is no retry");
    /// # Ok::<(), AppError>(())
    /// ```
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Makes a share of calls fail with the code `EXTERNAL_SERVICE_ERROR`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, breaker::CircuitBreaker, chaos};
    ///
    /// let breaker = CircuitBreaker::builder("error-share").build()?;
    /// let _rule = chaos::inject("error-share").error(1.0).start()?;
    /// let error = breaker.call(|| Ok::<_, AppError>(())).unwrap_err();
    /// assert!(error.is(ErrorCode::EXTERNAL_SERVICE_ERROR));
    /// assert_eq!(error.details()["chaos"], true);
    /// # Ok::<(), AppError>(())
    /// ```
    pub fn error(self, share: f64) -> Self {
        self.error_code(ErrorCode::EXTERNAL_SERVICE_ERROR, share)
    }

    /// Makes a share of calls fail with this code. Breakers and retries take the error for a
    /// transient failure, whatever the class of the code is.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, breaker::CircuitBreaker, chaos};
    ///
    /// let breaker = CircuitBreaker::builder("error-code").build()?;
    /// let _rule = chaos::inject("error-code").error_code(ErrorCode::DB_CONNECTION_ERROR, 1.0).start()?;
    /// let error = breaker.call(|| Ok::<_, AppError>(())).unwrap_err();
    /// assert!(error.is(ErrorCode::DB_CONNECTION_ERROR));
    /// # Ok::<(), AppError>(())
    /// ```
    pub fn error_code(self, code: ErrorCode, share: f64) -> Self {
        self.fault(Fault::Error(code), share)
    }

    /// Delays a share of calls. Async code waits by a timer, sync code blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitBreaker, chaos, time::{Clock, ManualClock}};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let start = clock.now();
    /// let breaker = CircuitBreaker::builder("latency").clock(clock.clone()).build()?;
    /// let _rule = chaos::inject("latency").latency(1.0, Duration::from_millis(500)).start()?;
    /// assert!(breaker.call(|| Ok::<_, AppError>(())).is_ok());
    /// assert_eq!(clock.now().since(start), Duration::from_millis(500));
    /// # Ok::<(), AppError>(())
    /// ```
    pub fn latency(self, share: f64, delay: Duration) -> Self {
        self.fault(Fault::Latency(delay), share)
    }

    /// Makes a share of calls hang: see [`Fault::Hang`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, chaos, time::{Clock, ManualClock}, timeout::Timeout};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let start = clock.now();
    /// let timeout = Timeout::builder("hang").limit(Duration::from_secs(2)).clock(clock.clone()).build()?;
    /// let _rule = chaos::inject("hang").hang(1.0).start()?;
    /// let error = timeout.call(|| Ok::<_, AppError>(())).unwrap_err();
    /// assert!(error.is(ErrorCode::TIMEOUT_ERROR));
    /// assert_eq!(clock.now().since(start), Duration::from_secs(2), "blocked until the deadline");
    /// # Ok::<(), AppError>(())
    /// ```
    pub fn hang(self, share: f64) -> Self {
        self.fault(Fault::Hang, share)
    }

    /// Makes a share of calls panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitBreaker, chaos};
    ///
    /// let breaker = CircuitBreaker::builder("panic").build()?;
    /// let _rule = chaos::inject("panic").panic(1.0).start()?;
    /// let call = || breaker.call(|| Ok::<_, AppError>(()));
    /// assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err());
    /// assert_eq!(breaker.snapshot().counts.failure, 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn panic(self, share: f64) -> Self {
        self.fault(Fault::Panic, share)
    }

    fn fault(mut self, fault: Fault, share: f64) -> Self {
        self.faults.push((fault, share));
        self
    }

    /// Sets the seed: the `n`-th call that the rule is asked about has the same fault each time.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitBreaker, chaos};
    ///
    /// let breaker = CircuitBreaker::builder("seed").failure_threshold(1000).build()?;
    /// let run = || -> Result<Vec<bool>, AppError> {
    ///     let _rule = chaos::inject("seed").error(0.5).seed(7).start()?;
    ///     Ok((0..100).map(|_| breaker.call(|| Ok::<_, AppError>(())).is_ok()).collect())
    /// };
    /// assert_eq!(run()?, run()?);
    /// # Ok::<(), AppError>(())
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Starts the rule, and logs that at WARN.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] with every problem: a name that is empty, longer than 128 bytes or
    /// not printable; no fault; shares that are not from 0 to 1, or together more than 1.
    ///
    /// # Examples
    ///
    /// ```
    /// let err = gardefou::chaos::inject("").error(0.8).hang(0.4).start().unwrap_err();
    /// let problems: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(problems, ["name", "shares"]);
    /// assert!(gardefou::chaos::inject("payments").start().is_err(), "there is no fault");
    /// ```
    pub fn start(self) -> Result<ChaosGuard, ConfigError> {
        self.build().map(ChaosGuard::start)
    }

    /// Checks the settings.
    pub(crate) fn build(self) -> Result<RuleConfig, ConfigError> {
        let mut problems: Vec<ConfigError> = name::problem("name", &self.name, LONGEST_NAME)
            .into_iter()
            .collect();
        if self.faults.is_empty() {
            let rule = "must have at least one of error, error_code, latency, hang, panic";
            problems.push(ConfigError::new("faults", "none", rule));
        }
        let mut sum = 0.0;
        let mut are_shares = true;
        for (fault, share) in &self.faults {
            if (0.0..=1.0).contains(share) {
                sum += share;
            } else {
                are_shares = false;
                let field = match fault {
                    Fault::Error(_) => "error",
                    Fault::Latency(_) => "latency",
                    Fault::Hang => "hang",
                    Fault::Panic => "panic",
                };
                problems.push(ConfigError::new(field, share, "must be from 0 to 1"));
            }
        }
        if are_shares && sum > 1.0 + TOLERANCE {
            problems.push(ConfigError::new(
                "shares",
                sum,
                "must be together at most 1",
            ));
        }
        if self.policy == Some(Policy::Chaos) {
            let rule = "must be a policy that guards calls";
            problems.push(ConfigError::new("policy", Policy::Chaos, rule));
        }
        match ConfigError::join(problems) {
            Some(err) => Err(err),
            None => Ok(RuleConfig {
                name: self.name,
                policy: self.policy,
                seed: self.seed.unwrap_or_else(rng::next_u64),
                faults: self.faults,
            }),
        }
    }
}

/// The longest name in bytes, as of guards.
const LONGEST_NAME: usize = 128;
