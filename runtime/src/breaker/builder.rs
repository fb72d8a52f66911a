//! Builder of circuit breakers.

use super::{
    config::BreakerConfig,
    control::ManualControl,
    handle::CircuitBreaker,
    partial_config::{PartialConfig, check_name},
    shell::Shell,
};
#[cfg(feature = "fleet")]
use crate::store_loss::StoreLoss;
use crate::{
    error::ConfigError,
    event::{BreakerEvent, BreakerEventKind, Event, GuardName, Observer},
    keyed::{KeyedName, MAX_KEYS, check_max_keys, without_keys},
    rng::Rng,
    time::{Clock, SharedClock},
};
use std::{fmt, panic::Location, sync::Arc, time::Duration};

/// Builder of a [`CircuitBreaker`]. Settings that are not set have the defaults of
/// [`BreakerConfig`].
///
/// # Examples
///
/// ```
/// use gardefou::breaker::CircuitBreaker;
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::builder("search")
///     .time_window(Duration::from_secs(30))
///     .failure_rate(0.3)
///     .min_calls(20)
///     .build()?;
/// assert_eq!(breaker.name(), "search");
///
/// let wrong = CircuitBreaker::builder("").failure_threshold(0).build().unwrap_err();
/// assert_eq!(wrong.to_string(), "`name` = \"\": must not be empty; `failure_threshold` = 0: must be at least 1");
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct BreakerBuilder {
    name: GuardName<String>,
    pub(super) settings: PartialConfig,
    /// The state in which a configuration file holds the circuit.
    #[cfg(feature = "config")]
    pub(super) held: Option<super::configurable::Held>,
    /// Whether this changes a breaker that exists.
    is_change: bool,
    clock: Option<SharedClock>,
    seed: Option<u64>,
    controls: Vec<ManualControl>,
    on_transition: Hooks,
    max_keys: Option<u32>,
    place: &'static Location<'static>,
}

/// What is called with each change of state.
#[derive(Clone, Default)]
struct Hooks(Vec<Arc<dyn Observer>>);

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}

impl CircuitBreaker {
    /// Returns a builder of a breaker of its own, which is in no registry.
    ///
    /// The name is 1 to 128 bytes of printable characters; that and all other rules are checked by
    /// [`build`](BreakerBuilder::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let (first, second) = (CircuitBreaker::builder("twin").build()?, CircuitBreaker::builder("twin").build()?);
    /// first.force_open();
    /// assert_eq!(second.state(), CircuitState::Closed, "equal names share nothing outside of a registry");
    /// assert!(CircuitBreaker::builder("").build().is_err());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[track_caller]
    pub fn builder(name: impl Into<String>) -> BreakerBuilder {
        BreakerBuilder::new(name.into())
    }

    /// Changes the configuration while the breaker is in use. State, counts, calls in flight and as
    /// much of the window as fits are kept; an open time that runs already ends when it was to end.
    ///
    /// The settings that `change` makes replace earlier ones; all others stay, and those that were
    /// never set follow their defaults, for example `max_recovery_timeout` follows
    /// `recovery_timeout`. Of two windows the last one holds.
    /// [`no_window`](BreakerBuilder::no_window), [`no_slow_call`](BreakerBuilder::no_slow_call) and
    /// [`no_failure_threshold`](BreakerBuilder::no_failure_threshold) unset; a
    /// [`control`](BreakerBuilder::control) is added. Name, clock, seed and the hooks of
    /// [`on_transition`](BreakerBuilder::on_transition) cannot be changed.
    ///
    /// `change` runs under no lock, and its result is applied in one step: of two threads that
    /// change different settings at once neither undoes what the other did, nor does a change
    /// within a change.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every rule that the result breaks, and for a clock, a seed or a hook; the
    /// breaker then goes on as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("reconfigure-example").build()?;
    /// breaker.reconfigure(|now| now.failure_threshold(3))?;
    /// assert_eq!(breaker.config().failure_threshold, Some(3));
    /// assert_eq!(breaker.reconfigure(|now| now.failure_threshold(0)).unwrap_err().field(), "failure_threshold");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn reconfigure(
        &self,
        change: impl FnOnce(BreakerBuilder) -> BreakerBuilder,
    ) -> Result<(), ConfigError> {
        change(BreakerBuilder::of_change(self.name().to_owned())).apply_to(self)
    }
}

