//! Claims of names on the values beside them, and the values that they spare.

use super::{
    cursor::{is_quote, until},
    lookup::is_listed,
    names::Name,
    shape,
};
use crate::error::redact::{
    sensitive::MARK_BYTES,
    tables::{self, Weight},
};

/// What is known of the place at which a value stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) weight: Weight,
    /// A number is an amount.
    pub(crate) counts: bool,
    /// Things of other kinds have the name too.
    pub(super) is_common: bool,
    /// `name: value` without quotes around the name: perhaps a sentence.
    pub(super) is_sentence: bool,
    /// No blank stands between the separator and the value.
    pub(super) is_tight: bool,
    /// Blanks stand behind the separator and none before it: `name= `.
    pub(super) is_apart: bool,
    /// The name is part of an identifier with colons in it.
    pub(super) is_part: bool,
    /// Another setting stands in the line above or below.
    pub(super) is_setting: bool,
    /// The word before the name is one of parsers: `unexpected token: x`.
    pub(super) is_grammar: bool,
}

impl Claim {
    /// The claim of a place where nothing but a secret stands.
    pub(crate) const STRONG: Self = Self::new(Weight::Strong, false);

    pub(crate) const fn new(weight: Weight, counts: bool) -> Self {
        Self {
            weight,
            counts,
            is_common: false,
            is_sentence: false,
            is_tight: false,
            is_apart: false,
            is_part: false,
            is_setting: false,
            is_grammar: false,
        }
    }

    /// Returns the claim of a name: under one that a program added, a number is no amount.
    pub(crate) fn from_name(name: &Name, weight: Weight) -> Self {
        Self::new(weight, weight != Weight::Added && name.counts())
    }

    /// Returns `true` if a bare word under the name is no secret, in view of what follows it in its
    /// line.
    pub(super) fn spares_word(&self, word: &[u8], rest: &[u8]) -> bool {
        if self.weight == Weight::Added || word.len() > shape::MAX_SPARED {
            return shape::is_nothing(word);
        }
        if self.counts && shape::is_number(word) {
            return true;
        }
        let bare = shape::trim(word);
        let is_name = shape::is_file(bare) && shape::is_plain(bare);
        if shape::is_nothing(bare)
            || shape::is_stand_in(word)
            || shape::is_code(word)
            || shape::is_path(bare)
            || is_name
        {
            return true;
        }
        // `API key: X-Api-Key: x`
        if self.is_sentence && word.ends_with(b":") && Name::new(bare).weight().is_some() {
            return true;
        }
        let next = rest.trim_ascii_start();
        let next = &next[..until(next, u8::is_ascii_whitespace)];
        let goes_on = (shape::is_plain(shape::trim(next)) || shape::is_version(shape::trim(next)))
            && !next.iter().any(|b| matches!(b, b'=' | b':'));
        // `API_KEY= is empty`
        if self.is_apart && goes_on && shape::is_report(bare, true) && shape::is_plain(bare) {
            return true;
        }
        match self.weight {
            Weight::Strong | Weight::Parameter if bare.len() < 3 && shape::is_number(bare) => true,
            // `'password': rejected value`
            Weight::Strong if !self.is_sentence && !self.is_tight => {
                goes_on && shape::is_plain(bare) && shape::is_report(bare, true)
            }
            Weight::Strong | Weight::Parameter if !self.is_sentence => false,
            Weight::Strong | Weight::Parameter => {
                let is_amount = goes_on && bare.iter().all(u8::is_ascii_digit) && bare.len() < 6;
                shape::is_report(bare, goes_on)
                    || is_amount
                    || (goes_on && !self.is_setting && !self.is_tight && shape::is_plain(bare))
            }
            Weight::Key => !shape::is_random(bare) && !shape::is_numbered(bare),
            _ if self.is_part => !shape::is_random(bare),
            _ if self.is_sentence || self.is_grammar => {
                shape::is_measure(bare)
                    || shape::is_report(bare, goes_on)
                    || (self.weight == Weight::Weak && shape::is_pair(word))
                    || (shape::is_plain(bare)
                        && (goes_on
                            || self.is_grammar
                            || !(self.is_setting || self.weight == Weight::Header)))
            }
            _ => {
                shape::is_measure(bare)
                    || shape::is_report(bare, false)
                    || (shape::is_plain(bare) && (self.is_common || bare[0].is_ascii_uppercase()))
            }
        }
    }

