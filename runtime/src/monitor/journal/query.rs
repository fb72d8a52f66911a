//! Queries of a journal, and the pages that they return.

use crate::{
    error::{ErrorCode, ErrorId},
    event::{Fingerprint, Record, RecordKind, RecordState, Severity, Shown, ShownText},
    monitor::serialize::serialize_fields,
    time::Timestamp,
};
use std::{error::Error, fmt, str::FromStr};

/// A query of a journal; all conditions must hold.
///
/// # Defaults
///
/// No condition, the newest 50 errors, without those that another attempt followed. A limit is
/// clamped to 1 to 1,000.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Query(QueryParts);

/// The conditions of a [`Query`], and how much of what matches it returns.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryParts {
    /// The kinds of records, at least one.
    pub kinds: &'static [RecordKind],
    /// The state of an error; see [`Query::state`].
    pub state: Option<RecordState>,
    /// Whether errors that another attempt followed are found too, where there is no `state`.
    pub includes_retried: bool,
    /// The identity.
    pub id: Option<ErrorId>,
    /// The name of the code.
    pub code: Option<String>,
    /// The least level.
    pub min_level: Option<Severity>,
    /// The operation.
    pub operation: Option<String>,
    /// The group.
    pub fingerprint: Option<Fingerprint>,
    /// The earliest time.
    pub since: Option<Timestamp>,
    /// The time before which records must lie.
    pub until: Option<Timestamp>,
    /// A part of the message, or of the text of a source.
    pub text: Option<String>,
    /// How many records a page holds, from 1 to 1,000.
    pub limit: usize,
    /// Where the page begins; the newest record where it is absent.
    pub after: Option<Cursor>,
}

/// The kinds of records about notifications.
const NOTIFICATIONS: &[RecordKind] = &[
    RecordKind::Queued,
    RecordKind::Undelivered,
    RecordKind::Settled,
];

impl fmt::Debug for QueryParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryParts")
            .field("kinds", &self.kinds)
            .field("state", &self.state)
            .field("includes_retried", &self.includes_retried)
            .field("id", &self.id)
            .field("code", &self.code.as_deref().map(Shown))
            .field("min_level", &self.min_level)
            .field("operation", &self.operation.as_deref().map(Shown))
            .field("fingerprint", &self.fingerprint)
            .field("since", &self.since)
            .field("until", &self.until)
            .field("text", &self.text.as_deref().map(ShownText))
            .field("limit", &self.limit)
            .field("after", &self.after)
            .finish()
    }
}

impl Default for Query {
    fn default() -> Self {
        Self::new()
    }
}

impl Query {
    /// The most records that one page holds.
    pub const MAX_LIMIT: usize = 1000;

    /// Makes a query for the newest errors.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{JournalError, Query}}};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// let records = monitor.query(&Query::new())?.records;
    /// assert_eq!(records[0].message, "disk full", "the newest is first");
    /// # Ok::<(), JournalError>(())
    /// ```
    pub const fn new() -> Self {
        Self(QueryParts {
            kinds: &[RecordKind::Error],
            state: None,
            includes_retried: false,
            id: None,
            code: None,
            min_level: None,
            operation: None,
            fingerprint: None,
            since: None,
            until: None,
            text: None,
            limit: 50,
            after: None,
        })
    }

    /// Keeps records of one kind; errors by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, RecordKind, journal::{JournalError, Query}}};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let found = |kind| Ok::<_, JournalError>(monitor.query(&Query::new().kind(kind))?.records.len());
    /// assert_eq!((found(RecordKind::Error)?, found(RecordKind::Transition)?), (1, 0));
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn kind(mut self, kind: RecordKind) -> Self {
        self.0.kinds = kind.as_slice();
        self
    }

    /// Finds records of every kind; errors alone by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{JournalError, Query}}};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// use gardefou::monitor::RecordKind;
    ///
    /// let id = monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let records = monitor.query(&Query::new().any_kind().id(id))?.records;
    /// assert_eq!(records[0].kind, RecordKind::Error);
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn any_kind(mut self) -> Self {
        self.0.kinds = &RecordKind::ALL;
        self
    }