impl BreakerBuilder {
    #[track_caller]
    pub(super) fn new(name: String) -> Self {
        Self {
            name: GuardName(name),
            settings: PartialConfig::default(),
            #[cfg(feature = "config")]
            held: None,
            is_change: false,
            clock: None,
            seed: None,
            controls: Vec::new(),
            on_transition: Hooks::default(),
            max_keys: None,
            place: Location::caller(),
        }
    }

    /// Returns a builder of a change to a breaker that exists: it holds only the settings that
    /// change.
    fn of_change(name: String) -> Self {
        Self {
            is_change: true,
            ..Self::new(name)
        }
    }

    /// Sets how many failures in a row open the circuit; 5 unless a window is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(2).build()?;
    /// breaker.try_acquire()?.failure();
    /// assert_eq!(breaker.state(), CircuitState::Closed);
    /// breaker.try_acquire()?.failure();
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn failure_threshold(mut self, calls: u32) -> Self {
        self.settings.failure_threshold = Some(calls);
        self
    }

    /// Unsets `failure_threshold`: its default applies again, which is 5, or off where a window is
    /// set.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(2).build()?;
    /// breaker.reconfigure(|change| change.no_failure_threshold())?;
    /// assert_eq!(breaker.config().failure_threshold, Some(5));
    /// breaker.reconfigure(|change| change.count_window(50))?;
    /// assert_eq!(breaker.config().failure_threshold, None);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn no_failure_threshold(mut self) -> Self {
        self.settings.failure_threshold = None;
        self.settings.cleared.failure_threshold = true;
        self
    }

    /// Sets how long the circuit stays open before it admits probes; 60 s by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::{CircuitBreaker, CircuitState}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let builder = CircuitBreaker::builder("search").failure_threshold(1).clock(clock.clone());
    /// let breaker = builder.recovery_timeout(Duration::from_secs(5)).build()?;
    /// breaker.try_acquire()?.failure();
    /// clock.advance(Duration::from_millis(4999));
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// clock.advance(Duration::from_millis(1));
    /// assert_eq!(breaker.state(), CircuitState::HalfOpen);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn recovery_timeout(mut self, duration: Duration) -> Self {
        self.settings.recovery_timeout = Some(duration);
        self
    }

    /// Sets how many probes may run at once while the circuit is half-open; 2 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("search").half_open_max_calls(1).build()?;
    /// breaker.force_open();
    /// breaker.half_open()?;
    /// let probe = breaker.try_acquire()?;
    /// assert!(breaker.try_acquire().is_err(), "one probe at a time");
    /// drop(probe);
    /// assert!(breaker.try_acquire().is_ok());
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn half_open_max_calls(mut self, calls: u32) -> Self {
        self.settings.half_open_max_calls = Some(calls);
        self
    }

    /// Sets how many probes must succeed to close the circuit; 1 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let breaker = CircuitBreaker::builder("search").success_threshold(2).build()?;
    /// breaker.force_open();
    /// breaker.half_open()?;
    /// breaker.try_acquire()?.success();
    /// assert_eq!(breaker.state(), CircuitState::HalfOpen);
    /// breaker.try_acquire()?.success();
    /// assert_eq!(breaker.state(), CircuitState::Closed);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn success_threshold(mut self, calls: u32) -> Self {
        self.settings.success_threshold = Some(calls);
        self
    }

    /// Sets by what the open time grows each time that recovery fails, until the circuit closes; 1
    /// by default, up to 1000.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let builder = CircuitBreaker::builder("search").failure_threshold(1).clock(clock.clone());
    /// let breaker = builder.recovery_backoff(2.0).build()?;
    /// breaker.try_acquire()?.failure();
    /// clock.advance(Duration::from_secs(60));
    /// breaker.try_acquire()?.failure(); // the probe
    /// assert_eq!(breaker.snapshot().remaining, Some(Duration::from_secs(120)));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn recovery_backoff(mut self, factor: f64) -> Self {
        self.settings.recovery_backoff = Some(factor);
        self
    }

    /// Sets what the open time never exceeds, backoff and jitter included; one hour by default, or
    /// `recovery_timeout` where that is longer.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let builder = CircuitBreaker::builder("search").failure_threshold(1).clock(clock.clone());
    /// let breaker = builder.recovery_backoff(10.0).max_recovery_timeout(Duration::from_secs(90)).build()?;
    /// breaker.try_acquire()?.failure();
    /// clock.advance(Duration::from_secs(60));
    /// breaker.try_acquire()?.failure(); // the probe
    /// assert_eq!(breaker.snapshot().remaining, Some(Duration::from_secs(90)));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn max_recovery_timeout(mut self, duration: Duration) -> Self {
        self.settings.max_recovery_timeout = Some(duration);
        self
    }

    /// Sets how much of an open time, from 0 to 1, is at most added to it at random, so that many
    /// instances do not probe in step; 0 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let builder = CircuitBreaker::builder("search").failure_threshold(1).clock(ManualClock::new());
    /// let breaker = builder.recovery_jitter(0.5).build()?;
    /// breaker.try_acquire()?.failure();
    /// let open = breaker.snapshot().remaining.unwrap();
    /// assert!(open > Duration::from_secs(60) && open <= Duration::from_secs(90));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn recovery_jitter(mut self, fraction: f64) -> Self {
        self.settings.recovery_jitter = Some(fraction);
        self
    }

    /// Sets the limit of the half-open state; `recovery_timeout` by default.
    ///
    /// When it is over, the circuit opens again if a probe hangs (it began in the first half of
    /// that time and has not ended), and closes if probes ended in permanent errors and none failed
    /// or hung. Otherwise it stays half-open and goes on admitting probes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::{CircuitBreaker, CircuitState}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let builder = CircuitBreaker::builder("search").clock(clock.clone());
    /// let breaker = builder.half_open_timeout(Duration::from_secs(10)).build()?;
    /// breaker.force_open();
    /// breaker.half_open()?;
    /// let _hanging_probe = breaker.try_acquire()?;
    /// clock.advance(Duration::from_secs(10));
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn half_open_timeout(mut self, duration: Duration) -> Self {
        self.settings.half_open_timeout = Some(duration);
        self
    }

    /// Sets that rates are computed over the last so many calls, from 1 to 1,000,000; by default no
    /// rate is computed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("search").count_window(4).build()?;
    /// breaker.try_acquire()?.failure();
    /// for _ in 0..3 {
    ///     breaker.try_acquire()?.success();
    /// }
    /// assert_eq!(breaker.snapshot().failure_rate, Some(0.25));
    /// breaker.try_acquire()?.success();
    /// assert_eq!(breaker.snapshot().failure_rate, Some(0.0), "the failure has left the window");
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn count_window(mut self, calls: u32) -> Self {
        self.settings.count_window = Some(calls);
        if self.is_change {
            self.settings.time_window = None;
        }
        self
    }

    /// Sets that rates are computed over the calls of the last `duration`, at least 1 ms; the
    /// window slides in ten steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let builder = CircuitBreaker::builder("search").clock(clock.clone());
    /// let breaker = builder.time_window(Duration::from_secs(10)).build()?;
    /// breaker.try_acquire()?.failure();
    /// clock.advance(Duration::from_secs(9));
    /// assert_eq!(breaker.snapshot().window_calls, 1);
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(breaker.snapshot().window_calls, 0);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn time_window(mut self, duration: Duration) -> Self {
        self.settings.time_window = Some(duration);
        if self.is_change {
            self.settings.count_window = None;
        }
        self
    }

    /// Unsets the window, and with it `failure_rate` and `min_calls`: no failure rate is computed.
    /// For [`reconfigure`](CircuitBreaker::reconfigure).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("no-window-example").count_window(50).failure_rate(0.2).build()?;
    /// breaker.reconfigure(|change| change.no_window())?;
    /// assert_eq!((breaker.config().window, breaker.config().failure_threshold), (None, Some(5)));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn no_window(mut self) -> Self {
        (self.settings.count_window, self.settings.time_window) = (None, None);
        (self.settings.failure_rate, self.settings.min_calls) = (None, None);
        self.settings.cleared.window = true;
        self
    }

    /// Sets the share of failures in the window, above 0 and up to 1, at which the circuit opens;
    /// 0.5 where a window is set. Without a window it is computed over the last 100 calls.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let breaker = CircuitBreaker::builder("search").count_window(4).failure_rate(0.25).build()?;
    /// for _ in 0..3 {
    ///     breaker.try_acquire()?.success();
    /// }
    /// breaker.try_acquire()?.failure();
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn failure_rate(mut self, rate: f64) -> Self {
        self.settings.failure_rate = Some(rate);
        self
    }

    /// Sets how many calls the window must hold before its rates mean anything; 10 by default, or
    /// the whole count window where that is smaller.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let breaker = CircuitBreaker::builder("search").count_window(100).min_calls(3).build()?;
    /// breaker.try_acquire()?.failure();
    /// breaker.try_acquire()?.failure();
    /// assert_eq!((breaker.state(), breaker.snapshot().failure_rate), (CircuitState::Closed, None));
    /// breaker.try_acquire()?.failure();
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn min_calls(mut self, calls: u32) -> Self {
        self.settings.min_calls = Some(calls);
        self
    }

    /// Sets the duration above which a call is slow, also while it still runs; off by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let builder = CircuitBreaker::builder("search").clock(clock.clone());
    /// let breaker = builder.slow_call(Duration::from_secs(2)).build()?;
    /// for seconds in [2, 3] {
    ///     breaker.call(|| {
    ///         clock.advance(Duration::from_secs(seconds));
    ///         Ok::<_, AppError>(())
    ///     })?;
    /// }
    /// assert_eq!(breaker.snapshot().counts.slow, 1, "exactly the limit is not slow");
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn slow_call(mut self, duration: Duration) -> Self {
        self.settings.slow_call = Some(duration);
        self
    }

    /// Unsets `slow_call` and `slow_rate`: calls are not timed. For
    /// [`reconfigure`](CircuitBreaker::reconfigure).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    /// # use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::builder("search").slow_call(Duration::from_secs(2)).build()?;
    /// assert_eq!(breaker.config().slow_rate, Some(0.5));
    /// breaker.reconfigure(|change| change.no_slow_call())?;
    /// assert_eq!((breaker.config().slow_call, breaker.config().slow_rate), (None, None));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn no_slow_call(mut self) -> Self {
        (self.settings.slow_call, self.settings.slow_rate) = (None, None);
        self.settings.cleared.slow_call = true;
        self
    }

    /// Sets the share of slow calls in the window, above 0 and up to 1, at which the circuit opens;
    /// 0.5 where `slow_call` is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::{CircuitBreaker, CircuitState}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let builder = CircuitBreaker::builder("search").clock(clock.clone()).count_window(4);
    /// let breaker = builder.slow_call(Duration::from_secs(2)).slow_rate(0.25).build()?;
    /// for seconds in [0, 0, 0, 3] {
    ///     breaker.call(|| {
    ///         clock.advance(Duration::from_secs(seconds));
    ///         Ok::<_, AppError>(())
    ///     })?;
    /// }
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn slow_rate(mut self, rate: f64) -> Self {
        self.settings.slow_rate = Some(rate);
        self
    }

    /// Sets how long an asynchronous call must have been pending for its drop to count as a
    /// failure; 1 s by default.
    ///
    /// It counts only if no other call of the breaker succeeded between the first time that it was
    /// pending and its drop: clients that disconnect do not open a healthy circuit, a callee that
    /// hangs does. A success of another thread that ended less than a step of the coarse clock, 1 to
    /// 10 ms, before the call was pending counts as one between them.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let builder = CircuitBreaker::builder("search").clock(clock.clone());
    /// let breaker = builder.abandoned_after(Duration::from_secs(5)).build()?;
    /// for seconds in [4, 5] {
    ///     let permit = breaker.try_acquire()?;
    ///     clock.advance(Duration::from_secs(seconds));
    ///     drop(permit);
    /// }
    /// assert_eq!(breaker.snapshot().counts.abandoned, 1, "4 s were not long enough");
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn abandoned_after(mut self, duration: Duration) -> Self {
        self.settings.abandoned_after = Some(duration);
        self
    }

    /// Sets whether the breaker only counts and emits events, and never rejects.
    ///
    /// Calls that it admits although it is open are counted, but do not decide.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(1).shadow(true).build()?;
    /// breaker.try_acquire()?.failure();
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// assert!(breaker.try_acquire().is_ok());
    /// assert_eq!(breaker.snapshot().counts.rejected, 1, "it would have been");
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn shadow(mut self, shadow: bool) -> Self {
        self.settings.shadow = Some(shadow);
        self
    }

    /// Sets whether calls are timed, for a histogram of their durations in
    /// [metrics](crate::guide::metrics): by default only those of a breaker with a
    /// [`slow_call`](Self::slow_call) are. It decides nothing.
    ///
    /// A timed call reads the clock twice, which costs several times the rest of a closed circuit.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("search").timed(true).build()?;
    /// assert!(breaker.config().timed);
    /// assert_eq!(breaker.config().slow_call, None, "no call is slow");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn timed(mut self, timed: bool) -> Self {
        self.settings.timed = Some(timed);
        self
    }

    /// Sets whether the breaker shares its state with those of the same name in other processes; `false` by default.
    ///
    /// It joins the [fleet](crate::fleet) of the process, now or as soon as there is one. Without a fleet it is the same as
    /// any other breaker. Later only a [configuration file](crate::guide::configuration) changes it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("payments").shared(true).build()?;
    /// assert!(breaker.config().shared);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[cfg(feature = "fleet")]
    pub fn shared(mut self, shared: bool) -> Self {
        self.settings.shared = Some(shared);
        self
    }

    /// Sets what a [shared](Self::shared) breaker does while the store of its fleet does not answer;
    /// [`StoreLoss::Local`](super::StoreLoss::Local) by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, StoreLoss};
    ///
    /// let breaker = CircuitBreaker::builder("transfers")
    ///     .shared(true)
    ///     .on_store_loss(StoreLoss::Open)
    ///     .build()?;
    /// assert_eq!(breaker.config().on_store_loss, StoreLoss::Open);
    /// let alone = CircuitBreaker::builder("transfers").on_store_loss(StoreLoss::Open).build();
    /// assert!(alone.unwrap_err().to_string().contains("must come with `shared`"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[cfg(feature = "fleet")]
    pub fn on_store_loss(mut self, loss: StoreLoss) -> Self {
        self.settings.on_store_loss = Some(loss);
        self
    }

    /// Sets the clock; the system's by default. It cannot be changed later.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let breaker = CircuitBreaker::builder("search").clock(clock.clone()).build()?;
    /// let before = breaker.snapshot().taken_at;
    /// clock.advance(Duration::from_secs(3600));
    /// assert_eq!(breaker.snapshot().taken_at, before + Duration::from_secs(3600));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(SharedClock::new(clock));
        self
    }

    /// Sets the seed of the jitter, which makes the open times deterministic; random by default. It
    /// cannot be changed later.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitBreaker, time::ManualClock};
    ///
    /// let open_time = |seed| {
    ///     let builder = CircuitBreaker::builder("search").failure_threshold(1).clock(ManualClock::new());
    ///     let breaker = builder.recovery_jitter(1.0).seed(seed).build()?;
    ///     breaker.try_acquire()?.failure();
    ///     Ok::<_, AppError>(breaker.snapshot().remaining)
    /// };
    /// assert_eq!(open_time(7)?, open_time(7)?);
    /// assert_ne!(open_time(7)?, open_time(8)?);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Adds a manual control that the breaker shares with others; a breaker may have several.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState, ManualControl};
    ///
    /// let region = ManualControl::new();
    /// region.isolate();
    /// let breaker = CircuitBreaker::builder("search").control(&region).build()?;
    /// assert_eq!(breaker.state(), CircuitState::ForcedOpen);
    /// region.close();
    /// assert_eq!(breaker.state(), CircuitState::Closed);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn control(mut self, control: &ManualControl) -> Self {
        self.controls.push(control.clone());
        self
    }

    /// Calls `hook` with each change of state, as a [`Transition`](BreakerEventKind::Transition), for as
    /// long as the breaker lives. Each call adds another one.
    ///
    /// Changes come one after another, in the order in which they happened, on the thread whose call
    /// caused them, after every lock is released; a panic of the hook does not reach that call. A
    /// breaker of a registry that exists already keeps its own hooks;
    /// [`observe`](CircuitBreaker::observe) adds an observer to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, event::BreakerEventKind};
    /// use std::sync::{Arc, Mutex};
    ///
    /// let states = Arc::new(Mutex::new(Vec::new()));
    /// let seen = Arc::clone(&states);
    /// let breaker = CircuitBreaker::builder("search")
    ///     .on_transition(move |event| {
    ///         if let BreakerEventKind::Transition { to, .. } = event.kind {
    ///             seen.lock().unwrap().push(to.name());
    ///         }
    ///     })
    ///     .build()?;
    /// breaker.force_open();
    /// breaker.reset();
    /// assert_eq!(*states.lock().unwrap(), ["forced_open", "closed"]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn on_transition(
        mut self,
        hook: impl Fn(&BreakerEvent<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.on_transition
            .0
            .push(Arc::new(move |event: &Event<'_>| {
                if let Event::Breaker(event) = event
                    && let BreakerEventKind::Transition { .. } = event.kind
                {
                    hook(event);
                }
            }));
        self
    }

    /// Sets how many keys may have a breaker of their own, for
    /// [`build_keyed`](Self::build_keyed): 1 to 1,000,000, 10,000 unless set. See
    /// [`Keyed`](crate::keyed::Keyed) for what becomes of further keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breakers = CircuitBreaker::builder("tenants").max_keys(500).build_keyed()?;
    /// assert_eq!(breakers.max_keys(), 500);
    /// let problem = CircuitBreaker::builder("tenants").max_keys(0).build_keyed().unwrap_err();
    /// assert_eq!(problem.to_string(), "`max_keys` = 0: must be from 1 to 1000000");
    /// assert!(CircuitBreaker::builder("tenants").max_keys(500).build().is_err(), "it has no keys");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_keys(mut self, keys: u32) -> Self {
        self.max_keys = Some(keys);
        self
    }

    /// Makes a breaker of its own, which is in no registry.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every rule that the configuration breaks.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, circuit_breakers};
    ///
    /// let breaker = CircuitBreaker::builder("build-example").build()?;
    /// assert!(circuit_breakers().get(breaker.name()).is_none());
    /// let problem = CircuitBreaker::builder("build-example").failure_rate(1.5).build().unwrap_err();
    /// assert_eq!(problem.to_string(), "`failure_rate` = 1.5: must be above 0 and at most 1");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn build(self) -> Result<CircuitBreaker, ConfigError> {
        let config = self.resolve_single()?;
        Ok(self.build_resolved(config))
    }

    pub(super) fn build_resolved(mut self, config: BreakerConfig) -> CircuitBreaker {
        let name = KeyedName::from(std::mem::take(&mut self.name.0));
        self.build_named(name, config)
    }

    /// Builds a breaker of another name.
    pub(super) fn build_named(self, name: KeyedName, config: BreakerConfig) -> CircuitBreaker {
        let rng = self.seed.map_or_else(Rng::from_entropy, Rng::seeded);
        let clock = self.clock.unwrap_or_default();
        #[cfg(feature = "fleet")]
        let is_shared = config.shared;
        let shell = Shell::new(
            name,
            config,
            self.settings.explicit(),
            clock,
            rng,
            self.place,
        );
        let breaker = CircuitBreaker::from_shell(shell);
        for hook in self.on_transition.0 {
            breaker.shell().observers.add(hook);
        }
        // After the hooks: a control that isolates opens the circuit.
        self.controls
            .iter()
            .for_each(|control| control.join(breaker.shell()));
        #[cfg(feature = "fleet")]
        if is_shared {
            super::shared_breakers::announce(&breaker);
        }
        breaker
    }

    /// Sets the clock, unless one is set.
    pub(crate) fn clock_or(mut self, clock: &SharedClock) -> Self {
        self.clock.get_or_insert_with(|| clock.clone());
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    #[cfg(test)]
    pub(super) fn explicit(&self) -> super::partial_config::ExplicitSettings {
        self.settings.explicit()
    }

    pub(super) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    pub(super) fn hooks(&self) -> usize {
        self.on_transition.0.len()
    }

    pub(super) fn keys(&self) -> u32 {
        self.max_keys.unwrap_or(MAX_KEYS)
    }

    pub(super) fn shared_clock(&self) -> SharedClock {
        self.clock.clone().unwrap_or_default()
    }

    /// Changes a breaker that exists, in one step under its lock.
    fn apply_to(self, breaker: &CircuitBreaker) -> Result<(), ConfigError> {
        let fixed = [
            ("clock", self.clock.is_some()),
            ("seed", self.seed.is_some()),
            ("on_transition", !self.on_transition.0.is_empty()),
            ("max_keys", self.max_keys.is_some()),
            ("shared", self.settings.shared.is_some()),
        ];
        let fixed = fixed.into_iter().filter(|(_, is_set)| *is_set);
        let refused = |(field, _)| {
            ConfigError::new(field, "another", "must be set before the breaker is built")
        };
        let mut problems: Vec<_> = fixed.map(refused).collect();
        let now = breaker.shell().clock.now();
        breaker.shell().step(|locked| {
            let changed = PartialConfig::of(locked.machine.config(), locked.explicit)
                .changed_by(&self.settings);
            let config = changed.resolve(&mut problems);
            if problems.is_empty() {
                locked.explicit = changed.explicit();
                locked.machine.reconfigure_at(now, config);
            }
            ((), Default::default())
        });
        if let Some(problem) = ConfigError::join(problems) {
            return Err(problem);
        }
        self.controls
            .iter()
            .for_each(|control| control.join(breaker.shell()));
        Ok(())
    }

    pub(crate) fn resolve(&self) -> Result<BreakerConfig, ConfigError> {
        let mut problems = Vec::new();
        check_name(&self.name, &mut problems);
        let config = self.settings.resolve(&mut problems);
        problems.extend(self.max_keys.and_then(check_max_keys));
        ConfigError::join(problems).map_or(Ok(config), Err)
    }

    /// Returns the configuration of a breaker without keys.
    pub(super) fn resolve_single(&self) -> Result<BreakerConfig, ConfigError> {
        without_keys(self.max_keys, self.resolve())
    }
}
