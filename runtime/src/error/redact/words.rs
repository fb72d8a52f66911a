//! Secrets in sentences and commands, which no separator announces: `password x`,
//! `IDENTIFIED BY 'x'`, `mysql -px`.

use super::{
    commands,
    names::{MAX_NAME, Name, Weight, is_name_byte},
    parts,
    redactor::Redactor,
    sensitive::MARK_BYTES,
    shape::{self, is_listed, is_random},
    sieve, sql, steps,
    tables::{self, Take},
    value,
};
use std::ops::Range;

/// How many words follow a password at most before it stands.
const NEAR: usize = 6;
/// How far a word looks ahead or back: more than any sentence about a secret has.
pub(super) const REACH: usize = 240;

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
pub(super) fn secrets(bytes: &[u8], redactor: &Redactor, found: &mut Vec<Range<usize>>) {
    let (mut before, mut earlier) = (0..0, 0..0);
    // Where the last option that names a user ended.
    let mut user = 0;
    let mut at = 0;
    while let Some(word) = next(bytes, at) {
        at = word.end;
        let words = Words { bytes, redactor };
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
            parts::secrets(bytes, &word, found);
            found.extend(words.after_option(&bare, &before, word.end));
            let text = &bytes[bare.clone()];
            if text[0] == b'-'
                && tables::USER_OPTIONS
                    .iter()
                    .any(|option| option.as_bytes() == text)
            {
                user = bare.end;
            } else if user > 0
                && bare.start < user + REACH
                && tables::PASSWORD_OPTIONS
                    .iter()
                    .any(|option| option.as_bytes() == text)
            {
                found.extend(
                    words
                        .following(word.end)
                        .and_then(|value| words.chosen(&value)),
                );
            }
            found.extend(words.after_phrase(&bare, [&before, &earlier], word.end));
            commands::secrets(bytes, &bare, found);
            if bytes[bare.clone()].len() >= 6
                && bytes[bare.start..]
                    .get(..6)
                    .is_some_and(|head| head.eq_ignore_ascii_case(b"values"))
            {
                sql::secrets(bytes, &bare, redactor, found);
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

/// Returns `true` for words that a message tells to run: ``run `cargo login` or use environment
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

/// The next run of bytes without white space.
fn next(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at
        + bytes
            .get(at..)?
            .iter()
            .position(|b| !b.is_ascii_whitespace())?;
    let len = bytes[start..]
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(bytes.len() - start);
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
        let bare = shape::trimmed(&self.bytes[word.clone()]);
        word.start + bare.start..word.start + bare.end
    }

    /// Whether the redactor's mark stands here, perhaps in quotes.
    fn is_marked(&self, word: &Range<usize>) -> bool {
        let raw = &self.bytes[word.clone()];
        let start = raw
            .iter()
            .take(4)
            .take_while(|b| matches!(b, b'"' | b'\'' | b'`' | b'(' | b'\\'))
            .count();
        raw[start..].starts_with(MARK_BYTES)
    }

    /// The next word in the line.
    fn following(&self, at: usize) -> Option<Range<usize>> {
        let word = next(self.bytes, at)?;
        let same_line = !self.bytes[at..word.start].contains(&b'\n');
        (same_line && word.start - at < 8).then_some(word)
    }

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
                    .redactor
                    .weight(&name)
                    .filter(|weight| *weight == Weight::Strong);
                if let Some(weight) = weight.filter(|_| longer.len() <= MAX_NAME) {
                    return Some((name, weight));
                }
            }
        }
        if !self.redactor.may_weigh(raw) {
            return None;
        }
        let name = Name::new(raw);
        let weight = self.redactor.weight(&name)?;
        let is_said = matches!(weight, Weight::Strong | Weight::Added)
            || ["secret", "token", "jeton", "credential", "creds"]
                .iter()
                .any(|part| name.contains(part));
        is_said.then_some((name, weight))
    }

    /// `password for ann is x`, `token x`: the next word that nobody writes in a sentence. Of what
    /// may be no secret, only the word beside it.
    ///
    /// Where the name is said to be something, or set to it, a word that people may have chosen is
    /// enough.
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
        let (mut at, mut is_said) = (word.end, is_set);
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
            let is_quoted = matches!(raw[0], b'"' | b'\'' | b'`');
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
            if is_chosen && raw.len() > 3 && raw[0] == b'(' && matches!(raw[1], b'"' | b'\'' | b'`')
            {
                return self.literal(word.start + 1);
            }
            let stands_here =
                is_said || (is_chosen && (raw[0] == b'(' || (step == 0 && !is_quoted)));
            if is_set && step == 0 && shape::is_uuid(text) {
                return Some(bare);
            }
            // `token expired: x`
            if !is_strong
                && step > 0
                && text.len() >= 24
                && parts::is_varied(text)
                && !shape::is_path(text)
            {
                return Some(bare);
            }
            // `the secret is x`
            let is_noted = step == 0 && is_chosen && !is_quoted && shape::is_noted(text);
            if is_noted {
                return Some(bare);
            }
            let is_named = is_said && !is_strong && name.is_password() && step > 0;
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
            is_said = is_listed(tables::COPULAS, raw)
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

    /// ``invalid type: string "x", expected u16 for key `password` ``.
    ///
    /// Of an option that is surely secret also a word of letters:
    /// `invalid value 'x' for '--password <PASSWORD>'`.
    fn before_setting(&self, setting: &Range<usize>, is_sure: bool, found: &mut Vec<Range<usize>>) {
        let from = setting.start.saturating_sub(REACH);
        let line = &self.bytes[from..setting.start];
        let line = &line[line
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |newline| newline + 1)..];
        let start = setting.start - line.len();
        let mut at = 0;
        while let Some(open) = line[at..]
            .iter()
            .position(|b| matches!(b, b'"' | b'\'' | b'`'))
            .map(|step| at + step)
        {
            let Some(len) = line[open + 1..].iter().position(|b| *b == line[open]) else {
                // A quote around the whole sentence.
                at = open + 1;
                continue;
            };
            let text = &line[open + 1..open + 1 + len];
            let is_value = is_sure
                && line[..open].ends_with(b"value ")
                && !shape::Claim::new(Weight::Strong, false).spares_quoted(text);
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

    /// What a row of [`tables::PHRASES`] announces.
    fn after_phrase(
        &self,
        word: &Range<usize>,
        before: [&Range<usize>; 2],
        end: usize,
    ) -> Option<Range<usize>> {
        if !sieve::PHRASES.may_have(&self.bytes[word.clone()]) {
            return None;
        }
        let is_word = |range: &Range<usize>, text: &str, exact: bool| {
            let word = &self.bytes[range.clone()];
            if exact {
                word == text.as_bytes()
            } else {
                word.eq_ignore_ascii_case(text.as_bytes())
            }
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
                let mut at = end;
                for _ in 0..most {
                    let word = self.following(at)?;
                    if let Some(secret) = self.chosen(&word) {
                        return Some(secret);
                    }
                    at = word.end;
                }
                None
            }
            Take::Word => {
                let word = self.following(end)?;
                let bare = self.bare(&word);
                let claim = shape::Claim::new(Weight::Strong, false);
                let spared = self.is_marked(&word)
                    || claim.spares_quoted(&self.bytes[bare.clone()])
                    || self.bytes[word.start..].starts_with(b"-");
                (!spared).then_some(bare)
            }
            Take::Rejected => {
                let value = self
                    .following(end)
                    .filter(|value| self.bytes[value.start] == b'[')?;
                let head = &self.bytes[value.start.saturating_sub(REACH / 2)..value.start];
                let named = |word: &[u8]| self.redactor.weight(&Name::new(shape::trim(word)));
                let mut weights = head.split(u8::is_ascii_whitespace).filter_map(named);
                let weight =
                    weights.find(|weight| matches!(weight, Weight::Strong | Weight::Added))?;
                let rest = &self.bytes[value.start + 1..self.bytes.len().min(value.start + REACH)];
                let content = &rest[..rest.iter().position(|b| *b == b']')?];
                let spared = shape::Claim::new(weight, false).spares_quoted(content);
                (!spared).then_some(value.start + 1..value.start + 1 + content.len())
            }
            Take::Code => self.among(end, 1, |text| {
                matches!(text.len(), 3 | 4) && text.iter().all(u8::is_ascii_digit)
            }),
            Take::Field(place) => {
                let mut word = self.following(end)?;
                for _ in 1..place {
                    word = self.following(word.end)?;
                }
                let bare = self.bare(&word);
                (!self.is_marked(&word) && !shape::is_plain(&self.bytes[bare.clone()]))
                    .then_some(bare)
            }
            Take::Behind(sign) => {
                let mut at = end;
                for _ in 0..NEAR {
                    let word = self.following(at)?;
                    if self.bytes[word.start] == sign && word.len() > 1 {
                        let secret = word.start + 1..word.end;
                        return (!self.is_marked(&secret)).then_some(secret);
                    }
                    at = word.end;
                }
                None
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

    /// `credentials ann / x`: whether a word of a login stands before the user.
    fn is_login_before(&self, user: usize) -> bool {
        let before = &self.bytes[user.saturating_sub(REACH / 4)..user];
        let mut words =
            before.split(|b| b.is_ascii_whitespace() || matches!(b, b':' | b',' | b'(' | b'"'));
        words.any(|word| is_listed(tables::PAIRED, word))
    }

    /// What stands alone in its line behind a name that begins it, as in a table.
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

    /// Whether letters and digits of a word stand before a verb.
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

    fn is_literal(&self, word: &Range<usize>) -> bool {
        matches!(self.bytes[word.start], b'"' | b'\'' | b'`')
    }

    /// What stands between the quotes that open at a place, unless it is a report.
    fn literal(&self, at: usize) -> Option<Range<usize>> {
        value::after(
            self.bytes,
            at,
            value::Reach::Word,
            &shape::Claim::new(Weight::Strong, false),
        )
    }

    /// A word that may be a password, or what stands in quotes.
    fn chosen(&self, word: &Range<usize>) -> Option<Range<usize>> {
        if self.is_marked(word) {
            return None;
        }
        if self.is_literal(word) {
            return self.literal(word.start);
        }
        let bare = self.bare(word);
        shape::is_chosen(&self.bytes[bare.clone()]).then_some(bare)
    }

    /// `-password x`: an option with one dash.
    fn after_option(
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
        let weight = self.redactor.weight(&name)?;
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

    /// `host:5432:database:user:x`, a line of the file `.pgpass`.
    fn in_fields(&self, word: &Range<usize>) -> Option<Range<usize>> {
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
            if !(if place == 0 {
                is_port(field)
            } else {
                is_user(field)
            }) {
                return None;
            }
            at += len + 1;
        }
        let secret = word.start + at..word.end;
        (secret.len() >= 4 && !shape::is_plain(&bytes[at..]) && !self.is_marked(&secret))
            .then_some(secret)
    }

    /// The first of some words after a place for which something holds.
    fn among(
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

    /// `/password-reset/x`.
    fn in_path(&self, word: &Range<usize>) -> Option<Range<usize>> {
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
            let len = bytes[at..]
                .iter()
                .position(is_end)
                .unwrap_or(bytes.len() - at);
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

    /// `login with user:x`.
    fn after_login(&self, word: &Range<usize>, before: &Range<usize>) -> Option<Range<usize>> {
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

    /// `//user%x@host`, `user:x@host`, `user/x@//host`.
    fn before_host(&self, word: &Range<usize>) -> Option<Range<usize>> {
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

    /// The hash of a password.
    fn hash(&self, word: &Range<usize>) -> Option<Range<usize>> {
        let bytes = &self.bytes[word.clone()];
        let named = shape::trimmed(bytes).start;
        let first = bytes.get(named)?;
        let begins = |row: &&str| {
            let head = bytes[named..].get(..row.len());
            row.as_bytes()[0] == first.to_ascii_lowercase()
                && head.is_some_and(|head| head.eq_ignore_ascii_case(row.as_bytes()))
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
        let begins = |row: &&str| {
            rest.get(..row.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(row.as_bytes()))
        };
        if !is_named {
            tables::HASHES.iter().find(|row| begins(row))?;
        }
        let len = rest
            .iter()
            .position(|b| matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b')' | b']'))
            .unwrap_or(rest.len());
        (len >= 12).then_some(word.start + start..word.start + start + len)
    }
}
