//! Percent-encoded stretches of a text, as in a URL within a URL, read as what they stand for.

use super::{Redactor, scan};
use std::ops::Range;

/// How often a text is decoded: a URL in a URL in a URL.
pub(super) const DEPTH: usize = 3;

/// Adds to `found` what is secret in the text once it is decoded. Each stretch is decoded once, and then holds fewer
/// bytes than before: the depth alone bounds the time.
pub(super) fn secrets(text: &str, redactor: &Redactor, depth: usize, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(sign) = bytes[at..].iter().position(|b| *b == b'%').map(|step| at + step) {
        let start = bytes[at..sign].iter().rposition(|b| is_outside(*b)).map_or(at, |step| at + step + 1);
        let end = bytes[sign..].iter().position(|b| is_outside(*b)).map_or(bytes.len(), |step| sign + step);
        at = end;
        if let Some(decoded) = Decoded::of(&bytes[start..end]) {
            let inside = scan::secrets(&decoded.text, redactor, depth - 1);
            found.extend(
                inside.into_iter().map(|range| start + decoded.origin[range.start]..start + decoded.origin[range.end]),
            );
        }
    }
}

/// What no encoded text holds unencoded.
fn is_outside(b: u8) -> bool {
    b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>')
}

struct Decoded {
    text: String,
    /// For each byte of the text, and for its end, where it stood.
    origin: Vec<usize>,
}

impl Decoded {
    /// Decodes what stands for ASCII characters; the others cannot announce a secret, and without them any text stays
    /// UTF-8. `None` where there are none.
    fn of(raw: &[u8]) -> Option<Self> {
        (0..raw.len()).find(|at| ascii(&raw[*at..]).is_some())?;
        let (mut bytes, mut origin, mut at) = (Vec::with_capacity(raw.len()), Vec::with_capacity(raw.len() + 1), 0);
        while at < raw.len() {
            origin.push(at);
            match ascii(&raw[at..]) {
                Some(b) => {
                    bytes.push(b);
                    at += 3;
                }
                None => {
                    bytes.push(raw[at]);
                    at += 1;
                }
            }
        }
        origin.push(raw.len());
        Some(Self { text: String::from_utf8(bytes).ok()?, origin })
    }
}

fn ascii(rest: &[u8]) -> Option<u8> {
    let hex = |b: u8| char::from(b).to_digit(16);
    match rest {
        [b'%', high, low, ..] => u8::try_from(hex(*high)? * 16 + hex(*low)?).ok().filter(u8::is_ascii),
        _ => None,
    }
}
