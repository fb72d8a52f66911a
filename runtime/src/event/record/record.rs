//! The record of an event.

use super::{context::ErrorContext, fingerprint::Fingerprint, origin::Origin};
use crate::{error::ErrorId, event::severity::Severity, named::named, time::Timestamp};
use serde_core::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};

/// An event as it is logged, kept and sent: owned, bounded, and without secrets.
///
/// It serialises as a map with the names of the fields; what is absent or empty is left out, and
/// `elapsed` is in seconds. Of the `context`, the keys are `span`, `trace_id` and `span_fields`; of
/// the `origin`, `service`, `release`, `environment` and `host`; of the `attempt`, `attempt` and
/// `max_attempts`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The kind of event.
    pub kind: RecordKind,
    /// The identity that log line, journal row, alert and answer share.
    pub id: ErrorId,
    /// The time of the event.
    pub timestamp: Timestamp,
    /// How urgent it is.
    pub level: Severity,
    /// The number of the error's code; 0 where the event has none.
    pub code: u32,
    /// The name of the error's code; empty where the event has none.
    pub error_code: String,
    /// The name of the error's type, as far as that is known: `AppError`, or the first word of the
    /// debug form of a foreign error.
    pub error_type: String,
    /// The message, of at most 4 KiB.
    pub message: String,
    /// The texts of the error's sources, outermost first; at most 16, of at most 1 KiB each.
    pub chain: Vec<String>,
    /// The details, of about 16 KiB at most; not kept in memory but in journals and alerts.
    pub details: Map<String, Value>,
    /// The function or boundary that reported it; the name of the breaker, retry or check for their
    /// events.
    pub operation: String,
    /// The module that the operation stands in.
    pub component: String,
    /// Where the error was made, for example `src/db.rs:12:5`, where that is known.
    pub location: Option<String>,
    /// How long the operation ran, where that was measured.
    pub elapsed: Option<Duration>,
    /// The group that it belongs to.
    pub fingerprint: Fingerprint,
    /// The span in which it was reported, where there was one.
    pub context: Option<Box<ErrorContext>>,
    /// The program that it comes from, where [`ErrorSystem`](crate::ErrorSystem) was initialised.
    pub origin: Option<Arc<Origin>>,
    /// Whether the error stands, or belongs to an attempt that may be or was followed by another
    /// one.
    pub state: RecordState,
    /// The attempt of a retry that it happened in, from 1, and how many there may be.
    pub attempt: Option<(u32, u32)>,
}

/// The state of the error of a record.
///
/// It serialises as the key `state`, which is left out for an [`Error`](Self::Error).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordState {
    /// The error stands: it is counted and brings notifications.
    #[default]
    Error,
    /// It happened in an attempt of a retry, and whether another attempt follows is not known yet.
    Pending,
    /// Another attempt followed the one that it happened in.
    Retried,
}

named! {
    /// Returns the state's name, for example `pending`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::event::RecordState::Retried.name(), "retried");
    /// ```
    RecordState {
        Error = "error",
        Pending = "pending",
        Retried = "retried",
    }
}

/// The kind of event that a record describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// An error.
    #[default]
    Error,
    /// A notification that was queued for a channel; its details hold it.
    Queued,
    /// A notification that could not be delivered; its details hold it.
    Undelivered,
    /// A queued or undelivered notification that needs no more attempts: it was delivered, or was
    /// refused for good. Its identity is that of the notification.
    Settled,
    /// A health check changed its status; its details have both.
    Health,
    /// A sensitive operation began or ended; its details have the user and the outcome.
    Audit,
    /// A circuit breaker changed its state; its details have both states and the reason, and of an
    /// opening that ended the number of calls that it rejected.
    Transition,
    /// A transaction was rolled back or cancelled; its details have the outcome of the
    /// compensations.
    Transaction,
    /// A policy rejected a call.
    Rejection,
    /// A retry scheduled another attempt, gave up, or succeeded after failed attempts.
    Retry,
    /// A notification was delivered, or given up.
    Notification,
}

