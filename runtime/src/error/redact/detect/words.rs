//! The words of a text, one after the other.

use super::{
    claim::Claim,
    cursor::{self, is_quote, run_within, until},
    ends::Reach,
    names::NameRules,
    shape, value,
};
use crate::error::redact::sensitive::MARK_BYTES;
use std::ops::Range;

/// How many words follow a password at most before it stands.
pub(super) const NEAR: usize = 6;
/// How far a word looks ahead or back: more than any sentence about a secret has.
pub(super) const REACH: usize = 240;

/// Returns the next run of bytes without white space.
pub(super) fn next(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at
        + bytes
            .get(at..)?
            .iter()
            .position(|b| !b.is_ascii_whitespace())?;
    let len = until(&bytes[start..], u8::is_ascii_whitespace);
    cursor::count(start + len - at);
    Some(start..start + len)
}

pub(super) struct Words<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) names: &'a NameRules,
}

impl Words<'_> {
    /// Returns a word without the punctuation around it.
    pub(super) fn bare(&self, word: &Range<usize>) -> Range<usize> {
        let bare = shape::trimmed(&self.bytes[word.clone()]);
        word.start + bare.start..word.start + bare.end
    }

    /// Returns `true` if the redactor's mark stands here, perhaps in quotes.
    pub(super) fn is_marked(&self, word: &Range<usize>) -> bool {
        let raw = &self.bytes[word.clone()];
        let start = run_within(raw, 4, |b| matches!(b, b'"' | b'\'' | b'`' | b'(' | b'\\'));
        raw[start..].starts_with(MARK_BYTES)
    }

    /// Returns the next word in the line.
    pub(super) fn following(&self, at: usize) -> Option<Range<usize>> {
        let word = next(self.bytes, at)?;
        let same_line = !self.bytes[at..word.start].contains(&b'\n');
        (same_line && word.start - at < 8).then_some(word)
    }

    pub(super) fn is_literal(&self, word: &Range<usize>) -> bool {
        is_quote(self.bytes[word.start])
    }

    /// Returns what stands between the quotes that open at a place, unless it is a report.
    pub(super) fn literal(&self, at: usize) -> Option<Range<usize>> {
        value::after(self.bytes, at, Reach::Word, &Claim::STRONG)
    }

    /// Returns a word that may be a password, or what stands in quotes.
    pub(super) fn chosen(&self, word: &Range<usize>) -> Option<Range<usize>> {
        if self.is_marked(word) {
            return None;
        }
        if self.is_literal(word) {
            return self.literal(word.start);
        }
        let bare = self.bare(word);
        shape::is_chosen(&self.bytes[bare.clone()]).then_some(bare)
    }

    /// Returns the first of some words after a place for which something holds.
    pub(super) fn among(
        &self,
        mut at: usize,
        most: usize,
        holds: impl Fn(&[u8]) -> bool,
    ) -> Option<Range<usize>> {
        for _ in 0..most {
            let word = self.following(at)?;
            let bare = self.bare(&word);
            if self.is_marked(&word) {
                return None;
            }
            if holds(&self.bytes[bare.clone()]) {
                return Some(bare);
            }
            at = word.end;
        }
        None
    }
}
