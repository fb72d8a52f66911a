use super::*;
use crate::{
    AppError, ErrorCode,
    error::CodeInfo,
    event::{ErrorEvent, Event, Observer, Severity},
    time::ManualClock,
};
use serde_json::json;
use std::{io, time::Duration};

fn with_clock() -> (ErrorMonitor, ManualClock) {
    let clock = ManualClock::new();
    (
        ErrorMonitor::new(
            MonitorConfig::builder()
                .clock(clock.clone())
                .build()
                .unwrap(),
        ),
        clock,
    )
}

fn tell(monitor: &ErrorMonitor, code: ErrorCode, operation: &str, message: &str) {
    let err = AppError::new(code, message);
    monitor.on_event(&Event::Error(ErrorEvent::from_app_error(
        &err,
        Severity::Error,
        operation,
        "app",
    )));
}

fn dynamic_code(number: u32) -> ErrorCode {
    let name = Box::leak(format!("DYNAMIC_{number}").into_boxed_str());
    ErrorCode::from_info(Box::leak(Box::new(CodeInfo::new(
        name, number, 500, "here",
    ))))
}

/// Nothing but reading makes the rate fall.
#[test]
fn a_rate_falls_by_the_passing_of_time_alone() {
    let (monitor, clock) = with_clock();
    tell(&monitor, ErrorCode::SYNC_ERROR, "align", "late");
    assert_eq!(monitor.stats().error_rates["SYNC_ERROR"], 1.0);
    clock.advance(Duration::from_secs(3600));
    let stats = monitor.stats();
    assert_eq!(
        (
            stats.error_rates["SYNC_ERROR"],
            stats.error_counts["SYNC_ERROR"]
        ),
        (0.0, 1)
    );
}

/// 1,000 errors an hour read as 1,000, and a burst of one code leaves the rate of another alone.
#[test]
fn rates_and_totals_do_not_depend_on_how_many_errors_are_kept() {
    let (monitor, _clock) = with_clock();
    tell(&monitor, ErrorCode::CONFIG_ERROR, "load", "first");
    for _ in 0..1000 {
        tell(&monitor, ErrorCode::SYNC_ERROR, "align", "late");
    }
    let stats = monitor.stats();
    assert_eq!(stats.total_errors, 1001);
    assert_eq!(
        (
            stats.error_rates["SYNC_ERROR"],
            stats.error_rates["CONFIG_ERROR"]
        ),
        (1000.0, 1.0)
    );
    let snapshot = monitor.snapshot();
    assert_eq!((snapshot.total_errors, snapshot.retained), (1001, 100));
}

/// What was read once never changes.
#[test]
fn a_snapshot_is_not_touched_by_later_errors() {
    let (monitor, clock) = with_clock();
    tell(&monitor, ErrorCode::SYNC_ERROR, "align", "one");
    let (stats, snapshot) = (monitor.stats(), monitor.snapshot());
    clock.advance(Duration::from_secs(7200));
    tell(&monitor, ErrorCode::SYNC_ERROR, "align", "two");
    monitor.clear();
    tell(&monitor, ErrorCode::CONFIG_ERROR, "load", "three");

    assert_eq!((stats.total_errors, stats.recent_errors.len()), (1, 1));
    assert_eq!(
        stats.error_counts.into_iter().collect::<Vec<_>>(),
        [("SYNC_ERROR".to_owned(), 1)]
    );
    assert_eq!(
        stats.error_rates.into_iter().collect::<Vec<_>>(),
        [("SYNC_ERROR".to_owned(), 1.0)]
    );
    assert_eq!(stats.recent_errors[0].message, "one");

    assert_eq!(
        (
            snapshot.total_errors,
            snapshot.retained,
            snapshot.levels.error
        ),
        (1, 1, 1)
    );
    assert_eq!(
        (
            snapshot.rates.last_minute,
            snapshot.rates.last_hour,
            snapshot.rates.last_day
        ),
        (1, 1, 1)
    );
    let codes: Vec<_> = snapshot
        .codes
        .iter()
        .map(|row| (row.name.as_str(), row.count, row.rates.last_hour))
        .collect();
    assert_eq!(codes, [("SYNC_ERROR", 1, 1)]);
    let operations: Vec<_> = snapshot
        .operations
        .iter()
        .map(|row| (row.name.as_str(), row.count))
        .collect();
    assert_eq!(operations, [("align", 1)]);
    assert_eq!((snapshot.groups.len(), snapshot.groups[0].count), (1, 1));
    assert_eq!(snapshot.recent_errors[0].message, "one");

    let after = monitor.stats();
    assert_eq!(
        (after.total_errors, after.recent_errors.len()),
        (1, 1),
        "the first two are forgotten"
    );
    assert_eq!(after.recent_errors[0].message, "three");
}

