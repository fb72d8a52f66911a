//! Secrets between the tags of XML.

use super::{
    claim::Claim,
    cursor::{self, find, is_name_byte, run_within, skip_space},
    lookup::is_listed,
    names::{MAX_NAME, Name},
    scan::Scan,
};
use crate::error::redact::{
    sensitive::MARK_BYTES,
    tables::{self, Weight},
};
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
        let len = run_within(&bytes[at + 1..], 128, |b| is_name_byte(*b) || *b == b':');
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

    /// Returns where the first element inside begins, if nothing stands before it.
    pub(super) fn inner(&self, bytes: &[u8]) -> Option<usize> {
        let blanks = run_within(&bytes[self.content..], 64, u8::is_ascii_whitespace);
        let start = self.content + blanks;
        (bytes.get(start) == Some(&b'<')).then_some(start)
    }

    /// Returns the text of an element that holds no others. A text that was cut may lack the end
    /// tag; what follows a placeholder, for example `<password> [options]`, is no content.
    pub(super) fn text(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let rest = &bytes[self.content..];
        if let Some(data) = rest.strip_prefix(CDATA) {
            // Checked first: what is not hidden now would be searched again.
            if data.starts_with(MARK_BYTES) {
                return None;
            }
            let start = self.content + CDATA.len();
            let len = find(data, b"]]>").unwrap_or(data.len());
            cursor::count(len);
            return (len > 0).then_some(start..start + len);
        }
        let len = match rest.iter().position(|b| *b == b'<') {
            Some(len) if rest.get(len + 1).is_none_or(|b| *b == b'/') => len,
            Some(_) => return None,
            None if rest.first().is_some_and(u8::is_ascii_alphanumeric) => rest.len(),
            None => return None,
        };
        cursor::count(len);
        let text = &rest[..len];
        let is_secret =
            !text.trim_ascii().is_empty() && !text.trim_ascii_start().starts_with(MARK_BYTES);
        is_secret.then_some(self.content..self.content + len)
    }
}

impl Scan<'_> {
    /// Finds the secret in `<name>value</name>`.
    pub(super) fn element(&self, at: usize) -> Option<Range<usize>> {
        let element = Element::at(self.bytes, at)?;
        let named = self
            .secret_name(element.name.clone())
            .filter(|(_, weight)| *weight != Weight::Parameter);
        let Some((name, weight)) = named else {
            return self.named_element(&element);
        };
        let range = element
            .text(self.bytes)
            .or_else(|| self.inner_value(&element))?;
        let claim = Claim::from_name(&name, weight);
        (!claim.spares_quoted(&self.bytes[range.clone()])).then_some(range)
    }

    /// Finds the secret in `<Password><Value>x</Value>`.
    fn inner_value(&self, element: &Element) -> Option<Range<usize>> {
        let inner = Element::at(self.bytes, element.inner(self.bytes)?)?;
        let name = Name::new(&self.bytes[inner.name.clone()]);
        if is_listed(tables::VALUE_KEYS, name.bytes()) {
            inner.text(self.bytes)
        } else {
            None
        }
    }

    /// Finds the secret in `<key>password</key><string>x</string>`.
    fn named_element(&self, element: &Element) -> Option<Range<usize>> {
        if !is_listed(
            tables::NAME_KEYS,
            Name::new(&self.bytes[element.name.clone()]).bytes(),
        ) {
            return None;
        }
        let name = element
            .text(self.bytes)
            .filter(|text| text.len() <= MAX_NAME)?;
        let (_, weight) = self.secret_name(name.clone())?;
        if matches!(weight, Weight::Parameter | Weight::Key) {
            return None;
        }
        let close = name.end
            + self.bytes[name.end..]
                .iter()
                .take(MAX_NAME)
                .position(|b| *b == b'>')?;
        let next = skip_space(self.bytes, close + 1);
        if self.bytes.get(next) != Some(&b'<') {
            return None;
        }
        let range = Element::at(self.bytes, next)?.text(self.bytes)?;
        (!Claim::new(weight, false).spares_quoted(&self.bytes[range.clone()])).then_some(range)
    }
}
