//! Errors that other libraries log, taken by `TracingLayer`.

use gardefou::{
    AppError, ErrorCode,
    breaker::CircuitBreaker,
    error_monitor,
    event::{self, Event, Severity},
    monitor::{ErrorRecord, TracingLayer},
    report,
    testing::Scope,
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};
use tracing::{Level, info_span, subscriber::with_default};
use tracing_subscriber::{Layer, filter::filter_fn, layer::SubscriberExt, registry};

/// The records of all errors, as observers get them.
fn with_layer(layer: TracingLayer, act: impl FnOnce()) -> Vec<ErrorRecord> {
    Scope::new().run(|| {
        let records = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&records);
        let _subscription = event::subscribe(move |event: &Event<'_>| {
            let record = event.record().unwrap();
            sink.lock().unwrap().push(ErrorRecord::clone(&record));
        });
        with_default(registry().with(layer), act);
        let records = std::mem::take(&mut *records.lock().unwrap());
        assert_eq!(error_monitor().stats().total_errors, records.len() as u64);
        records
    })
}

fn breadcrumbs(record: &ErrorRecord) -> Vec<String> {
    let all = record.details["breadcrumbs"].as_array().unwrap().iter();
    all.map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn error_of_a_library_is_recorded_with_its_fields() {
    let layer = TracingLayer::new().error_code(ErrorCode::EXTERNAL_SERVICE_ERROR);
    let records = with_layer(layer, || {
        let cause = "x".parse::<u8>().unwrap_err();
        let error: &dyn std::error::Error = &cause;
        tracing::error!(target: "pool", attempts = 3, host = "db-1", error, "cannot {}", "reconnect");
        tracing::warn!(target: "pool", "slow");
    });
    let [record] = &records[..] else {
        panic!("{records:#?}");
    };
    assert_eq!(
        (&*record.message, &*record.operation, &*record.component),
        ("cannot reconnect", "pool", "pool")
    );
    assert_eq!(record.level, Severity::Error);
    assert_eq!(record.error_code, "EXTERNAL_SERVICE_ERROR");
    let details = &record.details;
    assert_eq!(
        (&details["attempts"], &details["host"]),
        (&3.into(), &"db-1".into())
    );
    assert_eq!(details["error"], cause_text());
    assert!(
        details["logged_at"]
            .as_str()
            .unwrap()
            .contains("logged_errors.rs:")
    );
    assert_eq!(details.get("breadcrumbs"), None, "not in a span");
}

fn cause_text() -> String {
    "x".parse::<u8>().unwrap_err().to_string()
}

#[test]
fn breadcrumbs_are_those_of_the_request_and_bounded() {
    let records = with_layer(TracingLayer::new().breadcrumbs(3), || {
        let [one, other] = [1, 2].map(|number| info_span!("request", number));
        for i in 0..5 {
            one.in_scope(|| info_span!("inner").in_scope(|| tracing::info!("step {i}")));
            other.in_scope(|| tracing::info!("not this one"));
        }
        one.in_scope(|| tracing::debug!("too detailed"));
        tracing::info!("of no request");
        one.in_scope(|| info_span!("query").in_scope(|| tracing::error!("no such column")));
        one.in_scope(|| tracing::error!("gave up"));
    });
    let [query, end] = &records[..] else {
        panic!("{records:#?}");
    };
    let line = |level: Level, text: &str| format!("{level} {}: {text}", module_path!());
    assert_eq!(query.operation, "query");
    let steps = [2, 3, 4].map(|i| line(Level::INFO, &format!("step {i}")));
    assert_eq!(breadcrumbs(query), steps);
    let expected = [
        steps[1].clone(),
        steps[2].clone(),
        line(Level::ERROR, "no such column"),
    ];
    assert_eq!(breadcrumbs(end), expected);
}

#[test]
fn texts_are_redacted_and_bounded() {
    let records = with_layer(TracingLayer::new(), || {
        info_span!("request").in_scope(|| {
            tracing::info!("{} password=hunter2-early", "y".repeat(5000));
            tracing::info!("password=hunter2-crumb");
            tracing::error!(
                token = "hunter2-field",
                "{} password=hunter2",
                "x".repeat(50_000)
            );
        });
    });
    let text = format!("{:?}", records[0]);
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.len() < 10_000, "{}", text.len());
    assert!(
        breadcrumbs(&records[0])
            .iter()
            .all(|line| line.len() <= 300)
    );
}

