//! Secrets that give themselves away by their shape.

use super::MARK;
use std::ops::Range;

pub(super) const MARK_BYTES: &[u8] = MARK.as_bytes();

/// The first letters of what [`token`] knows.
pub(super) const FIRST_LETTERS: &[u8] = b"eABbgxsrhn";

/// Beginnings of tokens of well-known services, and how many token bytes at least follow.
const PREFIXES: &[(&[u8], usize)] = &[
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"AIza", 30),
    (b"ghp_", 20),
    (b"gho_", 20),
    (b"ghu_", 20),
    (b"ghs_", 20),
    (b"ghr_", 20),
    (b"github_pat_", 20),
    (b"glpat-", 16),
    (b"xoxb-", 10),
    (b"xoxp-", 10),
    (b"xoxa-", 10),
    (b"xoxs-", 10),
    (b"sk_live_", 16),
    (b"rk_live_", 16),
    (b"sk-", 32),
    (b"hf_", 30),
    (b"npm_", 30),
];

/// Tells whether a byte can stand inside a token, so that a token cannot begin after it.
pub(super) fn is_token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

/// The token, or the credentials after `Bearer` or `Basic`, that begins at a place where a word begins.
pub(super) fn token(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &bytes[at..];
    match rest[0] {
        b'e' if rest.starts_with(b"eyJ") => json_web_token(rest).map(|len| at..at + len),
        b'B' | b'b' => credentials(bytes, at),
        _ => {
            let (prefix, least) = PREFIXES.iter().find(|(prefix, _)| rest.starts_with(prefix))?;
            let len = rest[prefix.len()..].iter().take_while(|b| is_token_byte(**b)).count();
            (len >= *least).then_some(at..at + prefix.len() + len)
        }
    }
}

/// The length of `header.payload[.signature]`.
fn json_web_token(rest: &[u8]) -> Option<usize> {
    let part = |from: usize| rest[from..].iter().take_while(|b| is_token_byte(**b)).count();
    let header = part(0);
    if header < 8 || rest.get(header) != Some(&b'.') {
        return None;
    }
    let payload = part(header + 1);
    if payload < 4 {
        return None;
    }
    let end = header + 1 + payload;
    Some(if rest.get(end) == Some(&b'.') { end + 1 + part(end + 1) } else { end })
}

/// What follows `Bearer` or `Basic` and is not a word of prose.
fn credentials(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &bytes[at..];
    let scheme = [&b"bearer"[..], b"basic"].into_iter().find(|scheme| starts_with_word(rest, scheme))?;
    let blanks = rest[scheme.len()..].iter().take(16).take_while(|b| matches!(b, b' ' | b'\t')).count();
    let start = at + scheme.len() + blanks;
    let len = bytes[start..]
        .iter()
        .take_while(|b| is_token_byte(**b) || matches!(b, b'.' | b'~' | b'+' | b'/' | b'='))
        .count();
    let word = &bytes[start..start + len];
    let secret = blanks > 0 && if scheme == b"bearer" { !is_prose(word) } else { looks_encoded(word) };
    secret.then_some(start..start + len)
}

/// Steps over `Bearer ` and the like at the beginning of a value.
pub(super) fn skip_scheme(bytes: &[u8], start: usize) -> usize {
    let schemes = [&b"bearer"[..], b"basic", b"digest", b"token", b"negotiate"];
    let rest = &bytes[start..];
    match schemes.into_iter().find(|scheme| starts_with_word(rest, scheme)) {
        Some(scheme) if rest.get(scheme.len()) == Some(&b' ') => start + scheme.len() + 1,
        _ => start,
    }
}

fn starts_with_word(rest: &[u8], word: &[u8]) -> bool {
    rest.len() > word.len() && rest[..word.len()].eq_ignore_ascii_case(word) && !is_token_byte(rest[word.len()])
}

/// What people write after the word "bearer".
fn is_prose(word: &[u8]) -> bool {
    const PROSE: &[&str] = &[
        "",
        "token",
        "tokens",
        "auth",
        "authentication",
        "authorization",
        "scheme",
        "header",
        "is",
        "was",
        "of",
        "and",
        "or",
        "must",
        "required",
        "missing",
        "not",
    ];
    let bare = word.strip_suffix(b".").unwrap_or(word);
    word.starts_with(b"realm=") || PROSE.iter().any(|prose| bare.eq_ignore_ascii_case(prose.as_bytes()))
}

/// Tells a base64 text from a word: it mixes cases or holds digits or padding. `Basic` is also a word of prose.
fn looks_encoded(word: &[u8]) -> bool {
    let odd = |b: &u8| b.is_ascii_digit() || b.is_ascii_uppercase() || matches!(b, b'=' | b'+' | b'/');
    word.len() >= 4
        && !word.starts_with(b"realm=")
        && word[1..].iter().any(odd)
        && word.iter().any(|b| !b.is_ascii_uppercase())
}

/// `-----BEGIN PRIVATE KEY-----` up to its end, or to the end of the text.
pub(super) fn private_key(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    const END: &[u8] = b"-----END ";
    const KEY: &[u8] = b"PRIVATE KEY";
    let head = &bytes[at..bytes.len().min(at + 64)];
    if !head.windows(KEY.len()).any(|window| window == KEY) {
        return None;
    }
    let body = &bytes[at..];
    let Some(end) = body.windows(END.len()).position(|window| window == END) else { return Some(at..bytes.len()) };
    let tail = &body[end + END.len()..];
    let close = tail.iter().take(64).position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(tail.len().min(64));
    let dashes = tail[..close].windows(5).position(|window| window == b"-----").map_or(close, |dashes| dashes + 5);
    Some(at..at + end + END.len() + dashes)
}
