//! Builder of bulkheads.

use super::{
    config::{BulkheadConfig, PartialConfig},
    handle::Bulkhead,
    inner::Inner,
    registry::bulkheads,
};
#[cfg(feature = "config")]
use crate::overrides::{self, Configured, LivingGuard};
use crate::{
    error::ConfigError,
    event::GuardName,
    keyed::{MAX_KEYS, check_max_keys, without_keys},
    name,
    time::{Clock, SharedClock},
};
#[cfg(feature = "config")]
use std::sync::Arc;
use std::{panic::Location, time::Duration};

/// Builder of a [`Bulkhead`]. Settings that are not set have the defaults of [`BulkheadConfig`].
///
/// The limit that a callee can bear is its throughput times its latency (Little's law): a callee
/// that answers 200 calls a second in 50 ms each has 10 calls in flight. Twice that number leaves
/// room for bursts, and still ends a pile-up early.
///
/// # Examples
///
/// ```
/// use gardefou::bulkhead::Bulkhead;
/// use std::time::Duration;
///
/// let payments = Bulkhead::builder("payments")
///     .max_concurrent(20)
///     .max_wait(Duration::from_millis(100))
///     .build()?;
/// assert_eq!(payments.config().max_queue, 20, "as many as may run");
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct BulkheadBuilder {
    name: GuardName<String>,
    /// Whether [`name`](Self::name) was called: an attribute with a name of its own shares.
    is_renamed: bool,
    settings: PartialConfig,
    clock: Option<SharedClock>,
    max_keys: Option<u32>,
    place: &'static Location<'static>,
}

impl BulkheadBuilder {
    #[track_caller]
    pub(super) fn new(name: String) -> Self {
        Self {
            name: GuardName(name),
            is_renamed: false,
            settings: PartialConfig::default(),
            clock: None,
            max_keys: None,
            place: Location::caller(),
        }
    }

