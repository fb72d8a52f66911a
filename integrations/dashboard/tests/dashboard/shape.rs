//! What the JSON has of each part.

use crate::support::{dashboard, entry, get, open, snapshot, text};
use gardefou::{
    AppError, ErrorCode,
    alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError, Rule},
    bulkhead::Bulkhead,
    circuit_breakers,
    health::{Check, health},
    rate_limit::RateLimiter,
    report, retry,
    retry::{Retry, RetryBudget},
    testing::Scope,
    with_circuit_breaker,
};
use gardefou_dashboard::Dashboard;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn breaker_has_state_counts_rates_cause_and_settings() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let builder = |b: gardefou::breaker::BreakerBuilder| {
        b.count_window(10)
            .failure_rate(0.5)
            .min_calls(2)
            .slow_call(Duration::from_secs(1))
    };
    let breaker = circuit_breakers()
        .get_or_create("payments", builder)
        .unwrap();
    let dashboard = dashboard();
    let slow = breaker.try_acquire().unwrap();
    scope.clock().advance(Duration::from_secs(3));
    slow.success();
    breaker
        .try_acquire()
        .unwrap()
        .failure_because("no route to host");
    assert!(breaker.try_acquire().is_err());

    let sample = snapshot(&open(&dashboard)).await;
    let tile = entry(&sample, "guards", "payments");
    assert_eq!(
        (&tile["kind"], &tile["state"]),
        (&json!("breaker"), &json!("open"))
    );
    assert_eq!(
        tile["counts"],
        json!({ "success": 1, "failure": 1, "ignored": 0, "slow": 1, "rejected": 1, "abandoned": 0 })
    );
    assert_eq!(tile["opened_by"], "no route to host");
    assert_eq!(tile["last_failure_cause"], "no route to host");
    assert_eq!(
        tile["last_slow"],
        json!({ "seconds": 3.0, "pending": false })
    );
    let config = &tile["config"];
    assert_eq!(
        (&config["count_window"], &config["failure_rate"]),
        (&json!(10), &json!(0.5))
    );
    assert_eq!(config["slow_call"], json!(1.0));
    let taken_at = sample["taken_at"].as_i64().unwrap();
    assert_eq!(tile["until"], taken_at + 60_000);
}

