//! The notification that a channel delivers.

use crate::{
    error::{ErrorId, redact},
    event::{Severity, text},
    monitor::{ErrorRecord, Fingerprint},
    time::Timestamp,
};
use serde_core::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::{fmt, time::Duration};

/// The subject matter of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotificationKind {
    /// An error, with the number of those of its group since the last notification.
    Error,
    /// Errors are more frequent than a rule allows.
    Rate,
    /// More calls fail than a rule allows.
    Ratio,
    /// A circuit breaker opened.
    Breaker,
    /// A health check changed its status.
    Health,
    /// The problem of an earlier notification is over.
    Recovery,
    /// Several notifications in one, because there were too many.
    Digest,
    /// A test of the channels: see [`Alerts::test`](super::Alerts::test).
    Test,
}

impl NotificationKind {
    /// Returns the kind's name, for example `recovery`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::NotificationKind;
    ///
    /// assert_eq!(NotificationKind::Recovery.name(), "recovery");
    /// assert_eq!(NotificationKind::Recovery.to_string(), "recovery");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Rate => "rate",
            Self::Ratio => "ratio",
            Self::Breaker => "breaker",
            Self::Health => "health",
            Self::Recovery => "recovery",
            Self::Digest => "digest",
            Self::Test => "test",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Error,
            Self::Rate,
            Self::Ratio,
            Self::Breaker,
            Self::Health,
            Self::Recovery,
            Self::Digest,
            Self::Test,
        ];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for NotificationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A notification: owned, bounded, without secrets and without control characters.
///
/// It serialises as a map: `version` (1), `id`, `kind`, `level`, `rule`, `title`, `source`,
/// `timestamp`, `fingerprint`, `suppressed`, `escalated`, and where present `duration` (in
/// seconds), `occurrences`, `text` and `error` (an [`ErrorRecord`]).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Notification {
    /// The notification's own identity, the same when it is delivered again.
    pub id: ErrorId,
    /// The subject matter.
    pub kind: NotificationKind,
    /// How urgent it is.
    pub level: Severity,
    /// The name of the rule that sends it.
    pub rule: String,
    /// A summary: one line of at most 200 characters.
    pub title: String,
    /// The name of the program.
    pub source: String,
    /// When it was made.
    pub timestamp: Timestamp,
    /// The fingerprint that it shares with others: of the group of an error, or of a rule, breaker or
    /// check.
    pub fingerprint: Fingerprint,
    /// How many like it, or changes of the same circuit or check, were held back since the last
    /// delivered one.
    pub suppressed: u64,
    /// Whether it comes before the end of the interval, because of the number that was held back.
    pub escalated: bool,
    /// Of a recovery: how long the problem lasted. For errors from the first occurrence to the last,
    /// for a state from the change for the worse until the recovery.
    pub duration: Option<Duration>,
    /// Of a recovery: how many occurrences there were in that time, those that were held back
    /// included. For a rate these are its errors, for a circuit how often it opened, for a check
    /// how often its status changed for the worse.
    pub occurrences: Option<u64>,
    /// Further lines.
    pub text: Option<String>,
    /// The error, where it is about one.
    pub error: Option<ErrorRecord>,
}

impl Notification {
    pub(crate) fn new(kind: NotificationKind, level: Severity, rule: &str, title: &str) -> Self {
        Self {
            id: ErrorId::new(),
            kind,
            level,
            rule: one_line(rule, 100),
            title: one_line(title, 200),
            source: String::new(),
            timestamp: Timestamp::from_unix_millis(0),
            fingerprint: Fingerprint::OTHER,
            suppressed: 0,
            escalated: false,
            duration: None,
            occurrences: None,
            text: None,
            error: None,
        }
    }

