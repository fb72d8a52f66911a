//! Behaviour of the Python original, and its faults that are fixed here.

use gardefou::{
    AppError, ErrorCode,
    health::{Check, CheckResult, FailureCategory, Health, HealthConfig, RegisterError, Status},
};
use std::sync::mpsc;

fn health() -> Health {
    Health::default()
}

#[test]
fn registering_and_running_checks_gives_the_answers_of_the_original() {
    let health = health();
    health.register_check("custom-service", || true).unwrap();
    health
        .register_check("audio_device", || Err::<(), _>("no such device"))
        .unwrap();

    let before = health.health_status().to_json();
    let check = &before["checks"]["custom-service"];
    assert_eq!(
        (&check["last_check"], &check["last_success"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    assert_eq!(check["consecutive_failures"], 0);

    let all = health.run_all_checks();
    assert_eq!(
        all.passed().into_iter().collect::<Vec<_>>(),
        [("audio_device", false), ("custom-service", true)]
    );

    let status = health.health_status().to_json();
    for key in ["status", "timestamp", "checks"] {
        assert!(!status[key].is_null(), "{key} in {status}");
    }
    assert_eq!(status["checks"]["audio_device"]["consecutive_failures"], 1);
    assert!(status["checks"]["custom-service"]["last_success"].is_string());
}

#[test]
fn empty_registry_is_healthy_and_a_check_that_never_ran_is_not() {
    let health = health();
    assert_eq!(health.health_status().status(), Status::Pass);
    health.register_check("database", || true).unwrap();
    let status = health.health_status();
    assert_eq!(status.status(), Status::Fail);
    assert_eq!(
        status.check("database").unwrap().category,
        Some(FailureCategory::Unknown)
    );
}

#[test]
fn running_check_blocks_neither_the_status_nor_a_registration() {
    let health = health();
    let (running, is_running) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = std::sync::Mutex::new(may_go_on);
    health
        .register_check("slow", move || {
            running.send(()).unwrap();
            may_go_on.lock().unwrap().recv().is_ok()
        })
        .unwrap();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| health.run_check("slow").unwrap());
        is_running.recv().unwrap();
        assert_eq!(health.health_status().checks().len(), 1);
        health.register_check("second", || true).unwrap();
        assert!(health.run_check("second").unwrap().passed());
        go_on.send(()).unwrap();
        assert!(run.join().unwrap().passed());
    });
}

#[test]
fn check_may_register_another_while_all_run() {
    let health = health();
    let inner = health.clone();
    health
        .register_check("first", move || {
            inner
                .register_check("second", || true)
                .map_err(|err| err.to_string())
        })
        .unwrap();
    let all = health.run_all_checks();
    assert_eq!(
        all.passed().into_iter().collect::<Vec<_>>(),
        [("first", true)]
    );
    assert_eq!(health.names(), ["first", "second"]);
}

#[test]
fn return_value_of_a_check_decides_its_status() {
    let health = health();
    health.register_check("yes", || true).unwrap();
    health.register_check("no", || false).unwrap();
    health
        .register_check("ok", || Ok::<_, String>(vec![1]))
        .unwrap();
    health
        .register_check("ok-false", || Ok::<_, String>(false))
        .unwrap();
    health
        .register_check("err", || Err::<(), _>("down".to_owned()))
        .unwrap();
    health
        .register_check("warn", || CheckResult::warn("slow"))
        .unwrap();
    health
        .register_async_check("async-no", || async { false })
        .unwrap();
    let all = health.run_all_checks();
    let statuses: Vec<_> = all
        .checks()
        .iter()
        .map(|check| (check.name.as_str(), check.status))
        .collect();
    let (pass, warn, fail) = (Status::Pass, Status::Warn, Status::Fail);
    let expected = [
        ("yes", pass),
        ("no", fail),
        ("ok", pass),
        ("ok-false", fail),
        ("err", fail),
        ("warn", warn),
        ("async-no", fail),
    ];
    assert_eq!(statuses, expected);
}

#[test]
fn report_has_the_output_details_duration_and_times_of_a_run() {
    let health = health();
    let fail = || {
        AppError::new(ErrorCode::DB_CONNECTION_ERROR, "postgres is away").with_detail("port", 5432)
    };
    health
        .register(
            Check::dependency("database", move || Err::<(), _>(fail()))
                .group("storage")
                .tag("sql"),
        )
        .unwrap();
    let report = health.run_check("database").unwrap();
    assert_eq!(report.output.as_deref(), Some("postgres is away"));
    assert_eq!(report.category, Some(FailureCategory::Reported));
    assert_eq!(report.details["code"], "DB_CONNECTION_ERROR");
    assert!(
        report.duration.is_some() && report.last_failure.is_some() && report.last_success.is_none()
    );
    assert_eq!(
        (report.group.as_deref(), report.tags.as_slice()),
        (Some("storage"), &["sql".to_owned()][..])
    );
    assert_eq!(health.history("database").unwrap().len(), 1);
}

#[test]
fn unknown_name_is_an_error_and_no_failing_check() {
    let err = health().run_check("unknown").unwrap_err();
    assert_eq!(err.to_string(), "no check named `unknown` is registered");
}

#[test]
fn illegal_registration_is_refused_with_every_problem_at_once() {
    let health = health();
    health.register_check("a", || true).unwrap();
    let again = health.register_check("a", || false).unwrap_err();
    assert_eq!(again.to_string(), "a check named `a` is registered already");
    assert!(
        health.run_check("a").unwrap().passed(),
        "the first one stays"
    );

    let long = "x".repeat(101);
    for name in ["", " a", "a\n", "a/b", "a,b", long.as_str()] {
        assert!(
            matches!(
                health.register_check(name, || true),
                Err(RegisterError::Config(_))
            ),
            "{name:?}"
        );
    }
    let zero = std::time::Duration::ZERO;
    let wrong = Check::dependency("b", || true)
        .timeout(zero)
        .failure_threshold(0)
        .period(zero);
    let Err(RegisterError::Config(err)) = health.register(wrong) else {
        panic!("must be refused")
    };
    let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    assert_eq!(fields, ["period", "timeout", "failure_threshold"]);
    assert_eq!(health.names(), ["a"]);
}

#[test]
fn drop_of_a_check_may_use_the_registry() {
    struct Last(Health);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.register_check("next", || true).unwrap();
        }
    }
    let health = Health::new(HealthConfig::builder().background(false).build().unwrap());
    let last = Last(health.clone());
    health
        .register_check("first", move || last.0.names().len() == 1)
        .unwrap();
    assert!(health.unregister("first"));
    assert_eq!(health.names(), ["next"]);
}
