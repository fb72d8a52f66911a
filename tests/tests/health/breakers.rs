//! Circuit breakers as entries of the reports, each test in turn: a crowd of them would push the
//! others' out.

use gardefou::{
    breaker::{CircuitBreaker, CircuitState},
    circuit_breakers,
    health::{CheckReport, Criticality, Details, Health, HealthConfig, Kind, Probes, Status},
    time::{ManualClock, SharedClock},
};
use serde_json::{Value, json};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Breakers of the process that go with the test.
#[derive(Default)]
struct Made {
    clock: ManualClock,
    names: Vec<String>,
}

impl Made {
    fn breaker(&mut self, name: &str) -> CircuitBreaker {
        let clock = self.clock.clone();
        self.names.push(name.to_owned());
        let build = circuit_breakers().get_or_create(name, |b| {
            b.failure_threshold(1)
                .recovery_timeout(Duration::from_secs(60))
                .half_open_timeout(Duration::from_secs(20))
                .clock(clock)
        });
        build.unwrap()
    }

    fn open(&mut self, name: &str) -> CircuitBreaker {
        let breaker = self.breaker(name);
        breaker.try_acquire().unwrap().failure();
        assert_eq!(breaker.state(), CircuitState::Open);
        breaker
    }

    fn health(&self) -> Health {
        let config = HealthConfig::default().background(false).breakers(true);
        let health = Health::with_clock(config, SharedClock::new(self.clock.clone())).unwrap();
        health.mark_started();
        health
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for name in &self.names {
            circuit_breakers().remove(name);
        }
    }
}

fn entry(health: &Health, breaker: &str) -> CheckReport {
    health
        .health_status()
        .check(&format!("breaker:{breaker}"))
        .cloned()
        .unwrap()
}

/// The entry as a probe shows it, the code of readiness, and its `Retry-After`.
fn shown(health: &Health, breaker: &str) -> (Value, u16, Option<String>) {
    let answer = Probes::new(health.clone())
        .details(Details::Always)
        .respond("GET", "/readyz?verbose", false);
    let body: Value = serde_json::from_str(answer.body()).unwrap();
    let entry = body["checks"][format!("breaker:{breaker}")][0].clone();
    (
        entry,
        answer.status(),
        answer.header("retry-after").map(str::to_owned),
    )
}

#[test]
fn a_half_open_circuit_warns_and_takes_no_program_out_of_service() {
    let _turn = alone();
    let mut made = Made::default();
    let by_hand = made.open("shown-half-open");
    by_hand.half_open().unwrap();
    made.open("shown-open-time-over");
    // Nobody has called since, and nobody will while the program is not ready: it must not stay so.
    made.clock.advance(Duration::from_secs(60));
    by_hand.force_open();
    by_hand.half_open().unwrap();

    let health = made.health();
    for name in ["shown-half-open", "shown-open-time-over"] {
        for criticality in [Criticality::Important, Criticality::Critical] {
            health.breaker_criticality(name, criticality);
            let report = entry(&health, name);
            assert_eq!(
                (report.status, report.weight),
                (Status::Warn, Status::Warn),
                "{name}, {criticality}"
            );
            assert_eq!(
                (report.category, &report.details["state"]),
                (None, &json!("half_open"))
            );
            let (shown, code, retry_after) = shown(&health, name);
            assert_eq!(
                (&shown["status"], code, retry_after),
                (&json!("warn"), 200, None),
                "{name}, {criticality}"
            );
        }
    }
}

#[test]
fn a_circuit_that_is_forced_open_says_no_time_of_its_return() {
    let _turn = alone();
    let mut made = Made::default();
    made.breaker("shown-forced").force_open();
    let health = made.health();
    let report = entry(&health, "shown-forced");
    assert_eq!(
        (report.status, report.retry_after, &report.details["state"]),
        (Status::Warn, None, &json!("forced_open"))
    );
    let (entry, code, _) = shown(&health, "shown-forced");
    assert_eq!(
        (&entry["status"], entry.get("retryAfter"), code),
        (&json!("warn"), None, 200)
    );

    health.breaker_criticality("shown-forced", Criticality::Critical);
    let (entry, code, retry_after) = shown(&health, "shown-forced");
    assert_eq!(
        (&entry["status"], entry.get("retryAfter"), code),
        (&json!("fail"), None, 503)
    );
    assert_eq!(retry_after, None);
}

