//! The monitor and the journal: counts and rates from memory, records from disk.
//!
//! `cargo run -p gardefou-examples --example monitor`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use gardefou::{
    AppError, ErrorCode, ErrorSystem, Result, error_monitor,
    monitor::journal::{JournalConfig, Query},
    report,
};

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let guard = ErrorSystem::builder()
        .service("shop")
        .journal(JournalConfig::builder(folder.path()))
        .init()?;

    for port in [5432, 5433, 5434] {
        let message = format!("no database at port {port}");
        report(&AppError::new(ErrorCode::DB_CONNECTION_ERROR, message).with_detail("port", port));
    }
    let slow = AppError::new(ErrorCode::TIMEOUT_ERROR, "the archive does not answer");
    report(&slow);
    report(&slow.clone()); // the same occurrence: it counts once

    let stats = error_monitor().stats();
    assert_eq!(stats.total_errors, 4);
    assert_eq!(stats.error_counts["DB_CONNECTION_ERROR"], 3);
    assert_eq!(stats.recent_errors.len(), 4);
    assert_eq!(error_monitor().snapshot().rates.last_minute, 4);

    // Every error is a line on disk, found by code, time, level, operation, text or identity.
    let newest = Query::default()
        .code(ErrorCode::DB_CONNECTION_ERROR)
        .limit(1);
    let page = error_monitor().query(&newest)?;
    assert_eq!(page.records[0].details["port"], 5434);
    println!("in the journal: {}", page.records[0].message);
    assert_eq!(error_monitor().counts()?.total, 4);

    // The shutdown writes and sends what waits, and reports it.
    assert!(guard.shutdown().is_clean());
    Ok(())
}
