//! Case 50, S08.

use super::alone;
use gardefou::{
    ErrorSystem, InitError,
    health::{HealthConfig, Kind, Phase},
    health_check, init_error_system,
};
use std::time::Duration;

#[test]
fn twice_and_from_sixteen_threads_is_one_system() {
    let _turn = alone();
    let guards: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..16).map(|_| scope.spawn(|| init_error_system().unwrap())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert_eq!(health_check().phase(), Phase::Started);
    let mut left: Vec<usize> = guards.into_iter().map(|guard| guard.shutdown().guards_left()).collect();
    left.sort_unstable();
    assert_eq!(left, (0..16).collect::<Vec<_>>());
    assert_eq!(health_check().phase(), Phase::Stopping);
}

#[test]
fn a_different_configuration_is_told_with_the_first_place() {
    let _turn = alone();
    let config = || HealthConfig::default().period(Duration::from_secs(7));
    let first = ErrorSystem::builder().health(config()).init().unwrap();
    let line = line!() - 1;
    let same = ErrorSystem::builder().health(config()).init();
    assert!(same.is_ok());
    assert!(init_error_system().is_ok(), "no wishes join whatever is up");

    let other = ErrorSystem::builder().health(config().failure_threshold(9)).init().unwrap_err();
    let InitError::AlreadyInitialised { first: place, settings, .. } = &other else { panic!("{other:?}") };
    assert_eq!((place.file(), place.line()), (file!(), line));
    assert_eq!(settings, &["health"]);
    assert_eq!(health_check().config().failure_threshold(3), config(), "the first one stays");
    drop((same, first));
}

#[test]
fn every_problem_is_named_at_once_and_nothing_starts() {
    let _turn = alone();
    let wrong = HealthConfig::default().concurrency(0).jitter(f64::NAN);
    let err = ErrorSystem::builder().health(wrong).shutdown_deadline(Duration::MAX).init().unwrap_err();
    let InitError::Config(config) = &err else { panic!("{err:?}") };
    let fields: Vec<_> = config.problems().map(|problem| problem.field).collect();
    assert_eq!(fields, ["jitter", "concurrency", "shutdown_deadline"]);
    assert_ne!(health_check().phase(), Phase::Started);
}

#[test]
fn the_guard_takes_the_program_out_of_service() {
    let _turn = alone();
    let guard = init_error_system().unwrap();
    assert!(health_check().is_running_in_background());
    assert_eq!(health_check().probe(Kind::Startup).status().http_status(), 200);
    drop(guard);
    assert!(!health_check().is_running_in_background());
    assert_eq!(health_check().probe(Kind::Readiness).status().http_status(), 503);
    let again = init_error_system().unwrap();
    assert_eq!(health_check().phase(), Phase::Started);
    assert!(again.shutdown().is_clean());
}

#[tokio::test]
async fn it_starts_inside_a_runtime_too() {
    let _turn = alone();
    let guard = init_error_system().unwrap();
    let report = guard.shutdown();
    assert_eq!(report.part("health").map(|part| part.in_time), Some(true));
}
