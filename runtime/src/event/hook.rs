//! Functions of the program that run while a record or a span is made.

use crate::panics;
use std::{cell::Cell, thread::LocalKey};

/// Runs a function of the program; `None` if it panics, or if this thread runs it already: what it
/// reports itself is recorded without it. `is_in` is where the thread remembers that.
pub(crate) fn run<T>(is_in: &'static LocalKey<Cell<bool>>, hook: impl FnOnce() -> T) -> Option<T> {
    // A thread that is ending has no such cell any more.
    let was_in = is_in.try_with(|is_in| is_in.replace(true));
    if was_in.unwrap_or(true) {
        return None;
    }
    let outcome = panics::catch(hook).ok();
    let _ = is_in.try_with(|is_in| is_in.set(false));
    outcome
}
