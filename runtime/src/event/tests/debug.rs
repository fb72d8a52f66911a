//! The `Debug` form of events.

use crate::event::{
    AuditEvent, AuditOutcome, BreakerEvent, BreakerEventKind, HealthEvent, NotificationEvent,
    NotificationOutcome, RecordSlot, RetryEvent, RetryEventKind, Severity, TransactionEvent,
    TransactionOutcome,
};
use std::time::Duration;

const NAME: &str = "https://ann:hunter2@db.example.com/";

#[test]
fn debug_of_events_hides_secrets_in_names() {
    let record = RecordSlot::default();
    let (level, elapsed) = (Severity::Info, Duration::ZERO);
    let all = [
        format!(
            "{:?}",
            BreakerEvent {
                key: None,
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
                suppressed: 0,
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
