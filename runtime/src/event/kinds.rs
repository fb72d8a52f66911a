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
    pub(super) fn slot(&self) -> RecordSlot<'a> {
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

    /// Returns the span in which the event happened.
    pub(crate) fn context(&self) -> Option<Box<ErrorContext>> {
        self.slot().context()
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
        *slot = slot.or(cell);
    }
}
