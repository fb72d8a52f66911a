use super::*;
use gardefou::{
    alerts::NotificationKind,
    breaker::CircuitBreaker,
    circuit_breakers,
    event::Severity,
    monitor::{ErrorMonitor, MonitorConfig},
};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn thousand_equal_errors_send_one_notification_at_once_and_one_summary() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    for i in 0..1000 {
        report(ErrorCode::DB_QUERY_ERROR, &format!("row {i}"));
    }
    alerts.run();
    assert_eq!(ops.received(), one("DB_QUERY_ERROR: row 0"));
    clock.advance(Duration::from_secs(299));
    alerts.run();
    assert_eq!(ops.received(), []);
    clock.advance(Duration::from_secs(1));
    alerts.run();
    assert_eq!(ops.received(), [("DB_QUERY_ERROR: row 0".to_owned(), 999)]);
    clock.advance(Duration::from_secs(300));
    alerts.run();
    assert_eq!(ops.received(), []);
    assert_eq!((alerts.status().sent, alerts.status().suppressed), (2, 999));
}

#[test]
fn rules_select_by_level_and_code_and_send_to_their_channels() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let (ops, pager) = (Recorder::new("ops"), Recorder::new("pager"));
    let rules = config(&clock)
        .channel(ops.clone())
        .channel(pager.clone())
        .rule(Rule::immediate("all").channel("ops"))
        .rule(
            Rule::immediate("disk")
                .code(ErrorCode::DB_WRITE_ERROR)
                .channel("pager"),
        )
        .rule(Rule::immediate("all again").channel("ops"));
    let alerts = start(rules);
    report(ErrorCode::SYNC_ERROR, "late");
    report(ErrorCode::DB_WRITE_ERROR, "full");
    gardefou::error_monitor().record_at(
        Severity::Warning,
        &AppError::new(ErrorCode::SYNC_ERROR, "a warning"),
    );
    alerts.run();
    assert_eq!(
        ops.received().len(),
        2,
        "one notification of each, although two rules want it"
    );
    assert_eq!(pager.received(), one("DB_WRITE_ERROR: full"));
    assert_eq!(alerts.status().suppressed, 0);
}

#[test]
fn rate_is_sent_when_it_is_reached_and_when_it_is_over() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(
        config(&clock)
            .channel(ops.clone())
            .rule(Rule::rate("storm", 3, MINUTE)),
    );
    report(ErrorCode::SYNC_ERROR, "1");
    clock.advance(Duration::from_secs(30));
    report(ErrorCode::SYNC_ERROR, "2");
    clock.advance(Duration::from_secs(30));
    report(ErrorCode::SYNC_ERROR, "3");
    alerts.run();
    assert_eq!(ops.received(), [], "the first one is a minute old");
    clock.advance(Duration::from_secs(10));
    report(ErrorCode::SYNC_ERROR, "4");
    alerts.run();
    let notifications = ops.take();
    assert_eq!(
        (notifications.len(), notifications[0].kind),
        (1, NotificationKind::Rate)
    );
    assert_eq!(notifications[0].title, "storm: 3 errors within 60s");
    let next = alerts.run().unwrap();
    clock.advance(MINUTE);
    assert!(next.as_nanos() <= 130_000_000_000);
    alerts.run();
    assert_eq!(ops.received(), one("storm: back in bounds"));
}

#[test]
fn ratio_needs_its_minimum_calls_and_is_sent_when_it_is_over() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let breaker = circuit_breakers()
        .get_or_create("ratio-test", |b| {
            b.failure_threshold(1000).clock(clock.clone())
        })
        .unwrap();
    let rule = Rule::ratio("payments fail", "ratio-test", 0.5, MINUTE).min_calls(10);
    let alerts = start(config(&clock).channel(ops.clone()).rule(rule));
    let calls = |successes: u32, failures: u32| {
        (0..successes).for_each(|_| breaker.try_acquire().unwrap().success());
        (0..failures).for_each(|_| breaker.try_acquire().unwrap().failure());
        clock.advance(Duration::from_secs(2));
        alerts.run();
    };
    calls(0, 0);
    calls(0, 9);
    assert_eq!(ops.received(), []);
    calls(0, 1);
    assert_eq!(
        ops.received(),
        one("payments fail: 10 of 10 calls through `ratio-test` failed in 60s")
    );
    calls(11, 0);
    assert_eq!(ops.received(), one("payments fail: back in bounds"));
}

