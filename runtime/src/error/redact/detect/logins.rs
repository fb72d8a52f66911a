//! Secrets inside one word: `user:x`, `user:x@host`, a line of `.pgpass`, a link to reset a
//! password, the hash of one.

use super::{
    cursor::{begins_with, until},
    lookup::is_listed,
    names::{MAX_NAME, Name},
    shape::{self, is_random},
    words::{REACH, Words},
};
use crate::error::redact::tables;
use std::ops::Range;

impl Words<'_> {
    /// Finds the secret in `login with user:x`.
    pub(super) fn after_login(
        &self,
        word: &Range<usize>,
        before: &Range<usize>,
    ) -> Option<Range<usize>> {
        let text = &self.bytes[word.clone()];
        let is_sign = |b: &u8| matches!(b, b':' | b'/' | b'%');
        let split = text.iter().position(is_sign).filter(|split| *split > 0)?;
        if text.starts_with(b"sha") || !is_listed(tables::LOGINS, &self.bytes[before.clone()]) {
            return None;
        }
        let secret = &text[split + 1..];
        let is_pair = shape::is_name(&text[..split])
            && !secret.iter().any(|b| matches!(b, b':' | b'/' | b'.'));
        let is_option = self.bytes[before.start] == b'-'
            || is_listed(tables::SURE_LOGINS, &self.bytes[before.clone()]);
        let is_long =
            self.bytes[before.start..].starts_with(b"--") || self.bytes[before.clone()] == *b"-u";
        let is_numbered =
            is_long && secret.len() >= 5 && !shape::is_plain(secret) && !shape::is_number(secret);
        let is_chosen =
            is_option && text[split] != b'/' && (is_numbered || shape::is_chosen(secret));
        let is_secret = is_random(secret) || is_chosen || (is_option && shape::is_noted(secret));
        (is_pair && is_secret).then_some(word.start + split + 1..word.end)
    }

    /// Returns `true` if a word of a login stands before the user: `credentials ann / x`.
    pub(super) fn is_login_before(&self, user: usize) -> bool {
        let before = &self.bytes[user.saturating_sub(REACH / 4)..user];
        let mut words =
            before.split(|b| b.is_ascii_whitespace() || matches!(b, b':' | b',' | b'(' | b'"'));
        words.any(|word| is_listed(tables::PAIRED, word))
    }

    /// Finds the secret in `//user%x@host`, `user:x@host`, `user/x@//host`.
    pub(super) fn before_host(&self, word: &Range<usize>) -> Option<Range<usize>> {
        let bytes = &self.bytes[word.clone()];
        let host = bytes.iter().rposition(|b| *b == b'@')?;
        let head = &bytes[..host];
        let is_host = bytes
            .get(host + 1)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'/');
        let split = head
            .iter()
            .position(|b| matches!(b, b':' | b'%'))
            .or_else(|| head.iter().position(|b| *b == b'/'))?;
        let secret = &head[split + 1..];
        // `user/x@//host`
        let is_sure = bytes.get(host + 1) == Some(&b'/')
            && !secret.contains(&b'/')
            && (shape::is_chosen(secret)
                || (bytes[host..].starts_with(b"@//") && shape::is_noted(secret)));
        let is_secret = is_host
            && split > 0
            && !secret.starts_with(b"//")
            && (is_random(secret) || is_sure)
            && !(shape::is_version(shape::trim(&bytes[host + 1..]))
                && bytes[host + 1..].iter().filter(|b| **b == b'.').count() == 2)
            && !secret.contains(&b'=');
        is_secret.then_some(word.start + split + 1..word.start + host)
    }

    /// Finds the secret in `host:5432:database:user:x`, a line of the file `.pgpass`.
    pub(super) fn in_fields(&self, word: &Range<usize>) -> Option<Range<usize>> {
        let bytes = &self.bytes[word.clone()];
        let mut at = bytes
            .iter()
            .take(MAX_NAME)
            .position(|b| *b == b':')
            .filter(|len| *len > 0)?
            + 1;
        let is_port = |field: &[u8]| {
            field == b"*" || (field.len() >= 4 && field.iter().all(u8::is_ascii_digit))
        };
        let is_user = |field: &[u8]| field == b"*" || shape::is_name(field);
        for place in 0..3 {
            let len = bytes[at..].iter().take(MAX_NAME).position(|b| *b == b':')?;
            let field = &bytes[at..at + len];
            let fits = if place == 0 {
                is_port(field)
            } else {
                is_user(field)
            };
            if !fits {
                return None;
            }
            at += len + 1;
        }
        let secret = word.start + at..word.end;
        (secret.len() >= 4 && !shape::is_plain(&bytes[at..]) && !self.is_marked(&secret))
            .then_some(secret)
    }

    /// Finds the secret in `/password-reset/x`.
    pub(super) fn in_path(&self, word: &Range<usize>) -> Option<Range<usize>> {
        let bytes = &self.bytes[word.clone()];
        let mut at = bytes.iter().position(|b| *b == b'/')? + 1;
        let is_end = |b: &u8| {
            matches!(
                b,
                b'/' | b'?' | b'#' | b'&' | b'"' | b'\'' | b'`' | b'<' | b'>' | b')' | b',' | b';'
            )
        };
        let mut is_link = false;
        while at < bytes.len() {
            let len = until(&bytes[at..], is_end);
            let segment = &bytes[at..at + len];
            if is_link && segment.len() >= 8 && is_random(segment) && !shape::is_uuid(segment) {
                return Some(word.start + at..word.start + at + shape::trim(segment).len());
            }
            is_link =
                segment.len() <= MAX_NAME && is_listed(tables::LINKS, Name::new(segment).bytes());
            if bytes.get(at + len) != Some(&b'/') {
                return None;
            }
            at += len + 1;
        }
        None
    }

    /// Returns the hash of a password.
    pub(super) fn hash(&self, word: &Range<usize>) -> Option<Range<usize>> {
        let bytes = &self.bytes[word.clone()];
        let named = shape::trimmed(bytes).start;
        let first = bytes.get(named)?;
        let begins = |row: &&str| {
            row.as_bytes()[0] == first.to_ascii_lowercase() && begins_with(&bytes[named..], row)
        };
        let is_named = tables::NAMED_HASHES.iter().any(begins);
        let start = if is_named {
            named
        } else {
            bytes
                .iter()
                .take(64)
                .position(|b| matches!(b, b'$' | b'{'))?
        };
        let rest = &bytes[start..];
        if !is_named && !tables::HASHES.iter().any(|row| begins_with(rest, row)) {
            return None;
        }
        let len = until(rest, |b| {
            matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b')' | b']')
        });
        (len >= 12).then_some(word.start + start..word.start + start + len)
    }
}