    /// Keeps records of notifications, from which alerting restores what is undelivered.
    pub(crate) fn of_notifications(mut self) -> Self {
        self.0.kinds = NOTIFICATIONS;
        self
    }

    /// Finds errors that another attempt followed too, in the state
    /// [`Retried`](RecordState::Retried).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::Query}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// assert_eq!(monitor.query(&Query::new().include_retried()).unwrap().records.len(), 1);
    /// ```
    pub fn include_retried(mut self) -> Self {
        self.0.includes_retried = true;
        self
    }

    /// Keeps errors in one state.
    ///
    /// [`Error`](RecordState::Error) finds those that stand, and those inside an attempt that were
    /// never settled because the process ended; [`Pending`](RecordState::Pending) finds the latter
    /// alone, and shows them as such; [`Retried`](RecordState::Retried) those that another attempt
    /// followed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, RecordState, journal::Query}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let found = |state| monitor.query(&Query::new().state(state)).unwrap().records.len();
    /// assert_eq!((found(RecordState::Error), found(RecordState::Retried)), (1, 0));
    /// ```
    pub fn state(mut self, state: RecordState) -> Self {
        self.0.state = Some(state);
        self
    }

    /// Keeps the one error with this identity.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{JournalError, Query}}};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// let id = monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late again"));
    /// let page = monitor.query(&Query::new().id(id))?;
    /// assert_eq!((page.records.len(), &*page.records[0].message), (1, "late"));
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn id(mut self, id: ErrorId) -> Self {
        self.0.id = Some(id);
        self
    }

    /// Keeps errors with this code.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{JournalError, Query}}};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// let page = monitor.query(&Query::new().code(ErrorCode::SYNC_ERROR))?;
    /// assert_eq!((page.records.len(), &*page.records[0].message), (1, "late"));
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn code(self, code: ErrorCode) -> Self {
        self.code_name(code.name())
    }

    /// Keeps errors whose code has this name.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{JournalError, Query}}};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// // For example from a request: the name need not be that of a code.
    /// let found = |name| Ok::<_, JournalError>(monitor.query(&Query::new().code_name(name))?.records.len());
    /// assert_eq!((found("SYNC_ERROR")?, found("NO_SUCH_CODE")?), (1, 0));
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn code_name(mut self, name: impl Into<String>) -> Self {
        self.0.code = Some(name.into());
        self
    }

    /// Keeps errors that are at least so urgent.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{JournalError, Query}}};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record_at(Severity::Warning, &AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// monitor.record_at(Severity::Critical, &AppError::new(ErrorCode::SYNC_ERROR, "too late"));
    /// let page = monitor.query(&Query::new().min_level(Severity::Error))?;
    /// assert_eq!((page.records.len(), &*page.records[0].message), (1, "too late"));
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn min_level(mut self, level: Severity) -> Self {
        self.0.min_level = Some(level);
        self
    }

