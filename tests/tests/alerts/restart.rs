//! What the next start of alerting knows of states that were sent by the one before it.

use super::*;
use delivery::ProcessJournal;
use gardefou::{
    alerts::NotificationKind,
    breaker::CircuitBreaker,
    circuit_breakers, error_monitor,
    health::{Check, Health, HealthConfig},
    time::SharedClock,
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Starts that follow one another on one journal, as processes do.
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
fn circuit_that_is_well_after_a_restart_is_sent_as_closed_once() {
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
            restarts.ops.told(),
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
fn circuit_that_nothing_calls_after_a_restart_is_closed_after_an_interval() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let restarts = Restarts::new(&clock, Rule::breakers("circuits"));
    let sent = restarts.process(|_| circuit("unused", &clock).try_acquire().unwrap().failure());
    assert_eq!(sent, opened("unused"));
    circuit_breakers().remove("unused");
    let sent = restarts.process(|alerts| {
        alerts.run();
        restarts.wait(alerts, Duration::from_secs(299));
        assert_eq!(restarts.ops.told(), []);
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
    // Another problem, another notification.
    assert_eq!(restarts.process(fails), opened("still-open"));
}

#[test]
fn check_that_failed_before_a_restart_is_sent_as_passed_once_and_as_failed_no_second_time() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let restarts = Restarts::new(&clock, Rule::health("checks").only("restarted"));
    let check = |is_well: bool| {
        let health_config = HealthConfig::default()
            .failure_threshold(1)
            .background(false);
        let health = Health::with_clock(health_config, SharedClock::new(clock.clone())).unwrap();
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
fn rate_that_fired_before_a_restart_is_sent_as_over_after_its_window() {
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
        assert_eq!(restarts.ops.told(), []);
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

/// Also where the state was sent in a digest, of which the journal has one record.
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

/// A notification that never arrived needs no recovery; one that arrives after the restart does.
#[test]
fn only_what_arrived_needs_a_recovery() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let mut restarts = Restarts::new(&clock, Rule::breakers("circuits"));
    restarts.config = restarts.config.max_tries(1);
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

    restarts.ops.fail_with([DeliveryError::temporary("503")]);
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

/// Threads read the journal while events arrive.
#[test]
fn with_threads_a_circuit_is_closed_once_and_announced_once() {
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
        assert_eq!(ops.told().len(), 1);
        let alerts = start();
        let again = circuit(&name, &clock);
        again.try_acquire().unwrap().failure();
        assert!(alerts.flush(Duration::from_secs(60)).in_time);
        assert_eq!(ops.told(), []);
        clock.advance(10 * MINUTE);
        again.try_acquire().unwrap().success();
        assert!(alerts.flush(Duration::from_secs(60)).in_time);
        assert_eq!(ops.told(), one(&format!("circuit `{name}` closed")));
        drop(alerts);
        thread::yield_now();
    }
    assert!(error_monitor().journal().is_some());
}
