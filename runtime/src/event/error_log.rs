//! The log line of a reported error.

use super::{
    error::ErrorEvent,
    log_level::at_level,
    names,
    record::{Record, details_within},
    stderr,
};
use serde_json::{Map, Value};
use std::time::Duration;

/// How many bytes of details, and of sources, stand in a line.
const MAX_TEXT: usize = 4096;

/// Logs one error from its record; no record is made for a level that is disabled.
///
/// The line is written at `level`, or where a hook changed how urgent the error is, at the level
/// that belongs to that. Of an error whose record a hook dropped, a line at debug remains. Where
/// there is no subscriber at all, an error at level error goes to the standard error.
pub(crate) fn log_error(event: &ErrorEvent<'_>, level: tracing::Level, file: &str, line: u32) {
    macro_rules! is_enabled {
        ($level:ident) => {
            tracing::enabled!(target: names::TARGET_ERROR, tracing::Level::$level)
        };
    }
    if !at_level!(level, is_enabled) {
        if level == tracing::Level::ERROR && stderr::has_no_subscriber() {
            stderr::show_error(|| event.record());
        }
        return;
    }
    let Some(record) = event.record() else {
        let (id, code) = (event.id, event.code.name());
        tracing::event!(
            target: names::TARGET_ERROR, tracing::Level::DEBUG, error.id = %id, error.code_name = code, "dropped by a hook"
        );
        return;
    };
    let level = if record.level == event.level {
        level
    } else {
        record.level.tracing_level()
    };
    write(&record, level, file, line);
}

fn write(record: &Record, level: tracing::Level, file: &str, line: u32) {
    let (chain, details) = (chain_text(&record.chain), details_text(&record.details));
    let (attempt, max_attempts) = record.attempt.unzip();
    // An operation that is no place in the code, for example a request, has none.
    let (file, line) = (!file.is_empty()).then_some((file, line)).unzip();
    macro_rules! at {
        ($level:ident) => {
            tracing::event!(
                target: names::TARGET_ERROR,
                tracing::Level::$level,
                error.id = %record.id,
                error.code = record.code,
                error.code_name = record.error_code,
                error.location = record.location,
                error.chain = chain,
                error.details = details,
                severity = record.level.name(),
                operation = record.operation,
                component = record.component,
                file,
                line,
                duration = record.elapsed.as_ref().map(Duration::as_secs_f64),
                retry.attempts = attempt,
                retry.max_attempts = max_attempts,
                "{}",
                record.message,
            )
        };
    }
    at_level!(level, at);
}

/// Joins the sources, outermost first, as far as the line has room for them.
fn chain_text(chain: &[String]) -> Option<String> {
    let mut room = MAX_TEXT;
    let fitting = chain.iter().take_while(|text| {
        let fits = text.len() <= room;
        room = room.saturating_sub(text.len() + 2);
        fits
    });
    let fitting: Vec<&str> = fitting.map(String::as_str).collect();
    (!fitting.is_empty()).then(|| fitting.join(": "))
}

/// Returns the details as JSON, which stays valid where they are cut.
fn details_text(details: &Map<String, Value>) -> Option<String> {
    if details.is_empty() {
        return None;
    }
    let to_text = |details: &Map<String, Value>| serde_json::to_string(details).ok();
    let whole = to_text(details)?;
    // Braces, quotes and escapes take room too.
    if whole.len() <= MAX_TEXT {
        Some(whole)
    } else {
        to_text(&details_within(details, MAX_TEXT / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_valid_json_whatever_their_size() {
        let of = |text: String| {
            Map::from_iter([
                ("a".to_owned(), Value::String(text)),
                ("b".to_owned(), 7.into()),
            ])
        };
        for text in [
            "x".to_owned(),
            "\"quoted\\\" ".repeat(2000),
            "é".repeat(9000),
        ] {
            let line = details_text(&of(text)).unwrap();
            assert!(line.len() <= MAX_TEXT + 512, "{}", line.len());
            assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
        }
        assert_eq!(details_text(&Map::new()), None);
    }

    #[test]
    fn long_chain_is_cut_between_two_sources() {
        let chain = vec!["a".repeat(1000); 16];
        assert_eq!(
            chain_text(&chain).map(|text| text.len()),
            Some(4 * 1000 + 3 * 2)
        );
        assert_eq!(chain_text(&[]), None);
    }
}
