//! Secrets behind fixed phrases and options: `IDENTIFIED BY 'x'`, `-password x`.

use super::{
    claim::Claim,
    cursor::is_name_byte,
    lookup,
    names::{MAX_NAME, Name},
    shape::{self, is_random},
    words::{NEAR, REACH, Words, next},
};
use crate::error::redact::tables::{self, Take, Weight};
use std::{iter::successors, ops::Range};

impl Words<'_> {
    /// Returns what a row of [`tables::PHRASES`] announces.
    pub(super) fn after_phrase(
        &self,
        word: &Range<usize>,
        before: [&Range<usize>; 2],
        end: usize,
    ) -> Option<Range<usize>> {
        if !lookup::PHRASES.may_have(&self.bytes[word.clone()]) {
            return None;
        }
        let is_word = |range: &Range<usize>, text: &str, exact: bool| {
            let word = &self.bytes[range.clone()];
            word.eq_ignore_ascii_case(text.as_bytes()) && (!exact || word == text.as_bytes())
        };
        let row = tables::PHRASES.iter().rev().find(|row| match row.words {
            [only] => is_word(word, only, row.exact),
            [first, last] => is_word(word, last, row.exact) && is_word(before[0], first, row.exact),
            [first, "", last] => {
                is_word(word, last, row.exact) && is_word(before[1], first, row.exact)
            }
            _ => false,
        })?;
        match row.take {
            Take::Next => {
                let word = self.following(end)?;
                let bare = self.bare(&word);
                let is_quoted = matches!(self.bytes[word.start], b'\'' | b'"' | b'`');
                let text = &self.bytes[bare.clone()];
                let is_secret = !text.is_empty()
                    && !self.is_marked(&word)
                    && (is_quoted || !shape::is_plain(text));
                (is_secret && !text.starts_with(b"$")).then_some(bare)
            }
            Take::Opaque => self.among(end, 2, |text| is_random(text) && !shape::is_path(text)),
            Take::Number => self.among(end, 3, |text| {
                (4..=8).contains(&text.len()) && text.iter().all(u8::is_ascii_digit)
            }),
            Take::Second => self
                .among(end, 2, |text| is_random(text) && !shape::is_path(text))
                .or_else(|| {
                    let first = self.following(end)?;
                    let second = self.following(first.end)?;
                    let is_login =
                        shape::is_name(&self.bytes[self.bare(&first)]) || first.len() > 2;
                    self.chosen(&second)
                        .filter(|_| is_login && !self.bytes[first.clone()].ends_with(b":"))
                }),
            Take::Chosen(most) => {
                let words = successors(self.following(end), |word| self.following(word.end));
                words.take(most).find_map(|word| self.chosen(&word))
            }
            Take::Word => {
                let word = self.following(end)?;
                let bare = self.bare(&word);
                let spared = self.is_marked(&word)
                    || Claim::STRONG.spares_quoted(&self.bytes[bare.clone()])
                    || self.bytes[word.start..].starts_with(b"-");
                (!spared).then_some(bare)
            }
            Take::Rejected => {
                let value = self
                    .following(end)
                    .filter(|value| self.bytes[value.start] == b'[')?;
                let head = &self.bytes[value.start.saturating_sub(REACH / 2)..value.start];
                let named = |word: &[u8]| self.names.weight(&Name::new(shape::trim(word)));
                let mut weights = head.split(u8::is_ascii_whitespace).filter_map(named);
                let weight =
                    weights.find(|weight| matches!(weight, Weight::Strong | Weight::Added))?;
                let rest = &self.bytes[value.start + 1..self.bytes.len().min(value.start + REACH)];
                let content = &rest[..rest.iter().position(|b| *b == b']')?];
                let spared = Claim::new(weight, false).spares_quoted(content);
                (!spared).then_some(value.start + 1..value.start + 1 + content.len())
            }
            Take::Code => self.among(end, 1, |text| {
                matches!(text.len(), 3 | 4) && text.iter().all(u8::is_ascii_digit)
            }),
            Take::Field(place) => {
                let mut words = successors(self.following(end), |word| self.following(word.end));
                let word = words.nth(place - 1)?;
                let bare = self.bare(&word);
                (!self.is_marked(&word) && !shape::is_plain(&self.bytes[bare.clone()]))
                    .then_some(bare)
            }
            Take::Behind(sign) => {
                let words = successors(self.following(end), |word| self.following(word.end));
                let secret = words
                    .take(NEAR)
                    .find(|word| self.bytes[word.start] == sign && word.len() > 1)
                    .map(|word| word.start + 1..word.end);
                secret.filter(|secret| !self.is_marked(secret))
            }
            Take::Below => {
                let mut at = end;
                for _ in 0..3 {
                    let word = next(self.bytes, at).filter(|word| word.start - end < REACH)?;
                    let bare = self.bare(&word);
                    if shape::is_mixture(&self.bytes[bare.clone()]) {
                        return Some(bare);
                    }
                    at = word.end;
                }
                None
            }
            Take::Words => {
                let (mut at, mut start, mut count) = (end, None, 0);
                while let Some(word) = self.following(at).filter(|_| count < 24) {
                    let bare = self.bare(&word);
                    if !(3..=8).contains(&bare.len())
                        || !self.bytes[bare.clone()].iter().all(u8::is_ascii_lowercase)
                    {
                        break;
                    }
                    start.get_or_insert(bare.start);
                    (at, count) = (bare.end, count + 1);
                }
                start.filter(|_| count >= 11).map(|start| start..at)
            }
        }
    }

    /// Finds the secret in `-password x`: an option with one dash.
    pub(super) fn after_option(
        &self,
        word: &Range<usize>,
        before: &Range<usize>,
        end: usize,
    ) -> Option<Range<usize>> {
        let name = self.bytes[word.clone()]
            .strip_prefix(b"-")
            .filter(|name| name.len() >= 4 && name[0].is_ascii_alphabetic())?;
        let is_option =
            name.len() <= MAX_NAME && name.iter().all(|b| is_name_byte(*b)) && before.end > 0;
        let name = Name::new(Some(name).filter(|_| is_option)?);
        let weight = self.names.weight(&name)?;
        let value = self.following(end)?;
        let text = &self.bytes[self.bare(&value)];
        let is_secret = matches!(weight, Weight::Added | Weight::Strong) || shape::is_chosen(text);
        let is_none = self.is_marked(&value)
            || matches!(self.bytes[value.start], b'-' | b'$' | b'<' | b'|' | b'[')
            || shape::is_path(text)
            || shape::is_stand_in(text)
            || shape::is_number(text)
            || text.is_empty();
        let keeps = is_none || !is_secret;
        if keeps {
            None
        } else if self.is_literal(&value) {
            self.literal(value.start)
        } else {
            Some(self.bare(&value))
        }
    }
}
