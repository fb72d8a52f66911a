//! Lines: the form of records on disk, one JSON object each.

use crate::{
    error::ErrorId,
    event::{ErrorContext, Fingerprint, Origin, Record, RecordKind, RecordState, Severity},
    time::Timestamp,
};
use serde_json::{Map, Value};
use std::{str::FromStr, sync::Arc, time::Duration};

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

/// Returns `true` if the record may have a second line: an error inside an attempt, until it is
/// settled, and a transition, until it is over.
pub(super) fn is_joined(record: &Record) -> bool {
    match record.kind {
        RecordKind::Error => record.state != RecordState::Error || record.attempt.is_some(),
        RecordKind::Transition => true,
        _ => false,
    }
}

/// Finds what counting needs of a line without parsing the rest: time and name of the code of an
/// error that is not joined.
///
/// Returns `None` for a line that is not exactly as `encode` writes it, that may be torn, or that
/// may be joined with another one.
pub(super) fn head(line: &str) -> Option<(Timestamp, &str)> {
    let rest = line.strip_prefix(START)?;
    let keys = [r#""kind":"#, r#""state":"#, r#""attempt":"#];
    if !rest.ends_with('}') || rest.contains(START) || keys.iter().any(|key| rest.contains(key)) {
        return None;
    }
    let rest = rest.get(36..)?.strip_prefix(r#"","timestamp":""#)?;
    let timestamp = rest.get(..24)?.parse().ok()?;
    let (_, rest) = rest.split_once(r#","error_code":""#)?;
    let (name, _) = rest.split_once('"')?;
    (!name.contains('\\')).then_some((timestamp, name))
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
        .filter(is_joined)
}

fn parse(line: &str) -> Option<Record> {
    let Ok(Value::Object(mut map)) = serde_json::from_str(line) else {
        return None;
    };
    // A line of a later version is kept as far as its fields are known.
    map.get("v")?.as_u64()?;
    record(&mut map)
}

fn record(map: &mut Map<String, Value>) -> Option<Record> {
    Some(Record {
        kind: match map.get("kind") {
            None => RecordKind::Error,
            Some(kind) => RecordKind::from_name(kind.as_str()?)?,
        },
        id: parsed::<ErrorId>(map, "id")?,
        timestamp: parsed::<Timestamp>(map, "timestamp")?,
        level: Severity::from_name(map.get("level")?.as_str()?)?,
        code: u32::try_from(map.get("code")?.as_u64()?).ok()?,
        error_code: text(map, "error_code")?,
        error_type: text(map, "error_type").unwrap_or_default(),
        message: text(map, "message")?,
        chain: texts(map.remove("chain")),
        details: match map.remove("details") {
            Some(Value::Object(details)) => details,
            _ => Map::new(),
        },
        operation: text(map, "operation").unwrap_or_default(),
        component: text(map, "component").unwrap_or_default(),
        location: text(map, "location"),
        elapsed: map
            .get("elapsed")
            .and_then(Value::as_f64)
            .and_then(|s| Duration::try_from_secs_f64(s).ok()),
        fingerprint: parsed(map, "fingerprint").unwrap_or(Fingerprint::OTHER),
        context: context(map),
        origin: origin(map),
        state: match map.get("state") {
            None => RecordState::Error,
            Some(state) => RecordState::from_name(state.as_str()?)?,
        },
        attempt: number(map, "attempt").zip(number(map, "max_attempts")),
    })
}

fn context(map: &mut Map<String, Value>) -> Option<Box<ErrorContext>> {
    let fields = match map.remove("span_fields") {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let context = ErrorContext {
        span: text(map, "span"),
        trace_id: text(map, "trace_id"),
        fields,
    };
    (context != ErrorContext::default()).then(|| Box::new(context))
}

fn origin(map: &mut Map<String, Value>) -> Option<Arc<Origin>> {
    let origin = Origin {
        service: text(map, "service"),
        release: text(map, "release"),
        environment: text(map, "environment"),
        host: text(map, "host"),
    };
    (origin != Origin::default()).then(|| Arc::new(origin))
}

impl Record {
    /// Reads the form that `Serialize` writes.
    pub(crate) fn from_json(json: Value) -> Option<Self> {
        if let Value::Object(mut map) = json {
            record(&mut map)
        } else {
            None
        }
    }
}

fn text(map: &mut Map<String, Value>, key: &str) -> Option<String> {
    match map.remove(key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn texts(value: Option<Value>) -> Vec<String> {
    let Some(Value::Array(items)) = value else {
        return Vec::new();
    };
    items
        .into_iter()
        .filter_map(|item| {
            if let Value::String(text) = item {
                Some(text)
            } else {
                None
            }
        })
        .collect()
}

fn number(map: &Map<String, Value>, key: &str) -> Option<u32> {
    u32::try_from(map.get(key)?.as_u64()?).ok()
}

fn parsed<T: FromStr>(map: &Map<String, Value>, key: &str) -> Option<T> {
    map.get(key)?.as_str()?.parse().ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

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
