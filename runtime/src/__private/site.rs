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
        if let Some(policy) = in_scope(self, || self.make()) {
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
        self.policy.get_or_init(|| made)
    }

    fn make(&self) -> P {
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
) -> Option<&'static T> {
    if scope::is_entered() {
        found(site, make)
    } else {
        None
    }
}

#[cold]
fn found<S, T: Send + Sync + 'static>(
    site: &'static S,
    make: impl FnOnce() -> T,
) -> Option<&'static T> {
    let all = scope::part(|_| OfScope::<T>(Mutex::default()))?;
    let lock = || all.0.lock();
    let site = std::ptr::from_ref(site).addr();
    let known = lock().get(&site).copied();
    // Not made under the lock: settings of attributes may be computed by code of the user's.
    Some(known.unwrap_or_else(|| {
        let made = make();
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
