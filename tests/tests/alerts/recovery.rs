//! Recovery: the last notification about a subject that fails and recovers is true.

use super::*;
use delivery::ProcessJournal;
use gardefou::{
    alerts::NotificationKind,
    breaker::CircuitBreaker,
    event::Severity,
    health::{Check, Health, HealthConfig},
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn recovery_is_sent_after_the_quiet_time_since_the_last_error() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let rule = Rule::immediate("errors").recovery_after(Duration::from_secs(30));
    let alerts = start(config(&clock).channel(ops.clone()).rule(rule));
    report(ErrorCode::SYNC_ERROR, "late");
    alerts.run();
    clock.advance(Duration::from_secs(10));
    report(ErrorCode::SYNC_ERROR, "late again");
    assert!(alerts.run().unwrap().as_nanos() <= 40_000_000_000);
    assert_eq!(ops.received(), one("SYNC_ERROR: late"));
    clock.advance(Duration::from_secs(29));
    alerts.run();
    assert_eq!(ops.received(), []);
    clock.advance(Duration::from_secs(1));
    alerts.run();
    let [notification] = &ops.take()[..] else {
        panic!("one notification")
    };
    assert_eq!(
        (notification.kind, notification.level),
        (NotificationKind::Recovery, Severity::Info)
    );
    assert_eq!(
        (notification.title.as_str(), notification.suppressed),
        ("stopped: SYNC_ERROR: late", 1)
    );
    assert_eq!(
        (notification.duration, notification.occurrences),
        (Some(Duration::from_secs(10)), Some(2))
    );
    assert!(
        notification
            .to_text()
            .contains("lasted: 10 s, occurrences: 2"),
        "{}",
        notification.to_text()
    );
    let json = serde_json::to_value(notification).unwrap();
    assert_eq!(
        (json["duration"].as_f64(), json["occurrences"].as_u64()),
        (Some(10.0), Some(2))
    );
    // The next error is a new problem.
    clock.advance(Duration::from_secs(600));
    report(ErrorCode::SYNC_ERROR, "late anew");
    alerts.run();
    clock.advance(Duration::from_secs(300));
    alerts.run();
    let notifications = ops.take();
    let last = notifications.last().unwrap();
    assert_eq!(
        (last.kind, last.duration, last.occurrences),
        (NotificationKind::Recovery, Some(Duration::ZERO), Some(1))
    );
}

#[test]
fn recovery_of_a_state_has_duration_and_totals() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let rate = Rule::rate("many", 3, MINUTE);
    let alerts = start(
        config(&clock)
            .channel(ops.clone())
            .rule(Rule::breakers("circuits"))
            .rule(rate),
    );
    let circuit = CircuitBreaker::builder("totals")
        .failure_threshold(1)
        .clock(clock.clone())
        .build()
        .unwrap();
    circuit.try_acquire().unwrap().failure();
    alerts.run();
    assert_eq!(ops.received().len(), 1);
    for _ in 0..2 {
        // Rejected twice in each of two openings.
        assert!(circuit.try_acquire().is_err() && circuit.try_acquire().is_err());
        clock.advance(Duration::from_secs(3600));
        circuit.try_acquire().unwrap().failure();
    }
    clock.advance(Duration::from_secs(3600));
    circuit.try_acquire().unwrap().success();
    alerts.run();
    let closed = ops.take().remove(0);
    assert_eq!(
        (closed.kind, closed.title.as_str()),
        (NotificationKind::Recovery, "circuit `totals` closed")
    );
    assert_eq!(
        (closed.duration, closed.occurrences),
        (Some(Duration::from_secs(3 * 3600)), Some(1))
    );
    assert!(
        closed.to_text().contains("rejected calls: 4"),
        "{}",
        closed.to_text()
    );

    for _ in 0..5 {
        report(ErrorCode::SYNC_ERROR, "late");
        alerts.run();
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(
        ops.take().remove(0).duration,
        None,
        "only a recovery has one"
    );
    clock.advance(Duration::from_secs(120));
    alerts.run();
    let calm = ops.take().remove(0);
    assert_eq!(
        (calm.title.as_str(), calm.occurrences),
        ("many: back in bounds", Some(5))
    );
    assert_eq!(calm.duration, Some(Duration::from_secs(123)));
}

