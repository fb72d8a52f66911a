//! Builder of rate limiters.

use super::{
    config::{LONGEST_NAME, RateLimiterConfig},
    handle::RateLimiter,
    inner::Settings,
    keyed::KeyedRecipe,
    rate::{Rate, RateSetting},
};
#[cfg(feature = "config")]
use crate::overrides::{self, Configured};
use crate::{
    error::ConfigError,
    event::GuardName,
    keyed::{MAX_KEYS, check_max_keys, without_keys},
    name,
    store_loss::StoreLoss,
    time::{Clock, SharedClock},
};
use std::time::Duration;

/// Builder of a [`RateLimiter`]. Settings that are not set have the defaults of
/// [`RateLimiterConfig`]; the rate must be set.
///
/// # Examples
///
/// ```
/// use gardefou::rate_limit::RateLimiter;
/// use std::time::Duration;
///
/// let limiter = RateLimiter::builder("search").rate("100/s").burst(20).max_wait(Duration::from_secs(1)).build()?;
/// assert_eq!((limiter.name(), limiter.config().burst), ("search", 20));
///
/// let wrong = RateLimiter::builder("").rate("100/s").burst(0).build().unwrap_err();
/// assert_eq!(wrong.to_string(), "`name` = \"\": must not be empty; `burst` = 0: must be at least 1");
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct RateLimiterBuilder {
    name: GuardName<String>,
    /// Whether [`name`](Self::name) has replaced the name of the constructor.
    is_named: bool,
    rate: Option<Result<Rate, ConfigError>>,
    burst: Option<u32>,
    max_wait: Duration,
    timed: bool,
    max_keys: Option<u32>,
    shared: bool,
    on_store_loss: Option<StoreLoss>,
    clock: Option<SharedClock>,
}

impl RateLimiter {
    /// Returns a builder of a limiter.
    ///
    /// The name is 1 to 128 bytes of printable characters; that and all other rules are checked by
    /// [`build`](RateLimiterBuilder::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    ///
    /// let limiter = RateLimiter::builder("search").rate("100/s").build()?;
    /// assert_eq!(limiter.name(), "search");
    /// assert_eq!(RateLimiter::builder("search").build().unwrap_err().field(), "rate");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder(name: impl Into<String>) -> RateLimiterBuilder {
        RateLimiterBuilder {
            name: GuardName(name.into()),
            is_named: false,
            rate: None,
            burst: None,
            max_wait: Duration::ZERO,
            timed: false,
            max_keys: None,
            shared: false,
            on_store_loss: None,
            clock: None,
        }
    }
}

