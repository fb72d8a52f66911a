//! The shape of a value: a word of prose, a number, a path, a reference, or something random.

use super::cursor::{after_last, begins_with, contains, is_name_byte, run, until};
use super::lookup::is_listed;
use crate::error::redact::{sensitive::MARK_BYTES, tables};
use std::ops::Range;

/// Returns `true` for `name=value`; `YWJjZA==` is none.
pub(super) fn is_pair(word: &[u8]) -> bool {
    let name = run(word, |b| is_name_byte(*b));
    name > 0 && word.get(name) == Some(&b'=') && word.get(name + 1).is_some_and(|b| *b != b'=')
}

/// What is longer is no type, reference or report. What is spared is examined again: the bound
/// keeps the time linear.
pub(super) const MAX_SPARED: usize = 512;

/// Takes away what ends a word of prose.
pub(super) fn trim(word: &[u8]) -> &[u8] {
    &word[trimmed(word)]
}

/// Returns where a word stands without what ends a word of prose.
pub(super) fn trimmed(word: &[u8]) -> Range<usize> {
    let is_end = |b: &u8| {
        matches!(
            b,
            b'.' | b','
                | b';'
                | b':'
                | b'!'
                | b'?'
                | b')'
                | b'('
                | b']'
                | b'['
                | b'"'
                | b'\''
                | b'`'
                | b'}'
                | b'{'
        )
    };
    let start = until(word, |b| !is_end(b));
    start..start.max(after_last(word, |b| !is_end(b)))
}

/// Returns `true` for `null`, `false`, `***`, a mark of the redactor, and punctuation.
pub(super) fn is_nothing(word: &[u8]) -> bool {
    let is_short = word.len() <= 3
        && !word
            .iter()
            .any(|b| b.is_ascii_alphanumeric() || !b.is_ascii());
    let is_row = word.len() > 2
        && matches!(word[0], b'*' | b'x' | b'X' | b'.' | b'#' | b'-' | b'_')
        && word.iter().all(|b| *b == word[0]);
    let is_escape = word.len() <= 10 && word.starts_with(b"\\") && word.len() > 1;
    is_short
        || is_row
        || is_escape
        || word.starts_with(MARK_BYTES)
        || is_listed(tables::NOTHING, word)
}

/// Returns `true` for what stands in place of a value or refers to one: `<password>`,
/// `${DB_PASSWORD}`, `$1`, `%s`.
pub(super) fn is_stand_in(word: &[u8]) -> bool {
    match word {
        [b'$' | b':' | b'@' | b'%', rest @ ..] if !rest.is_empty() => {
            let rest = trim(rest);
            let is_name = rest
                .iter()
                .all(|b| b.is_ascii_lowercase() || matches!(b, b'_'));
            let is_variable = rest
                .iter()
                .all(|b| b.is_ascii_uppercase() || matches!(b, b'_'));
            let is_place = rest.iter().all(u8::is_ascii_digit) && rest.len() < 4;
            is_name
                || is_variable
                || is_place
                || begins_with(word, "${")
                || begins_with(word, "$(")
                || begins_with(word, "%(")
        }
        // `your-api-key`, not `my-key-2024`
        [b'm' | b'M' | b'y' | b'Y', ..] if word.iter().any(u8::is_ascii_digit) => false,
        _ => tables::REFERENCES.iter().any(|row| begins_with(word, row)),
    }
}

/// Returns `true` for types, calls and paths in code: `&str`, `Option<String>`, `self.next()`,
/// `token::Kind`.
pub(super) fn is_code(word: &[u8]) -> bool {
    let bare = trim(word);
    let has = |part: &[u8]| contains(word, part);
    let head = &bare[..bare
        .iter()
        .position(|b| matches!(b, b'<' | b'[' | b'(' | b'|' | b'?' | b'='))
        .unwrap_or(bare.len())];
    let is_call = has(b"()") || has(b"(&");
    let is_name = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'_' | b':' | b'.' | b'<' | b'>' | b'&' | b'(' | b')' | b'*' | b'?' | b';'
            )
    };
    let is_path = has(b"::") || has(b"->") || is_call;
    is_listed(tables::TYPES, trim(head))
        || (is_path && bare.iter().all(is_name) && !bare.split(|b| matches!(b, b':' | b'.' | b'(')).any(is_random))
        || (bare.get(head.len()) == Some(&b'<') && word.contains(&b'>') && is_plain(head))
        // `data.secret_version.db.value`
        || (bare.iter().filter(|b| **b == b'.').count() >= 2 && bare.iter().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'.')))
}

