//! Statistics and snapshots as they are read.

use super::support::{report, with_clock};
use crate::{
    error::ErrorCode,
    monitor::{config::MonitorConfig, handle::ErrorMonitor},
};
use std::time::Duration;

#[test]
fn snapshot_does_not_change_with_later_errors() {
    let (monitor, clock) = with_clock();
    report(&monitor, ErrorCode::SYNC_ERROR, "align", "one");
    let (stats, snapshot) = (monitor.stats(), monitor.snapshot());
    clock.advance(Duration::from_secs(7200));
    report(&monitor, ErrorCode::SYNC_ERROR, "align", "two");
    monitor.clear();
    report(&monitor, ErrorCode::CONFIG_ERROR, "load", "three");

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
fn recent_errors_are_bounded_in_bytes_and_mark_cut_messages() {
    let monitor = ErrorMonitor::new(
        MonitorConfig::builder()
            .recent_bytes(16 * 1024)
            .build()
            .unwrap(),
    );
    for _ in 0..100 {
        report(
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
fn statistics_serialise_under_the_names_of_the_python_system() {
    let (monitor, _clock) = with_clock();
    report(&monitor, ErrorCode::SYNC_ERROR, "align", "late");
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
