//! Finds secrets in free text, in one pass and in linear time.
//!
//! The pass looks at each byte once in a table; the few bytes that can announce a secret (`=`, `:`, quotes, a dash, the
//! first letters of well-known tokens) are looked at closer. Names before a separator are bounded in length; what is
//! scanned ahead is either consumed or remembered, so that no text makes the pass quadratic.

use super::{
    MARK, Redactor,
    names::{Kind, MAX_NAME, Name, is_file, is_name_byte},
    shapes, value,
};
use std::{borrow::Cow, ops::Range};

/// Replaces what the redactor's names and the shapes of secrets say is one.
pub(super) fn redact<'a>(text: &'a str, redactor: &Redactor) -> Cow<'a, str> {
    let bytes = text.as_bytes();
    let mut scan = Scan { bytes, redactor, done: 0, no_at_before: 0 };
    let (mut out, mut at) = (String::new(), 0);
    while let Some(found) = next_sign(bytes, at) {
        at = match scan.look(found) {
            Look::Nothing => found + 1,
            Look::Skip(to) => to.max(found + 1),
            // Every range begins and ends beside ASCII bytes, so on characters; if one ever did not, the text goes on
            // from the next character, and no secret is cut in half.
            Look::Secret(range) => {
                // What one sign hides may reach back into what an earlier one has hidden.
                let start = text.floor_char_boundary(range.start).max(scan.done);
                let end = text.ceil_char_boundary(range.end).max(start).max(found + 1);
                let end = text.ceil_char_boundary(end);
                out.push_str(&text[scan.done..start]);
                out.push_str(MARK);
                scan.done = end;
                end
            }
        };
    }
    if scan.done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[scan.done..]);
    Cow::Owned(out)
}

/// What a byte says about itself and about the one after it. Where a byte counts only after certain others, its bit is
/// the one above theirs, so that a shift of the byte before selects it.
mod sign {
    /// Stands inside a token.
    pub(super) const TOKEN: u8 = 1;
    /// Begins a token, unless one stands before it.
    pub(super) const FIRST: u8 = TOKEN << 1;
    pub(super) const BLANK: u8 = 4;
    /// Announces a secret after a blank.
    pub(super) const QUOTE: u8 = BLANK << 1;
    /// Announces a secret after a quote.
    pub(super) const COMMA: u8 = QUOTE << 1;
    /// Announces a secret anywhere.
    pub(super) const SEPARATOR: u8 = 32;
    pub(super) const DASH: u8 = 64;
    /// Announces a secret after a dash.
    pub(super) const SECOND_DASH: u8 = DASH << 1;

    pub(super) static OF: [u8; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = match byte as u8 {
                b'=' | b':' => SEPARATOR,
                b' ' => BLANK,
                b'"' | b'\'' | b'`' => QUOTE,
                b',' => COMMA,
                b'-' => TOKEN | DASH | SECOND_DASH,
                b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => TOKEN,
                _ => 0,
            };
            byte += 1;
        }
        let letters = super::shapes::FIRST_LETTERS;
        let mut i = 0;
        while i < letters.len() {
            table[letters[i] as usize] |= FIRST;
            i += 1;
        }
        table
    };
}

/// The next place, from `at` on, where a secret can begin or be announced.
fn next_sign(bytes: &[u8], at: usize) -> Option<usize> {
    let mut before = if at == 0 { 0 } else { sign::OF[usize::from(bytes[at - 1])] << 1 };
    let rest = bytes.get(at..)?.iter();
    let found = rest.map(|b| sign::OF[usize::from(*b)]).position(|own| {
        let after_these = own & before & (sign::QUOTE | sign::COMMA | sign::SECOND_DASH);
        let hit = after_these | (own & sign::FIRST & !before) | (own & sign::SEPARATOR);
        before = own << 1;
        hit != 0
    });
    found.map(|step| at + step)
}

enum Look {
    Nothing,
    /// Nothing before this place.
    Skip(usize),
    Secret(Range<usize>),
}

struct Scan<'a> {
    bytes: &'a [u8],
    redactor: &'a Redactor,
    /// The end of the last secret: nothing looks back over it.
    done: usize,
    /// A place before which, from here on, no `@` ends a URL's userinfo.
    no_at_before: usize,
}

