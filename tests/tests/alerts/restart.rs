//! Restarts: the next start of alerting takes over the states that were published before.

use super::*;
use delivery::ProcessJournal;
use gardefou::{
    alerts::NotificationKind,
    breaker::CircuitBreaker,
    circuit_breakers, error_monitor,
    health::{Check, Health, HealthConfig},
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Starts one after another on one journal, like processes.
struct Restarts {
    clock: ManualClock,
    ops: Recorder,
    config: AlertsConfigBuilder,
}

impl Restarts {
    fn new(clock: &ManualClock, rule: Rule) -> Self {
        let ops = Recorder::new("ops");
        Self {
            clock: clock.clone(),
            config: config(clock).channel(ops.clone()).rule(rule),
            ops,
        }
    }

    /// Runs one process, and returns what it sent: kind, title, duration in seconds.
    fn process(&self, life: impl FnOnce(&Alerts)) -> Vec<(NotificationKind, String, Option<u64>)> {
        let alerts = start(self.config.clone());
        life(&alerts);
        alerts.run();
        drop(alerts);
        let sent = self.ops.take().into_iter();
        sent.map(|notification| {
            (
                notification.kind,
                notification.title,
                notification.duration.map(|lasted| lasted.as_secs()),
            )
        })
        .collect()
    }

    fn wait(&self, alerts: &Alerts, time: Duration) {
        self.clock.advance(time);
        alerts.run();
    }
}

fn circuit(name: &str, clock: &ManualClock) -> CircuitBreaker {
    circuit_breakers().remove(name);
    circuit_breakers()
        .get_or_create(name, |b| b.failure_threshold(1).clock(clock.clone()))
        .unwrap()
}

fn opened(name: &str) -> Vec<(NotificationKind, String, Option<u64>)> {
    vec![(
        NotificationKind::Breaker,
        format!("circuit `{name}` opened: consecutive_failures"),
        None,
    )]
}

fn closed(name: &str, lasted: u64) -> Vec<(NotificationKind, String, Option<u64>)> {
    vec![(
        NotificationKind::Recovery,
        format!("circuit `{name}` closed"),
        Some(lasted),
    )]
}

#[test]
fn circuit_with_a_success_after_a_restart_is_sent_as_closed_once() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let restarts = Restarts::new(&clock, Rule::breakers("circuits"));
    let sent = restarts.process(|_| {
        circuit("restarted", &clock)
            .try_acquire()
            .unwrap()
            .failure();
    });
    assert_eq!(sent, opened("restarted"));
    clock.advance(MINUTE);
    let sent = restarts.process(|alerts| {
        let circuit = circuit("restarted", &clock);
        restarts.wait(alerts, MINUTE);
        assert_eq!(
            restarts.ops.received(),
            [],
            "closed without a call is no recovery yet"
        );
        circuit.try_acquire().unwrap().success();
    });
    assert_eq!(sent, closed("restarted", 120));
    assert_eq!(
        restarts.process(|_| circuit("restarted", &clock)
            .try_acquire()
            .unwrap()
            .success()),
        []
    );
}

#[test]
fn unused_circuit_is_sent_as_closed_an_interval_after_a_restart() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let restarts = Restarts::new(&clock, Rule::breakers("circuits"));
    let sent = restarts.process(|_| circuit("unused", &clock).try_acquire().unwrap().failure());
    assert_eq!(sent, opened("unused"));
    circuit_breakers().remove("unused");
    let sent = restarts.process(|alerts| {
        alerts.run();
        restarts.wait(alerts, Duration::from_secs(299));
        assert_eq!(restarts.ops.received(), []);
        clock.advance(Duration::from_secs(1));
    });
    assert_eq!(sent, closed("unused", 300));
}

#[test]
fn circuit_that_opens_again_after_a_restart_is_not_announced_again() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let restarts = Restarts::new(&clock, Rule::breakers("circuits"));
    let fails = |_: &Alerts| {
        circuit("still-open", &clock)
            .try_acquire()
            .unwrap()
            .failure();
    };
    assert_eq!(restarts.process(fails), opened("still-open"));
    for _ in 0..3 {
        clock.advance(MINUTE);
        // Before the journal was read, and long after the notification.
        let sent = restarts.process(|alerts| {
            fails(alerts);
            alerts.run();
            restarts.wait(alerts, 10 * MINUTE);
        });
        assert_eq!(sent, []);
    }
    let sent = restarts.process(|alerts| {
        let circuit = circuit("still-open", &clock);
        circuit.try_acquire().unwrap().failure();
        restarts.wait(alerts, 60 * MINUTE);
        circuit.try_acquire().unwrap().success();
    });
    assert_eq!(sent, closed("still-open", 93 * 60));
    // A new outage is sent.
    assert_eq!(restarts.process(fails), opened("still-open"));
}

