//! Guards of a call site by key: `key = expr` of the attributes.

use super::{
    Guarded,
    breaker::report_config,
    site,
    wrap::{bulkhead_without_effect, limiter_without_effect},
};
use crate::{
    breaker::{CircuitBreaker, circuit_breakers},
    bulkhead::Bulkhead,
    error::ConfigError,
    keyed::{Evictable, Keyed},
    rate_limit::RateLimiter,
};
use std::{fmt, sync::OnceLock};

/// A guard of which a call site has one for each key.
pub trait ByKey: Evictable {
    /// Makes the guards of a call site; `None` if it has others.
    fn built(guarded: &'static Guarded) -> Option<Result<Keyed<Self>, ConfigError>>;

    /// Makes what a site uses whose configuration cannot work.
    fn otherwise(guarded: &'static Guarded) -> Keyed<Self>;
}

/// The guards of one call site by key, looked up by its first call.
#[derive(Debug)]
pub struct KeyedSite<G: Evictable> {
    guarded: &'static Guarded,
    guards: OnceLock<Keyed<G>>,
}

impl<G: ByKey> KeyedSite<G> {
    /// Makes a site that was not called yet.
    #[must_use]
    pub const fn new(guarded: &'static Guarded) -> Self {
        Self {
            guarded,
            guards: OnceLock::new(),
        }
    }

    /// Returns the guard of a key; inside of a test scope, its guard there.
    #[inline]
    pub fn of_key(&'static self, key: &(impl fmt::Display + ?Sized)) -> G {
        if let Some(guards) = site::in_scope(self, || self.make()) {
            return guards.get(key);
        }
        match self.guards.get() {
            Some(guards) => guards.get(key),
            None => self.find().get(key),
        }
    }

    #[cold]
    fn find(&self) -> &Keyed<G> {
        // Not inside: settings of attributes may be computed by code of the user's.
        let made = self.make();
        self.guards.get_or_init(|| made)
    }

    fn make(&self) -> Keyed<G> {
        match G::built(self.guarded) {
            Some(Ok(guards)) => guards,
            Some(Err(problem)) => {
                report_config(self.guarded, &problem);
                G::otherwise(self.guarded)
            }
            None => G::otherwise(self.guarded),
        }
    }
}

impl ByKey for CircuitBreaker {
    fn built(guarded: &'static Guarded) -> Option<Result<Keyed<Self>, ConfigError>> {
        let builder = guarded.breaker_builder()?;
        Some(circuit_breakers().get_or_build_keyed(builder))
    }

    fn otherwise(guarded: &'static Guarded) -> Keyed<Self> {
        let by_name = circuit_breakers().get_or_create_keyed(guarded.name(), |builder| builder);
        by_name
            .or_else(|_| Self::builder("misconfigured").build_keyed())
            .expect("the defaults are valid")
    }
}

impl ByKey for Bulkhead {
    fn built(guarded: &'static Guarded) -> Option<Result<Keyed<Self>, ConfigError>> {
        guarded.built_bulkheads()
    }

    fn otherwise(_: &'static Guarded) -> Keyed<Self> {
        bulkhead_without_effect()
            .build_keyed()
            .expect("the name and the limit are valid")
    }
}

impl ByKey for RateLimiter {
    fn built(guarded: &'static Guarded) -> Option<Result<Keyed<Self>, ConfigError>> {
        guarded.built_rate_limiters()
    }

    fn otherwise(_: &'static Guarded) -> Keyed<Self> {
        limiter_without_effect()
            .build_keyed()
            .expect("the name, the rate and the burst are valid")
    }
}
