//! Circuit breakers as entries of health reports. The tests run one at a time, since a report has
//! room for 200 breakers of the process.

use gardefou::{
    breaker::{CircuitBreaker, CircuitState},
    circuit_breakers,
    health::{
        CheckReport, Criticality, Health, HealthConfig, ProbeKind, Probes, ShowDetails, Status,
    },
    time::ManualClock,
};
use gardefou_tests::testkit::lock::alone;
use serde_json::{Value, json};
use std::time::Duration;

/// Breakers of the process that are removed at the end of the test.
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
        let config = HealthConfig::builder()
            .background(false)
            .breakers(true)
            .clock(self.clock.clone());
        let health = Health::new(config.build().unwrap());
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

/// Returns the entry in the body of the readiness probe, the probe's HTTP status and `Retry-After`.
fn shown(health: &Health, breaker: &str) -> (Value, u16, Option<String>) {
    let answer = Probes::new(health.clone())
        .show_details(ShowDetails::Always)
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
fn half_open_circuit_warns_and_leaves_readiness_alone() {
    let _turn = alone();
    let mut made = Made::default();
    let by_hand = made.open("shown-half-open");
    by_hand.half_open().unwrap();
    made.open("shown-open-time-over");
    // No call has come since, and none comes while the program is not ready: an overdue circuit must
    // not keep it so.
    made.clock.advance(Duration::from_secs(60));
    by_hand.force_open();
    by_hand.half_open().unwrap();

    let health = made.health();
    for name in ["shown-half-open", "shown-open-time-over"] {
        for criticality in [Criticality::Important, Criticality::Critical] {
            health.set_breaker_criticality(name, criticality);
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
fn forced_open_circuit_has_no_retry_after() {
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

    health.set_breaker_criticality("shown-forced", Criticality::Critical);
    let (entry, code, retry_after) = shown(&health, "shown-forced");
    assert_eq!(
        (&entry["status"], entry.get("retryAfter"), code),
        (&json!("fail"), None, 503)
    );
    assert_eq!(retry_after, None);
}

#[test]
fn disabled_circuit_passes_whatever_its_state_was() {
    let _turn = alone();
    let mut made = Made::default();
    made.open("shown-disabled").disable();
    let health = made.health();
    health.set_breaker_criticality("shown-disabled", Criticality::Critical);
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
fn report_lists_200_breakers_with_the_rejecting_ones_first() {
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
    for report in [health.health_status(), health.probe(ProbeKind::Readiness)] {
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
        let (rejecting, calm) = entries.split_at(first_calm);
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
                names(rejecting).contains(&format!("breaker:{name}")),
                "{name} in {:?}",
                names(rejecting)
            );
        }
        assert!(calm.iter().all(|entry| entry.status == Status::Pass));
        assert!(names(rejecting).is_sorted() && names(calm).is_sorted());
        assert!(names(calm).contains(&"breaker:cut-000".to_owned()));
        assert!(!names(calm).contains(&"breaker:cut-204".to_owned()));
    }
}

#[test]
fn each_breaker_has_a_probe_by_name_beyond_the_limit_of_the_report() {
    let _turn = alone();
    let mut made = Made::default();
    for i in 0..205 {
        made.breaker(&format!("named-{i:03}"));
    }
    made.open("named-204");
    let health = made.health();
    let probes = Probes::new(health.clone()).show_details(ShowDetails::Always);
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
    health.set_breaker_criticality("named-204", Criticality::Critical);
    assert_eq!(
        probes
            .respond("GET", "/healthz/breaker:named-204", false)
            .status(),
        503
    );
}

#[test]
fn critical_circuit_counts_however_many_others_are_open() {
    let _turn = alone();
    let mut made = Made::default();
    for i in 0..201 {
        made.open(&format!("open-{i:03}"));
    }
    made.open("open-zz-critical");
    let health = made.health();
    assert_eq!(health.probe(ProbeKind::Readiness).status(), Status::Warn);
    health.set_breaker_criticality("open-zz-critical", Criticality::Critical);
    assert_eq!(health.probe(ProbeKind::Readiness).status(), Status::Fail);
    assert_eq!(entry(&health, "open-zz-critical").weight, Status::Fail);
}
