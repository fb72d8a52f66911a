//! Answers of probes, as plain values and through axum.

use crate::support::block;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request},
};
use gardefou::{
    ErrorCode, circuit_breakers,
    health::{Check, CheckResult, Health, HealthConfig, ProbeKind, Probes, ShowDetails, Status},
    integrations::axum::probes,
    time::ManualClock,
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tower::ServiceExt as _;

const DSN: &str = "cannot reach postgres://admin:hunter2@db.internal:5432/app";

fn started() -> Health {
    let health = Health::new(HealthConfig::builder().background(false).build().unwrap());
    health.mark_started();
    health
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn pass_and_warn_are_200_and_fail_is_503() {
    for (result, code) in [
        (CheckResult::pass(), 200),
        (CheckResult::warn("w"), 200),
        (CheckResult::fail("f"), 503),
    ] {
        let health = started();
        let status = result.status();
        health
            .register(Check::dependency("x", move || result.clone()).critical())
            .unwrap();
        let _ = health.run_all_checks();
        let answer = Probes::new(health).respond("GET", "/readyz", false);
        assert_eq!(
            (answer.status(), answer.header("content-type")),
            (code, Some("application/health+json"))
        );
        assert_eq!(
            json_of(answer.body()),
            json!({ "status": status.name(), "phase": "started" })
        );
    }
}

#[test]
fn details_are_hidden_unless_allowed_and_redacted_then() {
    let health = started();
    health
        .register(Check::dependency("database", || {
            CheckResult::fail(DSN).with_detail("host", "db.internal")
        }))
        .unwrap();
    health
        .register_check("bad", || -> bool { panic!("{DSN}") })
        .unwrap();
    let _ = health.run_all_checks();

    let closed = Probes::new(health.clone());
    for target in [
        "/healthz",
        "/healthz?verbose",
        "/readyz?verbose=1",
        "/healthz/database",
        "/healthz/bad",
    ] {
        let answer = closed.respond("GET", target, true);
        for secret in ["db.internal", "admin", "hunter2", "postgres", "panicked"] {
            assert!(
                !answer.body().contains(secret),
                "{target}: {secret} in {}",
                answer.body()
            );
        }
    }
    assert_eq!(
        json_of(closed.respond("GET", "/healthz/bad", false).body())["category"],
        "panic"
    );

    let open = closed.show_details(ShowDetails::WhenAllowed);
    assert!(
        !open
            .respond("GET", "/healthz/database", false)
            .body()
            .contains("db.internal")
    );
    let seen = open.respond("GET", "/healthz/database", true);
    let output = json_of(seen.body())["output"].as_str().unwrap().to_owned();
    assert!(
        output.starts_with("cannot reach postgres://") && !output.contains("hunter2"),
        "{output}"
    );
}

#[test]
fn excluded_checks_are_listed_and_do_not_count() {
    let health = started();
    health
        .register(Check::dependency("cache", || false).critical())
        .unwrap();
    health
        .register(Check::dependency("my disk", || false).critical())
        .unwrap();
    let _ = health.run_all_checks();
    let probes = Probes::new(health);
    assert_eq!(
        probes
            .respond("GET", "/readyz?exclude=cache", false)
            .status(),
        503
    );
    for query in [
        "exclude=cache&exclude=my%20disk",
        "exclude=cache,my+disk",
        "exclude=my%20disk&exclude=cache,unknown",
    ] {
        let answer = probes.respond("GET", &format!("/readyz?{query}"), false);
        assert_eq!(answer.status(), 200, "{query}");
        assert_eq!(
            json_of(answer.body())["excluded"],
            json!(["cache", "my disk"])
        );
    }
}

#[test]
fn head_has_headers_alone_and_other_methods_and_paths_are_refused() {
    let probes = Probes::new(started());
    let get = probes.respond("GET", "/livez", false);
    let head = probes.respond("HEAD", "/livez", false);
    assert_eq!((head.status(), head.body()), (200, ""));
    assert_eq!(
        head.header("content-length"),
        Some(get.body().len().to_string().as_str())
    );
    let post = probes.respond("POST", "/livez", false);
    assert_eq!(
        (post.status(), post.header("allow")),
        (405, Some("GET, HEAD"))
    );
    for path in [
        "/",
        "",
        "/readyzz",
        "/healthz/unknown",
        "/healthz/%",
        "//livez",
        "/livez/x",
    ] {
        assert_eq!(probes.respond("GET", path, false).status(), 404, "{path}");
    }
    assert_eq!(probes.respond("GET", "/livez/", false).status(), 200);
}

#[gardefou::with_circuit_breaker(name = "probed-upstream", failure_threshold = 1)]
fn charge() -> gardefou::Result<()> {
    Ok(())
}

#[test]
fn open_breaker_is_a_warning_with_retry_after_and_its_functions() {
    let clock = ManualClock::new();
    let config = HealthConfig::builder()
        .background(false)
        .breakers(true)
        .clock(clock.clone());
    let health = Health::new(config.build().unwrap());
    health.mark_started();
    let with_clock = clock.clone();
    let breaker = circuit_breakers()
        .get_or_create("probed-upstream", |b| {
            b.failure_threshold(1)
                .recovery_timeout(Duration::from_secs(60))
                .clock(with_clock)
        })
        .unwrap();
    breaker.try_acquire().unwrap().failure();
    clock.advance(Duration::from_millis(20_500));

    let probes = Probes::new(health.clone()).show_details(ShowDetails::Always);
    let answer = probes.respond("GET", "/readyz?verbose", false);
    assert_eq!(answer.status(), 200);
    let body = json_of(answer.body());
    let entry = &body["checks"]["breaker:probed-upstream"][0];
    assert_eq!(
        (
            &entry["status"],
            &entry["retryAfter"],
            &entry["details"]["state"]
        ),
        (&json!("warn"), &json!(40), &json!("open"))
    );
    assert_eq!(
        entry["details"]["affectedEndpoints"],
        json!(["health::probes::charge"])
    );
    assert_eq!(entry["details"]["since"], "2023-11-14T22:13:20.000Z");

    health.set_breaker_criticality("probed-upstream", gardefou::health::Criticality::Critical);
    let answer = probes.respond("GET", "/readyz", false);
    assert_eq!(
        (answer.status(), answer.header("retry-after")),
        (503, Some("40"))
    );
    assert_eq!(
        probes
            .respond("GET", "/readyz?exclude=breaker:probed-upstream", false)
            .status(),
        200
    );
    breaker.reset();
    charge().unwrap();
    assert_eq!(probes.respond("GET", "/readyz", false).status(), 200);
}

#[test]
fn every_answer_forbids_caching() {
    let health = started();
    health
        .register(Check::dependency("down", || false).critical())
        .unwrap();
    let _ = health.run_all_checks();
    let probes = Probes::new(health);
    let asked = [
        ("GET", "/livez", 200),
        ("HEAD", "/livez", 200),
        ("GET", "/readyz?verbose", 503),
        ("HEAD", "/readyz", 503),
        ("GET", "/healthz/down", 503),
        // The check may be registered later.
        ("GET", "/healthz/unknown", 404),
        ("POST", "/livez", 405),
    ];
    for (method, target, code) in asked {
        let answer = probes.respond(method, target, false);
        assert_eq!(
            (answer.status(), answer.header("cache-control")),
            (code, Some("no-store")),
            "{method} {target}"
        );
    }
}

#[test]
fn info_checks_count_for_no_probe() {
    let health = started();
    health
        .register(Check::dependency("build age", || false).critical().info())
        .unwrap();
    health
        .register(Check::dependency("database", || true).critical())
        .unwrap();
    let _ = health.run_all_checks();
    for kind in [
        ProbeKind::Liveness,
        ProbeKind::Readiness,
        ProbeKind::Startup,
    ] {
        let report = health.probe(kind);
        assert_eq!(
            (report.status(), report.check("build age")),
            (Status::Pass, None),
            "{kind}"
        );
    }
    let info = health.probe(ProbeKind::Info);
    let shown: Vec<_> = info
        .checks()
        .iter()
        .map(|check| (check.name.as_str(), check.status))
        .collect();
    assert_eq!(
        (shown, info.status()),
        (vec![("build age", Status::Fail)], Status::Fail)
    );
    let probes = Probes::new(health);
    for target in ["/livez", "/readyz", "/startupz"] {
        let answer = probes.respond("GET", &format!("{target}?verbose"), false);
        assert_eq!(
            (answer.status(), answer.body().contains("build age")),
            (200, false),
            "{target}"
        );
    }
    assert!(
        probes
            .respond("GET", "/healthz", false)
            .body()
            .contains("build age")
    );
    assert_eq!(
        probes
            .respond("GET", "/healthz/build%20age", false)
            .status(),
        503
    );
}

async fn ask(app: &Router, request: Request<Body>) -> (u16, HeaderMap, String) {
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap();
    (
        parts.status.as_u16(),
        parts.headers,
        String::from_utf8(bytes.to_vec()).unwrap(),
    )
}

fn get(target: &str) -> Request<Body> {
    Request::get(target).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn axum_router_shows_details_to_allowed_requests_alone() {
    let health = started();
    health
        .register(Check::dependency("database", || CheckResult::fail(DSN)).critical())
        .unwrap();
    let token = |request: &axum::http::request::Parts| {
        request
            .headers
            .get("authorization")
            .is_some_and(|token| token == "Bearer ops")
    };
    let app = Router::new().nest("/internal", probes(&health).allow_details(token).build());
    // Without a background runner the first request runs the check.
    let (status, headers, body) = ask(&app, get("/internal/readyz?verbose")).await;
    assert_eq!(
        (status, headers["content-type"].to_str().unwrap()),
        (503, "application/health+json")
    );
    assert!(!body.contains("postgres"), "{body}");
    let allowed = Request::get("/internal/healthz/database").header("authorization", "Bearer ops");
    let (_, _, body) = ask(&app, allowed.body(Body::empty()).unwrap()).await;
    assert!(body.contains("cannot reach postgres://"), "{body}");
    assert_eq!(ask(&app, get("/internal/livez")).await.0, 200);
    assert_eq!(ask(&app, get("/internal/healthz/unknown")).await.0, 404);
    let head = Request::head("/internal/livez")
        .body(Body::empty())
        .unwrap();
    assert_eq!(ask(&app, head).await.2, "");
    let post = Request::post("/internal/livez")
        .body(Body::empty())
        .unwrap();
    assert_eq!(ask(&app, post).await.0, 405);
}

#[tokio::test(start_paused = true)]
async fn thousand_requests_within_the_ttl_run_the_check_once() {
    let health = started();
    let runs = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&runs);
    let check = move || {
        let counted = Arc::clone(&counted);
        async move {
            *counted.lock().unwrap() += 1;
            tokio::time::sleep(Duration::from_millis(30)).await;
            true
        }
    };
    health.register_async_check("database", check).unwrap();
    let app: Router = probes(&health).build();
    let requests: Vec<_> = (0..1000)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { ask(&app, get("/readyz")).await.0 })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), 200);
    }
    assert_eq!(*runs.lock().unwrap(), 1);
}

