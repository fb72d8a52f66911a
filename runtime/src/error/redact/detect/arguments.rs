//! Secrets that are arguments: `Password("x")`, `("password", "x")`, `--password x`,
//! `connect("db", "ann", "x")`.

use super::{
    claim::Claim,
    cursor::{is_name_byte, is_quoted, is_token_byte, run_within, skip_space, until},
    ends::Reach,
    lookup::is_listed,
    names::{MAX_NAME, Name},
    scan::Scan,
    shape, value,
};
use crate::error::redact::tables::{self, Weight};
use std::ops::Range;

/// How far the arguments of a call are read.
const REACH: usize = 512;

impl Scan<'_> {
    /// Returns the secret argument of the call that opens at `open`, if it is a literal.
    pub(super) fn call(&self, open: usize) -> Option<Range<usize>> {
        let head = &self.bytes[self.done.max(open.saturating_sub(40))..open];
        let is_called = |(name, _): &&(&str, usize)| {
            let before = head.strip_suffix(name.as_bytes());
            before.is_some_and(|before| {
                !name.starts_with(|c: char| c.is_ascii_alphanumeric())
                    || before.last().is_none_or(|b| !is_token_byte(*b))
            })
        };
        let (_, place) = tables::CALLS.iter().find(is_called)?;
        argument(self.bytes, open, *place)
    }

    /// Finds the secret in `Password("value")`, the debug form of a type; also
    /// `set_password("value")` and `Basic("ann", "value")`.
    pub(super) fn newtype(&self, at: usize) -> Option<Range<usize>> {
        let head = &self.bytes[self.done..at];
        let len = head
            .iter()
            .rev()
            .take(MAX_NAME)
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
            .count();
        let is_literal = is_quoted(self.bytes, skip_space(self.bytes, at + 1));
        if is_literal
            && is_listed(tables::TUPLES, &self.bytes[at - len..at])
            && self.bytes[at - len].is_ascii_uppercase()
        {
            return value::newtype(self.bytes, at, &Claim::STRONG);
        }
        let (name, weight) = self.secret_name(at - len..at)?;
        // `(*Session).Token(0xc0000b6000)`
        let is_method = self.byte_before(at - len) == Some(b'.') && !is_literal;
        let is_type = self.bytes[at - len].is_ascii_uppercase() && !name.is_failure() && !is_method;
        if weight == Weight::Parameter || !(is_type || (is_literal && name.is_password())) {
            return None;
        }
        value::newtype(self.bytes, at, &Claim::from_name(&name, weight))
    }

    /// Finds the secret in `{name, <<"value">>}`.
    pub(super) fn binary(&self, at: usize) -> Option<Range<usize>> {
        let before = self.bytes[self.done..at].trim_ascii_end();
        let comma = self.done + before.len().checked_sub(1)?;
        if self.bytes[comma] != b',' && !before.ends_with(b"=>") {
            return None;
        }
        let (name, weight) =
            self.secret_name(self.name_before(comma - usize::from(self.bytes[comma] == b'>')))?;
        self.value(at + 2, &name, weight)
    }

    /// Finds the secret in `("name", "value")`.
    pub(super) fn in_pair(&self, at: usize) -> Option<Range<usize>> {
        let quote = *self.bytes[self.done..at]
            .last()
            .filter(|b| matches!(b, b'"' | b'\''))?;
        let range = self.name_before(at);
        let before = self.bytes[self.done..range.start].strip_suffix(&[quote])?;
        let before = &before[before.len().saturating_sub(4)..];
        let ahead = &self.bytes[at + 1..self.bytes.len().min(at + 5)];
        let is_pair = matches!(before.trim_ascii_end().last(), Some(b'(' | b'['))
            && matches!(ahead.trim_ascii_start().first(), Some(b'"' | b'\''));
        if !is_pair {
            return None;
        }
        let (name, weight) = self.secret_name(range)?;
        if weight == Weight::Parameter {
            return None;
        }
        self.value(skip_space(self.bytes, at + 1), &name, weight)
    }

    /// Finds the secret in `{name, "value"}` without the blank.
    pub(super) fn in_proplist(&self, at: usize) -> Option<Range<usize>> {
        let comma = at
            .checked_sub(1)
            .filter(|comma| *comma >= self.done && self.bytes[*comma] == b',')?;
        let range = self.name_before(comma);
        if !matches!(self.byte_before(range.start), Some(b'{' | b'(')) {
            return None;
        }
        let (name, weight) = self.secret_name(range)?;
        self.value(at, &name, weight)
            .filter(|_| weight != Weight::Parameter)
    }

    /// Finds the secret in `password 'value'`.
    pub(super) fn after_word(&self, at: usize) -> Option<Range<usize>> {
        let (name, weight) = self.secret_name(self.name_before(at))?;
        let found = value::after(self.bytes, at, Reach::Word, &Claim::new(weight, false))?;
        let is_chosen = name.is_password() && weight == Weight::Strong || weight == Weight::Added;
        (is_chosen || shape::is_random(&self.bytes[found.clone()])).then_some(found)
    }

    /// Finds the secret in `--password value`, `"--password", "value"`.
    pub(super) fn flag(&self, at: usize) -> Option<Range<usize>> {
        let begins = at == 0
            || matches!(
                self.bytes[at - 1],
                b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\n' | b'['
            );
        let rest = self.bytes[at..].strip_prefix(b"--").filter(|_| begins)?;
        let len = rest.iter().take(MAX_NAME).position(|b| !is_name_byte(*b))?;
        let end = at + 2 + len;
        let (name, weight) = self.secret_name(at + 2..end)?;
        let next = match &self.bytes[end..] {
            [b' ', next, ..] if *next != b'-' => end + 1,
            [b'"' | b'\'', b',', b' ', b'"' | b'\'', ..] => end + 3,
            [b'"' | b'\'', b',', b'"' | b'\'', ..] => end + 2,
            _ => return None,
        };
        if weight == Weight::Parameter || self.is_usage(&name, next) {
            return None;
        }
        self.value(next, &name, weight)
    }

    /// Returns the value at a place that belongs to a name.
    fn value(&self, at: usize, name: &Name, weight: Weight) -> Option<Range<usize>> {
        value::after(self.bytes, at, Reach::Word, &Claim::from_name(name, weight))
    }

    /// Returns `true` for `--password PASSWORD`, where the name of an option stands for its value.
    fn is_usage(&self, name: &Name, at: usize) -> bool {
        let word = run_within(&self.bytes[at..], MAX_NAME, |b| {
            b.is_ascii_uppercase() || *b == b'_'
        });
        let stands_for = Name::new(&self.bytes[at..at + word]);
        let ends = self.bytes.get(at + word).is_none_or(|b| !is_name_byte(*b));
        ends && word >= 3 && name.bytes().ends_with(stands_for.bytes())
    }

    /// Finds the secret in `auth=("ann", "x")`.
    pub(super) fn in_login(&self, range: &Range<usize>, at: usize) -> Option<Range<usize>> {
        if !is_listed(
            tables::TUPLE_NAMES,
            Name::new(&self.bytes[range.clone()]).bytes(),
        ) {
            return None;
        }
        let open = skip_space(self.bytes, at + 1);
        if self.bytes.get(open) != Some(&b'(') {
            return None;
        }
        argument(self.bytes, open, 2).filter(|secret| !shape::is_plain(&self.bytes[secret.clone()]))
    }
}

/// Returns an argument that is a literal and no stand-in for a secret, by its place among them.
pub(super) fn argument(bytes: &[u8], open: usize, place: usize) -> Option<Range<usize>> {
    let end = bytes.len().min(open + REACH);
    let (mut at, mut argument, mut depth) = (open + 1, 1, 0_usize);
    while at < end {
        match bytes[at] {
            b',' if depth == 0 => argument += 1,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return None,
            b')' | b']' | b'}' => depth -= 1,
            quote @ (b'"' | b'\'' | b'`') => {
                let len = until(&bytes[at + 1..end], |b| *b == quote);
                let text = at + 1..at + 1 + len;
                if argument == place && depth == 0 {
                    return Some(text)
                        .filter(|text| !Claim::STRONG.spares_quoted(&bytes[text.clone()]));
                }
                at = text.end;
            }
            _ => {}
        }
        at += 1;
    }
    None
}
