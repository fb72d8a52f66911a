//! Limiters by key.

use super::{
    builder::RateLimiterBuilder,
    config::RateLimiterConfig,
    handle::RateLimiter,
    inner::{Inner, Settings},
    registry::rate_limiters,
    snapshot::RateLimiterSnapshot,
    state::Quota,
    word::Word,
};
#[cfg(feature = "config")]
use crate::overrides::remember_keyed;
use crate::{
    error::ConfigError,
    keyed::{Evictable, Keyed, KeyedName},
    time::{SharedClock, Tick},
};
use std::{sync::Arc, time::Duration};

/// What a limiter is made from, that of each key too.
#[derive(Clone, Debug)]
pub struct KeyedRecipe {
    pub(super) settings: Settings,
    pub(super) quota: Quota,
    pub(super) max_wait: Duration,
    pub(super) timed: bool,
    pub(super) clock: SharedClock,
}

impl KeyedRecipe {
    #[inline]
    pub(crate) fn config(&self) -> RateLimiterConfig {
        self.settings.config(self.max_wait, self.timed)
    }

    pub(super) fn limiter(&self, name: KeyedName) -> RateLimiter {
        let word = Word::new(self.quota, self.settings);
        word.time_calls(self.timed);
        let limiter = RateLimiter::from_inner(Arc::new(Inner::new(
            name,
            word,
            self.max_wait,
            self.clock.clone(),
        )));
        #[cfg(feature = "fleet")]
        if self.settings.shared {
            super::joining::announce(&limiter);
        }
        limiter
    }
}

// Inline, like all that makes or lists guards by key: compiled only into programs that call it.
impl RateLimiterBuilder {
    /// Makes a limiter for each key, which share nothing with others of the name. The limiter of a key
    /// is made, full, at the first lookup of it.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and a number of keys outside 1 to 1,000,000.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    ///
    /// let tenants = RateLimiter::builder("tenants").rate("1/h").build_keyed()?;
    /// tenants.get("acme").try_acquire()?;
    /// assert!(tenants.get("acme").try_acquire().is_err());
    /// assert!(tenants.get("globex").try_acquire().is_ok());
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline]
    pub fn build_keyed(self) -> Result<Keyed<RateLimiter>, ConfigError> {
        let recipe = self.resolve()?;
        let clock = recipe.clock.clone();
        let (name, max_keys) = self.into_name_and_keys();
        Ok(Keyed::new(&name, recipe, clock, max_keys))
    }

    /// Makes the limiters by key that the whole process, or the test scope of this thread, shares under
    /// this name; returns those that have the name already.
    ///
    /// If those were configured otherwise, the first configuration stays and a warning is logged. A
    /// limiter without keys of the same name is another one.
    ///
    /// # Errors
    ///
    /// As [`build_keyed`](Self::build_keyed).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    ///
    /// let here = RateLimiter::builder("keyed-example").rate("1/h").build_shared_keyed()?;
    /// let there = RateLimiter::builder("keyed-example").rate("1/h").build_shared_keyed()?;
    /// here.get("acme").try_acquire()?;
    /// assert!(there.get("acme").try_acquire().is_err(), "it is the same limiter");
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline]
    pub fn build_shared_keyed(self) -> Result<Keyed<RateLimiter>, ConfigError> {
        #[cfg(feature = "config")]
        let (this, code, configured) = self.configured();
        #[cfg(not(feature = "config"))]
        let this = self;
        let made = this.clock_or(SharedClock::current()).build_keyed()?;
        let shared = rate_limiters().get_or_insert_keyed(&made);
        #[cfg(feature = "config")]
        remember_keyed(code, configured, &shared, &made);
        Ok(shared)
    }

    /// Makes the limiters by key of an attribute: shared where it was given a name, else those of its
    /// own.
    #[inline]
    pub(crate) fn build_keyed_for_site(self) -> Result<Keyed<RateLimiter>, ConfigError> {
        if self.is_named() {
            self.build_shared_keyed()
        } else {
            self.clock_or(SharedClock::current()).build_keyed()
        }
    }
}

impl Keyed<RateLimiter> {
    /// Returns the configuration that the limiter of each key starts with.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::{Rate, RateLimiter};
    ///
    /// let tenants = RateLimiter::builder("tenants").rate("10/s").build_keyed()?;
    /// assert_eq!(tenants.config().rate, Rate::per_second(10));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn config(&self) -> RateLimiterConfig {
        self.recipe().config()
    }
}

impl Evictable for RateLimiter {
    type Recipe = KeyedRecipe;
    type Snapshot = RateLimiterSnapshot;

    fn make(recipe: &KeyedRecipe, name: KeyedName) -> Self {
        recipe.limiter(name)
    }

    fn keyed_name(&self) -> &KeyedName {
        &self.0.name
    }

    fn snapshot_of(&self) -> RateLimiterSnapshot {
        self.snapshot()
    }

    fn references(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    fn is_as_new_at(&self, recipe: &KeyedRecipe, now: Tick, _: Duration) -> bool {
        let has_its_rate = || {
            self.0
                .word
                .settings(|settings| *settings == recipe.settings)
        };
        self.is_idle_at(now) && has_its_rate()
    }
}
