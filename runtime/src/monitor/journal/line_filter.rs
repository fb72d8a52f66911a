//! Lines that cannot match a query, found without parsing them.

use super::{line, query::Query};
use serde_json::Value;

/// What the line of a record that matches a query contains.
///
/// A query with a condition skips most lines of a large journal: searching one for a text takes a
/// fraction of the time of parsing it.
#[derive(Debug)]
pub(super) struct LineFilter {
    /// Whether the query is for notifications: when alerting starts, it reads the whole journal for
    /// few records.
    is_of_notifications: bool,
    texts: Vec<String>,
    /// The texts of times sort as the times do.
    since: Option<String>,
    until: Option<String>,
}

impl LineFilter {
    pub(super) fn new(query: &Query) -> Self {
        let parts = query.parts();
        let field = |name: &str, value: &String| format!(r#""{name}":{}"#, Value::from(&**value));
        // A part of a text is written as a part of its JSON.
        let inside = |text: &String| {
            let json = Value::from(&**text).to_string();
            json[1..json.len() - 1].to_owned()
        };
        let texts = [
            parts.id.map(|id| id.to_string()),
            parts.code.as_ref().map(|code| field("error_code", code)),
            parts
                .operation
                .as_ref()
                .map(|name| field("operation", name)),
            parts.text.as_ref().map(inside),
        ];
        Self {
            is_of_notifications: query.is_of_notifications(),
            texts: texts.into_iter().flatten().collect(),
            since: parts.since.map(|time| time.to_string()),
            until: parts.until.map(|time| time.to_string()),
        }
    }

    /// Returns `true` if a line holds a record that does not match. `false` for a line that may be
    /// torn, or that may be joined with another one: these are parsed.
    pub(super) fn excludes(&self, line: &[u8]) -> bool {
        if self.is_of_notifications {
            return !line::is_of_notification(line);
        }
        let Ok(line) = std::str::from_utf8(line) else {
            return false;
        };
        (self.is_outside(line) || self.texts.iter().any(|text| !line.contains(text)))
            && line::is_plain(line)
    }

    fn is_outside(&self, line: &str) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return false;
        }
        let is_time = |c: u8| c.is_ascii_digit() || b"-:.TZ".contains(&c);
        let time = line::timestamp_text(line).filter(|time| time.bytes().all(is_time));
        time.is_some_and(|time| {
            self.since.as_deref().is_some_and(|since| time < since)
                || self.until.as_deref().is_some_and(|until| time >= until)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::line::tests::sample, *};
    use crate::{
        event::{Record, RecordState},
        time::Timestamp,
    };
    use proptest::prelude::*;

    fn is_excluded(query: &Query, record: &Record) -> bool {
        let mut line = line::encode(record);
        line.pop();
        LineFilter::new(query).excludes(&line)
    }

    #[test]
    fn lines_without_what_a_query_asks_for_are_not_parsed() {
        let record = sample("disk \"full\"");
        let later = Timestamp::from_unix_millis(record.timestamp.as_unix_millis() + 1);
        let excluding = [
            Query::new().code_name("DB_WRITE"),
            Query::new().operation("load"),
            Query::new().text("disk full"),
            Query::new().id(crate::error::ErrorId::new()),
            Query::new().since(later),
            Query::new().until(record.timestamp),
        ];
        for query in excluding {
            assert!(is_excluded(&query, &record), "{query:?}");
            let pending = Record {
                state: RecordState::Pending,
                ..record.clone()
            };
            assert!(!is_excluded(&query, &pending), "its other line may match");
            assert!(!LineFilter::new(&query).excludes(br#"{"v":1,"id":"0198"#));
        }
        let matching = Query::new()
            .code_name("DB_WRITE_ERROR")
            .operation("save")
            .text("disk \"full\"")
            .id(record.id)
            .since(record.timestamp)
            .until(later);
        assert!(!is_excluded(&matching, &record));
    }

    proptest! {
        #[test]
        fn excluded_lines_hold_no_record_that_matches(message: String, text in "\\PC{0,3}|[a-c\"\\\\\n]{0,3}", millis in -5_i64..5) {
            let record = sample(&message);
            let time = Timestamp::from_unix_millis(record.timestamp.as_unix_millis() + millis);
            for query in [Query::new().text(text), Query::new().since(time), Query::new().until(time)] {
                prop_assert!(!(is_excluded(&query, &record) && query.matches(&record)));
            }
        }
    }
}
