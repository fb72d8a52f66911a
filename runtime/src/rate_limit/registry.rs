//! Limiters by name.

use super::{builder::RateLimiterBuilder, handle::RateLimiter, snapshot::RateLimiterSnapshot};
#[cfg(feature = "config")]
use crate::overrides::{self, LivingGuard};
use crate::{
    error::{ConfigError, redact},
    event::names::TARGET_RATE_LIMIT,
    keyed::Keyed,
    registry::{ByName, OfProcess},
    time::SharedClock,
};
use std::{fmt, sync::Arc};

/// The named limiters of the process; bounded by the names in the program.
static NAMED: OfProcess<RateLimiter> = OfProcess::new();

/// Those by key.
static KEYED: OfProcess<Keyed<RateLimiter>> = OfProcess::new();

/// Returns the limiters that the whole process shares by name, those of attributes among them;
/// inside of a test scope, those of the scope.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, rate_limit::rate_limiters, rate_limit};
///
/// #[rate_limit("2/h", name = "geocoder")]
/// fn locate() -> Result<u32, AppError> {
///     Ok(7)
/// }
///
/// locate()?;
/// assert_eq!(rate_limiters().get("geocoder").unwrap().snapshot().available, 1);
/// # Ok::<(), AppError>(())
/// ```
#[must_use]
#[inline]
pub fn rate_limiters() -> RateLimiters {
    RateLimiters {
        unkeyed: ByName::current(&NAMED),
        keyed: ByName::current(&KEYED),
    }
}

/// Limiters by name; what [`rate_limiters`] returns.
#[derive(Clone)]
pub struct RateLimiters {
    unkeyed: Arc<ByName<RateLimiter>>,
    keyed: Arc<ByName<Keyed<RateLimiter>>>,
}

// Inline, like all that makes or lists guards by key: compiled only into programs that call it.
impl RateLimiters {
    /// Returns the limiter of that name: `search`, or `search[acme]` for the one of a key.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::{RateLimiter, rate_limiters};
    ///
    /// RateLimiter::builder("registry-get-example").rate("10/s").build_shared()?;
    /// assert!(rate_limiters().get("registry-get-example").is_some());
    /// assert!(rate_limiters().get("no such name").is_none());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<RateLimiter> {
        self.unkeyed
            .get(name)
            .or_else(|| self.keyed.guard_of_key(name))
    }

    /// Returns the limiters by key of that name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, rate_limit, rate_limit::rate_limiters};
    ///
    /// #[rate_limit("2/h", name = "search-by-tenant", key = tenant)]
    /// fn search(tenant: &str) -> Result<usize, AppError> {
    ///     Ok(tenant.len())
    /// }
    ///
    /// search("acme")?;
    /// let tenants = rate_limiters().get_keyed("search-by-tenant").unwrap();
    /// assert_eq!(tenants.keys(), ["acme"]);
    /// assert_eq!(rate_limiters().get("search-by-tenant[acme]").unwrap().snapshot().available, 1);
    /// # Ok::<(), AppError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn get_keyed(&self, name: &str) -> Option<Keyed<RateLimiter>> {
        self.keyed.get(name)
    }

    /// Returns a snapshot of each limiter, in the order of their names, and then of each one of a key.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::{RateLimiter, rate_limiters};
    ///
    /// RateLimiter::builder("registry-snapshots-example").rate("10/s").build_shared()?;
    /// let all = rate_limiters().snapshots();
    /// assert!(all.iter().any(|limiter| limiter.name == "registry-snapshots-example"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn snapshots(&self) -> Vec<RateLimiterSnapshot> {
        self.all().iter().map(RateLimiter::snapshot).collect()
    }

    /// Returns each limiter, in the order of their names, and then each one of a key.
    #[inline]
    pub(super) fn all(&self) -> Vec<RateLimiter> {
        let mut all = self.unkeyed.all();
        all.append(&mut self.keyed.guards_of_keys());
        all
    }

    /// Returns the limiters by key that have the name of `made`, which are those if there are none.
    #[inline]
    pub(super) fn get_or_insert_keyed(&self, made: &Keyed<RateLimiter>) -> Keyed<RateLimiter> {
        let shared = self.keyed.get_or_insert(made.name(), made.clone());
        if (shared.config(), shared.max_keys()) != (made.config(), made.max_keys()) {
            warn_of_difference(shared.name());
        }
        shared
    }
}

#[cold]
fn warn_of_difference(name: &str) {
    tracing::warn!(
        target: TARGET_RATE_LIMIT,
        limiter = %redact::name(name),
        "the rate limiter has another configuration already, which stays"
    );
}

impl fmt::Debug for RateLimiters {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names may come from data.
        f.debug_struct("RateLimiters")
            .field("limiters", &self.unkeyed.all().len())
            .field("keyed", &self.keyed.all().len())
            .finish_non_exhaustive()
    }
}

impl RateLimiterBuilder {
    /// Makes the limiter that the whole process, or the test scope of this thread, shares under this
    /// name; returns the one that has the name already.
    ///
    /// If that one was configured otherwise, the first configuration stays and a warning is logged.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    ///
    /// let here = RateLimiter::builder("build-shared-example").rate("1/h").build_shared()?;
    /// let there = RateLimiter::builder("build-shared-example").rate("1/h").build_shared()?;
    /// here.try_acquire()?;
    /// assert!(there.try_acquire().is_err(), "it is the same limiter");
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline]
    pub fn build_shared(self) -> Result<RateLimiter, ConfigError> {
        let this = self.clock_or(SharedClock::current());
        #[cfg(feature = "config")]
        let (this, code, configured) = this.configured();
        let made = this.build()?;
        let shared = rate_limiters()
            .unkeyed
            .get_or_insert(made.name(), made.clone());
        if shared.config() != made.config() {
            warn_of_difference(shared.name());
        }
        #[cfg(feature = "config")]
        if Arc::ptr_eq(&shared.0, &made.0) {
            let name = shared.name();
            overrides::remember(LivingGuard::new(name, code, configured, &shared.0));
        }
        Ok(shared)
    }

    /// Makes the limiter of an attribute: shared where it was given a name, else one of its own.
    #[inline]
    pub(crate) fn build_for_site(self) -> Result<RateLimiter, ConfigError> {
        if self.is_named() {
            self.build_shared()
        } else {
            self.clock_or(SharedClock::current()).build()
        }
    }
}
