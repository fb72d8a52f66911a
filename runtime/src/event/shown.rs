//! `Debug` of what carries the names of guards: a name that is made at run time may hold a secret.

use crate::error::redact;
use std::{fmt, ops::Deref};

/// A name as `Debug` may show it.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*redact::name(self.0), f)
    }
}

/// A text as `Debug` may show it.
pub(crate) struct ShownText<'a>(pub(crate) &'a str);

impl fmt::Debug for ShownText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*redact::text(self.0), f)
    }
}

/// A name that is kept, and that `Debug` may show.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct GuardName<T>(pub(crate) T);

impl<T: AsRef<str>> fmt::Debug for GuardName<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(self).fmt(f)
    }
}

impl<T: AsRef<str>> Deref for GuardName<T> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.as_ref()
    }
}

/// Implements `Debug` for a struct with a lifetime: these fields as names, those as they are.
macro_rules! debug_with_names {
    ($type:ident { $($name:ident),* ; $($field:ident),* }) => {
        impl std::fmt::Debug for $type<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))
                    $(.field(stringify!($name), &$crate::event::Shown(self.$name)))*
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use debug_with_names;

#[cfg(test)]
mod tests {
    use crate::event::{
        AuditEvent, AuditOutcome, BreakerEvent, BreakerEventKind, HealthEvent, NotificationEvent,
        NotificationOutcome, RecordSlot, RetryEvent, RetryEventKind, Severity, TransactionEvent,
        TransactionOutcome,
    };
    use std::time::Duration;

    const NAME: &str = "https://ann:hunter2@db.example.com/";

    #[test]
    fn no_event_shows_a_secret_in_a_name() {
        let record = RecordSlot::default();
        let (level, elapsed) = (Severity::Info, Duration::ZERO);
        let all = [
            format!(
                "{:?}",
                BreakerEvent {
                    name: NAME,
                    generation: 1,
                    shadow: false,
                    id: None,
                    kind: BreakerEventKind::Rejected { retry_after: None },
                    record,
                }
            ),
            format!(
                "{:?}",
                TransactionEvent {
                    operation: NAME,
                    component: "c",
                    outcome: TransactionOutcome::Committed,
                    elapsed: None,
                    compensations: 0,
                    failed_compensations: 0,
                    record,
                }
            ),
            format!(
                "{:?}",
                AuditEvent {
                    operation: NAME,
                    component: "c",
                    file: "f",
                    line: 1,
                    user: "u",
                    outcome: AuditOutcome::Started,
                    level,
                    elapsed: None,
                    code: None,
                    message: None,
                    record,
                }
            ),
            format!(
                "{:?}",
                HealthEvent {
                    check: NAME,
                    from: None,
                    to: "fail",
                    criticality: "critical",
                    level,
                    output: None,
                    record,
                }
            ),
            format!(
                "{:?}",
                RetryEvent {
                    name: NAME,
                    attempts: 1,
                    max_attempts: 2,
                    elapsed,
                    kind: RetryEventKind::Succeeded,
                    record,
                }
            ),
            format!(
                "{:?}",
                NotificationEvent {
                    id: crate::error::ErrorId::new(),
                    kind: "error",
                    channel: NAME,
                    rule: NAME,
                    title: "t",
                    level,
                    fingerprint: crate::event::Fingerprint::OTHER,
                    error: None,
                    outcome: NotificationOutcome::Lost,
                    record,
                }
            ),
        ];
        for text in all {
            assert!(
                text.contains("[redacted]@db.example.com") && !text.contains("hunter2"),
                "{text}"
            );
        }
    }
}