impl Scan<'_> {
    fn look(&mut self, at: usize) -> Look {
        let found = match self.bytes[at] {
            b':' if self.bytes[at..].starts_with(b"://") => return self.userinfo(at + 3),
            // A path in code, as `token::Kind`.
            b':' if self.bytes.get(at + 1) == Some(&b':') => return Look::Skip(at + 2),
            b':' | b'=' => self.after_separator(at),
            b',' => self.in_pair(at),
            b'"' | b'\'' | b'`' => self.after_word(at),
            // The second dash of two.
            b'-' if self.bytes[at - 1..].starts_with(b"-----BEGIN ") => shapes::private_key(self.bytes, at - 1),
            b'-' => self.flag(at - 1),
            _ => shapes::token(self.bytes, at),
        };
        found.map_or(Look::Nothing, Look::Secret)
    }

    /// `name = value`, `"name": "value"`, `?name=value`.
    fn after_separator(&self, at: usize) -> Option<Range<usize>> {
        let range = self.name_before(at);
        let (name, kind) = self.secret_name(range.clone())?;
        if self.bytes[at] == b':' && is_file(&self.bytes[range.clone()]) {
            return None;
        }
        let parameter = range.start > 0 && matches!(self.bytes[range.start - 1], b'?' | b'&' | b';');
        if kind == Kind::Parameter && !parameter {
            return None;
        }
        let mut start = at + 1;
        while self.bytes.get(start).is_some_and(|b| matches!(b, b'=' | b'>')) {
            start += 1;
        }
        let whole_line = kind == Kind::Header && self.bytes[at] == b':';
        value::after(self.bytes, start, whole_line, kind != Kind::Added && name.counts())
    }

    /// `("name", "value")`.
    fn in_pair(&self, at: usize) -> Option<Range<usize>> {
        let quote = *self.bytes[self.done..at].last().filter(|b| matches!(b, b'"' | b'\''))?;
        let range = self.name_before(at);
        let opening = range.start.checked_sub(2).map(|from| &self.bytes[from..range.start]);
        let pair = opening.is_some_and(|two| matches!(two[0], b'(' | b'[') && two[1] == quote);
        let ahead = self.bytes[at + 1..].trim_ascii_start();
        if !pair || ahead.first() != Some(&quote) {
            return None;
        }
        let (name, kind) = self.secret_name(range)?;
        if kind == Kind::Parameter {
            return None;
        }
        value::after(self.bytes, at + 1, false, kind != Kind::Added && name.counts())
    }

    /// `password 'value'`.
    fn after_word(&self, at: usize) -> Option<Range<usize>> {
        let (name, _) = self.secret_name(self.name_before(at))?;
        if name.is_password() { value::after(self.bytes, at, false, false) } else { None }
    }

    /// `--password value`.
    fn flag(&self, at: usize) -> Option<Range<usize>> {
        let begins = at == 0 || matches!(self.bytes[at - 1], b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\n' | b'[');
        let rest = self.bytes[at..].strip_prefix(b"--").filter(|_| begins)?;
        let len = rest.iter().take(MAX_NAME).position(|b| !is_name_byte(*b))?;
        let end = at + 2 + len;
        let (name, kind) = self.secret_name(at + 2..end)?;
        let next = self.bytes.get(end + 1)?;
        if self.bytes[end] != b' ' || *next == b'-' || kind == Kind::Parameter {
            return None;
        }
        value::after(self.bytes, end + 1, false, kind != Kind::Added && name.counts())
    }

    /// `scheme://userinfo@host`: the whole userinfo, for tokens stand in the place of the user as well.
    fn userinfo(&mut self, start: usize) -> Look {
        let rest = &self.bytes[start..];
        let len = rest.iter().position(|b| is_url_end(*b) || matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let authority = &rest[..len];
        if let Some(len) = authority.iter().rposition(|b| *b == b'@') {
            let secret = !matches!(&authority[..len], b"" | b"git" | shapes::MARK_BYTES);
            return if secret { Look::Secret(start..start + len) } else { Look::Skip(start + len) };
        }
        // No port is made of anything but digits: this is a password with a slash in it, or a text that was cut.
        let colon = authority.iter().rposition(|b| *b == b':');
        let Some(colon) = colon.filter(|c| authority[c + 1..].iter().any(|b| !b.is_ascii_digit() && *b != b']')) else {
            return Look::Skip(start);
        };
        if start + len == self.bytes.len() {
            return Look::Secret(start..self.bytes.len());
        }
        if self.no_at_before > start + colon {
            return Look::Skip(start);
        }
        let end = rest.iter().position(|b| is_url_end(*b)).unwrap_or(rest.len());
        match rest[..end].iter().position(|b| *b == b'@') {
            Some(len) => Look::Secret(start..start + len),
            None => {
                self.no_at_before = start + end;
                Look::Skip(start)
            }
        }
    }

    /// Where the name before a separator stands: behind blanks and closing quotes.
    fn name_before(&self, at: usize) -> Range<usize> {
        let bytes = &self.bytes[self.done..at];
        let mut end = bytes.len();
        let back = |end: &mut usize, most: usize, is: fn(u8) -> bool| {
            let least = end.saturating_sub(most);
            while *end > least && is(bytes[*end - 1]) {
                *end -= 1;
            }
        };
        back(&mut end, 8, |b| matches!(b, b' ' | b'\t'));
        back(&mut end, 8, |b| matches!(b, b'"' | b'\'' | b'`' | b'\\' | b']'));
        let mut start = end;
        back(&mut start, MAX_NAME, is_name_byte);
        // `api key: x` is written with a blank.
        if bytes[start..end].eq_ignore_ascii_case(b"key") && start > 0 && bytes[start - 1] == b' ' {
            start -= 1;
            back(&mut start, MAX_NAME, is_name_byte);
        }
        self.done + start..self.done + end
    }

    fn secret_name(&self, range: Range<usize>) -> Option<(Name, Kind)> {
        if range.len() < 3 {
            return None;
        }
        let name = Name::of(&self.bytes[range]);
        let kind = self.redactor.kind(&name)?;
        Some((name, kind))
    }
}

/// What no URL in a text goes beyond.
fn is_url_end(b: u8) -> bool {
    b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\')
}
