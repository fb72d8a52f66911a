//! Builder of retries.

#[cfg(feature = "config")]
use super::configurable::NamedSettings;
#[cfg(feature = "async")]
use super::handle::Timed;
use super::{
    backoff::{BackoffSetting, Setting},
    config::LONGEST_NAME,
    counts::RetryCounts,
    explicit::ExplicitSettings,
    handle::{Retry, Untimed},
    hooks::{FailedAttempt, Hooks},
    inner::{Budgeted, RetryInner, RetryTerms},
    jitter::JitterSetting,
};
#[cfg(feature = "config")]
use crate::overrides::{self, Configured, LivingGuard};
use crate::{
    budget::{BudgetSource, Payer},
    call::Attempt,
    error::ConfigError,
    event::{GuardName, LogLevel},
    name,
    revised::Revised,
    time::{Clock, SharedClock},
};
use std::{
    any::Any,
    borrow::Cow,
    marker::PhantomData,
    panic::Location,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// Builder of a [`Retry`]; each setter has the name of its key of `#[retry]`.
///
/// # Defaults
///
/// Those of [`RetryConfig`](super::RetryConfig), the budget of the process (see [`budget`](Self::budget)), and the
/// machine's clock.
///
/// # Examples
///
/// ```
/// use gardefou::retry::{Jitter, Retry};
/// use std::time::Duration;
///
/// let retry = Retry::builder()
///     .max_retries(5)
///     .initial_delay(Duration::from_millis(200))
///     .backoff_factor(1.5)
///     .max_delay(Duration::from_secs(10))
///     .jitter(Jitter::Equal)
///     .max_elapsed(Duration::from_secs(30))
///     .build()?;
/// assert_eq!(retry.call(|| Ok::<_, String>(42)), Ok(42));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until it is built"]
#[derive(Debug)]
pub struct RetryBuilder<A = Untimed> {
    settings: Settings,
    place: &'static Location<'static>,
    attempts: PhantomData<A>,
}

/// The settings of a builder, before defaults and rules.
#[derive(Debug, Default)]
struct Settings {
    name: Option<GuardName<Cow<'static, str>>>,
    explicit: ExplicitSettings,
    budget: Option<BudgetSource>,
    clock: SharedClock,
    hooks: Hooks,
}

impl Retry {
    /// Returns a builder with the defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    ///
    /// let retry = Retry::builder().max_retries(5).build()?;
    /// assert_eq!(retry.call(|| Ok::<_, String>("at once")), Ok("at once"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[track_caller]
    pub fn builder() -> RetryBuilder {
        RetryBuilder::new()
    }
}

impl RetryBuilder {
    #[track_caller]
    pub(super) fn new() -> Self {
        Self {
            settings: Settings::default(),
            place: Location::caller(),
            attempts: PhantomData,
        }
    }

    /// Limits how long each attempt may take; longer than zero, for the async forms.
    ///
    /// An attempt that takes longer is dropped, and its outcome is a
    /// [`Rejection`](crate::Rejection) with code `TIMEOUT_ERROR` (retried like any transient error)
    /// turned into the function's error type; for that reason the `Retry` that is built requires
    /// `E: From<Rejection>`, and has no blocking form. An attempt gets no more time than is left of
    /// `max_elapsed` and of the deadline around the call
    /// ([`call::remaining`](crate::call::remaining)).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, retry::{Backoff, Retry}};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let retry = Retry::builder().max_retries(1).attempt_timeout(Duration::from_secs(2)).build()?;
    /// let outcome = retry.call_async(|| std::future::pending::<Result<(), AppError>>()).await;
    /// assert!(outcome.unwrap_err().is(ErrorCode::TIMEOUT_ERROR));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub fn attempt_timeout(mut self, limit: Duration) -> RetryBuilder<Timed> {
        self.settings.explicit.attempt_timeout = Some(limit);
        RetryBuilder {
            settings: self.settings,
            place: self.place,
            attempts: PhantomData,
        }
    }
}