/// Returns `true` for a path of words: `/etc/ssl/private/server.key`.
pub(super) fn is_path(word: &[u8]) -> bool {
    let rest = match word {
        [b'/', rest @ ..] | [b'.' | b'~', b'/', rest @ ..] | [b'.', b'.', b'/', rest @ ..] => rest,
        [drive, b':', b'\\' | b'/', rest @ ..] if drive.is_ascii_alphabetic() => rest,
        _ => return false,
    };
    rest.len() <= 256
        && !rest.contains(&b'=')
        && rest
            .split(|b| matches!(b, b'/' | b'\\' | b':'))
            .all(|segment| !is_random(segment) && !segment.contains(&b'+'))
}

/// Returns `true` for a number of at most 15 digits.
pub(super) fn is_number(value: &[u8]) -> bool {
    !value.is_empty()
        && value.len() < 16
        && value
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'))
}

/// Returns `true` for small numbers, also with a unit, and dates: `30m`, `350ms`, `2026-01-01`.
pub(super) fn is_measure(word: &[u8]) -> bool {
    if word.contains(&b'/') {
        return word
            .split(|b| *b == b'/')
            .all(|part| is_number(part) && part.len() < 6);
    }
    let digits = run(word, |b| {
        b.is_ascii_digit() || matches!(b, b'.' | b',' | b'-' | b':')
    });
    let unit = &word[digits..];
    let count = word[..digits].iter().filter(|b| b.is_ascii_digit()).count();
    let is_small = (1..6).contains(&count);
    (is_small && unit.len() <= 5 && unit.iter().all(|b| b.is_ascii_alphabetic() || *b == b'%'))
        || is_date(word)
}

/// Returns `true` for `2026-01-01`, `2026-01-01T00:00:00Z`, `20260101T000000Z`.
fn is_date(word: &[u8]) -> bool {
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    let rest = word
        .iter()
        .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'T' | b'Z' | b'.' | b'+'));
    rest && digits >= 8 && (word.get(4) == Some(&b'-') || word.get(8) == Some(&b'T'))
}

/// Returns `true` if a word begins a report about a secret. One that is known by its ending alone
/// is taken for one only if the sentence goes on or it is long.
pub(super) fn is_report(word: &[u8], goes_on: bool) -> bool {
    let ends = |ending: &&str| {
        word.len() > ending.len() + 2
            && word[word.len() - ending.len()..].eq_ignore_ascii_case(ending.as_bytes())
    };
    is_listed(tables::REPORTS, word)
        || (is_plain(word)
            && (goes_on || word.len() > 5)
            && tables::REPORT_ENDINGS.iter().any(ends))
}

/// Returns `true` for words of letters, also several with a dash, dot, slash or apostrophe between
/// them, and such with a short number at the end, which has a letter or more for each digit:
/// `sha256`, `prod/db`, `can't`.
pub(crate) fn is_plain(word: &[u8]) -> bool {
    let is_between =
        |b: &u8| matches!(b, b'-' | b'_' | b'.' | b'/' | b'\'' | b':' | b'&' | b'*') || *b == b'\\';
    !word.is_empty()
        && word
            .iter()
            .any(|b| b.is_ascii_alphabetic() || !b.is_ascii())
        && word.split(is_between).all(|part| {
            part.iter()
                .all(|b| b.is_ascii_alphabetic() || !b.is_ascii())
                && !is_irregular(part)
        })
}

/// Returns `true` for what can be the name of a setting.
pub(crate) fn is_name(word: &[u8]) -> bool {
    word.first()
        .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_' || !b.is_ascii())
        && word.iter().all(|b| is_name_byte(*b))
}

/// Returns `true` for a chosen part of an identifier: a word or a number.
pub(super) fn is_word_or_number(part: &[u8]) -> bool {
    part.iter().all(u8::is_ascii_digit) && part.len() < 8 || is_plain(part)
}

/// Returns `true` for a long text of letters whose capitals are too many for words.
pub(super) fn is_letters_at_random(text: &[u8]) -> bool {
    let capitals = text.iter().filter(|b| b.is_ascii_uppercase()).count();
    let rises = rises(text);
    text.len() >= 16 && capitals * 4 > text.len() && rises >= 3 && rises * 8 >= text.len()
}

/// Returns `true` if capitals stand in a word of letters in an unusual way: `AbCdEfGh`.
fn is_irregular(part: &[u8]) -> bool {
    let rises = rises(part);
    (rises >= 2 && part.len() < (rises + 1) * 3)
        || (part.len() >= 24 && part.iter().all(u8::is_ascii_uppercase))
}

