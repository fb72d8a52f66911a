//! The cell that all observers of one event share its record in.

use super::{
    context::{self, ErrorContext},
    fingerprint::Fingerprint,
    record::Record,
};
use crate::time::Timestamp;
use std::sync::{Arc, OnceLock};

/// What is made of one event while it is passed to observers. It lies on the stack of the reporting
/// call.
#[derive(Debug, Default)]
pub(crate) struct RecordCell {
    context: OnceLock<Option<Box<ErrorContext>>>,
    recorded: OnceLock<Recorded>,
}

/// What one recorder made of the event. Further recorders follow in a list; usually there is one.
#[derive(Debug)]
pub(in crate::event) struct Recorded {
    /// The address of the recorder.
    recorder: usize,
    stamp: Stamp,
    /// Set when the record is first requested; `None` if the recorder keeps none.
    record: OnceLock<Option<Arc<Record>>>,
    next: OnceLock<Box<Recorded>>,
}

/// Time and group of an event, which a recorder adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) timestamp: Timestamp,
    pub(crate) fingerprint: Fingerprint,
}

/// The cell of an event, if it has one. For an event without a cell, for example one that a program
/// passes on itself, a record is made each time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RecordSlot<'a>(Option<&'a RecordCell>);

impl<'a> RecordSlot<'a> {
    pub(crate) const fn new(cell: &'a RecordCell) -> Self {
        Self(Some(cell))
    }

    /// Returns the slot itself if it has a cell, and one with `cell` otherwise.
    pub(in crate::event) fn or(self, cell: &'a RecordCell) -> Self {
        Self(self.0.or(Some(cell)))
    }

    /// Returns what one recorder made of the event; `stamp` runs if that is nothing so far.
    pub(in crate::event) fn recorded_by(
        self,
        recorder: usize,
        stamp: impl Fn() -> Stamp,
    ) -> Option<&'a Recorded> {
        let cell = self.0?;
        // Not inside `get_or_init`: functions of the user run in `stamp`, and may come back to the
        // event.
        let make = || Recorded::new(recorder, stamp());
        if cell.recorded.get().is_none() {
            let _ = cell.recorded.set(make());
        }
        let mut recorded = cell.recorded.get()?;
        while recorded.recorder != recorder {
            if recorded.next.get().is_none() {
                let _ = recorded.next.set(Box::new(make()));
            }
            recorded = recorded.next.get()?;
        }
        Some(recorded)
    }

    /// Returns the span in which the event happened; the program's hook runs once per event.
    pub(in crate::event) fn context(self) -> Option<Box<ErrorContext>> {
        let Some(cell) = self.0 else {
            return context::current();
        };
        if cell.context.get().is_none() {
            let _ = cell.context.set(context::current());
        }
        cell.context.get().cloned().flatten()
    }
}

impl Recorded {
    fn new(recorder: usize, stamp: Stamp) -> Self {
        Self {
            recorder,
            stamp,
            record: OnceLock::new(),
            next: OnceLock::new(),
        }
    }

    pub(in crate::event) const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Returns the record, which is made if it was not before.
    pub(in crate::event) fn record_or_make(
        &self,
        make: impl FnOnce(Stamp) -> Option<Arc<Record>>,
    ) -> Option<Arc<Record>> {
        if self.record.get().is_none() {
            let _ = self.record.set(make(self.stamp));
        }
        self.record()
    }

    /// Returns the record, if it is made already.
    pub(in crate::event) fn record(&self) -> Option<Arc<Record>> {
        self.record.get().cloned().flatten()
    }
}
