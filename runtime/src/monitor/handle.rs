//! The handle to a monitor.

use super::{
    config::MonitorConfig,
    journal::{Cursor, ErrorCounts, Journal, JournalError, JournalStatus, Page, Query},
    openings::Openings,
    recent::{RecentError, Texts},
    recordable::Recordable,
    retries,
    shards::{Arrival, Shards},
    stats::{ErrorStats, MonitorSnapshot, SnapshotParts, StatsParts},
    tables::ErrorTables,
};
use crate::sync::global::RwLock;
use crate::{
    error::ErrorId,
    event::{
        self, BreakerEventKind, ErrorEvent, Event, Observer, Record, RecordCell, RecordSlot,
        RecordState, Recorder, Severity, TransactionOutcome,
    },
    panics, scope,
    time::SharedClock,
};
use std::{
    fmt,
    panic::Location,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Counts errors and keeps the recent ones; cheap to clone, all clones are one monitor.
///
/// The monitor of the process is [`error_monitor`]. A monitor of your own has only the errors that
/// are passed to [`record`](Self::record), or those of the events that it is
/// [subscribed](event::subscribe) to.
///
/// Recording takes a few hundred nanoseconds however much is kept already, and memory is bounded
/// whatever is recorded (see [`MonitorConfig`]). An error is counted before its texts are kept, so
/// that the counts are right even if no room is left for anything else.
#[derive(Clone)]
pub struct ErrorMonitor(Arc<MonitorInner>);

struct MonitorInner {
    clock: SharedClock,
    /// Read for each error, written when the system is configured.
    config: RwLock<MonitorConfig>,
    shards: Shards,
    /// Whether there is a journal: saves threads that record the lock of it, which all of them
    /// would write to. Relaxed: written under that lock, which a thread that finds it set takes.
    has_journal: AtomicBool,
    journal: RwLock<Option<Arc<dyn Journal>>>,
    /// Whether this is the monitor of the process: errors that are recorded by hand are passed to
    /// every observer.
    of_process: AtomicBool,
    /// Makes its records.
    recorder: Arc<Recorder>,
    openings: Openings,
}

static OF_PROCESS: OnceLock<ErrorMonitor> = OnceLock::new();

/// Returns the monitor of the process, which records every error that boundaries, attributes and
/// [`report`](crate::report) report; the first call starts it. Inside a test scope it is the
/// monitor of the scope.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode};
///
/// let monitor = gardefou::error_monitor();
/// let before = monitor.stats().total_errors;
/// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "streams drifted apart"));
/// assert_eq!(monitor.stats().total_errors, before + 1);
/// ```
pub fn error_monitor() -> &'static ErrorMonitor {
    match of_scope() {
        Some(monitor) => monitor,
        None => OF_PROCESS.get_or_init(|| start(MonitorConfig::default())),
    }
}

/// Returns the monitor of the process, if it runs; inside a test scope, that of the scope.
pub(crate) fn started() -> Option<&'static ErrorMonitor> {
    of_scope().or_else(|| OF_PROCESS.get())
}

/// A `'static` handle to the monitor of a test scope. It outlives the scope; the journal and the
/// recorded errors do not.
struct OfScope(&'static ErrorMonitor);

/// Returns the monitor of the test scope that this thread is in.
fn of_scope() -> Option<&'static ErrorMonitor> {
    let monitor = scope::stored::<ErrorMonitor>()?;
    Some(scope::part(|_| OfScope(Box::leak(Box::new((*monitor).clone()))))?.0)
}

impl Drop for OfScope {
    fn drop(&mut self) {
        self.0.clear();
        drop(self.0.take_journal());
    }
}

/// Starts the monitor of the process, if it does not run yet.
fn install() {
    let _ = error_monitor();
}

// Before the first error is reported, so that none is missed in a program that never calls
// `error_monitor`.
inventory::submit!(event::Starter(install));

/// Configures the monitor of the process, also if it runs already; it then keeps its counts and its
/// clock.
pub(crate) fn configure(config: MonitorConfig) -> &'static ErrorMonitor {
    let mut config = Some(config);
    let monitor = OF_PROCESS.get_or_init(|| start(config.take().unwrap_or_default()));
    if let Some(config) = config {
        monitor.reconfigure(config);
    }
    monitor
}

fn start(config: MonitorConfig) -> ErrorMonitor {
    let monitor = ErrorMonitor::new(config);
    // Relaxed is enough: the monitor is handed out after this, through the cell.
    monitor.0.of_process.store(true, Ordering::Relaxed);
    event::install_recorder(&monitor.0.recorder);
    event::subscribe(monitor.clone()).forever();
    monitor
}

