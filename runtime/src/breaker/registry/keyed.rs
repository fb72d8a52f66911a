//! Breakers by key in the registry.

use super::{BreakerRegistry, Place};
use crate::{
    breaker::{
        builder::BreakerBuilder,
        event_queue::{QueuedEvent, QueuedKind},
        handle::CircuitBreaker,
        keyed::KeyedRecipe,
        observers::Observers,
    },
    error::ConfigError,
    keyed::{Keyed, KeyedName, OTHER},
};

impl BreakerRegistry {
    /// Returns the breakers by key of that name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::BreakerRegistry;
    ///
    /// let registry = BreakerRegistry::new();
    /// assert!(registry.get_keyed("tenants").is_none());
    /// registry.get_or_create_keyed("tenants", |b| b)?;
    /// assert_eq!(registry.get_keyed("tenants").unwrap().max_keys(), 10_000);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn get_keyed(&self, name: &str) -> Option<Keyed<CircuitBreaker>> {
        self.keyed.read().get(name).cloned()
    }

    /// Returns the breakers by key of that name, which are made if there are none: those that
    /// attributes with the same name and a `key` use.
    ///
    /// `configure` gets a builder of that name. What exists already stays as it is; if its
    /// configuration differs, one warning names both places. A breaker of the same name without
    /// keys is another one.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every rule that the configuration breaks; nothing is registered then.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{BreakerRegistry, CircuitState};
    ///
    /// let registry = BreakerRegistry::new();
    /// let tenants = registry.get_or_create_keyed("tenants", |b| b.failure_threshold(3))?;
    /// tenants.get("acme").force_open();
    /// assert_eq!(registry.get("tenants[acme]").unwrap().state(), CircuitState::ForcedOpen);
    /// assert!(registry.get("tenants[globex]").is_none());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[track_caller]
    pub fn get_or_create_keyed(
        &self,
        name: &str,
        configure: impl FnOnce(BreakerBuilder) -> BreakerBuilder,
    ) -> Result<Keyed<CircuitBreaker>, ConfigError> {
        self.get_or_build_keyed(configure(CircuitBreaker::builder(name)))
    }

    /// Returns the breakers by key of the builder's name, which are made if there are none.
    pub(crate) fn get_or_build_keyed(
        &self,
        builder: BreakerBuilder,
    ) -> Result<Keyed<CircuitBreaker>, ConfigError> {
        #[cfg(feature = "config")]
        let (builder, configured) = builder.configured();
        let made = builder.clock_or(&self.clock).build_keyed()?;
        let mut all = self.keyed.write();
        let keyed = all
            .entry(made.name().into())
            .or_insert_with(|| made.clone())
            .clone();
        drop(all);
        #[cfg(feature = "config")]
        configured.remember_keyed(&keyed, &made);
        let (first, second) = (keyed.recipe(), made.recipe());
        if first.config() != second.config() || keyed.max_keys() != made.max_keys() {
            self.warn_of_keyed_clash(keyed.name(), first, second);
        }
        Ok(keyed)
    }

    #[cold]
    fn warn_of_keyed_clash(&self, name: &str, first: &KeyedRecipe, second: &KeyedRecipe) {
        let (first, second) = (first.place(), second.place());
        if self.clashes.lock().insert((first, second)) {
            let shown = |place: Place| format!("{}:{}", place.file(), place.line());
            let event = QueuedEvent {
                generation: 0,
                opening: None,
                kind: QueuedKind::ConfigClash {
                    first: shown(first),
                    second: shown(second),
                },
            };
            let name = KeyedName::from(name.to_owned());
            Observers::default().deliver(&name, false, &event);
        }
    }

    /// Returns handles of all breakers by key, so that they are used after the lock is released.
    pub(crate) fn all_keyed(&self) -> Vec<Keyed<CircuitBreaker>> {
        self.keyed.read().values().cloned().collect()
    }

    pub(super) fn keyed_len(&self) -> usize {
        let len =
            |keyed: &Keyed<CircuitBreaker>| keyed.len() + usize::from(keyed.other().is_some());
        self.all_keyed().iter().map(len).sum()
    }

    pub(super) fn evict_idle_keys(&self) -> usize {
        self.all_keyed().iter().map(Keyed::evict_idle).sum()
    }

    /// Returns the breaker of a key by a name of the form `payments[acme]`.
    pub(super) fn of_key(&self, name: &str) -> Option<CircuitBreaker> {
        self.with_key(name, |keyed, key| match key {
            OTHER => keyed.other(),
            key => keyed.peek(key),
        })
    }

    pub(super) fn remove_key(&self, name: &str) -> Option<CircuitBreaker> {
        self.with_key(name, Keyed::remove)
    }

    fn with_key<R>(
        &self,
        name: &str,
        f: impl Fn(&Keyed<CircuitBreaker>, &str) -> Option<R>,
    ) -> Option<R> {
        let text = name.strip_suffix(']')?;
        // Names and keys may have brackets of their own.
        text.match_indices('[').find_map(|(at, _)| {
            let keyed = self.get_keyed(&text[..at])?;
            f(&keyed, &text[at + 1..])
        })
    }
}
