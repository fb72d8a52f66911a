//! Tokens, credentials and keys that are recognised by their shape.

use super::{
    cursor::{
        self, after_last, begins_with, contains, find, is_token_byte, run, run_within, until,
    },
    lookup, shape,
};
use crate::error::redact::{
    sensitive::MARK_BYTES,
    tables::{self, Of},
};
use std::ops::Range;

/// What is shorter is no token made of parts, and what is longer is examined so far.
const LEAST: usize = 32;
const MOST: usize = 512;
/// How long a body behind a prefix is at least.
const BODY: usize = 30;

/// Returns the token, or the credentials after `Bearer` or `Basic`, that begins at a place where a
/// word begins.
pub(super) fn token(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &bytes[at..];
    match rest[0] {
        b'e' if rest.starts_with(b"eyJ") => json_web_token(rest).map(|len| at..at + len),
        b'B' | b'b' if !lookup::TOKENS.may_begin(rest) => credentials(bytes, at),
        b'B' | b'b' => credentials(bytes, at).or_else(|| prefixed(rest).map(|len| at..at + len)),
        _ if !lookup::TOKENS.may_begin(rest) => None,
        _ => web_hook(bytes, at).or_else(|| prefixed(rest).map(|len| at..at + len)),
    }
}

/// Returns the length of the token of a well-known service.
fn prefixed(rest: &[u8]) -> Option<usize> {
    let mut rows = lookup::tokens_from(rest[0]).map(|i| &tables::TOKENS[i]);
    let row = rows.find(|row| rest.starts_with(row.prefix.as_bytes()))?;
    let prefix = row.prefix.as_bytes();
    // Some go on after a dot; a last one ends the sentence.
    let is_dotted = prefix.ends_with(b".");
    let body = &rest[prefix.len()..];
    let len = run(body, |b| is_token_byte(*b) || (is_dotted && *b == b'.'));
    let len = len - usize::from(body[..len].ends_with(b"."));
    cursor::count(len);
    let is_more = |b: &u8| {
        row.is_base64 && (is_token_byte(*b) || matches!(b, b'+' | b'/' | b'=' | b'%' | b','))
    };
    // As much as decides, and all of it only if it is hidden: what is not hidden may be examined
    // again.
    let more = run_within(&body[len..], row.least, is_more);
    let is_token = len + more >= row.least
        && (len > shape::MAX_SPARED
            || !body[..len]
                .split(|b| matches!(b, b'-' | b'.' | b'_'))
                .all(shape::is_word_or_number)
            || shape::is_letters_at_random(&body[..len]));
    if !is_token {
        return None;
    }
    let more = run(&body[len..], is_more);
    cursor::count(more);
    Some(prefix.len() + len + more - usize::from(body[..len + more].ends_with(b",")))
}

/// Returns the token of a Telegram bot whose number stands before the colon at `at`.
pub(super) fn bot_token(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let digits = bytes[..at]
        .iter()
        .rev()
        .take(12)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let len = run_within(&bytes[at + 1..], 65, |b| is_token_byte(*b));
    cursor::count(len);
    (digits >= 6 && (30..=64).contains(&len)).then_some(at - digits..at + 1 + len)
}

/// Returns the length of `header.payload[.signature]`, or of the five parts of an encrypted token,
/// whose second may be empty.
fn json_web_token(rest: &[u8]) -> Option<usize> {
    let part = |from: usize| run(&rest[from..], |b| is_token_byte(*b));
    let header = part(0);
    cursor::count(header);
    if header < 8 || rest.get(header) != Some(&b'.') || !begins_object(&rest[..header]) {
        return None;
    }
    let (mut end, mut longest) = (header, 0);
    for _ in 1..5 {
        if rest.get(end) != Some(&b'.') {
            break;
        }
        let len = part(end + 1);
        longest = longest.max(len);
        end += 1 + len;
    }
    (longest >= 4).then_some(end - usize::from(rest[end - 1] == b'.'))
}

/// Returns `true` if the first bytes of a text in base64 are those of JSON: printable ASCII.
fn begins_object(encoded: &[u8]) -> bool {
    let value = |b: u8| match b {
        b'A'..=b'Z' => u32::from(b - b'A'),
        b'a'..=b'z' => u32::from(b - b'a') + 26,
        b'0'..=b'9' => u32::from(b - b'0') + 52,
        b'-' | b'+' => 62,
        _ => 63,
    };
    let group = |four: &[u8]| four.iter().fold(0, |bits, b| bits << 6 | value(*b));
    let mut bytes = encoded
        .chunks_exact(4)
        .take(3)
        .flat_map(|four| group(four).to_be_bytes().into_iter().skip(1));
    bytes.all(|b| (0x20..0x7f).contains(&b))
}

