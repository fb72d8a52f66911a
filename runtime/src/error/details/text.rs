//! Texts of foreign types: bounded, and whole where the type's own formatting breaks.

use crate::{char_boundary::floor_char_boundary, panics};
use std::{
    borrow::Cow,
    fmt::{self, Write},
};

/// How many bytes of a key are kept.
pub(super) const MAX_KEY: usize = 256;
/// Marks a container that was cut.
pub(super) const CUT: &str = "… (cut)";
/// How many bytes of a foreign error's text are kept.
const MAX_DISPLAY: usize = 64 * 1024;

/// Returns the text of a foreign value, cut at 64 KiB.
///
/// What a `Display` wrote before it failed or panicked stands, followed by a note.
pub(crate) fn display(value: impl fmt::Display) -> String {
    display_bounded(&value, MAX_DISPLAY)
}

/// Returns the text of a message, however long: whoever wrote it chose its length.
pub(crate) fn message(value: impl fmt::Display) -> String {
    display_bounded(&value, usize::MAX)
}

/// Returns the text of a foreign value, cut at `max` bytes, with a mark.
pub(crate) fn display_bounded(value: &dyn fmt::Display, max: usize) -> String {
    let (mut text, cut) = display_head(value, max);
    if cut {
        text.push_str(CUT);
    }
    text
}

/// Returns the first `max` bytes of a foreign value's text, and whether there are more.
pub(crate) fn display_head(value: &dyn fmt::Display, max: usize) -> (String, bool) {
    let mut into = Bounded {
        text: String::new(),
        max,
        full: false,
    };
    let outcome = panics::catch(|| write!(into, "{value}"));
    let note = match outcome {
        // A `Display` that goes on after its writer is full is cut as well.
        _ if into.full => return (into.text, true),
        Ok(Ok(())) => return (into.text, false),
        Ok(Err(_)) => "(its Display failed)",
        Err(_) => "(its Display panicked)",
    };
    let blank = if into.text.is_empty() { "" } else { " " };
    into.text.push_str(blank);
    into.text.push_str(note);
    (into.text, false)
}

/// Returns the form of a key of details.
pub(crate) fn key(key: String) -> String {
    if key.len() <= MAX_KEY {
        key
    } else {
        cut(&key, MAX_KEY).into_owned()
    }
}

/// Returns a text of at most `max` bytes and the mark of what was cut.
pub(super) fn cut(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return Cow::Borrowed(text);
    }
    let at = floor_char_boundary(text, max);
    Cow::Owned(format!(
        "{}… (cut, {} bytes in all)",
        &text[..at],
        text.len()
    ))
}

struct Bounded {
    text: String,
    max: usize,
    full: bool,
}

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = self.max - self.text.len();
        if part.len() <= room && !self.full {
            self.text.push_str(part);
            return Ok(());
        }
        if !self.full {
            self.text.push_str(&part[..floor_char_boundary(part, room)]);
            self.full = true;
        }
        Err(fmt::Error)
    }
}