#[test]
fn rates_of_operations_behind_an_open_circuit_are_inhibited_until_it_closes() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let rules = config(&clock)
        .channel(ops.clone())
        .rule(Rule::rate("storm", 3, MINUTE))
        .rule(Rule::breakers("circuits"));
    let alerts = start(rules);
    let payments = CircuitBreaker::builder("payments")
        .failure_threshold(1)
        .clock(clock.clone())
        .build()
        .unwrap();
    payments.try_acquire().unwrap().failure();
    alerts.run();
    assert_eq!(
        ops.received(),
        one("circuit `payments` opened: consecutive_failures")
    );
    for _ in 0..10 {
        let rejection = payments.try_acquire().unwrap_err();
        gardefou::report(&AppError::from(rejection));
    }
    alerts.run();
    assert_eq!((ops.received(), alerts.status().inhibited), (vec![], 10));

    clock.advance(MINUTE);
    payments.try_acquire().unwrap().success();
    alerts.run();
    assert_eq!(ops.received(), one("circuit `payments` closed"));
    (0..3).for_each(|_| report(ErrorCode::EXTERNAL_SERVICE_ERROR, "down"));
    alerts.run();
    assert_eq!(ops.received(), one("storm: 3 errors within 60s"));
}

#[test]
fn a_minute_with_too_many_notifications_ends_in_a_digest() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()).max_per_minute(3));
    // The codes are different problems.
    for (i, code) in ErrorCode::STANDARD.iter().enumerate() {
        report(*code, &format!("{i}"));
    }
    alerts.run();
    assert_eq!(ops.received().len(), 3);
    clock.advance(MINUTE);
    alerts.run();
    let notifications = ops.take();
    let rest = ErrorCode::STANDARD.len() - 3;
    assert_eq!(
        (notifications.len(), notifications[0].kind),
        (1, NotificationKind::Digest)
    );
    assert_eq!(
        notifications[0].title,
        format!("{rest} more notifications within a minute")
    );
    assert_eq!(
        notifications[0].text.as_ref().unwrap().lines().count(),
        rest
    );
}

#[test]
fn recovery_of_errors_is_sent_only_with_recovery_after() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let rule = Rule::immediate("errors").recovery_after(Duration::from_secs(900));
    let alerts = start(config(&clock).channel(ops.clone()).rule(rule));
    report(ErrorCode::SYNC_ERROR, "late");
    alerts.run();
    clock.advance(Duration::from_secs(899));
    alerts.run();
    assert_eq!(ops.received(), one("SYNC_ERROR: late"));
    clock.advance(Duration::from_secs(1));
    alerts.run();
    assert_eq!(ops.received(), one("stopped: SYNC_ERROR: late"));
}

#[test]
fn configuration_error_has_every_problem() {
    let clock = ManualClock::new();
    let err = config(&clock)
        .channel(Recorder::new("ops"))
        .channel(Recorder::new("ops"))
        .throttle(Duration::ZERO)
        .max_attempts(0)
        .rule(Rule::rate("r", 0, Duration::ZERO).channel("nowhere"))
        .rule(Rule::ratio("q", "b", f64::NAN, MINUTE))
        .build()
        .unwrap_err();
    let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    assert_eq!(
        fields,
        [
            "channel",
            "throttle",
            "max_attempts",
            "count",
            "window",
            "channel",
            "share"
        ]
    );
}

