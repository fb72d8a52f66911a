//! The log lines of alerting, and the standard error as their replacement.

use super::*;
use gardefou::{breaker::CircuitBreaker, event::names::TARGET_ALERT};
use gardefou_tests::testkit::{
    child,
    log::{Line, Listener, capture},
};
use std::{sync::Once, time::Duration};
use tracing::{Level, Metadata};

fn of_alerts(line: &Metadata<'_>) -> bool {
    line.target() == TARGET_ALERT && *line.level() <= Level::INFO
}

/// Installs a subscriber for the process, or the failures that tests cause would be printed between
/// their results. The child processes have only the log of their test.
pub(super) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        if !child::is_child() {
            Listener::new(of_alerts, drop).install();
        }
    });
}

/// Runs something and returns the lines about alerts that this thread logged.
pub(super) fn captured(run: impl FnOnce()) -> Vec<Line> {
    capture(of_alerts, run).1
}

#[test]
fn notifications_are_logged_without_a_configured_channel() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let alerts = start(config(&clock));
    let err = AppError::new(ErrorCode::SYNC_ERROR, "late");
    let lines = captured(|| {
        gardefou::report(&err);
        alerts.run();
    });
    let [line] = &lines[..] else {
        panic!("one line: {lines:?}")
    };
    assert_eq!(
        (line.level, line.message()),
        (Level::ERROR, "SYNC_ERROR: late")
    );
    let id = err.id().to_string();
    let expected = [
        ("notification.kind", "error"),
        ("severity", "error"),
        ("rule", "errors"),
        ("suppressed", "0"),
        ("error.id", &id),
    ];
    for (field, value) in expected {
        assert_eq!(line[field], value, "{field}: {lines:?}");
    }
    assert!(
        line.field("notification.id").is_some() && line.field("fingerprint").is_some(),
        "{lines:?}"
    );

    let circuit = CircuitBreaker::builder("in-the-log")
        .clock(clock.clone())
        .build()
        .unwrap();
    let lines = captured(|| {
        circuit.force_open();
        alerts.run();
        circuit.reset();
        alerts.run();
    });
    let received: Vec<_> = lines
        .iter()
        .map(|line| (line.level, line.message()))
        .collect();
    let (opened, closed) = (
        "circuit `in-the-log` opened: manual",
        "circuit `in-the-log` closed",
    );
    assert_eq!(received, [(Level::ERROR, opened), (Level::INFO, closed)]);
    assert!(lines[0].field("error.id").is_none(), "{lines:?}");
}

/// Alerts on a channel that refuses 20 notifications within 40 seconds, and one a minute after the first.
fn fail_twenty_times_and_once_more() {
    let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()).max_per_minute(10_000));
    let refused =
        || DeliveryError::permanent("400 from https://ann:hunter2@hooks/x\r\nforged: line");
    ops.fail_with((0..21).map(|_| refused()));
    let fail = || {
        report(ErrorCode::SYNC_ERROR, "late");
        alerts.run();
    };
    for _ in 0..20 {
        fail();
        clock.advance(Duration::from_secs(2));
    }
    clock.advance(Duration::from_secs(20));
    fail();
    assert_eq!(
        (alerts.status().channels[0].failed, ops.received()),
        (21, vec![])
    );
}

#[test]
fn failing_channel_is_logged_once_a_minute() {
    let _alone = alone();
    let lines = captured(fail_twenty_times_and_once_more);
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in lines {
        assert_eq!(
            (line.level, line["channel"].as_str()),
            (Level::ERROR, "ops")
        );
        assert_eq!(
            line.message(),
            "a notification could not be sent, and no journal keeps it"
        );
        assert!(line["error"].starts_with("400 from https://"), "{line:?}");
        assert!(!line["error"].contains("hunter2"), "{line:?}");
    }
}

#[test]
fn log_line_of_a_failed_delivery_has_its_consequence() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let _journal = delivery::ProcessJournal::new(&clock);
    let alerts = start(config(&clock).channel(ops.clone()).max_attempts(2));
    let messages_after = |error: DeliveryError| {
        clock.advance(Duration::from_secs(60));
        ops.fail_with([error]);
        let lines = captured(|| {
            report(ErrorCode::SYNC_ERROR, "late");
            alerts.run();
        });
        lines
            .into_iter()
            .map(|line| line.message().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        messages_after(DeliveryError::permanent("400")),
        ["a notification was refused; it is kept, but not sent again"]
    );
    assert_eq!(
        messages_after(DeliveryError::transient("503")),
        ["a notification could not be sent; it is tried again"]
    );
    // The second attempt of the same notification fails.
    assert_eq!(
        messages_after(DeliveryError::transient("503")),
        ["a notification could not be sent; it is kept for later"]
    );
}

/// Runs in a child process, whose standard error is read.
#[test]
fn child_with_a_failing_channel() {
    let Some([log]) = child::orders() else { return };
    match log.as_str() {
        "no log" => fail_twenty_times_and_once_more(),
        "a disabled log" => Listener::disabled().listen(fail_twenty_times_and_once_more),
        "a log" => assert_eq!(captured(fail_twenty_times_and_once_more).len(), 2),
        _ => unreachable!("no other log"),
    }
}

#[test]
fn failure_line_goes_to_the_standard_error_without_a_subscriber() {
    for (log, expected) in [("no log", 2), ("a disabled log", 2), ("a log", 0)] {
        let child = "log::child_with_a_failing_channel";
        let output = child::command(child, log).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{log}: {text}");
        let start = "gardefou: alert channel `ops`: a notification could not be sent, and no journal keeps it: 400 from";
        assert_eq!(
            text.lines().filter(|line| line.starts_with(start)).count(),
            expected,
            "{log}: {text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
    }
}
