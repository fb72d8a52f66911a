//! The recorder of a monitor, which makes records of events: its clock, its grouping and its hook.

use super::{
    breaker::{BreakerEvent, BreakerEventKind},
    error::ErrorEvent,
    hook,
    kinds::Event,
    record::{
        FINGERPRINT_DETAIL, Fingerprint, Origin, Record,
        cell::{RecordSlot, Recorded, Stamp},
    },
    record_builder,
};
use crate::sync::global::RwLock;
use crate::{
    error::{ErrorCode, ErrorRef},
    scope,
    time::{SharedClock, Timestamp},
};
use serde_json::Value;
use std::{
    cell::Cell,
    fmt,
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// The decision of a `before_record` hook on a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordAction {
    /// The record is counted, journalled and passed to alerts, with the hook's changes.
    Keep,
    /// The event is not counted, not journalled, and brings no notification.
    Drop,
}

type FingerprintFn = Arc<dyn Fn(&ErrorEvent<'_>) -> Option<Fingerprint> + Send + Sync>;
pub(crate) type BeforeRecord = Arc<dyn Fn(&mut Record) -> RecordAction + Send + Sync>;

/// Makes the records of one monitor.
pub(crate) struct Recorder {
    clock: SharedClock,
    /// Read for each event where there is one.
    hooks: RwLock<Hooks>,
    /// Whether there is a hook: most programs have none, and then no lock is taken. Relaxed: an
    /// event that races with a change of the configuration is recorded by either.
    has_fingerprint: AtomicBool,
    has_before: AtomicBool,
}

/// The functions of a program that change its records.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) fingerprint: Option<FingerprintFn>,
    pub(crate) before: Option<BeforeRecord>,
}

static OF_PROCESS: OnceLock<Arc<Recorder>> = OnceLock::new();

/// Sets the recorder of the process; the first one stays.
pub(crate) fn install(recorder: &Arc<Recorder>) {
    let _ = OF_PROCESS.set(Arc::clone(recorder));
}

/// The recorder of the process: that of its monitor, or one with the defaults while there is no
/// monitor.
fn of_process() -> &'static Recorder {
    static DEFAULT: LazyLock<Recorder> =
        LazyLock::new(|| Recorder::new(SharedClock::default(), Hooks::default()));
    match OF_PROCESS.get() {
        Some(recorder) => recorder,
        None => &DEFAULT,
    }
}

impl Recorder {
    pub(crate) fn new(clock: SharedClock, hooks: Hooks) -> Self {
        let recorder = Self {
            clock,
            hooks: RwLock::default(),
            has_fingerprint: false.into(),
            has_before: false.into(),
        };
        recorder.configure(hooks);
        recorder
    }

    /// Replaces the functions; the clock stays.
    pub(crate) fn configure(&self, hooks: Hooks) {
        let (has_fingerprint, has_before) = (hooks.fingerprint.is_some(), hooks.before.is_some());
        self.has_fingerprint
            .store(has_fingerprint, Ordering::Relaxed);
        self.has_before.store(has_before, Ordering::Relaxed);
        // What was set before is dropped after the lock.
        let before = std::mem::replace(&mut *self.hooks.write(), hooks);
        drop(before);
    }

    /// Returns its identity: the address, which stays the same as long as the monitor lives.
    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Returns `true` if a hook may change or drop records.
    pub(crate) fn has_before(&self) -> bool {
        self.has_before.load(Ordering::Relaxed)
    }

    fn hooks(&self) -> Hooks {
        self.hooks.read().clone()
    }

    /// Returns time and group of an event.
    fn stamp(&self, event: &Event<'_>) -> Stamp {
        if let Some(record) = settled_record(event) {
            return Stamp {
                timestamp: record.timestamp,
                fingerprint: record.fingerprint,
            };
        }
        let fingerprint = match event {
            Event::Error(error) | Event::Provisional(error) => self.fingerprint_of(error),
            Event::Retry(retry) => Fingerprint::from_parts(&["retry", retry.name]),
            Event::Health(health) => Fingerprint::from_parts(&["health", health.check]),
            Event::Transaction(transaction) => {
                Fingerprint::from_parts(&["transaction", transaction.operation])
            }
            Event::Breaker(BreakerEvent { name, .. }) => {
                Fingerprint::from_parts(&["breaker", name])
            }
            Event::Audit(audit) => Fingerprint::from_parts(&["audit", audit.operation]),
            Event::Notification(notification) => notification.fingerprint,
        };
        Stamp {
            timestamp: Timestamp::from(self.clock.wall()),
            fingerprint,
        }
    }

    fn fingerprint_of(&self, event: &ErrorEvent<'_>) -> Fingerprint {
        let chosen = if self.has_fingerprint.load(Ordering::Relaxed) {
            self.chosen_for(event)
        } else {
            None
        };
        let own = || match event.error {
            ErrorRef::App(app) => match app.details().get(FINGERPRINT_DETAIL)? {
                Value::Null => None,
                Value::String(text) => Some(Fingerprint::from_parts(&[text])),
                other => Some(Fingerprint::from_parts(&[&other.to_string()])),
            },
            _ => None,
        };
        let of_parts =
            || Fingerprint::from_parts(&[event.code.name(), event.operation, event.component]);
        chosen.or_else(own).unwrap_or_else(of_parts)
    }

    #[cold]
    fn chosen_for(&self, event: &ErrorEvent<'_>) -> Option<Fingerprint> {
        let decide = self.hooks().fingerprint?;
        // Without the cell, which is being filled.
        let event = ErrorEvent {
            record: RecordSlot::default(),
            ..*event
        };
        hook::run(&IN_HOOK, || decide(&event)).flatten()
    }

