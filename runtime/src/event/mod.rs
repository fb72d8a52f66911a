//! Events: what happened, passed to observers.
//!
//! Policies and boundaries emit events; monitor, alerts, health and a user's metrics implement
//! [`Observer`] and [`subscribe`]. Without an observer, no event is built.

mod audit;
pub(crate) mod breaker;
mod bus;
pub(crate) mod depth;
mod error;
mod health;
mod kinds;
mod level;
pub mod names;
mod notification;
pub(crate) mod pending;
pub(crate) mod record;
#[cfg_attr(
    not(feature = "axum"),
    allow(dead_code, reason = "only servers make one")
)]
pub(crate) mod request;
pub(crate) mod retry;
mod shown;
mod stderr;
pub(crate) mod text;
mod transaction;

pub use crate::error::ErrorRef;
pub use audit::{AuditEvent, AuditOutcome};
pub use breaker::{BreakerEvent, BreakerEventKind};
pub use bus::{Observer, Subscription, subscribe};
pub use depth::dropped;
pub use health::HealthEvent;
pub use kinds::{AlertLevel, ErrorEvent, Event, Severity};
pub use level::{InvalidLogLevel, LogLevel};
pub use notification::{NotificationEvent, NotificationOutcome};
#[cfg(feature = "tracing-subscriber")]
pub use record::SpanFields;
pub use record::{
    ErrorContext, Fingerprint, InvalidFingerprint, Origin, Record, RecordAction, RecordKind,
    RecordState,
};
pub use retry::{RetryEvent, RetryEventKind, StopReason};
pub use transaction::{TransactionEvent, TransactionOutcome};

pub(crate) use audit::log_audit;
pub(crate) use breaker::{CircuitState, TransitionReason, log as log_breaker};
pub(crate) use bus::{Starter, emit, is_heard, start_observers};
pub(crate) use error::log_error;
pub(crate) use health::log_health;
pub(crate) use record::{RecordCell, RecordSlot};
pub(crate) use shown::{GuardName, Shown, ShownText, debug_with_names};
pub(crate) use stderr::to_stderr;
