//! The statics of a call site.

use super::breaker::report_config;
use crate::{
    error::ConfigError,
    keyed::{Evictable, Key, Keyed},
    scope,
    sync::global::Mutex,
};
use std::{collections::HashMap, fmt, sync::OnceLock};

pub use crate::guarded::{GuardedFunction as Guarded, Registered};

/// What a call site uses: a policy, or the policies of its keys.
pub trait OfSite: Send + Sync + Sized + 'static {
    /// Makes what a site has declared; `None` if it has something else.
    fn declared(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>>;

    /// Makes what a site uses whose configuration cannot work.
    fn otherwise(guarded: &'static Guarded) -> Self;

    /// Notes that a site uses it until the program ends.
    fn keep(&self) {}
}

/// The policy of one call site, made or looked up by its first call.
#[derive(Debug)]
pub struct Site<P> {
    guarded: &'static Guarded,
    policy: OnceLock<P>,
}

impl<P: OfSite> Site<P> {
    /// Makes a site that was not called yet.
    #[must_use]
    pub const fn new(guarded: &'static Guarded) -> Self {
        Self {
            guarded,
            policy: OnceLock::new(),
        }
    }

    /// Returns the policy of the site; inside of a test scope, its policy there.
    #[inline(always)]
    pub fn policy(&'static self) -> &'static P {
        if let Some(policy) = in_scope(self, || self.make(), P::keep) {
            return policy;
        }
        match self.policy.get() {
            Some(policy) => policy,
            None => self.find(),
        }
    }

    #[cold]
    fn find(&self) -> &P {
        // Not inside: settings of attributes may be computed by code of the user's, and a control
        // can open a new breaker, whose observer may call the function.
        let made = self.make();
        let policy = self.policy.get_or_init(|| made);
        policy.keep();
        policy
    }

    fn make(&self) -> P {
        self.guarded.note_call();
        match P::declared(self.guarded) {
            Some(Ok(policy)) => policy,
            Some(Err(problem)) => {
                report_config(self.guarded, &problem);
                P::otherwise(self.guarded)
            }
            None => P::otherwise(self.guarded),
        }
    }
}

impl<G: Evictable> Site<Keyed<G>>
where
    Keyed<G>: OfSite,
{
    /// Returns the policy of a key; inside of a test scope, its policy there.
    #[inline]
    pub fn of_key(&'static self, key: &(impl fmt::Display + ?Sized)) -> G {
        self.policy().get(key)
    }

    /// Returns the policies of a key at two sites, and reads the key once.
    #[inline]
    pub fn of_key_with<H: Evictable>(
        &'static self,
        other: &'static Site<Keyed<H>>,
        key: &(impl fmt::Display + ?Sized),
    ) -> (G, H)
    where
        Keyed<H>: OfSite,
    {
        let mut text = Key::new();
        let key = text.write(key);
        (self.policy().of_key(key), other.policy().of_key(key))
    }
}

/// What call sites use inside of one test scope, by the address of the site.
struct OfScope<T: 'static>(Mutex<HashMap<usize, &'static T>>);

/// Returns what a site uses inside of the test scope that this thread is in; `None` outside of
/// scopes.
///
/// Calls borrow it for as long as they like, and may outlive the scope: it stays until the program
/// ends.
#[inline]
fn in_scope<S, T: Send + Sync + 'static>(
    site: &'static S,
    make: impl FnOnce() -> T,
    keep: fn(&T),
) -> Option<&'static T> {
    if scope::is_entered() {
        found(site, make, keep)
    } else {
        None
    }
}

#[cold]
fn found<S, T: Send + Sync + 'static>(
    site: &'static S,
    make: impl FnOnce() -> T,
    keep: fn(&T),
) -> Option<&'static T> {
    let all = scope::part(|_| OfScope::<T>(Mutex::default()))?;
    let lock = || all.0.lock();
    let site = std::ptr::from_ref(site).addr();
    let known = lock().get(&site).copied();
    // Not made under the lock: settings of attributes may be computed by code of the user's.
    Some(known.unwrap_or_else(|| {
        let made = make();
        keep(&made);
        lock()
            .entry(site)
            .or_insert_with(|| Box::leak(Box::new(made)))
    }))
}

/// Enters a function in the list of guarded ones when the program is linked.
#[doc(hidden)]
#[macro_export]
macro_rules! __gardefou_submit {
    ($guarded:ident) => {
        $crate::__private::inventory::submit! { $crate::__private::Registered(&$guarded) }
    };
}

/// Describes a function at the place of the expansion.
#[doc(hidden)]
#[macro_export]
macro_rules! __gardefou_here {
    ($name:literal, $line:expr) => {
        $crate::__private::Operation::new(
            $name,
            $crate::__private::module_path!(),
            $crate::__private::file!(),
            $line,
        )
    };
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::{
        boundary::Operation,
        breaker::{CircuitBreaker, circuit_breakers},
        bulkhead::Bulkhead,
        error::Rejection,
        rate_limit::{Rate, RateLimiter},
    };

    static GUARDED: Guarded = Guarded::new(
        "resilient",
        "",
        Operation::new("read", "site", file!(), line!()),
    )
    .with_breaker(|| CircuitBreaker::builder("site-of-a-breaker"))
    .with_bulkhead(|| Bulkhead::builder("site-of-a-bulkhead").max_concurrent(1))
    .with_rate_limit(|| RateLimiter::builder("site-of-a-limiter").rate(Rate::per_hour(1)));

    /// Returns whether a rejection by the policy of a site counts a reference to it.
    fn is_counted<P: OfSite, A>(acquire: fn(&P) -> Result<A, Rejection>) -> bool {
        let site = Box::leak(Box::new(Site::<P>::new(&GUARDED)));
        let first = acquire(site.policy());
        let rejection = acquire(site.policy()).err().or(first.err());
        rejection
            .expect("one call is all that is admitted")
            .is_counted()
    }

    #[test]
    fn rejections_of_a_site_count_no_reference_to_its_policy() {
        let breaker = circuit_breakers().get_or_create("site-of-a-breaker", |builder| builder);
        breaker.unwrap().force_open();
        assert!(!is_counted(CircuitBreaker::try_acquire));
        assert!(!is_counted(Bulkhead::try_acquire));
        assert!(!is_counted(RateLimiter::try_acquire));
    }

    #[cfg(feature = "test-util")]
    #[test]
    fn rejections_inside_a_test_scope_count_none_either() {
        let scope = crate::testing::Scope::new();
        let _entered = scope.enter();
        assert!(!is_counted(Bulkhead::try_acquire));
    }

    #[test]
    fn a_policy_that_is_used_by_hand_is_kept_only_when_it_is_leaked() {
        let built = || {
            Bulkhead::builder("by-hand")
                .max_concurrent(1)
                .build()
                .unwrap()
        };
        let is_counted = |bulkhead: &Bulkhead| {
            let _running = bulkhead.try_acquire().unwrap();
            bulkhead.try_acquire().unwrap_err().is_counted()
        };
        assert!(is_counted(&built()));
        assert!(!is_counted(built().leak()));
    }
}