impl RateLimiterBuilder {
    /// Replaces the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    ///
    /// let limiter = RateLimiter::builder("locate").name("geocoder").rate("10/s").build()?;
    /// assert_eq!(limiter.name(), "geocoder");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = GuardName(name.into());
        self.is_named = true;
        self
    }

    /// Returns the name by which the whole process shares the limiter of a call site, if it was given
    /// one.
    pub(crate) fn shared_name(&self) -> Option<&str> {
        Some(&*self.name.0).filter(|_| self.is_named)
    }

    /// Returns a builder with the settings that a file can replace.
    #[cfg(feature = "config")]
    pub(super) fn for_configuration(&self) -> Self {
        Self {
            clock: None,
            ..self.clone()
        }
    }

    /// Returns this builder with the settings of another one.
    #[cfg(feature = "config")]
    pub(super) fn with_settings_of(mut self, other: &Self) -> Self {
        self.rate.clone_from(&other.rate);
        (self.burst, self.max_wait) = (other.burst, other.max_wait);
        self.timed = other.timed;
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

    pub(super) fn is_named(&self) -> bool {
        self.is_named
    }

    /// Sets how many calls are let through in which time: a [`Rate`], or its text, for example
    /// `"100/s"` or `"1/500ms"`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::{Rate, RateLimiter};
    ///
    /// let by_text = RateLimiter::builder("search").rate("600/m").build()?;
    /// let by_value = RateLimiter::builder("search").rate(Rate::per_minute(600)).build()?;
    /// assert_eq!(by_text.config(), by_value.config());
    ///
    /// let wrong = RateLimiter::builder("search").rate("600 per minute").build().unwrap_err();
    /// assert_eq!((wrong.field(), wrong.value()), ("rate", "\"600 per minute\""));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn rate(mut self, rate: impl Into<RateSetting>) -> Self {
        self.rate = Some(rate.into().0);
        self
    }

    /// Sets how many calls are let through at once after a quiet time, at least 1; the count of the
    /// rate by default.
    ///
    /// After a burst, calls are let through one by one at the rate: 1 spaces them evenly.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::RateLimiter, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let limiter = RateLimiter::builder("search").rate("10/s").burst(2).clock(clock.clone()).build()?;
    /// let three = || [(); 3].map(|()| limiter.try_acquire().is_ok());
    /// assert_eq!(three(), [true, true, false]);
    /// clock.advance(Duration::from_millis(100));
    /// assert_eq!(three(), [true, false, false]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn burst(mut self, calls: u32) -> Self {
        self.burst = Some(calls);
        self
    }

    /// Sets how long a call may wait for its permit; zero by default, which rejects at once.
    ///
    /// A call whose wait would be longer, or would end after the [deadline](crate::call::remaining)
    /// of the call around it, is rejected at once and takes no permit.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, rate_limit::RateLimiter, time::{Clock, ManualClock, Tick}};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let builder = RateLimiter::builder("search").rate("1/s").clock(clock.clone());
    /// let limiter = builder.max_wait(Duration::from_secs(5)).build()?;
    /// for _ in 0..3 {
    ///     limiter.call(|| Ok::<_, AppError>(()))?;
    /// }
    /// assert_eq!(clock.now(), Tick::ZERO.after(Duration::from_secs(2)));
    /// # Ok::<(), AppError>(())
    /// ```
    pub fn max_wait(mut self, duration: Duration) -> Self {
        self.max_wait = duration;
        self
    }

    /// Sets whether the limiter shares its rate with those of the same name in other processes; `false` by default.
    ///
    /// It joins the [fleet](crate::fleet) of the process, now or as soon as there is one. The rate and the burst are then
    /// those of all instances together, and calls use permits that the instance took from the store before. Without a fleet
    /// it is the same as any other limiter. A shared limiter rejects at once: it has no [`max_wait`](Self::max_wait), since
    /// no permit of a fleet can be reserved ahead, and the `retry_after` of its rejections is an estimate.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    /// use std::time::Duration;
    ///
    /// let builder = RateLimiter::builder("geocoder").rate("100/s").shared(true);
    /// assert!(builder.clone().build()?.config().shared);
    /// let err = builder.max_wait(Duration::from_secs(1)).build().unwrap_err();
    /// assert_eq!(err.field(), "max_wait");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[cfg(feature = "fleet")]
    pub fn shared(mut self, shared: bool) -> Self {
        self.shared = shared;
        self
    }

    /// Sets what a [shared](Self::shared) limiter does while the store of its fleet does not answer;
    /// [`StoreLoss::Local`](super::StoreLoss::Local) by default: it uses its share of the rate and of the burst, by the number
    /// of instances that was last known.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::{RateLimiter, StoreLoss};
    ///
    /// let builder = RateLimiter::builder("geocoder").rate("100/s").on_store_loss(StoreLoss::Open);
    /// assert_eq!(builder.clone().shared(true).build()?.config().on_store_loss, StoreLoss::Open);
    /// assert!(builder.build().unwrap_err().to_string().contains("must come with `shared`"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[cfg(feature = "fleet")]
    pub fn on_store_loss(mut self, loss: StoreLoss) -> Self {
        self.on_store_loss = Some(loss);
        self
    }

    fn problem_of_sharing(&self) -> Option<ConfigError> {
        if let Some(loss) = self.on_store_loss
            && !self.shared
        {
            let rule = "must come with `shared`: only a shared limiter has a store";
            return Some(ConfigError::new("on_store_loss", loss, rule));
        }
        if self.shared && !self.max_wait.is_zero() {
            let value = format_args!("{:?}", self.max_wait);
            let rule = "must be zero for a limiter that is `shared`: no permit of a fleet can be reserved ahead";
            return Some(ConfigError::new("max_wait", value, rule));
        }
        None
    }

    /// Sets whether calls that are admitted are timed, for a histogram of their durations in
    /// [metrics](crate::guide::metrics). It decides nothing.
    ///
    /// It is about calls that the limiter runs: [`call`](RateLimiter::call),
    /// [`call_async`](RateLimiter::call_async), attributes, pipelines and services; a permit that is only
    /// taken has no duration. A timed call reads the clock twice more. Waits for permits, calls that panic
    /// and those that their callers drop are not in the histogram.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    ///
    /// let limiter = RateLimiter::builder("search").rate("100/s").timed(true).build()?;
    /// assert!(limiter.config().timed);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn timed(mut self, timed: bool) -> Self {
        self.timed = timed;
        self
    }

    /// Replaces the clock by which permits come and on which calls wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::RateLimiter, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let limiter = RateLimiter::builder("search").rate("1/h").clock(clock.clone()).build()?;
    /// assert!(limiter.try_acquire().is_ok() && limiter.try_acquire().is_err());
    /// clock.advance(Duration::from_secs(3600));
    /// assert!(limiter.try_acquire().is_ok());
    /// # Ok::<(), gardefou::ConfigError>(())
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

    /// Sets how many keys may have a limiter of their own, for
    /// [`build_keyed`](Self::build_keyed): 1 to 1,000,000, 10,000 unless set. See
    /// [`Keyed`](crate::keyed::Keyed) for what becomes of further keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    ///
    /// let builder = RateLimiter::builder("tenants").rate("10/s");
    /// assert_eq!(builder.clone().max_keys(500).build_keyed()?.max_keys(), 500);
    /// let problem = builder.clone().max_keys(0).build_keyed().unwrap_err();
    /// assert_eq!(problem.to_string(), "`max_keys` = 0: must be from 1 to 1000000");
    /// assert!(builder.max_keys(500).build().is_err(), "it has no keys");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_keys(mut self, keys: u32) -> Self {
        self.max_keys = Some(keys);
        self
    }

    /// Makes the limiter, which is full.
    ///
    /// # Errors
    ///
    /// Every value that is out of its range, and a rate that is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::{Rate, RateLimiter};
    ///
    /// let err = RateLimiter::builder("").rate(Rate::per_second(1)).burst(0).build().unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["name", "burst"]);
    /// ```
    pub fn build(self) -> Result<RateLimiter, ConfigError> {
        let recipe = without_keys(self.max_keys, self.resolve())?;
        Ok(recipe.limiter(self.name.0.into()))
    }

    /// Returns what the limiter is made from.
    pub(crate) fn resolve(&self) -> Result<KeyedRecipe, ConfigError> {
        let mut problems = Vec::from_iter(name::problem("name", &self.name, LONGEST_NAME));
        let unset = || ConfigError::new("rate", "(unset)", "must be set, for example to \"100/s\"");
        let rate = self.rate.clone().unwrap_or_else(|| Err(unset()));
        let settings = rate.map(|rate| Settings {
            rate,
            burst: self.burst,
            shared: self.shared,
            on_store_loss: self.on_store_loss.unwrap_or_default(),
        });
        let resolved = settings
            .map_err(|problem| vec![problem])
            .and_then(|settings| {
                let config: RateLimiterConfig = settings.config(self.max_wait, self.timed);
                Ok((settings, config.quota()?))
            });
        let resolved = resolved.map_err(|more| problems.extend(more));
        problems.extend(self.max_keys.and_then(check_max_keys));
        problems.extend(self.problem_of_sharing());
        match (resolved, ConfigError::join(problems)) {
            (Ok((settings, quota)), None) => Ok(KeyedRecipe {
                settings,
                quota,
                max_wait: self.max_wait,
                timed: self.timed,
                clock: self.clock.clone().unwrap_or_default(),
            }),
            (_, problem) => Err(problem.unwrap_or_else(unset)),
        }
    }

    /// Returns the name, and the bound on the number of keys.
    pub(super) fn into_name_and_keys(self) -> (String, u32) {
        (self.name.0, self.max_keys.unwrap_or(MAX_KEYS))
    }
}