#[test]
fn code_of_a_failing_check_is_among_its_details() {
    let health = started();
    let fail = || {
        Err::<(), _>(gardefou::AppError::new(
            ErrorCode::DB_CONNECTION_ERROR,
            "away",
        ))
    };
    health.register_check("database", fail).unwrap();
    assert_eq!(health.run_all_checks().status(), Status::Warn);
    let answer = Probes::new(health)
        .show_details(ShowDetails::Always)
        .respond("GET", "/healthz/database", false);
    assert_eq!(
        json_of(answer.body())["details"]["code"],
        "DB_CONNECTION_ERROR"
    );
}

#[tokio::test]
async fn startup_probe_passes_once_its_checks_have_passed() {
    let config = HealthConfig::builder()
        .background(false)
        .cache_ttl(Duration::ZERO);
    let health = Health::new(config.build().unwrap());
    let is_done = Arc::new(AtomicBool::new(false));
    let migrated = Arc::clone(&is_done);
    let check = move || migrated.load(Ordering::SeqCst);
    health
        .register(Check::internal("migrations", check).critical().startup())
        .unwrap();
    let app: Router = probes(&health).build();
    let started = async || {
        let (status, headers, body) = ask(&app, get("/startupz")).await;
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["content-type"], "application/health+json");
        let body = json_of(&body);
        (
            status,
            body["status"].as_str().unwrap().to_owned(),
            body["phase"].as_str().unwrap().to_owned(),
        )
    };
    let expected = |status, name: &str, phase: &str| (status, name.to_owned(), phase.to_owned());
    assert_eq!(started().await, expected(503, "fail", "starting"));
    health.mark_started();
    assert_eq!(
        started().await,
        expected(503, "fail", "started"),
        "its check has not passed"
    );
    is_done.store(true, Ordering::SeqCst);
    assert_eq!(started().await, expected(200, "pass", "started"));
    is_done.store(false, Ordering::SeqCst);
    assert_eq!(
        started().await,
        expected(200, "pass", "started"),
        "a passed startup check stays passed"
    );
    health.mark_stopping();
    assert_eq!(started().await, expected(200, "pass", "stopping"));
}