/// A receiver that never had the notification needs no recovery; a receiver that gets it later does.
#[test]
fn channel_that_refused_the_notification_gets_no_recovery() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(
        config(&clock)
            .channel(ops.clone())
            .rule(Rule::rate("many", 2, MINUTE)),
    );
    let refused = |count: usize| ops.fail_with((0..count).map(|_| DeliveryError::permanent("400")));
    let burst = || {
        (0..2).for_each(|_| report(ErrorCode::SYNC_ERROR, "late"));
        alerts.run();
        clock.advance(Duration::from_secs(61));
        alerts.run();
        clock.advance(Duration::from_secs(600));
        alerts.run();
        ops.failures.lock().unwrap().clear();
        ops.take()
            .into_iter()
            .map(|notification| (notification.kind, notification.suppressed))
            .collect::<Vec<_>>()
    };
    refused(1);
    assert_eq!(burst(), []);
    // The next notification starts anew.
    assert_eq!(
        burst(),
        [(NotificationKind::Rate, 0), (NotificationKind::Recovery, 0)]
    );
    // The last notification was a recovery: no other is due.
    refused(1);
    assert_eq!(burst(), []);
    assert_eq!(
        burst(),
        [(NotificationKind::Rate, 0), (NotificationKind::Recovery, 0)]
    );
}

/// The state recovers while the notification is still being tried.
#[test]
fn recovery_is_not_sent_if_the_notification_under_way_is_lost() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(
        config(&clock)
            .channel(ops.clone())
            .rule(Rule::breakers("circuits"))
            .max_attempts(2),
    );
    let flapping = Flapping::new("unknown", &clock);
    ops.fail_with([
        DeliveryError::transient("503"),
        DeliveryError::transient("503"),
    ]);
    flapping.circuit_alone(false);
    alerts.run();
    flapping.circuit_alone(true);
    for _ in 0..10 {
        clock.advance(MINUTE);
        alerts.run();
    }
    assert_eq!((ops.received(), alerts.status().lost), (vec![], 1));
    flapping.circuit_alone(false);
    alerts.run();
    assert_eq!(ops.received(), one("circuit `unknown` opened: manual"));
}

/// An error every 50 s counts as over after 30 s: the recovery is sent once in an interval, the next
/// error at once.
#[test]
fn flapping_errors_recover_once_in_an_interval() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let rule = Rule::immediate("errors").recovery_after(Duration::from_secs(30));
    let alerts = start(config(&clock).channel(ops.clone()).rule(rule));
    let mut received = Vec::new();
    for second in (0..600).step_by(10) {
        if second % 50 == 0 && second <= 250 {
            report(ErrorCode::SYNC_ERROR, "late");
        }
        alerts.run();
        received.extend(
            ops.take()
                .into_iter()
                .map(|notification| (second, notification.kind, notification.suppressed)),
        );
        clock.advance(Duration::from_secs(10));
    }
    let (error, recovery) = (NotificationKind::Error, NotificationKind::Recovery);
    assert_eq!(
        received,
        [
            (0, error, 0),
            (30, recovery, 0),
            (50, error, 0),
            (330, recovery, 4)
        ]
    );
}

/// A health check whose result the test sets, and a circuit breaker of the same state.
struct Flapping {
    is_well: Arc<AtomicBool>,
    health: Health,
    circuit: CircuitBreaker,
}

impl Flapping {
    fn new(name: &str, clock: &ManualClock) -> Self {
        let is_well = Arc::new(AtomicBool::new(true));
        let config = HealthConfig::builder()
            .failure_threshold(1)
            .background(false)
            .clock(clock.clone());
        let health = Health::new(config.build().unwrap());
        let result = Arc::clone(&is_well);
        health
            .register(Check::dependency(name, move || result.load(Ordering::SeqCst)).critical())
            .unwrap();
        let circuit = CircuitBreaker::builder(name)
            .clock(clock.clone())
            .build()
            .unwrap();
        Self {
            is_well,
            health,
            circuit,
        }
    }

    fn set(&self, is_well: bool) {
        self.is_well.store(is_well, Ordering::SeqCst);
        let _ = self.health.run_all_checks();
        self.circuit_alone(is_well);
    }

    fn circuit_alone(&self, is_well: bool) {
        match is_well {
            true => self.circuit.reset(),
            false => self.circuit.force_open(),
        }
    }
}

