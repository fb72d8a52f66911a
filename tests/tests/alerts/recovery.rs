//! The last word about what recovers, and breaks again, is the truth.

use super::*;
use gardefou::{alerts::NoticeKind, event::AlertLevel};
use std::time::Duration;

#[test]
fn errors_that_stopped_are_told_so_long_after_the_last_one() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let rule = Rule::immediate("errors").recovery_after(Duration::from_secs(30));
    let alerts = start(config(&clock).channel(ops.clone()).rule(rule));
    report(ErrorCode::SYNC_ERROR, "late");
    alerts.run();
    clock.advance(Duration::from_secs(10));
    report(ErrorCode::SYNC_ERROR, "late again");
    assert!(alerts.run().unwrap().as_nanos() <= 40_000_000_000);
    assert_eq!(ops.told(), one("SYNC_ERROR: late"));
    clock.advance(Duration::from_secs(29));
    alerts.run();
    assert_eq!(ops.told(), []);
    clock.advance(Duration::from_secs(1));
    alerts.run();
    let [notice] = &ops.take()[..] else { panic!("one notice") };
    assert_eq!((notice.kind, notice.level), (NoticeKind::Recovery, AlertLevel::Info));
    assert_eq!((notice.title.as_str(), notice.suppressed), ("stopped: SYNC_ERROR: late", 1));
}

/// An error every 50 s counts as over after 30 s: told once in an interval, and its return at once.
#[test]
fn errors_that_come_and_go_are_over_once_in_an_interval() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let rule = Rule::immediate("errors").recovery_after(Duration::from_secs(30));
    let alerts = start(config(&clock).channel(ops.clone()).rule(rule));
    let mut told = Vec::new();
    for second in (0..600).step_by(10) {
        if second % 50 == 0 && second <= 250 {
            report(ErrorCode::SYNC_ERROR, "late");
        }
        alerts.run();
        told.extend(ops.take().into_iter().map(|notice| (second, notice.kind, notice.suppressed)));
        clock.advance(Duration::from_secs(10));
    }
    let (error, recovery) = (NoticeKind::Error, NoticeKind::Recovery);
    assert_eq!(told, [(0, error, 0), (30, recovery, 0), (50, error, 0), (330, recovery, 4)]);
}
