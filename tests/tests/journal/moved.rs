//! Files and folders that are moved away while they are open.

use super::*;
use gardefou::monitor::journal::Journal;
use std::{fs, time::Duration};

const SECOND: Duration = Duration::from_secs(1);

fn messages(monitor: &ErrorMonitor) -> Vec<String> {
    all(monitor, Query::new())
        .into_iter()
        .map(|record| record.message)
        .collect()
}

#[test]
fn moved_folder_is_detected_within_a_second() {
    let (parent, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (folder, moved) = (parent.path().join("logs"), parent.path().join("moved"));
    let (monitor, journal) = monitor(config(&folder, &clock), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "moved");
    fs::rename(&folder, &moved).unwrap();
    clock.advance(SECOND);
    fail(&monitor, ErrorCode::SYNC_ERROR, "after");
    assert_eq!(
        (messages(&monitor), journal.status().is_healthy()),
        (vec!["after".to_owned()], true)
    );
}

#[cfg(unix)]
#[test]
fn moved_file_is_detected_and_its_successor_counted_anew() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(config(folder.path(), &clock), &clock);
    for i in 0..10 {
        fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}"));
    }
    assert_eq!(monitor.counts().unwrap().total, 10);
    let path = folder.path().join("errors-00000001.jsonl");
    fs::rename(&path, folder.path().join("errors-00000001.jsonl.1")).unwrap();
    fs::write(&path, "").unwrap();
    clock.advance(SECOND);
    fail(&monitor, ErrorCode::SYNC_ERROR, "after");
    assert_eq!(
        (messages(&monitor), monitor.counts().unwrap().total),
        (vec!["after".to_owned()], 1)
    );
    // The maintenance thread checks too, so that the file is closed.
    fs::remove_file(&path).unwrap();
    clock.advance(SECOND);
    journal.maintain().unwrap();
    fail(&monitor, ErrorCode::SYNC_ERROR, "again");
    assert_eq!(messages(&monitor), ["again"]);
}
