//! Answers from memory, which run no check, about checks that hang and panic.

use crate::support::{PATIENCE, at_once, block};
use axum::{Router, body::Body, http::Request};
use gardefou::{
    event::{Event, subscribe},
    health::{
        Check, FailureCategory, Health, HealthConfig, HealthReport, ProbeKind, Probes, Status,
    },
    integrations::axum::probes,
    time::ManualClock,
};
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};
use tower::ServiceExt as _;

const HEALTHY: usize = 198;

/// Makes a registry on a manual clock without a background runner.
fn registry() -> (Health, ManualClock) {
    let clock = ManualClock::new();
    let config = HealthConfig::builder()
        .background(false)
        .clock(clock.clone());
    (Health::new(config.build().unwrap()), clock)
}

/// Asserts that `hung` is as given, `bad` has panicked, and all others have passed.
fn assert_each(report: &HealthReport, hung: (FailureCategory, Status)) {
    assert_eq!(report.checks().len(), HEALTHY + 2);
    for check in report.checks() {
        let expected = match check.name.as_str() {
            "hung" => (Status::Fail, Some(hung.0), hung.1),
            "bad" => (Status::Fail, Some(FailureCategory::Panic), Status::Warn),
            _ => (Status::Pass, None, Status::Pass),
        };
        assert_eq!(
            (check.status, check.category, check.weight),
            expected,
            "{}",
            check.name
        );
    }
}

/// Sends a request to a probe, which must not block.
fn ask(probes: &Probes, target: &'static str) -> (u16, Value) {
    let probes = probes.clone();
    let answer = at_once(move || probes.respond("GET", target, false));
    (
        answer.status(),
        serde_json::from_str(answer.body()).unwrap(),
    )
}

#[test]
fn answers_from_memory_report_a_hung_and_a_panicking_check_among_200_and_run_none() {
    let (health, clock) = registry();
    let runs = Arc::new(AtomicUsize::new(0));
    let count = || {
        let runs = Arc::clone(&runs);
        move || runs.fetch_add(1, Ordering::SeqCst) < usize::MAX
    };
    for i in 0..HEALTHY {
        health
            .register_check(format!("check-{i}"), count())
            .unwrap();
    }
    let counted = count();
    health
        .register_check("bad", move || -> bool { panic!("bad, {}", counted()) })
        .unwrap();
    let (blocked, check) = block();
    let counted = count();
    health
        .register_check("hung", move || counted() && check())
        .unwrap();
    health.mark_started();
    for name in health.names().iter().filter(|name| *name != "hung") {
        let _ = health.run_check(name);
    }
    let runner = health.clone();
    let run = thread::spawn(move || runner.run_check("hung").unwrap().category);
    blocked.wait();

    // It runs and holds its slot; nothing else is known of it.
    let known = health.clone();
    let report = at_once(move || known.health_status());
    assert_eq!(report.status(), Status::Fail);
    assert_each(&report, (FailureCategory::Unknown, Status::Fail));
    let probes = Probes::new(health.clone());
    for (target, code) in [
        ("/livez", 200),
        ("/readyz", 503),
        ("/startupz", 200),
        ("/healthz", 503),
    ] {
        assert_eq!(ask(&probes, target).0, code, "{target} while it runs");
    }

    clock.advance(Duration::from_secs(5));
    assert_eq!(run.join().unwrap(), Some(FailureCategory::Timeout));
    let known = health.clone();
    let report = at_once(move || known.health_status());
    assert_eq!(report.status(), Status::Warn);
    assert_each(&report, (FailureCategory::Timeout, Status::Warn));
    assert_eq!(
        report.check("hung").unwrap().hanging,
        Some(Duration::from_secs(5))
    );
    for (target, code, status) in [
        ("/livez", 200, "pass"),
        ("/readyz", 200, "warn"),
        ("/startupz", 200, "pass"),
        ("/healthz", 200, "warn"),
        ("/healthz/check-0", 200, "pass"),
        ("/healthz/bad", 503, "fail"),
        ("/healthz/hung", 503, "fail"),
    ] {
        let (answered, body) = ask(&probes, target);
        assert_eq!(
            (answered, body["status"].as_str()),
            (code, Some(status)),
            "{target}"
        );
    }
    for target in ["/readyz?verbose", "/healthz"] {
        let (_, body) = ask(&probes, target);
        let checks = body["checks"].as_object().unwrap();
        assert_eq!(checks.len(), HEALTHY + 2);
        for (name, check) in checks {
            let expected = match name.as_str() {
                "hung" => ("fail", Some("timeout")),
                "bad" => ("fail", Some("panic")),
                _ => ("pass", None),
            };
            assert_eq!(
                (
                    check[0]["status"].as_str().unwrap(),
                    check[0]["category"].as_str()
                ),
                expected,
                "{name}"
            );
        }
    }
    assert_eq!(
        runs.load(Ordering::SeqCst),
        HEALTHY + 2,
        "each ran once, when it was requested"
    );
}

