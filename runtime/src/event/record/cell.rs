//! Room for the record of one event, so that all observers of the event share it.

use super::{ErrorContext, Fingerprint, Record, Recorder, context};
use crate::{
    ErrorCode,
    event::{
        AuditEvent, BreakerEvent, BreakerEventKind, ErrorEvent, Event, HealthEvent,
        NotificationEvent, RetryEvent, TransactionEvent,
    },
    scope,
    time::Timestamp,
};
use std::sync::{Arc, OnceLock};

/// Room for what is made of one event while it is passed to observers. It lies on the stack of the
/// reporting call.
#[derive(Debug, Default)]
pub(crate) struct RecordCell {
    context: OnceLock<Option<Box<ErrorContext>>>,
    made: OnceLock<Made>,
}

/// What one recorder made of the event. Further recorders follow in a list: there is one as a rule.
#[derive(Debug)]
struct Made {
    recorder: usize,
    stamp: Stamp,
    /// Not set before the record is asked for; `None` if the recorder keeps none.
    record: OnceLock<Option<Arc<Record>>>,
    next: OnceLock<Box<Made>>,
}

/// What a recorder adds to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) timestamp: Timestamp,
    pub(crate) fingerprint: Fingerprint,
}

/// The cell of an event, if it has one. An event without a cell, for example one that a program
/// passes on by itself, has a record made each time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RecordSlot<'a>(Option<&'a RecordCell>);

impl<'a> RecordSlot<'a> {
    pub(crate) const fn new(cell: &'a RecordCell) -> Self {
        Self(Some(cell))
    }

    fn made_by(self, recorder: &Recorder, event: &Event<'_>) -> Option<&'a Made> {
        let cell = self.0?;
        // Not inside of `get_or_init`: functions of the user's run in `stamp`, and may come back to
        // the event.
        let make = || Made::new(recorder.id(), recorder.stamp(event));
        if cell.made.get().is_none() {
            let _ = cell.made.set(make());
        }
        let mut made = cell.made.get()?;
        while made.recorder != recorder.id() {
            if made.next.get().is_none() {
                let _ = made.next.set(Box::new(make()));
            }
            made = made.next.get()?;
        }
        Some(made)
    }
}

impl Made {
    fn new(recorder: usize, stamp: Stamp) -> Self {
        Self {
            recorder,
            stamp,
            record: OnceLock::new(),
            next: OnceLock::new(),
        }
    }
}

impl<'a> Event<'a> {
    fn slot(&self) -> RecordSlot<'a> {
        match self {
            Self::Error(event) | Self::Provisional(event) => event.record,
            Self::Retry(event) => event.record,
            Self::Health(event) => event.record,
            Self::Transaction(event) => event.record,
            Self::Breaker(event) => event.record,
            Self::Audit(event) => event.record,
            Self::Notification(event) => event.record,
        }
    }

    /// Gives the event a cell, unless it has one.
    pub(crate) fn share_record(&mut self, cell: &'a RecordCell) {
        let slot = match self {
            Self::Error(ErrorEvent { record, .. })
            | Self::Provisional(ErrorEvent { record, .. })
            | Self::Retry(RetryEvent { record, .. })
            | Self::Health(HealthEvent { record, .. })
            | Self::Transaction(TransactionEvent { record, .. })
            | Self::Breaker(BreakerEvent { record, .. })
            | Self::Audit(AuditEvent { record, .. })
            | Self::Notification(NotificationEvent { record, .. }) => record,
        };
        if slot.0.is_none() {
            *slot = RecordSlot::new(cell);
        }
    }

    /// Returns the event's record: owned, bounded, without secrets.
    ///
    /// It is made when the first observer asks for it, and the same one is returned to all
    /// observers, the monitor of the process, its journal and alerts included.
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
            None => self.record_by(super::recorder::of_process()),
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
        let Some(made) = self.slot().made_by(recorder, self) else {
            return recorder.record(self, recorder.stamp(self));
        };
        if made.record.get().is_none() {
            let _ = made.record.set(recorder.record(self, made.stamp));
        }
        made.record.get().cloned().flatten()
    }

    /// Returns the record if it is made already.
    pub(crate) fn made_record_by(&self, recorder: &Recorder) -> Option<Arc<Record>> {
        self.slot()
            .made_by(recorder, self)?
            .record
            .get()
            .cloned()
            .flatten()
    }

    /// Returns time and group of the event as one monitor has them.
    pub(crate) fn stamp_by(&self, recorder: &Recorder) -> Stamp {
        self.slot()
            .made_by(recorder, self)
            .map_or_else(|| recorder.stamp(self), |made| made.stamp)
    }

    /// Returns the span in which the event happened; the program's hook is asked once per event.
    pub(crate) fn context(&self) -> Option<Box<ErrorContext>> {
        let Some(cell) = self.slot().0 else {
            return context::current();
        };
        if cell.context.get().is_none() {
            let _ = cell.context.set(context::current());
        }
        cell.context.get().cloned().flatten()
    }
}

impl<'a> ErrorEvent<'a> {
    /// Returns the event as a hook changed its record.
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