#[test]
fn name_of_a_channel_is_checked_with_the_configuration() {
    let build = |name| AlertsConfig::builder().channel(Recorder::new(name)).build();
    assert!(build("Betrieb Süd").is_ok());
    for name in ["", " ", "a\nb", &*"x".repeat(101).leak()] {
        let err = build(name).unwrap_err();
        assert_eq!(
            (err.field(), err.problems().count()),
            ("channel", 1),
            "{name}"
        );
    }
}

#[test]
fn setting_that_its_rule_would_ignore_is_an_error() {
    let fields = |rule: Rule| {
        let config = AlertsConfig::builder()
            .channel(Recorder::new("ops"))
            .rule(rule);
        let problems = config.build().err();
        problems.map_or(Vec::new(), |err| {
            err.problems()
                .map(|problem| problem.field)
                .collect::<Vec<_>>()
        })
    };
    let all = |rule: Rule| {
        rule.code(ErrorCode::SYNC_ERROR)
            .operation("load")
            .inhibited_by("payments")
            .only("payments")
            .min_calls(5)
            .recovery_after(MINUTE)
            .min_level(Severity::Warning)
            .channel("ops")
    };
    let of_errors = ["code", "operation", "inhibited_by"];
    assert_eq!(fields(all(Rule::immediate("r"))), ["only", "min_calls"]);
    assert_eq!(
        fields(all(Rule::rate("r", 3, MINUTE))),
        ["only", "min_calls", "recovery_after"]
    );
    assert_eq!(
        fields(all(Rule::ratio("r", "payments", 0.5, MINUTE))),
        [&of_errors[..], &["only", "recovery_after"]].concat()
    );
    for rule in [Rule::breakers("r"), Rule::health("r")] {
        let expected = [&of_errors[..], &["min_calls", "recovery_after"]].concat();
        assert_eq!(fields(all(rule)), expected);
    }
    let err = AlertsConfig::builder()
        .rule(Rule::health("checks").min_calls(5))
        .build()
        .unwrap_err();
    assert_eq!(
        err.to_string(),
        "`min_calls` = (set) (rule `checks`): must belong to a rule of ratios"
    );
}

/// Alerting calls a monitor's function under no lock of its own.
#[test]
fn grouping_of_a_monitor_may_report_an_error_itself() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let monitor = MonitorConfig::builder().fingerprint(|event| {
        if event.code == ErrorCode::SYNC_ERROR {
            report(ErrorCode::TIMEOUT_ERROR, "no group");
        }
        None
    });
    let monitor = ErrorMonitor::new(monitor.build().unwrap());
    let alerts = start(config(&clock).channel(ops.clone()).monitor(monitor));
    let (sender, reported) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        report(ErrorCode::SYNC_ERROR, "late");
        sender.send(()).unwrap();
    });
    let limit = Duration::from_secs(20);
    if reported.recv_timeout(limit).is_err() {
        // To stop it takes the lock that the other thread waits for.
        std::mem::forget(alerts);
        panic!("the error waits for itself");
    }
    alerts.run();
    let mut titles: Vec<_> = ops.received().into_iter().map(|(title, _)| title).collect();
    titles.sort();
    assert_eq!(titles, ["SYNC_ERROR: late", "TIMEOUT_ERROR: no group"]);
}

/// In the Python original an error silenced later ones of the same code and any level.
#[test]
fn error_does_not_silence_a_critical_one_of_the_same_code() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    let at = |level, text| {
        gardefou::error_monitor().record_at(level, &AppError::new(ErrorCode::DB_WRITE_ERROR, text));
    };
    at(Severity::Error, "disk nearly full");
    at(Severity::Error, "disk nearly full");
    at(Severity::Critical, "disk full");
    alerts.run();
    let titles: Vec<_> = ops.received().into_iter().map(|(title, _)| title).collect();
    assert_eq!(
        titles,
        [
            "DB_WRITE_ERROR: disk nearly full",
            "DB_WRITE_ERROR: disk full"
        ]
    );
    assert_eq!(alerts.status().suppressed, 1);
}