/// A hundred errors of one megabyte do not keep a hundred megabytes.
#[test]
fn recent_errors_are_bounded_in_bytes_and_say_what_was_cut() {
    let monitor = ErrorMonitor::new(
        MonitorConfig::builder()
            .recent_bytes(16 * 1024)
            .build()
            .unwrap(),
    );
    for _ in 0..100 {
        tell(
            &monitor,
            ErrorCode::SYNC_ERROR,
            "align",
            &"x".repeat(1_000_000),
        );
    }
    let stats = monitor.stats();
    let kept: usize = stats
        .recent_errors
        .iter()
        .map(|record| record.message.len())
        .sum();
    assert!(
        kept <= 16 * 1024 && stats.recent_errors.len() > 5,
        "{kept} in {}",
        stats.recent_errors.len()
    );
    assert!(stats.recent_errors[0].message.ends_with("(cut)"));
}

#[test]
fn messages_do_not_split_groups_but_an_explicit_fingerprint_does() {
    let (monitor, _clock) = with_clock();
    tell(&monitor, ErrorCode::DB_QUERY_ERROR, "load", "row 17");
    tell(&monitor, ErrorCode::DB_QUERY_ERROR, "load", "row 18");
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
fn an_explicit_fingerprint_may_be_any_value_but_null() {
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
    tell(&monitor, ErrorCode::DB_QUERY_ERROR, "load", "row");
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
fn a_function_of_the_user_decides_on_groups_and_may_panic() {
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
    tell(&monitor, ErrorCode::DB_QUERY_ERROR, "a", "");
    tell(&monitor, ErrorCode::SYNC_ERROR, "b", "");
    tell(&monitor, ErrorCode::SYNC_ERROR, "odd", "");
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

#[test]
fn five_thousand_dynamic_codes_and_operations_keep_a_thousand_rows_and_an_exact_total() {
    let (monitor, _clock) = with_clock();
    for number in 0..5000 {
        tell(
            &monitor,
            dynamic_code(number),
            &format!("operation {number}"),
            "",
        );
    }
    let stats = monitor.stats();
    assert_eq!(
        (
            stats.total_errors,
            stats.error_counts.len(),
            stats.error_counts[OTHER]
        ),
        (5000, 1001, 4000)
    );
    assert_eq!(stats.error_counts.values().sum::<u64>(), 5000);
    let snapshot = monitor.snapshot();
    assert_eq!(
        (snapshot.operations.len(), snapshot.groups.len()),
        (1001, 1001)
    );
    assert_eq!(
        (
            snapshot.operations[0].name.as_str(),
            snapshot.operations[0].count
        ),
        (OTHER, 4000)
    );
    assert_eq!(
        (snapshot.groups[0].fingerprint, snapshot.groups[0].count),
        (Fingerprint::OTHER, 4000)
    );
    let last = snapshot.recent_errors.last().unwrap();
    assert_eq!(
        (last.operation.as_str(), last.component.as_str()),
        ("operation 4999", "app")
    );
    assert_eq!(last.error_code, "DYNAMIC_4999");
}

#[test]
fn an_error_is_recorded_once_by_its_identity() {
    let (monitor, _clock) = with_clock();
    let err = AppError::new(ErrorCode::SYNC_ERROR, "late");
    assert_eq!(monitor.record(&err), err.id());
    monitor.record(&err);
    let id = err.id();
    let carrier = io::Error::other(err);
    assert_eq!(monitor.record(&carrier), id);
    assert_eq!(monitor.stats().total_errors, 1);
    monitor.record_at(
        Severity::Critical,
        &io::Error::from(io::ErrorKind::TimedOut),
    );
    let snapshot = monitor.snapshot();
    assert_eq!((snapshot.levels.error, snapshot.levels.critical), (1, 1));
    assert_eq!(snapshot.recent_errors[1].error_code, "UNKNOWN_ERROR");
}

#[test]
fn everything_serialises_under_the_names_of_the_original() {
    let (monitor, _clock) = with_clock();
    tell(&monitor, ErrorCode::SYNC_ERROR, "align", "late");
    let stats = serde_json::to_value(monitor.stats()).unwrap();
    assert_eq!(stats["total_errors"], 1);
    assert_eq!(stats["error_counts"]["SYNC_ERROR"], 1);
    assert_eq!(stats["error_rates"]["SYNC_ERROR"], 1.0);
    let recent = &stats["recent_errors"][0];
    assert_eq!(recent["timestamp"], "2023-11-14T22:13:20.000Z");
    let fields = [
        "error_type",
        "error_code",
        "message",
        "code",
        "level",
        "operation",
        "component",
    ];
    let values = [
        "AppError",
        "SYNC_ERROR",
        "late",
        "120",
        "error",
        "align",
        "app",
    ];
    for (field, value) in fields.iter().zip(values) {
        assert_eq!(
            recent[field].to_string().trim_matches('"'),
            value,
            "{field}"
        );
    }
    let snapshot = serde_json::to_value(monitor.snapshot()).unwrap();
    assert_eq!(snapshot["groups"][0]["fingerprint"], recent["fingerprint"]);
    assert_eq!(snapshot["codes"][0]["rates"]["last_minute"], 1);
}

#[test]
fn a_display_that_panics_is_counted_all_the_same() {
    #[derive(Debug)]
    struct Odd;
    impl std::fmt::Display for Odd {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("a faulty Display")
        }
    }
    impl std::error::Error for Odd {}
    let (monitor, _clock) = with_clock();
    monitor.record(&Odd);
    let stats = monitor.stats();
    assert_eq!(
        (
            stats.total_errors,
            stats.recent_errors[0].error_type.as_str()
        ),
        (1, "Odd")
    );
}

#[test]
fn a_thousand_errors_of_each_of_sixteen_threads_are_all_counted() {
    let (monitor, _clock) = with_clock();
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let monitor = &monitor;
            scope.spawn(move || {
                for _ in 0..1000 {
                    tell(
                        monitor,
                        ErrorCode::SYNC_ERROR,
                        &format!("thread {thread}"),
                        "late",
                    );
                }
            });
        }
    });
    let snapshot = monitor.snapshot();
    assert_eq!(
        (snapshot.total_errors, snapshot.operations.len()),
        (16_000, 16)
    );
    assert!(snapshot.operations.iter().all(|row| row.count == 1000));
}

