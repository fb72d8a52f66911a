//! Start of the error system: once in a process, from any thread.

use crate::support::logged;
use gardefou::{
    ErrorSystem, InitError,
    alerts::{AlertsConfig, CallbackChannel, Rule},
    health::{HealthConfig, Phase, ProbeKind},
    health_check, init_error_system,
    time::ManualClock,
};
use gardefou_tests::testkit::lock::alone;
use std::{sync::Barrier, time::Duration};

#[test]
fn sixteen_initialisations_share_one_system() {
    let _turn = alone();
    let guards: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| init_error_system().unwrap()))
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect()
    });
    assert_eq!(health_check().phase(), Phase::Started);
    let mut left: Vec<usize> = guards
        .into_iter()
        .map(|guard| guard.shutdown().guards_left())
        .collect();
    left.sort_unstable();
    assert_eq!(left, (0..16).collect::<Vec<_>>());
    assert_eq!(health_check().phase(), Phase::Stopping);
}

#[test]
fn different_configuration_is_refused_with_the_first_place() {
    let _turn = alone();
    let config = || HealthConfig::builder().period(Duration::from_secs(7));
    let first = ErrorSystem::builder().health(config()).init().unwrap();
    let line = line!() - 1;
    let same = ErrorSystem::builder().health(config()).init();
    assert!(same.is_ok());
    assert!(
        init_error_system().is_ok(),
        "without settings it joins whatever is up"
    );

    let other = ErrorSystem::builder()
        .health(config().failure_threshold(9))
        .init()
        .unwrap_err();
    let InitError::AlreadyInitialised {
        first: place,
        settings,
        ..
    } = &other
    else {
        panic!("{other:?}")
    };
    assert_eq!((place.file(), place.line()), (file!(), line));
    assert_eq!(settings, &["health"]);
    assert_eq!(
        health_check().config(),
        config().build().unwrap(),
        "the first one stays"
    );
    drop((same, first));
}

#[test]
fn of_sixteen_threads_with_different_settings_one_wins_and_the_others_are_refused() {
    let _turn = alone();
    let config = |index: u64| {
        HealthConfig::builder()
            .period(Duration::from_secs(20 + index))
            .background(false)
    };
    let together = Barrier::new(16);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let start = |index| {
            together.wait();
            (index, ErrorSystem::builder().health(config(index)).init())
        };
        let starts: Vec<_> = (0..16)
            .map(|index| scope.spawn(move || start(index)))
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = outcomes
        .into_iter()
        .partition(|(_, outcome)| outcome.is_ok());
    assert_eq!((won.len(), lost.len()), (1, 15));
    for (_, outcome) in lost {
        let Err(InitError::AlreadyInitialised {
            first, settings, ..
        }) = outcome
        else {
            panic!("{outcome:?}")
        };
        assert_eq!(
            (first.file(), settings.as_slice()),
            (file!(), ["health"].as_slice())
        );
    }
    assert_eq!(
        health_check().config(),
        config(won[0].0).build().unwrap(),
        "the settings of the winner are in force"
    );
}

#[test]
fn different_alerts_are_refused() {
    let _turn = alone();
    let config = || {
        AlertsConfig::builder()
            .throttle(Duration::from_secs(60))
            .background(false)
    };
    let channel = || CallbackChannel::new("pager", |_| Ok(()));
    let first = ErrorSystem::builder()
        .alerts(config().channel(channel()))
        .init()
        .unwrap();
    assert!(
        ErrorSystem::builder()
            .alerts(config().channel(channel()))
            .init()
            .is_ok(),
        "the same wish joins"
    );
    let others = [
        config()
            .channel(channel())
            .throttle(Duration::from_secs(61)),
        config().channel(channel()).max_per_minute(1),
        config().channel(channel()).rule(Rule::breakers("circuits")),
        config()
            .channel(channel())
            .channel(CallbackChannel::new("mail", |_| Ok(()))),
        config().channel(channel()).escalate_after(None),
        config().channel(channel()).queue(1),
        config().channel(channel()).max_attempts(1),
        config().channel(channel()).initial_delay(Duration::ZERO),
        config()
            .channel(channel())
            .give_up_after(Duration::from_secs(1)),
        config().channel(channel()).source("another program"),
        config().channel(channel()).background(true),
        config(),
    ];
    for other in others {
        let outcome = ErrorSystem::builder().alerts(other).init();
        let Err(InitError::AlreadyInitialised { settings, .. }) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(settings, ["alerts"]);
    }
    drop(first);
}

#[test]
fn start_and_shutdown_are_logged_once_at_info() {
    let _turn = alone();
    let mut line = 0;
    let lines = logged(|| {
        let first = init_error_system().unwrap();
        line = line!() - 1;
        let second = init_error_system().unwrap();
        drop((first, second));
    });
    let started: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("initialised"))
        .collect();
    assert_eq!(
        started,
        [&format!(
            "INFO error system initialised; file={}; line={line}",
            file!()
        )]
    );
    let ended: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("shut down"))
        .collect();
    assert!(
        ended.len() == 1 && ended[0].starts_with("INFO "),
        "{lines:?}"
    );
}

#[test]
fn illegal_settings_are_all_named_and_nothing_starts() {
    let _turn = alone();
    let wrong = HealthConfig::builder().concurrency(0).jitter(f64::NAN);
    let err = ErrorSystem::builder()
        .health(wrong)
        .shutdown_deadline(Duration::MAX)
        .init()
        .unwrap_err();
    let InitError::Config(config) = &err else {
        panic!("{err:?}")
    };
    let fields: Vec<_> = config.problems().map(|problem| problem.field).collect();
    assert_eq!(fields, ["jitter", "concurrency", "shutdown_deadline"]);
    assert_ne!(health_check().phase(), Phase::Started);
}

#[test]
fn clock_of_health_is_refused_with_all_other_settings_before_anything_starts() {
    let _turn = alone();
    let err = ErrorSystem::builder()
        .health(HealthConfig::builder().clock(ManualClock::new()))
        .alerts(AlertsConfig::builder().queue(0))
        .service("shop-with-a-clock")
        .init()
        .unwrap_err();
    let InitError::Config(config) = &err else {
        panic!("{err:?}")
    };
    let fields: Vec<_> = config.problems().map(|problem| problem.field).collect();
    assert_eq!(fields, ["clock", "queue"]);
    assert_ne!(health_check().phase(), Phase::Started);
}

#[test]
fn dropping_the_guard_fails_readiness_and_stops_the_background() {
    let _turn = alone();
    let guard = init_error_system().unwrap();
    assert!(health_check().is_running_in_background());
    assert_eq!(
        health_check()
            .probe(ProbeKind::Startup)
            .status()
            .http_status(),
        200
    );
    drop(guard);
    assert!(!health_check().is_running_in_background());
    assert_eq!(
        health_check()
            .probe(ProbeKind::Readiness)
            .status()
            .http_status(),
        503
    );
    let again = init_error_system().unwrap();
    assert_eq!(health_check().phase(), Phase::Started);
    assert!(again.shutdown().is_clean());
}

#[tokio::test]
async fn system_starts_inside_a_runtime() {
    let _turn = alone();
    let guard = init_error_system().unwrap();
    let report = guard.shutdown();
    assert_eq!(report.part("health").map(|part| part.in_time), Some(true));
}
