//! The extent of the value that follows a secret name.

use super::{
    claim::Claim,
    cursor::{
        bracketed, is_name_byte, is_quote, is_quoted, line_end, quoted, run_within, skip_blanks,
        skip_literal_prefix, skip_space, until,
    },
    ends::{Reach, bracket_end, header_end, header_pair_end, setting_end, word_end},
    shape, tokens,
};
use crate::error::redact::{sensitive::MARK_BYTES, tables::Weight};
use std::ops::Range;

/// Returns the extent of the value at `start`, unless the claim spares it or there is none.
pub(super) fn after(
    bytes: &[u8],
    start: usize,
    reach: Reach,
    claim: &Claim,
) -> Option<Range<usize>> {
    let outside = skip_blanks(bytes, start);
    let is_apart = outside > start;
    let outside = skip_anchor(bytes, outside);
    let (start, tuple) = skip_wrappers(bytes, outside);
    if bytes[start..].starts_with(MARK_BYTES) {
        return None;
    }
    if let Some(range) = quoted(bytes, start) {
        return match tuple {
            // The other fields may hold the secret.
            Some(open) if has_more_fields(bytes, range.end) => inside(bytes, open),
            _ => {
                (!claim.spares_quoted(&bytes[range.clone()])).then(|| changed(bytes, range, claim))
            }
        };
    }
    if let Some(open) = tuple {
        let (range, closed) = bracketed(&bytes[..line_end(bytes, start)], open);
        let nothing = matches!(
            &bytes[start..range.end],
            b"None)" | b"true)" | b"false)" | b")"
        );
        return (!nothing && range.end > start).then_some(start..range.end - usize::from(closed));
    }
    // A reference: `${NAME}`, `{{ name }}`.
    if matches!(
        &bytes[start..],
        [b'$' | b'#' | b'%', b'{' | b'(', ..] | [b'{', b'{' | b'%', ..]
    ) {
        return None;
    }
    if let Some(end) = bracket_end(bytes, start, reach) {
        let content = &bytes[start..end];
        let is_lone = matches!(content[0], b'[') && claim.is_tight || reach == Reach::ListedSetting;
        let spared = if is_lone && claim.weight == Weight::Strong && is_one_value(content) {
            claim.spares_lone(&content[1..content.len() - 1])
        } else {
            claim.spares_content(content)
        };
        return (!spared).then_some(start..end);
    }
    let word = start..word_end(bytes, start, reach == Reach::Parameter);
    let rest = &bytes[word.end..bytes.len().min(word.end + MAX_REST)];
    let rest = &rest[..until(rest, |b| matches!(b, b'\r' | b'\n'))];
    let is_header = reach == Reach::Header;
    let value = &bytes[word.clone()];
    // `password= user=ann`
    let is_empty = matches!(reach, Reach::Word | Reach::Setting)
        && is_apart
        && claim.is_tight
        && shape::is_pair(value);
    let spared = if value.is_empty() {
        !is_header
    } else {
        is_empty || spares(value, rest, claim)
    };
    if spared {
        return None;
    }
    let end = match reach {
        Reach::Parameter => word.end,
        Reach::Word => list_end(bytes, word.end),
        Reach::Setting => setting_end(bytes, start, false).max(word.end),
        Reach::ListedSetting => setting_end(bytes, start, true).max(word.end),
        Reach::Header => header_end(bytes, start),
        Reach::HeaderPair => header_pair_end(bytes, start, word.end),
    };
    (end > start).then_some(start..end)
}

/// Returns `true` for `[value]` and `{value}`: one word, also with what a list of settings would
/// end at.
fn is_one_value(content: &[u8]) -> bool {
    let is_within = |b: &u8| {
        !b.is_ascii_whitespace()
            && !matches!(b, b',' | b':' | b'=' | b'"' | b'\'' | b'`' | b'{' | b'[')
    };
    let ([b'[', value @ .., b']'] | [b'{', value @ .., b'}']) = content else {
        return false;
    };
    let is_field = content[0] == b'{' && shape::is_plain(value);
    !is_field && (5..=shape::MAX_SPARED).contains(&content.len()) && value.iter().all(is_within)
}

/// Extends the range of `"old" -> "new"` to both.
fn changed(bytes: &[u8], range: Range<usize>, claim: &Claim) -> Range<usize> {
    let rest = &bytes[range.end..];
    let arrow = [&b"\" -> "[..], b"' -> ", b"\" => "]
        .into_iter()
        .find(|arrow| rest.starts_with(arrow));
    let new = arrow.and_then(|arrow| quoted(bytes, range.end + arrow.len()));
    match new.filter(|new| !claim.spares_quoted(&bytes[new.clone()])) {
        Some(new) => range.start..new.end,
        None => range,
    }
}

/// Returns the end of a list whose first word ends at `at`: `code-1, code-2`.
fn list_end(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..32 {
        let rest = &bytes[at..bytes.len().min(at + MAX_REST)];
        let Some(next) = rest.strip_prefix(b", ") else {
            break;
        };
        let len = until(next, |b| {
            b.is_ascii_whitespace() || matches!(b, b',' | b'=' | b':' | b')' | b']' | b'}' | b'"')
        });
        if !shape::is_mixture(&next[..len]) || matches!(next.get(len), Some(b'=' | b':' | b'"')) {
            break;
        }
        at += 2 + shape::trimmed(&next[..len]).end;
    }
    at
}

