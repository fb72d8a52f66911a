//! Secrets in sentences and commands, which no separator announces: `password x`, `IDENTIFIED BY 'x'`, `mysql -px`.

use super::{
    Redactor, commands,
    looks::{self, is_listed, is_random},
    names::{MAX_NAME, Name, Weight, is_name_byte},
    shapes::MARK_BYTES,
    sieve, sql, steps,
    tables::{self, Take},
};
use std::ops::Range;

/// How many words follow a password at most before it stands.
const NEAR: usize = 6;
/// How far a word looks ahead or back: more than any sentence about a secret has.
pub(super) const REACH: usize = 240;

/// Adds what stands after words that announce a secret, in one pass over the words.
pub(super) fn secrets(bytes: &[u8], redactor: &Redactor, found: &mut Vec<Range<usize>>) {
    let mut before = 0..0;
    let mut at = 0;
    while let Some(word) = next(bytes, at) {
        at = word.end;
        let words = Words { bytes, redactor };
        let bare = words.bare(&word);
        if !bare.is_empty() {
            found.extend(words.in_path(&word));
            found.extend(words.before_host(&word));
            found.extend(words.after_login(&bare, &before));
            found.extend(words.hash(&word));
            found.extend(words.after_phrase(&bare, &before, word.end));
            commands::secrets(bytes, &bare, found);
            if bytes[bare.clone()].len() >= 6
                && bytes[bare.start..].get(..6).is_some_and(|head| head.eq_ignore_ascii_case(b"values"))
            {
                sql::secrets(bytes, &bare, redactor, found);
            }
            if let Some((name, weight)) = words.name(&bare, &before) {
                if let Some(secret) = words.after_name(&word, &name, weight) {
                    // `changed from x to y`
                    let second = words.among(secret.end + 1, 2, is_random).filter(|_| weight == Weight::Strong);
                    found.extend([Some(secret), second].into_iter().flatten());
                }
                let is_option = bytes[before.clone()] == *b"for" && !bytes[word.start].is_ascii_alphanumeric();
                if is_option || is_listed(tables::SETTINGS, &bytes[before.clone()]) {
                    words.before_setting(&before, found);
                }
            }
        }
        before = bare;
    }
}

/// The next run of bytes without white space.
fn next(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at + bytes.get(at..)?.iter().position(|b| !b.is_ascii_whitespace())?;
    let len = bytes[start..].iter().position(u8::is_ascii_whitespace).unwrap_or(bytes.len() - start);
    steps::count(start + len - at);
    Some(start..start + len)
}

struct Words<'a> {
    bytes: &'a [u8],
    redactor: &'a Redactor,
}

