//! Events of notifications.

use super::{
    record::{Fingerprint, cell::RecordSlot},
    severity::Severity,
    shown::debug_with_names,
};
use crate::{error::ErrorId, named::named};

/// The outcome of a notification on one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotificationOutcome {
    /// The channel delivered it.
    Delivered,
    /// It was given up for now; the journal keeps it.
    Kept,
    /// It was given up, and there is no journal to keep it.
    Lost,
}

named! {
    /// Returns the outcome's name, for example `delivered`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::event::NotificationOutcome::Kept.name(), "kept");
    /// ```
    NotificationOutcome {
        Delivered = "delivered",
        Kept = "kept",
        Lost = "lost",
    }
}

/// A notification that a channel delivered, or that was given up; its texts are fit for a log.
///
/// It is usually emitted on the thread of the channel, and never leads to another notification.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct NotificationEvent<'a> {
    /// The notification's own identity: the same on each channel, and when it is delivered again.
    pub id: ErrorId,
    /// What kind of notification it is, for example `error` or `recovery`.
    pub kind: &'static str,
    /// The name of the channel.
    pub channel: &'a str,
    /// The name of the rule that triggered it.
    pub rule: &'a str,
    /// The line that it is about.
    pub title: &'a str,
    /// How urgent it is.
    pub level: Severity,
    /// The group of the error, breaker, check or rule that it is about.
    pub fingerprint: Fingerprint,
    /// The error that it is about, where it is about one.
    pub error: Option<ErrorId>,
    /// How many occurrences were held back since the notification before it.
    pub suppressed: u64,
    /// The outcome.
    pub outcome: NotificationOutcome,
    /// Where observers find the event's record.
    pub(crate) record: RecordSlot<'a>,
}

debug_with_names!(NotificationEvent { channel, rule; id, kind, title, level, fingerprint, error, suppressed, outcome });
