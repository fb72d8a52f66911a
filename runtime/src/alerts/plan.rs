//! The plan of a notification that is due, and its wording.

use super::{
    notification::{self, Notification, NotificationKind},
    published::{BREAKER, HEALTH, PASS, PublishedState, RULE},
};
use crate::{
    event::Severity,
    monitor::{ErrorRecord, Fingerprint},
    time::Timestamp,
};
use std::{sync::Arc, time::Duration};

/// The key under which notifications are throttled: the channel, the group and the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) channel: usize,
    pub(super) fingerprint: Fingerprint,
    pub(super) level: Severity,
}

/// A notification that is due, not made yet.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) key: Key,
    pub(super) rule: String,
    pub(super) suppressed: u64,
    /// How often the state changed since the last notification of it, this change included; 0 for an
    /// error.
    pub(super) changes: u64,
    pub(super) escalated: bool,
    /// It is about an occurrence of its own, and not only about those that were held back.
    pub(super) is_fresh: bool,
    /// It exceeds the limit of the minute: only its line in the digest is remembered.
    pub(super) in_digest: bool,
    /// The episode that it ends, where it is a recovery.
    pub(super) episode: Option<Episode>,
    /// The slots that wait for its settlement.
    pub(super) settles: Vec<Key>,
    /// The states that it publishes.
    pub(super) states: Vec<PublishedState>,
    pub(super) content: Content,
}

/// The problem that a recovery ends: how long it lasted, and how many occurrences it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Episode {
    pub(super) lasted: Duration,
    pub(super) occurrences: u64,
}

/// The content of a notification.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// The error at hand.
    Error,
    Rate {
        count: usize,
        window: Duration,
    },
    Ratio {
        breaker: String,
        failed: u64,
        calls: u64,
        window: Duration,
    },
    BreakerOpened {
        name: String,
        reason: &'static str,
        cause: Option<String>,
    },
    BreakerClosed {
        name: String,
        /// Calls that were rejected while it was open.
        rejected: u64,
    },
    Health {
        check: String,
        from: Option<&'static str>,
        to: &'static str,
        output: Option<String>,
    },
    /// The interval of an earlier notification is over.
    Summary {
        last: Arc<Notification>,
    },
    /// The error of an earlier notification has stopped.
    Stopped {
        last: Arc<Notification>,
    },
    /// A rate or ratio is back in bounds.
    InBounds,
    /// Notifications beyond the limit of a minute: a line and a count of each, and how many have no
    /// line.
    Digest {
        notifications: u64,
        lines: Vec<(String, u64)>,
        more: u64,
        /// How long notifications were muted, where that is the reason.
        muted: Option<Duration>,
    },
}

impl Content {
    /// Returns the content that stands for a restored state until the next observation.
    pub(super) fn from_published(state: PublishedState) -> Self {
        match state.of {
            BREAKER => Self::BreakerOpened {
                name: state.name,
                reason: "",
                cause: None,
            },
            HEALTH => Self::Health {
                check: state.name,
                from: None,
                to: state.state.name,
                output: None,
            },
            _ => Self::InBounds,
        }
    }

    /// Returns kind and name of the subject whose state it is about: the parts of the subject's
    /// fingerprint.
    pub(super) fn subject<'a>(&'a self, rule: &'a str) -> Option<(&'static str, &'a str)> {
        match self {
            Self::BreakerOpened { name, .. } | Self::BreakerClosed { name, .. } => {
                Some((BREAKER, name))
            }
            Self::Health { check, .. } => Some((HEALTH, check)),
            Self::Rate { .. } | Self::Ratio { .. } | Self::InBounds => Some((RULE, rule)),
            Self::Error | Self::Summary { .. } | Self::Stopped { .. } | Self::Digest { .. } => None,
        }
    }

    /// Returns the line of a digest.
    pub(super) fn line(&self, rule: &str) -> String {
        match self {
            Self::Summary { last } => last.line(),
            Self::Stopped { last } => format!("stopped: {}", last.line()),
            Self::BreakerOpened { name, .. } => format!("circuit `{name}` opened"),
            Self::BreakerClosed { name, .. } => format!("circuit `{name}` closed"),
            Self::Health { check, to, .. } => format!("health check `{check}`: {to}"),
            Self::Rate { count, window } => format!("{rule}: {count} errors within {window:?}"),
            Self::Ratio { breaker, .. } => format!("{rule}: `{breaker}` fails"),
            Self::InBounds => format!("{rule}: back in bounds"),
            Self::Error | Self::Digest { .. } => format!("rule `{rule}`"),
        }
    }
}

