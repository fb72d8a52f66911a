//! Finds secrets in free text, in one pass and in linear time.
//!
//! The pass looks at each byte once in a table; the few bytes that can announce a secret (`=`, `:`,
//! quotes, a dash, the first letters of well-known tokens) are looked at closer. Names before a
//! separator are bounded in length; what is scanned ahead is either consumed or remembered, so that
//! no text makes the pass quadratic.

use super::{
    card, decode,
    element::Element,
    names::{MAX_NAME, Name, Weight},
    record::Records,
    redactor::Redactor,
    sensitive::MARK,
    shape::{self, Claim},
    sql, steps, tables, tokens, value, words,
};
use std::ops::Range;

/// Where the secrets stand that the redactor's names and the shapes of secrets tell of, in order
/// and apart from each other, in the text as it is and in what it stands for when it is decoded
/// `depth` times.
pub(super) fn secrets(text: &str, redactor: &Redactor, depth: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    plain(text, redactor, &mut found);
    words::secrets(text.as_bytes(), redactor, &mut found);
    card::secrets(text.as_bytes(), &mut found);
    if depth > 0 {
        decode::secrets(text, redactor, depth, &mut found);
    }
    merge(text, &mut found);
    found
}

/// Puts ranges in order and joins those that reach into each other or into a mark. Every range
/// begins and ends beside ASCII bytes, so on characters; if one ever did not, it grows to the next
/// one.
fn merge(text: &str, found: &mut Vec<Range<usize>>) {
    // A mark may have lost what ends a word.
    let marks = [
        MARK,
        &MARK[..MARK.len() - 1],
        &MARK[1..],
        &MARK[1..MARK.len() - 1],
    ];
    found.retain(|range| {
        !marks
            .iter()
            .any(|mark| text.as_bytes()[range.start..range.end] == *mark.as_bytes())
    });
    for range in &mut *found {
        *range = text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end);
    }
    found.sort_unstable_by_key(|range| range.start);
    found.dedup_by(|next, range| {
        let reaches_in = next.start < range.end;
        if reaches_in {
            range.end = range.end.max(next.end);
        }
        reaches_in
    });
}

fn plain(text: &str, redactor: &Redactor, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut scan = Scan {
        bytes,
        redactor,
        done: 0,
        no_at_before: 0,
        looked_back: 0,
        last_host: (0, None),
        settings: Settings::default(),
        records: Records::default(),
        arguments: Vec::new(),
    };
    let mut at = 0;
    while let Some(sign) = next_sign(bytes, at) {
        at = match scan.look(sign) {
            Look::Nothing => sign + 1,
            Look::Skip(to) => to.max(sign + 1),
            Look::Secret(range) => {
                // What one sign hides may stand before it, or reach back into what an earlier one
                // has hidden.
                let end = range.end.max(scan.done);
                found.push(range);
                scan.done = end;
                end.max(sign + 1)
            }
        };
    }
    found.append(&mut scan.arguments);
}

/// Which bytes can announce a secret. Where a byte counts only after certain others, its bit is
/// the one above theirs, so that a shift of the byte before selects it.
mod sign {
    /// Stands inside a token.
    pub(super) const TOKEN: u8 = 1;
    /// Begins a token, unless one stands before it.
    pub(super) const FIRST: u8 = TOKEN << 1;
    pub(super) const BLANK: u8 = 4;
    /// Announces a secret after a blank.
    pub(super) const QUOTE: u8 = BLANK << 1;
    /// Announces a secret after a quote.
    pub(super) const COMMA: u8 = QUOTE << 1;
    /// Announces a secret anywhere.
    pub(super) const SEPARATOR: u8 = 32;
    pub(super) const DASH: u8 = 64;
    /// Announces a secret after a dash.
    pub(super) const SECOND_DASH: u8 = DASH << 1;

    pub(super) static OF: [u8; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = match byte as u8 {
                b'=' | b':' | b'(' | b'<' | b'@' => SEPARATOR,
                b' ' => BLANK,
                b'"' | b'\'' | b'`' => QUOTE,
                b',' => COMMA | BLANK,
                0x80.. => BLANK,
                b'-' => TOKEN | DASH | SECOND_DASH,
                b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => TOKEN,
                _ => 0,
            };
            byte += 1;
        }
        mark_first(&mut table);
        table
    };

    /// Marks the first letters of what [`tokens::token`](super::tokens::token) knows.
    const fn mark_first(table: &mut [u8; 256]) {
        let mut i = 0;
        while i < super::tables::TOKENS.len() {
            table[super::tables::TOKENS[i].prefix.as_bytes()[0] as usize] |= FIRST;
            i += 1;
        }
        let others = b"eBbhdwocm";
        let mut i = 0;
        while i < others.len() {
            table[others[i] as usize] |= FIRST;
            i += 1;
        }
    }
}