/// Returns the notifications, each with its second, while a subject is well or not by a script of
/// seconds.
fn received_during(
    config: AlertsConfigBuilder,
    clock: &ManualClock,
    ops: &Recorder,
    script: &[(u64, bool)],
    until: u64,
) -> Vec<(u64, String, u64)> {
    let alerts = start(config.channel(ops.clone()));
    let flapping = Flapping::new("flapping", clock);
    let mut received = Vec::new();
    for second in (0..until).step_by(10) {
        for (_, is_well) in script.iter().filter(|(at, _)| *at == second) {
            flapping.set(*is_well);
        }
        alerts.run();
        received.extend(
            ops.received()
                .into_iter()
                .map(|(title, held_back)| (second, title, held_back)),
        );
        clock.advance(Duration::from_secs(10));
    }
    received
}

const FLAPS: [(u64, bool); 6] = [
    (0, true),
    (10, false),
    (20, true),
    (30, false),
    (40, true),
    (50, false),
];

#[test]
fn last_notification_of_a_flapping_check_that_stays_failed_is_the_failure() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let received = received_during(
        config(&clock).rule(Rule::health("checks")),
        &clock,
        &ops,
        &FLAPS,
        1000,
    );
    let expected = [
        (10, "health check `flapping`: fail (was pass)", 0),
        (20, "health check `flapping`: pass (was fail)", 0),
        (30, "health check `flapping`: fail (was pass)", 0),
        (
            330,
            "health check `flapping`: fail (was pass); 2 changes since the last notification",
            2,
        ),
    ];
    assert_eq!(
        received,
        expected.map(|(second, title, held_back)| (second, title.to_owned(), held_back))
    );
}

#[test]
fn last_notification_of_a_flapping_circuit_that_stays_open_is_the_opening() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let received = received_during(
        config(&clock).rule(Rule::breakers("circuits")),
        &clock,
        &ops,
        &FLAPS,
        1000,
    );
    let expected = [
        (10, "circuit `flapping` opened: manual", 0),
        (20, "circuit `flapping` closed", 0),
        (30, "circuit `flapping` opened: manual", 0),
        (
            330,
            "circuit `flapping` opened: manual; 2 changes since the last notification",
            2,
        ),
    ];
    assert_eq!(
        received,
        expected.map(|(second, title, held_back)| (second, title.to_owned(), held_back))
    );
}

#[test]
fn flapping_circuit_sends_at_most_three_notifications_per_interval() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let mut script: Vec<_> = (0..300).map(|i| (10 * i, i % 2 == 1)).collect();
    script.extend([(3000, false), (3010, true)]);
    let received = received_during(
        config(&clock).rule(Rule::breakers("circuits")),
        &clock,
        &ops,
        &script,
        4000,
    );
    assert!(received.len() <= 31, "{received:?}");
    let changes: u64 = received.iter().map(|(_, title, _)| changes(title)).sum();
    assert_eq!(
        changes, 302,
        "each change is received or counted: {received:?}"
    );
    let (second, last, _) = received.last().unwrap();
    assert!(
        last.starts_with("circuit `flapping` closed") && *second <= 3300,
        "{last}"
    );
}

/// Returns the number of changes in a title.
fn changes(title: &str) -> u64 {
    title.split_once("; ").map_or(1, |(_, rest)| {
        rest.split(' ').next().unwrap().parse().unwrap()
    })
}

#[test]
fn last_notification_is_the_present_state_after_any_history() {
    let _alone = alone();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..40 {
        let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
        let mut script = Vec::new();
        for second in (0..1500).step_by(10) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            if random.is_multiple_of(2 + round % 7) {
                script.push((second, random & 0x1_0000 == 0));
            }
        }
        // Some notifications are not delivered, and there is no journal to keep them.
        ops.fail_with((0..random % 4).map(|_| DeliveryError::permanent("400")));
        let rules = config(&clock).rule(Rule::breakers("circuits"));
        let received = received_during(rules, &clock, &ops, &script, 3000);
        let mut is_open = false;
        for (_, is_well) in &script {
            is_open = !is_well;
        }
        let last = received
            .last()
            .map(|(_, title, _)| title.contains("opened"));
        assert_eq!(
            last.unwrap_or(false),
            is_open,
            "round {round}: {script:?} {received:?}"
        );
        // The last notification is good while the state is bad for an interval and an attempt at most.
        for pair in received.windows(2) {
            let [(at, title, _), (next, ..)] = pair else {
                unreachable!()
            };
            let opened = script
                .iter()
                .find(|(second, is_well)| *second > *at && !is_well);
            if title.contains("closed")
                && let Some((second, _)) = opened
            {
                assert!(
                    *next <= second + 310,
                    "round {round}: {script:?} {received:?}"
                );
            }
        }
    }
}

