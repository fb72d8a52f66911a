//! Secrets between the tags of XML.

use super::{names::is_name_byte, sensitive::MARK_BYTES, steps};
use std::ops::Range;

const CDATA: &[u8] = b"<![CDATA[";

/// An element whose start tag begins at some `<`.
pub(super) struct Element {
    /// Where its name stands, without that of a namespace.
    pub(super) name: Range<usize>,
    /// Where its content begins.
    content: usize,
}

impl Element {
    /// Reads a start tag. `Vec<Token>` has none: a tag does not follow a word.
    pub(super) fn at(bytes: &[u8], at: usize) -> Option<Self> {
        if at > 0 && is_name_byte(bytes[at - 1]) && bytes[at - 1].is_ascii() {
            return None;
        }
        let len = bytes[at + 1..]
            .iter()
            .take(128)
            .take_while(|b| is_name_byte(**b) || **b == b':')
            .count();
        let end = at + 1 + len;
        let start = bytes[at + 1..end]
            .iter()
            .rposition(|b| *b == b':')
            .map_or(at + 1, |colon| at + colon + 2);
        let attributes = bytes[end..]
            .iter()
            .take(512)
            .position(|b| matches!(b, b'<' | b'>'))?;
        let close = end + attributes;
        let is_start = bytes[close] == b'>' && bytes[close - 1] != b'/';
        let parted = attributes == 0 || bytes[end].is_ascii_whitespace();
        (len > 0 && is_start && parted).then_some(Self {
            name: start..end,
            content: close + 1,
        })
    }

    /// Where the first element inside begins, if nothing stands before it.
    pub(super) fn inner(&self, bytes: &[u8]) -> Option<usize> {
        let blanks = bytes[self.content..]
            .iter()
            .take(64)
            .take_while(|b| b.is_ascii_whitespace())
            .count();
        let start = self.content + blanks;
        (bytes.get(start) == Some(&b'<')).then_some(start)
    }

    /// The text of an element that holds no others. A text that was cut may lack the end tag; what
    /// follows a placeholder, as `<password> [options]`, is no content.
    pub(super) fn text(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let rest = &bytes[self.content..];
        if let Some(data) = rest.strip_prefix(CDATA) {
            // Asked first: what is not hidden now would be searched again.
            if data.starts_with(MARK_BYTES) {
                return None;
            }
            let start = self.content + CDATA.len();
            let len = data
                .windows(3)
                .position(|window| window == b"]]>")
                .unwrap_or(data.len());
            steps::count(len);
            return (len > 0).then_some(start..start + len);
        }
        let len = match rest.iter().position(|b| *b == b'<') {
            Some(len) if rest.get(len + 1).is_none_or(|b| *b == b'/') => len,
            Some(_) => return None,
            None if rest.first().is_some_and(u8::is_ascii_alphanumeric) => rest.len(),
            None => return None,
        };
        steps::count(len);
        let text = &rest[..len];
        let is_secret =
            !text.trim_ascii().is_empty() && !text.trim_ascii_start().starts_with(MARK_BYTES);
        is_secret.then_some(self.content..self.content + len)
    }
}