impl Plan {
    pub(super) fn new(key: Key, rule: String, content: Content) -> Self {
        Self {
            key,
            rule,
            suppressed: 0,
            changes: 0,
            escalated: false,
            is_fresh: true,
            in_digest: false,
            episode: None,
            settles: vec![key],
            states: Vec::new(),
            content,
        }
    }

    /// Returns the line of a digest, for an error without its text.
    pub(super) fn line(&self) -> String {
        self.content.line(&self.rule)
    }

    /// Makes the notification that a slot remembers of an error in a digest: no more than its line.
    pub(super) fn into_line(self, record: Option<&ErrorRecord>) -> Notification {
        let line = record.map_or_else(|| self.line(), notification::line_of);
        Notification::new(NotificationKind::Error, self.key.level, &self.rule, &line)
    }

    /// Makes the notification; `record` is the error at hand, where it is about one.
    pub(super) fn into_notification(
        self,
        record: Option<&ErrorRecord>,
        source: &str,
        timestamp: Timestamp,
    ) -> Notification {
        let (rule, mut error) = (self.rule, None);
        let (kind, title, text) = match self.content {
            Content::Error => {
                let title = record.map(|it| format!("{}: {}", it.error_code, it.message));
                (NotificationKind::Error, title.unwrap_or_default(), None)
            }
            Content::Rate { count, window } => {
                let title = format!("{rule}: {count} errors within {window:?}");
                (NotificationKind::Rate, title, None)
            }
            Content::Ratio {
                breaker,
                failed,
                calls,
                window,
            } => {
                let title = format!(
                    "{rule}: {failed} of {calls} calls through `{breaker}` failed in {window:?}"
                );
                (NotificationKind::Ratio, title, None)
            }
            Content::BreakerOpened {
                name,
                reason,
                cause,
            } => {
                let title = format!("circuit `{name}` opened: {reason}");
                (NotificationKind::Breaker, title, cause)
            }
            Content::BreakerClosed { name, rejected } => {
                let text = (rejected > 0).then(|| format!("rejected calls: {rejected}"));
                let title = format!("circuit `{name}` closed");
                (NotificationKind::Recovery, title, text)
            }
            Content::Health {
                check,
                from,
                to,
                output,
            } => {
                // By the status, since the level info does not make a failing check a recovery.
                let kind = match to {
                    PASS => NotificationKind::Recovery,
                    _ => NotificationKind::Health,
                };
                let from = from.map(|from| format!(" (was {from})"));
                let from = from.unwrap_or_default();
                (kind, format!("health check `{check}`: {to}{from}"), output)
            }
            Content::Summary { last } => {
                error.clone_from(&last.error);
                (last.kind, last.title.clone(), last.text.clone())
            }
            Content::Stopped { last } => {
                let title = format!("stopped: {}", last.title);
                (NotificationKind::Recovery, title, None)
            }
            Content::InBounds => {
                let title = format!("{rule}: back in bounds");
                (NotificationKind::Recovery, title, None)
            }
            Content::Digest {
                notifications,
                lines,
                more,
                muted,
            } => {
                let occurrences = lines.iter().map(|(_, count)| count).sum::<u64>() + more;
                let of = match occurrences > notifications {
                    true => format!(", of {occurrences} occurrences"),
                    false => String::new(),
                };
                let lines = lines
                    .iter()
                    .map(|(line, count)| format!("{count} x {line}"));
                let more = (more > 0).then(|| format!("{more} x others"));
                let text = lines.chain(more).collect::<Vec<_>>().join("\n");
                let title = match muted {
                    Some(time) => {
                        let plural = if notifications == 1 { "" } else { "s" };
                        format!(
                            "muted for {}: {notifications} notification{plural} held back{of}",
                            notification::in_words(time)
                        )
                    }
                    None => format!("{notifications} more notifications within a minute{of}"),
                };
                (NotificationKind::Digest, title, Some(text))
            }
        };
        let mut notification = Notification {
            source: notification::one_line(source, 100),
            timestamp,
            fingerprint: self.key.fingerprint,
            suppressed: self.suppressed,
            escalated: self.escalated,
            duration: self.episode.map(|episode| episode.lasted),
            occurrences: self.episode.map(|episode| episode.occurrences),
            text,
            error: record.cloned().or(error),
            ..Notification::new(kind, self.key.level, &rule, &title)
        };
        if self.changes > 1 {
            let title = notification::one_line(&notification.title, 160);
            notification.title = format!(
                "{title}; {} changes since the last notification",
                self.changes
            );
        }
        notification
    }
}
