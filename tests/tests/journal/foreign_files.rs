//! Foreign files in the folder of a journal.

use super::*;
use gardefou::monitor::journal::Journal;
use std::{fs, time::Duration};

#[test]
fn foreign_names_are_not_touched() {
    for name in [
        "errors-18446744073709551615.jsonl",
        "errors-+5.jsonl",
        "errors-7.jsonl",
        "errors-000000007.jsonl",
    ] {
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        let (monitor, journal) =
            monitor(config(folder.path(), &clock).max_bytes(64 * 1024), &clock);
        fail(&monitor, ErrorCode::SYNC_ERROR, "copied");
        let copy = fs::read(folder.path().join("errors-00000001.jsonl")).unwrap();
        fs::write(folder.path().join(name), &copy).unwrap();
        // A process that starts later finds it first.
        let (other, other_journal) =
            super::monitor(config(folder.path(), &clock).max_bytes(64 * 1024), &clock);
        for i in 0..200 {
            fail(&other, ErrorCode::SYNC_ERROR, format!("error {i}"));
        }
        assert!(other_journal.status().is_healthy() && journal.status().is_healthy());
        assert_eq!(
            (
                all(&other, Query::new()).len(),
                monitor.counts().unwrap().total
            ),
            (201, 201),
            "{name}"
        );
        clock.advance(Duration::from_secs(30 * 86_400));
        fail(&other, ErrorCode::SYNC_ERROR, "a month later");
        other_journal.maintain().unwrap();
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), copy, "{name}");
        assert_eq!(monitor.counts().unwrap().total, 202, "{name}");
    }
}

#[test]
fn file_with_the_last_number_is_appended_to_without_end() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    fs::write(folder.path().join("errors-999999999999.jsonl"), "").unwrap();
    let (monitor, journal) = monitor(config(folder.path(), &clock), &clock);
    for i in 0..200 {
        fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}"));
    }
    journal.maintain().unwrap();
    assert_eq!(
        (all(&monitor, Query::new()).len(), journal.status().written),
        (200, 200)
    );
}

#[test]
fn folder_with_the_name_of_a_journal_file_is_skipped() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    for number in [1, 3, 4] {
        fs::create_dir(folder.path().join(format!("errors-{number:08}.jsonl"))).unwrap();
    }
    let (monitor, journal) = monitor(config(folder.path(), &clock), &clock);
    for i in 0..200 {
        fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}"));
    }
    journal.maintain().unwrap();
    assert_eq!(
        (
            all(&monitor, Query::new()).len(),
            monitor.counts().unwrap().total
        ),
        (200, 200)
    );
    assert_eq!(
        (journal.status().failed, journal.status().last_error),
        (0, None)
    );
    assert!(
        folder.path().join("errors-00000002.jsonl").is_file()
            && folder.path().join("errors-00000005.jsonl").is_file()
    );
}

#[test]
fn journal_file_that_became_a_folder_is_skipped() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(config(folder.path(), &clock), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "gone");
    let path = folder.path().join("errors-00000001.jsonl");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    fail(&monitor, ErrorCode::SYNC_ERROR, "after");
    assert_eq!((journal.status().failed, journal.status().written), (0, 2));
    assert_eq!(all(&monitor, Query::new()).len(), 1);
}

/// Opening a pipe blocks until the other end is opened.
#[cfg(unix)]
#[test]
fn pipe_with_the_name_of_a_journal_file_blocks_no_call() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path().join("errors-00000001.jsonl"))
        .status();
    assert!(made.unwrap().success());
    let (monitor, journal) = monitor(config(folder.path(), &clock), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "kept");
    journal.maintain().unwrap();
    assert_eq!(
        (
            all(&monitor, Query::new()).len(),
            monitor.counts().unwrap().total
        ),
        (1, 1)
    );
}