    /// Returns the notification in plain lines, for people.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, CallbackChannel}};
    /// # let (sender, texts) = std::sync::mpsc::channel();
    /// let ops = CallbackChannel::new("ops", move |notification| {
    ///     let _ = sender.send(notification.to_text());
    ///     Ok(())
    /// });
    /// let alerts = Alerts::start(AlertsConfig::builder().channel(ops).build()?)?;
    /// gardefou::report(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// let text = texts.recv()?;
    /// assert!(text.starts_with("[ERROR] DB_WRITE_ERROR: disk full\n"));
    /// assert!(text.contains("\ncode: DB_WRITE_ERROR (302)\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_text(&self) -> String {
        let level = self.level.name().to_uppercase();
        let mut lines = vec![
            format!("[{level}] {}", self.title),
            format!("{} at {}", self.shown_source(), self.timestamp),
        ];
        if self.suppressed > 0 {
            let what = match self.kind {
                NotificationKind::Breaker
                | NotificationKind::Health
                | NotificationKind::Recovery => "held back",
                _ => "more like this",
            };
            let count = self.suppressed;
            lines.push(format!("{count} {what} since the last notification"));
        }
        let lasted = self.duration.map(|it| format!("lasted: {}", in_words(it)));
        let occurrences = self.occurrences.map(|it| format!("occurrences: {it}"));
        let totals: Vec<String> = lasted.into_iter().chain(occurrences).collect();
        lines.extend((!totals.is_empty()).then(|| totals.join(", ")));
        lines.extend(self.text.clone());
        if let Some(error) = &self.error {
            let (operation, component) = (&error.operation, &error.component);
            lines.push(format!("code: {} ({})", error.error_code, error.code));
            lines.push(format!("operation: {operation} in {component}"));
            let place = error.location.iter();
            lines.extend(place.map(|place| format!("made at: {place}")));
            lines.push(format!("message: {}", error.message));
            let causes = error.chain.iter();
            lines.extend(causes.map(|cause| format!("caused by: {cause}")));
            if !error.details.is_empty() {
                let details = Value::Object(error.details.clone());
                lines.push(format!("details: {details:#}"));
            }
            lines.push(format!("error id: {}", error.id));
        }
        lines.push(format!(
            "rule: {}, fingerprint: {}, notification id: {}",
            self.rule, self.fingerprint, self.id
        ));
        lines.join("\n")
    }

    /// Returns the source; `-` where there is none, since services require one.
    pub(super) fn shown_source(&self) -> &str {
        match &*self.source {
            "" => "-",
            source => source,
        }
    }

    /// Returns the line of a digest: for an error with code and operation.
    pub(super) fn line(&self) -> String {
        match (&self.error, self.kind) {
            (Some(record), NotificationKind::Error) => line_of(record),
            _ => self.title.clone(),
        }
    }

    /// Marks a notification of an earlier time, whose state need not be true any more.
    pub(super) fn late(mut self) -> Self {
        let is_state = !matches!(
            self.kind,
            NotificationKind::Error | NotificationKind::Digest | NotificationKind::Test
        );
        if is_state && !self.title.starts_with(LATE) {
            self.title = one_line(&format!("{LATE}{}", self.title), 200);
        }
        self
    }

    /// Reads the result of `Serialize`.
    pub(crate) fn from_json(json: Value) -> Option<Self> {
        let Value::Object(mut map) = json else {
            return None;
        };
        let error = map
            .remove("error")
            .and_then(|error| serde_json::from_value(error).ok());
        let text = |key: &str| map.get(key).and_then(Value::as_str);
        let number = |key: &str| map.get(key).and_then(Value::as_u64);
        let seconds = map.get("duration").and_then(Value::as_f64);
        Some(Self {
            id: text("id")?.parse().ok()?,
            kind: NotificationKind::from_name(text("kind")?)?,
            level: Severity::from_name(text("level")?)?,
            rule: text("rule")?.to_owned(),
            title: text("title")?.to_owned(),
            source: text("source").unwrap_or_default().to_owned(),
            timestamp: text("timestamp")?.parse().ok()?,
            fingerprint: text("fingerprint")?.parse().ok()?,
            suppressed: number("suppressed").unwrap_or_default(),
            escalated: map.get("escalated") == Some(&Value::Bool(true)),
            duration: seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            occurrences: number("occurrences"),
            text: text("text").map(str::to_owned),
            error,
        })
    }
}

const LATE: &str = "late: ";

/// Formats a duration in hours, minutes and seconds, for example `1 h 5 min 3 s`.
pub(super) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let parts = [(hours, "h"), (minutes, "min"), (seconds % 60, "s")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    match parts[..] {
        [] => "less than 1 s".to_owned(),
        _ => parts.join(" "),
    }
}

