//! One record per event, the same for log, statistics, journal, alerts and other observers.

#![expect(clippy::unwrap_used, reason = "these helpers belong to tests")]

mod hook;
mod kinds;
mod logged_errors;
mod monitors;
mod shared;
mod spans;

use gardefou::{
    event::{Event, Observer, Subscription, subscribe},
    monitor::{ErrorMonitor, ErrorRecord, MonitorConfigBuilder, RecordKind, journal::Query},
    time::ManualClock,
};
use gardefou_tests::testkit::journal::files;

/// A monitor with a journal, both its own, that observes the events of operations with one prefix.
struct Bench {
    monitor: ErrorMonitor,
    clock: ManualClock,
    _subscription: Subscription,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(prefix: &'static str, config: MonitorConfigBuilder) -> Self {
        let (clock, folder) = (ManualClock::new(), tempfile::tempdir().unwrap());
        let monitor = ErrorMonitor::new(config.clock(clock.clone()).build().unwrap());
        monitor.set_journal(files(folder.path(), clock.clone()));
        let observer = monitor.clone();
        // Tests of one process run in parallel.
        let subscription = subscribe(move |event: &Event<'_>| {
            let operation = match event {
                Event::Error(error) => error.operation,
                Event::Breaker(breaker) => breaker.name,
                Event::Transaction(transaction) => transaction.operation,
                Event::Retry(retry) => retry.name,
                _ => return,
            };
            if operation.starts_with(prefix) {
                observer.on_event(event);
            }
        });
        Self {
            monitor,
            clock,
            _subscription: subscription,
            _folder: folder,
        }
    }

    /// The journal's records of a kind, oldest first.
    fn journalled(&self, kind: RecordKind) -> Vec<ErrorRecord> {
        let mut records = self
            .monitor
            .query(&Query::new().kind(kind))
            .unwrap()
            .records;
        records.reverse();
        records
    }
}
