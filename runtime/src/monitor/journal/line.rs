//! Lines: the form of records on disk, one JSON object each.

use crate::{
    event::{Record, record::Versioned},
    time::Timestamp,
};

/// The start of each line. A text inside a record cannot contain it: JSON escapes the quotes.
const START: &str = r#"{"v":1,"id":""#;

/// How many positions in a line are tried as the start of a record.
const MAX_STARTS: usize = 64;

/// The error for a line that holds no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Torn;

/// A record that was read, and whether remains of another one were found in front of it.
#[derive(Debug, PartialEq)]
pub(super) struct Decoded {
    pub(super) record: Record,
    pub(super) after_torn: bool,
}

/// Returns the line of a record, with its newline.
pub(super) fn encode(record: &Record) -> Vec<u8> {
    let mut line = Vec::with_capacity(512);
    line.extend_from_slice(br#"{"v":1,"#);
    let body = line.len();
    // Writing to memory cannot fail, and neither can a record: all of it is texts, numbers and JSON
    // values.
    if serde_json::to_writer(&mut line, record).is_err() {
        line.truncate(body);
        line.extend_from_slice(b"{}");
    }
    // The record's own opening brace: `{"v":1,{"id"..` becomes `{"v":1,"id"..`.
    line.remove(body);
    line.push(b'\n');
    line
}

/// Reads a line, without its newline.
///
/// After the remains of a torn line, the same line may hold a whole record of a process that went
/// on writing.
pub(super) fn decode(line: &[u8]) -> Result<Decoded, Torn> {
    let whole = std::str::from_utf8(line).ok().and_then(parse);
    if let Some(record) = whole {
        return Ok(Decoded {
            record,
            after_torn: false,
        });
    }
    let starts = line
        .windows(START.len())
        .enumerate()
        .skip(1)
        .rev()
        .filter(|(_, window)| *window == START.as_bytes());
    // The last one, unless that is a value inside a record; each try may read to the end of the
    // line.
    let mut behind = starts
        .take(MAX_STARTS)
        .filter_map(|(at, _)| parse(std::str::from_utf8(&line[at..]).ok()?));
    behind
        .next()
        .map(|record| Decoded {
            record,
            after_torn: true,
        })
        .ok_or(Torn)
}

/// Finds what counting needs of a line without parsing the rest: time and name of the code of an
/// error that is not joined.
///
/// Returns `None` for a line that is not exactly as `encode` writes it, that may be torn, or that
/// may be joined with another one.
pub(super) fn head(line: &str) -> Option<(Timestamp, &str)> {
    if !is_plain(line) {
        return None;
    }
    let timestamp = timestamp_text(line)?.parse().ok()?;
    let (_, rest) = line.split_once(r#","error_code":""#)?;
    let (name, _) = rest.split_once('"')?;
    (!name.contains('\\')).then_some((timestamp, name))
}

/// Returns `true` if a line is, by its ends, as `encode` writes an error that is not joined.
pub(super) fn is_plain(line: &str) -> bool {
    let keys = [START, r#""kind":"#, r#""state":"#, r#""attempt":"#];
    line.strip_prefix(START)
        .is_some_and(|rest| rest.ends_with('}') && !keys.iter().any(|key| rest.contains(key)))
}

/// Returns the text of the time of a line, where it stands as `encode` writes it.
pub(super) fn timestamp_text(line: &str) -> Option<&str> {
    let rest = line.get(START.len() + 36..)?;
    rest.strip_prefix(r#"","timestamp":""#)?.get(..24)
}

/// Returns `true` if the line may be a record about a notification; found without parsing.
pub(super) fn is_of_notification(line: &[u8]) -> bool {
    let kinds = [
        r#""kind":"queued""#,
        r#""kind":"undelivered""#,
        r#""kind":"settled""#,
    ];
    std::str::from_utf8(line).map_or(true, |line| kinds.iter().any(|kind| line.contains(kind)))
}

/// Returns the record of a line that may be joined with another one; other lines are not parsed.
pub(super) fn joined(line: &[u8]) -> Option<Record> {
    let text = std::str::from_utf8(line).ok();
    let keys = [r#""kind":"transition""#, r#""state":"#, r#""attempt":"#];
    if text.is_some_and(|text| !keys.iter().any(|key| text.contains(key))) {
        return None;
    }
    decode(line)
        .ok()
        .map(|found| found.record)
        .filter(Record::is_joined)
}

fn parse(line: &str) -> Option<Record> {
    let read: Versioned = serde_json::from_str(line).ok()?;
    // A line of a later version is kept as far as its fields are known.
    read.record.filter(|_| read.has_version)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        error::ErrorId,
        event::{ErrorContext, Fingerprint, RecordKind, RecordState, Severity},
    };
    use proptest::prelude::*;
    use serde_json::Map;
    use std::time::Duration;

    pub(in crate::monitor::journal) fn sample(message: &str) -> Record {
        Record {
            kind: RecordKind::Error,
            id: ErrorId::new(),
            timestamp: Timestamp::from_unix_millis(1_700_000_000_250),
            level: Severity::Error,
            code: 302,
            error_code: "DB_WRITE_ERROR".into(),
            error_type: "AppError".into(),
            message: message.into(),
            chain: vec!["no space left on device".into()],
            details: Map::from_iter([("table".to_owned(), "clips".into())]),
            operation: "save".into(),
            component: "app::store".into(),
            location: Some("src/store.rs:12:5".into()),
            elapsed: Some(Duration::from_millis(1500)),
            fingerprint: Fingerprint::from_parts(&["x"]),
            context: Some(Box::new(
                ErrorContext::default()
                    .with_trace_id("4bf9")
                    .with_field("tenant", 7),
            )),
            origin: None,
            state: RecordState::Error,
            attempt: None,
        }
    }

    fn without_newline(record: &Record) -> Vec<u8> {
        let mut line = encode(record);
        assert_eq!(line.pop(), Some(b'\n'));
        line
    }

    #[test]
    fn record_is_one_line_that_reads_back_whatever_its_texts() {
        for message in [
            "plain",
            "two\nlines\r\n",
            "\"quoted\" {\"v\":1,\"id\":\"",
            "déjà \u{0} vu \u{2028}",
            "",
        ] {
            let record = sample(message);
            let line = without_newline(&record);
            assert!(!line.contains(&b'\n'));
            assert_eq!(
                decode(&line),
                Ok(Decoded {
                    record,
                    after_torn: false
                })
            );
        }
    }

    #[test]
    fn state_and_attempt_read_back_and_plain_errors_have_none() {
        let plain = String::from_utf8(without_newline(&sample("m"))).unwrap();
        assert!(
            !plain.contains("state") && !plain.contains("attempt"),
            "{plain}"
        );
        for state in [RecordState::Pending, RecordState::Retried] {
            let record = Record {
                state,
                attempt: Some((2, 4)),
                ..sample("m")
            };
            let line = without_newline(&record);
            assert_eq!(
                decode(&line),
                Ok(Decoded {
                    record,
                    after_torn: false
                })
            );
            // Whether it counts shows in the whole record alone.
            assert_eq!(head(std::str::from_utf8(&line).unwrap()), None);
        }
    }

    #[test]
    fn record_after_a_torn_one_is_found() {
        let (torn, whole) = (sample("torn"), sample("whole"));
        let (first, second) = (without_newline(&torn), without_newline(&whole));
        for cut in 1..first.len() {
            let glued = [&first[..cut], &second].concat();
            assert_eq!(
                decode(&glued).map(|found| found.record.id),
                Ok(whole.id),
                "cut at {cut}"
            );
            assert_eq!(decode(&first[..cut]), Err(Torn));
        }
    }

    #[test]
    fn heads_of_torn_lines_are_not_read() {
        let record = sample("m");
        let line = String::from_utf8(without_newline(&record)).unwrap();
        assert_eq!(head(&line), Some((record.timestamp, "DB_WRITE_ERROR")));
        assert_eq!(head(&line[..line.len() - 1]), None);
        assert_eq!(head(&format!("{}{line}", &line[..60])), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic_the_reader(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&line);
            let _ = std::str::from_utf8(&line).map(head);
        }

        #[test]
        fn changed_byte_does_not_panic_the_reader(at in 0usize..300, byte: u8) {
            let mut line = without_newline(&sample("m"));
            let at = at % line.len();
            line[at] = byte;
            let _ = decode(&line);
        }
    }
}
