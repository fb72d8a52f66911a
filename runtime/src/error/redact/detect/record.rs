//! Secrets whose name is itself a value: `name: DB_PASSWORD` above `value: x`, a field of a form,
//! an object of the kind `Secret`.

use super::{
    claim::Claim,
    cursor::{
        self, after_last, contains, find, is_name_byte, run_within, skip_blanks, skip_space, until,
    },
    ends::{self, Reach},
    lookup::is_listed,
    names::{MAX_NAME, Name},
    pair,
    scan::Scan,
    value,
};
use crate::error::redact::{
    sensitive::MARK_BYTES,
    tables::{self, Weight},
};
use std::ops::Range;

/// How far a name and its value stand apart at most.
const NEAR: usize = 200;

impl Scan<'_> {
    /// Returns what the key before the separator at `at` hides because of another key's value.
    pub(super) fn record(&mut self, key: &Range<usize>, at: usize) -> Option<Range<usize>> {
        if !(1..=16).contains(&key.len()) {
            return None;
        }
        if key.len() <= 2 {
            let is_part =
                is_listed(tables::WEB_KEY.1, &self.bytes[key.clone()]) && self.has_web_key();
            if !is_part {
                return None;
            }
            let start = skip_space(self.bytes, at + 1);
            let claim = Claim::new(Weight::Key, false);
            return value::after(self.bytes, start, Reach::Word, &claim);
        }
        let name = Name::new(&self.bytes[key.clone()]);
        let name = name.bytes();
        if name == tables::KEY_LINES.0.as_bytes() {
            self.key_lines(at)
        } else if is_listed(tables::NAME_KEYS, name) {
            self.name_key(key, at)
        } else if is_listed(tables::VALUE_KEYS, name) {
            self.value_key(key, at)
        } else if is_listed(tables::SECRET_DATA, name) && self.has_secret_kind() {
            let start = skip_blanks(self.bytes, at + 1);
            let below = pair::below(self.bytes, key.start, start).filter(|below| !below.is_empty());
            below.or_else(|| ends::object(self.bytes, skip_space(self.bytes, at + 1)))
        } else {
            None
        }
    }

    fn name_key(&mut self, key: &Range<usize>, at: usize) -> Option<Range<usize>> {
        let start = skip_space(self.bytes, at + 1);
        let start = self.last_in_list(start);
        let start = start
            + run_within(&self.bytes[start..], 4, |b| {
                matches!(b, b'"' | b'\'' | b'\\')
            });
        let len = run_within(&self.bytes[start..], MAX_NAME, |b| is_name_byte(*b));
        self.records.named = None;
        let (_, weight) = self.secret_name(start..start + len)?;
        if matches!(weight, Weight::Parameter | Weight::Key) {
            return None;
        }
        let end = start + len;
        self.records.named = Some(end);
        // `<property name="password">x</property>`
        if let [b'"' | b'\'', b'>', content @ ..] = &self.bytes[end..] {
            let content = &content[..content.len().min(1024)];
            let content = &content[..until(content, |b| *b == b'<')];
            let spared =
                content.trim_ascii().is_empty() || Claim::new(weight, false).spares_quoted(content);
            return (!spared).then_some(end + 2..end + 2 + content.len());
        }
        let before = &self.bytes[key.start.saturating_sub(MAX_NAME)..key.start];
        if contains(before, b"form-data") {
            return self.form_field(end);
        }
        let value = self.records.value.take()?;
        (value.end + NEAR > key.start && !self.is_new_record(value.end, key.start)).then_some(value)
    }

    /// Returns where the last part of a path stands: `["user", "password"]`, `('body',
    /// 'password')`.
    fn last_in_list(&self, start: usize) -> usize {
        let close = match self.bytes.get(start) {
            Some(b'[') => b']',
            Some(b'(') => b')',
            _ => return start,
        };
        let list = &self.bytes[start + 1..self.bytes.len().min(start + 1 + MAX_NAME * 2)];
        let Some(len) = list.iter().position(|b| *b == close) else {
            return start;
        };
        let last = after_last(&list[..len], |b| *b == b',');
        skip_blanks(self.bytes, start + 1 + last)
    }

    fn value_key(&mut self, key: &Range<usize>, at: usize) -> Option<Range<usize>> {
        let is_named = self
            .records
            .named
            .is_some_and(|end| end + NEAR > key.start && !self.is_new_record(end, key.start));
        // No value of such a key is longer.
        let bytes = &self.bytes[..self.bytes.len().min(at + 1024)];
        let start = skip_space(bytes, at + 1);
        let found = value::after(bytes, start, Reach::Word, &Claim::STRONG);
        if is_named || self.follows_lone_name(key.start) {
            self.records.named = None;
            return found;
        }
        self.records.value = found;
        None
    }

    /// Returns `true` if an object ends between two places.
    fn is_new_record(&self, from: usize, to: usize) -> bool {
        let between = &self.bytes[from.min(to)..to];
        let is_end = |two: &[u8]| two[0] == b'}' || (two[0] == b'\n' && two[1] == b'-');
        between.windows(2).any(is_end)
    }

    /// Returns `true` if one of the lines above holds the name of a secret and nothing else.
    fn follows_lone_name(&self, at: usize) -> bool {
        let above = &self.bytes[at.saturating_sub(NEAR)..at];
        let is_name = |line: &[u8]| {
            let line = line.trim_ascii();
            line.len() >= 3
                && line.iter().all(|b| is_name_byte(*b))
                && self.names.weight(&Name::new(line)).is_some()
        };
        above.rsplit(|b| *b == b'\n').skip(1).take(2).any(is_name)
    }

    /// Returns the body of a part of a form, below the blank line after its head.
    fn form_field(&self, at: usize) -> Option<Range<usize>> {
        let head = &self.bytes[at..self.bytes.len().min(at + NEAR)];
        let behind = |part: &[u8]| find(head, part).map(|found| found + part.len());
        let start = at
            + [&b"\r\n\r\n"[..], b"\n\n", b"\\r\\n\\r\\n"]
                .into_iter()
                .find_map(behind)?;
        let rest = &self.bytes[start..self.bytes.len().min(start + 4096)];
        let end = rest
            .windows(3)
            .position(|window| window == b"\n--" || window == b"\\r\\")
            .unwrap_or(rest.len());
        let body = rest[..end].trim_ascii_end();
        (!Claim::STRONG.spares_quoted(body)).then_some(start..start + body.len())
    }

    /// Returns the lines below this one, up to the key that ends them.
    fn key_lines(&self, at: usize) -> Option<Range<usize>> {
        let rest = &self.bytes[at..];
        let start = rest.iter().position(|b| *b == b'\n')? + 1;
        // Checked before the end is searched: what is not hidden would be searched again.
        if rest[start..].trim_ascii_start().starts_with(MARK_BYTES) {
            return None;
        }
        let end = tables::KEY_LINES.1.as_bytes();
        let ends = |window: &[u8]| window.eq_ignore_ascii_case(end);
        let len = rest[start..]
            .windows(end.len())
            .position(ends)
            .unwrap_or(rest.len() - start);
        cursor::count(len);
        let lines = rest[start..start + len].trim_ascii_end();
        (!lines.is_empty()).then_some(at + start..at + start + lines.len())
    }

    fn has_web_key(&mut self) -> bool {
        let bytes = self.bytes;
        *self.records.has_web_key.get_or_insert_with(|| {
            cursor::count(bytes.len());
            contains(bytes, tables::WEB_KEY.0.as_bytes())
        })
    }

    fn has_secret_kind(&mut self) -> bool {
        let bytes = self.bytes;
        *self.records.has_secret_kind.get_or_insert_with(|| {
            cursor::count(bytes.len());
            bytes.windows(6).enumerate().any(|(at, window)| {
                window == b"Secret"
                    && !bytes.get(at + 6).is_some_and(u8::is_ascii_alphanumeric)
                    && contains(&bytes[at.saturating_sub(12)..at], b"kind")
            })
        })
    }
}