#[test]
fn failed_check_is_not_sent_again_after_a_restart_and_its_recovery_once() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let restarts = Restarts::new(&clock, Rule::health("checks").only("restarted"));
    let check = |is_well: bool| {
        let health_config = HealthConfig::builder()
            .failure_threshold(1)
            .background(false)
            .clock(clock.clone());
        let health = Health::new(health_config.build().unwrap());
        let is_well = Arc::new(AtomicBool::new(is_well));
        let result = Arc::clone(&is_well);
        health
            .register(
                Check::dependency("restarted", move || result.load(Ordering::SeqCst)).critical(),
            )
            .unwrap();
        let _ = health.run_all_checks();
        (health, is_well)
    };
    assert_eq!(
        restarts.process(|_| drop(check(true))),
        [],
        "that it is well from the start is no news"
    );
    let sent = restarts.process(|_| drop(check(false)));
    assert_eq!(
        (sent.len(), sent[0].1.as_str()),
        (1, "health check `restarted`: fail")
    );
    clock.advance(MINUTE);
    assert_eq!(
        restarts.process(|_| drop(check(false))),
        [],
        "it fails still"
    );
    clock.advance(MINUTE);
    let sent = restarts.process(|_| drop(check(true)));
    assert_eq!(
        sent,
        [(
            NotificationKind::Recovery,
            "health check `restarted`: pass".to_owned(),
            Some(120)
        )]
    );
    assert_eq!(restarts.process(|_| drop(check(true))), []);
    let sent = restarts.process(|_| drop(check(false)));
    assert_eq!(sent.len(), 1, "failed anew");
}

#[test]
fn firing_rate_recovers_its_window_after_a_restart() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let restarts = Restarts::new(&clock, Rule::rate("storm", 3, MINUTE));
    let burst = || (0..3).for_each(|_| report(ErrorCode::SYNC_ERROR, "late"));
    let sent = restarts.process(|_| burst());
    assert_eq!(sent[0].1, "storm: 3 errors within 60s");
    assert_eq!(restarts.process(|_| burst()), [], "it fires still");
    let sent = restarts.process(|alerts| {
        alerts.run();
        restarts.wait(alerts, Duration::from_secs(59));
        assert_eq!(restarts.ops.received(), []);
        clock.advance(Duration::from_secs(1));
    });
    assert_eq!(
        sent,
        [(
            NotificationKind::Recovery,
            "storm: back in bounds".to_owned(),
            Some(60)
        )]
    );
    assert_eq!(
        restarts.process(|alerts| restarts.wait(alerts, 10 * MINUTE)),
        []
    );
}

#[test]
fn states_of_a_digest_survive_a_restart() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let mut restarts = Restarts::new(&clock, Rule::breakers("circuits"));
    restarts.config = restarts.config.max_per_minute(1);
    let names = ["digest-1", "digest-2", "digest-3"];
    let sent = restarts.process(|alerts| {
        names
            .iter()
            .for_each(|name| circuit(name, &clock).try_acquire().unwrap().failure());
        alerts.run();
        restarts.wait(alerts, MINUTE);
    });
    assert_eq!(sent.len(), 2, "{sent:?}");
    restarts.config = restarts.config.max_per_minute(20);
    let sent = restarts.process(|_| {
        names
            .iter()
            .for_each(|name| circuit(name, &clock).try_acquire().unwrap().success());
    });
    let mut titles: Vec<_> = sent.iter().map(|(_, title, _)| title.as_str()).collect();
    titles.sort_unstable();
    assert_eq!(titles, names.map(|name| format!("circuit `{name}` closed")));
}

/// A lost notification needs no recovery; one delivered after the restart does.
#[test]
fn only_delivered_notifications_need_a_recovery() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let mut restarts = Restarts::new(&clock, Rule::breakers("circuits"));
    restarts.config = restarts.config.max_attempts(1);
    let fails =
        |name: &'static str| move |_: &Alerts| circuit(name, &ManualClock::new()).force_open();
    restarts.ops.fail_with([DeliveryError::permanent("400")]);
    assert_eq!(restarts.process(fails("refused")), []);
    let recovers = |name: &'static str| {
        move |_: &Alerts| {
            circuit(name, &ManualClock::new())
                .try_acquire()
                .unwrap()
                .success();
        }
    };
    assert_eq!(restarts.process(recovers("refused")), []);
    clock.advance(10 * MINUTE);
    assert_eq!(restarts.process(recovers("refused")), []);

    restarts.ops.fail_with([DeliveryError::transient("503")]);
    assert_eq!(restarts.process(fails("late")), []);
    let sent = restarts.process(recovers("late"));
    let titles: Vec<_> = sent.iter().map(|(_, title, _)| title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "late: circuit `late` opened: manual",
            "circuit `late` closed"
        ]
    );
}

/// Threads read the journal while events come.
#[test]
fn threads_announce_a_circuit_once_and_its_closing_once() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let ops = Recorder::new("ops");
    let start = || {
        start(
            config(&clock)
                .background(true)
                .channel(ops.clone())
                .rule(Rule::breakers("circuits")),
        )
    };
    for round in 0..20 {
        let name = format!("threads-{round}");
        let alerts = start();
        circuit(&name, &clock).try_acquire().unwrap().failure();
        assert!(alerts.flush(Duration::from_secs(60)).in_time);
        drop(alerts);
        assert_eq!(ops.received().len(), 1);
        let alerts = start();
        let again = circuit(&name, &clock);
        again.try_acquire().unwrap().failure();
        assert!(alerts.flush(Duration::from_secs(60)).in_time);
        assert_eq!(ops.received(), []);
        clock.advance(10 * MINUTE);
        again.try_acquire().unwrap().success();
        assert!(alerts.flush(Duration::from_secs(60)).in_time);
        assert_eq!(ops.received(), one(&format!("circuit `{name}` closed")));
        drop(alerts);
        thread::yield_now();
    }
    assert!(error_monitor().journal().is_some());
}
