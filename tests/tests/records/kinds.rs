use crate::Bench;
use gardefou::{
    AppError, ErrorCode, bail,
    breaker::CircuitBreaker,
    event::Severity,
    monitor::{MonitorConfig, RecordKind},
    transaction_boundary,
};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn every_transition_of_a_breaker_is_journalled() {
    let bench = Bench::new("kinds-breaker", MonitorConfig::builder());
    let breaker = CircuitBreaker::builder("kinds-breaker")
        .failure_threshold(1)
        .recovery_timeout(Duration::from_secs(30))
        .success_threshold(1)
        .recovery_jitter(0.0)
        .clock(bench.clock.clone())
        .build()
        .unwrap();
    let refused = || {
        Err::<(), _>(AppError::new(
            ErrorCode::DB_CONNECTION_ERROR,
            "was refused: password=hunter2",
        ))
    };
    assert!(breaker.call(refused).is_err());
    assert!(breaker.call(refused).is_err(), "rejected");
    bench.clock.advance(Duration::from_secs(31));
    assert!(breaker.call(|| Ok::<_, AppError>(())).is_ok());

    let records = bench.journalled(RecordKind::Transition);
    let steps: Vec<_> = records
        .iter()
        .map(|record| {
            (
                record.level,
                record.details["from"].clone(),
                record.details["to"].clone(),
            )
        })
        .collect();
    let expected = [
        (Severity::Warning, json!("closed"), json!("open")),
        (Severity::Info, json!("open"), json!("half_open")),
        (Severity::Info, json!("half_open"), json!("closed")),
    ];
    assert_eq!(steps, expected);
    let opening = &records[0];
    assert_eq!(
        (opening.operation.as_str(), opening.component.as_str()),
        ("kinds-breaker", "gardefou::breaker")
    );
    assert_eq!(opening.details["reason"], "consecutive_failures");
    assert_eq!(opening.details["consecutive_failures"], 1);
    assert_eq!(opening.details["lasts"], 30.0);
    let (cause, message) = (opening.details["cause"].as_str().unwrap(), &opening.message);
    assert!(
        cause.contains("was refused") && message.contains("was refused"),
        "{message}"
    );
    assert!(
        !cause.contains("hunter2") && !message.contains("hunter2"),
        "{message}"
    );
    assert_eq!(
        opening.details["rejected"], 1,
        "written again when it is known"
    );
    assert!(
        records[1..]
            .iter()
            .all(|record| record.details["opening"] == opening.id.to_string())
    );
    let ids: std::collections::BTreeSet<_> =
        records.iter().map(|record| record.id.to_string()).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(
        bench.monitor.stats().total_errors,
        0,
        "a change of state is no error"
    );
    assert_eq!(
        bench.journalled(RecordKind::Rejection),
        [],
        "a rejection is counted, not journalled"
    );
}

#[test]
fn rolled_back_transaction_is_journalled_and_committed_one_is_not() {
    let bench = Bench::new("kinds-tx", MonitorConfig::builder());
    let committed: Result<(), AppError> = transaction_boundary!("kinds-tx-done", |tx| {
        tx.on_rollback("undo", || ());
    });
    committed.unwrap();
    let undone: Result<(), AppError> = transaction_boundary!("kinds-tx-undone", |tx| {
        tx.on_rollback("undo", || ());
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    });
    assert!(undone.is_err());
    let stuck: Result<(), AppError> = transaction_boundary!("kinds-tx-stuck", |tx| {
        tx.on_rollback("undo", || {
            Err::<(), _>(AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no database"))
        });
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    });
    assert!(stuck.is_err());

    let records = bench.journalled(RecordKind::Transaction);
    let seen: Vec<(&str, Severity, &Value, [&Value; 2])> = records
        .iter()
        .map(|record| {
            let details = &record.details;
            let counts = [&details["compensations"], &details["failed_compensations"]];
            (
                record.operation.as_str(),
                record.level,
                &details["outcome"],
                counts,
            )
        })
        .collect();
    let (outcome, none, one) = (json!("rolled_back"), json!(0), json!(1));
    let expected = [
        (
            "kinds-tx-undone",
            Severity::Warning,
            &outcome,
            [&one, &none],
        ),
        ("kinds-tx-stuck", Severity::Critical, &outcome, [&one, &one]),
    ];
    assert_eq!(seen, expected);
    let errors = bench.journalled(RecordKind::Error);
    assert_eq!(
        bench.monitor.stats().total_errors,
        errors.len() as u64,
        "a transaction that ends is no error"
    );
}

#[test]
fn cancelled_transaction_is_journalled_as_information() {
    let bench = Bench::new("kinds-cancelled", MonitorConfig::builder());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut transaction = Box::pin(async {
            let done: Result<(), AppError> = transaction_boundary!("kinds-cancelled", async |tx| {
                tx.on_rollback("undo", || ());
                std::future::pending::<()>().await;
            });
            done
        });
        assert!(
            std::future::poll_fn(|cx| std::task::Poll::Ready(transaction.as_mut().poll(cx)))
                .await
                .is_pending()
        );
    });
    let records = bench.journalled(RecordKind::Transaction);
    let seen: Vec<_> = records
        .iter()
        .map(|record| (record.level, record.details["outcome"].clone()))
        .collect();
    assert_eq!(seen, [(Severity::Info, json!("cancelled"))]);
    assert!(
        records[0].message.ends_with("cancelled and rolled back"),
        "{}",
        records[0].message
    );
    assert_eq!(bench.monitor.stats().total_errors, 0, "nothing failed");
}