/// Returns `true` for what does not occur in a sentence: letters and digits mixed, capitals at
/// random, symbols.
///
/// Identifiers of other kinds are not: versions, dates, times, addresses, paths, UUIDs, names with
/// a number at the end.
pub(super) fn is_random(word: &[u8]) -> bool {
    let word = trim(word);
    let skipped = word.len() < 6
        || word.len() > 1024
        || is_uuid(word)
        || is_date(word)
        || word.starts_with(b"sha")
        || (word.starts_with(b"0x") && word.len() < 34)
        || contains(word, b"://");
    if skipped || !word.iter().any(u8::is_ascii_alphanumeric) {
        return false;
    }
    let is_between = |b: &u8| {
        matches!(
            b,
            b'-' | b'_' | b'.' | b'/' | b':' | b',' | b'\\' | b'@' | b'(' | b')'
        )
    };
    if is_file(word) && !word.split(is_between).any(is_mixed) {
        return false;
    }
    let has_digit = word.iter().any(u8::is_ascii_digit);
    let has_letter = word.iter().any(u8::is_ascii_alphabetic);
    let inner = &word[1..word.len() - 1];
    let has_symbol = has_digit && has_letter && inner.iter().any(|b| b"!#$%^&*+~?|=".contains(b));
    let is_grouped = word
        .split(is_between)
        .filter(|part| part.len() >= 4 && turns(part) >= 2)
        .count()
        >= 2;
    !is_mail_address(word) && (has_symbol || is_grouped || word.split(is_between).any(is_mixed))
        || is_padded(word)
}

/// Returns `true` for `ann@example.com`.
fn is_mail_address(word: &[u8]) -> bool {
    let host = word.rsplit(|b| *b == b'@').next();
    word.contains(&b'@') && host.is_some_and(|host| host.contains(&b'.'))
}

/// Returns `true` for `YWRtaW46aFVudA==`.
fn is_padded(word: &[u8]) -> bool {
    let body = word
        .strip_suffix(b"==")
        .or_else(|| word.strip_suffix(b"="))
        .unwrap_or_default();
    body.len() >= 7
        && (body.len() + 1) % 4 != 2
        && body
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_'))
        && body.iter().any(u8::is_ascii_uppercase)
        && body.iter().any(u8::is_ascii_lowercase)
}

/// Returns `true` for a word with digits at its end or beginning: `hunter22`, which is random where
/// a key should stand.
pub(super) fn is_numbered(word: &[u8]) -> bool {
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    word.len() >= 7
        && digits > 0
        && digits < word.len()
        && word.iter().all(u8::is_ascii_alphanumeric)
}

/// Returns `true` for a word of letters with a number at its end that is no name of an algorithm or
/// a machine, where a password should stand: `plumtree9`.
pub(super) fn is_noted(word: &[u8]) -> bool {
    let letters = run(word, u8::is_ascii_alphabetic);
    is_numbered(word) && letters >= 5 && !is_algorithm(word)
}

/// Returns `true` for the name of an algorithm or a machine, which has a number in it: `argon2id`,
/// `sha256`.
pub(super) fn is_algorithm(word: &[u8]) -> bool {
    let letters = run(word, u8::is_ascii_alphabetic);
    is_listed(tables::TECHNICAL, &word[..letters])
}

/// Returns `true` for a typical chosen password, which seldom occurs in a sentence: letters with
/// digits or symbols among them. A word with a short number at its end is none: `web01`, `sha256`.
pub(super) fn is_chosen(word: &[u8]) -> bool {
    let word = trim(word);
    let has = |is: fn(&u8) -> bool| word.iter().any(is);
    let spared = !(5..=128).contains(&word.len())
        || is_plain(word)
        || is_uuid(word)
        || is_date(word)
        || is_measure(word)
        || is_path(word)
        || is_code(word)
        || is_nothing(word)
        || is_stand_in(word)
        || is_version(word)
        || (is_file(word) && !is_random(word))
        || contains(word, b"://");
    if spared || !has(u8::is_ascii_alphabetic) {
        return false;
    }
    let symbols = word[1..].iter().any(|b| b"!#$%^&*+~?|@".contains(b));
    let is_between = |b: &u8| matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b',');
    let is_odd = |part: &[u8]| {
        part.iter().any(u8::is_ascii_digit)
            && part.iter().any(u8::is_ascii_alphabetic)
            && !is_technical(part)
    };
    let has_number = has(u8::is_ascii_digit)
        && word
            .split(is_between)
            .any(|part| part.iter().all(u8::is_ascii_digit));
    let is_joined = has_number
        && !word[0].is_ascii_digit()
        && word.len() >= 8
        && has(|b| matches!(b, b'-' | b'_'))
        && has(u8::is_ascii_uppercase);
    !is_mail_address(word) && (symbols || is_joined || word.split(is_between).any(is_odd))
}

