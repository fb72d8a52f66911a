//! Events: what happened, passed to observers.
//!
//! Policies and boundaries emit events; monitor, alerts, health and a user's metrics implement
//! [`Observer`] and [`subscribe`]. Without an observer, no event is built.

mod audit;
pub(crate) mod breaker;
mod bus;
pub(crate) mod depth;
mod error;
mod error_log;
mod health;
pub(crate) mod hook;
mod kinds;
mod log_level;
pub mod names;
mod notification;
pub(crate) mod pending;
pub(crate) mod record;
mod record_builder;
mod recorder;
#[cfg_attr(
    not(feature = "axum"),
    allow(dead_code, reason = "only servers make one")
)]
pub(crate) mod request;
pub(crate) mod retry;
mod severity;
mod shown;
mod stderr;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod transaction;

pub use audit::{AuditEvent, AuditOutcome};
pub use breaker::{BreakerEvent, BreakerEventKind};
pub use bus::{Observer, Subscription, subscribe};
pub use depth::dropped;
pub use error::ErrorEvent;
pub use health::HealthEvent;
pub use kinds::Event;
pub use log_level::{InvalidLogLevel, LogLevel};
pub use notification::{NotificationEvent, NotificationOutcome};
#[cfg(feature = "tracing-subscriber")]
pub use record::SpanFields;
pub use record::{
    ErrorContext, FINGERPRINT_DETAIL, Fingerprint, InvalidFingerprint, Origin, Record, RecordKind,
    RecordState, set_error_context,
};
pub use recorder::RecordAction;
pub use retry::{RetryEvent, RetryEventKind, StopReason};
pub use severity::{AlertLevel, Severity};
pub use transaction::{TransactionEvent, TransactionOutcome};

#[cfg(feature = "config")]
pub(crate) use audit::audit_configuration;
pub(crate) use audit::log_audit;
pub(crate) use breaker::{CircuitState, TransitionReason, log as log_breaker};
pub(crate) use bus::{Starter, emit, has_observers, publish_retry, start_observers};
#[cfg(all(feature = "monitor", feature = "tracing-subscriber"))]
pub(crate) use depth::is_in_event;
pub(crate) use error_log::log_error;
pub(crate) use health::log_health;
pub(crate) use record::cell::{RecordCell, RecordSlot};
#[cfg(all(feature = "monitor", feature = "tracing-subscriber"))]
pub(crate) use record::log_fields;
pub(crate) use recorder::{BeforeRecord, Hooks, Recorder, install as install_recorder};
pub(crate) use shown::{GuardName, Shown, ShownText, debug_with_names};
pub(crate) use stderr::to_stderr;
