//! Secrets that give themselves away by their shape.

use super::{MARK, hooks};
use std::ops::Range;

pub(super) const MARK_BYTES: &[u8] = MARK.as_bytes();

/// The first letters of what [`token`] knows.
pub(super) const FIRST_LETTERS: &[u8] = b"eABbgGxsSrhndwy";

/// Beginnings of tokens of well-known services, and how many token bytes at least follow.
const PREFIXES: &[(&[u8], usize)] = &[
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"AIza", 30),
    (b"ghp_", 16),
    (b"gho_", 16),
    (b"ghu_", 16),
    (b"ghs_", 16),
    (b"ghr_", 16),
    (b"github_pat_", 16),
    (b"glpat-", 16),
    (b"gldt-", 16),
    (b"glrt-", 16),
    (b"glsa_", 16),
    (b"xoxb-", 8),
    (b"xoxp-", 8),
    (b"xoxa-", 8),
    (b"xoxs-", 8),
    (b"xoxr-", 8),
    (b"xoxe-", 8),
    (b"xoxe.xoxp-", 8),
    (b"xapp-", 8),
    (b"sk_live_", 8),
    (b"sk_test_", 8),
    (b"rk_live_", 8),
    (b"rk_test_", 8),
    (b"whsec_", 8),
    (b"sk-", 32),
    (b"shpat_", 16),
    (b"hf_", 30),
    (b"hvs.", 20),
    (b"npm_", 30),
    (b"dop_v1_", 16),
    (b"doo_v1_", 16),
    (b"dor_v1_", 16),
    (b"GOCSPX-", 8),
    (b"SG.", 16),
    (b"ya29.", 10),
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
        b'h' | b'd' | b'w' => hooks::path(bytes, at).or_else(|| prefixed(rest).map(|len| at..at + len)),
        _ => prefixed(rest).map(|len| at..at + len),
    }
}

/// The length of the token of a well-known service.
fn prefixed(rest: &[u8]) -> Option<usize> {
    let is_here = |prefix: &[u8]| prefix[0] == rest[0] && rest.starts_with(prefix);
    let (prefix, least) = PREFIXES.iter().find(|(prefix, _)| is_here(prefix))?;
    // Some go on after a dot; a last one ends the sentence.
    let is_dotted = prefix.ends_with(b".");
    let body = &rest[prefix.len()..];
    let len = body.iter().take_while(|b| is_token_byte(**b) || (is_dotted && **b == b'.')).count();
    let len = len - usize::from(body[..len].ends_with(b"."));
    (len >= *least).then_some(prefix.len() + len)
}

/// The token of a Telegram bot whose number stands before the colon at `at`.
pub(super) fn bot_token(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let digits = bytes[..at].iter().rev().take(12).take_while(|b| b.is_ascii_digit()).count();
    let len = bytes[at + 1..].iter().take_while(|b| is_token_byte(**b)).count();
    (digits >= 6 && (30..=64).contains(&len)).then_some(at - digits..at + 1 + len)
}

/// The length of `header.payload[.signature]`, or of the five parts of an encrypted token, whose second may be empty.
fn json_web_token(rest: &[u8]) -> Option<usize> {
    let part = |from: usize| rest[from..].iter().take_while(|b| is_token_byte(**b)).count();
    let header = part(0);
    if header < 8 || rest.get(header) != Some(&b'.') {
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

/// What follows `Bearer` or `Basic` and is not a word of prose.
fn credentials(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &bytes[at..];
    let scheme = [&b"bearer"[..], b"basic"].into_iter().find(|scheme| starts_with_word(rest, scheme))?;
    let blanks = rest[scheme.len()..].iter().take(16).take_while(|b| matches!(b, b' ' | b'\t')).count();
    let start = at + scheme.len() + blanks;
    let is_part = |b: &u8| is_token_byte(*b) || b".~+/=:|%$!*#".contains(b);
    let len = bytes[start..].iter().take_while(|b| is_part(b)).count();
    // What ends a clause is no part of them.
    let len = bytes[start..start + len].iter().rposition(|b| !matches!(b, b':' | b'!')).map_or(0, |last| last + 1);
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