    /// Makes the record of an event; `None` if there is none, or if the hook dropped it.
    fn record(&self, event: &Event<'_>, stamp: Stamp) -> Option<Arc<Record>> {
        if settled_record(event).is_some() {
            // The hook ran, and the span was read, when it was reported.
            return record_builder::record_of(event, stamp).map(Arc::new);
        }
        let make = || {
            let mut record = record_builder::record_of(event, stamp)?;
            record.context = event.context();
            record.origin = Origin::current();
            Some(record)
        };
        let mut record = make()?;
        if self.has_before()
            && let Some(before) = self.hooks().before
        {
            match hook::run(&IN_HOOK, || before(&mut record)) {
                Some(RecordAction::Keep) => {
                    record = record_builder::after_hook(record, event, stamp);
                }
                Some(RecordAction::Drop) => return None,
                // It may be half-way through its changes.
                None => record = make()?,
            }
        }
        Some(Arc::new(record))
    }
}

/// Returns the record of the error that an event settles, if it does.
fn settled_record<'r>(event: &Event<'r>) -> Option<&'r Record> {
    match event {
        Event::Error(error) | Event::Provisional(error) => error.settled,
        _ => None,
    }
}

impl<'a> Event<'a> {
    /// Returns the event's record: owned, bounded, without secrets.
    ///
    /// It is made when an observer first calls this, and the same one is returned to all observers,
    /// the monitor of the process, its journal and alerts included.
    ///
    /// There is none for an event that only matters while it happens (a slow or abandoned call, a
    /// clash of configurations), and none where a
    /// [`before_record`](crate::system::ErrorSystemBuilder::before_record) hook dropped it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, event::{Event, subscribe}};
    /// use std::sync::{Arc, Mutex};
    ///
    /// let records = Arc::new(Mutex::new(Vec::new()));
    /// let sink = Arc::clone(&records);
    /// let _subscription = subscribe(move |event: &Event<'_>| sink.lock().unwrap().extend(event.record()));
    /// let err = AppError::new(ErrorCode::SYNC_ERROR, "password=hunter2 was refused");
    /// gardefou::report(&err);
    /// let records = records.lock().unwrap();
    /// assert_eq!((records[0].id, records[0].error_code.as_str()), (err.id(), "SYNC_ERROR"));
    /// assert!(!records[0].message.contains("hunter2"));
    /// ```
    #[must_use]
    pub fn record(&self) -> Option<Arc<Record>> {
        match scope::stored::<Recorder>() {
            Some(recorder) => self.record_by(&recorder),
            None => self.record_by(of_process()),
        }
    }

    /// Returns `true` if the event is of a kind that has a record.
    pub(crate) fn has_record(&self) -> bool {
        match self {
            Self::Breaker(BreakerEvent { kind, .. }) => {
                matches!(
                    kind,
                    BreakerEventKind::Transition { .. } | BreakerEventKind::Rejected { .. }
                )
            }
            _ => true,
        }
    }

    /// Returns the event's record as one monitor has it.
    pub(crate) fn record_by(&self, recorder: &Recorder) -> Option<Arc<Record>> {
        match self.recorded_by(recorder) {
            Some(recorded) => recorded.record_or_make(|stamp| recorder.record(self, stamp)),
            None => recorder.record(self, recorder.stamp(self)),
        }
    }

    /// Returns the record if it is made already.
    pub(crate) fn existing_record_by(&self, recorder: &Recorder) -> Option<Arc<Record>> {
        self.recorded_by(recorder)?.record()
    }

    /// Returns time and group of the event as one monitor has them.
    pub(crate) fn stamp_by(&self, recorder: &Recorder) -> Stamp {
        self.recorded_by(recorder)
            .map_or_else(|| recorder.stamp(self), Recorded::stamp)
    }

    fn recorded_by(&self, recorder: &Recorder) -> Option<&'a Recorded> {
        self.slot()
            .recorded_by(recorder.id(), || recorder.stamp(self))
    }
}

impl<'a> ErrorEvent<'a> {
    /// Returns the event with the changes that a hook made to its record.
    pub(crate) fn as_in<'r>(&self, record: &'r Record) -> ErrorEvent<'r>
    where
        'a: 'r,
    {
        let is_changed = record.error_code != self.code.name();
        let changed = is_changed
            .then(|| ErrorCode::by_name(&record.error_code))
            .flatten();
        ErrorEvent {
            code: changed.unwrap_or(self.code),
            level: record.level,
            operation: &record.operation,
            component: &record.component,
            ..*self
        }
    }

    /// Returns the event's record, as [`Event::record`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, event::{Event, subscribe}};
    /// use std::sync::{Arc, Mutex};
    ///
    /// let operations = Arc::new(Mutex::new(Vec::new()));
    /// let sink = Arc::clone(&operations);
    /// let _subscription = subscribe(move |event: &Event<'_>| {
    ///     if let Event::Error(error) = event {
    ///         sink.lock().unwrap().extend(error.record().map(|record| record.operation.clone()));
    ///     }
    /// });
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "out of step"));
    /// assert_eq!(*operations.lock().unwrap(), ["report"]);
    /// ```
    #[must_use]
    pub fn record(&self) -> Option<Arc<Record>> {
        Event::Error(*self).record()
    }
}

thread_local! {
    /// Whether a user function runs on this thread: what it reports itself is recorded without it.
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("has_before", &self.has_before())
            .finish_non_exhaustive()
    }
}
