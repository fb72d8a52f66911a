//! How far the value goes that follows a secret name.

use super::{
    names::{Weight, is_name_byte},
    sensitive::MARK_BYTES,
    shape::{self, Claim},
    steps, tokens,
};
use std::ops::Range;

/// What ends a bare value; a quoted one ends with its quote, a list or object with its bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// A word.
    Word,
    /// `&`, in the query of a URL.
    Parameter,
    /// The line, or the next setting in it.
    Setting,
    /// `;`, in a list of settings, as in a connection string.
    ListedSetting,
    /// The line, and those by which a header goes on.
    Header,
    /// What a header written as `name=value` may hold among other pairs.
    HeaderPair,
}

/// The extent of the value at `start`, unless the claim spares it or there is none.
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
    // A reference, as `${NAME}` and `{{ name }}`.
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
    let rest = &rest[..rest
        .iter()
        .position(|b| matches!(b, b'\r' | b'\n'))
        .unwrap_or(rest.len())];
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
    let pair = matches!(content, [b'[', .., b']'] | [b'{', .., b'}']);
    let is_field = content[0] == b'{' && shape::is_plain(&content[1..content.len() - 1]);
    pair && !is_field
        && content.len() > 4
        && content.len() <= shape::MAX_SPARED
        && content[1..content.len() - 1].iter().all(is_within)
}

/// `"old" -> "new"`: both.
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

/// The end of a list whose first word ends at `at`: `code-1, code-2`.
fn list_end(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..32 {
        let rest = &bytes[at..bytes.len().min(at + MAX_REST)];
        let Some(next) = rest.strip_prefix(b", ") else {
            break;
        };
        let len = next
            .iter()
            .position(|b| {
                b.is_ascii_whitespace()
                    || matches!(b, b',' | b'=' | b':' | b')' | b']' | b'}' | b'"')
            })
            .unwrap_or(next.len());
        if !shape::is_mixture(&next[..len]) || matches!(next.get(len), Some(b'=' | b':' | b'"')) {
            break;
        }
        at += 2 + shape::trimmed(&next[..len]).end;
    }
    at
}

/// How much of a line is looked at behind a word.
const MAX_REST: usize = 80;

/// Returns `true` if the claim spares a word, or the credentials after the name of a scheme.
fn spares(word: &[u8], rest: &[u8], claim: &Claim) -> bool {
    let scheme = tokens::skip_scheme(word, 0);
    if scheme == 0 {
        return claim.spares_word(word, rest);
    }
    if scheme >= word.len() {
        let credentials = rest.trim_ascii_start();
        let len = credentials
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(credentials.len());
        return claim.spares_credentials(&credentials[..len], b"");
    }
    claim.spares_credentials(&word[scheme..], rest)
}

/// What stands between the parentheses that open at `open`, on one line unless it is quoted.
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

/// Returns `true` if a quoted value stands here.
pub(super) fn is_quoted(bytes: &[u8], start: usize) -> bool {
    let start = skip_literal_prefix(bytes, start);
    let escapes = bytes[start..]
        .iter()
        .take(8)
        .take_while(|b| **b == b'\\')
        .count();
    bytes.get(start + escapes).is_some_and(|b| is_quote(*b))
}

pub(super) fn skip_blanks(bytes: &[u8], start: usize) -> usize {
    start
        + bytes[start..]
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count()
}

