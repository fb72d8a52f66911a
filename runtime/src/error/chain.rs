//! The chain of an error's sources.

use crate::panics;
use std::{error::Error, io, iter::successors, sync::Arc};

/// Maximum number of levels: a cyclic chain ends there.
pub(crate) const MAX_LEVELS: usize = 64;

/// Iterates over an error and its sources, outermost first, also over the errors that an
/// `io::Error` hides; at most 64.
pub(crate) fn chain<'a>(
    head: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> + use<'a> {
    successors(Some(head), |&level| next(level)).take(MAX_LEVELS)
}

fn next<'a>(level: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match inside(level) {
        Some(hidden) => Some(hidden),
        // A `source()` that panics is taken for none: the error under inspection must not be lost
        // for it.
        None => panics::catch(|| level.source()).ok().flatten(),
    }
}

/// Returns the error inside a level that names the source of that error as its own, so that
/// `source()` alone skips it.
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
    level
        .downcast_ref::<Arc<dyn Error>>()
        .map(|shared| &**shared)
}

/// Iterates over the texts of an error's sources, without those that the text above them has at its
/// end: a converted error has the text of its source, and `#[error("cannot load: {0}")]` repeats
/// it.
///
/// `above` is the text of the error itself, `text` writes that of a source.
pub(crate) fn distinct_texts<'a>(
    above: String,
    sources: impl Iterator<Item = &'a (dyn Error + 'static)>,
    text: impl Fn(&'a (dyn Error + 'static)) -> String,
) -> impl Iterator<Item = String> {
    let mut above = above;
    sources.filter_map(move |source| {
        let text = text(source);
        if ends_with(&above, &text) {
            return None;
        }
        above.clone_from(&text);
        Some(text)
    })
}

/// Returns `true` if the text above a source ends with the whole text of that source.
fn ends_with(above: &str, source: &str) -> bool {
    const CLOSING: [char; 6] = [')', ']', '"', '\'', '`', '.'];
    let repeats = |above: &str| {
        let before = above.strip_suffix(source)?;
        // `exit status 15` does not end with the source `5`.
        Some(!before.ends_with(char::is_alphanumeric) || !source.starts_with(char::is_alphanumeric))
    };
    repeats(above)
        .or_else(|| repeats(above.trim_end_matches(CLOSING)))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_ends_with_its_source_repeats_it() {
        for above in [
            "no route",
            "connect: no route",
            "connect (no route)",
            "connect: \"no route\".",
            "a no route",
        ] {
            assert!(ends_with(above, "no route"), "{above}");
        }
        for (above, source) in [
            ("exit status 15", "5"),
            ("no route to db1", "no route"),
            ("reroute", "route"),
            ("", "x"),
        ] {
            assert!(!ends_with(above, source), "{above}, {source}");
        }
        assert!(ends_with("anything", ""), "an empty source adds nothing");
    }
}
