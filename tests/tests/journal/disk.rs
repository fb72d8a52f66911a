//! The journal on a disk that really fills up. `tests/real/disk/run` mounts one and runs this with its path; a plain
//! `cargo test` says that it was left out.

use super::*;
use gardefou::monitor::journal::Journal;
use std::{env, fs, time::Duration};

/// Operations 30, on a real file system: short writes included, which `/dev/full` does not give.
#[test]
fn a_disk_that_fills_up_stops_nobody_and_loses_no_line_that_was_acknowledged() {
    let Ok(disk) = env::var("GARDEFOU_TEST_SMALL_DISK") else {
        println!("left to tests/real/disk/run: a disk that is full");
        return;
    };
    let (disk, clock) = (Path::new(&disk), ManualClock::new());
    let folder = disk.join("journal");
    fs::write(disk.join("ballast"), vec![0; 128 * 1024]).unwrap();
    let (monitor, journal) = monitor(config(&folder, &clock).max_segment_bytes(1 << 20).max_bytes(4 << 20), &clock);
    let mut count = 0;
    while journal.status().is_healthy() {
        fail(&monitor, ErrorCode::DB_WRITE_ERROR, format!("error {count} {}", "x".repeat(count % 500)));
        count += 1;
        assert!(count < 10_000, "the disk never filled up");
    }
    for _ in 0..20 {
        fail(&monitor, ErrorCode::DB_WRITE_ERROR, format!("error {count}"));
        count += 1;
        clock.advance(Duration::from_millis(100));
    }
    let status = journal.status();
    assert!(status.failed >= 20 && status.waiting >= 20 && status.lost == 0, "{status:?}");
    assert_eq!(monitor.stats().total_errors, count as u64);

    fs::remove_file(disk.join("ballast")).unwrap();
    clock.advance(Duration::from_millis(100));
    fail(&monitor, ErrorCode::DB_WRITE_ERROR, format!("error {count}"));
    let status = journal.status();
    assert_eq!((status.waiting, status.is_healthy()), (0, true));
    let found = all(&monitor, Query::new());
    let expected = (0..=count).rev().map(|i| format!("error {i}"));
    assert!(
        found.iter().map(|record| record.message.split(" x").next().unwrap_or_default().trim().to_owned()).eq(expected)
    );
}