#[test]
fn change_during_a_delivery_is_sent_after_it() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    let flapping = Flapping::new("under-way", &clock);
    (0..5).for_each(|_| {
        [false, true]
            .into_iter()
            .for_each(|is_well| flapping.circuit_alone(is_well));
    });
    alerts.run();
    assert_eq!(
        ops.received(),
        [
            ("circuit `under-way` opened: manual".to_owned(), 0),
            (
                "circuit `under-way` closed; 9 changes since the last notification".to_owned(),
                9
            )
        ]
    );
}

/// Otherwise a flush after a circuit opened and closed would have sent the opening only.
#[test]
fn flush_waits_for_the_notification_after_the_one_under_way() {
    let (_alone, clock) = (alone(), ManualClock::new());
    for _ in 0..50 {
        let ops = Recorder::new("ops");
        let alerts = start(AlertsConfig::builder().channel(ops.clone()));
        let flapping = Flapping::new("flushed", &clock);
        flapping.circuit_alone(false);
        flapping.circuit_alone(true);
        assert!(alerts.flush(Duration::from_secs(60)).in_time);
        let received: Vec<_> = ops.received().into_iter().map(|(title, _)| title).collect();
        assert_eq!(received.len(), 2, "{received:?}");
        assert!(
            received[1].starts_with("circuit `flushed` closed"),
            "{received:?}"
        );
    }
}

#[test]
fn shutdown_sends_the_state_that_was_held_back() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    let flapping = Flapping::new("shutdown", &clock);
    for is_well in [false, true, false, true] {
        flapping.circuit_alone(is_well);
        alerts.run();
    }
    assert_eq!(ops.received().len(), 3);
    alerts.shutdown(Duration::from_secs(1));
    assert_eq!(
        ops.received(),
        [("circuit `shutdown` closed".to_owned(), 1)]
    );
}

#[test]
fn digest_has_the_state_at_its_own_time() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()).max_per_minute(1));
    report(ErrorCode::SYNC_ERROR, "first");
    let flapping = Flapping::new("digest", &clock);
    [false, true]
        .into_iter()
        .for_each(|is_well| flapping.circuit_alone(is_well));
    alerts.run();
    assert_eq!(ops.received(), one("SYNC_ERROR: first"));
    clock.advance(Duration::from_secs(60));
    alerts.run();
    assert_eq!(
        ops.take()[0].text.as_deref(),
        Some("2 x circuit `digest` closed")
    );
    clock.advance(Duration::from_secs(60));
    flapping.circuit_alone(false);
    alerts.run();
    assert_eq!(ops.received(), one("circuit `digest` opened: manual"));
}

/// Without any other event, a bad state that was never delivered is tried again after an interval.
#[test]
fn state_of_a_lost_notification_is_sent_after_an_interval() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    ops.fail_with([
        DeliveryError::permanent("400"),
        DeliveryError::permanent("400"),
    ]);
    let rules = config(&clock).rule(Rule::breakers("circuits"));
    let received = received_during(rules, &clock, &ops, &[(10, false)], 1000);
    assert_eq!(
        received,
        [(610, "circuit `flapping` opened: manual".to_owned(), 0)]
    );
}

#[test]
fn rule_with_a_minimum_level_sends_no_recoveries() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let rules = config(&clock).rule(Rule::breakers("circuits").min_level(Severity::Error));
    let received = received_during(
        rules,
        &clock,
        &ops,
        &[
            (0, false),
            (10, true),
            (20, false),
            (30, true),
            (600, false),
        ],
        1000,
    );
    let opened = "circuit `flapping` opened: manual";
    assert_eq!(
        received,
        [
            (0, opened.to_owned(), 0),
            (
                600,
                format!("{opened}; 4 changes since the last notification"),
                1
            )
        ]
    );
}

