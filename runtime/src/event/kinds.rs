//! The kinds of events.

use super::{
    audit::AuditEvent,
    breaker::BreakerEvent,
    error::ErrorEvent,
    health::HealthEvent,
    notification::NotificationEvent,
    record::{
        ErrorContext,
        cell::{RecordCell, RecordSlot},
    },
    retry::RetryEvent,
    transaction::TransactionEvent,
};

/// Something that happened.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A boundary or attribute reports an error; each error once, however many boundaries it
    /// crosses.
    Error(ErrorEvent<'a>),
    /// An error inside an attempt that another one may follow, when it is reported, and again when
    /// another one followed. If it stands after all, an [`Error`](Self::Error) follows.
    Provisional(ErrorEvent<'a>),
    /// A retry waits for another attempt, succeeded late, or gave up.
    Retry(RetryEvent<'a>),
    /// A health check changed its status.
    Health(HealthEvent<'a>),
    /// A transaction ended.
    Transaction(TransactionEvent<'a>),
    /// Something happened to a circuit breaker.
    Breaker(BreakerEvent<'a>),
    /// A sensitive operation began or ended.
    Audit(AuditEvent<'a>),
    /// A notification was delivered, or given up.
    Notification(NotificationEvent<'a>),
}

impl<'a> Event<'a> {
    /// Returns the place where observers find the event's record.
    pub(super) fn slot(mut self) -> RecordSlot<'a> {
        *self.slot_mut()
    }

    fn slot_mut(&mut self) -> &mut RecordSlot<'a> {
        match self {
            Self::Error(event) | Self::Provisional(event) => &mut event.record,
            Self::Retry(event) => &mut event.record,
            Self::Health(event) => &mut event.record,
            Self::Transaction(event) => &mut event.record,
            Self::Breaker(event) => &mut event.record,
            Self::Audit(event) => &mut event.record,
            Self::Notification(event) => &mut event.record,
        }
    }

    /// Returns the span in which the event happened.
    pub(crate) fn context(&self) -> Option<Box<ErrorContext>> {
        self.slot().context()
    }

    /// Gives the event a cell, unless it has one.
    pub(crate) fn share_record(&mut self, cell: &'a RecordCell) {
        let slot = self.slot_mut();
        *slot = slot.or(cell);
    }
}
