//! Text of a configuration file by lines.

use crate::{error::redact, overrides::Place};
use std::{ops::Range, sync::Arc};

/// A file in memory.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) name: Arc<str>,
    pub(crate) text: Arc<str>,
    /// Where each line begins.
    lines: Arc<[usize]>,
}

impl Source {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let begins = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            name: name.into(),
            lines: std::iter::once(0).chain(begins).collect(),
            text: text.into(),
        }
    }

    pub(crate) fn place(&self, span: Range<usize>) -> Place {
        let line = self.line_index(span.start) + 1;
        Place::File {
            file: Arc::clone(&self.name),
            line: line.try_into().unwrap_or(u32::MAX),
            start: span.start,
            end: span.end.max(span.start),
        }
    }

    fn line_index(&self, at: usize) -> usize {
        self.lines
            .partition_point(|begin| *begin <= at)
            .saturating_sub(1)
    }

    /// Returns a line without its end, and where it begins.
    fn line(&self, index: usize) -> (&str, usize) {
        let begin = self.lines.get(index).copied().unwrap_or(self.text.len());
        let end = self
            .lines
            .get(index + 1)
            .map_or(self.text.len(), |next| next - 1);
        let line = self.text.get(begin..end).unwrap_or_default();
        (line.trim_end_matches('\r'), begin)
    }

    /// Returns the columns, from 1, of a part of a line; of several lines, those of the first.
    pub(super) fn columns(&self, start: usize, end: usize) -> Range<u32> {
        let (line, begin) = self.line(self.line_index(start));
        let column = |at: usize| -> u32 {
            let before = line
                .char_indices()
                .take_while(|(i, _)| begin + i < at)
                .count();
            before.try_into().unwrap_or(u32::MAX - 1) + 1
        };
        let (first, last) = (column(start), column(end));
        first..last.max(first + 1)
    }

    /// Returns the line of a place as it can be shown: a value that can be a secret is masked, and
    /// so is one that nothing is known about.
    pub(super) fn shown_line(&self, at: usize, is_known: bool) -> String {
        let index = self.line_index(at);
        let (line, _) = self.line(index);
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('[') && !trimmed.contains('=') {
            return line.to_owned();
        }
        let redacted = redact::text(line);
        if is_known && self.is_public(index) && redacted == line {
            return line.to_owned();
        }
        match line.split_once('=') {
            Some((key, _)) => format!("{key}= {MASK}"),
            None => MASK.to_owned(),
        }
    }

    /// Returns `true` if the header above a line is that of a section without secrets.
    fn is_public(&self, index: usize) -> bool {
        let header = (0..=index).rev().find_map(|index| {
            let (line, _) = self.line(index);
            let inner = line.trim_start().strip_prefix('[')?.trim_start();
            let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            Some(&inner[..end.unwrap_or(inner.len())])
        });
        let is_guard = |name: &str| {
            super::catalogue::GUARDS
                .iter()
                .any(|guard| guard.name == name)
        };
        header.is_some_and(|name| {
            is_guard(name) || ["system", "monitor", "journal", "health"].contains(&name)
        })
    }
}

/// What stands in place of a value that is not shown.
const MASK: &str = "..";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_may_end_in_two_ways() {
        let source = Source::new("f", "[breaker.\"é\"]\r\nfailure_threshold = 0\r\n");
        let at = source.text.find('0').unwrap();
        assert!(matches!(
            source.place(at..at + 1),
            Place::File { line: 2, .. }
        ));
        assert_eq!(source.columns(at, at + 1), 21..22);
        assert_eq!(source.shown_line(at, true), "failure_threshold = 0");
        assert_eq!(source.columns(source.text.len(), source.text.len()), 1..2);
    }

    #[test]
    fn values_that_can_be_secrets_are_masked() {
        for (text, shown) in [
            ("[alerts.mail]\npassword = \"hunter2\"", "password = .."),
            ("[alerts.mail]\nhost = \"hunter2", "host = .."),
            (
                "alerts.mail.password = \"hunter2\"",
                "alerts.mail.password = ..",
            ),
            ("[breaker.x]\npassword = \"hunter2\"", "password = .."),
            ("[alerts.mail]\nx = \"\"\"\nhunter2\n\"\"\"", ".."),
            (
                "alerts = { mail = { password = \"hunter2\" } }",
                "alerts = ..",
            ),
        ] {
            let at = text.find("hunter2").unwrap();
            assert_eq!(Source::new("f", text).shown_line(at, true), shown, "{text}");
        }
        let unknown = Source::new("f", "[breaker.x]\ncolour = \"hunter2\"");
        assert_eq!(unknown.shown_line(15, false), "colour = ..");
    }
}