impl ErrorMonitor {
    /// Makes a monitor that is subscribed to no events.
    ///
    /// To pass it the events of the process, [`subscribe`](event::subscribe) a clone of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let imports = ErrorMonitor::new(MonitorConfig::default());
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "for the monitor of the process"));
    /// assert_eq!(imports.stats().total_errors, 0);
    /// imports.record(&AppError::new(ErrorCode::SYNC_ERROR, "for this one"));
    /// assert_eq!(imports.stats().total_errors, 1);
    /// ```
    #[must_use]
    pub fn new(config: MonitorConfig) -> Self {
        let clock = config.clock.clone();
        Self(Arc::new(MonitorInner {
            recorder: Arc::new(Recorder::new(clock.clone(), config.hooks.clone())),
            shards: Shards::new_at(&config, clock.wall().into()),
            clock,
            has_journal: AtomicBool::new(false),
            journal: RwLock::new(None),
            config: RwLock::new(config),
            of_process: AtomicBool::new(false),
            openings: Openings::default(),
        }))
    }

    /// Records an error at the level [`Severity::Error`] and returns its identity; the operation
    /// is `record`, at the caller's place.
    ///
    /// An [`AppError`](crate::AppError) that was recorded or reported before is not counted again.
    /// On the monitor of the process, the error is passed to alerts and other observers too. It is
    /// not logged: [`report`](crate::report) does that.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// let err = AppError::new(ErrorCode::SYNC_ERROR, "out of step");
    /// assert_eq!(monitor.record(&err), err.id());
    /// monitor.record(&err); // the same error, not another one
    /// monitor.record(&"x".parse::<u8>().unwrap_err());
    /// assert_eq!(monitor.stats().total_errors, 2);
    /// ```
    #[track_caller]
    pub fn record<E: Recordable + ?Sized>(&self, error: &E) -> ErrorId {
        self.record_at(Severity::Error, error)
    }

    /// Records an error as [`record`](Self::record) does, at a level of your choice.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record_at(Severity::Critical, &AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// assert_eq!(monitor.snapshot().levels.critical, 1);
    /// ```
    #[track_caller]
    pub fn record_at<E: Recordable + ?Sized>(&self, level: Severity, error: &E) -> ErrorId {
        let subject = error.subject();
        let event = ErrorEvent {
            id: subject.id,
            code: subject.code,
            level,
            operation: "record",
            component: Location::caller().file(),
            location: subject.location.or(Some(Location::caller())),
            elapsed: None,
            captured: None,
            error: subject.error,
            state: RecordState::Error,
            attempt: None,
            opening: None,
            settled: None,
            record: RecordSlot::default(),
        };
        if subject.is_new {
            if self.is_observing() {
                event::emit(|| Event::Error(event));
            } else {
                let cell = RecordCell::default();
                // Without a record there is nothing to share.
                let makes_record =
                    self.0.has_journal.load(Ordering::Relaxed) || self.0.recorder.has_before();
                let record = if makes_record {
                    RecordSlot::new(&cell)
                } else {
                    RecordSlot::default()
                };
                self.observe(&ErrorEvent { record, ..event });
            }
        }
        subject.id
    }

    /// Returns `true` if events that are emitted here reach this monitor.
    fn is_observing(&self) -> bool {
        match scope::stored::<Self>() {
            Some(of_scope) => Arc::ptr_eq(&of_scope.0, &self.0),
            None => self.0.of_process.load(Ordering::Relaxed),
        }
    }

    /// Returns the statistics, computed now.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// for _ in 0..3 {
    ///     monitor.record(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
    /// }
    /// let stats = monitor.stats();
    /// assert_eq!(stats.error_counts["TIMEOUT_ERROR"], 3);
    /// assert_eq!(stats.error_rates["TIMEOUT_ERROR"], 3.0);
    /// ```
    #[must_use]
    pub fn stats(&self) -> ErrorStats {
        let now = self.0.clock.now();
        let shards = &self.0.shards;
        let parts = shards.read(|tables, recent| StatsParts::new(tables, recent, now));
        parts.finish()
    }

    /// Returns a full snapshot, computed now.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
    /// monitor.record(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer again"));
    /// let snapshot = monitor.snapshot();
    /// assert_eq!((snapshot.codes[0].name.as_str(), snapshot.codes[0].rates.last_minute), ("TIMEOUT_ERROR", 2));
    /// assert_eq!((snapshot.groups[0].count, snapshot.groups[0].operation.as_str()), (2, "record"));
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> MonitorSnapshot {
        let (now, taken_at) = (self.0.clock.now(), self.0.clock.wall().into());
        let shards = &self.0.shards;
        let parts = shards.read(|tables, recent| SnapshotParts::new(tables, recent, now));
        parts.finish(taken_at)
    }

    /// Reads the tables after everything that was recorded so far.
    pub(super) fn read_counts<T>(&self, read: impl FnOnce(&ErrorTables) -> T) -> T {
        self.0.shards.read_counts(read)
    }

    /// Clears all counts, groups and recent errors. The journal stays as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
    /// monitor.clear();
    /// let stats = monitor.stats();
    /// assert_eq!((stats.total_errors, stats.recent_errors.len()), (0, 0));
    /// ```
    pub fn clear(&self) {
        let config = self.0.config.read().clone();
        let fresh = ErrorTables::boxed_at(&config, self.0.clock.wall().into());
        drop(self.0.shards.replace(fresh));
    }

    /// Sets the journal, in place of an earlier one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::MemoryJournal}};
    /// use std::sync::Arc;
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// let journal = Arc::new(MemoryJournal::new());
    /// monitor.set_journal(journal.clone());
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// assert_eq!(journal.records()[0].message, "disk full");
    /// ```
    pub fn set_journal(&self, journal: Arc<dyn Journal>) {
        drop(self.change_journal(Some(journal)));
    }

    /// Removes and returns the journal; queries are then answered from memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::MemoryJournal}};
    /// use std::sync::Arc;
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.set_journal(Arc::new(MemoryJournal::new()));
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// let journal = monitor.take_journal().unwrap();
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk still full"));
    /// assert_eq!(journal.status().written, 1);
    /// ```
    pub fn take_journal(&self) -> Option<Arc<dyn Journal>> {
        self.change_journal(None)
    }

    fn change_journal(&self, journal: Option<Arc<dyn Journal>>) -> Option<Arc<dyn Journal>> {
        let mut current = self.0.journal.write();
        self.0
            .has_journal
            .store(journal.is_some(), Ordering::Relaxed);
        std::mem::replace(&mut *current, journal)
    }

    /// Returns the journal, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::MemoryJournal}};
    /// use std::sync::Arc;
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// assert!(monitor.journal().is_none());
    /// monitor.set_journal(Arc::new(MemoryJournal::new()));
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// let counts = monitor.journal().unwrap().counts()?;
    /// assert_eq!(counts.by_code["DB_WRITE_ERROR"], 1);
    /// # Ok::<(), gardefou::monitor::journal::JournalError>(())
    /// ```
    #[must_use]
    pub fn journal(&self) -> Option<Arc<dyn Journal>> {
        if !self.0.has_journal.load(Ordering::Relaxed) {
            return None;
        }
        self.0.journal.read().clone()
    }

    /// Returns one page of records, newest first: of the journal, or without one of the recent
    /// errors in memory.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::Query}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "out of step"));
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "out of step again"));
    /// let page = monitor.query(&Query::new().code(ErrorCode::SYNC_ERROR))?;
    /// let messages: Vec<_> = page.records.iter().map(|record| record.message.as_str()).collect();
    /// assert_eq!(messages, ["out of step again", "out of step"]);
    /// # Ok::<(), gardefou::monitor::journal::JournalError>(())
    /// ```
    pub fn query(&self, query: &Query) -> Result<Page, JournalError> {
        match self.journal() {
            Some(journal) => journal.query(query),
            None => Ok(self.query_memory(query)),
        }
    }

    /// Returns how many errors there were by code and by UTC day: those of the journal, or without
    /// one those that are kept in memory.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "out of step"));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "out of step again"));
    /// let counts = monitor.counts()?;
    /// assert_eq!((counts.total, counts.by_code["SYNC_ERROR"]), (2, 2));
    /// # Ok::<(), gardefou::monitor::journal::JournalError>(())
    /// ```
    pub fn counts(&self) -> Result<ErrorCounts, JournalError> {
        match self.journal() {
            Some(journal) => journal.counts(),
            None => {
                let entries = self.0.shards.recent();
                let counted = entries.iter().map(|it| (it.timestamp, it.code.name()));
                Ok(counted.collect())
            }
        }
    }

    /// Returns the status of the journal, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::MemoryJournal}};
    /// use std::sync::Arc;
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// assert!(monitor.journal_status().is_none());
    /// monitor.set_journal(Arc::new(MemoryJournal::new()));
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// assert!(monitor.journal_status().is_some_and(|status| status.is_healthy() && status.written == 1));
    /// ```
    #[must_use]
    pub fn journal_status(&self) -> Option<JournalStatus> {
        self.journal().map(|journal| journal.status())
    }

    fn query_memory(&self, query: &Query) -> Page {
        let entries = self.0.shards.recent();
        let place =
            |entry: &RecentError| Cursor::new(entry.moment.tick.as_nanos(), entry.moment.number);
        let older = entries.iter().rev().filter(|entry| {
            query
                .parts()
                .after
                .is_none_or(|before| place(entry) < before)
        });
        let mut matching = older
            .map(|entry| (place(entry), entry.to_record()))
            .filter(|(_, it)| query.matches(it));
        let (places, records): (Vec<Cursor>, Vec<_>) =
            matching.by_ref().take(query.parts().limit).unzip();
        let more = matching.next().is_some();
        Page::new(records, places.last().copied().filter(|_| more))
    }

    fn reconfigure(&self, config: MonitorConfig) {
        self.0.recorder.configure(config.hooks.clone());
        // The old functions and the evicted errors are dropped after the locks.
        let evicted = self.0.shards.limit(&config);
        let before = std::mem::replace(&mut *self.0.config.write(), config);
        drop((before, evicted));
    }

    /// Counts and keeps an error that stands. An error inside an attempt is only journalled until
    /// it is settled.
    fn observe(&self, event: &ErrorEvent<'_>) {
        if event.state != RecordState::Error {
            return self.journal_event(&Event::Error(*event));
        }
        let (recorder, whole, journal) = (&*self.0.recorder, Event::Error(*event), self.journal());
        // A rejection counts, and is journalled with its opening alone.
        let journal = journal.filter(|_| event.opening.is_none());
        let record = if journal.is_some() || recorder.has_before() {
            // Without one, the hook dropped it.
            let Some(record) = whole.record_by(recorder) else {
                return;
            };
            Some(record)
        } else {
            whole.existing_record_by(recorder)
        };
        let stamp = whole.stamp_by(recorder);
        let arrival = Arrival {
            event,
            now: self.0.clock.now(),
            timestamp: stamp.timestamp,
            fingerprint: record
                .as_ref()
                .map_or(stamp.fingerprint, |record| record.fingerprint),
            texts: record
                .as_deref()
                .map_or_else(|| Texts::from_event(event), Texts::from_record),
            context: record
                .as_ref()
                .map_or_else(|| whole.context(), |record| record.context.clone()),
        };
        let changed = record
            .as_deref()
            .filter(|_| recorder.has_before())
            .map(|record| event.as_in(record));
        let event = changed.as_ref().unwrap_or(event);
        drop(self.0.shards.record(Arrival { event, ..arrival }));
        if let (Some(journal), Some(record)) = (journal, record) {
            append(&*journal, &record);
        }
    }

    /// Returns what makes the records of this monitor.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    /// Makes this the monitor of a test scope that this thread is in.
    #[cfg(feature = "test-util")]
    pub(crate) fn observe_scope(&self, scope: &scope::ScopeState) {
        scope.store(&self.0.recorder);
        scope.store(&Arc::new(self.clone()));
        event::subscribe(self.clone()).forever();
    }

    /// Journals an event that is no error.
    fn journal_event(&self, event: &Event<'_>) {
        if let Some(journal) = self.journal()
            && let Some(record) = event.record_by(&self.0.recorder)
        {
            append(&*journal, &record);
        }
    }
}

