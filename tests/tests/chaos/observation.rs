//! Rules that are on are visible: in the log, in health reports, and in the system that started them.

use gardefou::{
    AppError, chaos, event::names::TARGET_CHAOS, health, health::Status, testing::Scope,
    timeout::Timeout,
};
use gardefou_tests::testkit::log::capture;
use std::time::Duration;

/// Runs something and returns the lines about chaos that it logged, as
/// `LEVEL message; field=value; ..`.
fn logged(run: impl FnOnce()) -> Vec<String> {
    let ((), lines) = capture(|line| line.target() == TARGET_CHAOS, run);
    lines.iter().map(|line| line.text_without("")).collect()
}

fn call() -> Result<(), AppError> {
    let timeout = Timeout::builder("seen")
        .limit(Duration::from_secs(1))
        .build();
    timeout.unwrap().call(|| Ok(()))
}

#[test]
fn log_has_the_beginning_the_end_and_each_fault() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let lines = logged(|| {
        let rule = chaos::inject("seen").error(1.0).seed(7).start().unwrap();
        assert!(call().is_err());
        drop(rule);
        assert!(call().is_ok());
    });
    assert_eq!(lines.len(), 3, "{lines:#?}");
    let has = |line: usize, parts: &[&str]| {
        let line = &lines[line];
        parts.iter().all(|part| line.contains(part))
    };
    let fault = "error EXTERNAL_SERVICE_ERROR";
    assert!(
        has(0, &["WARN", "chaos is on", fault, "`seen`", "seed 7"]),
        "{lines:#?}"
    );
    assert!(
        has(
            1,
            &[
                "DEBUG",
                "fault injected by chaos at `seen`",
                fault,
                "chaos.call=0"
            ]
        ),
        "{lines:#?}"
    );
    assert!(
        has(2, &["WARN", "is over: 1 calls, errors: 1, latencies: 0"]),
        "{lines:#?}"
    );
}

#[test]
fn type_of_errors_that_can_carry_no_injected_one_is_logged_once() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let retry = gardefou::retry::Retry::builder()
        .name("seen")
        .build()
        .unwrap();
    let lines = logged(|| {
        let _rule = chaos::inject("seen").error(1.0).start().unwrap();
        for _ in 0..3 {
            assert_eq!(retry.call(|| Ok::<_, String>(1)), Ok(1));
        }
    });
    let warned = lines.iter().filter(|line| line.contains("cannot inject"));
    assert_eq!(warned.count(), 1, "{lines:#?}");
}

#[test]
fn health_warns_while_a_rule_is_on() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let entry = || {
        let report = health().health_status();
        let entry = report.checks().iter().find(|it| it.name == "chaos:rules");
        entry.cloned()
    };
    assert!(entry().is_none());
    let rule = chaos::inject("seen").error(1.0).start().unwrap();
    assert!(call().is_err());
    let found = entry().unwrap();
    assert_eq!(found.status, Status::Warn);
    assert_eq!(
        found.output.as_deref(),
        Some("faults are injected into calls of seen")
    );
    assert_eq!(found.details["injected"], 1);
    assert_eq!(health().health_status().status(), Status::Warn);
    drop(rule);
    assert!(entry().is_none());
}
