//! Groups of errors, and what decides on them.

use super::support::{report, with_clock};
use crate::{
    error::{AppError, ErrorCode},
    event::{ErrorEvent, Event, Fingerprint, Observer, Severity, record::FINGERPRINT_DETAIL},
    monitor::{config::MonitorConfig, handle::ErrorMonitor},
};
use serde_json::json;

#[test]
fn explicit_fingerprints_split_groups_and_messages_do_not() {
    let (monitor, _clock) = with_clock();
    report(&monitor, ErrorCode::DB_QUERY_ERROR, "load", "row 17");
    report(&monitor, ErrorCode::DB_QUERY_ERROR, "load", "row 18");
    assert_eq!(
        monitor
            .snapshot()
            .groups
            .iter()
            .map(|group| group.count)
            .collect::<Vec<_>>(),
        [2]
    );
    for tenant in ["a", "b"] {
        let err =
            AppError::new(ErrorCode::DB_QUERY_ERROR, "row").with_detail(FINGERPRINT_DETAIL, tenant);
        monitor.on_event(&Event::Error(ErrorEvent::from_app_error(
            &err,
            Severity::Error,
            "load",
            "app",
        )));
    }
    assert_eq!(
        monitor
            .snapshot()
            .groups
            .iter()
            .map(|group| group.count)
            .collect::<Vec<_>>(),
        [2, 1, 1]
    );
}

#[test]
fn explicit_fingerprint_may_be_any_value_but_null() {
    let (monitor, _clock) = with_clock();
    let values = [
        json!(7),
        json!("7"),
        json!(true),
        json!(["a", 1]),
        json!({ "tenant": 7 }),
        json!(null),
    ];
    for value in values {
        let err =
            AppError::new(ErrorCode::DB_QUERY_ERROR, "row").with_detail(FINGERPRINT_DETAIL, value);
        monitor.on_event(&Event::Error(ErrorEvent::from_app_error(
            &err,
            Severity::Error,
            "load",
            "app",
        )));
    }
    report(&monitor, ErrorCode::DB_QUERY_ERROR, "load", "row");
    let mut counts: Vec<_> = monitor
        .snapshot()
        .groups
        .iter()
        .map(|group| group.count)
        .collect();
    counts.sort_unstable();
    assert_eq!(counts.iter().sum::<u64>(), 7);
    assert_eq!(counts.len(), 5, "7 is \"7\", and null is none: {counts:?}");
}

#[test]
fn panicking_fingerprint_function_falls_back_to_the_default_group() {
    let decide = |event: &ErrorEvent<'_>| {
        assert!(event.operation != "odd", "a faulty function");
        Some(Fingerprint::from_parts(&["all"]))
    };
    let monitor = ErrorMonitor::new(
        MonitorConfig::builder()
            .fingerprint(decide)
            .build()
            .unwrap(),
    );
    report(&monitor, ErrorCode::DB_QUERY_ERROR, "a", "");
    report(&monitor, ErrorCode::SYNC_ERROR, "b", "");
    report(&monitor, ErrorCode::SYNC_ERROR, "odd", "");
    let counts: Vec<_> = monitor
        .snapshot()
        .groups
        .iter()
        .map(|group| (group.count, group.fingerprint))
        .collect();
    let of_parts = Fingerprint::from_parts(&["SYNC_ERROR", "odd", "app"]);
    assert_eq!(
        counts,
        [(2, Fingerprint::from_parts(&["all"])), (1, of_parts)]
    );
}