impl<A> RetryBuilder<A> {
    /// Sets the name that logs and events show: 1 to 100 printable bytes; `retry` by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    ///
    /// assert_eq!(Retry::builder().build()?.name(), "retry");
    /// assert_eq!(Retry::builder().name("fetch-page").build()?.name(), "fetch-page");
    /// assert!(Retry::builder().name("").build().is_err());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.settings.name = Some(GuardName(name.into()));
        self
    }

    /// Sets how often the function is called again after the first call: 3 by default, 0 for never.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::Retry, time::ManualClock};
    ///
    /// let mut runs = 0;
    /// let retry = Retry::builder().max_retries(2).clock(ManualClock::new()).build()?;
    /// let _ = retry.call(|| { runs += 1; Err::<(), _>("no") });
    /// assert_eq!(runs, 3);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.settings.explicit.max_retries = Some(retries);
        self
    }

    /// Sets how often the function is called in all, at least 1; to give `max_retries` as well is
    /// an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    ///
    /// assert_eq!(Retry::builder().max_attempts(2).build()?.config().max_attempts.get(), 2);
    /// let err = Retry::builder().max_attempts(2).max_retries(1).build().unwrap_err();
    /// assert_eq!(err.field(), "max_attempts");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.settings.explicit.max_attempts = Some(attempts);
        self
    }

    /// Sets the first delay; 0.5 s by default. Zero makes every delay zero, and starts no timer.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Jitter, Retry};
    /// use std::time::Duration;
    ///
    /// let retry = Retry::builder().initial_delay(Duration::from_secs(3)).jitter(Jitter::None).build()?;
    /// let delays: Vec<u64> = retry.config().backoff.delays().take(3).map(|delay| delay.as_secs()).collect();
    /// assert_eq!(delays, [3, 6, 12]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        self.settings.explicit.initial_delay = Some(delay);
        self
    }

    /// Sets by how much delays grow: a finite number of at least 1; 2.0 by default (3.0 for
    /// decorrelated delays).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    /// use std::time::Duration;
    ///
    /// let builder = Retry::builder().initial_delay(Duration::from_secs(1)).jitter(false);
    /// let retry = builder.backoff_factor(3.0).build()?;
    /// let delays: Vec<u64> = retry.config().backoff.delays().take(4).map(|delay| delay.as_secs()).collect();
    /// assert_eq!(delays, [1, 3, 9, 27]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn backoff_factor(mut self, factor: f64) -> Self {
        self.settings.explicit.backoff_factor = Some(factor);
        self
    }

    /// Sets the longest delay, jitter included; 60 s by default, or `initial_delay` where that is
    /// longer. Beside an `initial_delay` it must be at least that.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    /// use std::time::Duration;
    ///
    /// let builder = Retry::builder().initial_delay(Duration::from_secs(4)).jitter(false);
    /// let retry = builder.max_delay(Duration::from_secs(10)).build()?;
    /// let delays: Vec<u64> = retry.config().backoff.delays().take(4).map(|delay| delay.as_secs()).collect();
    /// assert_eq!(delays, [4, 8, 10, 10]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.settings.explicit.max_delay = Some(delay);
        self
    }

    /// Sets how delays are spread: `true` (the default) for full jitter, `false`, a fraction such
    /// as `0.2`, a name such as `"equal"`, or a [`Jitter`](super::Jitter).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Jitter, Retry};
    ///
    /// let with = |jitter: &str| Ok::<_, gardefou::ConfigError>(Retry::builder().jitter(jitter).build()?.config().clone());
    /// assert_eq!(&with("equal")?, Retry::builder().jitter(Jitter::Equal).build()?.config());
    /// assert_eq!(&with("none")?, Retry::builder().jitter(false).build()?.config());
    /// assert_eq!(with("some").unwrap_err().field(), "jitter");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn jitter(mut self, jitter: impl Into<JitterSetting>) -> Self {
        self.settings.explicit.jitter = Some(jitter.into().0);
        self
    }

    /// Sets how delays grow: a [`BackoffKind`](super::BackoffKind), its name as in `#[retry(backoff = "linear")]`, or a
    /// whole [`Backoff`](super::Backoff).
    ///
    /// The other setters of delays override the values of a `Backoff`, in whatever order they are
    /// called.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Backoff, Retry};
    /// use std::time::Duration;
    ///
    /// let whole = Retry::builder().backoff(Backoff::linear(Duration::from_secs(1)).seed(7)).build()?;
    /// let parts = Retry::builder().backoff("linear").initial_delay(Duration::from_secs(1)).seed(7).build()?;
    /// assert_eq!(whole.config(), parts.config());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn backoff(mut self, backoff: impl Into<BackoffSetting>) -> Self {
        match backoff.into().0 {
            Setting::Whole(backoff) => {
                let explicit = &mut self.settings.explicit;
                (explicit.backoff, explicit.kind) = (Some(backoff), None);
            }
            Setting::Kind(kind) => self.settings.explicit.kind = Some(kind),
        }
        self
    }

    /// Sets how much time may pass from the start of the first attempt to the start of the last;
    /// longer than zero, and unlimited by default.
    ///
    /// A wait that would end later is not begun: the error goes to the caller at once. An attempt
    /// that runs is not cut off, unless `attempt_timeout` is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::Retry, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let builder = Retry::builder().max_retries(10).initial_delay(Duration::from_secs(1)).jitter(false);
    /// let retry = builder.max_elapsed(Duration::from_secs(5)).clock(ManualClock::new()).build()?;
    /// let mut runs = 0;
    /// let outcome = retry.call(|| { runs += 1; Err::<(), _>("busy") });
    /// assert_eq!((outcome, runs), (Err("busy"), 3)); // after 0 s, 1 s and 3 s; the next wait would end after 7 s
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_elapsed(mut self, limit: Duration) -> Self {
        self.settings.explicit.max_elapsed = Some(limit);
        self
    }

    /// Sets whether calls are timed, for a histogram of their durations, waits included, in
    /// [metrics](crate::guide::metrics). It decides nothing.
    ///
    /// A timed call reads the clock twice, which costs several times the rest of a call whose first
    /// attempt succeeds.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    ///
    /// let retry = Retry::builder().name("fetch").timed(true).build()?;
    /// assert!(retry.config().timed);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn timed(mut self, timed: bool) -> Self {
        self.settings.explicit.timed = timed;
        self
    }

    /// Sets the predicate that decides whether an error of type `E` is retried, in place of its
    /// class.
    ///
    /// One predicate can be set for each error type; the last one set for a type counts. Errors of
    /// other types are classified by their class: permanent ones are not retried. The rejection of
    /// an inner policy (an open circuit) is never retried, whatever the predicate returns. For a
    /// predicate that sees the whole outcome there is [`Retry::call_while`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::Retry, time::ManualClock};
    /// use std::io;
    ///
    /// let retry = Retry::builder()
    ///     .retry_if(|error: &io::Error| error.kind() == io::ErrorKind::WouldBlock)
    ///     .clock(ManualClock::new())
    ///     .build()?;
    /// let mut runs = 0;
    /// let outcome = retry.call(|| {
    ///     runs += 1;
    ///     Err::<(), _>(io::Error::from(io::ErrorKind::InvalidData))
    /// });
    /// assert!(outcome.is_err());
    /// assert_eq!(runs, 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn retry_if<E: 'static>(
        mut self,
        predicate: impl Fn(&E) -> bool + Send + Sync + 'static,
    ) -> Self {
        let predicate = move |error: &dyn Any| error.downcast_ref().map(&predicate);
        self.settings.hooks.predicates.push(Box::new(predicate));
        self
    }

    /// Sets a function that computes the delay after an error of type `E`, in place of the backoff
    /// and its jitter.
    ///
    /// It is called with the attempt that failed and its error, where another attempt may follow,
    /// and returns a [`Duration`], or an `Option` of one whose `None` leaves this delay to the
    /// backoff. The delay is used as it is, up to [`max_delay`](Self::max_delay); an error with a
    /// wait (`retry_after()`) is still waited for at least that long. Zero starts no timer.
    ///
    /// One function can be set for each error type; the last one set for a type counts. Errors of
    /// other types, and values that a predicate of [`Retry::call_while`] refuses, have the delays
    /// of the backoff.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::{Attempt, Retry}, time::{Clock, ManualClock}};
    /// use std::{io, time::Duration};
    ///
    /// let clock = ManualClock::new();
    /// let retry = Retry::builder()
    ///     .max_retries(2)
    ///     .jitter(false)
    ///     .delay(|attempt: Attempt, error: &io::Error| match error.kind() {
    ///         io::ErrorKind::WouldBlock => Some(Duration::from_millis(10)),
    ///         io::ErrorKind::ConnectionRefused => Some(Duration::from_secs(5) * (attempt.index + 1)),
    ///         _ => None,
    ///     })
    ///     .clock(clock.clone())
    ///     .build()?;
    /// assert!(retry.call(|| Err::<(), _>(io::Error::from(io::ErrorKind::ConnectionRefused))).is_err());
    /// assert_eq!(clock.now().since(Default::default()), Duration::from_secs(5 + 10));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn delay<E: 'static, D: Into<Option<Duration>>>(
        mut self,
        delay: impl Fn(Attempt, &E) -> D + Send + Sync + 'static,
    ) -> Self {
        let delay =
            move |attempt, error: &dyn Any| Some(delay(attempt, error.downcast_ref()?).into());
        self.settings.hooks.delays.push(Box::new(delay));
        self
    }

    /// Sets a callback for each failed attempt that another one follows, called before the wait.
    ///
    /// It runs on the thread that called. A panic in it is contained and logged; the retry goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::{FailedAttempt, Next, Retry}, time::ManualClock};
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (log, logged) = mpsc::channel();
    /// let retry = Retry::builder()
    ///     .jitter(false)
    ///     .on_retry(move |failed: &FailedAttempt<'_>| log.send((failed.index, failed.next)).unwrap())
    ///     .clock(ManualClock::new())
    ///     .build()?;
    /// let mut answers = [Err("busy"), Ok(200)].into_iter();
    /// assert_eq!(retry.call(|| answers.next().unwrap()), Ok(200));
    /// assert_eq!(logged.try_iter().collect::<Vec<_>>(), [(0, Next::Wait(Duration::from_millis(500)))]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn on_retry(
        mut self,
        callback: impl Fn(&FailedAttempt<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.settings.hooks.on_retry = Some(Box::new(callback));
        self
    }

    /// Sets a callback for the failed attempt that no other one follows, for whatever reason.
    ///
    /// It runs on the thread that called. A panic in it is contained and logged.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::event::StopReason;
    /// use gardefou::retry::{FailedAttempt, Retry};
    ///
    /// let retry = Retry::builder()
    ///     .max_attempts(1)
    ///     .on_give_up(|failed: &FailedAttempt<'_>| assert_eq!(failed.stop, Some(StopReason::Exhausted)))
    ///     .build()?;
    /// assert_eq!(retry.call(|| Err::<(), _>("no")), Err("no"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn on_give_up(
        mut self,
        callback: impl Fn(&FailedAttempt<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.settings.hooks.on_give_up = Some(Box::new(callback));
        self
    }

    /// Sets the budget that retries take tokens from: a [`RetryBudget`](super::RetryBudget), the
    /// name of one that the whole process shares, or `false` for none.
    ///
    /// The default, also written `true`, is one budget for the whole process: 20 % of the calls and
    /// 10 retries a second, and 100 of them at once. In a test scope it is the scope's; a retry
    /// with a [`clock`](Self::clock) of its own has one of its own, which its clones share.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::{Retry, RetryBudget}, time::ManualClock};
    ///
    /// let empty = RetryBudget::builder().burst(0).floor(0).build()?;
    /// let retry = Retry::builder().budget(&empty).clock(ManualClock::new()).build()?;
    /// let mut runs = 0;
    /// assert!(retry.call(|| { runs += 1; Err::<(), _>("down") }).is_err());
    /// assert_eq!(runs, 1);
    ///
    /// let by_name = Retry::builder().budget("budget-setter-example").build()?;
    /// assert!(by_name.budget().unwrap().is_same_as(&RetryBudget::named("budget-setter-example")?));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn budget(mut self, budget: impl Into<BudgetSource>) -> Self {
        self.settings.budget = Some(budget.into());
        self
    }

    /// Replaces the clock on which delays are waited for and time is measured.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::Retry, time::{Clock, ManualClock}};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let start = clock.now();
    /// let retry = Retry::builder().jitter(false).clock(clock.clone()).build()?;
    /// assert!(retry.call(|| Err::<(), _>("busy")).is_err());
    /// assert_eq!(clock.now().since(start), Duration::from_millis(500 + 1000 + 2000));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = SharedClock::new(clock);
        self
    }

    /// Sets the level of the log lines between attempts; by default [`Warn`](LogLevel::Warn) after
    /// an error, and [`Debug`](LogLevel::Debug) after a value that a predicate refuses, for example
    /// in a loop that polls.
    ///
    /// The line after the last attempt has its own level.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{event::LogLevel, retry::Retry};
    ///
    /// let poll = Retry::builder().name("wait-for-job").max_retries(600).log_level(LogLevel::Trace).build()?;
    /// assert_eq!(poll.name(), "wait-for-job");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.settings.explicit.log_level = Some(level);
        self
    }

    /// Sets the seed of the jitter, which is then the same for every call, for tests.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    ///
    /// let delays = |seed| {
    ///     let retry = Retry::builder().seed(seed).build()?;
    ///     Ok::<_, gardefou::ConfigError>(retry.config().backoff.delays().take(5).collect::<Vec<_>>())
    /// };
    /// assert_eq!(delays(7)?, delays(7)?);
    /// assert_ne!(delays(7)?, delays(8)?);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.explicit.seed = Some(seed);
        self
    }

    /// Makes the retry.
    ///
    /// # Errors
    ///
    /// Every value that is out of its range, and `max_attempts` beside `max_retries`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    /// use std::time::Duration;
    ///
    /// let err = Retry::builder()
    ///     .max_attempts(0)
    ///     .backoff_factor(f64::NAN)
    ///     .jitter(1.5)
    ///     .max_elapsed(Duration::ZERO)
    ///     .build()
    ///     .unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["max_attempts", "backoff_factor", "jitter", "max_elapsed"]);
    /// ```
    pub fn build(self) -> Result<Retry<A>, ConfigError> {
        let settings = self.settings;
        let name = settings.name.clone();
        let name = name.unwrap_or(GuardName(Cow::Borrowed("retry")));
        let mut problems = Vec::from_iter(name::problem("name", &name, LONGEST_NAME));
        #[cfg(feature = "config")]
        let (code, configured) = {
            let code = NamedSettings::new(&name, settings.explicit.clone());
            // A retry without a name is in no section.
            let configured = match &settings.name {
                Some(name) => overrides::configured(name, &code),
                None => Configured::unchanged(&code),
            };
            (code, configured)
        };
        #[cfg(feature = "config")]
        let explicit = &configured.builder.explicit;
        #[cfg(not(feature = "config"))]
        let explicit = &settings.explicit;
        let config = explicit.resolve(&mut problems);
        let source = settings.budget.unwrap_or_default();
        let budget = source.resolve(&settings.clock).unwrap_or_else(|problem| {
            problems.push(problem);
            Payer::NONE
        });
        if let Some(problem) = ConfigError::join(problems) {
            return Err(problem);
        }
        let log_level = explicit.log_level;
        let counts = RetryCounts::new(&name, config.timed);
        let inner = Arc::new(RetryInner {
            name,
            terms: Revised::new(RetryTerms::new(config, log_level, self.place)),
            hooks: settings.hooks,
            clock: settings.clock,
            #[cfg(feature = "config")]
            place: self.place,
            warned_of_nesting: AtomicBool::new(false),
            counts,
        });
        #[cfg(feature = "config")]
        if settings.name.is_some() {
            overrides::remember(LivingGuard::new(&inner.name, code, configured, &inner));
        }
        Ok(Retry::new(Budgeted { inner, budget }))
    }
}
