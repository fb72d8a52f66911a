//! Counts and rates.

use super::support::{dynamic_code, report, with_clock};
use crate::{error::ErrorCode, event::Fingerprint, monitor::table::OTHER};
use std::time::Duration;

#[test]
fn rate_falls_as_time_passes() {
    let (monitor, clock) = with_clock();
    report(&monitor, ErrorCode::SYNC_ERROR, "align", "late");
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
fn rates_and_totals_include_errors_that_are_no_longer_kept() {
    let (monitor, _clock) = with_clock();
    report(&monitor, ErrorCode::CONFIG_ERROR, "load", "first");
    for _ in 0..1000 {
        report(&monitor, ErrorCode::SYNC_ERROR, "align", "late");
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

#[test]
fn five_thousand_codes_and_operations_keep_a_thousand_rows_and_an_exact_total() {
    let (monitor, _clock) = with_clock();
    for number in 0..5000 {
        report(
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
fn errors_of_sixteen_threads_are_counted_exactly() {
    let (monitor, _clock) = with_clock();
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let monitor = &monitor;
            scope.spawn(move || {
                for _ in 0..1000 {
                    report(
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
