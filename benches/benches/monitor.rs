//! `cargo bench -p gardefou-benches --bench monitor`: what recording an error costs.
//!
//! Bars: 1,000,000 records a second with a full history (1,000 ns), 200,000 with the journal (5,000
//! ns), 99 of 100 callers with the journal back within 20 us, also while every channel of the
//! alerts hangs, `stats` under 1 ms. Two threads together record at least 1.7 times as much as one
//! with a full history, and 1.5 times with the journal.

use gardefou::{
    AppError, ErrorCode, ErrorSystem,
    alerts::{AlertsConfig, CallbackChannel, DeliveryError, Notification},
    error::CodeInfo,
    health::HealthConfig,
    monitor::{
        ErrorMonitor, MonitorConfig,
        journal::{FileJournal, JournalConfig},
    },
    time::{Clock, SystemClock},
};
use gardefou_benches::Table;
use std::{hint::black_box, sync::Arc, time::Duration};

fn error() -> AppError {
    AppError::new(
        ErrorCode::DB_CONNECTION_ERROR,
        "no route to the database host",
    )
}

fn dynamic_code(number: u32) -> ErrorCode {
    let name = Box::leak(format!("DYNAMIC_{number}").into_boxed_str());
    ErrorCode::from_info(Box::leak(Box::new(CodeInfo::new(
        name,
        number,
        500,
        file!(),
    ))))
}

fn main() {
    let mut table = Table::new("monitor");
    table.single("making an error alone", |n| {
        black_box(error());
        n
    });
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    (0..200).for_each(|_| {
        monitor.record(&error());
    });
    table.both("record, history full", |n| {
        monitor.record(&error());
        n
    });
    table.single("stats", |n| n + monitor.stats().total_errors);
    let many = ErrorMonitor::new(MonitorConfig::default());
    let codes: Vec<ErrorCode> = (1..=1000).map(dynamic_code).collect();
    let record = |n: u64| {
        let code = codes[n as usize % codes.len()];
        many.record(&AppError::new(code, "no route to the database host"));
        n
    };
    (0..1000).for_each(|n| {
        record(n);
    });
    let stats = many.stats();
    assert_eq!(
        (stats.error_counts.len(), stats.recent_errors.len()),
        (1000, 100)
    );
    table.single("stats, 1,000 codes", |n| n + many.stats().total_errors);
    table.both("record, 1,000 codes", record);

    let folder = std::env::temp_dir().join(format!("gardefou-bench-{}", std::process::id()));
    let config = JournalConfig::builder(&folder)
        .build()
        .expect("the defaults are legal");
    monitor.set_journal(Arc::new(FileJournal::open(config)));
    table.both("record, with the journal", |n| {
        monitor.record(&error());
        n
    });
    let mut nanos: Vec<u64> = (0..100_000).map(|_| one_record(&monitor)).collect();
    nanos.sort_unstable();
    #[expect(clippy::print_stdout, reason = "this is what the bench is for")]
    {
        println!(
            "with the journal, ns per call: p50 {}, p99 {}, max {}",
            nanos[50_000], nanos[99_000], nanos[99_999]
        );
    }
    monitor.take_journal();
    hung_channels(&mut table);
    print_rates(&table);
    std::fs::remove_dir_all(&folder).expect("the bench made the folder");
}

/// `report` while every channel hangs and every queue is full: the caller waits for none of them.
fn hung_channels(table: &mut Table) {
    let hang = |_: &Notification| -> Result<(), DeliveryError> {
        loop {
            std::thread::park();
        }
    };
    let config = AlertsConfig::builder()
        .channel(CallbackChannel::new("first", hang))
        .channel(CallbackChannel::new("second", hang));
    let guard = ErrorSystem::builder()
        .health(HealthConfig::builder().background(false))
        .alerts(config)
        .shutdown_deadline(Duration::ZERO)
        .init()
        .expect("legal settings");
    (0..2_000).for_each(|_| gardefou::report(&error()));
    table.single("report, two channels that hang", |n| {
        gardefou::report(&error());
        n
    });
    drop(guard);
}

/// Prints how much two threads together do in the time in which one does one call.
#[expect(clippy::print_stdout, reason = "this is what the bench is for")]
fn print_rates(table: &Table) {
    for row in table.rows() {
        if let Some(two) = row.two {
            let rate = 2.0 * row.one / two;
            println!(
                "{}: two threads do {rate:.2} times as much as one",
                row.name
            );
        }
    }
}

fn one_record(monitor: &ErrorMonitor) -> u64 {
    let err = error();
    let begin = SystemClock.now();
    monitor.record(&err);
    SystemClock.now().as_nanos() - begin.as_nanos()
}
