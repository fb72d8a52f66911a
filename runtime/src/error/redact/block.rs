//! Values that stand below their name, deeper indented, as in YAML.

use super::{sensitive::MARK_BYTES, steps, value::skip_blanks};
use std::ops::Range;

/// The lines below the one that ends at `at`, if that line has nothing more than the sign of a
/// block, as `|` and `>-`; none of their bytes if they are hidden already.
///
/// The line of the name is looked at from its beginning, and each line has one end: the time stays
/// linear.
pub(super) fn below(bytes: &[u8], name: usize, at: usize) -> Option<Range<usize>> {
    let signs = bytes[at..]
        .iter()
        .take(4)
        .take_while(|b| matches!(b, b'|' | b'>' | b'-' | b'+' | b'1'..=b'9'))
        .count();
    let mut end = skip_blanks(bytes, at + signs);
    if !matches!(bytes.get(end), Some(b'\n' | b'\r')) {
        return None;
    }
    let line = bytes[..name]
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |newline| newline + 1);
    let indent = skip_blanks(bytes, line) - line;
    let mut start = None;
    while let Some(b'\n' | b'\r') = bytes.get(end) {
        let below = end + 1;
        let text = skip_blanks(bytes, below);
        match bytes.get(text) {
            Some(b'\n' | b'\r') => {}
            // Asked before the other lines are looked at, which would be looked at again.
            Some(_) if start.is_none() && bytes[text..].starts_with(MARK_BYTES) => {
                return Some(text..text);
            }
            Some(_) if text - below > indent => {
                start.get_or_insert(text);
            }
            _ => break,
        }
        let len = bytes[text..]
            .iter()
            .position(|b| matches!(b, b'\n' | b'\r'))
            .unwrap_or(bytes.len() - text);
        steps::count(len);
        end = text + len;
    }
    let start = start?;
    let len = bytes[start..end].trim_ascii_end().len();
    Some(start..start + len)
}
