//! Bulkheads by key.

use super::{
    builder::BulkheadBuilder, config::BulkheadConfig, handle::Bulkhead, inner::Inner,
    registry::bulkheads, snapshot::BulkheadSnapshot,
};
#[cfg(feature = "config")]
use crate::overrides::remember_keyed;
use crate::{
    error::ConfigError,
    keyed::{Evictable, Keyed, KeyedName},
    time::{SharedClock, Tick},
};
use std::{sync::Arc, time::Duration};

/// What the bulkhead of each key is made from.
#[derive(Clone, Debug)]
pub struct KeyedRecipe {
    config: BulkheadConfig,
    clock: SharedClock,
}

impl KeyedRecipe {
    #[cfg(feature = "config")]
    pub(super) fn with_config(&self, config: BulkheadConfig) -> Self {
        let clock = self.clock.clone();
        Self { config, clock }
    }
}

// Inline, like all that makes or lists guards by key: compiled only into programs that call it.
impl BulkheadBuilder {
    /// Makes a bulkhead for each key, which share nothing with others of the name. The bulkhead of a
    /// key is made at the first lookup of it, and admits `max_concurrent` calls of that key.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and a number of keys outside 1 to 1,000,000.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let tenants = Bulkhead::builder("tenants").max_concurrent(1).build_keyed()?;
    /// let _running = tenants.get("acme").try_acquire()?;
    /// assert!(tenants.get("acme").try_acquire().is_err());
    /// assert!(tenants.get("globex").try_acquire().is_ok());
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline]
    pub fn build_keyed(self) -> Result<Keyed<Bulkhead>, ConfigError> {
        let config = self.resolve()?;
        let (name, clock, max_keys) = self.into_keyed_parts();
        let recipe = KeyedRecipe {
            config,
            clock: clock.clone(),
        };
        Ok(Keyed::new(&name, recipe, clock, max_keys))
    }

    /// Makes the bulkheads by key that have the name in the whole process, or returns them where they
    /// were made already. Inside of a test scope they are those of the scope.
    ///
    /// If they were configured otherwise, the first configuration stays, and a warning is logged that
    /// names the difference. A bulkhead without keys of the same name is another one.
    ///
    /// # Errors
    ///
    /// As [`build_keyed`](Self::build_keyed).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let here = Bulkhead::builder("keyed-example").max_concurrent(2).build_shared_keyed()?;
    /// let there = Bulkhead::builder("keyed-example").max_concurrent(2).build_shared_keyed()?;
    /// let _running = here.get("acme").try_acquire()?;
    /// assert_eq!(there.get("acme").snapshot().in_flight, 1);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline]
    pub fn build_shared_keyed(self) -> Result<Keyed<Bulkhead>, ConfigError> {
        let place = self.place();
        #[cfg(feature = "config")]
        let (this, code, configured) = self.configured();
        #[cfg(not(feature = "config"))]
        let this = self;
        let made = this.clock_or(SharedClock::current()).build_keyed()?;
        let shared = bulkheads().get_or_insert_keyed(&made, place);
        #[cfg(feature = "config")]
        remember_keyed(code, configured, &shared, &made);
        Ok(shared)
    }

    /// Makes the bulkheads by key of a call site: the shared ones of the name that was set, or else
    /// those of its own.
    #[inline]
    pub(crate) fn build_keyed_for_site(self) -> Result<Keyed<Bulkhead>, ConfigError> {
        if self.is_renamed() {
            self.build_shared_keyed()
        } else {
            self.clock_or(SharedClock::current()).build_keyed()
        }
    }
}

impl Keyed<Bulkhead> {
    /// Returns the configuration that the bulkhead of each key starts with.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let tenants = Bulkhead::builder("tenants").max_concurrent(2).build_keyed()?;
    /// assert_eq!(tenants.config().max_concurrent, 2);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn config(&self) -> &BulkheadConfig {
        &self.recipe().config
    }
}

impl Evictable for Bulkhead {
    type Recipe = KeyedRecipe;
    type Snapshot = BulkheadSnapshot;

    fn make(recipe: &KeyedRecipe, name: KeyedName) -> Self {
        Self::from_inner(Inner::new(
            name,
            recipe.config.clone(),
            recipe.clock.clone(),
        ))
    }

    fn keyed_name(&self) -> &KeyedName {
        &self.0.name
    }

    fn snapshot_of(&self) -> BulkheadSnapshot {
        self.snapshot()
    }

    fn references(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    fn is_as_new_at(&self, recipe: &KeyedRecipe, _: Tick, _: Duration) -> bool {
        // What an adaptive limit has learnt of the callee says little about it after an idle time, and
        // is learnt again. One that was set by hand is not.
        let has_its_limit = || self.0.word().limit() == recipe.config.max_concurrent;
        self.is_idle() && (recipe.config.adaptive || has_its_limit())
    }
}