/// Appends a record. A failure shows in the status of the journal, and not in the call that reports
/// the error.
fn append(journal: &dyn Journal, record: &Record) {
    let _ = panics::catch(|| journal.append(record));
}

impl Observer for ErrorMonitor {
    fn on_event(&self, event: &Event<'_>) {
        match event {
            Event::Error(error) => self.observe(error),
            Event::Provisional(_) => self.journal_event(event),
            Event::Retry(retry) if retries::is_over(retry) => {
                let (now, timestamp) = (self.0.clock.now(), self.0.clock.wall().into());
                self.0.shards.with_tables(|tables| {
                    retries::count_at(&mut tables.retries, retry, now, timestamp);
                });
            }
            Event::Health(_) | Event::Audit(_) => self.journal_event(event),
            Event::Breaker(breaker)
                if matches!(breaker.kind, BreakerEventKind::Transition { .. }) =>
            {
                if let (Some(journal), Some(record)) =
                    (self.journal(), event.record_by(&self.0.recorder))
                {
                    let records = self.0.openings.take(breaker, record);
                    records.iter().for_each(|record| append(&*journal, record));
                }
            }
            Event::Transaction(ended) if ended.outcome != TransactionOutcome::Committed => {
                self.journal_event(event);
            }
            _ => {}
        }
    }
}

impl fmt::Debug for ErrorMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorMonitor")
            .field(
                "total_errors",
                &self.0.shards.read(|tables, _| tables.total),
            )
            .finish_non_exhaustive()
    }
}
