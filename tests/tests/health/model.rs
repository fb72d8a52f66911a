//! Statuses, criticality, kinds, thresholds and staleness.

use gardefou::{
    health::{
        Check, CheckResult, Criticality, FailureCategory, Health, HealthConfig, ProbeKind, Status,
    },
    time::ManualClock,
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
    let config = HealthConfig::builder()
        .background(false)
        .clock(clock.clone());
    let health = Health::new(config.build().unwrap());
    health.mark_started();
    (health, clock)
}

#[test]
fn third_failure_in_a_row_fails_readiness() {
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
            "a run reports its own result"
        );
        assert_eq!(
            health.probe(ProbeKind::Readiness).status().http_status(),
            expected
        );
    }
    switch.set(true);
    let _ = health.run_check("database");
    assert_eq!(health.probe(ProbeKind::Readiness).status(), Status::Pass);
    let changes: Vec<_> = health
        .status_changes("database")
        .unwrap()
        .iter()
        .map(|change| change.to)
        .collect();
    assert_eq!(changes, [Status::Pass, Status::Fail, Status::Pass]);
}

#[test]
fn criticality_decides_how_a_failure_counts_for_readiness() {
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
            health.probe(ProbeKind::Readiness).status(),
            expected,
            "{criticality}"
        );
    }
}

#[test]
fn liveness_passes_while_every_dependency_is_down() {
    let (health, _clock) = manual();
    for name in ["database", "cache", "upstream"] {
        health
            .register(Check::dependency(name, || false).critical())
            .unwrap();
    }
    let _ = health.run_all_checks();
    assert_eq!(
        health.probe(ProbeKind::Liveness).status().http_status(),
        200
    );
    assert_eq!(
        health.probe(ProbeKind::Readiness).status().http_status(),
        503
    );
}

#[test]
fn liveness_despite_dependency_counts_and_shows_its_reason() {
    let (health, _clock) = manual();
    let check = Check::dependency("licence-dongle", || false).critical();
    health
        .register(check.liveness_despite_dependency("the driver only recovers by a restart"))
        .unwrap();
    assert_eq!(
        health.probe(ProbeKind::Liveness).status(),
        Status::Pass,
        "unknown does not fail liveness"
    );
    let _ = health.run_all_checks();
    let probe = health.probe(ProbeKind::Liveness);
    assert_eq!(probe.status(), Status::Fail);
    let reason = probe.checks()[0].liveness_reason.as_deref();
    assert_eq!(reason, Some("the driver only recovers by a restart"));
}

#[test]
fn stale_results_fail_readiness_and_not_liveness() {
    let (health, clock) = manual();
    health
        .register(Check::dependency("database", || true).critical())
        .unwrap();
    health
        .register(Check::internal("worker", || true).critical().liveness())
        .unwrap();
    let _ = health.run_all_checks();
    clock.advance(Duration::from_secs(90));
    assert_eq!(health.probe(ProbeKind::Readiness).status(), Status::Pass);
    clock.advance(Duration::from_nanos(1));
    let ready = health.probe(ProbeKind::Readiness);
    assert_eq!(ready.status().http_status(), 503);
    assert_eq!(
        ready.check("database").unwrap().category,
        Some(FailureCategory::Stale)
    );
    assert_eq!(
        health.probe(ProbeKind::Liveness).status().http_status(),
        200
    );
    assert_eq!(
        health.health_status().status(),
        Status::Fail,
        "no status is reported from a stale result"
    );
}

#[test]
fn only_liveness_passes_before_the_start_is_complete() {
    let health = Health::new(HealthConfig::builder().background(false).build().unwrap());
    let codes = || {
        [
            ProbeKind::Liveness,
            ProbeKind::Readiness,
            ProbeKind::Startup,
        ]
        .map(|kind| health.probe(kind).status().http_status())
    };
    assert_eq!(codes(), [200, 503, 503]);
    health.mark_started();
    assert_eq!(codes(), [200, 200, 200]);
    health.mark_stopping();
    assert_eq!(codes(), [200, 503, 200]);
}

#[test]
fn startup_check_that_has_passed_once_stays_passed() {
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
    assert_eq!(health.probe(ProbeKind::Startup).status(), Status::Fail);
    switch.set(true);
    let _ = health.run_all_checks();
    switch.set(false);
    clock.advance(Duration::from_secs(3600));
    let _ = health.run_all_checks();
    assert_eq!(health.probe(ProbeKind::Startup).status(), Status::Pass);
    assert_eq!(
        health.probe(ProbeKind::Readiness).status(),
        Status::Pass,
        "it does not count for readiness"
    );
    assert_eq!(
        health.health_status().status(),
        Status::Pass,
        "a passed startup check does not become stale"
    );
}

#[test]
fn excluded_check_is_listed_and_does_not_count() {
    let (health, _clock) = manual();
    health
        .register(Check::dependency("cache", || false).critical())
        .unwrap();
    let _ = health.run_all_checks();
    let report = health.probe_without(ProbeKind::Readiness, &["cache", "unknown"]);
    assert_eq!(
        (report.status(), report.excluded()),
        (Status::Pass, &["cache".to_owned()][..])
    );
}

#[test]
fn failed_check_passes_after_as_many_successes_as_its_threshold() {
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
        seen.push(health.probe(ProbeKind::Readiness).status());
    }
    assert_eq!(seen, [Status::Fail, Status::Pass]);
}

#[test]
fn secrets_are_redacted_in_reports() {
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
