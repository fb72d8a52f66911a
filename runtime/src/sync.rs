//! Atomics and locks of the concurrent shells: std's, or loom's under `--cfg loom`.
//!
//! Everything that a loom model explores imports its primitives from here. Locks of [`global`] are
//! std's also under loom: for statics, which outlive the execution of a model that loom's
//! primitives belong to, and for whatever waits on a condition variable.
//!
//! No lock of this module is ever poisoned: no user code runs under a lock of the library, so a
//! panic under one can only mean that one of its invariants was broken, and the guarded function
//! must still run then.

#[cfg(loom)]
pub(crate) use explored::{Mutex, MutexGuard, RwLock};
#[cfg(not(loom))]
pub(crate) use global::{Mutex, MutexGuard, RwLock};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// Defines the locks on the primitives of std or loom. The constructors of loom's are not `const`.
macro_rules! define_locks {
    ($sync:ident, $($constness:tt)?) => {
        pub(crate) use $sync::sync::MutexGuard;
        use $sync::sync as backend;
        use std::sync::{PoisonError, TryLockError};

        /// A mutex without poisoning.
        #[derive(Debug, Default)]
        pub(crate) struct Mutex<T>(backend::Mutex<T>);

        impl<T> Mutex<T> {
            pub(crate) $($constness)? fn new(value: T) -> Self {
                Self(backend::Mutex::new(value))
            }

            pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
                self.0.lock().unwrap_or_else(PoisonError::into_inner)
            }

            /// Takes the lock unless another thread holds it.
            pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
                match self.0.try_lock() {
                    Ok(guard) => Some(guard),
                    Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                    Err(TryLockError::WouldBlock) => None,
                }
            }
        }

        /// A readers-writer lock without poisoning.
        #[derive(Debug, Default)]
        pub(crate) struct RwLock<T>(backend::RwLock<T>);

        impl<T> RwLock<T> {
            pub(crate) $($constness)? fn new(value: T) -> Self {
                Self(backend::RwLock::new(value))
            }

            pub(crate) fn read(&self) -> backend::RwLockReadGuard<'_, T> {
                self.0.read().unwrap_or_else(PoisonError::into_inner)
            }

            pub(crate) fn write(&self) -> backend::RwLockWriteGuard<'_, T> {
                self.0.write().unwrap_or_else(PoisonError::into_inner)
            }
        }
    };
}

#[cfg(loom)]
#[allow(dead_code, reason = "not every build uses every lock")]
mod explored {
    define_locks!(loom,);
}

#[allow(dead_code, reason = "not every build uses every lock")]
pub(crate) mod global {
    //! Locks without poisoning on std's primitives, in every build.

    use std::time::Duration;

    define_locks!(std, const);

    /// A condition variable for a [`Mutex`] of this module.
    #[derive(Debug, Default)]
    pub(crate) struct Condvar(backend::Condvar);

    impl Condvar {
        pub(crate) const fn new() -> Self {
            Self(backend::Condvar::new())
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }

        /// Waits until notified, or for no reason.
        pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
        }

        /// Waits until notified, or for `limit`; returns whether that has passed.
        pub(crate) fn wait_timeout<'a, T>(
            &self,
            guard: MutexGuard<'a, T>,
            limit: Duration,
        ) -> (MutexGuard<'a, T>, bool) {
            let waited = self.0.wait_timeout(guard, limit);
            let (guard, result) = waited.unwrap_or_else(PoisonError::into_inner);
            (guard, result.timed_out())
        }

        /// Waits while `condition` holds, for at most `limit`.
        pub(crate) fn wait_timeout_while<'a, T>(
            &self,
            guard: MutexGuard<'a, T>,
            limit: Duration,
            condition: impl FnMut(&mut T) -> bool,
        ) -> MutexGuard<'a, T> {
            let waited = self.0.wait_timeout_while(guard, limit, condition);
            waited.unwrap_or_else(PoisonError::into_inner).0
        }
    }
}
