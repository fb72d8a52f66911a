//! Steps over bytes, and the count of them by which a test finds the time linear.

use std::ops::Range;

/// Returns how many bytes stand at the beginning for which something holds.
pub(super) fn run(bytes: &[u8], holds: impl Fn(&u8) -> bool) -> usize {
    run_within(bytes, bytes.len(), holds)
}

/// As [`run`], of at most so many bytes.
pub(super) fn run_within(bytes: &[u8], most: usize, holds: impl Fn(&u8) -> bool) -> usize {
    // A loop, as it is compiled for each predicate: iterators would be several functions each.
    let most = most.min(bytes.len());
    let mut len = 0;
    while len < most && holds(&bytes[len]) {
        len += 1;
    }
    len
}

/// Returns how many bytes stand before the first for which something holds: all, if there is none.
pub(super) fn until(bytes: &[u8], ends: impl Fn(&u8) -> bool) -> usize {
    run(bytes, |b| !ends(b))
}

/// Returns where the bytes behind the last one begin for which something holds.
pub(super) fn after_last(bytes: &[u8], holds: impl Fn(&u8) -> bool) -> usize {
    let mut end = bytes.len();
    while end > 0 && !holds(&bytes[end - 1]) {
        end -= 1;
    }
    end
}

/// Returns where a part stands first.
pub(super) fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

pub(super) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    find(bytes, part).is_some()
}

/// Returns `true` if a text begins with another one, in any case.
pub(super) fn begins_with(bytes: &[u8], text: &str) -> bool {
    let head = bytes.get(..text.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(text.as_bytes()))
}

pub(super) fn skip_blanks(bytes: &[u8], start: usize) -> usize {
    start + run(&bytes[start..], |b| matches!(b, b' ' | b'\t'))
}

/// Steps over white space, also where it is written as in a literal.
pub(super) fn skip_space(bytes: &[u8], mut start: usize) -> usize {
    loop {
        let blanks = run(&bytes[start..], u8::is_ascii_whitespace);
        count(blanks);
        start += blanks;
        match &bytes[start..] {
            [b'\\', b'n' | b'r' | b't', ..] => start += 2,
            _ => return start,
        }
    }
}

/// Returns `true` if a quoted value stands here.
pub(super) fn is_quoted(bytes: &[u8], start: usize) -> bool {
    let start = skip_literal_prefix(bytes, start);
    let escapes = run_within(&bytes[start..], 8, |b| *b == b'\\');
    bytes.get(start + escapes).is_some_and(|b| is_quote(*b))
}

/// Steps over the prefix of a literal: `b"` and `r#"` of Rust, `b'` of Python and `<<"` of Erlang.
pub(super) fn skip_literal_prefix(bytes: &[u8], start: usize) -> usize {
    if bytes[start..].starts_with(b"<<\"") {
        return start + 2;
    }
    let prefix = run_within(&bytes[start..], 4, |b| matches!(b, b'b' | b'r' | b'#'));
    if prefix > 0 && matches!(bytes.get(start + prefix), Some(b'"' | b'\'')) {
        start + prefix
    } else {
        start
    }
}

pub(super) fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}

/// Returns what stands between quotes that may themselves be escaped; without a closing one, all
/// that follows.
pub(super) fn quoted(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let escapes = run_within(&bytes[start..], 8, |b| *b == b'\\');
    let quote = *bytes.get(start + escapes).filter(|b| is_quote(**b))?;
    let inside = start + escapes + 1;
    let mut before = 0;
    for (i, b) in bytes[inside..].iter().enumerate() {
        count(1);
        if *b == quote && (before <= escapes || (escapes == 0 && before % 2 == 0)) {
            return Some(inside..inside + i - before.min(escapes));
        }
        before = if *b == b'\\' { before + 1 } else { 0 };
    }
    Some(inside..bytes.len())
}

/// Returns a list, object or tuple, with its brackets, and whether the closing one is there;
/// without it, all that follows.
pub(super) fn bracketed(bytes: &[u8], start: usize) -> (Range<usize>, bool) {
    let is_tuple = bytes[start] == b'(';
    let (mut depth, mut at) = (0_usize, start);
    while at < bytes.len() {
        count(1);
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

pub(super) fn line_end(bytes: &[u8], start: usize) -> usize {
    let end = start + until(&bytes[start..], |b| matches!(b, b'\r' | b'\n'));
    count(end - start);
    end
}

/// Returns `true` if a byte can stand inside a token, so that a token cannot begin after it.
pub(super) fn is_token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

/// Returns `true` if a byte can stand in a name.
pub(super) fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.') || !b.is_ascii()
}

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts bytes that a loop visits.
#[cfg(test)]
pub(crate) fn count(bytes: usize) {
    STEPS.with(|steps| steps.set(steps.get() + bytes as u64));
}

#[cfg(not(test))]
pub(crate) fn count(_: usize) {}

/// Returns the bytes counted on this thread while something runs.
#[cfg(test)]
pub(crate) fn during(run: impl FnOnce()) -> u64 {
    let before = STEPS.with(std::cell::Cell::get);
    run();
    STEPS.with(std::cell::Cell::get) - before
}