    /// Returns `true` if what follows the scheme in an `Authorization` header is no secret.
    pub(super) fn spares_credentials(&self, word: &[u8], rest: &[u8]) -> bool {
        let bare = shape::trim(word);
        let is_word = shape::is_plain(bare) && !bare.iter().any(u8::is_ascii_uppercase);
        shape::is_nothing(bare)
            || shape::is_stand_in(word)
            || (is_word && (shape::is_report(bare, false) || !rest.trim_ascii().is_empty()))
    }

    /// Returns `true` if what stands between quotes under the name is no secret.
    pub(crate) fn spares_quoted(&self, value: &[u8]) -> bool {
        if self.weight == Weight::Added {
            return value.is_empty() || value.starts_with(MARK_BYTES);
        }
        if value.is_empty()
            || value.starts_with(MARK_BYTES)
            || (self.counts && shape::is_number(value))
        {
            return true;
        }
        if value.len() > shape::MAX_SPARED {
            return false;
        }
        let bare = shape::trim(value);
        if shape::is_nothing(bare)
            || shape::is_stand_in(value)
            || shape::is_path(bare)
            || is_listed(tables::TYPES, bare)
        {
            return true;
        }
        let mut words = value
            .split(u8::is_ascii_whitespace)
            .map(shape::trim)
            .filter(|word| !word.is_empty());
        let first = words.next().unwrap_or_default();
        let goes_on = value.contains(&b' ');
        let is_prose =
            goes_on && words.all(|word| shape::is_plain(word) || shape::is_measure(word));
        match self.weight {
            Weight::Strong | Weight::Parameter => {
                shape::is_report(first, goes_on) && (is_prose || !goes_on)
            }
            Weight::Key => !value
                .split(|b| matches!(b, b' ' | b','))
                .any(|word| shape::is_random(word) || shape::is_numbered(word)),
            _ => {
                shape::is_report(first, goes_on) && (is_prose || !goes_on)
                    || (is_prose && shape::is_plain(first))
                    || shape::is_code(value)
                    || (self.is_grammar && shape::is_plain(bare))
            }
        }
    }

    /// Returns `true` if the only word between brackets under the name is no secret, or is the name
    /// of one.
    pub(super) fn spares_lone(&self, word: &[u8]) -> bool {
        self.spares_quoted(word) || shape::is_code(word) || Name::new(word).weight().is_some()
    }

    /// Returns `true` if a list or object under the name holds types, words of prose and amounts
    /// alone.
    pub(super) fn spares_content(&self, content: &[u8]) -> bool {
        if self.weight == Weight::Added || content.len() > shape::MAX_SPARED {
            return content.is_empty();
        }
        let is_end = |b: &u8| {
            b.is_ascii_whitespace()
                || matches!(
                    b,
                    b',' | b':' | b';' | b'=' | b'{' | b'}' | b'[' | b']' | b'(' | b')'
                )
        };
        let mut has_word = false;
        let mut at = 0;
        while at < content.len() {
            if is_end(&content[at]) {
                at += 1;
                continue;
            }
            let quote = content[at];
            if is_quote(quote) {
                let from = at + 1;
                let Some(len) = content[from..].iter().position(|b| *b == quote) else {
                    return false;
                };
                at = from + len + 1;
                let is_key = content[at..].trim_ascii_start().first() == Some(&b':');
                let text = &content[from..from + len];
                let is_spared =
                    is_key || self.spares_quoted(text) || (self.counts && shape::is_plain(text));
                if !is_spared {
                    return false;
                }
                has_word = true;
                continue;
            }
            let len = until(&content[at..], is_end);
            let word = &content[at..at + len];
            at += len;
            let is_word = shape::is_plain(shape::trim(word))
                || shape::is_stand_in(word)
                || shape::trim(word).is_empty();
            if !is_word && !shape::is_measure(word) {
                return false;
            }
            has_word |= is_word;
        }
        // Numbers alone may be the bytes of a secret.
        has_word || content.iter().filter(|b| b.is_ascii_digit()).count() < 4
    }
}
