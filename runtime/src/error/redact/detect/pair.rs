//! Secrets that stand beside their name.

use super::{
    claim::Claim,
    cursor::{
        self, after_last, is_name_byte, is_token_byte, run_within, skip_blanks, skip_space, until,
    },
    ends::Reach,
    lookup::is_listed,
    names::{MAX_NAME, Name},
    scan::Scan,
    shape, value,
};
use crate::error::redact::{
    sensitive::MARK_BYTES,
    tables::{self, Weight},
};
use std::ops::Range;

/// How far the beginning of a line is looked for.
const MARGIN: usize = 64;
/// How much of a parameter is examined.
const MAX_LINK: usize = 512;

impl Scan<'_> {
    /// Finds the secret in `name = value`, `"name": "value"`, `?name=value`, `name: |` and the
    /// lines below.
    pub(super) fn after_separator(&mut self, at: usize) -> Option<Range<usize>> {
        let range = self.name_before(at);
        let is_parameter = matches!(
            self.byte_before(range.start),
            Some(b'?' | b'&' | b';' | b'#')
        );
        if !is_parameter && let Some(found) = self.record(&range, at) {
            return Some(found);
        }
        if let Some(found) = self
            .in_login(&range, at)
            .or_else(|| self.login_value(&range, at))
        {
            return Some(found);
        }
        let Some((name, weight)) = self.secret_name(range.clone()) else {
            return self.link_parameter(&range, at);
        };
        let separator = self.bytes[at];
        // `--password[=name]`
        if separator == b'=' && self.byte_before(at) == Some(b'[') {
            return None;
        }
        if separator == b':' && shape::is_file(&self.bytes[range.clone()]) {
            return None;
        }
        let is_quoted = self
            .bytes
            .get(range.end)
            .is_some_and(|b| matches!(b, b'"' | b'\'' | b'\\'));
        let mut start = at + 1;
        while self
            .bytes
            .get(start)
            .is_some_and(|b| matches!(b, b'=' | b'>' | b':'))
            && start < at + 3
        {
            start += 1;
        }
        if weight == Weight::Parameter && !self.is_secret_parameter(&range, &name, start) {
            return None;
        }
        let mut claim = Claim::from_name(&name, weight);
        let is_yaml = separator == b':' && weight != Weight::Header && !is_quoted;
        if is_yaml
            && let Some(below) = below(self.bytes, range.start, skip_blanks(self.bytes, start))
        {
            let is_scalar = matches!(self.bytes[skip_blanks(self.bytes, start)], b'|' | b'>');
            let spared = below.is_empty()
                || (!is_scalar && claim.spares_content(&self.bytes[below.clone()]));
            return (!spared).then_some(below);
        }
        claim.is_tight = !self.bytes.get(start).is_none_or(u8::is_ascii_whitespace)
            || separator == b'=' && start == at + 1;
        claim.is_sentence =
            separator == b':' && !is_quoted && weight != Weight::Parameter && !is_parameter;
        claim.is_part =
            claim.is_sentence && claim.is_tight && self.byte_before(range.start) == Some(b':');
        if claim.is_part && self.is_in_resource(range.start) {
            return None;
        }
        // `https://host/reset-password: 404`
        let is_status =
            claim.is_sentence && !claim.is_tight && self.byte_before(range.start) == Some(b'/');
        let rest = self.bytes.get(at + 2..).unwrap_or_default();
        if is_status && run_within(rest, 4, u8::is_ascii_digit) == 3 {
            return None;
        }
        claim.is_apart = separator == b'='
            && start == at + 1
            && self.bytes.get(start) == Some(&b' ')
            && range.end == at;
        claim.is_setting =
            claim.is_sentence && self.begins_line(range.start) && self.has_settings_near(at);
        claim.is_common = is_listed(tables::COMMON, name.bytes());
        claim.is_grammar = !matches!(weight, Weight::Strong) && self.follows_grammar(range.start);
        let next = skip_space(self.bytes, start);
        if (is_quoted || cursor::is_quoted(self.bytes, next)) && weight != Weight::Header {
            start = next;
        }
        let reach = self.reach(&range, at, &name, weight);
        if reach == Reach::Parameter && weight != Weight::Key && weight != Weight::Added {
            claim.weight = Weight::Strong;
        }
        value::after(self.bytes, start, reach, &claim)
    }

    /// Finds the secret in `login=ann:x`.
    fn login_value(&self, range: &Range<usize>, at: usize) -> Option<Range<usize>> {
        let name = Name::new(&self.bytes[range.clone()]);
        if self.bytes[at] != b'=' || !is_listed(tables::LOGIN_NAMES, name.bytes()) {
            return None;
        }
        let is_sure = is_listed(tables::SURE_LOGIN_NAMES, name.bytes());
        let blanks = usize::from(is_sure && self.bytes.get(at + 1) == Some(&b' '));
        let quote = self.bytes.get(at + 1 + blanks);
        let start = at + 1 + blanks + usize::from(matches!(quote, Some(b'"' | b'\'')));
        let user = run_within(&self.bytes[start..], MAX_NAME, |b| is_name_byte(*b));
        if user == 0 || self.bytes.get(start + user) != Some(&b':') {
            return None;
        }
        let start = start + user + 1;
        let is_end = |b: &u8| {
            b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'&' | b',' | b';' | b'/')
        };
        let len = run_within(&self.bytes[start..], MAX_LINK, |b| !is_end(b));
        let secret = start..start + len;
        let text = &self.bytes[secret.clone()];
        let spared = Claim::STRONG.spares_quoted(text);
        (shape::is_chosen(text) || (is_sure && !spared)).then_some(secret)
    }

    /// Returns `true` if a name is part of `arn:aws:secretsmanager:..:secret:prod/db`.
    fn is_in_resource(&self, name: usize) -> bool {
        let before = &self.bytes[name.saturating_sub(MARGIN * 2)..name];
        let is_end = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'=');
        let word = &before[after_last(before, is_end)..];
        ["arn:", "urn:", "crn:"]
            .iter()
            .any(|scheme| word.starts_with(scheme.as_bytes()))
    }

    /// Returns a parameter of any name whose value is as random as only a token or an identifier of
    /// a session is.
    fn link_parameter(&self, range: &Range<usize>, at: usize) -> Option<Range<usize>> {
        if self.bytes[at] != b'='
            || !matches!(self.byte_before(range.start), Some(b'?' | b'&' | b'#'))
        {
            return None;
        }
        let rest = &self.bytes[at + 1..self.bytes.len().min(at + 1 + MAX_LINK)];
        let len = until(rest, |b| !is_token_byte(*b));
        let value = &rest[..len];
        let has = |is: fn(&u8) -> bool| value.iter().any(is);
        let is_key = self.bytes[range.clone()]
            .to_ascii_lowercase()
            .ends_with(b"key")
            && len >= 8;
        let is_token = (len >= 16 || is_key)
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_digit);
        (is_token && shape::is_random(value)).then_some(at + 1..at + 1 + len)
    }

    /// Returns `true` if the word before a name is one of parsers.
    fn follows_grammar(&self, name: usize) -> bool {
        let before = &self.bytes[name.saturating_sub(24)..name];
        before.strip_suffix(b" ").is_some_and(|before| {
            let word = &before[after_last(before, |b| !b.is_ascii_alphabetic())..];
            is_listed(tables::GRAMMAR, word)
        })
    }

    /// Words of everyday language are secret in the query of a URL. A short code is one of an
    /// answer or an error.
    fn is_secret_parameter(&self, range: &Range<usize>, name: &Name, start: usize) -> bool {
        let before = self.byte_before(range.start);
        let is_link = matches!(before, Some(b'?' | b'&' | b'#'));
        let rest = &self.bytes[start..];
        match name.bytes() {
            b"code" => {
                let is_end = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'&' | b'#' | b'"');
                is_link && run_within(rest, 6, |b| !is_end(b)) == 6
            }
            b"magic" => is_link && run_within(rest, 12, |b| is_token_byte(*b)) == 12,
            _ => is_link || before == Some(b';'),
        }
    }

    /// Returns how far a bare value may go, by what stands around the name.
    fn reach(&mut self, range: &Range<usize>, at: usize, name: &Name, weight: Weight) -> Reach {
        if weight == Weight::Header {
            return if self.bytes[at] == b':' {
                Reach::Header
            } else {
                Reach::HeaderPair
            };
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
        // Tokens contain no blanks; a chosen password may.
        if name.is_password()
            && self.begins_line(range.start)
            && (self.bytes[at] == b'=' || self.has_settings_near(at))
        {
            return Reach::Setting;
        }
        Reach::Word
    }

    /// Returns `true` if `;name=` follows in the line. Each line is looked through once.
    fn has_setting_after(&mut self, at: usize) -> bool {
        if at >= self.settings.line_end {
            let line = &self.bytes[at..];
            let len = until(line, |b| matches!(b, b'\n' | b'\r'));
            cursor::count(len);
            let is_entity = |i: usize| line[i.saturating_sub(6)..i].contains(&b'&');
            let last = (0..len)
                .rev()
                .find(|i| line[*i] == b';' && is_assignment(line, *i + 1) && !is_entity(*i));
            self.settings.line_end = at + len + 1;
            self.settings.last = last.map_or(0, |last| at + last);
        }
        at < self.settings.last
    }

    /// Returns `true` if a name is the first thing on its line, as in a file of settings.
    fn begins_line(&self, name: usize) -> bool {
        let margin = &self.bytes[name.saturating_sub(MARGIN)..name];
        let line = match margin.iter().rposition(|b| *b == b'\n') {
            Some(newline) => &margin[newline + 1..],
            None if name <= MARGIN => margin,
            None => return false,
        };
        matches!(
            line.trim_ascii(),
            b"" | b"-" | b"export" | b"set" | b"SET" | b"ENV"
        )
    }

    /// Returns `true` if the line above or below is a setting too.
    fn has_settings_near(&mut self, at: usize) -> bool {
        let is_setting = |line: &[u8]| {
            let line = line.trim_ascii_start();
            let name = run_within(line, MAX_NAME, |b| is_name_byte(*b));
            name > 0
                && matches!(line.get(name), Some(b':' | b'='))
                && !line[name..].starts_with(b"::")
        };
        let above = self.bytes[at.saturating_sub(MARGIN * 8)..at]
            .rsplit(|b| *b == b'\n')
            .nth(1);
        let rest = &self.bytes[at..];
        // A line as long as that is no setting.
        let below = rest
            .iter()
            .take(MARGIN * 8)
            .position(|b| *b == b'\n')
            .map(|newline| &rest[newline + 1..]);
        [above, below].into_iter().flatten().any(is_setting)
    }
}