    /// Keeps errors that this operation reported.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, boundary, error_monitor, monitor::journal::{JournalError, Query}};
    /// # let scope = gardefou::testing::Scope::new();
    /// # let _entered = scope.enter();
    /// let _ = boundary::error_boundary("load orders", || Err::<(), _>(AppError::new(ErrorCode::SYNC_ERROR, "late")));
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "outside"));
    /// let page = error_monitor().query(&Query::new().operation("load orders"))?;
    /// assert_eq!((page.records.len(), &*page.records[0].message), (1, "late"));
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn operation(mut self, name: impl Into<String>) -> Self {
        self.0.operation = Some(name.into());
        self
    }

    /// Keeps errors of one group.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{JournalError, Query}}};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// let group = monitor.stats().recent_errors[0].fingerprint;
    /// let page = monitor.query(&Query::new().fingerprint(group))?;
    /// assert!(page.records.len() == 1 && page.records[0].fingerprint == group);
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn fingerprint(mut self, fingerprint: Fingerprint) -> Self {
        self.0.fingerprint = Some(fingerprint);
        self
    }

    /// Keeps errors that were recorded at this time or later.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{JournalError, Query}}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let monitor = ErrorMonitor::new(MonitorConfig::builder().clock(clock.clone()).build().unwrap());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "in the night"));
    /// clock.advance(Duration::from_secs(8 * 3600));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "in the morning"));
    /// let morning = monitor.query(&Query::new())?.records[0].timestamp;
    /// let page = monitor.query(&Query::new().since(morning))?;
    /// assert_eq!((page.records.len(), &*page.records[0].message), (1, "in the morning"));
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn since(mut self, time: Timestamp) -> Self {
        self.0.since = Some(time);
        self
    }

    /// Keeps errors that were recorded before this time.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{JournalError, Query}}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let monitor = ErrorMonitor::new(MonitorConfig::builder().clock(clock.clone()).build().unwrap());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "in the night"));
    /// clock.advance(Duration::from_secs(8 * 3600));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "in the morning"));
    /// let morning = monitor.query(&Query::new())?.records[0].timestamp;
    /// let page = monitor.query(&Query::new().until(morning))?;
    /// assert_eq!((page.records.len(), &*page.records[0].message), (1, "in the night"));
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn until(mut self, time: Timestamp) -> Self {
        self.0.until = Some(time);
        self
    }

    /// Keeps errors with this text in their message or in the text of a source; upper and lower
    /// case are different.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{JournalError, Query}}};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// let found = |text| Ok::<_, JournalError>(monitor.query(&Query::new().text(text))?.records.len());
    /// assert_eq!((found("disk")?, found("Disk")?), (1, 0));
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.text = Some(text.into());
        self
    }

    /// Sets how many records one page holds, from 1 to 1,000.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{JournalError, Query}}};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// let page = monitor.query(&Query::new().limit(1))?;
    /// assert!(page.records.len() == 1 && page.next.is_some());
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn limit(mut self, records: usize) -> Self {
        self.0.limit = records.clamp(1, Self::MAX_LIMIT);
        self
    }

    /// Continues after a page.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{JournalError, Query}}};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// let newest = Query::new().limit(1);
    /// let next = monitor.query(&newest)?.next.expect("there is another record");
    /// let page = monitor.query(&newest.after(next))?;
    /// assert_eq!((&*page.records[0].message, page.next), ("late", None));
    /// # Ok::<(), JournalError>(())
    /// ```
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.0.after = Some(cursor);
        self
    }

    /// Starts at the newest record again.
    pub(super) fn without_cursor(mut self) -> Self {
        self.0.after = None;
        self
    }

    /// Returns the conditions, for a journal that can select by them. A record that it selects must
    /// still pass [`matching`](Self::matching).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, monitor::{RecordKind, journal::Query}};
    ///
    /// let query = Query::new().code(ErrorCode::SYNC_ERROR).limit(10);
    /// let parts = query.parts();
    /// assert_eq!((parts.kinds, parts.limit), (&[RecordKind::Error][..], 10));
    /// assert_eq!(parts.code.as_deref(), Some("SYNC_ERROR"));
    /// ```
    #[must_use]
    pub const fn parts(&self) -> &QueryParts {
        &self.0
    }

    /// Returns `true` if the query is for records about notifications.
    #[cfg(feature = "journal")]
    pub(super) fn is_of_notifications(&self) -> bool {
        self.0.kinds == NOTIFICATIONS
    }

    /// Returns `false` if no record with this identity and kind can match.
    pub(super) fn may_match(&self, record: &Record) -> bool {
        self.0.kinds.contains(&record.kind) && self.0.id.is_none_or(|id| id == record.id)
    }

    /// Returns a record as this query shows it, if it matches. Of two that are one (see
    /// [`Journal`](super::Journal)), pass the joined one.
    ///
    /// An error that was never settled is shown in the state `Error`, unless the query is for
    /// pending ones. Limit and cursor are not considered.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::Query}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let record = monitor.stats().recent_errors.remove(0);
    /// assert_eq!(Query::new().text("never").matching(record.clone()), None);
    /// assert_eq!(Query::new().text("late").matching(record.clone()), Some(record));
    /// ```
    #[must_use]
    pub fn matching(&self, record: Record) -> Option<Record> {
        self.matches(&record).then(|| self.shown(record))
    }

    /// Turns an error that was never settled into the state `Error`, unless the query is for
    /// pending errors.
    pub(super) fn shown(&self, mut record: Record) -> Record {
        if record.state == RecordState::Pending && self.0.state != Some(RecordState::Pending) {
            record.state = RecordState::Error;
        }
        record
    }

    pub(crate) fn matches(&self, record: &Record) -> bool {
        fn is(wanted: Option<&String>, found: &str) -> bool {
            wanted.is_none_or(|wanted| wanted == found)
        }
        let parts = &self.0;
        let has = |text: &String| {
            record.message.contains(text) || record.chain.iter().any(|level| level.contains(text))
        };
        let is_in_state = match parts.state {
            None => record.state != RecordState::Retried || parts.includes_retried,
            Some(RecordState::Error) => record.state != RecordState::Retried,
            Some(wanted) => record.state == wanted,
        };
        self.may_match(record)
            && is_in_state
            && is(parts.code.as_ref(), &record.error_code)
            && parts.min_level.is_none_or(|level| record.level >= level)
            && is(parts.operation.as_ref(), &record.operation)
            && (parts.fingerprint).is_none_or(|fingerprint| fingerprint == record.fingerprint)
            && parts.since.is_none_or(|since| record.timestamp >= since)
            && parts.until.is_none_or(|until| record.timestamp < until)
            && parts.text.as_ref().is_none_or(has)
    }
}