#[test]
fn every_kind_of_event_has_a_record() {
    use gardefou::{
        event::subscribe,
        retry::{Backoff, Retry},
    };
    use std::sync::{Arc, Mutex};

    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let _subscription = subscribe(move |event: &gardefou::event::Event<'_>| {
        let record = event.record();
        sink.lock()
            .unwrap()
            .extend(record.filter(|record| record.operation.starts_with("kinds-all")));
    });
    let retry = Retry::builder()
        .name("kinds-all-retry")
        .max_attempts(2)
        .backoff(Backoff::constant(Duration::ZERO));
    assert!(
        retry
            .build()
            .unwrap()
            .call(|| Err::<(), _>("boom"))
            .is_err()
    );
    let breaker = CircuitBreaker::builder("kinds-all-breaker")
        .failure_threshold(1)
        .build()
        .unwrap();
    assert!(
        breaker
            .call(|| Err::<(), _>(AppError::new(ErrorCode::SYNC_ERROR, "late")))
            .is_err()
    );
    assert!(breaker.call(|| Ok::<_, AppError>(())).is_err());
    let _: Result<(), AppError> = transaction_boundary!("kinds-all-tx", |_tx| {});

    let seen = seen.lock().unwrap();
    let of = |kind: RecordKind| seen.iter().find(|record| record.kind == kind).unwrap();
    let retried = of(RecordKind::Retry);
    assert_eq!(
        (retried.level, retried.attempt),
        (Severity::Warning, Some((1, 2)))
    );
    assert!(
        retried.message.contains("attempt 1/2") && retried.message.ends_with("boom"),
        "{}",
        retried.message
    );
    assert!(of(RecordKind::Rejection).message.contains("rejected"));
    assert_eq!(of(RecordKind::Transition).details["to"], "open");
    assert_eq!(of(RecordKind::Transaction).details["outcome"], "committed");
}

#[test]
fn outcome_of_a_notification_is_an_event_with_a_record() {
    use gardefou::{
        alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError, Rule},
        error_boundary,
        event::{Event, NotificationOutcome, subscribe},
        monitor::ErrorMonitor,
    };
    use std::sync::{Arc, Mutex};

    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let _subscription = subscribe(move |event: &Event<'_>| {
        if let Event::Notification(notification) = event
            && notification.rule == "kinds-notified"
        {
            let record = event.record().unwrap();
            sink.lock()
                .unwrap()
                .push((notification.outcome, notification.error, record));
        }
    });
    let good = CallbackChannel::new("good", |_| Ok(()));
    let bad = CallbackChannel::new("password=hunter2", |_| Err(DeliveryError::permanent("400")));
    let rule = Rule::immediate("kinds-notified").operation("kinds-notified");
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    let config = AlertsConfig::builder()
        .channel(good)
        .channel(bad)
        .rule(rule)
        .monitor(monitor)
        .background(false);
    let alerts = Alerts::start(config.build().unwrap()).unwrap();
    let failed: Result<(), AppError> =
        error_boundary!("kinds-notified", { bail!(ErrorCode::SYNC_ERROR, "late") });
    alerts.run();
    drop(alerts);

    let error = failed.unwrap_err().id();
    let seen = seen.lock().unwrap();
    let outcomes: Vec<_> = seen
        .iter()
        .map(|(outcome, about, _)| (*outcome, *about))
        .collect();
    assert_eq!(
        outcomes,
        [
            (NotificationOutcome::Delivered, Some(error)),
            (NotificationOutcome::Lost, Some(error))
        ]
    );
    let record = &seen[0].2;
    assert_eq!(
        (record.kind, record.level),
        (RecordKind::Notification, Severity::Error)
    );
    assert_eq!(
        (&record.details["outcome"], &record.details["error"]),
        (&json!("delivered"), &json!(error.to_string()))
    );
    assert_eq!(
        record.message,
        "notification `SYNC_ERROR: late` on channel `good`: delivered"
    );
    assert!(
        !serde_json::to_string(&*seen[1].2)
            .unwrap()
            .contains("hunter2")
    );
}
