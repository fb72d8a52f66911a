//! Texts fit for a sink: redacted, in one line, bounded.

use super::redactor::Redactor;
use crate::{
    char_boundary::{ceil_char_boundary, floor_char_boundary},
    error::details,
};
use std::{borrow::Cow, fmt};

/// Returns how much of a text is redacted for `max` bytes of a line: more than that, for what is
/// cut from the end of it may be half a secret, and every secret replaced makes the text shorter.
fn window(max: usize) -> usize {
    max.saturating_mul(2).saturating_add(1024)
}

/// What is known of the text that a head was taken from.
#[derive(Clone, Copy)]
enum Rest {
    None,
    Cut,
    CutOf(usize),
}

impl Redactor {
    /// Returns a text fit for one line of a sink: secrets replaced, control characters (line
    /// breaks, escapes, marks that reverse the direction of writing) escaped as in Rust literals,
    /// and at most `max` bytes plus a mark of what was cut.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::Redactor;
    ///
    /// let line = Redactor::current().line("échec\r\nERROR forged, password=hunter2", 100);
    /// assert_eq!(line, r"échec\r\nERROR forged, password=[redacted]");
    /// ```
    #[must_use]
    pub fn line<'a>(&self, text: &'a str, max: usize) -> Cow<'a, str> {
        bounded(self, text, max, needs_escape)
    }
}

/// Returns a text with its secrets replaced and cut at `max` bytes, for sinks that escape control
/// characters themselves.
pub(crate) fn bounded_text(text: &str, max: usize) -> Cow<'_, str> {
    bounded(Redactor::current(), text, max, |_| false)
}

/// Returns the text of any value as a sink may have it; no more of it is written than the sink may
/// need.
pub(crate) fn sink_display(value: &dyn fmt::Display, max: usize) -> String {
    let (text, cut) = details::display_head(value, window(max));
    let (head, rest) = if cut {
        (without_last_word(&text), Rest::Cut)
    } else {
        (&*text, Rest::None)
    };
    escape_and_cut(Redactor::current().text(head), max, rest, needs_escape).into_owned()
}

/// Returns a redacted name on one line, cut at `max` bytes.
pub(super) fn bounded_name(redacted: Cow<'_, str>, max: usize) -> Cow<'_, str> {
    escape_and_cut(redacted, max, Rest::None, needs_escape)
}

fn bounded<'a>(
    redactor: &Redactor,
    text: &'a str,
    max: usize,
    escaped: fn(char) -> bool,
) -> Cow<'a, str> {
    if text.len() <= window(max) {
        return escape_and_cut(redactor.text(text), max, Rest::None, escaped);
    }
    let head = without_last_word(&text[..floor_char_boundary(text, window(max))]);
    escape_and_cut(redactor.text(head), max, Rest::CutOf(text.len()), escaped)
}

/// Cuts the last word: a secret that the end of the window cuts in two may not look like one any
/// more.
fn without_last_word(head: &str) -> &str {
    let from = ceil_char_boundary(head, head.len().saturating_sub(512));
    match head[from..].rfind(|c: char| c.is_ascii_whitespace()) {
        Some(blank) => &head[..from + blank],
        None => &head[..from],
    }
}

fn escape_and_cut(
    text: Cow<'_, str>,
    max: usize,
    rest: Rest,
    escaped: fn(char) -> bool,
) -> Cow<'_, str> {
    if text.len() <= max && matches!(rest, Rest::None) && !text.contains(escaped) {
        return text;
    }
    let mut line = String::with_capacity(text.len().min(max) + 32);
    let mut rest = rest;
    for c in text.chars() {
        let before = line.len();
        if escaped(c) {
            escape(c, &mut line);
        } else {
            line.push(c);
        }
        if line.len() > max {
            line.truncate(before);
            rest = if let Rest::None = rest {
                Rest::CutOf(text.len())
            } else {
                rest
            };
            break;
        }
    }
    match rest {
        Rest::None => {}
        Rest::Cut => line.push_str("… (cut)"),
        Rest::CutOf(len) => line.push_str(&format!("… (cut, {len} bytes in all)")),
    }
    Cow::Owned(line)
}

/// Returns `true` for control characters, what ends a line in some program, and what reverses the
/// direction of writing.
fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{061c}' | '\u{200e}' | '\u{200f}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escape(c: char, line: &mut String) {
    match c {
        '\n' => line.push_str("\\n"),
        '\r' => line.push_str("\\r"),
        '\t' => line.push_str("\\t"),
        '\0' => line.push_str("\\0"),
        c => line.extend(c.escape_unicode()),
    }
}