#[test]
fn state_of_an_earlier_time_is_marked_as_late() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let ops = Recorder::new("ops");
    let alerts = start(config(&clock).channel(ops.clone()).max_attempts(1));
    let flapping = Flapping::new("late", &clock);
    ops.fail_with([DeliveryError::transient("503")]);
    flapping.circuit_alone(false);
    alerts.run();
    flapping.circuit_alone(true);
    alerts.run();
    let titles: Vec<_> = ops.received().into_iter().map(|(title, _)| title).collect();
    assert_eq!(
        titles,
        [
            "circuit `late` closed; 2 changes since the last notification",
            "late: circuit `late` opened: manual"
        ]
    );
}

#[test]
fn failed_probe_is_no_second_opening() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(
        config(&clock)
            .channel(ops.clone())
            .rule(Rule::breakers("circuits"))
            .throttle(MINUTE),
    );
    let circuit = CircuitBreaker::builder("probed")
        .failure_threshold(1)
        .clock(clock.clone())
        .build()
        .unwrap();
    circuit.try_acquire().unwrap().failure();
    alerts.run();
    assert_eq!(
        ops.received(),
        one("circuit `probed` opened: consecutive_failures")
    );
    for _ in 0..3 {
        // Longer than any backoff, and than an interval.
        clock.advance(Duration::from_secs(3600));
        circuit.try_acquire().unwrap().failure();
        alerts.run();
        assert_eq!(ops.received(), []);
    }
    clock.advance(Duration::from_secs(3600));
    circuit.try_acquire().unwrap().success();
    alerts.run();
    assert_eq!(ops.received(), one("circuit `probed` closed"));
}

#[test]
fn check_that_passes_again_is_a_recovery() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(
        config(&clock)
            .channel(ops.clone())
            .rule(Rule::health("checks").only("recovered")),
    );
    let check = Flapping::new("recovered", &clock);
    for is_well in [true, false, true] {
        check.set(is_well);
        alerts.run();
    }
    let notifications = ops.take();
    let received: Vec<_> = notifications
        .iter()
        .map(|notification| (notification.kind, notification.title.as_str()))
        .collect();
    let (failed, passed) = (
        "health check `recovered`: fail (was pass)",
        "health check `recovered`: pass (was fail)",
    );
    assert_eq!(
        received,
        [
            (NotificationKind::Health, failed),
            (NotificationKind::Recovery, passed)
        ]
    );
    assert!(
        notifications[0].level >= Severity::Error && notifications[1].level == Severity::Info,
        "{notifications:?}"
    );
}

#[test]
fn second_recovery_comes_within_the_flap_interval_under_a_long_throttle() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let eight_hours = Duration::from_secs(8 * 3600);
    let flaps = [(0, false), (10, true), (20, false), (30, true)];
    let rules = config(&clock)
        .rule(Rule::breakers("circuits"))
        .throttle(eight_hours);
    let received = received_during(rules, &clock, &ops, &flaps, 9 * 3600);
    let expected = [
        (0, "opened: manual", 0),
        (10, "closed", 0),
        (20, "opened: manual", 0),
        (310, "closed", 1),
    ];
    let expected =
        expected.map(|(at, what, held_back)| (at, format!("circuit `flapping` {what}"), held_back));
    assert_eq!(received, expected);
    // A true state is not repeated before the throttle interval is over.
    let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
    let rules = config(&clock)
        .rule(Rule::breakers("circuits"))
        .throttle(eight_hours);
    let received = received_during(rules, &clock, &ops, &FLAPS, 9 * 3600);
    let seconds: Vec<_> = received.iter().map(|(second, ..)| *second).collect();
    assert_eq!(seconds, [10, 20, 30, 30 + 8 * 3600]);
}

#[test]
fn recovery_of_a_circuit_that_was_open_for_hours_has_its_duration() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(
        config(&clock)
            .channel(ops.clone())
            .rule(Rule::breakers("circuits")),
    );
    let flapping = Flapping::new("long", &clock);
    flapping.circuit_alone(false);
    for _ in 0..100 {
        alerts.run();
        clock.advance(MINUTE);
    }
    flapping.circuit_alone(true);
    alerts.run();
    let [_, closed] = &ops.take()[..] else {
        panic!("two notifications")
    };
    assert_eq!(
        (closed.duration, closed.occurrences),
        (Some(100 * MINUTE), Some(1))
    );
}