/// How much of a line is examined behind a word.
const MAX_REST: usize = 80;

/// Returns `true` if the claim spares a word, or the credentials after the name of a scheme.
fn spares(word: &[u8], rest: &[u8], claim: &Claim) -> bool {
    let scheme = tokens::skip_scheme(word, 0);
    if scheme == 0 {
        return claim.spares_word(word, rest);
    }
    if scheme >= word.len() {
        let credentials = rest.trim_ascii_start();
        let len = until(credentials, u8::is_ascii_whitespace);
        return claim.spares_credentials(&credentials[..len], b"");
    }
    claim.spares_credentials(&word[scheme..], rest)
}

/// Returns what stands between the parentheses that open at `open`, on one line unless it is
/// quoted.
pub(super) fn newtype(bytes: &[u8], open: usize, claim: &Claim) -> Option<Range<usize>> {
    let start = skip_space(bytes, open + 1);
    if bytes[start..].starts_with(MARK_BYTES) {
        return None;
    }
    let range = if is_quoted(bytes, start) {
        inside(bytes, open)?
    } else {
        let (range, closed) = bracketed(&bytes[..line_end(bytes, open)], open);
        open + 1..range.end - usize::from(closed)
    };
    let value = bytes[range.clone()].trim_ascii();
    if value.len() > shape::MAX_SPARED {
        return Some(range);
    }
    let nothing = matches!(value, b"" | b"None" | b"s" | b"es" | b"\"\"")
        || value
            .iter()
            .position(|b| !is_quote(*b))
            .is_some_and(|text| value[text..].starts_with(MARK_BYTES));
    let is_code = value
        .split(|b| *b == b',')
        .any(|part| shape::is_code(part.trim_ascii()));
    // `Token(42)`
    let is_place =
        claim.weight == Weight::Weak && value.len() < 6 && value.iter().all(u8::is_ascii_digit);
    let nothing = nothing || is_code || is_place || (claim.counts && shape::is_number(value));
    let is_word =
        !is_quoted(bytes, start) && claim.weight != Weight::Added && shape::is_plain(value);
    (!nothing && !is_word).then_some(range)
}

/// Steps into `Some(`, `Secret(`, and over the prefix of a literal; returns where the innermost
/// parenthesis opens. What stands before any other parenthesis may be part of the secret.
fn skip_wrappers(bytes: &[u8], mut start: usize) -> (usize, Option<usize>) {
    const WRAPPERS: [&[u8]; 9] = [
        b"Some",
        b"Ok",
        b"Secret",
        b"SecretString",
        b"SecretStr",
        b"Zeroizing",
        b"Password",
        b"Token",
        b"ApiKey",
    ];
    let mut tuple = None;
    for _ in 0..4 {
        let name = run_within(&bytes[start..], 40, |b| {
            b.is_ascii_alphanumeric() || *b == b'_'
        });
        let is_wrapper = WRAPPERS.contains(&&bytes[start..start + name]);
        let opens = match bytes.get(start + name) {
            Some(b'(') => is_wrapper,
            Some(b'[') => {
                let content = &bytes[start + name + 1..bytes.len().min(start + name + 128)];
                let len = until(content, |b| *b == b']');
                &bytes[start..start + name] == b"Optional" && !shape::is_code(&content[..len])
            }
            _ => false,
        };
        if !opens {
            break;
        }
        tuple = Some(start + name);
        start = skip_space(bytes, start + name + 1);
    }
    (skip_literal_prefix(bytes, skip_length(bytes, start)), tuple)
}

/// Steps over the anchor or tag of a value in YAML: `&name x`, `!!str x`.
fn skip_anchor(bytes: &[u8], start: usize) -> usize {
    if !matches!(bytes.get(start), Some(b'&' | b'!')) {
        return start;
    }
    let len = 1 + run_within(&bytes[start + 1..], 40, |b| is_name_byte(*b) || *b == b'!');
    let next = skip_blanks(bytes, start + len);
    let is_value = bytes
        .get(next)
        .is_some_and(|b| b.is_ascii_alphanumeric() || is_quote(*b));
    if len > 1 && next == start + len + 1 && is_value {
        next
    } else {
        start
    }
}

/// Steps over the type and length that PHP writes before a text: `string(3) "abc"`.
fn skip_length(bytes: &[u8], start: usize) -> usize {
    if bytes[start..].starts_with(b"string '") {
        return start + b"string ".len();
    }
    let Some(rest) = bytes[start..].strip_prefix(b"string(") else {
        return start;
    };
    let digits = run_within(rest, 8, u8::is_ascii_digit);
    if rest[digits..].starts_with(b") \"") {
        start + b"string(".len() + digits + 2
    } else {
        start
    }
}

fn has_more_fields(bytes: &[u8], value_end: usize) -> bool {
    let escapes = run_within(&bytes[value_end..], 8, |b| *b == b'\\');
    let after = skip_space(bytes, bytes.len().min(value_end + escapes + 1));
    bytes.get(after) == Some(&b',')
        && bytes
            .get(skip_space(bytes, after + 1))
            .is_some_and(|b| *b != b')')
}

fn inside(bytes: &[u8], open: usize) -> Option<Range<usize>> {
    let (range, closed) = bracketed(bytes, open);
    let range = open + 1..range.end - usize::from(closed);
    (!range.is_empty()).then_some(range)
}
