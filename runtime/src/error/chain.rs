//! The chain of an error's sources.

use crate::panics;
use std::{error::Error, io, iter::successors};

/// How many levels are looked at: a chain that bites its own tail ends there.
const MAX_LEVELS: usize = 64;

/// Iterates over an error and its sources, outermost first, also over the errors that an `io::Error` hides; at most 64.
pub(crate) fn chain<'a>(head: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(head), |&level| next(level)).take(MAX_LEVELS)
}

/// The next level. An `io::Error` names the source of the error that it was made of as its own, so that one is never
/// seen by `source()` alone.
fn next<'a>(level: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match level.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(hidden) => Some(hidden),
        // A `source()` that panics has nothing to say; the error that is being looked at stays the one to tell of.
        None => panics::catch(|| level.source()).ok().flatten(),
    }
}
