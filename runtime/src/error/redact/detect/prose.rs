//! Secrets in sentences, which no separator announces: `password x`, `the secret is x`.

use super::{
    claim::Claim,
    commands,
    cursor::{after_last, begins_with, is_name_byte, is_quote},
    lookup::is_listed,
    names::{MAX_NAME, Name, NameRules},
    shape::{self, is_random},
    sql, tokens,
    words::{NEAR, REACH, Words, next},
};
use crate::error::redact::{
    sensitive::MARK_BYTES,
    tables::{self, Weight},
};
use std::ops::Range;

/// Bytes without which a word cannot be of a certain form.
mod sign {
    pub(super) const SLASH: u8 = 1;
    pub(super) const AT: u8 = 2;
    pub(super) const COLON: u8 = 4;
    pub(super) const PERCENT: u8 = 8;
    /// Stands in a hash of a password.
    pub(super) const HASH: u8 = 16;

    pub(super) static OF: [u8; 256] = {
        let mut table = [0; 256];
        table[b'/' as usize] = SLASH;
        table[b'@' as usize] = AT;
        table[b':' as usize] = COLON;
        table[b'%' as usize] = PERCENT;
        table[b'$' as usize] = HASH;
        table[b'{' as usize] = HASH;
        table[b'-' as usize] = HASH;
        table
    };
}

/// Adds what stands after words that announce a secret, in one pass over the words.
pub(super) fn secrets(bytes: &[u8], names: &NameRules, found: &mut Vec<Range<usize>>) {
    let (mut before, mut earlier) = (0..0, 0..0);
    // Where the last option that names a user ended.
    let mut user = 0;
    let mut at = 0;
    while let Some(word) = next(bytes, at) {
        at = word.end;
        let words = Words { bytes, names };
        let bare = words.bare(&word);
        if !bare.is_empty() {
            let signs = bytes[word.clone()]
                .iter()
                .fold(0, |signs, b| signs | sign::OF[usize::from(*b)]);
            if signs != 0 {
                if signs & sign::SLASH != 0 {
                    found.extend(words.in_path(&word));
                }
                if signs & sign::AT != 0 {
                    found.extend(words.before_host(&word));
                }
                if signs & (sign::COLON | sign::SLASH | sign::PERCENT) != 0 {
                    found.extend(words.after_login(&bare, &before));
                }
                if signs & sign::COLON != 0 {
                    found.extend(words.in_fields(&bare));
                }
                if signs & (sign::HASH | sign::COLON) != 0 {
                    found.extend(words.hash(&word));
                }
            }
            tokens::in_word(bytes, &word, found);
            found.extend(words.after_option(&bare, &before, word.end));
            let text = &bytes[bare.clone()];
            let is_in = |options: &[&str]| options.iter().any(|option| option.as_bytes() == text);
            if text[0] == b'-' && is_in(tables::USER_OPTIONS) {
                user = bare.end;
            } else if user > 0 && bare.start < user + REACH && is_in(tables::PASSWORD_OPTIONS) {
                found.extend(
                    words
                        .following(word.end)
                        .and_then(|value| words.chosen(&value)),
                );
            }
            found.extend(words.after_phrase(&bare, [&before, &earlier], word.end));
            commands::secrets(bytes, &bare, found);
            if begins_with(text, "values") {
                sql::secrets(bytes, &bare, names, found);
            }
            if let Some((name, weight)) = words.name(&bare, [&before, &earlier]) {
                let is_set = is_listed(tables::SETTERS, &bytes[before.clone()]);
                if let Some(secret) = words.after_name(&word, &name, weight, is_set) {
                    // `changed from x to y`
                    let second = words
                        .among(secret.end + 1, 2, is_random)
                        .filter(|_| weight == Weight::Strong);
                    found.extend([Some(secret), second].into_iter().flatten());
                }
                let is_option =
                    bytes[before.clone()] == *b"for" && !bytes[word.start].is_ascii_alphanumeric();
                if is_option || is_listed(tables::SETTINGS, &bytes[before.clone()]) {
                    words.before_setting(&before, is_option && weight == Weight::Strong, found);
                }
            }
        }
        if bytes[word.clone()] == *b"/" && words.is_login_before(before.start) {
            let noted = |value: &Range<usize>| {
                let bare = words.bare(value);
                shape::is_noted(&bytes[bare.clone()]).then_some(bare)
            };
            found.extend(
                words
                    .following(word.end)
                    .and_then(|value| words.chosen(&value).or_else(|| noted(&value))),
            );
        }
        (earlier, before) = (before, bare);
    }
}

