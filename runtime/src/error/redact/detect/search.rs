//! The search for secrets in free text, in linear time.
//!
//! The pass looks up each byte once in a table, and examines only the few bytes that can announce a
//! secret (`=`, `:`, quotes, a dash, the first letters of well-known tokens). Names before a
//! separator are bounded in length; what is scanned ahead is either consumed or remembered, so that
//! no text makes the pass quadratic.

use super::{
    card, cursor,
    decode::Decoded,
    names::NameRules,
    prose,
    scan::{Match, Scan},
    sql, tokens,
};
use crate::{
    char_boundary::{ceil_char_boundary, floor_char_boundary},
    error::redact::{sensitive::MARK, tables},
};
use std::ops::Range;

/// How often a text is decoded: a URL in a URL in a URL.
pub(crate) const DEPTH: usize = 3;

/// Returns where the secrets stand that the names and the shapes of secrets announce, in order and
/// apart from each other, in the text as it is and in what it stands for when it is decoded `depth`
/// times.
pub(crate) fn secrets(text: &str, names: &NameRules, depth: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    plain(text, names, &mut found);
    prose::secrets(text.as_bytes(), names, &mut found);
    card::secrets(text.as_bytes(), &mut found);
    // Each decoding holds fewer bytes than what it stands for: the depth alone bounds the time.
    if depth > 0
        && let Some(decoded) = Decoded::new(text.as_bytes())
    {
        let inside = secrets(&decoded.text, names, depth - 1);
        found.extend(inside.iter().map(|range| decoded.origin(range)));
    }
    merge(text, &mut found);
    found
}

/// Puts ranges in order and joins those that reach into each other or into a mark. Every range
/// begins and ends beside ASCII bytes, so on characters; if one ever did not, it grows to the next
/// one.
fn merge(text: &str, found: &mut Vec<Range<usize>>) {
    // A mark may have lost what ends a word.
    let marks = [
        MARK,
        &MARK[..MARK.len() - 1],
        &MARK[1..],
        &MARK[1..MARK.len() - 1],
    ];
    found.retain(|range| {
        !marks
            .iter()
            .any(|mark| text.as_bytes()[range.start..range.end] == *mark.as_bytes())
    });
    for range in &mut *found {
        *range = floor_char_boundary(text, range.start)..ceil_char_boundary(text, range.end);
    }
    found.sort_unstable_by_key(|range| range.start);
    found.dedup_by(|next, range| {
        let reaches_in = next.start < range.end;
        if reaches_in {
            range.end = range.end.max(next.end);
        }
        reaches_in
    });
}

/// Passes over the bytes that can announce a secret.
fn plain(text: &str, names: &NameRules, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut scan = Scan::new(bytes, names);
    let mut at = 0;
    while let Some(sign) = next_sign(bytes, at) {
        at = match scan.look(sign) {
            Match::Nothing => sign + 1,
            Match::Skip(to) => to.max(sign + 1),
            Match::Secret(range) => {
                // What one sign hides may stand before it, or reach back into what an earlier one
                // has hidden.
                let end = range.end.max(scan.done);
                found.push(range);
                scan.done = end;
                end.max(sign + 1)
            }
        };
    }
    found.append(&mut scan.arguments);
}

/// Which bytes can announce a secret. Where a byte counts only after certain others, its bit is
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
                b'=' | b':' | b'(' | b'<' | b'@' => SEPARATOR,
                b' ' => BLANK,
                b'"' | b'\'' | b'`' => QUOTE,
                b',' => COMMA | BLANK,
                0x80.. => BLANK,
                b'-' => TOKEN | DASH | SECOND_DASH,
                b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => TOKEN,
                _ => 0,
            };
            byte += 1;
        }
        mark_first(&mut table);
        table
    };

    /// Marks the first letters of what [`tokens::token`](super::tokens::token) knows.
    const fn mark_first(table: &mut [u8; 256]) {
        let mut i = 0;
        while i < super::tables::TOKENS.len() {
            table[super::tables::TOKENS[i].prefix.as_bytes()[0] as usize] |= FIRST;
            i += 1;
        }
        let others = b"eBbhdwocm";
        let mut i = 0;
        while i < others.len() {
            table[others[i] as usize] |= FIRST;
            i += 1;
        }
    }
}

/// Returns the next place, from `at` on, where a secret can begin or be announced.
fn next_sign(bytes: &[u8], at: usize) -> Option<usize> {
    let last = at.checked_sub(1).map(|last| usize::from(bytes[last]));
    let mut before = last.map_or(0, |last| sign::OF[last] << 1);
    let rest = bytes.get(at..)?.iter();
    let found = rest.map(|b| sign::OF[usize::from(*b)]).position(|own| {
        let after_these = own & before & (sign::QUOTE | sign::COMMA | sign::SECOND_DASH);
        let hit = after_these | (own & sign::FIRST & !before) | (own & sign::SEPARATOR);
        before = own << 1;
        hit != 0
    });
    cursor::count(found.unwrap_or(bytes.len() - at));
    found.map(|step| at + step)
}

impl Scan<'_> {
    fn look(&mut self, at: usize) -> Match {
        let found = match self.bytes[at] {
            b':' if self.bytes[at..].starts_with(b"://") => return self.userinfo(at + 3),
            // A path in code: `token::Kind`.
            b':' if self.bytes.get(at + 1) == Some(&b':')
                && self.bytes.get(at + 2) != Some(&b' ') =>
            {
                return Match::Skip(at + 2);
            }
            b'=' if at > 0 && self.bytes[at - 1] == b')' => sql::detail(self.bytes, at, self.names),
            b':' | b'=' => match self.after_separator(at) {
                None if self.bytes[at] == b':' => return self.after_colon(at),
                found => found,
            },
            b'@' => self.before_network(at),
            b'(' => {
                let found = self.newtype(at);
                // Other secrets may stand before the one of a call.
                let argument = if found.is_none() { self.call(at) } else { None };
                self.arguments.extend(argument);
                found
            }
            b'<' if self.bytes[at..].starts_with(b"<<\"") => self.binary(at),
            b'<' => self.element(at),
            b',' => self.in_pair(at),
            b'"' | b'\'' | b'`' => self.after_word(at).or_else(|| self.in_proplist(at)),
            // The second dash of two.
            b'-' if self.bytes[at - 1..].starts_with(b"-----BEGIN ") => {
                tokens::private_key(self.bytes, at - 1)
            }
            b'-' if self.bytes[at - 1..].starts_with(b"---- BEGIN ") => {
                tokens::private_key(self.bytes, at - 1)
            }
            b'-' => self.flag(at - 1),
            _ => tokens::token(self.bytes, at),
        };
        found.map_or(Match::Nothing, Match::Secret)
    }
}
