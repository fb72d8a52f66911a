//! What makes records: the clock, the grouping and the hook of one monitor.

use super::{
    FINGERPRINT_DETAIL, Fingerprint, Origin, Record, build,
    cell::{RecordSlot, Stamp},
};
use crate::{
    event::{BreakerEvent, ErrorEvent, ErrorRef, Event},
    panics,
    time::{SharedClock, Timestamp},
};
use serde_json::Value;
use std::{
    cell::Cell,
    fmt,
    sync::{
        Arc, LazyLock, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// What becomes of a record after a `before_record` hook saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordAction {
    /// The record is counted, journalled and passed to alerts, with the hook's changes.
    Keep,
    /// The event is not counted, not journalled, and brings no notification.
    Drop,
}

pub(crate) type FingerprintFn = Arc<dyn Fn(&ErrorEvent<'_>) -> Option<Fingerprint> + Send + Sync>;
pub(crate) type BeforeRecord = Arc<dyn Fn(&mut Record) -> RecordAction + Send + Sync>;

/// What makes the records of one monitor.
pub(crate) struct Recorder {
    clock: SharedClock,
    /// Read for each event where there is one.
    hooks: RwLock<Hooks>,
    /// Whether there is a hook: most programs have none, and then no lock is taken. Relaxed: an
    /// event that races with a change of the configuration is recorded by either.
    has_fingerprint: AtomicBool,
    has_before: AtomicBool,
}

#[derive(Clone, Default)]
struct Hooks {
    fingerprint: Option<FingerprintFn>,
    before: Option<BeforeRecord>,
}

static OF_PROCESS: OnceLock<Arc<Recorder>> = OnceLock::new();

/// Makes a recorder that of the process; the first one stays.
pub(crate) fn install(recorder: &Arc<Recorder>) {
    let _ = OF_PROCESS.set(Arc::clone(recorder));
}

/// The recorder of the process: that of its monitor, or one with the defaults while there is no
/// monitor.
pub(super) fn of_process() -> &'static Recorder {
    static DEFAULT: LazyLock<Recorder> =
        LazyLock::new(|| Recorder::new(SharedClock::default(), None, None));
    match OF_PROCESS.get() {
        Some(recorder) => recorder,
        None => &DEFAULT,
    }
}

impl Recorder {
    pub(crate) fn new(
        clock: SharedClock,
        fingerprint: Option<FingerprintFn>,
        before: Option<BeforeRecord>,
    ) -> Self {
        let recorder = Self {
            clock,
            hooks: RwLock::default(),
            has_fingerprint: false.into(),
            has_before: false.into(),
        };
        recorder.configure(fingerprint, before);
        recorder
    }

    /// Replaces the functions; the clock stays.
    pub(crate) fn configure(
        &self,
        fingerprint: Option<FingerprintFn>,
        before: Option<BeforeRecord>,
    ) {
        self.has_fingerprint
            .store(fingerprint.is_some(), Ordering::Relaxed);
        self.has_before.store(before.is_some(), Ordering::Relaxed);
        let hooks = Hooks {
            fingerprint,
            before,
        };
        // What was set before is dropped after the lock.
        let before = std::mem::replace(
            &mut *self.hooks.write().unwrap_or_else(PoisonError::into_inner),
            hooks,
        );
        drop(before);
    }

    /// Tells recorders apart: the address stays as long as the monitor lives.
    pub(super) fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Returns `true` if records may be changed or dropped before anything is made of them.
    pub(crate) fn has_before(&self) -> bool {
        self.has_before.load(Ordering::Relaxed)
    }

    fn hooks(&self) -> Hooks {
        self.hooks
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Time and group of an event.
    pub(super) fn stamp(&self, event: &Event<'_>) -> Stamp {
        if let Event::Error(ErrorEvent {
            settled: Some(record),
            ..
        })
        | Event::Provisional(ErrorEvent {
            settled: Some(record),
            ..
        }) = event
        {
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
        by_hook(|| decide(&event)).flatten()
    }

    /// Makes the record of an event; `None` if there is none, or if the hook dropped it.
    pub(super) fn record(&self, event: &Event<'_>, stamp: Stamp) -> Option<Arc<Record>> {
        if let Event::Error(ErrorEvent {
            settled: Some(_), ..
        })
        | Event::Provisional(ErrorEvent {
            settled: Some(_), ..
        }) = event
        {
            // The hook saw it when it was reported, and so did the span.
            return build::record_of(event, stamp).map(Arc::new);
        }
        let make = || {
            let mut record = build::record_of(event, stamp)?;
            record.context = event.context();
            record.origin = Origin::current();
            Some(record)
        };
        let mut record = make()?;
        if self.has_before()
            && let Some(before) = self.hooks().before
        {
            match by_hook(|| before(&mut record)) {
                Some(RecordAction::Keep) => record = build::after_hook(record, event, stamp),
                Some(RecordAction::Drop) => return None,
                // It may be half-way through its changes.
                None => record = make()?,
            }
        }
        Some(Arc::new(record))
    }
}

thread_local! {
    /// Whether a function of the user's runs on this thread: what it reports itself is recorded
    /// without it.
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

/// Runs a function of the user's; `None` if it panics, or if this thread is in one already.
fn by_hook<T>(run: impl FnOnce() -> T) -> Option<T> {
    // A thread that is ending has no such cell any more.
    if IN_HOOK
        .try_with(|is_in| is_in.replace(true))
        .unwrap_or(true)
    {
        return None;
    }
    let outcome = panics::catch(run).ok();
    let _ = IN_HOOK.try_with(|is_in| is_in.set(false));
    outcome
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("has_before", &self.has_before())
            .finish_non_exhaustive()
    }
}