fn is_assignment(line: &[u8], start: usize) -> bool {
    let start = skip_blanks(line, start);
    let name = run_within(&line[start..], MAX_NAME, |b| is_name_byte(*b) || *b == b' ');
    name > 0 && line.get(start + name) == Some(&b'=')
}

/// Returns the lines below the one that ends at `at`, if that line has only the sign of a block,
/// for example `|` and `>-`; none of their bytes if they are hidden already.
///
/// The line of the name is read from its beginning, and each line has one end: the time stays
/// linear.
pub(super) fn below(bytes: &[u8], name: usize, at: usize) -> Option<Range<usize>> {
    let signs = run_within(&bytes[at..], 4, |b| {
        matches!(b, b'|' | b'>' | b'-' | b'+' | b'1'..=b'9')
    });
    let mut end = skip_blanks(bytes, at + signs);
    if !matches!(bytes.get(end), Some(b'\n' | b'\r')) {
        return None;
    }
    let line = after_last(&bytes[..name], |b| *b == b'\n');
    let indent = skip_blanks(bytes, line) - line;
    let mut start = None;
    while let Some(b'\n' | b'\r') = bytes.get(end) {
        let below = end + 1;
        let text = skip_blanks(bytes, below);
        match bytes.get(text) {
            Some(b'\n' | b'\r') => {}
            // Checked before the other lines, which would be examined again.
            Some(_) if start.is_none() && bytes[text..].starts_with(MARK_BYTES) => {
                return Some(text..text);
            }
            Some(_) if text - below > indent => {
                start.get_or_insert(text);
            }
            _ => break,
        }
        let len = until(&bytes[text..], |b| matches!(b, b'\n' | b'\r'));
        cursor::count(len);
        end = text + len;
    }
    let start = start?;
    let len = bytes[start..end].trim_ascii_end().len();
    Some(start..start + len)
}
