//! Files that one process removes while another has them open.

use super::*;
use gardefou::monitor::journal::Journal;
use std::fs::{self, File};

const FIRST: &str = "errors-00000001.jsonl";

fn small(folder: &Path, clock: &ManualClock) -> (ErrorMonitor, Arc<FileJournal>) {
    monitor(config(folder, clock).max_bytes(64 * 1024), clock)
}

/// A writer that still has the first file open, since its files may be larger, and one that writes
/// to later files.
fn slow_and_fast_writer(
    folder: &Path,
    clock: &ManualClock,
) -> [(ErrorMonitor, Arc<FileJournal>); 2] {
    let large = config(folder, clock)
        .max_bytes(64 * 1024)
        .max_segment_bytes(32 * 1024);
    let (laggard, leader) = (monitor(large, clock), small(folder, clock));
    fail(&laggard.0, ErrorCode::SYNC_ERROR, "first");
    for i in 0..1000 {
        fail(&leader.0, ErrorCode::SYNC_ERROR, format!("error {i}"));
    }
    [laggard, leader]
}

#[cfg(unix)]
#[test]
fn nothing_is_appended_to_a_file_being_counted() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let [(laggard, journal), _leader] = slow_and_fast_writer(folder.path(), &clock);
    let file = File::open(folder.path().join(FIRST)).unwrap();
    file.lock().unwrap();
    let before = file.metadata().unwrap().len();
    fail(&laggard, ErrorCode::SYNC_ERROR, "late");
    assert_eq!(
        (file.metadata().unwrap().len(), journal.status().failed),
        (before, 0)
    );
    assert_eq!(
        laggard.query(&Query::new().limit(1)).unwrap().records[0].message,
        "late"
    );
}

/// The process that counted it was killed before it could remove it.
#[test]
fn nothing_is_appended_to_a_counted_file() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let [(laggard, journal), (leader, other)] = slow_and_fast_writer(folder.path(), &clock);
    let path = folder.path().join(FIRST);
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let before = fs::metadata(&path).unwrap().len();
    fail(&laggard, ErrorCode::SYNC_ERROR, "late");
    assert_eq!(
        (fs::metadata(&path).unwrap().len(), journal.status().failed),
        (before, 0)
    );
    other.maintain().unwrap();
    assert!(!path.exists());
    assert_eq!(
        (
            leader.counts().unwrap().total,
            laggard.counts().unwrap().total
        ),
        (1002, 1002)
    );
}

#[cfg(unix)]
#[test]
fn file_is_counted_after_a_running_append() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let [_laggard, (leader, journal)] = slow_and_fast_writer(folder.path(), &clock);
    let path = folder.path().join(FIRST);
    let appending = File::open(&path).unwrap();
    appending.lock_shared().unwrap();
    journal.maintain().unwrap();
    assert!(path.exists());
    assert_eq!(
        (
            leader.counts().unwrap().total,
            all(&leader, Query::new()).len()
        ),
        (1001, 1001)
    );
    appending.unlock().unwrap();
    journal.maintain().unwrap();
    assert!(!path.exists());
    assert_eq!(leader.counts().unwrap().total, 1001);
}

#[cfg(unix)]
#[test]
fn running_append_blocks_only_later_files() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = small(folder.path(), &clock);
    for i in 0..1000 {
        fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}"));
    }
    let path = |number| folder.path().join(format!("errors-{number:08}.jsonl"));
    let appending = File::open(path(3)).unwrap();
    appending.lock_shared().unwrap();
    journal.maintain().unwrap();
    assert_eq!(
        [1, 2, 3, 4].map(|number| path(number).exists()),
        [false, false, true, true]
    );
    assert_eq!(monitor.counts().unwrap().total, 1000);
    appending.unlock().unwrap();
    journal.maintain().unwrap();
    assert_eq!([3, 4].map(|number| path(number).exists()), [false, false]);
    assert_eq!(monitor.counts().unwrap().total, 1000);
}

/// A writer that listed the folder before a file was counted and removed makes its number again.
#[test]
fn nothing_is_appended_under_the_number_of_a_removed_file() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    fs::write(
        folder.path().join("rollup.json"),
        r#"{"v":1,"through":5,"days":{}}"#,
    )
    .unwrap();
    fs::write(folder.path().join("errors-00000003.jsonl"), "").unwrap();
    let (monitor, _journal) = small(folder.path(), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "kept");
    assert!(folder.path().join("errors-00000006.jsonl").exists());
    assert_eq!(
        (
            all(&monitor, Query::new()).len(),
            monitor.counts().unwrap().total
        ),
        (1, 1)
    );
}