named! {
    /// Returns the kind's name, for example `transition`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::event::RecordKind::Transition.name(), "transition");
    /// ```
    RecordKind {
        Error = "error",
        Queued = "queued",
        Undelivered = "undelivered",
        Settled = "settled",
        Health = "health",
        Audit = "audit",
        Transition = "transition",
        Transaction = "transaction",
        Rejection = "rejection",
        Retry = "retry",
        Notification = "notification",
    }
}

impl RecordKind {
    /// Returns the kind alone, as a slice.
    pub(crate) fn as_slice(self) -> &'static [Self] {
        let of_kind = Self::ALL.iter().find(|kind| **kind == self);
        of_kind.map_or(&[], std::slice::from_ref)
    }
}

impl Record {
    /// Returns `true` if a journal writes the record before [`append`] returns: records from a level
    /// on, audit records, errors that are not settled, and the fate of notifications.
    ///
    /// [`append`]: crate::monitor::journal::Journal::append
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let record = &monitor.stats().recent_errors[0];
    /// assert!(record.is_urgent(Severity::Error) && !record.is_urgent(Severity::Critical));
    /// ```
    #[must_use]
    pub fn is_urgent(&self, inline_level: Severity) -> bool {
        use RecordKind::{Audit, Queued, Settled, Undelivered};
        let is_urgent_kind = matches!(self.kind, Audit | Queued | Undelivered | Settled);
        self.level >= inline_level || is_urgent_kind || self.state == RecordState::Pending
    }

    /// Returns `true` if a journal may get two records with this identity and kind, which it joins:
    /// an error inside an attempt, until it is settled, and a transition, until it is over.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, RecordState}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let mut record = monitor.stats().recent_errors.remove(0);
    /// assert!(!record.is_joined());
    /// record.state = RecordState::Pending;
    /// assert!(record.is_joined());
    /// ```
    #[must_use]
    pub fn is_joined(&self) -> bool {
        match self.kind {
            RecordKind::Error => self.state != RecordState::Error || self.attempt.is_some(),
            RecordKind::Transition => true,
            _ => false,
        }
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("timestamp", &self.timestamp)?;
        map.serialize_entry("level", &self.level)?;
        map.serialize_entry("code", &self.code)?;
        map.serialize_entry("error_code", &self.error_code)?;
        map.serialize_entry("error_type", &self.error_type)?;
        map.serialize_entry("message", &self.message)?;
        if !self.chain.is_empty() {
            map.serialize_entry("chain", &self.chain)?;
        }
        if !self.details.is_empty() {
            map.serialize_entry("details", &self.details)?;
        }
        map.serialize_entry("operation", &self.operation)?;
        map.serialize_entry("component", &self.component)?;
        if let Some(location) = &self.location {
            map.serialize_entry("location", location)?;
        }
        if let Some(elapsed) = &self.elapsed {
            map.serialize_entry("elapsed", &elapsed.as_secs_f64())?;
        }
        // Not at the end: a line whose last brace was torn off must not end in another one.
        if let Some(context) = &self.context {
            if let Some(span) = &context.span {
                map.serialize_entry("span", span)?;
            }
            if let Some(id) = &context.trace_id {
                map.serialize_entry("trace_id", id)?;
            }
            if !context.fields.is_empty() {
                map.serialize_entry("span_fields", &context.fields)?;
            }
        }
        if let Some(origin) = &self.origin {
            for (key, value) in origin.entries() {
                map.serialize_entry(key, value)?;
            }
        }
        if self.state != RecordState::Error {
            map.serialize_entry("state", &self.state)?;
        }
        if let Some((attempt, max_attempts)) = self.attempt {
            map.serialize_entry("attempt", &attempt)?;
            map.serialize_entry("max_attempts", &max_attempts)?;
        }
        map.serialize_entry("fingerprint", &self.fingerprint)?;
        if self.kind != RecordKind::Error {
            map.serialize_entry("kind", &self.kind)?;
        }
        map.end()
    }
}