    /// Replaces the name: 1 to 128 bytes of printable characters.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let search = Bulkhead::builder("search").name("search-eu").build()?;
    /// assert_eq!(search.name(), "search-eu");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = GuardName(name.into());
        self.is_renamed = true;
        self
    }

    /// Sets how many calls may run at once, 0 to 1,000,000; 16 by default. Zero rejects every call,
    /// also where calls may wait.
    ///
    /// With [`adaptive`](Self::adaptive) it is the limit to start with, and lies between
    /// [`min`](Self::min) and [`max`](Self::max).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let search = Bulkhead::builder("search").max_concurrent(2).build()?;
    /// let _running = (search.try_acquire()?, search.try_acquire()?);
    /// assert!(search.try_acquire().is_err());
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn max_concurrent(mut self, calls: u32) -> Self {
        self.settings.max_concurrent = Some(calls);
        self
    }

    /// Sets how long a call waits at most for a free slot; 0, no waiting, by default.
    ///
    /// A call whose deadline comes first waits no longer than that. Waiting calls are admitted in
    /// the order in which they came, whether they block a thread or a task.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{bulkhead::Bulkhead, time::{Clock, ManualClock, Tick}};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let wait = Duration::from_millis(100);
    /// let search = Bulkhead::builder("search").max_concurrent(1).max_wait(wait).clock(clock.clone()).build()?;
    /// let _running = search.acquire()?;
    /// assert!(search.acquire().is_err());
    /// assert_eq!(clock.now(), Tick::ZERO.after(wait), "it has waited");
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.settings.max_wait = Some(wait);
        self
    }

    /// Sets how many calls wait at most, 0 to 1,000,000; as many as [`max_concurrent`] by default,
    /// so that where all calls take the same time the last one waits for about two of them. Needs
    /// [`max_wait`](Self::max_wait).
    ///
    /// [`max_concurrent`]: Self::max_concurrent
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    /// use std::time::Duration;
    ///
    /// let search = Bulkhead::builder("search").max_wait(Duration::from_secs(1)).max_queue(4).build()?;
    /// assert_eq!(search.config().max_queue, 4);
    /// let problem = Bulkhead::builder("search").max_queue(4).build().unwrap_err();
    /// assert_eq!(problem.to_string(), "`max_queue` = 4: needs a `max_wait` above zero: without it no call waits");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_queue(mut self, calls: u32) -> Self {
        self.settings.max_queue = Some(calls);
        self
    }

    /// Sets whether the limit adapts to what becomes of the calls; it does not by default.
    ///
    /// The limit starts at [`max_concurrent`](Self::max_concurrent). While at least half of the slots
    /// are in use, each time that as many calls have succeeded as the limit is high, it grows by one,
    /// up to [`max`](Self::max). A call that fails as overload makes calls fail lowers it to nine
    /// tenths, down to [`min`](Self::min): by a timeout (its own, or that of a guard around it that
    /// drops its future), by a rejection further in, or by any other error of the class
    /// [`Transient`](crate::error::Class::Transient). Of the calls that ran at the same time only
    /// the first such failure lowers it. Permanent errors, errors of which nothing is known, panics
    /// and calls that their caller dropped change nothing: give the errors of your own types codes,
    /// for example by `#[derive(Coded)]`, or the limit only grows.
    ///
    /// This is additive increase and multiplicative decrease as TCP has it, with the constants of
    /// `AIMDLimit` in Netflix's concurrency-limits.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, bulkhead::Bulkhead};
    ///
    /// let search = Bulkhead::builder("search").adaptive(true).max_concurrent(10).build()?;
    /// let late = || Err::<(), _>(AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
    /// assert!(search.call(late).is_err());
    /// assert_eq!(search.snapshot().limit, 9);
    /// let mistake = || Err::<(), _>(AppError::new(ErrorCode::API_REQUEST_ERROR, "no such field"));
    /// assert!(search.call(mistake).is_err());
    /// assert_eq!(search.snapshot().limit, 9, "the callee is well");
    /// # Ok::<(), AppError>(())
    /// ```
    pub fn adaptive(mut self, adaptive: bool) -> Self {
        self.settings.adaptive = Some(adaptive);
        self
    }

    /// Sets the smallest limit of an [`adaptive`](Self::adaptive) bulkhead, 1 to
    /// [`max`](Self::max); 1 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let search = Bulkhead::builder("search").adaptive(true).min(15).build()?;
    /// for _ in 0..10 {
    ///     search.try_acquire()?.failure();
    /// }
    /// assert_eq!(search.snapshot().limit, 15);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn min(mut self, calls: u32) -> Self {
        self.settings.min = Some(calls);
        self
    }

    /// Sets the greatest limit of an [`adaptive`](Self::adaptive) bulkhead, [`min`](Self::min) to
    /// 1,000,000; 200 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let search = Bulkhead::builder("search").adaptive(true).max_concurrent(1).max(2).build()?;
    /// for _ in 0..10 {
    ///     search.try_acquire()?.success();
    /// }
    /// assert_eq!(search.snapshot().limit, 2);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn max(mut self, calls: u32) -> Self {
        self.settings.max = Some(calls);
        self
    }

    /// Sets whether it is measured how long each call holds its slot, for a histogram in
    /// [metrics](crate::guide::metrics). It decides nothing.
    ///
    /// A timed call reads the clock twice, and is counted to the microsecond, whatever became of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let reports = Bulkhead::builder("reports").timed(true).build()?;
    /// assert!(reports.config().timed);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn timed(mut self, timed: bool) -> Self {
        self.settings.timed = timed;
        self
    }

    /// Replaces the clock, on which waits are measured.
    ///
    /// On a simulated one, such as `ManualClock`, a wait takes no time: it moves the clock on by as
    /// long as the call waits at most, and then the call is rejected, unless another thread gave a
    /// slot back meanwhile. Futures wait on tokio's timer otherwise, which `tokio::time::pause()`
    /// rules.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{bulkhead::Bulkhead, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let hour = Duration::from_secs(3600);
    /// let search = Bulkhead::builder("search").max_concurrent(1).max_wait(hour).clock(ManualClock::new()).build()?;
    /// let _running = search.acquire()?;
    /// assert!(search.acquire().is_err(), "after an hour that has passed at once");
    /// assert_eq!(search.snapshot().longest_wait, hour);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(SharedClock::new(clock));
        self
    }

    /// Sets the clock, unless one is set.
    pub(super) fn clock_or(mut self, clock: SharedClock) -> Self {
        self.clock.get_or_insert(clock);
        self
    }

    /// Sets how many keys may have a bulkhead of their own, for
    /// [`build_keyed`](Self::build_keyed): 1 to 1,000,000, 10,000 unless set. See
    /// [`Keyed`](crate::keyed::Keyed) for what becomes of further keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let bulkheads = Bulkhead::builder("tenants").max_keys(500).build_keyed()?;
    /// assert_eq!(bulkheads.max_keys(), 500);
    /// let problem = Bulkhead::builder("tenants").max_keys(0).build_keyed().unwrap_err();
    /// assert_eq!(problem.to_string(), "`max_keys` = 0: must be from 1 to 1000000");
    /// assert!(Bulkhead::builder("tenants").max_keys(500).build().is_err(), "it has no keys");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_keys(mut self, keys: u32) -> Self {
        self.max_keys = Some(keys);
        self
    }

    /// Makes a bulkhead of its own, which shares nothing with others of its name.
    ///
    /// # Errors
    ///
    /// Every value that is out of its range, and a name that is empty, longer than 128 bytes or not
    /// printable.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let err = Bulkhead::builder("").adaptive(true).min(10).max(5).build().unwrap_err();
    /// let problems: Vec<_> = err.problems().map(ToString::to_string).collect();
    /// assert_eq!(problems, ["`name` = \"\": must not be empty", "`max` = 5: must be 10 to 1000000"]);
    /// ```
    pub fn build(self) -> Result<Bulkhead, ConfigError> {
        let config = without_keys(self.max_keys, self.resolve())?;
        let clock = self.clock.unwrap_or_default();
        Ok(Bulkhead::from_inner(Inner::new(
            self.name.0.into(),
            config,
            clock,
        )))
    }

    /// Makes the bulkhead that has the name in the whole process, or returns it where it was made
    /// already. Inside of a test scope it is that of the scope.
    ///
    /// If it was configured otherwise, the first configuration stays, and a warning is logged that
    /// names the difference.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let here = Bulkhead::builder("shared-example").max_concurrent(2).build_shared()?;
    /// let there = Bulkhead::builder("shared-example").max_concurrent(9).build_shared()?;
    /// let _running = here.try_acquire()?;
    /// assert_eq!((there.snapshot().in_flight, there.config().max_concurrent), (1, 2));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn build_shared(self) -> Result<Bulkhead, ConfigError> {
        let place = self.place;
        #[cfg(feature = "config")]
        {
            let (this, code, configured) = self.configured();
            let made = this.build()?;
            let shared = bulkheads().get_or_insert(made.clone(), place);
            if Arc::ptr_eq(&shared.0, &made.0) {
                let name = shared.name();
                overrides::remember(LivingGuard::new(name, code, configured, &shared.0));
            }
            Ok(shared)
        }
        #[cfg(not(feature = "config"))]
        Ok(bulkheads().get_or_insert(self.build()?, place))
    }

    /// Makes the bulkhead of a call site: the shared one of the name that was set, or else one of its
    /// own.
    pub(crate) fn build_for_site(self) -> Result<Bulkhead, ConfigError> {
        if self.is_renamed {
            self.build_shared()
        } else {
            self.build()
        }
    }

    /// Returns a builder with the settings that a file can replace.
    #[cfg(feature = "config")]
    fn for_configuration(&self) -> Self {
        Self {
            clock: None,
            ..self.clone()
        }
    }

    /// Returns this builder with the settings of another one.
    #[cfg(feature = "config")]
    pub(super) fn with_settings_of(mut self, other: &Self) -> Self {
        self.settings = other.settings.clone();
        self
    }

    /// Returns this builder with the settings of the configuration in force.
    #[cfg(feature = "config")]
    pub(super) fn configured(self) -> (Self, Self, Configured<Self>) {
        let code = self.for_configuration();
        let configured = overrides::configured(&self.name, &code);
        let builder = self.with_settings_of(&configured.builder);
        (builder, code, configured)
    }

    /// Unsets the bounds of a limit that adapts.
    #[cfg(feature = "config")]
    pub(super) fn unset_bounds(&mut self) {
        (self.settings.min, self.settings.max) = (None, None);
    }

    pub(super) fn is_renamed(&self) -> bool {
        self.is_renamed
    }

    /// Returns the name by which the whole process shares the bulkhead of a call site, if it was given
    /// one.
    pub(crate) fn shared_name(&self) -> Option<&str> {
        Some(&*self.name.0).filter(|_| self.is_renamed)
    }

    pub(super) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// Returns the name, the clock if one is set, and the bound on the number of keys.
    pub(super) fn into_keyed_parts(self) -> (String, SharedClock, u32) {
        let clock = self.clock.unwrap_or_default();
        (self.name.0, clock, self.max_keys.unwrap_or(MAX_KEYS))
    }

    pub(crate) fn resolve(&self) -> Result<BulkheadConfig, ConfigError> {
        let mut problems = Vec::from_iter(name::problem("name", &self.name, LONGEST_NAME));
        let config = self.settings.resolve(&mut problems);
        problems.extend(self.max_keys.and_then(check_max_keys));
        ConfigError::join(problems).map_or(Ok(config), Err)
    }
}

const LONGEST_NAME: usize = 128;