#[test]
fn flood_is_escalated_before_the_end_of_the_interval() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()).escalate_after(Some(10)));
    let mut received = Vec::new();
    for i in 0..500 {
        report(ErrorCode::DB_QUERY_ERROR, &format!("row {i}"));
        alerts.run();
        received.extend(
            ops.take()
                .into_iter()
                .map(|notification| (i, notification.suppressed, notification.escalated)),
        );
    }
    assert_eq!(received, [(0, 0, false), (10, 9, true), (110, 99, true)]);
    clock.advance(Duration::from_secs(300));
    alerts.run();
    let [rest] = &ops.take()[..] else {
        panic!("one summary")
    };
    assert_eq!((rest.suppressed, rest.escalated), (389, false));
}

/// Returns the notifications within a second, of a breaker whose first call comes after the rule was
/// set.
fn ratio_of(name: &str, calls: impl FnOnce(&ManualClock)) -> Vec<(String, u64)> {
    let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
    let rule = Rule::ratio("ratio", name, 0.5, Duration::from_secs(60));
    let alerts = start(config(&clock).channel(ops.clone()).rule(rule));
    calls(&clock);
    clock.advance(Duration::from_secs(2));
    alerts.run();
    ops.received()
}

fn fail_through(name: &str, clock: &ManualClock, failures: usize, successes: usize) {
    let breaker = circuit_breakers()
        .get_or_create(name, |b| {
            b.failure_threshold(1_000_000).clock(clock.clone())
        })
        .unwrap();
    (0..failures).for_each(|_| breaker.try_acquire().unwrap().failure());
    (0..successes).for_each(|_| breaker.try_acquire().unwrap().success());
}

#[test]
fn ratio_counts_the_first_calls_of_a_breaker_that_is_made_after_the_rule() {
    let _alone = alone();
    let sent = ratio_of("ratio-first", |clock| {
        fail_through("ratio-first", clock, 500, 0);
    });
    assert_eq!(
        sent,
        one("ratio: 500 of 500 calls through `ratio-first` failed in 60s")
    );
    // Calls before the rule was set do not count for it.
    let sent = ratio_of("ratio-first", |clock| {
        fail_through("ratio-first", clock, 0, 30);
    });
    assert_eq!(sent, []);
    let sent = ratio_of("ratio-first", |clock| {
        fail_through("ratio-first", clock, 40, 0);
    });
    assert_eq!(
        sent,
        one("ratio: 40 of 40 calls through `ratio-first` failed in 60s")
    );
}

#[test]
fn ratio_continues_when_its_breaker_is_removed_made_again_or_restored() {
    let (_alone, name) = (alone(), "ratio-again");
    let sent = ratio_of(name, |clock| {
        fail_through(name, clock, 500, 500);
        circuit_breakers().remove(name);
    });
    assert_eq!(
        sent,
        [],
        "what was counted between two looks is gone with it"
    );
    let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
    let rule = Rule::ratio("ratio", name, 0.5, Duration::from_secs(60));
    let alerts = start(config(&clock).channel(ops.clone()).rule(rule));
    let look = || {
        clock.advance(Duration::from_secs(2));
        alerts.run();
        ops.received()
    };
    fail_through(name, &clock, 10, 90);
    assert_eq!(look(), []);
    // More than before, and less.
    circuit_breakers().remove(name);
    fail_through(name, &clock, 100, 0);
    assert_eq!(
        look(),
        one("ratio: 110 of 200 calls through `ratio-again` failed in 60s")
    );
    circuit_breakers().remove(name);
    fail_through(name, &clock, 0, 50);
    assert_eq!(look(), one("ratio: back in bounds"));

    // Calls of the removed breaker are not in this window.
    let snapshot = {
        let earlier = CircuitBreaker::builder("earlier")
            .failure_threshold(1_000_000)
            .build()
            .unwrap();
        (0..10_000).for_each(|_| earlier.try_acquire().unwrap().failure());
        earlier.snapshot()
    };
    circuit_breakers().get(name).unwrap().restore(&snapshot);
    assert_eq!(look(), []);
}
