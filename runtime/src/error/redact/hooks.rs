//! Addresses of web hooks whose path is the secret.

use super::{sensitive::MARK_BYTES, steps, tables};
use std::ops::Range;

/// The secret path of a hook whose host begins at `start`, up to the end of the URL.
pub(super) fn path(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = &bytes[start..];
    let is_here = |hook: &&&str| {
        rest.get(..hook.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(hook.as_bytes()))
    };
    let from = start + tables::HOOKS.iter().find(is_here)?.len();
    // Asked before the end is looked for: what is not hidden would be searched again.
    if bytes[from..].starts_with(MARK_BYTES) {
        return None;
    }
    let is_end = |b: &u8| {
        b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b')')
    };
    let len = bytes[from..]
        .iter()
        .position(is_end)
        .unwrap_or(bytes.len() - from);
    steps::count(len);
    let secret = &bytes[from..from + len];
    let len = secret
        .iter()
        .rposition(|b| !matches!(b, b'.' | b',' | b';' | b':'))
        .map_or(0, |last| last + 1);
    (len > 0).then_some(from..from + len)
}
