//! Calls of functions that take a secret: `connect("db", "ann", "x")`.

use super::{names::Weight, scan::Scan, shape::Claim, tables, tokens::is_token_byte};
use std::ops::Range;

/// How far the arguments of a call are looked at.
const REACH: usize = 512;

impl Scan<'_> {
    /// The secret argument of the call that opens at `open`, if it is a literal.
    pub(super) fn call(&self, open: usize) -> Option<Range<usize>> {
        let head = &self.bytes[self.done.max(open.saturating_sub(40))..open];
        let is_called = |(name, _): &&(&str, usize)| {
            let before = head.strip_suffix(name.as_bytes());
            before.is_some_and(|before| {
                !name.starts_with(|c: char| c.is_ascii_alphanumeric())
                    || before.last().is_none_or(|b| !is_token_byte(*b))
            })
        };
        let (_, place) = tables::CALLS.iter().find(is_called)?;
        argument(self.bytes, open, *place)
    }
}

/// An argument that is a literal and no stand-in for a secret, by its place among them.
pub(super) fn argument(bytes: &[u8], open: usize, place: usize) -> Option<Range<usize>> {
    let end = bytes.len().min(open + REACH);
    let (mut at, mut argument, mut depth) = (open + 1, 1, 0_usize);
    while at < end {
        match bytes[at] {
            b',' if depth == 0 => argument += 1,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return None,
            b')' | b']' | b'}' => depth -= 1,
            quote @ (b'"' | b'\'' | b'`') => {
                let len = bytes[at + 1..end]
                    .iter()
                    .position(|b| *b == quote)
                    .unwrap_or(end - at - 1);
                let text = at + 1..at + 1 + len;
                if argument == place && depth == 0 {
                    return (!Claim::new(Weight::Strong, false)
                        .spares_quoted(&bytes[text.clone()]))
                    .then_some(text);
                }
                at = text.end;
            }
            _ => {}
        }
        at += 1;
    }
    None
}
