//! Start and shutdown of the whole, each test in turn: there is one system in a process.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may panic")]

mod init;
mod journal;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One test at a time has the system of the process.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
