//! The state of one pass over a text, and the names that it meets.

use super::{
    cursor::is_name_byte,
    lookup::is_listed,
    names::{MAX_NAME, Name, NameRules},
};
use crate::error::redact::tables::{self, Weight};
use std::ops::Range;

/// What a byte that can announce a secret turned out to be.
pub(super) enum Match {
    Nothing,
    /// Nothing before this place.
    Skip(usize),
    Secret(Range<usize>),
}

pub(super) struct Scan<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) names: &'a NameRules,
    /// The end of the last secret: nothing looks back over it.
    pub(super) done: usize,
    /// A place before which, from here on, no `@` ends a URL's userinfo.
    pub(super) no_at_before: usize,
    /// A place before which nothing looks back for the beginning of an address.
    pub(super) looked_back: usize,
    /// Up to where the last stretch of a URL goes, and where the `@` before its host is.
    pub(super) last_host: (usize, Option<usize>),
    pub(super) settings: Settings,
    pub(super) records: Records,
    /// Secrets that functions are called with.
    pub(super) arguments: Vec<Range<usize>>,
}

/// The last line that was searched for a list of settings.
#[derive(Default)]
pub(super) struct Settings {
    /// The end of the line.
    pub(super) line_end: usize,
    /// Where the last `;name=` in it stands.
    pub(super) last: usize,
}

/// What the pass remembers of names and values that it came by.
#[derive(Default)]
pub(super) struct Records {
    /// The end of a value that is the name of a secret.
    pub(super) named: Option<usize>,
    /// A value whose name may follow.
    pub(super) value: Option<Range<usize>>,
    /// Whether the text has an object of the kind `Secret`, once that was checked.
    pub(super) has_secret_kind: Option<bool>,
    /// Whether it has a JSON web key.
    pub(super) has_web_key: Option<bool>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(bytes: &'a [u8], names: &'a NameRules) -> Self {
        Self {
            bytes,
            names,
            done: 0,
            no_at_before: 0,
            looked_back: 0,
            last_host: (0, None),
            settings: Settings::default(),
            records: Records::default(),
            arguments: Vec::new(),
        }
    }

    /// Returns the name that stands in a range, and its weight, if it announces a secret.
    pub(super) fn secret_name(&self, range: Range<usize>) -> Option<(Name, Weight)> {
        if range.len() < 2 || !self.names.may_weigh(&self.bytes[range.clone()]) {
            return None;
        }
        let name = Name::new(&self.bytes[range]);
        let weight = self.names.weight(&name)?;
        Some((name, weight))
    }

    /// Returns where the name before a separator stands: behind blanks and closing quotes.
    pub(super) fn name_before(&self, at: usize) -> Range<usize> {
        let bytes = &self.bytes[self.done..at];
        let mut end = bytes.len();
        let back = |end: &mut usize, most: usize, is: fn(u8) -> bool| {
            let least = end.saturating_sub(most);
            while *end > least && is(bytes[*end - 1]) {
                *end -= 1;
            }
        };
        back(&mut end, 8, |b| matches!(b, b' ' | b'\t'));
        // A key of JSON may have its colon on the next line.
        let mut above = end;
        back(&mut above, 8, |b| b.is_ascii_whitespace());
        if above < end && bytes[..above].ends_with(b"\"") {
            end = above;
        }
        back(&mut end, 8, |b| {
            matches!(b, b'"' | b'\'' | b'`' | b'\\' | b']' | b'[')
        });
        let mut start = end;
        back(&mut start, MAX_NAME, is_name_byte);
        // `api key: x` is written with a blank.
        let last = end - start;
        if is_listed(tables::LAST_OF_NAME, &bytes[start..end]) {
            let mut longer = start;
            for _ in 0..2 {
                if longer == 0 || !matches!(bytes[longer - 1], b' ' | b'\'') {
                    break;
                }
                longer -= 1;
                back(&mut longer, MAX_NAME, is_name_byte);
                if Name::new(&bytes[longer..end]).completes(last) {
                    start = longer;
                    break;
                }
            }
        }
        self.done + start..self.done + end
    }

    pub(super) fn byte_before(&self, at: usize) -> Option<u8> {
        at.checked_sub(1).map(|before| self.bytes[before])
    }
}
