//! Tokens that are told by their parts: by the lengths of these, or by what follows a prefix.

use super::{
    shape, steps,
    tables::{self, Of},
    tokens::is_token_byte,
};
use std::ops::Range;

/// What is shorter is no such token, and what is longer is looked at so far.
const LEAST: usize = 32;
const MOST: usize = 512;
/// How long a body behind a prefix is at least.
const BODY: usize = 30;

/// Adds the tokens in a word.
pub(super) fn secrets(bytes: &[u8], word: &Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut at = word.start;
    while word.end - at >= LEAST {
        let rest = &bytes[at..word.end];
        let run = rest.iter().take_while(|b| is_token_byte(**b)).count();
        let len = if run == 0 {
            None
        } else {
            shaped(rest).or_else(|| prefixed(&rest[..run.min(MOST)]))
        };
        if let Some(len) = len {
            found.push(at..at + len);
        }
        let step = len.unwrap_or(run).max(1);
        steps::count(step);
        at += step;
    }
}

/// The length of a token that has one of [`tables::SHAPES`].
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

/// How many bytes a part has, if it stands here.
fn part_len(rest: &[u8], part: Of) -> Option<usize> {
    let count = |least: usize, most: usize, is: fn(&u8) -> bool| {
        let len = rest.iter().take(most).take_while(|b| is(b)).count();
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

/// The length of `prefix_body`, whose body is as only a token's is. Digests and published keys have
/// such a form too.
fn prefixed(run: &[u8]) -> Option<usize> {
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
