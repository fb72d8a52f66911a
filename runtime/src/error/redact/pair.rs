//! Secrets that stand beside their name.

use super::{
    block,
    names::{Kind, MAX_NAME, Name, is_file, is_name_byte},
    scan::Scan,
    value::{self, Reach},
};
use std::ops::Range;

/// How far the beginning of a line is looked for.
const MARGIN: usize = 64;

impl Scan<'_> {
    /// `name = value`, `"name": "value"`, `?name=value`, `name: |` and the lines below.
    pub(super) fn after_separator(&mut self, at: usize) -> Option<Range<usize>> {
        let range = self.name_before(at);
        let Some((name, kind)) = self.secret_name(range.clone()) else { return self.named_value(range, at) };
        let separator = self.bytes[at];
        if separator == b':' && is_file(&self.bytes[range.clone()]) {
            return None;
        }
        let is_quoted = self.bytes.get(range.end).is_some_and(|b| matches!(b, b'"' | b'\'' | b'\\'));
        let mut start = at + 1;
        while self.bytes.get(start).is_some_and(|b| matches!(b, b'=' | b'>')) && separator == b'=' {
            start += 1;
        }
        if kind == Kind::Parameter && !self.is_secret_parameter(&range, &name, is_quoted && separator == b':', start) {
            return None;
        }
        let counts = kind != Kind::Added && name.counts();
        let may_be_above = separator == b':' && kind != Kind::Header && !is_quoted && !counts;
        if may_be_above
            && let Some(below) = block::below(self.bytes, range.start, value::skip_blanks(self.bytes, start))
        {
            return (!below.is_empty()).then_some(below);
        }
        let next = value::skip_space(self.bytes, start);
        if (is_quoted || value::is_quoted(self.bytes, next)) && kind != Kind::Header {
            start = next;
        }
        let reach = self.reach(&range, at, &name, kind);
        value::after(self.bytes, start, reach, counts)
    }

    /// Words of everyday language are secret in the query of a URL, and `auth` also as a key of JSON. A code of one to
    /// five digits is one of an answer or an error.
    fn is_secret_parameter(&self, range: &Range<usize>, name: &Name, is_key: bool, start: usize) -> bool {
        let before = range.start.checked_sub(1).map(|before| self.bytes[before]);
        match name.bytes() {
            b"auth" if is_key => true,
            b"code" => {
                let digits = self.bytes[start..].iter().take(6).take_while(|b| b.is_ascii_digit()).count();
                let is_short = digits < 6 && self.bytes.get(start + digits).is_none_or(|b| !b.is_ascii_alphanumeric());
                matches!(before, Some(b'?' | b'&' | b'#')) && !is_short
            }
            _ => matches!(before, Some(b'?' | b'&' | b';' | b'#')),
        }
    }

    /// How far a bare value may go, by what stands around the name.
    fn reach(&mut self, range: &Range<usize>, at: usize, name: &Name, kind: Kind) -> Reach {
        if kind == Kind::Header {
            return if self.bytes[at] == b':' { Reach::Header } else { Reach::HeaderPair };
        }
        let before = self.bytes[..range.start].last();
        if matches!(before, Some(b'?' | b'&' | b'#')) {
            return Reach::Parameter;
        }
        let margin = &self.bytes[range.start.saturating_sub(8)..range.start];
        let is_listed = margin.trim_ascii_end().last() == Some(&b';');
        if self.bytes[at] == b'=' && (is_listed || self.has_setting_after(at)) {
            return Reach::ListedSetting;
        }
        // Tokens hold no blanks; what people choose as a password may.
        if name.is_password() && self.begins_line(range.start) && (self.bytes[at] == b'=' || self.has_settings_near(at))
        {
            return Reach::Setting;
        }
        Reach::Word
    }

    /// Tells whether `;name=` follows in the line. Each line is looked through once.
    fn has_setting_after(&mut self, at: usize) -> bool {
        if at >= self.settings.line_end {
            let line = &self.bytes[at..];
            let len = line.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(line.len());
            let is_entity = |i: usize| line[i.saturating_sub(6)..i].contains(&b'&');
            let last = (0..len).rev().find(|i| line[*i] == b';' && is_assignment(line, *i + 1) && !is_entity(*i));
            self.settings.line_end = at + len + 1;
            self.settings.last = last.map_or(0, |last| at + last);
        }
        at < self.settings.last
    }

    /// Tells whether a name is the first thing on its line, as in a file of settings.
    fn begins_line(&self, name: usize) -> bool {
        let margin = &self.bytes[name.saturating_sub(MARGIN)..name];
        let line = match margin.iter().rposition(|b| *b == b'\n') {
            Some(newline) => &margin[newline + 1..],
            None if name <= MARGIN => margin,
            None => return false,
        };
        matches!(line.trim_ascii(), b"" | b"-" | b"export" | b"set" | b"SET" | b"ENV")
    }

    /// Tells whether the line above or below is a setting too.
    fn has_settings_near(&mut self, at: usize) -> bool {
        let is_setting = |line: &[u8]| {
            let line = line.trim_ascii_start();
            let name = line.iter().take(MAX_NAME).take_while(|b| is_name_byte(**b)).count();
            name > 0 && matches!(line.get(name), Some(b':' | b'=')) && !line[name..].starts_with(b"::")
        };
        let above = self.bytes[at.saturating_sub(MARGIN * 8)..at].rsplit(|b| *b == b'\n').nth(1);
        let rest = &self.bytes[at..];
        // A line as long as that is no setting.
        let below = rest.iter().take(MARGIN * 8).position(|b| *b == b'\n').map(|newline| &rest[newline + 1..]);
        [above, below].into_iter().flatten().any(is_setting)
    }

    /// `name: "authorization", value: "secret"`, the form of a list of headers or settings.
    fn named_value(&self, range: Range<usize>, at: usize) -> Option<Range<usize>> {
        if !self.bytes[range.clone()].eq_ignore_ascii_case(b"value") {
            return None;
        }
        let near = range.start.saturating_sub(160).max(self.done);
        let before = self.bytes[near..range.start].trim_ascii_end();
        let is_quoted = self.bytes.get(range.end) == Some(&b'"');
        let before = if is_quoted { before.strip_suffix(b"\"")?.trim_ascii_end() } else { before };
        let before = before.strip_suffix(b",").unwrap_or(before);
        let name = before.strip_suffix(b"\"")?;
        let open = name.iter().rposition(|b| *b == b'"')?;
        let key = name[..open].trim_ascii_end();
        let key = key.strip_suffix(b":").or_else(|| key.strip_suffix(b"="))?.trim_ascii_end();
        let key = key.strip_suffix(b"\"").unwrap_or(key);
        let is_key = [&b"name"[..], b"key", b"header"].iter().any(|word| {
            key.len().checked_sub(word.len()).is_some_and(|from| {
                key[from..].eq_ignore_ascii_case(word) && !key[..from].last().is_some_and(u8::is_ascii_alphanumeric)
            })
        });
        let (name, kind) = self.secret_name(near + open + 1..near + name.len())?;
        let start = value::skip_space(self.bytes, at + 1);
        if !is_key || kind == Kind::Parameter || !value::is_quoted(self.bytes, start) {
            return None;
        }
        value::after(self.bytes, start, Reach::Word, kind != Kind::Added && name.counts())
    }

    /// `Password("value")`, the debug form of a type; also `set_password("value")`.
    pub(super) fn newtype(&self, at: usize) -> Option<Range<usize>> {
        let head = &self.bytes[self.done..at];
        let len = head.iter().rev().take(MAX_NAME).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let (name, kind) = self.secret_name(at - len..at)?;
        let is_type = self.bytes[at - len].is_ascii_uppercase() && !name.is_failure();
        let is_literal = name.is_password() && value::is_quoted(self.bytes, value::skip_space(self.bytes, at + 1));
        if kind == Kind::Parameter || !(is_type || is_literal) {
            return None;
        }
        value::newtype(self.bytes, at, kind != Kind::Added && name.counts())
    }

    /// `("name", "value")`.
    pub(super) fn in_pair(&self, at: usize) -> Option<Range<usize>> {
        let quote = *self.bytes[self.done..at].last().filter(|b| matches!(b, b'"' | b'\''))?;
        let range = self.name_before(at);
        let opening = range.start.checked_sub(2).map(|from| &self.bytes[from..range.start]);
        let pair = opening.is_some_and(|two| matches!(two[0], b'(' | b'[') && two[1] == quote);
        let ahead = self.bytes[at + 1..].trim_ascii_start();
        if !pair || ahead.first() != Some(&quote) {
            return None;
        }
        let (name, kind) = self.secret_name(range)?;
        if kind == Kind::Parameter {
            return None;
        }
        let start = value::skip_space(self.bytes, at + 1);
        value::after(self.bytes, start, Reach::Word, kind != Kind::Added && name.counts())
    }

    /// `password 'value'`.
    pub(super) fn after_word(&self, at: usize) -> Option<Range<usize>> {
        let (name, _) = self.secret_name(self.name_before(at))?;
        if name.is_password() { value::after(self.bytes, at, Reach::Word, false) } else { None }
    }

    /// `--password value`.
    pub(super) fn flag(&self, at: usize) -> Option<Range<usize>> {
        let begins = at == 0 || matches!(self.bytes[at - 1], b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\n' | b'[');
        let rest = self.bytes[at..].strip_prefix(b"--").filter(|_| begins)?;
        let len = rest.iter().take(MAX_NAME).position(|b| !is_name_byte(*b))?;
        let end = at + 2 + len;
        let (name, kind) = self.secret_name(at + 2..end)?;
        let next = self.bytes.get(end + 1)?;
        if self.bytes[end] != b' ' || *next == b'-' || kind == Kind::Parameter {
            return None;
        }
        value::after(self.bytes, end + 1, Reach::Word, kind != Kind::Added && name.counts())
    }

    /// Where the name before a separator stands: behind blanks and closing quotes.
    pub(super) fn name_before(&self, at: usize) -> Range<usize> {
        let bytes = &self.bytes[self.done..at];
        let mut end = bytes.len();
        let back = |end: &mut usize, most: usize, is: fn(u8) -> bool| {
            let least = end.saturating_sub(most);
            while *end > least && is(bytes[*end - 1]) {
                *end -= 1;
            }
        };
        back(&mut end, 8, |b| matches!(b, b' ' | b'\t'));
        // A key of JSON may have its colon on the next line.
        let mut above = end;
        back(&mut above, 8, |b| b.is_ascii_whitespace());
        if above < end && bytes[..above].ends_with(b"\"") {
            end = above;
        }
        back(&mut end, 8, |b| matches!(b, b'"' | b'\'' | b'`' | b'\\' | b']' | b'['));
        let mut start = end;
        back(&mut start, MAX_NAME, is_name_byte);
        // `api key: x` is written with a blank.
        if bytes[start..end].eq_ignore_ascii_case(b"key") && start > 0 && bytes[start - 1] == b' ' {
            start -= 1;
            back(&mut start, MAX_NAME, is_name_byte);
        }
        self.done + start..self.done + end
    }
}

fn is_assignment(line: &[u8], start: usize) -> bool {
    let start = value::skip_blanks(line, start);
    let name = line[start..].iter().take(MAX_NAME).take_while(|b| is_name_byte(**b) || **b == b' ').count();
    name > 0 && line.get(start + name) == Some(&b'=')
}
