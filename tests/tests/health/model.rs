//! Statuses, criticality, kinds, thresholds, staleness.

use gardefou::{
    health::{
        Check, CheckResult, Criticality, FailureCategory, Health, HealthConfig, Kind, Status,
    },
    time::{ManualClock, SharedClock},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

struct Switch(Arc<AtomicBool>);

impl Switch {
    fn new(on: bool) -> Self {
        Self(Arc::new(AtomicBool::new(on)))
    }

    fn set(&self, on: bool) {
        self.0.store(on, Ordering::SeqCst);
    }

    fn check(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let switch = Arc::clone(&self.0);
        move || switch.load(Ordering::SeqCst)
    }
}

fn manual() -> (Health, ManualClock) {
    let clock = ManualClock::new();
    let health = Health::with_clock(
        HealthConfig::default().background(false),
        SharedClock::new(clock.clone()),
    )
    .unwrap();
    health.mark_started();
    (health, clock)
}

/// The failure threshold, seen from readiness.
#[test]
fn the_third_failure_in_a_row_makes_readiness_fail() {
    let (health, _clock) = manual();
    let switch = Switch::new(true);
    health
        .register(
            Check::dependency("database", switch.check())
                .critical()
                .failure_threshold(3),
        )
        .unwrap();
    let _ = health.run_check("database");
    switch.set(false);
    for expected in [200, 200, 503, 503] {
        assert!(
            !health.run_check("database").unwrap().passed(),
            "a run tells what the check said now"
        );
        assert_eq!(
            health.probe(Kind::Readiness).status().http_status(),
            expected
        );
    }
    switch.set(true);
    let _ = health.run_check("database");
    assert_eq!(health.probe(Kind::Readiness).status(), Status::Pass);
    let changes: Vec<_> = health
        .transitions("database")
        .unwrap()
        .iter()
        .map(|change| change.to)
        .collect();
    assert_eq!(changes, [Status::Pass, Status::Fail, Status::Pass]);
}

/// An important dependency that is down warns, a critical one fails.
#[test]
fn criticality_decides_what_a_failure_means_to_readiness() {
    let table = [
        (Criticality::Informational, Status::Pass),
        (Criticality::Important, Status::Warn),
        (Criticality::Critical, Status::Fail),
    ];
    for (criticality, expected) in table {
        let (health, _clock) = manual();
        health
            .register(Check::dependency("x", || false).criticality(criticality))
            .unwrap();
        let _ = health.run_all_checks();
        assert_eq!(
            health.probe(Kind::Readiness).status(),
            expected,
            "{criticality}"
        );
    }
}

/// Dependencies do not decide about life.
#[test]
fn every_dependency_down_leaves_liveness_at_200() {
    let (health, _clock) = manual();
    for name in ["database", "cache", "upstream"] {
        health
            .register(Check::dependency(name, || false).critical())
            .unwrap();
    }
    let _ = health.run_all_checks();
    assert_eq!(health.probe(Kind::Liveness).status().http_status(), 200);
    assert_eq!(health.probe(Kind::Readiness).status().http_status(), 503);
}

/// The deliberate override: it counts, and says why.
#[test]
fn a_dependency_decides_about_liveness_where_the_program_says_so() {
    let (health, _clock) = manual();
    let check = Check::dependency("licence-dongle", || false).critical();
    health
        .register(check.liveness_despite_dependency("the driver only recovers by a restart"))
        .unwrap();
    assert_eq!(
        health.probe(Kind::Liveness).status(),
        Status::Pass,
        "unknown does not kill"
    );
    let _ = health.run_all_checks();
    let probe = health.probe(Kind::Liveness);
    assert_eq!(probe.status(), Status::Fail);
    let reason = probe.checks()[0].liveness_reason.as_deref();
    assert_eq!(reason, Some("the driver only recovers by a restart"));
}

/// Old results say nothing any more.
#[test]
fn a_runner_that_stopped_makes_critical_readiness_stale_and_leaves_liveness() {
    let (health, clock) = manual();
    health
        .register(Check::dependency("database", || true).critical())
        .unwrap();
    health
        .register(Check::internal("worker", || true).critical().liveness())
        .unwrap();
    let _ = health.run_all_checks();
    clock.advance(Duration::from_secs(90));
    assert_eq!(health.probe(Kind::Readiness).status(), Status::Pass);
    clock.advance(Duration::from_nanos(1));
    let ready = health.probe(Kind::Readiness);
    assert_eq!(ready.status().http_status(), 503);
    assert_eq!(
        ready.check("database").unwrap().category,
        Some(FailureCategory::Stale)
    );
    assert_eq!(health.probe(Kind::Liveness).status().http_status(), 200);
    assert_eq!(
        health.health_status().status(),
        Status::Fail,
        "no status is told from a cache past its time"
    );
}

/// Before the start is complete, and with no checks after it.
#[test]
fn before_the_start_is_complete_only_liveness_passes() {
    let health = Health::new(HealthConfig::default().background(false)).unwrap();
    let codes = || {
        [Kind::Liveness, Kind::Readiness, Kind::Startup]
            .map(|kind| health.probe(kind).status().http_status())
    };
    assert_eq!(codes(), [200, 503, 503]);
    health.mark_started();
    assert_eq!(codes(), [200, 200, 200]);
    health.mark_stopping();
    assert_eq!(codes(), [200, 503, 200]);
}

/// A startup check has to pass once.
#[test]
fn a_startup_check_that_has_passed_once_counts_as_passed() {
    let (health, clock) = manual();
    let switch = Switch::new(false);
    health
        .register(
            Check::dependency("migrations", switch.check())
                .critical()
                .startup(),
        )
        .unwrap();
    let _ = health.run_all_checks();
    assert_eq!(health.probe(Kind::Startup).status(), Status::Fail);
    switch.set(true);
    let _ = health.run_all_checks();
    switch.set(false);
    clock.advance(Duration::from_secs(3600));
    let _ = health.run_all_checks();
    assert_eq!(health.probe(Kind::Startup).status(), Status::Pass);
    assert_eq!(
        health.probe(Kind::Readiness).status(),
        Status::Pass,
        "it is no readiness check"
    );
    assert_eq!(
        health.health_status().status(),
        Status::Pass,
        "what was met once does not age"
    );
}

/// An excluded check is listed and does not count.
#[test]
fn an_excluded_check_is_listed_and_does_not_count() {
    let (health, _clock) = manual();
    health
        .register(Check::dependency("cache", || false).critical())
        .unwrap();
    let _ = health.run_all_checks();
    let report = health.probe_without(Kind::Readiness, &["cache".to_owned(), "nobody".to_owned()]);
    assert_eq!(
        (report.status(), report.excluded()),
        (Status::Pass, &["cache".to_owned()][..])
    );
}

/// A success threshold keeps a flapping check down.
#[test]
fn a_check_that_failed_must_pass_as_often_as_its_threshold_says() {
    let (health, _clock) = manual();
    let switch = Switch::new(false);
    health
        .register(
            Check::dependency("x", switch.check())
                .critical()
                .success_threshold(2),
        )
        .unwrap();
    let _ = health.run_check("x");
    switch.set(true);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let _ = health.run_check("x");
        seen.push(health.probe(Kind::Readiness).status());
    }
    assert_eq!(seen, [Status::Fail, Status::Pass]);
}

/// Outputs are redacted before anybody keeps them.
#[test]
fn secrets_do_not_reach_the_report() {
    let (health, _clock) = manual();
    let dsn = "cannot reach postgres://admin:hunter2@db.internal/app";
    health
        .register_check("db", move || {
            CheckResult::fail(dsn).with_detail("password", "hunter2")
        })
        .unwrap();
    let report = health.run_check("db").unwrap();
    let text = format!("{report:?} {}", health.health_status().to_json());
    assert!(!text.contains("hunter2"), "{text}");
}
