//! Locks that a failed test does not poison for the others.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lets tests of one binary that share process-wide state run one at a time.
pub fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    lock(&TURN)
}

/// Locks, whether or not a test panicked with the lock.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