/// Steps over white space, also where it is written as in a literal.
pub(super) fn skip_space(bytes: &[u8], mut start: usize) -> usize {
    loop {
        let blanks = bytes[start..]
            .iter()
            .take_while(|b| b.is_ascii_whitespace())
            .count();
        steps::count(blanks);
        start += blanks;
        match &bytes[start..] {
            [b'\\', b'n' | b'r' | b't', ..] => start += 2,
            _ => return start,
        }
    }
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
        let name = bytes[start..]
            .iter()
            .take(40)
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
            .count();
        let is_wrapper = WRAPPERS.contains(&&bytes[start..start + name]);
        let opens = match bytes.get(start + name) {
            Some(b'(') => is_wrapper,
            Some(b'[') => {
                let content = &bytes[start + name + 1..bytes.len().min(start + name + 128)];
                let len = content
                    .iter()
                    .position(|b| *b == b']')
                    .unwrap_or(content.len());
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
    let len = 1 + bytes[start + 1..]
        .iter()
        .take(40)
        .take_while(|b| is_name_byte(**b) || **b == b'!')
        .count();
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
    let digits = rest
        .iter()
        .take(8)
        .take_while(|b| b.is_ascii_digit())
        .count();
    if rest[digits..].starts_with(b") \"") {
        start + b"string(".len() + digits + 2
    } else {
        start
    }
}

/// Steps over the prefix of a literal, as `b"` and `r#"` of Rust, `b'` of Python and `<<"` of
/// Erlang.
fn skip_literal_prefix(bytes: &[u8], start: usize) -> usize {
    if bytes[start..].starts_with(b"<<\"") {
        return start + 2;
    }
    let prefix = bytes[start..]
        .iter()
        .take(4)
        .take_while(|b| matches!(b, b'b' | b'r' | b'#'))
        .count();
    if prefix > 0 && matches!(bytes.get(start + prefix), Some(b'"' | b'\'')) {
        start + prefix
    } else {
        start
    }
}

fn has_more_fields(bytes: &[u8], value_end: usize) -> bool {
    let escapes = bytes[value_end..]
        .iter()
        .take(8)
        .take_while(|b| **b == b'\\')
        .count();
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

/// The end of a list, an object, or a struct as `Keys { .. }` and `Keys("a", "b")`.
fn bracket_end(bytes: &[u8], start: usize, reach: Reach) -> Option<usize> {
    let first = bytes.get(start)?;
    if matches!(first, b'{' | b'[')
        || (*first == b'(' && is_quoted(bytes, skip_space(bytes, start + 1)))
    {
        return Some(bracketed(bytes, start).0.end);
    }
    // A header may begin with the name of a scheme.
    if !first.is_ascii_uppercase() || reach == Reach::Header {
        return None;
    }
    let name = bytes[start..]
        .iter()
        .take(40)
        .take_while(|b| is_name_byte(**b))
        .count();
    let open = skip_blanks(bytes, start + name);
    match bytes.get(open)? {
        b'{' => Some(bracketed(bytes, open).0.end),
        b'(' if open == start + name && is_quoted(bytes, skip_space(bytes, open + 1)) => {
            Some(bracketed(bytes, open).0.end)
        }
        // To the end of the line where it is not closed: a second look at the same bytes would cost
        // time.
        b'(' if open == start + name => {
            Some(bracketed(&bytes[..line_end(bytes, open)], open).0.end)
        }
        _ => None,
    }
}

fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}

/// What stands between quotes that may themselves be escaped; without a closing one, all that
/// follows.
fn quoted(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let escapes = bytes[start..]
        .iter()
        .take(8)
        .take_while(|b| **b == b'\\')
        .count();
    let quote = *bytes.get(start + escapes).filter(|b| is_quote(**b))?;
    let inside = start + escapes + 1;
    let mut before = 0;
    for (i, b) in bytes[inside..].iter().enumerate() {
        steps::count(1);
        if *b == quote && (before <= escapes || (escapes == 0 && before % 2 == 0)) {
            return Some(inside..inside + i - before.min(escapes));
        }
        before = if *b == b'\\' { before + 1 } else { 0 };
    }
    Some(inside..bytes.len())
}

/// A list, object or tuple, with its brackets, and whether the closing one is there; without it,
/// all that follows.
fn bracketed(bytes: &[u8], start: usize) -> (Range<usize>, bool) {
    let is_tuple = bytes[start] == b'(';
    let (mut depth, mut at) = (0_usize, start);
    while at < bytes.len() {
        steps::count(1);
        match bytes[at] {
            b'(' if is_tuple => depth += 1,
            b')' if is_tuple => depth -= 1,
            b'{' | b'[' if !is_tuple => depth += 1,
            b'}' | b']' if !is_tuple => depth -= 1,
            b'"' => at = quoted(bytes, at).map_or(at, |inside| inside.end),
            _ => {}
        }
        at = bytes.len().min(at + 1);
        if depth == 0 {
            return (start..at, true);
        }
    }
    (start..at, false)
}

/// The list or object that begins here.
pub(super) fn object(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    matches!(bytes.get(start), Some(b'{' | b'[')).then(|| start..bracketed(bytes, start).0.end)
}

fn line_end(bytes: &[u8], start: usize) -> usize {
    let end = bytes[start..]
        .iter()
        .position(|b| matches!(b, b'\r' | b'\n'))
        .map_or(bytes.len(), |len| start + len);
    steps::count(end - start);
    end
}

/// The end of the lines of a header, or of the quoted text that holds it; a quote after `=` opens
/// one in the line.
fn header_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut in_quotes) = (start, false);
    while let Some(b) = bytes.get(at) {
        steps::count(1);
        match b {
            b'\r' if bytes.get(at + 1) == Some(&b'\n') && is_folded(bytes, at + 2) => at += 1,
            b'\n' if is_folded(bytes, at + 1) => {}
            b'\r' | b'\n' => break,
            b'"' if in_quotes => in_quotes = false,
            b'"' if at > start && bytes[at - 1] == b'=' => in_quotes = true,
            b'"' => break,
            _ => {}
        }
        at += 1;
    }
    at
}

/// Returns `true` if a header goes on in the line at `start`: it begins with a blank and is not
/// empty.
fn is_folded(bytes: &[u8], start: usize) -> bool {
    let text = skip_blanks(bytes, start);
    text > start && bytes.get(text).is_some_and(|b| !b.is_ascii_whitespace())
}