impl Words<'_> {
    /// A word without the punctuation around it.
    fn bare(&self, word: &Range<usize>) -> Range<usize> {
        let bare = looks::trimmed(&self.bytes[word.clone()]);
        word.start + bare.start..word.start + bare.end
    }

    /// Whether the redactor's mark stands here, perhaps in quotes.
    fn is_marked(&self, word: &Range<usize>) -> bool {
        let raw = &self.bytes[word.clone()];
        let start = raw.iter().take(4).take_while(|b| matches!(b, b'"' | b'\'' | b'`' | b'(' | b'\\')).count();
        raw[start..].starts_with(MARK_BYTES)
    }

    /// The next word in the line.
    fn following(&self, at: usize) -> Option<Range<usize>> {
        let word = next(self.bytes, at)?;
        let same_line = !self.bytes[at..word.start].contains(&b'\n');
        (same_line && word.start - at < 8).then_some(word)
    }

    fn name(&self, word: &Range<usize>, before: &Range<usize>) -> Option<(Name, Weight)> {
        let raw = &self.bytes[word.clone()];
        let is_name = raw.len() > 2 && raw.len() <= MAX_NAME && raw.iter().all(|b| is_name_byte(*b));
        if !is_name {
            return None;
        }
        let both = before.start..word.end;
        if is_listed(tables::LAST_OF_NAME, raw) && both.len() <= MAX_NAME && before.end + 1 == word.start {
            let name = Name::new(&self.bytes[both]);
            if let Some(weight) = self.redactor.weight(&name).filter(|weight| *weight == Weight::Strong) {
                return Some((name, weight));
            }
        }
        let name = Name::new(raw);
        let weight = self.redactor.weight(&name)?;
        let is_said = matches!(weight, Weight::Strong | Weight::Added)
            || ["secret", "token", "credential", "creds"].iter().any(|part| name.contains(part));
        is_said.then_some((name, weight))
    }

    /// `password for ann is x`, `token x`: the next word that nobody writes in a sentence. Of what may be no secret, only
    /// the word beside it.
    fn after_name(&self, word: &Range<usize>, name: &Name, weight: Weight) -> Option<Range<usize>> {
        if matches!(self.bytes[word.end - 1], b':' | b'=' | b';' | b'.' | b',' | b')') {
            return None;
        }
        let is_strong = matches!(weight, Weight::Strong | Weight::Added);
        let mut at = word.end;
        for step in 0..NEAR {
            let word = self.following(at)?;
            let raw = &self.bytes[word.clone()];
            if self.is_marked(&word) || raw.contains(&b'=') && !raw.ends_with(b"=") && step > 0 {
                return None;
            }
            let bare = self.bare(&word);
            let text = &self.bytes[bare.clone()];
            let is_secret = is_random(text)
                && !looks::is_path(text)
                && !looks::is_code(text)
                && (is_strong || !looks::is_uuid(text));
            if is_secret && !text.starts_with(b"sha256:") {
                return Some(bare);
            }
            let ends = raw.ends_with(b";") || raw.ends_with(b".") || raw.ends_with(b"?");
            let goes_on = is_listed(tables::CONNECTORS, text)
                || is_listed(tables::CONNECTORS, raw)
                || (is_strong && (looks::is_plain(text) || name.is_password()));
            if ends || !goes_on {
                return None;
            }
            at = word.end;
        }
        None
    }

    /// ``invalid type: string "x", expected u16 for key `password` ``.
    fn before_setting(&self, setting: &Range<usize>, found: &mut Vec<Range<usize>>) {
        let from = setting.start.saturating_sub(REACH);
        let line = &self.bytes[from..setting.start];
        let line = &line[line.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1)..];
        let start = setting.start - line.len();
        let mut at = 0;
        while let Some(open) = line[at..].iter().position(|b| matches!(b, b'"' | b'\'' | b'`')).map(|step| at + step) {
            let Some(len) = line[open + 1..].iter().position(|b| *b == line[open]) else { return };
            let text = &line[open + 1..open + 1 + len];
            if !looks::is_plain(text)
                && !looks::is_code(text)
                && !looks::is_number(text)
                && text.iter().any(u8::is_ascii_alphanumeric)
                && !text.starts_with(MARK_BYTES)
            {
                found.push(start + open + 1..start + open + 1 + len);
            }
            at = open + len + 2;
        }
    }

    /// What a row of [`tables::PHRASES`] announces.
    fn after_phrase(&self, word: &Range<usize>, before: &Range<usize>, end: usize) -> Option<Range<usize>> {
        if !sieve::PHRASES.may_have(&self.bytes[word.clone()]) {
            return None;
        }
        let is_word = |range: &Range<usize>, text: &str, exact: bool| {
            let word = &self.bytes[range.clone()];
            if exact { word == text.as_bytes() } else { word.eq_ignore_ascii_case(text.as_bytes()) }
        };
        let row = tables::PHRASES.iter().rev().find(|row| match row.words {
            [only] => is_word(word, only, row.exact),
            [first, last] => is_word(word, last, row.exact) && is_word(before, first, row.exact),
            _ => false,
        })?;
        match row.take {
            Take::Next => {
                let word = self.following(end)?;
                let bare = self.bare(&word);
                let is_quoted = matches!(self.bytes[word.start], b'\'' | b'"' | b'`');
                let text = &self.bytes[bare.clone()];
                let is_secret = !text.is_empty() && !self.is_marked(&word) && (is_quoted || !looks::is_plain(text));
                (is_secret && !text.starts_with(b"$")).then_some(bare)
            }
            Take::Opaque => self.among(end, 2, |text| is_random(text) && !looks::is_path(text)),
            Take::Number => {
                self.among(end, 3, |text| (4..=8).contains(&text.len()) && text.iter().all(u8::is_ascii_digit))
            }
            Take::Words => {
                let (mut at, mut start, mut count) = (end, None, 0);
                while let Some(word) = self.following(at).filter(|_| count < 24) {
                    let bare = self.bare(&word);
                    if !(3..=8).contains(&bare.len()) || !self.bytes[bare.clone()].iter().all(u8::is_ascii_lowercase) {
                        break;
                    }
                    start.get_or_insert(bare.start);
                    (at, count) = (bare.end, count + 1);
                }
                start.filter(|_| count >= 11).map(|start| start..at)
            }
        }
    }

    /// The first of some words after a place for which something holds.
    fn among(&self, mut at: usize, most: usize, holds: impl Fn(&[u8]) -> bool) -> Option<Range<usize>> {
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

    /// `/password-reset/x`.
    fn in_path(&self, word: &Range<usize>) -> Option<Range<usize>> {
        let bytes = &self.bytes[word.clone()];
        let mut at = bytes.iter().position(|b| *b == b'/')? + 1;
        let is_end =
            |b: &u8| matches!(b, b'/' | b'?' | b'#' | b'&' | b'"' | b'\'' | b'`' | b'<' | b'>' | b')' | b',' | b';');
        let mut is_link = false;
        while at < bytes.len() {
            let len = bytes[at..].iter().position(is_end).unwrap_or(bytes.len() - at);
            let segment = &bytes[at..at + len];
            if is_link && segment.len() >= 8 && is_random(segment) && !looks::is_uuid(segment) {
                return Some(word.start + at..word.start + at + looks::trim(segment).len());
            }
            is_link = segment.len() <= MAX_NAME && is_listed(tables::LINKS, Name::new(segment).bytes());
            if bytes.get(at + len) != Some(&b'/') {
                return None;
            }
            at += len + 1;
        }
        None
    }

    /// `login with user:x`.
    fn after_login(&self, word: &Range<usize>, before: &Range<usize>) -> Option<Range<usize>> {
        if !is_listed(tables::LOGINS, &self.bytes[before.clone()]) {
            return None;
        }
        let text = &self.bytes[word.clone()];
        let split = text.iter().position(|b| matches!(b, b':' | b'/')).filter(|split| *split > 0)?;
        let secret = &text[split + 1..];
        let is_pair = looks::is_name(&text[..split]) && !secret.iter().any(|b| matches!(b, b':' | b'/' | b'.'));
        (is_pair && is_random(secret)).then_some(word.start + split + 1..word.end)
    }

    /// `//user%x@host`, `user:x@host`, `user/x@//host`.
    fn before_host(&self, word: &Range<usize>) -> Option<Range<usize>> {
        let bytes = &self.bytes[word.clone()];
        let host = bytes.iter().rposition(|b| *b == b'@')?;
        let head = &bytes[..host];
        let is_host = bytes.get(host + 1).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'/');
        let split =
            head.iter().position(|b| matches!(b, b':' | b'%')).or_else(|| head.iter().position(|b| *b == b'/'))?;
        let secret = &head[split + 1..];
        let is_secret =
            is_host && split > 0 && !secret.starts_with(b"//") && is_random(secret) && !secret.contains(&b'=');
        is_secret.then_some(word.start + split + 1..word.start + host)
    }

    /// The hash of a password.
    fn hash(&self, word: &Range<usize>) -> Option<Range<usize>> {
        let bytes = &self.bytes[word.clone()];
        let start = bytes.iter().take(64).position(|b| matches!(b, b'$' | b'{'))?;
        let rest = &bytes[start..];
        let begins = |row: &&str| rest.get(..row.len()).is_some_and(|head| head.eq_ignore_ascii_case(row.as_bytes()));
        tables::HASHES.iter().find(|row| begins(row))?;
        let len = rest
            .iter()
            .position(|b| matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b')' | b']'))
            .unwrap_or(rest.len());
        (len >= 12).then_some(word.start + start..word.start + start + len)
    }
}
