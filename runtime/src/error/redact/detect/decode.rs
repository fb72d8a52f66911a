//! Texts that stand for other texts: percent-encoded, with escapes of JSON or HTML, in wide
//! letters, with invisible ones, with quotes of typography.

use super::cursor;
use std::ops::Range;

/// Named characters of HTML that announce or end a value.
const ENTITIES: &[(&str, u8)] = &[
    ("&quot;", b'"'),
    ("&#34;", b'"'),
    ("&apos;", b'\''),
    ("&#39;", b'\''),
    ("&lt;", b'<'),
    ("&gt;", b'>'),
    ("&amp;", b'&'),
    ("&#61;", b'='),
    ("&equals;", b'='),
];

/// Quotes of typography, some with the blank inside them.
const QUOTES: &[(&str, u8)] = &[
    ("\u{ab} ", b'"'),
    ("\u{ab}\u{a0}", b'"'),
    ("\u{ab}\u{202f}", b'"'),
    ("\u{ab}", b'"'),
    ("\u{bb}", b'"'),
    ("\u{2018}", b'\''),
    ("\u{2019}", b'\''),
    ("\u{201a}", b'\''),
    ("\u{201c}", b'"'),
    ("\u{201d}", b'"'),
    ("\u{201e}", b'"'),
    ("\u{2039}", b'\''),
    ("\u{203a}", b'\''),
    ("\u{300c}", b'"'),
    ("\u{300d}", b'"'),
    ("\u{300e}", b'"'),
    ("\u{300f}", b'"'),
];

/// Invisible characters: a soft hyphen, joiners, a byte order mark.
const INVISIBLE: &[&str] = &[
    "\u{ad}", "\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{180e}",
];

/// An ASCII-decoded text, and where each of its bytes stood.
pub(super) struct Decoded {
    pub(super) text: String,
    /// For each byte of the text, and for its end, where it stood.
    origin: Vec<usize>,
}

impl Decoded {
    /// Decodes what stands for ASCII characters; the others cannot announce a secret, and without
    /// them any text stays UTF-8. `None` where there are none.
    pub(super) fn new(raw: &[u8]) -> Option<Self> {
        cursor::count(raw.len());
        let first = (0..raw.len()).find(|at| is_sign(raw[*at]) && one(&raw[*at..]).is_some())?;
        let mut bytes = Vec::with_capacity(raw.len());
        let mut origin = Vec::with_capacity(raw.len() + 1);
        bytes.extend_from_slice(&raw[..first]);
        origin.extend(0..first);
        let mut at = first;
        while at < raw.len() {
            let sign = Some(&raw[at..]).filter(|rest| is_sign(rest[0]));
            let (byte, len) = sign.and_then(one).unwrap_or((Some(raw[at]), 1));
            if let Some(byte) = byte {
                bytes.push(byte);
                origin.push(at);
            }
            at += len;
        }
        origin.push(raw.len());
        Some(Self {
            text: String::from_utf8(bytes).ok()?,
            origin,
        })
    }

    /// Returns where a part of the decoded text stood.
    pub(super) fn origin(&self, range: &Range<usize>) -> Range<usize> {
        self.origin[range.start]..self.origin[range.end]
    }
}

/// Returns `true` for the first bytes of what [`one`] decodes.
fn is_sign(b: u8) -> bool {
    matches!(b, b'%' | b'\\' | b'&' | 0xc2 | 0xe1..=0xe3 | 0xef)
}

/// Returns the ASCII character that the beginning of a text stands for, or none, and how many bytes
/// do.
fn one(rest: &[u8]) -> Option<(Option<u8>, usize)> {
    let hex = |b: u8| char::from(b).to_digit(16);
    let ascii = |high: u8, low: u8| {
        u8::try_from(hex(high)? * 16 + hex(low)?)
            .ok()
            .filter(u8::is_ascii)
    };
    match rest {
        [b'%', high, low, ..] => Some((Some(ascii(*high, *low)?), 3)),
        [b'\\', b'u', b'0', b'0', high, low, ..] => Some((Some(ascii(*high, *low)?), 6)),
        [b'\\', b'x', high, low, ..] => Some((Some(ascii(*high, *low)?), 4)),
        [b'&', ..] => named(rest, ENTITIES),
        // U+FF01 to U+FF5E, the wide forms of `!` to `~`.
        [0xef, 0xbc, low @ 0x81..=0xbf, ..] => Some((Some(low - 0x81 + b'!'), 3)),
        [0xef, 0xbd, low @ 0x80..=0x9e, ..] => Some((Some(low - 0x80 + b'`'), 3)),
        [0xc2 | 0xe1 | 0xe2 | 0xe3 | 0xef, ..] => {
            let invisible = || INVISIBLE.iter().find(|c| rest.starts_with(c.as_bytes()));
            named(rest, QUOTES).or_else(|| Some((None, invisible()?.len())))
        }
        _ => None,
    }
}

/// Returns the ASCII character that a row of a table stands for, and its length.
fn named(rest: &[u8], rows: &[(&str, u8)]) -> Option<(Option<u8>, usize)> {
    let is_here = |(text, _): &&(&str, u8)| rest.starts_with(text.as_bytes());
    let (text, byte) = rows.iter().find(is_here)?;
    Some((Some(*byte), text.len()))
}