/// `cookie=a=b; c=d`, `authorization=scheme credentials`.
fn header_pair_end(bytes: &[u8], start: usize, word_end_: usize) -> usize {
    const PARAMETERS: [&[u8]; 4] = [b"digest", b"aws4-hmac-sha256", b"hawk", b"oauth"];
    let mut at = word_end_;
    let scheme = bytes[start..]
        .iter()
        .take(20)
        .take_while(|b| !b.is_ascii_whitespace())
        .count();
    if PARAMETERS
        .iter()
        .any(|name| bytes[start..start + scheme].eq_ignore_ascii_case(name))
    {
        return header_end(bytes, start);
    }
    let has_scheme = tokens::skip_scheme(bytes, start) > start;
    let next = skip_blanks(bytes, at);
    if !has_scheme
        && next > at
        && bytes.get(next).is_some_and(|b| !is_end_of_word(*b))
        && !is_pair(bytes, next)
    {
        at = word_end(bytes, next, false);
    }
    while bytes.get(at) == Some(&b';') {
        let next = skip_blanks(bytes, at + 1);
        if !is_pair(bytes, next) {
            break;
        }
        at = word_end(bytes, next, false);
    }
    at
}

/// The end of a value with blanks in it: of the line, of the quoted text that holds it, or before
/// the next setting.
fn setting_end(bytes: &[u8], start: usize, listed: bool) -> usize {
    let mut at = start;
    while let Some(b) = bytes.get(at) {
        steps::count(1);
        let ends = match b {
            b'\r' | b'\n' => true,
            b'&' => !listed && is_next_parameter(bytes, at + 1),
            b';' => listed || ends_before(bytes, at + 1) || is_pair(bytes, at + 1),
            b'"' | b'\'' | b'`' => closes(bytes, at),
            b' ' | b'\t' if !matches!(bytes.get(at + 1), Some(b' ' | b'\t')) => {
                is_assignment(bytes, at + 1)
            }
            _ => false,
        };
        if ends {
            break;
        }
        at += 1;
    }
    start
        + bytes[start..at]
            .iter()
            .rposition(|b| !matches!(b, b' ' | b'\t' | b','))
            .map_or(0, |last| last + 1)
}

/// The end of a bare word. Passwords hold punctuation, so a comma or bracket ends the word only
/// where what follows looks like the next pair, the end of the text, or prose.
fn word_end(bytes: &[u8], start: usize, is_parameter: bool) -> usize {
    let mut at = tokens::skip_scheme(bytes, start);
    while let Some(b) = bytes.get(at) {
        steps::count(1);
        let next = bytes.get(at + 1);
        let ends = match b {
            b if b.is_ascii_whitespace() => true,
            b'&' => is_parameter || ends_before(bytes, at + 1) || is_next_parameter(bytes, at + 1),
            b'"' | b'`' => closes(bytes, at),
            b'<' => next.is_none_or(|b| matches!(b, b'/' | b'!')) || is_tag(bytes, at + 1),
            b',' | b';' => ends_before(bytes, at + 1) || is_pair(bytes, at + 1),
            b')' | b']' | b'}' | b'\'' => next.is_none_or(|b| !b.is_ascii_alphanumeric()),
            _ => false,
        };
        if ends {
            break;
        }
        at += 1;
    }
    at
}

fn is_end_of_word(b: u8) -> bool {
    b.is_ascii_whitespace()
        || is_quote(b)
        || matches!(
            b,
            b',' | b';' | b')' | b']' | b'}' | b'(' | b'-' | b'&' | b'<'
        )
}

fn ends_before(bytes: &[u8], at: usize) -> bool {
    bytes
        .get(at)
        .is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\''))
}

/// Returns `true` if a quote ends what stands in quotes rather than being part of it.
pub(super) fn closes(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at + 1) {
        None => true,
        Some(b'/') => bytes.get(at + 2) == Some(&b'>'),
        Some(b) => b.is_ascii_whitespace() || is_quote(*b) || b",;:.)]}>\\|&".contains(b),
    }
}

/// Returns `true` if `name=` or `name:` stands here.
fn is_pair(bytes: &[u8], start: usize) -> bool {
    matches!(name_and_next(bytes, start), Some(b'=' | b':'))
}

fn is_assignment(bytes: &[u8], start: usize) -> bool {
    let name = bytes[start..]
        .iter()
        .take(64)
        .take_while(|b| is_name_byte(**b))
        .count();
    let blanks = bytes[start + name..]
        .iter()
        .take(8)
        .take_while(|b| **b == b' ')
        .count();
    name > 0 && bytes.get(start + name + blanks) == Some(&b'=')
}

/// `name=` or `name[]=`, or the rest of `&amp;`.
fn is_next_parameter(bytes: &[u8], start: usize) -> bool {
    bytes[start..].starts_with(b"&")
        || matches!(name_and_next(bytes, start), Some(b'=' | b'[' | b';'))
}

fn is_tag(bytes: &[u8], start: usize) -> bool {
    bytes[start].is_ascii_alphabetic()
        && matches!(name_and_next(bytes, start), Some(b'>' | b'/' | b' '))
}

/// What follows the name that stands here.
fn name_and_next(bytes: &[u8], start: usize) -> Option<u8> {
    let name = bytes
        .get(start..)?
        .iter()
        .take(64)
        .take_while(|b| is_name_byte(**b))
        .count();
    if name > 0 {
        bytes.get(start + name).copied()
    } else {
        None
    }
}
