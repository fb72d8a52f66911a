//! Checks that are registered where they are declared, and what is wrong with them.

use gardefou::{
    AppError, ErrorCode,
    health::{CheckResult, Criticality, Kind},
    health_check,
};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// One test at a time has the registry of the process, whose async checks end when the system does.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[health_check(kind = "liveness", scope = "internal")]
fn declared_here() -> bool {
    true
}

mod elsewhere {
    #[gardefou::health_check(name = "declared_here")]
    fn another() -> bool {
        false
    }
}

const NAME: &str = "declared-database";

/// A check as one writes it, with every key.
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

#[test]
fn declared_checks_are_in_the_process_wide_registry_with_their_settings() {
    let _turn = alone();
    assert!(declared_here(), "the function stays callable as it is");
    let own = health_check().run_check("declared_here").unwrap();
    assert!(own.passed(), "the first place wins");
    assert_eq!(own.kinds, [Kind::Liveness]);

    let database = health_check().run_check(NAME).unwrap();
    assert_eq!((database.criticality, database.kinds.as_slice()), (Criticality::Critical, &[Kind::Startup][..]));
    assert_eq!((database.group.as_deref(), database.tags.as_slice()), (Some("storage"), &["sql".to_owned()][..]));
    assert_eq!(database.details["code"], "DB_CONNECTION_ERROR");

    let shown = health_check().run_check("shown_only").unwrap();
    assert_eq!((shown.criticality, shown.output.as_deref()), (Criticality::Informational, Some("look at me")));
}

#[test]
fn a_second_declaration_of_a_name_is_told_with_both_places() {
    let _turn = alone();
    let guard = gardefou::init_error_system().unwrap();
    let told: Vec<String> = guard.warnings().iter().map(ToString::to_string).collect();
    let about = told.iter().find(|text| text.contains("`declared_here`")).unwrap();
    let line = |n: u32| format!("{}:{n}", file!());
    let expected = format!(
        "health check `declared_here` declared at {} is not registered: a check named `declared_here` is registered \
         already (another is declared at {})",
        line(25),
        line(19),
    );
    assert_eq!(about, &expected);
    let err = gardefou::ErrorSystem::builder().strict(true).init().unwrap_err();
    assert!(err.to_string().contains(&expected), "{err}");
}
