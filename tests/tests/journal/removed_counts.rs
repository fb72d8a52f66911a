use super::*;
use gardefou::monitor::journal::Journal;
use std::fs;

/// Returns the names in a folder with this prefix.
fn names(folder: &Path, start: &str) -> Vec<String> {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(start)).collect()
}

#[test]
fn damaged_counts_are_put_aside_and_reported_and_retention_continues() {
    for damaged in [
        &b"{\"v\":1,\"thro"[..],
        b"",
        b"[]",
        b"{\"v\":1,\"through\":\"x\",\"days\":{}}",
        b"\xFF\xFE",
    ] {
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        fs::write(folder.path().join("rollup.json"), damaged).unwrap();
        let (monitor, journal) =
            monitor(config(folder.path(), &clock).max_bytes(64 * 1024), &clock);
        for i in 0..1000 {
            fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}"));
        }
        assert_eq!(
            monitor.counts().unwrap().total,
            1000,
            "counted before it is put aside"
        );
        journal.maintain().unwrap();
        assert!(retention::size_of(folder.path()) <= 64 * 1024);
        assert_eq!(monitor.counts().unwrap().total, 1000);
        let aside = names(folder.path(), "rollup.json.damaged-");
        assert_eq!(fs::read(folder.path().join(&aside[0])).unwrap(), damaged);
        let reported = journal.status().last_error.unwrap();
        assert!(reported.contains(&aside[0]), "{reported}");
        journal.maintain().unwrap();
        assert_eq!(
            names(folder.path(), "rollup.json").len(),
            2,
            "put aside once"
        );
    }
}

#[test]
fn damaged_counts_are_detected_while_no_file_is_old() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(config(folder.path(), &clock), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "kept");
    fs::write(folder.path().join("rollup.json"), "{").unwrap();
    journal.maintain().unwrap();
    assert_eq!(names(folder.path(), "rollup.json.damaged-").len(), 1);
    assert_eq!(
        (
            all(&monitor, Query::new()).len(),
            monitor.counts().unwrap().total
        ),
        (1, 1)
    );
}

#[cfg(unix)]
#[test]
fn folder_in_place_of_the_counts_is_put_aside() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    fs::create_dir(folder.path().join("rollup.json")).unwrap();
    let (monitor, journal) = monitor(config(folder.path(), &clock).max_bytes(64 * 1024), &clock);
    for i in 0..1000 {
        fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}"));
    }
    journal.maintain().unwrap();
    assert_eq!(
        (
            names(folder.path(), "rollup.json.damaged-").len(),
            monitor.counts().unwrap().total
        ),
        (1, 1000)
    );
}

#[test]
fn files_that_cannot_be_removed_are_reported_while_writing_continues() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(config(folder.path(), &clock).max_bytes(64 * 1024), &clock);
    fs::create_dir(folder.path().join("journal.lock")).unwrap();
    for i in 0..1000 {
        fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}"));
    }
    assert!(journal.maintain().is_err());
    let status = journal.status();
    assert!(status.is_healthy() && status.written == 1000, "{status:?}");
    assert!(
        status
            .last_error
            .unwrap()
            .starts_with("cannot remove old records: ")
    );
    assert_eq!(
        (
            all(&monitor, Query::new()).len(),
            monitor.counts().unwrap().total
        ),
        (1000, 1000)
    );
    fs::remove_dir(folder.path().join("journal.lock")).unwrap();
    journal.maintain().unwrap();
    assert!(retention::size_of(folder.path()) <= 64 * 1024);
}
