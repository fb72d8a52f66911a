//! Texts that cannot act on the terminal, cut to the columns that they have.

use std::fmt::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns a text in which nothing but visible characters is left: control characters, escape
/// sequences, and what changes the direction of a line or hides in it are written as their numbers.
pub(crate) fn escaped(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if is_invisible(c) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            _ => shown.push(c),
        }
    }
    shown
}

/// Returns `true` for a text of visible ASCII characters and spaces, as most are.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|c| matches!(c, b' '..=b'~'))
}

/// Returns `true` for a character that acts on a terminal, or that is not seen.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Returns how many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a text to so many columns; an ellipsis stands for what is cut off.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    // No character takes more columns than bytes.
    if text.len() <= columns || width(text) <= columns {
        return text.to_owned();
    }
    let (mut cut, mut used) = (String::new(), 1);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        cut.push(c);
    }
    if columns > 0 {
        cut.push('…');
    }
    cut
}

/// Cuts or fills a text to exactly so many columns.
pub(crate) fn fitted(text: &str, columns: usize) -> String {
    filled(&cut(text, columns), columns)
}

/// Fills a text to at least so many columns.
pub(crate) fn filled(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// Returns a number with separators between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_as_its_number() {
        for (text, expected) in [
            ("plain, déjà vu, 漢字, 🦀", "plain, déjà vu, 漢字, 🦀"),
            ("two\nlines\r\n\t", "two\\nlines\\r\\n\\t"),
            ("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            ("user\u{202e}gpj.exe", "user\\u{202e}gpj.exe"),
            (
                "a\u{2066}b\u{2069}\u{200e}\u{61c}",
                "a\\u{2066}b\\u{2069}\\u{200e}\\u{61c}",
            ),
            (
                "a\u{200b}b\u{feff}\u{e0041}\u{2028}",
                "a\\u{200b}b\\u{feff}\\u{e0041}\\u{2028}",
            ),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn texts_are_cut_by_columns_not_by_characters() {
        assert_eq!(cut("漢字漢字", 8), "漢字漢字");
        assert_eq!(cut("漢字漢字", 7), "漢字漢…");
        assert_eq!(cut("漢字漢字", 6), "漢字…");
        assert_eq!(fitted("漢字漢字", 6), "漢字… ");
        assert_eq!(fitted("e\u{301}", 3), "e\u{301}  ");
        assert_eq!((cut("ab", 1), cut("ab", 0)), ("…".into(), String::new()));
    }

    #[test]
    fn thousands_are_separated() {
        let shown = [0, 999, 1000, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