#[test]
fn a_disabled_circuit_passes_whatever_it_was_before() {
    let _turn = alone();
    let mut made = Made::default();
    made.open("shown-disabled").disable();
    let health = made.health();
    health.breaker_criticality("shown-disabled", Criticality::Critical);
    let report = entry(&health, "shown-disabled");
    assert_eq!(
        (report.status, report.weight, report.category),
        (Status::Pass, Status::Pass, None)
    );
    assert_eq!(
        (report.retry_after, report.output, &report.details["state"]),
        (None, None, &json!("disabled"))
    );
    let (entry, code, retry_after) = shown(&health, "shown-disabled");
    assert_eq!(
        (&entry["status"], code, retry_after),
        (&json!("pass"), 200, None)
    );
}

#[test]
fn the_first_200_are_shown_and_those_that_hold_calls_back_come_first() {
    let _turn = alone();
    let mut made = Made::default();
    for i in 0..205 {
        made.breaker(&format!("cut-{i:03}"));
    }
    for name in ["cut-zz-open", "cut-zz-open-too"] {
        made.open(name);
    }
    made.breaker("cut-zz-forced").force_open();
    made.open("cut-zz-half-open").half_open().unwrap();
    let health = made.health();
    for report in [health.health_status(), health.probe(Kind::Readiness)] {
        let entries: Vec<_> = report
            .checks()
            .iter()
            .filter(|check| check.name.starts_with("breaker:"))
            .collect();
        assert_eq!(entries.len(), 200);
        let first_calm = entries
            .iter()
            .position(|entry| entry.status == Status::Pass)
            .unwrap();
        let (restless, calm) = entries.split_at(first_calm);
        let names = |entries: &[&CheckReport]| {
            entries
                .iter()
                .map(|entry| entry.name.clone())
                .collect::<Vec<_>>()
        };
        for name in [
            "cut-zz-forced",
            "cut-zz-half-open",
            "cut-zz-open",
            "cut-zz-open-too",
        ] {
            assert!(
                names(restless).contains(&format!("breaker:{name}")),
                "{name} in {:?}",
                names(restless)
            );
        }
        assert!(calm.iter().all(|entry| entry.status == Status::Pass));
        assert!(names(restless).is_sorted() && names(calm).is_sorted());
        assert!(names(calm).contains(&"breaker:cut-000".to_owned()));
        assert!(!names(calm).contains(&"breaker:cut-204".to_owned()));
    }
}

#[test]
fn each_breaker_answers_by_its_name_however_many_there_are() {
    let _turn = alone();
    let mut made = Made::default();
    for i in 0..205 {
        made.breaker(&format!("named-{i:03}"));
    }
    made.open("named-204");
    let health = made.health();
    let probes = Probes::new(health.clone()).details(Details::Always);
    for (name, status) in [
        ("named-000", "pass"),
        ("named-203", "pass"),
        ("named-204", "warn"),
    ] {
        let answer = probes.respond("GET", &format!("/healthz/breaker:{name}"), false);
        let body: Value = serde_json::from_str(answer.body()).unwrap();
        assert_eq!(
            (answer.status(), &body["status"]),
            (200, &json!(status)),
            "{name}: {body}"
        );
    }
    assert_eq!(
        probes
            .respond("GET", "/healthz/breaker:named-999", false)
            .status(),
        404
    );
    health.breaker_criticality("named-204", Criticality::Critical);
    assert_eq!(
        probes
            .respond("GET", "/healthz/breaker:named-204", false)
            .status(),
        503
    );
}

#[test]
fn a_critical_circuit_counts_however_many_others_are_open() {
    let _turn = alone();
    let mut made = Made::default();
    for i in 0..201 {
        made.open(&format!("crowd-{i:03}"));
    }
    made.open("crowd-zz-critical");
    let health = made.health();
    assert_eq!(health.probe(Kind::Readiness).status(), Status::Warn);
    health.breaker_criticality("crowd-zz-critical", Criticality::Critical);
    assert_eq!(health.probe(Kind::Readiness).status(), Status::Fail);
    assert_eq!(entry(&health, "crowd-zz-critical").weight, Status::Fail);
}