/// Sends a request through the router, or to the plain probes as another server would.
async fn ask_either(through_the_router: bool, health: &Health, target: &str) -> (u16, Value) {
    if through_the_router {
        let (status, _, body) = ask(&probes(health).build(), get(target)).await;
        (status, json_of(&body))
    } else {
        let answer = Probes::new(health.clone())
            .respond_async("GET", target, false)
            .await;
        (answer.status(), json_of(answer.body()))
    }
}

#[tokio::test(start_paused = true)]
async fn hung_check_delays_an_answer_by_its_limit_and_leaves_the_others_alone() {
    for through_the_router in [true, false] {
        let health = started();
        // One that blocks its thread, and one that can be cancelled.
        let (blocked, hung) = block();
        health.register_check("hung", hung).unwrap();
        health
            .register_async_check("pending", std::future::pending::<bool>)
            .unwrap();
        let slow = || async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            true
        };
        health.register_async_check("slow", slow).unwrap();
        health
            .register_async_check("down", || async { Err::<(), _>("no route") })
            .unwrap();
        let bad = || async {
            if true {
                panic!("boom")
            }
        };
        health.register_async_check("bad", bad).unwrap();
        for hung in ["timeout", "hanging"] {
            let begin = tokio::time::Instant::now();
            let (status, body) = ask_either(through_the_router, &health, "/healthz").await;
            let took = begin.elapsed();
            assert!(
                took >= Duration::from_secs(5) && took <= Duration::from_secs(6),
                "{took:?}"
            );
            assert_eq!(
                (status, &body["status"]),
                (200, &json!("warn")),
                "all are important"
            );
            let known = ["hung", "pending", "slow", "down", "bad"].map(|name| {
                let check = &body["checks"][name][0];
                (
                    check["status"].as_str().unwrap(),
                    check["category"].as_str(),
                )
            });
            let expected = [
                ("fail", Some(hung)),
                ("fail", Some("timeout")),
                ("pass", None),
                ("fail", Some("reported")),
                ("fail", Some("panic")),
            ];
            assert_eq!(known, expected);
            blocked_once(&blocked, hung);
            tokio::time::advance(Duration::from_secs(2)).await;
        }
    }
}

/// Asserts that the hung check was begun by the first request alone.
fn blocked_once(blocked: &crate::support::Blocked, round: &str) {
    if round == "timeout" {
        blocked.wait();
    }
    assert!(!blocked.has_another_begun());
}

#[tokio::test(start_paused = true)]
async fn answer_comes_by_the_deadline_where_the_limit_of_a_check_is_longer() {
    for through_the_router in [true, false] {
        let health = started();
        let (_blocked, hung) = block();
        health
            .register(Check::dependency("hung", hung).timeout(Duration::from_secs(3600)))
            .unwrap();
        health
            .register_async_check("fine", || async { true })
            .unwrap();
        let begin = tokio::time::Instant::now();
        let (status, body) = ask_either(through_the_router, &health, "/healthz").await;
        let took = begin.elapsed();
        assert!(
            took >= Duration::from_secs(10) && took < Duration::from_secs(11),
            "{took:?}"
        );
        let known =
            ["hung", "fine"].map(|name| body["checks"][name][0]["status"].as_str().unwrap());
        assert_eq!(
            (status, known),
            (503, ["fail", "pass"]),
            "a check that has not returned is unknown"
        );
    }
}
