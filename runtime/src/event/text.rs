//! Foreign texts, made fit for a sink: bounded, redacted, in one line, and never able to panic.

use super::ErrorRef;
use crate::error::redact;
use std::{
    error::Error,
    fmt::{self, Write},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// How many bytes of a message reach a sink.
pub(crate) const MAX_MESSAGE: usize = 4096;
/// How many levels of a chain of sources are looked at.
pub(crate) const MAX_LEVELS: usize = 64;

/// The text of a value as a sink may have it: at most `max` bytes (and a mark of what was cut), secrets replaced,
/// control characters escaped.
pub(crate) fn for_sink(value: &dyn fmt::Display, max: usize) -> String {
    // Twice the room before the redactor runs, so that what it looks at is not cut where the sink's text is.
    let raw = bounded(value, max.saturating_mul(2));
    let mut text = String::with_capacity(raw.len().min(max));
    for c in redact::text(&raw).chars() {
        if text.len() >= max {
            text.push_str("... (cut)");
            break;
        }
        match c {
            '\u{2028}' | '\u{2029}' => text.extend(c.escape_unicode()),
            c if c.is_control() => text.extend(c.escape_debug()),
            c => text.push(c),
        }
    }
    text
}

/// At most `max` bytes of a value's text; what a `Display` of foreign make breaks is left out.
pub(crate) fn bounded(value: &dyn fmt::Display, max: usize) -> String {
    let mut into = Bounded { text: String::new(), max };
    // An error here is the bound, or a `Display` that fails: the text so far stands.
    let whole = catch_unwind(AssertUnwindSafe(|| write!(into, "{value}")));
    if whole.is_err() {
        into.text.push_str("(its text panicked)");
    }
    into.text
}

struct Bounded {
    text: String,
    max: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = self.max.saturating_sub(self.text.len());
        if part.len() <= room {
            self.text.push_str(part);
            return Ok(());
        }
        let cut = (0..=room).rev().find(|&at| part.is_char_boundary(at)).unwrap_or(0);
        self.text.push_str(&part[..cut]);
        Err(fmt::Error)
    }
}

/// Iterates over an error and its sources, outermost first, also over those that an `io::Error` hides; at most
/// [`MAX_LEVELS`].
pub(crate) fn levels<'a>(head: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(head), |&level| next_level(level)).take(MAX_LEVELS)
}

fn next_level<'a>(level: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match level.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(hidden) => Some(hidden),
        None => level.source(),
    }
}

impl<'a> ErrorRef<'a> {
    /// The head of the chain of sources, where the error has one.
    pub(crate) fn head(&self) -> Option<&'a (dyn Error + 'static)> {
        match *self {
            ErrorRef::App(app) => Some(&**app),
            ErrorRef::Std(error) => Some(error),
            ErrorRef::Display(_) | ErrorRef::Debug(_) | ErrorRef::Opaque(_) => None,
        }
    }
}

/// Writes what is known of the error, one level of it, as it was written: secrets included.
impl fmt::Display for ErrorRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorRef::App(app) => f.write_str(app.message()),
            ErrorRef::Std(error) => error.fmt(f),
            ErrorRef::Display(error) => error.fmt(f),
            ErrorRef::Debug(error) => error.fmt(f),
            ErrorRef::Opaque(type_name) => write!(f, "an error of type {type_name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Odd;
    impl fmt::Display for Odd {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("so far")?;
            panic!("a faulty Display");
        }
    }

    #[test]
    fn a_newline_cannot_forge_a_second_log_line() {
        assert_eq!(for_sink(&"a\r\nERROR b\0\u{1b}[31m\u{2028}", 100), "a\\r\\nERROR b\\0\\u{1b}[31m\\u{2028}");
        assert_eq!(for_sink(&"déjà vu", 100), "déjà vu");
    }

    #[test]
    fn a_message_of_ten_megabytes_is_cut_at_a_character() {
        let long = "é".repeat(5_000_000);
        let text = for_sink(&long, MAX_MESSAGE);
        assert!(text.len() < MAX_MESSAGE + 16, "{}", text.len());
        assert!(text.ends_with("é... (cut)"), "{}", &text[MAX_MESSAGE - 16..]);
        assert_eq!(bounded(&"é", 1), "");
    }

    #[test]
    fn a_display_that_panics_or_fails_harms_nobody() {
        assert_eq!(for_sink(&Odd, 100), "so far(its text panicked)");
    }
}
