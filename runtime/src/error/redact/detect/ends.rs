//! Ends of values: at a bracket, a line, a header, the next setting, or a word.

use super::{
    cursor::{
        self, after_last, bracketed, is_name_byte, is_quote, is_quoted, line_end, run_within,
        skip_blanks, skip_space,
    },
    tokens,
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

/// Returns the end of a list, an object, or a struct as `Keys { .. }` and `Keys("a", "b")`.
pub(super) fn bracket_end(bytes: &[u8], start: usize, reach: Reach) -> Option<usize> {
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
    let name = run_within(&bytes[start..], 40, |b| is_name_byte(*b));
    let open = skip_blanks(bytes, start + name);
    let within = match bytes.get(open)? {
        b'{' => bytes,
        b'(' if open > start + name => return None,
        b'(' if is_quoted(bytes, skip_space(bytes, open + 1)) => bytes,
        // To the end of the line where it is not closed: a second look at the same bytes would cost
        // time.
        b'(' => &bytes[..line_end(bytes, open)],
        _ => return None,
    };
    Some(bracketed(within, open).0.end)
}

/// Returns the list or object that begins here.
pub(super) fn object(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    matches!(bytes.get(start), Some(b'{' | b'[')).then(|| start..bracketed(bytes, start).0.end)
}

/// Returns the end of the lines of a header, or of the quoted text that holds it; a quote after `=`
/// opens one in the line.
pub(super) fn header_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut in_quotes) = (start, false);
    while let Some(b) = bytes.get(at) {
        cursor::count(1);
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

/// Returns the end of `cookie=a=b; c=d`, `authorization=scheme credentials`.
pub(super) fn header_pair_end(bytes: &[u8], start: usize, word_end_: usize) -> usize {
    const PARAMETERS: [&[u8]; 4] = [b"digest", b"aws4-hmac-sha256", b"hawk", b"oauth"];
    let mut at = word_end_;
    let scheme = run_within(&bytes[start..], 20, |b| !b.is_ascii_whitespace());
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

/// Returns the end of a value with blanks in it: of the line, of the quoted text that holds it, or
/// before the next setting.
pub(super) fn setting_end(bytes: &[u8], start: usize, listed: bool) -> usize {
    let mut at = start;
    while let Some(b) = bytes.get(at) {
        cursor::count(1);
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
    start + after_last(&bytes[start..at], |b| !matches!(b, b' ' | b'\t' | b','))
}

/// Returns the end of a bare word. Passwords hold punctuation, so a comma or bracket ends the word
/// only where what follows looks like the next pair, the end of the text, or prose.
pub(super) fn word_end(bytes: &[u8], start: usize, is_parameter: bool) -> usize {
    let mut at = tokens::skip_scheme(bytes, start);
    while let Some(b) = bytes.get(at) {
        cursor::count(1);
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
    let name = run_within(&bytes[start..], 64, |b| is_name_byte(*b));
    let blanks = run_within(&bytes[start + name..], 8, |b| *b == b' ');
    name > 0 && bytes.get(start + name + blanks) == Some(&b'=')
}

/// Returns `true` if `name=`, `name[]=` or the rest of `&amp;` stands here.
fn is_next_parameter(bytes: &[u8], start: usize) -> bool {
    bytes[start..].starts_with(b"&")
        || matches!(name_and_next(bytes, start), Some(b'=' | b'[' | b';'))
}

fn is_tag(bytes: &[u8], start: usize) -> bool {
    bytes[start].is_ascii_alphabetic()
        && matches!(name_and_next(bytes, start), Some(b'>' | b'/' | b' '))
}

/// Returns what follows the name that stands here.
fn name_and_next(bytes: &[u8], start: usize) -> Option<u8> {
    let name = run_within(bytes.get(start..)?, 64, |b| is_name_byte(*b));
    bytes.get(start + name).copied().filter(|_| name > 0)
}
