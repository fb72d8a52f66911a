//! The chain of an error's sources.

use crate::panics;
use std::{error::Error, io, iter::successors, sync::Arc};

/// How many levels are looked at: a chain that bites its own tail ends there.
pub(crate) const MAX_LEVELS: usize = 64;

/// Iterates over an error and its sources, outermost first, also over the errors that an `io::Error` hides; at most 64.
pub(crate) fn chain<'a>(head: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> + use<'a> {
    successors(Some(head), |&level| next(level)).take(MAX_LEVELS)
}

fn next<'a>(level: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match inside(level) {
        Some(hidden) => Some(hidden),
        // A `source()` that panics has nothing to say; the error that is being looked at stays the one to tell of.
        None => panics::catch(|| level.source()).ok().flatten(),
    }
}

/// The error inside a level that names the source of that error as its own, so that `source()` alone never sees it.
pub(crate) fn inside<'a>(level: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(io) = level.downcast_ref::<io::Error>() {
        return io.get_ref().map(|hidden| hidden as _);
    }
    if let Some(shared) = level.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
        return Some(&**shared);
    }
    if let Some(shared) = level.downcast_ref::<Arc<dyn Error + Send>>() {
        return Some(&**shared);
    }
    level.downcast_ref::<Arc<dyn Error>>().map(|shared| &**shared)
}
