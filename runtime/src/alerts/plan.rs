//! A notice that is due, and how it is worded.

use super::{Notice, NoticeKind, notice, throttle::Key};
use crate::{event::AlertLevel, monitor::ErrorRecord, time::Timestamp};
use std::{sync::Arc, time::Duration};

/// A notice that is due, not made yet.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) key: Key,
    pub(super) rule: String,
    pub(super) suppressed: u64,
    pub(super) escalated: bool,
    pub(super) content: Content,
}

/// What a notice says.
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
    },
    Health {
        check: String,
        from: Option<&'static str>,
        to: &'static str,
        output: Option<String>,
    },
    /// The interval of an earlier notice is over.
    Summary {
        last: Arc<Notice>,
    },
    /// What an earlier notice told of has stopped.
    Stopped {
        last: Arc<Notice>,
    },
    /// A rate or ratio is back in bounds.
    InBounds,
    Digest {
        titles: Vec<(String, u64)>,
        more: u64,
    },
}

impl Plan {
    /// What a digest says of it; the texts of errors are not at hand there.
    pub(super) fn title(&self) -> String {
        match &self.content {
            Content::Summary { last } | Content::Stopped { last } => last.title.clone(),
            Content::BreakerOpened { name, .. } => format!("circuit `{name}` opened"),
            Content::BreakerClosed { name } => format!("circuit `{name}` closed"),
            Content::Health { check, to, .. } => format!("health check `{check}`: {to}"),
            Content::Ratio { breaker, .. } => format!("`{breaker}` fails"),
            _ => format!("rule `{}`, group {}", self.rule, self.key.fingerprint),
        }
    }

    /// Makes the notice, of the error at hand where it is about one.
    pub(super) fn into_notice(self, record: Option<&ErrorRecord>, source: &str, timestamp: Timestamp) -> Notice {
        let level = self.key.level;
        let make = |kind, title: String| Notice::new(kind, level, &self.rule, &title);
        let mut notice = match self.content {
            Content::Error => {
                let title = |record: &ErrorRecord| format!("{}: {}", record.error_code, record.message);
                make(NoticeKind::Error, record.map(title).unwrap_or_default())
            }
            Content::Rate { count, window } => {
                make(NoticeKind::Rate, format!("{}: {count} errors within {window:?}", self.rule))
            }
            Content::Ratio { breaker, failed, calls, window } => {
                let title =
                    format!("{}: {failed} of {calls} calls through `{breaker}` failed in {window:?}", self.rule);
                make(NoticeKind::Ratio, title)
            }
            Content::BreakerOpened { name, reason, cause } => {
                let mut notice = make(NoticeKind::Breaker, format!("circuit `{name}` opened: {reason}"));
                notice.text = cause;
                notice
            }
            Content::BreakerClosed { name } => make(NoticeKind::Recovery, format!("circuit `{name}` closed")),
            Content::Health { check, from, to, output } => {
                let kind = if level == AlertLevel::Info { NoticeKind::Recovery } else { NoticeKind::Health };
                let from = from.map(|from| format!(" (was {from})")).unwrap_or_default();
                let mut notice = make(kind, format!("health check `{check}`: {to}{from}"));
                notice.text = output;
                notice
            }
            Content::Summary { last } => Notice { id: crate::error::ErrorId::new(), ..(*last).clone() },
            Content::Stopped { last } => make(NoticeKind::Recovery, format!("stopped: {}", last.title)),
            Content::InBounds => make(NoticeKind::Recovery, format!("{}: back in bounds", self.rule)),
            Content::Digest { titles, more } => {
                let total = titles.iter().map(|(_, count)| count).sum::<u64>() + more;
                let mut lines: Vec<String> = titles.iter().map(|(title, count)| format!("{count} x {title}")).collect();
                lines.extend((more > 0).then(|| format!("{more} x others")));
                let mut notice = make(NoticeKind::Digest, format!("{total} more notices within a minute"));
                notice.text = Some(lines.join("\n"));
                notice
            }
        };
        notice.error = record.cloned().or(notice.error);
        notice.source = notice::one_line(source, 100);
        notice.timestamp = timestamp;
        notice.fingerprint = self.key.fingerprint;
        notice.suppressed = self.suppressed;
        notice.escalated = self.escalated;
        notice
    }
}