/// What gardefou logs of an error that it has recorded is not recorded again.
#[test]
fn own_lines_are_no_errors_but_breadcrumbs() {
    let records = with_layer(TracingLayer::new(), || {
        info_span!("request").in_scope(|| {
            report(&AppError::new(
                ErrorCode::DB_WRITE_ERROR,
                "disk quota exceeded",
            ));
            tracing::error!("gave up");
        });
    });
    let messages: Vec<&str> = records.iter().map(|record| &*record.message).collect();
    assert_eq!(messages, ["disk quota exceeded", "gave up"]);
    let before = breadcrumbs(&records[1]);
    assert!(
        before.len() == 1 && before[0].contains("gardefou::") && before[0].contains("disk quota"),
        "{before:?}"
    );
}

fn lost() -> AppError {
    AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full").with_detail("table", "orders")
}

/// Before or after a guard reports it, and by as many lines as there are.
#[test]
fn error_that_is_carried_as_a_value_is_recorded_once() {
    let log = |error: &AppError| {
        let error: &(dyn std::error::Error + 'static) = &**error;
        tracing::error!(target: "shop", error, order = 7, "the order is lost");
    };
    let reported_first = with_layer(TracingLayer::new(), || {
        let error = lost();
        report(&error);
        log(&error);
        log(&error.with_detail("seen", 2));
    });
    let logged_first = with_layer(TracingLayer::new(), || {
        let error = lost();
        log(&error);
        report(&error);
        log(&error);
    });
    assert_eq!((reported_first.len(), logged_first.len()), (1, 1));
    let record = &logged_first[0];
    assert_eq!(
        (&*record.message, &*record.error_code),
        ("disk full", "DB_WRITE_ERROR")
    );
    assert_eq!((&*record.operation, &*record.component), ("shop", "shop"));
    let details = &record.details;
    assert_eq!(
        (&details["table"], &details["order"], &details["logged"]),
        (&"orders".into(), &7.into(), &"the order is lost".into())
    );
}

#[test]
fn carried_error_is_found_behind_others_and_has_its_identity() {
    let error = lost();
    let records = with_layer(TracingLayer::new(), || {
        let outer = std::io::Error::other(error.clone());
        let outer: &(dyn std::error::Error + 'static) = &outer;
        tracing::error!(outer, "cannot save");
    });
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].id, error.id());
}

/// It is counted by its guard, and recorded as the opening.
#[test]
fn carried_rejection_is_no_error() {
    let breaker = CircuitBreaker::builder("logged").build().unwrap();
    breaker.force_open();
    let rejection = breaker.try_acquire().unwrap_err();
    let records = with_layer(TracingLayer::new(), || {
        let error: &(dyn std::error::Error + 'static) = &rejection;
        tracing::error!(error, "cannot pay");
    });
    assert!(records.is_empty(), "{records:?}");
}

/// An observer that logs an error of its own for each error would be called for that again.
#[test]
fn errors_logged_by_observers_cause_no_loop() {
    let calls = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&calls);
    let before = event::dropped();
    let records = with_layer(TracingLayer::new(), || {
        let _subscription = event::subscribe(move |_: &Event<'_>| {
            counter.fetch_add(1, Ordering::Relaxed);
            tracing::error!(target: "sink", "cannot send the event on");
        });
        // Before an event of `tracing`, inside of which a subscriber of this thread gets no other one.
        report(&AppError::new(ErrorCode::DB_WRITE_ERROR, "the first"));
        tracing::error!("the second");
    });
    let messages: Vec<&str> = records.iter().map(|record| &*record.message).collect();
    assert_eq!(messages, ["the first", "the second"]);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    assert_eq!(event::dropped(), before, "it was never nested too deep");
}

#[test]
fn layer_with_a_filter_leaves_targets_out() {
    let records = Scope::new().run(|| {
        let layer = TracingLayer::new().with_filter(filter_fn(|it| it.target() != "noisy"));
        with_default(registry().with(layer), || {
            tracing::error!(target: "noisy", "again");
            tracing::error!(target: "quiet", "for once");
        });
        error_monitor().stats().recent_errors
    });
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].message, "for once");
}

/// Spans of guarded calls all have the same name.
#[test]
fn operation_is_not_the_span_of_a_guarded_call() {
    #[gardefou::timeout("1h", span = true)]
    fn guarded() -> Result<(), AppError> {
        tracing::error!(target: "pool", "cannot reconnect");
        Ok(())
    }
    let records = with_layer(TracingLayer::new(), || {
        info_span!("checkout").in_scope(guarded).unwrap();
        guarded().unwrap();
    });
    let operations: Vec<_> = records.iter().map(|record| &*record.operation).collect();
    assert_eq!(operations, ["checkout", "pool"]);
}