/// One page of records.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The records, newest first.
    pub records: Vec<Record>,
    /// Where the next page begins; absent when there is nothing more.
    pub next: Option<Cursor>,
    /// How many torn lines were skipped on the way.
    pub torn: u64,
}

impl Page {
    /// Makes a page.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::{Cursor, Page};
    ///
    /// // What a journal of your own returns.
    /// let page = Page::new(Vec::new(), Some(Cursor::new(0, 17)));
    /// assert_eq!((page.next, page.torn), (Some(Cursor::new(0, 17)), 0));
    /// ```
    #[must_use]
    pub fn new(records: Vec<Record>, next: Option<Cursor>) -> Self {
        Self {
            records,
            next,
            torn: 0,
        }
    }
}

serialize_fields!(Page {
    records,
    next,
    torn
});

/// A position between two records, which stays the same while new ones arrive and old ones are
/// removed; its text can be part of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    part: u64,
    position: u64,
}

impl Cursor {
    /// Makes the cursor of a position in a numbered part of a journal, for example a byte in a
    /// file.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::Cursor;
    ///
    /// assert_eq!(Cursor::new(3, 4096).to_string(), "3.4096");
    /// assert_eq!("3.4096".parse(), Ok(Cursor::new(3, 4096)));
    /// ```
    #[must_use]
    pub const fn new(part: u64, position: u64) -> Self {
        Self { part, position }
    }

    /// Returns the number of the part.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::monitor::journal::Cursor::new(3, 4096).part(), 3);
    /// ```
    #[must_use]
    pub const fn part(self) -> u64 {
        self.part
    }

    /// Returns the position in the part.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::monitor::journal::Cursor::new(3, 4096).position(), 4096);
    /// ```
    #[must_use]
    pub const fn position(self) -> u64 {
        self.position
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.part, self.position)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str| match digits.bytes().all(|c| c.is_ascii_digit()) {
            true => digits.parse().ok(),
            false => None,
        };
        let (part, position) = text.split_once('.').ok_or(InvalidCursor)?;
        number(part)
            .zip(number(position))
            .map(|(part, position)| Self { part, position })
            .ok_or(InvalidCursor)
    }
}

impl serde_core::Serialize for Cursor {
    fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The error for a text that is not a cursor of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidCursor;

impl fmt::Display for InvalidCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cursor is two numbers with a dot between them, as a page gave them")
    }
}

impl Error for InvalidCursor {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_parse_and_other_texts_do_not() {
        let cursor = Cursor::new(7, u64::MAX);
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for odd in [
            "",
            ".",
            "1",
            "1.",
            "+1.2",
            "1.2.3",
            "-1.2",
            "1.99999999999999999999",
        ] {
            assert_eq!(odd.parse::<Cursor>(), Err(InvalidCursor), "{odd}");
        }
    }
}