/// Returns `true` for a command that a message advises: ``run `cargo login` or use environment
/// variable``.
fn is_advice(before: &[u8], text: &[u8]) -> bool {
    let verb = before
        .trim_ascii_end()
        .rsplit(|b| !b.is_ascii_alphabetic())
        .next()
        .unwrap_or_default();
    is_listed(tables::ADVICE, verb)
        && text
            .split(|b| *b == b' ')
            .all(|word| shape::is_plain(shape::trim(word)))
}

impl Words<'_> {
    fn name(&self, word: &Range<usize>, before: [&Range<usize>; 2]) -> Option<(Name, Weight)> {
        let raw = &self.bytes[word.clone()];
        // `//registry/:_password`
        let raw = raw
            .rsplit(|b| matches!(b, b'/' | b':'))
            .next()
            .filter(|_| raw[0] == b'/')
            .unwrap_or(raw);
        let is_name =
            raw.len() > 2 && raw.len() <= MAX_NAME && raw.iter().all(|b| is_name_byte(*b));
        if !is_name {
            return None;
        }
        if is_listed(tables::LAST_OF_NAME, raw) && before[0].end + 1 == word.start {
            for start in before.map(|range| range.start) {
                let longer = start..word.end;
                let name = Name::new(&self.bytes[longer.clone()]);
                let weight = self
                    .names
                    .weight(&name)
                    .filter(|weight| *weight == Weight::Strong);
                if let Some(weight) = weight.filter(|_| longer.len() <= MAX_NAME) {
                    return Some((name, weight));
                }
            }
        }
        if !self.names.may_weigh(raw) {
            return None;
        }
        let name = Name::new(raw);
        let weight = self.names.weight(&name)?;
        let is_sure = matches!(weight, Weight::Strong | Weight::Added)
            || ["secret", "token", "jeton", "credential", "creds"]
                .iter()
                .any(|part| name.contains(part));
        is_sure.then_some((name, weight))
    }

    /// Finds the secret in `password for ann is x`, `token x`: the next word that does not occur in
    /// a sentence. Of what may be no secret, only the word beside it.
    ///
    /// Where the name is assigned a value, a word that may be a chosen password is enough.
    fn after_name(
        &self,
        word: &Range<usize>,
        name: &Name,
        weight: Weight,
        is_set: bool,
    ) -> Option<Range<usize>> {
        if matches!(
            self.bytes[word.end - 1],
            b':' | b'=' | b';' | b'.' | b',' | b')'
        ) {
            return None;
        }
        let is_strong = matches!(weight, Weight::Strong | Weight::Added);
        if let Some(lone) = self.lone(word).filter(|_| is_strong) {
            return Some(lone);
        }
        let is_chosen = is_strong && name.is_password();
        let (mut at, mut is_assigned) = (word.end, is_set);
        for step in 0..NEAR {
            let word = self.following(at)?;
            let raw = &self.bytes[word.clone()];
            if self.is_marked(&word) || raw.contains(&b'=') && !raw.ends_with(b"=") && step > 0 {
                return None;
            }
            let bare = self.bare(&word);
            let text = &self.bytes[bare.clone()];
            let is_secret = is_random(text)
                && !shape::is_path(text)
                && !shape::is_code(text)
                && (is_strong || !shape::is_uuid(text));
            if is_secret && !text.starts_with(b"sha256:") {
                return Some(bare);
            }
            let is_quoted = is_quote(raw[0]);
            // `password x is too short`
            let is_subject = is_chosen
                && step == 0
                && !shape::is_plain(text)
                && text.len() >= 4
                && self.is_subject(&word);
            if is_subject && !is_quoted {
                return Some(bare);
            }
            // ``Path `password` (`x`)``
            if is_chosen && raw.len() > 3 && raw[0] == b'(' && is_quote(raw[1]) {
                return self.literal(word.start + 1);
            }
            let stands_here =
                is_assigned || (is_chosen && (raw[0] == b'(' || (step == 0 && !is_quoted)));
            if is_set && step == 0 && shape::is_uuid(text) {
                return Some(bare);
            }
            // `token expired: x`
            if !is_strong
                && step > 0
                && text.len() >= 24
                && tokens::is_varied(text)
                && !shape::is_path(text)
            {
                return Some(bare);
            }
            // `the secret is x`
            let is_noted = step == 0 && is_chosen && !is_quoted && shape::is_noted(text);
            if is_noted {
                return Some(bare);
            }
            let is_named = is_assigned && !is_strong && name.is_password() && step > 0;
            if is_named && !is_quoted && (shape::is_chosen(text) || shape::is_numbered(text)) {
                return Some(bare);
            }
            if stands_here && (is_chosen || is_set) {
                if is_quoted {
                    return self.literal(word.start);
                }
                if shape::is_chosen(text)
                    || (shape::is_numbered(text) && step > 0 && !shape::is_algorithm(text))
                {
                    return Some(bare);
                }
            }
            is_assigned = is_listed(tables::COPULAS, raw)
                || (is_chosen && (text == b"value" || raw.starts_with(b"--")))
                || raw.ends_with(b":")
                || matches!(text, b"from")
                || (step > 0 && matches!(text, b"to"));
            let ends = raw.ends_with(b";") || raw.ends_with(b".") || raw.ends_with(b"?");
            let goes_on = (step < 2 && shape::is_plain(text) && !text.contains(&b'/'))
                || is_listed(tables::CONNECTORS, text)
                || is_listed(tables::CONNECTORS, raw)
                || (is_strong
                    && (shape::is_plain(text) || name.is_password() || shape::is_number(text)));
            if ends || !goes_on {
                return None;
            }
            at = word.end;
        }
        None
    }

    /// Finds the secret in ``invalid type: string "x", expected u16 for key `password` ``.
    ///
    /// Of an option that is surely secret also a word of letters:
    /// `invalid value 'x' for '--password <PASSWORD>'`.
    fn before_setting(&self, setting: &Range<usize>, is_sure: bool, found: &mut Vec<Range<usize>>) {
        let from = setting.start.saturating_sub(REACH);
        let line = &self.bytes[from..setting.start];
        let line = &line[after_last(line, |b| *b == b'\n')..];
        let start = setting.start - line.len();
        let mut at = 0;
        while let Some(open) = line[at..]
            .iter()
            .position(|b| is_quote(*b))
            .map(|step| at + step)
        {
            let Some(len) = line[open + 1..].iter().position(|b| *b == line[open]) else {
                // A quote around the whole sentence.
                at = open + 1;
                continue;
            };
            let text = &line[open + 1..open + 1 + len];
            let is_value =
                is_sure && line[..open].ends_with(b"value ") && !Claim::STRONG.spares_quoted(text);
            if (is_value || !shape::is_plain(text))
                && !is_advice(&line[..open], text)
                && !shape::is_code(text)
                && !shape::is_number(text)
                && text.iter().any(u8::is_ascii_alphanumeric)
                && !text.starts_with(MARK_BYTES)
            {
                found.push(start + open + 1..start + open + 1 + len);
            }
            at = open + len + 2;
        }
    }

    /// Returns what stands alone in its line behind a name that begins it, in a table for example.
    fn lone(&self, name: &Range<usize>) -> Option<Range<usize>> {
        let begins = name.start == 0 || self.bytes[name.start - 1] == b'\n';
        let value = next(self.bytes, name.end)
            .filter(|value| begins && value.start - name.end < MAX_NAME)?;
        let is_here = |range: Range<usize>| !self.bytes[range].contains(&b'\n');
        let is_last = is_here(name.end..value.start)
            && next(self.bytes, value.end).is_none_or(|after| !is_here(value.end..after.start));
        let text = &self.bytes[value.clone()];
        let spared = shape::is_plain(text)
            || shape::is_number(text)
            || shape::is_nothing(shape::trim(text))
            || shape::is_stand_in(text)
            || shape::is_path(text)
            || shape::is_code(text)
            || matches!(
                text[0],
                b'"' | b'\'' | b'`' | b'-' | b'<' | b'|' | b'{' | b'['
            )
            || self.is_marked(&value);
        (is_last && !spared && value.len() > 4).then_some(value)
    }

    /// Returns `true` if letters and digits of a word stand before a verb.
    fn is_subject(&self, word: &Range<usize>) -> bool {
        let text = &self.bytes[self.bare(word)];
        let has = |is: fn(&u8) -> bool| text.iter().any(is);
        let verb = self.following(word.end).map(|verb| &self.bytes[verb]);
        has(u8::is_ascii_alphabetic)
            && has(u8::is_ascii_digit)
            && !text[0].is_ascii_digit()
            && !shape::is_version(text)
            && !shape::is_path(text)
            && verb.is_some_and(|verb| is_listed(tables::VERBS, verb))
    }
}