#[tokio::test]
async fn other_guards_have_their_figures_and_settings() {
    let _entered = Scope::new().enter();
    let budget = RetryBudget::builder()
        .name("calls")
        .burst(5)
        .floor(0)
        .build()
        .unwrap();
    let retry = Retry::builder()
        .name("fetch")
        .max_retries(2)
        .budget(budget)
        .build()
        .unwrap();
    assert!(retry.call(|| Err::<(), _>("down")).is_err());
    let reports = Bulkhead::builder("reports")
        .max_concurrent(1)
        .build_shared()
        .unwrap();
    let _running = reports.try_acquire().unwrap();
    assert!(reports.try_acquire().is_err());
    let search = RateLimiter::builder("search")
        .rate("2/h")
        .build_shared()
        .unwrap();
    for _ in 0..3 {
        let _ = search.try_acquire();
    }
    let sample = snapshot(&open(&dashboard())).await;
    let of = |name| entry(&sample, "guards", name);
    assert_eq!(of("reports")["kind"], "bulkhead");
    assert_eq!(
        (&of("reports")["in_flight"], &of("reports")["limit"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(of("reports")["rejections"]["full"], 1);
    assert_eq!(of("reports")["config"]["max_concurrent"], 1);
    assert_eq!(
        (&of("search")["available"], &of("search")["rejected"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(of("search")["config"]["rate"], "2/h");
    assert_eq!(of("search")["next_permit"], 1_800.0);
    assert_eq!(
        (&of("calls")["kind"], &of("calls")["available"]),
        (&json!("retry_budget"), &json!(3))
    );
    assert_eq!(of("fetch")["kind"], "retry");
    assert_eq!(
        (&of("fetch")["failed_with_retry"], &of("fetch")["attempts"]),
        (&json!(1), &json!(3))
    );
    let default = sample["guards"]
        .as_array()
        .unwrap()
        .iter()
        .find(|guard| guard["name"].is_null());
    assert_eq!(
        default.unwrap()["kind"],
        "retry_budget",
        "the default budget"
    );
}

#[tokio::test]
async fn groups_of_errors_have_the_last_message_and_its_causes() {
    let scope = Scope::new();
    let _entered = scope.enter();
    for at in 0..3 {
        scope.clock().advance(Duration::from_secs(1));
        let cause = std::io::Error::other(format!("disk {at} is full"));
        report(&AppError::new(ErrorCode::DB_WRITE_ERROR, "order is not stored").with_source(cause));
    }
    let app = open(&dashboard());
    let sample = snapshot(&app).await;
    let errors = &sample["errors"];
    assert_eq!(
        (&errors["total"], &errors["rates"]["last_minute"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(errors["codes"][0]["name"], "DB_WRITE_ERROR");
    let [group] = &sample["groups"].as_array().unwrap()[..] else {
        panic!("{sample:#}");
    };
    assert_eq!(
        (&group["count"], &group["code"]),
        (&json!(3), &json!("DB_WRITE_ERROR"))
    );
    assert_eq!(group["message"], "order is not stored");
    assert_eq!(group["chain"], json!(["disk 2 is full"]));

    let id = group["id"].as_str().unwrap();
    let found = get(
        &app,
        &format!("/gardefou/api/v1/records?fingerprint={id}&limit=2"),
    )
    .await;
    let found: Value = serde_json::from_str(&text(found).await).unwrap();
    assert_eq!(found["source"], "journal");
    let chains: Vec<&Value> = found["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| &record["chain"][0])
        .collect();
    assert_eq!(chains, ["disk 2 is full", "disk 1 is full"], "newest first");
    assert_eq!(found["records"][0]["id"], group["last_id"]);

    // Without a journal, those in memory.
    scope.monitor().take_journal();
    let found = get(&app, &format!("/gardefou/api/v1/records?fingerprint={id}")).await;
    let found: Value = serde_json::from_str(&text(found).await).unwrap();
    assert_eq!(
        (&found["source"], found["records"].as_array().unwrap().len()),
        (&json!("memory"), 3)
    );
    let none = get(
        &app,
        "/gardefou/api/v1/records?fingerprint=00000000000000ff",
    )
    .await;
    assert_eq!(text(none).await, r#"{"records":[],"source":"memory"}"#);
    assert_eq!(get(&app, "/gardefou/api/v1/records").await.status(), 400);
}

#[tokio::test]
async fn notifications_have_their_outcome_and_what_was_held_back() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let config = AlertsConfig::builder()
        .background(false)
        .clock(scope.clock().clone())
        .throttle(Duration::from_secs(60))
        .rule(Rule::immediate("errors"))
        .channel(CallbackChannel::new("pager", |_| Ok(())))
        .channel(CallbackChannel::new("broken", |_| {
            Err(DeliveryError::permanent("no such address"))
        }));
    let alerts = Alerts::start(config.build().unwrap()).unwrap();
    let dashboard = dashboard();
    for _ in 0..4 {
        report(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
    }
    alerts.run();
    scope.clock().advance(Duration::from_secs(61));
    report(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
    alerts.run();

    let sample = snapshot(&open(&dashboard)).await;
    let status = &sample["alerts"][0];
    assert_eq!(
        status["suppressed"].as_u64(),
        Some(alerts.status().suppressed)
    );
    assert!(alerts.status().suppressed > 0);
    let pager = entry(status, "channels", "pager");
    assert_eq!(
        (&pager["healthy"], &pager["sent"]),
        (&json!(true), &json!(2))
    );
    let broken = entry(status, "channels", "broken");
    assert_eq!(
        (&broken["healthy"], &broken["last_error"]),
        (&json!(false), &json!("no such address"))
    );
    let sent: Vec<&Value> = sample["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|each| each["channel"] == "pager")
        .collect();
    assert_eq!(sent.len(), 2);
    assert_eq!(
        (&sent[0]["outcome"], &sent[0]["suppressed"]),
        (&json!("delivered"), &json!(0))
    );
    assert_eq!(sent[1]["suppressed"], 3, "{sent:#?}");
    assert_eq!(sent[0]["rule"], "errors");
}

#[tokio::test]
async fn checks_have_their_status_and_history() {
    let _entered = Scope::new().enter();
    let runs = std::sync::atomic::AtomicU32::new(0);
    let check = Check::dependency("database", move || {
        match runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            2 => Err("no connection"),
            _ => Ok(()),
        }
    });
    health()
        .register(check.critical().failure_threshold(1))
        .unwrap();
    let dashboard = dashboard();
    for _ in 0..3 {
        health().run_check("database").unwrap();
    }
    circuit_breakers()
        .get_or_create("has-a-tile", |b| b)
        .unwrap();
    let sample = snapshot(&open(&dashboard)).await;
    let check = entry(&sample, "checks", "database");
    assert_eq!(
        (&check["status"], &check["criticality"]),
        (&json!("fail"), &json!("critical"))
    );
    assert_eq!(check["output"], "no connection");
    let history: Vec<&Value> = check["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| &each["status"])
        .collect();
    assert_eq!(history, ["pass", "pass", "fail"]);
    assert_eq!(
        (&check["changes"][0]["from"], &check["changes"][0]["to"]),
        (&json!("pass"), &json!("fail"))
    );
    assert_eq!(sample["health"]["status"], "fail");
    let change = sample["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&change["of"], &change["id"], &change["to"]),
        (&json!("check"), &check["id"], &json!("fail"))
    );
    let checks = sample["checks"].as_array().unwrap();
    assert!(
        checks
            .iter()
            .all(|check| check["name"] != "breaker:has-a-tile")
    );
}

#[retry(max_retries = 1)]
fn called_in_time() -> Result<u32, AppError> {
    Ok(1)
}

#[with_circuit_breaker(name = "never", failure_threshold = 3)]
fn never_called() -> Result<u32, AppError> {
    Ok(2)
}

#[tokio::test]
async fn functions_tell_which_were_never_called() {
    let _entered = Scope::new().enter();
    let _: fn() -> Result<u32, AppError> = never_called;
    called_in_time().unwrap();
    let sample = snapshot(&open(&dashboard())).await;
    assert_eq!(
        entry(&sample, "functions", "called_in_time")["called"],
        true
    );
    let never = entry(&sample, "functions", "never_called");
    assert_eq!(
        (&never["called"], &never["attribute"]),
        (&json!(false), &json!("with_circuit_breaker"))
    );
    assert_eq!(
        never["arguments"],
        r#"name = "never", failure_threshold = 3"#
    );
    assert!(never["file"].as_str().unwrap().ends_with("shape.rs"));
}

#[tokio::test]
async fn history_is_bounded_and_keeps_the_newest() {
    let _entered = Scope::new().enter();
    let dashboard = Dashboard::builder().history(3).build().unwrap();
    let breaker = circuit_breakers().get_or_create("bounded", |b| b).unwrap();
    for _ in 0..50 {
        breaker.force_open();
        breaker.reset();
    }
    let sample = snapshot(&open(&dashboard)).await;
    let to: Vec<&Value> = sample["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["to"])
        .collect();
    assert_eq!(to, ["closed", "forced_open", "closed"]);
}

#[tokio::test]
async fn dashboard_that_is_dropped_observes_no_longer() {
    let _entered = Scope::new().enter();
    let dashboard = dashboard();
    let app = open(&dashboard);
    let breaker = circuit_breakers().get_or_create("observed", |b| b).unwrap();
    drop(dashboard);
    breaker.force_open();
    assert_eq!(
        snapshot(&app).await["timeline"].as_array().unwrap().len(),
        1,
        "the router still does"
    );
}

#[test]
fn report_has_the_snapshot_and_the_records_of_each_group() {
    let _entered = Scope::new().enter();
    let dashboard = Dashboard::builder().title("nightly").build().unwrap();
    circuit_breakers()
        .get_or_create("in-a-report", |b| b)
        .unwrap()
        .force_open();
    for at in 0..7 {
        report(&AppError::new(ErrorCode::SYNC_ERROR, "out of step").with_detail("at", at));
    }
    let made = dashboard.report();
    assert_eq!(
        entry(made.json(), "guards", "in-a-report")["state"],
        "forced_open"
    );
    assert_eq!(made.json()["timeline"][0]["to"], "forced_open");
    let id = made.json()["groups"][0]["id"].as_str().unwrap();
    assert_eq!(made.json()["records"][id].as_array().unwrap().len(), 5);
    let html = made.html();
    assert!(html.contains("<title>nightly") && html.contains("in-a-report"));
    let data = html
        .split_once(r#"id="data">"#)
        .unwrap()
        .1
        .split_once("</script>")
        .unwrap()
        .0;
    assert_eq!(&serde_json::from_str::<Value>(data).unwrap(), made.json());
}

/// Of what is timed, how many calls took at most as long as each bound; of the others null.
#[tokio::test]
async fn timed_guards_have_their_durations_and_those_that_wait_their_waits() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let timed = circuit_breakers()
        .get_or_create("timed", |b| b.timed(true))
        .unwrap();
    circuit_breakers().get_or_create("untimed", |b| b).unwrap();
    for millis in [4, 40, 40_000] {
        let call = timed.try_acquire().unwrap();
        scope.clock().advance(Duration::from_millis(millis));
        call.success();
    }
    Bulkhead::builder("at-once").build_shared().unwrap();
    Bulkhead::builder("waits")
        .max_wait(Duration::from_secs(1))
        .build_shared()
        .unwrap();
    let limiter = RateLimiter::builder("limited")
        .rate("1/s")
        .burst(1)
        .build_shared()
        .unwrap();
    for _ in 0..2 {
        limiter.reserve(1, Duration::MAX).unwrap().wait();
    }
    let retry = Retry::builder()
        .name("fetch")
        .max_retries(0)
        .timed(true)
        .build()
        .unwrap();
    retry.call(|| Err::<(), _>("busy")).unwrap_err();

    let sample = snapshot(&open(&dashboard())).await;
    let bounds = sample["bounds"].as_array().unwrap();
    assert_eq!((bounds.len(), &bounds[0]), (12, &json!(0.001)));
    let tile = |name| entry(&sample, "guards", name);
    let counts = [0, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3];
    assert_eq!(
        tile("timed")["durations"],
        json!({ "counts": counts, "seconds": 40.044 })
    );
    assert_eq!(tile("untimed")["durations"], Value::Null);
    assert_eq!(tile("fetch")["durations"]["counts"][12], 1);
    assert_eq!(tile("at-once")["waits"], Value::Null);
    assert_eq!(tile("waits")["waits"]["counts"], Value::from(vec![0; 13]));
    let limited = &tile("limited")["waits"];
    assert_eq!(
        (&limited["counts"][12], &limited["seconds"]),
        (&json!(1), &json!(1.0))
    );
}