#[derive(Debug, Default)]
struct Kept(std::sync::Mutex<Vec<ErrorRecord>>);

impl journal::Journal for Kept {
    fn append(&self, record: &ErrorRecord) -> Result<(), journal::JournalError> {
        self.0.lock().unwrap().push(record.clone());
        Ok(())
    }

    fn query(&self, _: &journal::Query) -> Result<journal::Page, journal::JournalError> {
        Ok(journal::Page::new(self.0.lock().unwrap().clone(), None))
    }

    fn counts(&self) -> Result<journal::ErrorCounts, journal::JournalError> {
        Ok(journal::ErrorCounts::default())
    }

    fn flush(&self) -> Result<(), journal::JournalError> {
        Ok(())
    }

    fn status(&self) -> journal::JournalStatus {
        journal::JournalStatus::default()
    }
}

#[test]
fn errors_inside_attempts_are_journalled_at_once_and_counted_when_they_stand() {
    let (monitor, _clock) = with_clock();
    let kept = std::sync::Arc::new(Kept::default());
    monitor.set_journal(kept.clone());
    let err = AppError::new(ErrorCode::TIMEOUT_ERROR, "late");
    let report = |state| {
        let event = ErrorEvent::from_app_error(&err, Severity::Error, "load", "app");
        monitor.on_event(&Event::Error(ErrorEvent {
            state,
            attempt: Some((1, 3)),
            ..event
        }));
        let stats = monitor.stats();
        (
            stats.total_errors,
            stats.recent_errors.len(),
            kept.0.lock().unwrap().len(),
        )
    };
    assert_eq!(report(RecordState::Pending), (0, 0, 1));
    assert_eq!(report(RecordState::Retried), (0, 0, 2));
    assert_eq!(report(RecordState::Error), (1, 1, 3));
    let lines: Vec<_> = kept
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|record| (record.id, record.state, record.attempt))
        .collect();
    let states = [
        RecordState::Pending,
        RecordState::Retried,
        RecordState::Error,
    ];
    assert_eq!(lines, states.map(|state| (err.id(), state, Some((1, 3)))));
}