/// Returns what follows `Bearer` or `Basic` and is not a word of prose.
fn credentials(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &bytes[at..];
    let scheme = [&b"bearer"[..], b"basic"]
        .into_iter()
        .find(|scheme| starts_with_word(rest, scheme))?;
    let blanks = run_within(&rest[scheme.len()..], 16, |b| matches!(b, b' ' | b'\t'));
    let start = at + scheme.len() + blanks;
    let is_part = |b: &u8| is_token_byte(*b) || b".~+/=:|%$!*#".contains(b);
    let len = run(&bytes[start..], is_part);
    cursor::count(len);
    // What ends a clause is no part of them.
    let len = after_last(&bytes[start..start + len], |b| !matches!(b, b':' | b'!'));
    let word = &bytes[start..start + len];
    let secret = blanks > 0
        && if scheme == b"bearer" {
            !is_prose(word)
        } else {
            looks_encoded(word)
        };
    secret.then_some(start..start + len)
}

/// Steps over `Bearer ` and the like at the beginning of a value.
pub(super) fn skip_scheme(bytes: &[u8], start: usize) -> usize {
    let rest = &bytes[start..];
    match tables::SCHEMES
        .iter()
        .map(|scheme| scheme.as_bytes())
        .find(|scheme| starts_with_word(rest, scheme))
    {
        Some(scheme) if rest.get(scheme.len()) == Some(&b' ') => start + scheme.len() + 1,
        _ => start,
    }
}

fn starts_with_word(rest: &[u8], word: &[u8]) -> bool {
    rest.len() > word.len()
        && rest[..word.len()].eq_ignore_ascii_case(word)
        && !is_token_byte(rest[word.len()])
}

/// Returns `true` for prose after the word "bearer", and for parameters, for example
/// `error="invalid_token"`.
fn is_prose(word: &[u8]) -> bool {
    let bare = shape::trim(word);
    let is_parameter = word.iter().position(|b| *b == b'=').is_some_and(|sign| {
        word[..sign]
            .iter()
            .all(|b| b.is_ascii_lowercase() || *b == b'_')
            && word.get(sign + 1).is_none_or(|b| *b != b'=')
    });
    bare.is_empty()
        || is_parameter
        || (shape::is_plain(bare) && !bare.iter().any(|b| b.is_ascii_uppercase() || *b == b'/'))
        || shape::is_nothing(bare)
        || shape::is_stand_in(word)
}

/// Returns `true` for base64: it mixes cases or holds digits or padding. `Basic` is also a word of
/// prose.
fn looks_encoded(word: &[u8]) -> bool {
    let odd =
        |b: &u8| b.is_ascii_digit() || b.is_ascii_uppercase() || matches!(b, b'=' | b'+' | b'/');
    word.len() >= 4
        && !is_prose(word)
        && word[1..].iter().any(odd)
        && word.iter().any(|b| !b.is_ascii_uppercase())
}

/// Finds the secret in `-----BEGIN PRIVATE KEY-----`, and other blocks of [`tables::BLOCKS`], up to
/// its end, or to the end of the text.
pub(super) fn private_key(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    // Keys of SSH2 have fewer dashes.
    let end_mark: &[u8] = if bytes[at..].starts_with(b"-----") {
        b"-----END "
    } else {
        b"---- END "
    };
    let head = &bytes[at..bytes.len().min(at + 64)];
    let names = |label: &&str| contains(head, label.as_bytes());
    if !tables::BLOCKS.iter().any(names) {
        return None;
    }
    let body = &bytes[at..];
    cursor::count(body.len());
    let Some(end) = find(body, end_mark) else {
        return Some(at..bytes.len());
    };
    let tail = &body[end + end_mark.len()..];
    let close = run_within(tail, 64, |b| !matches!(b, b'\n' | b'\r'));
    let dashes = tail[..close]
        .windows(4)
        .rposition(|window| window == b"----")
        .map_or(close, |dashes| dashes + 4);
    Some(at..at + end + end_mark.len() + dashes)
}

