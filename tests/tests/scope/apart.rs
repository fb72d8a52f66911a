//! Isolation of scopes from each other and from the process.

use crate::support::{ProcessEvents, guarded, handled, refused, retried};
use gardefou::{
    AppError, ErrorCode,
    alerts::{Alerts, AlertsConfig, CallbackChannel},
    breaker::CircuitState,
    circuit_breakers, error_monitor,
    event::{Event, subscribe},
    health::{Health, Phase},
    health_check, init_error_system,
    monitor::{RecordKind, RecordState},
    report,
    retry::RetryBudget,
    testing::Scope,
    transaction_boundary, with_circuit_breaker,
};
use std::{
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

#[test]
fn threads_in_different_scopes_are_isolated() {
    let barrier = Barrier::new(2);
    let run = |failures: usize| {
        let scope = Scope::new();
        let _entered = scope.enter();
        for _ in 0..failures {
            let _ = guarded(false);
            let _ = handled();
        }
        // Both threads have failed calls by now.
        barrier.wait();
        let state = circuit_breakers()
            .get("scope-shared")
            .map(|breaker| breaker.state());
        let errors = scope
            .records()
            .iter()
            .filter(|record| record.kind == RecordKind::Error)
            .count();
        barrier.wait();
        (state, error_monitor().stats().total_errors, errors)
    };
    let (one, three) = thread::scope(|threads| {
        let one = threads.spawn(|| run(1));
        let three = threads.spawn(|| run(3));
        (one.join().unwrap(), three.join().unwrap())
    });
    assert_eq!(one, (Some(CircuitState::Closed), 1, 1));
    assert_eq!(three, (Some(CircuitState::Open), 3, 3));
}

#[test]
fn circuit_opens_inside_or_outside_of_a_scope_alone() {
    #[with_circuit_breaker(name = "scope-inside-out", failure_threshold = 1)]
    fn call(succeeds: bool) -> gardefou::Result<()> {
        if succeeds { Ok(()) } else { Err(refused()) }
    }
    let scope = Scope::new();
    // The first call is in the scope: the call site does not keep the breaker that it finds there.
    scope.run(|| assert!(call(false).is_err()));
    assert_eq!(
        scope
            .circuit_breakers()
            .get("scope-inside-out")
            .unwrap()
            .state(),
        CircuitState::Open
    );
    assert!(circuit_breakers().get("scope-inside-out").is_none());
    assert!(call(true).is_ok());

    assert!(call(false).is_err());
    assert!(call(true).is_err(), "open outside now");
    assert!(Scope::new().run(|| call(true)).is_ok());
    scope.run(|| assert!(call(true).is_err()));
}

#[test]
fn attributes_and_calls_by_hand_share_a_breaker_within_a_scope() {
    let scope = Scope::new();
    let _entered = scope.enter();
    circuit_breakers()
        .get_or_create("scope-shared", |b| b.failure_threshold(1))
        .unwrap();
    assert!(guarded(false).is_err());
    let breaker = circuit_breakers().get("scope-shared").unwrap();
    assert_eq!(
        breaker.state(),
        CircuitState::Open,
        "as it was configured by hand, at the first failure"
    );
    assert_eq!(
        breaker.config(),
        scope
            .circuit_breakers()
            .get("scope-shared")
            .unwrap()
            .config()
    );
}

#[test]
fn observers_of_the_process_get_no_events_of_a_scope() {
    let of_process = ProcessEvents::watch();
    let scope = Scope::new();
    scope.run(|| {
        let _ = (
            guarded(false),
            guarded(false),
            guarded(false),
            handled(),
            retried(),
        );
        report(&refused());
        error_monitor().record(&refused());
    });
    assert_eq!(of_process.count(), 0);
    let _ = handled();
    assert_eq!(of_process.count(), 1, "outside they get what happens");
}

#[test]
fn observers_in_a_scope_get_its_events_alone() {
    let count = Arc::new(AtomicUsize::new(0));
    let sink = Arc::clone(&count);
    let scope = Scope::new();
    let subscription = scope.run(|| {
        subscribe(move |event: &Event<'_>| {
            if let Event::Error(_) = event {
                sink.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let _ = handled();
    Scope::new().run(|| drop(handled()));
    assert_eq!(count.load(Ordering::Relaxed), 0);
    scope.run(|| {
        let _ = handled();
        error_monitor().record(&refused());
    });
    assert_eq!(count.load(Ordering::Relaxed), 2);
    drop(subscription);
    scope.run(|| drop(handled()));
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[test]
fn monitor_of_a_scope_counts_records_made_outside() {
    let of_process = ProcessEvents::watch();
    let scope = Scope::new();
    scope.monitor().record(&refused());
    assert_eq!(
        (scope.monitor().stats().total_errors, scope.records().len()),
        (1, 1)
    );
    assert_eq!(of_process.count(), 0);
}

#[test]
fn named_budgets_belong_to_the_scope() {
    let outside = RetryBudget::named("scope-budget").unwrap();
    let scope = Scope::new();
    let inside = scope.run(|| RetryBudget::named("scope-budget")).unwrap();
    assert!(!inside.is_same_as(&outside));
    assert!(inside.is_same_as(&scope.run(|| RetryBudget::named("scope-budget")).unwrap()));
    assert!(outside.is_same_as(&RetryBudget::named("scope-budget").unwrap()));
}

#[test]
fn health_checks_belong_to_the_scope() {
    let scope = Scope::new();
    scope.run(|| {
        health_check()
            .register_check("scope-check", || true)
            .unwrap();
        assert!(guarded(true).is_ok());
        let report = health_check().run_all_checks();
        assert!(report.passed()["scope-check"]);
    });
    assert!(scope.health().run_check("scope-check").unwrap().passed());
    assert!(health_check().run_check("scope-check").is_err());
    assert!(Scope::new().health().run_check("scope-check").is_err());
}

#[test]
fn health_check_runs_in_the_scope_on_any_thread() {
    let scope = Scope::new();
    scope
        .health()
        .register_check("scope-breaker", || guarded(false).is_err())
        .unwrap();
    scope.run(|| assert!(health_check().run_check("scope-breaker").unwrap().passed()));
    assert_eq!(
        scope
            .circuit_breakers()
            .get("scope-shared")
            .unwrap()
            .snapshot()
            .counts
            .failure,
        1
    );
}

#[test]
fn health_report_has_the_breakers_of_its_registry_on_any_thread() {
    let scope = Scope::new();
    scope.run(|| drop(guarded(true)));
    let shows = |health: &Health| {
        health
            .health_status()
            .checks()
            .iter()
            .any(|it| it.name == "breaker:scope-shared")
    };
    let of_process = health_check();
    assert!(shows(scope.health()));
    assert!(!Scope::new().run(|| shows(health_check())));
    assert!(!scope.run(|| shows(of_process)));
}

#[test]
fn alerts_in_a_scope_notify_about_its_errors_alone() {
    let titles = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&titles);
    let channel = CallbackChannel::new("scope", move |notification| {
        sink.lock().unwrap().push(notification.title.clone());
        Ok(())
    });
    let scope = Scope::new();
    let alerts = scope
        .run(|| Alerts::start(AlertsConfig::builder().channel(channel).build().unwrap()))
        .unwrap();
    report(&AppError::new(ErrorCode::DB_WRITE_ERROR, "outside"));
    scope.run(|| report(&AppError::new(ErrorCode::DB_WRITE_ERROR, "inside")));
    assert!(alerts.flush(Duration::from_secs(60)).in_time);
    assert_eq!(*titles.lock().unwrap(), ["DB_WRITE_ERROR: inside"]);
}

#[test]
fn records_of_every_kind_are_in_the_journal_of_the_scope() {
    let scope = Scope::new();
    scope.run(|| {
        let _ = (guarded(false), guarded(false));
        let rolled_back: gardefou::Result<()> = transaction_boundary!("scope-import", |tx| {
            tx.on_rollback("undo", || {});
            Err(refused())?;
        });
        assert!(rolled_back.is_err());
    });
    let kinds: Vec<_> = scope.records().iter().map(|record| record.kind).collect();
    assert!(kinds.contains(&RecordKind::Transition), "{kinds:?}");
    assert!(kinds.contains(&RecordKind::Transaction), "{kinds:?}");
    assert!(kinds.contains(&RecordKind::Error), "{kinds:?}");
}

#[test]
fn errors_of_attempts_are_settled_in_the_scope() {
    let scope = Scope::new();
    assert!(scope.run(retried).is_err());
    let states: Vec<_> = scope
        .records()
        .iter()
        .filter(|it| it.kind == RecordKind::Error)
        .map(|it| it.state)
        .collect();
    assert_eq!(
        states,
        [
            RecordState::Retried,
            RecordState::Retried,
            RecordState::Error
        ]
    );
    assert_eq!(scope.monitor().stats().total_errors, 1);
}

#[test]
fn error_system_initialised_in_a_scope_is_that_of_the_process() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let guard = init_error_system().unwrap();
    assert_eq!(scope.health().health_status().phase(), Phase::Starting);
    let _ = handled();
    assert_eq!(scope.monitor().stats().total_errors, 1);
    assert!(
        scope
            .monitor()
            .journal()
            .is_some_and(|journal| journal.status().written == 1)
    );
    drop(guard);
    let _ = handled();
    assert_eq!(
        scope.records().len(),
        2,
        "the shutdown leaves the scope alone"
    );
}

#[test]
fn static_registries_of_a_scope_are_empty_when_it_ends() {
    let scope = Scope::new();
    let (registry, monitor) = scope.run(|| {
        let _ = (guarded(true), handled());
        (circuit_breakers(), error_monitor())
    });
    assert_eq!((registry.len(), monitor.stats().total_errors), (1, 1));
    drop(scope);
    assert_eq!((registry.len(), monitor.stats().total_errors), (0, 0));
    assert!(monitor.journal().is_none());
}
