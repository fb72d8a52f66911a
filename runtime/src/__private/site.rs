//! The statics of a call site.

use crate::scope;
use crate::sync::global::Mutex;
use std::collections::HashMap;

pub use crate::guarded::{GuardedFunction as Guarded, Registered};

/// What call sites use inside of one test scope, by the address of the site.
struct OfScope<T: 'static>(Mutex<HashMap<usize, &'static T>>);

/// Returns what a site uses inside of the test scope that this thread is in; `None` outside of
/// scopes.
///
/// Calls borrow it for as long as they like, and may outlive the scope: it stays until the program
/// ends.
#[inline]
pub(super) fn in_scope<S, T: Send + Sync + 'static>(
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