/// The next place, from `at` on, where a secret can begin or be announced.
fn next_sign(bytes: &[u8], at: usize) -> Option<usize> {
    let mut before = if at == 0 {
        0
    } else {
        sign::OF[usize::from(bytes[at - 1])] << 1
    };
    let rest = bytes.get(at..)?.iter();
    let found = rest.map(|b| sign::OF[usize::from(*b)]).position(|own| {
        let after_these = own & before & (sign::QUOTE | sign::COMMA | sign::SECOND_DASH);
        let hit = after_these | (own & sign::FIRST & !before) | (own & sign::SEPARATOR);
        before = own << 1;
        hit != 0
    });
    steps::count(found.unwrap_or(bytes.len() - at));
    found.map(|step| at + step)
}

pub(super) enum Look {
    Nothing,
    /// Nothing before this place.
    Skip(usize),
    Secret(Range<usize>),
}

pub(super) struct Scan<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) redactor: &'a Redactor,
    /// The end of the last secret: nothing looks back over it.
    pub(super) done: usize,
    /// A place before which, from here on, no `@` ends a URL's userinfo.
    pub(super) no_at_before: usize,
    /// A place before which nothing looks back for the beginning of an address.
    pub(super) looked_back: usize,
    /// Up to where the last stretch of a URL goes, and where the `@` before its host is.
    pub(super) last_host: (usize, Option<usize>),
    pub(super) settings: Settings,
    pub(super) records: Records,
    /// Secrets that functions are called with.
    arguments: Vec<Range<usize>>,
}

/// The last line that was looked through for a list of settings.
#[derive(Default)]
pub(super) struct Settings {
    /// The end of the line.
    pub(super) line_end: usize,
    /// Where the last `;name=` in it stands.
    pub(super) last: usize,
}

impl Scan<'_> {
    fn look(&mut self, at: usize) -> Look {
        let found = match self.bytes[at] {
            b':' if self.bytes[at..].starts_with(b"://") => return self.userinfo(at + 3),
            // A path in code, as `token::Kind`.
            b':' if self.bytes.get(at + 1) == Some(&b':')
                && self.bytes.get(at + 2) != Some(&b' ') =>
            {
                return Look::Skip(at + 2);
            }
            b'=' if at > 0 && self.bytes[at - 1] == b')' => {
                sql::detail(self.bytes, at, self.redactor)
            }
            b':' | b'=' => match self.after_separator(at) {
                None if self.bytes[at] == b':' => return self.after_colon(at),
                found => found,
            },
            b'@' => self.before_network(at),
            b'(' => {
                let found = self.newtype(at);
                // Other secrets may stand before the one of a call.
                let argument = if found.is_none() { self.call(at) } else { None };
                self.arguments.extend(argument);
                found
            }
            b'<' if self.bytes[at..].starts_with(b"<<\"") => self.binary(at),
            b'<' => self.element(at),
            b',' => self.in_pair(at),
            b'"' | b'\'' | b'`' => self.after_word(at).or_else(|| self.in_proplist(at)),
            // The second dash of two.
            b'-' if self.bytes[at - 1..].starts_with(b"-----BEGIN ") => {
                tokens::private_key(self.bytes, at - 1)
            }
            b'-' if self.bytes[at - 1..].starts_with(b"---- BEGIN ") => {
                tokens::private_key(self.bytes, at - 1)
            }
            b'-' => self.flag(at - 1),
            _ => tokens::token(self.bytes, at),
        };
        found.map_or(Look::Nothing, Look::Secret)
    }

    /// `<name>value</name>`.
    fn element(&self, at: usize) -> Option<Range<usize>> {
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
        let claim = Claim::new(weight, weight != Weight::Added && name.counts());
        (!claim.spares_quoted(&self.bytes[range.clone()])).then_some(range)
    }

    /// `<Password><Value>x</Value>`.
    fn inner_value(&self, element: &Element) -> Option<Range<usize>> {
        let inner = Element::at(self.bytes, element.inner(self.bytes)?)?;
        let name = Name::new(&self.bytes[inner.name.clone()]);
        if shape::is_listed(tables::VALUE_KEYS, name.bytes()) {
            inner.text(self.bytes)
        } else {
            None
        }
    }

    /// `<key>password</key><string>x</string>`.
    fn named_element(&self, element: &Element) -> Option<Range<usize>> {
        if !shape::is_listed(
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
        let next = value::skip_space(self.bytes, close + 1);
        if self.bytes.get(next) != Some(&b'<') {
            return None;
        }
        let range = Element::at(self.bytes, next)?.text(self.bytes)?;
        (!Claim::new(weight, false).spares_quoted(&self.bytes[range.clone()])).then_some(range)
    }

    pub(super) fn secret_name(&self, range: Range<usize>) -> Option<(Name, Weight)> {
        if range.len() < 2 || !self.redactor.may_weigh(&self.bytes[range.clone()]) {
            return None;
        }
        let name = Name::new(&self.bytes[range]);
        let weight = self.redactor.weight(&name)?;
        Some((name, weight))
    }
}