#[tokio::test]
async fn router_runs_no_check_while_a_background_runner_does() {
    let clock = ManualClock::new();
    let health = Health::new(
        HealthConfig::builder()
            .clock(clock.clone())
            .build()
            .unwrap(),
    );
    let (sender, statuses) = mpsc::channel();
    let subscription = subscribe(move |event: &Event<'_>| {
        if let Event::Health(change) = event
            && change.check == "kept fresh"
        {
            let _ = sender.send(change.to);
        }
    });
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    health
        .register_check("kept fresh", move || {
            counted.fetch_add(1, Ordering::SeqCst) == 0
        })
        .unwrap();
    let (blocked, check) = block();
    health.register_check("hung", check).unwrap();
    health.mark_started();
    assert_eq!(statuses.recv_timeout(PATIENCE), Ok("pass"));
    drop(subscription);
    blocked.wait();

    // Older than `cache_ttl`, and not due yet.
    clock.advance(Duration::from_secs(2));
    let app: Router = probes(&health).build();
    for (target, code) in [
        ("/livez", 200),
        ("/readyz", 503),
        ("/healthz", 503),
        ("/healthz/kept%20fresh", 200),
        ("/healthz/hung", 503),
    ] {
        let request = Request::get(target).body(Body::empty()).unwrap();
        let answer = tokio::time::timeout(PATIENCE, app.clone().oneshot(request))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(answer.status().as_u16(), code, "{target}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn reports_and_answers_are_snapshots() {
    let (health, clock) = registry();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let check = move || match counted.fetch_add(1, Ordering::SeqCst) {
        0 => gardefou::health::CheckResult::fail("down").with_detail("run", 1),
        run => gardefou::health::CheckResult::pass().with_detail("run", run + 1),
    };
    health
        .register(Check::dependency("changing", check).critical().tag("sql"))
        .unwrap();
    health.mark_started();
    let observed = health.run_all_checks();
    let (status, probe) = (health.health_status(), health.probe(ProbeKind::Readiness));
    let (history, changes) = (
        health.history("changing").unwrap(),
        health.status_changes("changing").unwrap(),
    );
    let answer = Probes::new(health.clone()).respond("GET", "/healthz", true);
    let texts = || {
        let json = (status.to_json().to_string(), probe.to_json().to_string());
        format!("{observed:?} {status:?} {probe:?} {history:?} {changes:?} {answer:?} {json:?}")
    };
    let before = texts();
    assert!(before.contains("down"), "{before}");

    clock.advance(Duration::from_secs(10));
    assert!(health.run_check("changing").unwrap().passed());
    let now = health.health_status();
    assert_eq!(
        (now.status(), &now.check("changing").unwrap().details["run"]),
        (Status::Pass, &Value::from(2))
    );
    assert!(health.unregister("changing"));
    health.mark_stopping();
    assert_eq!(texts(), before);
}
