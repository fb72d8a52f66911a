//! Checks that are declared with `#[health_check]`.
//!
//! Tests of the registry of the process run alone: its async checks end with the error system.

use crate::support::PATIENCE;
use gardefou::{
    AppError, ErrorCode,
    health::{CheckResult, Criticality, FailureCategory, HealthConfig, ProbeKind, Status},
    health_check,
    testing::Scope,
    time::ManualClock,
};
use gardefou_tests::testkit::lock::alone;
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

/// The line of the next declaration.
const FIRST: u32 = line!() + 2;

#[health_check(kind = "liveness", scope = "internal")]
fn declared_here() -> bool {
    true
}

mod elsewhere {
    pub(super) const SECOND: u32 = line!() + 2;

    #[gardefou::health_check(name = "declared_here")]
    fn another() -> bool {
        false
    }
}

const NAME: &str = "declared-database";

/// A check with every key.
#[health_check(
    name = NAME,
    criticality = "critical",
    kind = "startup",
    timeout = "2s",
    period = 10,
    stale_after = Duration::from_secs(60),
    failure_threshold = 1,
    success_threshold = 1,
    group = "storage",
    tag = "sql"
)]
async fn database() -> Result<(), AppError> {
    tokio::task::yield_now().await;
    Err(AppError::new(ErrorCode::DB_CONNECTION_ERROR, "away"))
}

#[health_check(criticality = Criticality::Informational)]
pub(crate) fn shown_only() -> CheckResult {
    CheckResult::warn("look at me")
}

static IS_UP: AtomicBool = AtomicBool::new(true);
static RUNS: AtomicUsize = AtomicUsize::new(0);

#[health_check(
    name = "declared-paced",
    period = 10,
    stale_after = 20,
    failure_threshold = 2,
    success_threshold = 2,
    crate = gardefou
)]
fn paced() -> bool {
    RUNS.fetch_add(1, Ordering::SeqCst);
    IS_UP.load(Ordering::SeqCst)
}

/// The clock that the next run of the slow check advances, and the signal that it then waits for.
static SLOW: Mutex<Option<(ManualClock, mpsc::Receiver<()>)>> = Mutex::new(None);

#[health_check(name = "declared-slow", timeout = "2s")]
fn slow() -> bool {
    let Some((clock, end)) = SLOW.lock().unwrap().take() else {
        return true;
    };
    clock.advance(Duration::from_secs(3));
    let _ = end.recv_timeout(PATIENCE);
    true
}

#[test]
fn declared_period_and_age_decide_when_a_check_is_due_and_stale() {
    let _turn = alone();
    let scope = Scope::new();
    let health = scope.health();
    let runs = || {
        let before = RUNS.load(Ordering::SeqCst);
        health.run_due_checks();
        RUNS.load(Ordering::SeqCst) - before
    };
    assert!(health.run_check("declared-paced").unwrap().passed());
    runs();
    scope.clock().advance(Duration::from_secs(5));
    assert_eq!(runs(), 0, "half of the period");
    // The jitter is a tenth. With the default period it would be due after 27 s at the earliest.
    scope.clock().advance(Duration::from_secs(7));
    assert_eq!(runs(), 1);

    let status = || {
        let all = health.health_status();
        let report = all.check("declared-paced").unwrap();
        (report.status, report.category)
    };
    scope.clock().advance(Duration::from_secs(20));
    assert_eq!(status(), (Status::Pass, None));
    scope.clock().advance(Duration::from_secs(1));
    assert_eq!(status(), (Status::Fail, Some(FailureCategory::Stale)));
}

#[test]
fn declared_thresholds_decide_when_the_status_changes() {
    let _turn = alone();
    let scope = Scope::new();
    let health = scope.health();
    let confirmed = [true, false, false, true, true].map(|is_up| {
        IS_UP.store(is_up, Ordering::SeqCst);
        health.run_check("declared-paced").unwrap();
        health
            .health_status()
            .check("declared-paced")
            .unwrap()
            .status
    });
    let (pass, fail) = (Status::Pass, Status::Fail);
    assert_eq!(
        confirmed,
        [pass, pass, fail, fail, pass],
        "two in a row change it"
    );
}

#[test]
fn declared_timeout_abandons_a_slow_run() {
    let _turn = alone();
    let scope = Scope::new();
    let (end, ended) = mpsc::channel();
    *SLOW.lock().unwrap() = Some((scope.clock().clone(), ended));
    let report = scope.health().run_check("declared-slow").unwrap();
    assert_eq!(
        (report.status, report.category),
        (Status::Fail, Some(FailureCategory::Timeout))
    );
    assert_eq!(report.output.as_deref(), Some("took longer than 2s"));
    drop(end);
}

#[test]
fn declared_checks_are_in_the_process_wide_registry_with_their_settings() {
    let _turn = alone();
    assert!(declared_here(), "the function stays callable as it is");
    let own = health_check().run_check("declared_here").unwrap();
    assert!(own.passed(), "the first place wins");
    assert_eq!(own.kinds, [ProbeKind::Liveness]);

    let database = health_check().run_check(NAME).unwrap();
    assert_eq!(
        (database.criticality, database.kinds.as_slice()),
        (Criticality::Critical, &[ProbeKind::Startup][..])
    );
    assert_eq!(
        (database.group.as_deref(), database.tags.as_slice()),
        (Some("storage"), &["sql".to_owned()][..])
    );
    assert_eq!(database.details["code"], "DB_CONNECTION_ERROR");

    let shown = health_check().run_check("shown_only").unwrap();
    assert_eq!(
        (shown.criticality, shown.output.as_deref()),
        (Criticality::Informational, Some("look at me"))
    );
}

#[test]
fn second_declaration_of_a_name_is_a_warning_with_both_places() {
    let _turn = alone();
    // In the background the checks would still run, and count, when another test has its turn.
    let guard = gardefou::ErrorSystem::builder()
        .health(HealthConfig::builder().background(false))
        .init()
        .unwrap();
    let warnings: Vec<String> = guard.warnings().iter().map(ToString::to_string).collect();
    let warning = warnings
        .iter()
        .find(|text| text.contains("`declared_here`"))
        .unwrap();
    let line = |n: u32| format!("{}:{n}", file!());
    let expected = format!(
        "health check `declared_here` declared at {} is not registered: a check named `declared_here` is registered \
         already (another is declared at {})",
        line(elsewhere::SECOND),
        line(FIRST),
    );
    assert_eq!(warning, &expected);
    let err = gardefou::ErrorSystem::builder()
        .strict(true)
        .init()
        .unwrap_err();
    assert!(err.to_string().contains(&expected), "{err}");
}