/// Returns `true` for `sha256`, `x86`, `web01`, `3rd`, `8bit`.
fn is_technical(part: &[u8]) -> bool {
    let letters = run(part, u8::is_ascii_alphabetic);
    let digits = run(&part[letters..], u8::is_ascii_digit);
    let is_name = letters + digits == part.len() && letters > 0;
    let is_amount = letters == 0
        && part[digits..].iter().all(u8::is_ascii_lowercase)
        && part.len() - digits <= 5;
    let head = &part[..letters];
    is_amount
        || (is_name && digits <= 2 && rises(part) == 0)
        || (digits > 0
            && is_listed(tables::TECHNICAL, head)
            && part.len() < 12
            && (is_name || letters > 1))
}

/// Returns `true` for `v1.2.3` and `1.2.3-rc.1`.
pub(super) fn is_version(word: &[u8]) -> bool {
    let bare = word.strip_prefix(b"v").unwrap_or(word);
    let head = run(bare, |b| b.is_ascii_digit() || *b == b'.');
    bare[..head].contains(&b'.')
        && bare[..head].iter().any(u8::is_ascii_digit)
        && matches!(bare.get(head), None | Some(b'-' | b'+'))
}

/// Returns `true` for eight bytes or more with letters and digits among them, and for what is
/// random.
pub(super) fn is_mixture(word: &[u8]) -> bool {
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = word.iter().filter(|b| b.is_ascii_alphabetic()).count();
    (word.len() >= 8 && digits >= 2 && letters >= 2) || is_random(word)
}

/// Returns `true` if letters and digits of a part take turns, or its capitals are irregular.
fn is_mixed(part: &[u8]) -> bool {
    if part.len() < 4 {
        return false;
    }
    let is_digit = |b: &u8| b.is_ascii_digit();
    let lower = part.iter().any(u8::is_ascii_lowercase);
    let upper = part[1..].iter().any(u8::is_ascii_uppercase);
    let digits = part.iter().filter(|b| is_digit(b)).count();
    let first_digit = part.iter().position(is_digit);
    match turns(part) {
        0 => digits == 0 && part.len() >= 8 && (is_irregular(part) || is_letters_at_random(part)),
        // `user42`, `ed25519`, `4096bit`; not `1234567a`, `Ab12345`.
        1 if part.len() >= 6 && lower && upper && digits > 1 && first_digit != Some(0) => true,
        1 if digits >= 4 && part.len() - digits >= 4 && upper => true,
        // `tU00`
        1 if part.len() >= 4 && digits > 1 && rises(part) > 0 => true,
        2 if part.len() == 5 && lower && upper && !part[0].is_ascii_uppercase() => true,
        2 => part.len() >= 6 && (digits >= 2 || (lower && upper)) && !is_alike(part),
        1 => false,
        _ => true,
    }
}

/// Returns how often letters and digits take turns.
pub(super) fn turns(part: &[u8]) -> usize {
    part.windows(2)
        .filter(|two| two[0].is_ascii_digit() != two[1].is_ascii_digit())
        .count()
}

/// Returns how often a capital follows a small letter.
fn rises(part: &[u8]) -> usize {
    part.windows(2)
        .filter(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase())
        .count()
}

/// Returns `true` for names of encodings and machines: `utf8mb4`, `x86_64`, `web3js`.
fn is_alike(part: &[u8]) -> bool {
    part.len() < 8 && !part.iter().any(u8::is_ascii_uppercase) && part[0].is_ascii_alphabetic()
}

pub(super) fn is_uuid(word: &[u8]) -> bool {
    word.len() == 36
        && word.iter().enumerate().all(|(i, b)| {
            if matches!(i, 8 | 13 | 18 | 23) {
                *b == b'-'
            } else {
                b.is_ascii_hexdigit()
            }
        })
}

/// Returns `true` if a name is a file's: `src/token.rs`.
pub(super) fn is_file(raw: &[u8]) -> bool {
    let dot = raw.iter().rposition(|b| *b == b'.');
    dot.is_some_and(|dot| is_listed(tables::FILES, &raw[dot + 1..]))
}