impl Serialize for Notification {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("version", &1)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("kind", self.kind.name())?;
        map.serialize_entry("level", &self.level)?;
        map.serialize_entry("rule", &self.rule)?;
        map.serialize_entry("title", &self.title)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("timestamp", &self.timestamp)?;
        map.serialize_entry("fingerprint", &self.fingerprint)?;
        map.serialize_entry("suppressed", &self.suppressed)?;
        map.serialize_entry("escalated", &self.escalated)?;
        if let Some(duration) = self.duration {
            map.serialize_entry("duration", &duration.as_secs_f64())?;
        }
        if let Some(occurrences) = self.occurrences {
            map.serialize_entry("occurrences", &occurrences)?;
        }
        if let Some(text) = &self.text {
            map.serialize_entry("text", text)?;
        }
        if let Some(error) = &self.error {
            map.serialize_entry("error", error)?;
        }
        map.end()
    }
}

/// Returns code, operation and message of an error in one line.
pub(super) fn line_of(record: &ErrorRecord) -> String {
    let code = one_line(&record.error_code, 60);
    let operation = one_line(&record.operation, 60);
    one_line(&format!("{code} in `{operation}`: {}", record.message), 200)
}

/// Returns a text as one redacted line without control characters. The last character of a text that
/// exceeds `max_chars` is `…`.
pub(crate) fn one_line(raw: &str, max_chars: usize) -> String {
    // Bounded before it is redacted, with room behind the cut, as texts for sinks are.
    let bounded = text::bounded(&raw, max_chars.saturating_mul(8));
    let was_cut = bounded.len() < raw.trim_end().len();
    let clean = redact::text(&bounded);
    let breaks_lines = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let spaced = clean.replace(breaks_lines, " ");
    let line = spaced.trim();
    match was_cut && !line.ends_with(CUT) {
        true => cut(&format!("{line}{CUT}"), max_chars),
        false => cut(line, max_chars),
    }
}

/// The mark at the end of a text that was cut.
pub(super) const CUT: char = '…';

/// Returns at most `max_chars` characters of a text, the last of them a mark where some are missing.
pub(super) fn cut(text: &str, max_chars: usize) -> String {
    if text.chars().nth(max_chars).is_none() {
        return text.to_owned();
    }
    let mut head: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    head.truncate(head.trim_end().len());
    if max_chars > 0 {
        head.push(CUT);
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_is_one_bounded_line_without_control_characters() {
        let title = one_line(&format!("a\r\nBcc: x@y\0{}", "é".repeat(10_000)), 200);
        assert!(title.starts_with("a  Bcc: x@y é"), "{title}");
        assert_eq!((title.chars().count(), title.ends_with("é…")), (200, true));
        assert!(!title.contains(char::is_control));
        assert_eq!(one_line("\r\n", 10), "");
        assert_eq!(
            one_line(&"漢".repeat(350_000), 200),
            format!("{}…", "漢".repeat(199))
        );
    }

    #[test]
    fn cut_text_ends_with_a_mark_within_its_limit() {
        for (text, max, expected) in [
            ("abcd", 4, "abcd"),
            ("abcde", 4, "abc…"),
            ("ab  e", 4, "ab…"),
            ("éé", 1, "…"),
            ("x", 0, ""),
            ("abcd   ", 4, "abcd"),
        ] {
            assert_eq!(one_line(text, max), expected, "{text}");
        }
        assert_eq!(one_line(&format!("abc{}", " ".repeat(100)), 4), "abc");
    }

    #[test]
    fn duration_is_formatted_in_hours_minutes_and_seconds() {
        for (seconds, words) in [
            (0, "less than 1 s"),
            (59, "59 s"),
            (3600, "1 h"),
            (3903, "1 h 5 min 3 s"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn notification_round_trips_through_json() {
        let mut notification = Notification::new(
            NotificationKind::Recovery,
            Severity::Critical,
            "rule",
            "title",
        );
        notification.suppressed = 7;
        notification.duration = Some(Duration::from_millis(61_500));
        notification.occurrences = Some(3);
        notification.text = Some("two\nlines".into());
        assert_eq!(
            Notification::from_json(serde_json::to_value(&notification).unwrap()),
            Some(notification)
        );
        assert_eq!(Notification::from_json(Value::Null), None);
    }
}
