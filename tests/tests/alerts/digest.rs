//! Digests and summaries of held-back occurrences.

use super::*;
use gardefou::{alerts::NotificationKind, event::Severity};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_secs(300);

/// The lines of the one digest among the notifications.
fn lines(notifications: &[Notification]) -> Vec<String> {
    let [digest] = notifications else {
        panic!("one notification: {notifications:?}")
    };
    assert_eq!(digest.kind, NotificationKind::Digest);
    digest
        .text
        .as_ref()
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn digest_counts_held_back_occurrences_and_names_the_error() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()).max_per_minute(1));
    report(ErrorCode::SYNC_ERROR, "first");
    let fail = |i| {
        let text = format!("table {i} of postgres://ann:hunter2@db is gone\n");
        let failed: gardefou::Result<()> = gardefou::boundary::error_boundary("pay", || {
            Err(AppError::new(ErrorCode::DB_QUERY_ERROR, text))
        });
        assert!(failed.is_err());
    };
    (0..51).for_each(fail);
    alerts.run();
    assert_eq!(ops.received(), one("SYNC_ERROR: first"));
    clock.advance(MINUTE);
    alerts.run();
    let notifications = ops.take();
    assert_eq!(
        notifications[0].title,
        "1 more notifications within a minute, of 51 occurrences"
    );
    assert_eq!(notifications[0].level, Severity::Error);
    let lines = lines(&notifications);
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].starts_with("51 x DB_QUERY_ERROR in `pay`: table 0 of postgres://"),
        "{lines:?}"
    );
    assert!(!lines[0].contains("hunter2"));

    // The digest was its notification: the interval has begun, and ends with a summary.
    (0..7).for_each(fail);
    clock.advance(INTERVAL);
    alerts.run();
    let [notification] = &ops.take()[..] else {
        panic!("one summary")
    };
    assert_eq!(
        (notification.kind, notification.suppressed),
        (NotificationKind::Error, 7)
    );
    assert!(
        notification
            .title
            .starts_with("DB_QUERY_ERROR in `pay`: table 0"),
        "{}",
        notification.title
    );
}

#[test]
fn message_of_any_length_is_one_line_of_a_digest() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()).max_per_minute(1));
    report(ErrorCode::SYNC_ERROR, "first");
    report(ErrorCode::DB_QUERY_ERROR, &"long\n".repeat(10_000));
    clock.advance(MINUTE);
    alerts.run();
    let notifications = ops.take();
    let lines = lines(&notifications[1..]);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].chars().count() <= 210, "{lines:?}");
}

#[test]
fn undelivered_digest_begins_no_interval() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()).max_per_minute(1));
    report(ErrorCode::SYNC_ERROR, "first");
    (0..5).for_each(|_| report(ErrorCode::DB_QUERY_ERROR, "gone"));
    alerts.run();
    ops.fail_with([DeliveryError::permanent("400")]);
    clock.advance(MINUTE);
    alerts.run();
    assert_eq!(ops.received(), one("SYNC_ERROR: first"));
    clock.advance(MINUTE);
    report(ErrorCode::DB_QUERY_ERROR, "still gone");
    alerts.run();
    assert_eq!(
        ops.received(),
        [("DB_QUERY_ERROR: still gone".to_owned(), 4)]
    );
}

#[test]
fn shutdown_sends_a_summary_of_held_back_occurrences() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    (0..50).for_each(|_| report(ErrorCode::CONFIG_ERROR, "bad"));
    alerts.run();
    assert_eq!(ops.received(), one("CONFIG_ERROR: bad"));
    let flushed = alerts.shutdown(Duration::from_secs(1));
    assert!(flushed.in_time);
    assert_eq!(ops.received(), [("CONFIG_ERROR: bad".to_owned(), 49)]);
}

#[test]
fn shutdown_sends_many_groups_within_the_limit_of_a_minute() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()).max_per_minute(3));
    let report_all = |times| {
        for code in ErrorCode::STANDARD {
            (0..times).for_each(|_| report(*code, "bad"));
        }
    };
    report_all(1);
    alerts.run();
    clock.advance(MINUTE);
    alerts.run();
    ops.take();
    report_all(10);
    alerts.shutdown(Duration::from_secs(1));
    let notifications = ops.take();
    // A digest of the running minute counts as one.
    assert!(notifications.len() <= 4, "{notifications:?}");
    let summaries: u64 = notifications
        .iter()
        .map(|notification| notification.suppressed)
        .sum();
    let count = |line: &str| line.split(' ').next().unwrap().parse::<u64>().unwrap();
    let in_digests: u64 = notifications
        .iter()
        .filter_map(|notification| notification.text.as_ref())
        .flat_map(|t| t.lines())
        .map(count)
        .sum();
    assert_eq!(
        summaries + in_digests,
        10 * ErrorCode::STANDARD.len() as u64
    );
}
