//! A lock without poisoning.

use std::{
    sync::{self, Condvar, MutexGuard, PoisonError},
    time::Duration,
};

/// A lock that a panic of its holder leaves usable.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until notified, for at most `limit`, or for no reason.
    pub(crate) fn wait(&self, changed: &Condvar, limit: Duration) {
        drop(changed.wait_timeout(self.lock(), limit));
    }
}