/// Returns the secret path of a hook whose host begins at `start`, up to the end of the URL.
pub(super) fn web_hook(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = &bytes[start..];
    let mut hooks = tables::HOOKS.iter();
    let from = start + hooks.find(|hook| begins_with(rest, hook))?.len();
    // Checked before the end is searched: what is not hidden would be searched again.
    if bytes[from..].starts_with(MARK_BYTES) {
        return None;
    }
    let is_end = |b: &u8| {
        b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b')')
    };
    let len = until(&bytes[from..], is_end);
    cursor::count(len);
    let secret = &bytes[from..from + len];
    let len = after_last(secret, |b| !matches!(b, b'.' | b',' | b';' | b':'));
    (len > 0).then_some(from..from + len)
}

/// Adds the tokens in a word.
pub(super) fn in_word(bytes: &[u8], word: &Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut at = word.start;
    while word.end - at >= LEAST {
        let rest = &bytes[at..word.end];
        let word = run(rest, |b| is_token_byte(*b));
        let len = if word == 0 {
            None
        } else {
            shaped(rest).or_else(|| prefixed_at_random(&rest[..word.min(MOST)]))
        };
        if let Some(len) = len {
            found.push(at..at + len);
        }
        let step = len.unwrap_or(word).max(1);
        cursor::count(step);
        at += step;
    }
}

/// Returns the length of a token that has one of [`tables::SHAPES`].
fn shaped(rest: &[u8]) -> Option<usize> {
    tables::SHAPES.iter().find_map(|shape| {
        let mut len = 0;
        for part in *shape {
            len += part_len(&rest[len..], *part)?;
        }
        rest.get(len)
            .is_none_or(|b| !is_token_byte(*b))
            .then_some(len)
    })
}

/// Returns how many bytes a part has, if it stands here.
fn part_len(rest: &[u8], part: Of) -> Option<usize> {
    let count = |least: usize, most: usize, is: fn(&u8) -> bool| {
        let len = run_within(rest, most, is);
        (len >= least).then_some(len)
    };
    match part {
        Of::Text(text) => rest.starts_with(text.as_bytes()).then_some(text.len()),
        Of::Any(bytes) => rest
            .first()
            .is_some_and(|b| bytes.as_bytes().contains(b))
            .then_some(1),
        Of::Alnum(least, most) => count(least, most, u8::is_ascii_alphanumeric)
            .filter(|len| *len < BODY || is_varied(&rest[..*len])),
        Of::Upper(least, most) => count(least, most, |b| {
            b.is_ascii_uppercase() || b.is_ascii_digit()
        }),
        Of::Word(least, most) => count(least, most, |b| is_token_byte(*b)),
        Of::Hex(least, most) => count(least, most, |b| {
            b.is_ascii_digit() || matches!(b, b'a'..=b'f')
        }),
        Of::Digits(least, most) => count(least, most, u8::is_ascii_digit),
        Of::Base(least, most) => {
            let is_base = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
            let ends = |len: &usize| rest.get(*len).is_none_or(|b| !is_base(b) && *b != b'=');
            count(least, most, is_base)
                .filter(ends)
                .filter(|len| is_varied(&rest[..*len]))
        }
    }
}

/// Returns the length of `prefix_body`, whose body is as only a token's is. Digests and published
/// keys have such a form too.
fn prefixed_at_random(run: &[u8]) -> Option<usize> {
    let prefix = run
        .iter()
        .position(|b| matches!(b, b'_' | b'-'))
        .filter(|len| (2..=12).contains(len))?;
    let (prefix, body) = (&run[..prefix], &run[prefix + 1..]);
    let is_prefix = prefix
        .iter()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && prefix[0].is_ascii_lowercase();
    let is_public = ["sha", "md5", "pk", "pub", "blake"]
        .iter()
        .any(|begin| prefix.starts_with(begin.as_bytes()));
    let longest = body
        .split(|b| matches!(b, b'_' | b'-'))
        .max_by_key(|part| part.len())?;
    let is_token =
        is_prefix && !is_public && body.len() >= BODY && longest.len() >= 12 && is_varied(body);
    is_token.then_some(run.len())
}

/// Returns `true` if capitals, small letters and digits stand in a text as at random.
pub(super) fn is_varied(text: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| text.iter().filter(|b| is(b)).count();
    let few = text.len() / 8;
    count(u8::is_ascii_uppercase) > few
        && count(u8::is_ascii_lowercase) > few
        && count(u8::is_ascii_digit) >= 2
        && shape::turns(text) * 10 >= text.len()
        && shape::turns(text) >= 5
}
