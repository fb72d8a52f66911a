//! Errors on disk: nothing acknowledged is lost, nothing is read twice, and no disk stops the
//! program.

#![expect(clippy::unwrap_used, reason = "these helpers belong to tests")]

mod disk;
mod failures;
mod foreign_files;
mod fuzz;
mod join_histories;
mod join_processes;
mod joins;
mod moved;
mod paging;
#[cfg(unix)]
mod permissions;
mod processes;
mod reader;
mod removed_counts;
mod retention;
mod retiring;
mod sqlite;
mod sqlite_processes;
mod sqlite_reader;

use gardefou::{
    AppError, ErrorCode,
    monitor::{
        ErrorMonitor, ErrorRecord, MonitorConfig,
        journal::{FileJournal, JournalConfig, JournalConfigBuilder, Query},
    },
    time::ManualClock,
};
use gardefou_tests::testkit::{self, journal::Settings};
use std::{path::Path, sync::Arc};

/// A journal of small files without a maintenance thread, on a manual clock.
fn config(folder: &Path, clock: &ManualClock) -> JournalConfigBuilder {
    JournalConfig::builder(folder)
        .background(false)
        .clock(clock.clone())
        .max_segment_bytes(16 * 1024)
}

/// The same settings for a journal of any kind.
fn settings(folder: &Path, clock: &ManualClock) -> Settings {
    Settings::small(folder, clock)
}

fn monitor(config: JournalConfigBuilder, clock: &ManualClock) -> (ErrorMonitor, Arc<FileJournal>) {
    let journal = Arc::new(FileJournal::open(config.build().unwrap()));
    let monitor = testkit::journal::monitor(journal.clone(), clock.clone());
    (monitor, journal)
}

fn fail(monitor: &ErrorMonitor, code: ErrorCode, message: impl Into<String>) {
    monitor.record(&AppError::new(code, message));
}

/// Every record that matches, page by page.
fn all(monitor: &ErrorMonitor, query: Query) -> Vec<ErrorRecord> {
    let (mut query, mut records) = (query, Vec::new());
    loop {
        let page = monitor.query(&query).unwrap();
        records.extend(page.records);
        match page.next {
            Some(next) => query = query.after(next),
            None => return records,
        }
    }
}
