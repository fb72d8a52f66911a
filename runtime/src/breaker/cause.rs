//! Text of a failure in a fixed buffer: writing it allocates nothing and runs outside of every
//! lock.

use crate::panics;
use std::fmt::{self, Write};

/// The longest text that is kept, in bytes.
const CAPACITY: usize = 151;

/// One line of text of at most 151 bytes, with its length in one byte more; what is longer ends in
/// `...`.
#[derive(Clone, Copy)]
pub(super) struct CauseText {
    len: u8,
    bytes: [u8; CAPACITY],
}

impl CauseText {
    pub(super) const EMPTY: Self = Self {
        len: 0,
        bytes: [0; CAPACITY],
    };

    /// Keeps the text that `write` writes. It may be user code: where it fails or panics, the text
    /// ends there.
    pub(super) fn of(write: impl FnOnce(&mut dyn Write) -> fmt::Result) -> Self {
        let mut text = Self::EMPTY;
        // Text that does not fit or cannot be displayed is left out: a cause is read by people, and
        // nothing depends on it.
        let _ = panics::catch(|| write(&mut text));
        text
    }

    pub(super) fn as_str(&self) -> &str {
        // Only whole characters are ever written.
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }

    fn push(&mut self, c: char, reserve: usize) -> bool {
        let at = usize::from(self.len);
        if at + c.len_utf8() + reserve > CAPACITY {
            return false;
        }
        self.len += c.encode_utf8(&mut self.bytes[at..]).len() as u8;
        true
    }
}

impl Write for CauseText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let at = usize::from(self.len);
        let end = at + text.len();
        // Most texts fit and have no control character (the two-byte ones begin with 0xC2).
        if end + ELLIPSIS.len() <= CAPACITY
            && text
                .bytes()
                .all(|byte| byte >= b' ' && byte != 0x7F && byte != 0xC2)
        {
            self.bytes[at..end].copy_from_slice(text.as_bytes());
            self.len = end as u8;
            return Ok(());
        }
        for c in text.chars() {
            // One line, and nothing that moves a terminal's cursor.
            let c = if c.is_control() { ' ' } else { c };
            if !self.push(c, ELLIPSIS.len()) {
                ELLIPSIS.chars().for_each(|dot| {
                    self.push(dot, 0);
                });
                return Err(fmt::Error);
            }
        }
        Ok(())
    }
}

const ELLIPSIS: &str = "...";

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> CauseText {
        CauseText::of(|out| out.write_str(text))
    }

    #[test]
    fn short_text_is_kept_on_one_line() {
        assert_eq!(of("no route\nto host").as_str(), "no route to host");
        assert_eq!(of("").as_str(), "");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let text = of(&"é".repeat(200));
        assert!(text.as_str().ends_with("é..."), "{}", text.as_str());
        assert!(text.as_str().len() <= CAPACITY);
    }

    /// Text that is copied as a whole and text that is copied by characters have the same limit.
    #[test]
    fn text_is_kept_up_to_exactly_the_capacity() {
        let room = CAPACITY - ELLIPSIS.len();
        for first in ["x", "\n"] {
            let shown = if first == "x" { "x" } else { " " };
            let fits = of(&format!("{first}{}", "y".repeat(room - 1)));
            assert_eq!(fits.as_str(), format!("{shown}{}", "y".repeat(room - 1)));
            let cut = of(&format!("{first}{}", "y".repeat(room)));
            assert_eq!(cut.as_str(), format!("{shown}{}...", "y".repeat(room - 1)));
            let in_parts = |last: usize| {
                CauseText::of(|out| {
                    out.write_str(first)?;
                    out.write_str(&"y".repeat(99))?;
                    out.write_str(&"z".repeat(last))
                })
            };
            let parts = |last: usize| format!("{shown}{}{}", "y".repeat(99), "z".repeat(last));
            assert_eq!(in_parts(room - 100).as_str(), parts(room - 100));
            assert_eq!(in_parts(room - 99).as_str(), parts(room - 100) + "...");
        }
    }

    #[test]
    fn only_control_characters_become_spaces() {
        assert_eq!(of("a\x7Fb\u{85}c\td\x1B[2Je").as_str(), "a b c d [2Je");
        assert_eq!(of("© 2 µs, ~é").as_str(), "© 2 µs, ~é");
    }
}
