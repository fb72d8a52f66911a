//! Breakers by key.

#[cfg(feature = "config")]
use super::configurable::{Held, hold};
use super::{
    builder::BreakerBuilder, config::BreakerConfig, handle::CircuitBreaker,
    snapshot::BreakerSnapshot, window::Tally,
};
use crate::{
    error::ConfigError,
    event::CircuitState,
    keyed::{Evictable, FORGOTTEN_AFTER, Keyed, KeyedName},
    time::Tick,
};
use std::{panic::Location, time::Duration};

/// What the breaker of each key is made from.
#[derive(Clone, Debug)]
pub struct KeyedRecipe {
    builder: BreakerBuilder,
    config: BreakerConfig,
}

impl KeyedRecipe {
    pub(super) fn config(&self) -> &BreakerConfig {
        &self.config
    }

    /// Returns a recipe with the settings of a builder, which resolve to `config`.
    #[cfg(feature = "config")]
    pub(super) fn with_settings_of(&self, other: &BreakerBuilder, config: BreakerConfig) -> Self {
        let builder = self.builder.clone().with_settings_of(other);
        Self { builder, config }
    }

    /// Returns the state in which a configuration holds the circuit of each key.
    fn held_state(&self) -> Option<CircuitState> {
        #[cfg(feature = "config")]
        return self.builder.held.map(Held::state);
        #[cfg(not(feature = "config"))]
        None
    }

    pub(super) fn place(&self) -> &'static Location<'static> {
        self.builder.place()
    }
}

impl BreakerBuilder {
    /// Makes a breaker for each key, which are in no registry. The breaker of a key is made at the
    /// first lookup of it.
    ///
    /// [`circuit_breakers().get_or_create_keyed(..)`](super::BreakerRegistry::get_or_create_keyed)
    /// makes those that attributes share by name.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every rule that the configuration breaks.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let hosts = CircuitBreaker::builder("hosts").failure_threshold(1).build_keyed()?;
    /// let fetch = |host: &str| {
    ///     hosts.get(host).call(|| match host {
    ///         "down.example" => Err(std::io::Error::other("no route")),
    ///         _ => Ok("page"),
    ///     })
    /// };
    /// assert!(fetch("down.example").is_err());
    /// assert_eq!(fetch("up.example").unwrap(), "page");
    /// assert_eq!(hosts.get("down.example").state(), CircuitState::Open);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn build_keyed(self) -> Result<Keyed<CircuitBreaker>, ConfigError> {
        let config = self.resolve()?;
        let (name, clock, keys) = (self.name().to_owned(), self.shared_clock(), self.keys());
        let recipe = KeyedRecipe {
            builder: self,
            config,
        };
        Ok(Keyed::new(&name, recipe, clock, keys))
    }
}

impl Keyed<CircuitBreaker> {
    /// Returns the configuration that the breaker of each key starts with.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let tenants = CircuitBreaker::builder("tenants").failure_threshold(2).build_keyed()?;
    /// assert_eq!(tenants.config().failure_threshold, Some(2));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> &BreakerConfig {
        self.recipe().config()
    }

    /// Returns how many breakers there are, and how many of them may reject calls, or may have done so
    /// until just now. Each costs one load.
    pub(crate) fn rejecting(&self) -> (usize, usize) {
        let (mut all, mut rejecting) = (0, 0);
        self.for_each(|breaker| {
            all += 1;
            rejecting += usize::from(breaker.shell().may_reject());
        });
        (all, rejecting)
    }

    /// Resets the breaker of each key: see [`CircuitBreaker::reset`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let tenants = CircuitBreaker::builder("tenants").build_keyed()?;
    /// tenants.get("acme").force_open();
    /// tenants.reset_all();
    /// assert_eq!(tenants.get("acme").state(), CircuitState::Closed);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn reset_all(&self) {
        self.guards().iter().for_each(CircuitBreaker::reset);
    }
}

impl Evictable for CircuitBreaker {
    type Recipe = KeyedRecipe;
    type Snapshot = BreakerSnapshot;

    fn make(recipe: &KeyedRecipe, name: KeyedName) -> Self {
        let breaker = recipe
            .builder
            .clone()
            .build_named(name, recipe.config.clone());
        #[cfg(feature = "config")]
        if let Some(held) = recipe.builder.held {
            hold(&breaker, held);
        }
        breaker
    }

    fn keyed_name(&self) -> &KeyedName {
        &self.shell().name
    }

    fn snapshot_of(&self) -> BreakerSnapshot {
        self.snapshot()
    }

    fn references(&self) -> usize {
        self.handles()
    }

    fn is_as_new_at(&self, recipe: &KeyedRecipe, now: Tick, idle: Duration) -> bool {
        if self.shell().observers.count() != recipe.builder.hooks() {
            return false;
        }
        // Nothing else ends failures in a row, those in a window of calls, and an open circuit whose
        // time is over.
        let is_forgotten = idle >= FORGOTTEN_AFTER;
        self.shell().read(|locked| {
            let machine = &locked.machine;
            if *machine.config() != recipe.config {
                return false;
            }
            let state = machine.view_at(now).state;
            if let Some(held) = recipe.held_state() {
                return state == held;
            }
            match state {
                CircuitState::Closed => {
                    let Tally { failures, slow, .. } = machine.tally_at(now);
                    let holds_nothing = machine.consecutive() == 0 && failures == 0 && slow == 0;
                    holds_nothing || is_forgotten
                }
                CircuitState::HalfOpen => is_forgotten,
                CircuitState::Open | CircuitState::ForcedOpen | CircuitState::Disabled => false,
            }
        })
    }
}
