//! Permissions of the files of a journal, and files of other users in its folder.

use super::*;
use gardefou::monitor::journal::Journal;
use gardefou_tests::testkit::child;
use std::{
    env, fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    process::Command,
    time::{Duration, SystemTime},
};

/// The user id of an unprivileged user.
const UNPRIVILEGED: u32 = 65_534;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs a test again in a process of another user: permissions of files do not apply to root.
fn run_as_other_user(test: &str, folder: &Path) {
    set_mode(folder, 0o777);
    let programs = tempfile::tempdir().unwrap();
    set_mode(programs.path(), 0o755);
    let program = programs.path().join("test");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    set_mode(&program, 0o755);
    let mut command = Command::new(&program);
    child::order(&mut command, test, folder).current_dir(folder);
    if fs::metadata(folder).unwrap().uid() == 0 {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A folder with a file of one record that its present user cannot open, last written when the
/// manual clock begins.
fn folder_of_others() -> tempfile::TempDir {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (other, journal) = monitor(config(folder.path(), &clock), &clock);
    fail(&other, ErrorCode::SYNC_ERROR, "of another user");
    drop((other, journal));
    let path = folder.path().join("errors-00000001.jsonl");
    let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(began)
        .unwrap();
    set_mode(&path, 0);
    folder
}

#[test]
fn file_of_another_user_blocks_neither_writes_nor_queries() {
    let Some([folder]) = child::orders() else {
        let folder = folder_of_others();
        return run_as_other_user(
            "permissions::file_of_another_user_blocks_neither_writes_nor_queries",
            folder.path(),
        );
    };
    let (folder, clock) = (Path::new(&folder), ManualClock::new());
    // Each start appends to the file of the start before.
    for start in 1..=3 {
        let (monitor, journal) = monitor(config(folder, &clock), &clock);
        (0..10).for_each(|i| fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}")));
        let status = journal.status();
        assert_eq!(
            (status.written, status.failed, status.is_healthy()),
            (10, 0, true),
            "{status:?}"
        );
        assert_eq!(all(&monitor, Query::new().limit(7)).len(), 10 * start);
        assert_eq!(monitor.counts().unwrap().total, 10 * start as u64);
        let status = journal.status();
        assert!(status.is_healthy(), "{status:?}");
        assert!(status.last_error.is_some_and(
            |err| err.contains("cannot read") && err.contains("errors-00000001.jsonl")
        ));
    }
    assert!(
        folder.join("errors-00000002.jsonl").exists()
            && !folder.join("errors-00000003.jsonl").exists()
    );
}

#[test]
fn file_of_another_user_blocks_retention_until_it_is_old() {
    let Some([folder]) = child::orders() else {
        let folder = folder_of_others();
        return run_as_other_user(
            "permissions::file_of_another_user_blocks_retention_until_it_is_old",
            folder.path(),
        );
    };
    let (folder, clock) = (Path::new(&folder), ManualClock::new());
    let (monitor, journal) = monitor(config(folder, &clock).max_bytes(64 * 1024), &clock);
    for i in 0..500 {
        fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}"));
    }
    assert!(journal.maintain().is_err(), "its records cannot be counted");
    assert!(
        journal
            .status()
            .last_error
            .is_some_and(|err| err.contains("cannot remove old records: file 1"))
    );
    assert_eq!(
        (
            all(&monitor, Query::new()).len(),
            monitor.counts().unwrap().total
        ),
        (500, 500)
    );

    clock.advance(Duration::from_secs(8 * 86_400));
    fail(&monitor, ErrorCode::SYNC_ERROR, "a week later");
    journal.maintain().unwrap();
    assert!(!folder.join("errors-00000001.jsonl").exists());
    assert!(all(&monitor, Query::new()).len() < 100);
    assert_eq!(monitor.counts().unwrap().total, 501);
}

#[test]
fn removed_counts_of_another_user_do_not_block_writes() {
    let Some([folder]) = child::orders() else {
        let folder = folder_of_others();
        let path = folder.path().join("rollup.json");
        fs::write(&path, "{\"v\":1,\"through\":0,\"days\":{}}").unwrap();
        set_mode(&path, 0);
        return run_as_other_user(
            "permissions::removed_counts_of_another_user_do_not_block_writes",
            folder.path(),
        );
    };
    let (folder, clock) = (Path::new(&folder), ManualClock::new());
    let (monitor, journal) = monitor(config(folder, &clock), &clock);
    (0..20).for_each(|i| fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}")));
    assert_eq!(
        (journal.status().written, all(&monitor, Query::new()).len()),
        (20, 20)
    );
    assert_eq!(monitor.counts().unwrap().total, 20);
    assert!(journal.maintain().is_err());
    assert!(
        journal
            .status()
            .last_error
            .is_some_and(|err| err.contains("rollup.json"))
    );
}

/// Runs a test again in a process with a permissive umask.
fn run_with_permissive_umask(test: &str, folder: &Path) {
    let mut command = Command::new("sh");
    command
        .args(["-c", "umask 000; exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap());
    let output = child::order(&mut command, test, folder).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn files_are_readable_by_their_owner_only() {
    let Some([folder]) = child::orders() else {
        let folder = tempfile::tempdir().unwrap();
        return run_with_permissive_umask(
            "permissions::files_are_readable_by_their_owner_only",
            folder.path(),
        );
    };
    let (folder, clock) = (Path::new(&folder), ManualClock::new());
    let (monitor, _journal) = monitor(config(folder, &clock), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "kept");
    assert_eq!(mode(&folder.join("errors-00000001.jsonl")), 0o600);
}

#[test]
fn database_and_the_files_beside_it_are_readable_by_their_owner_only() {
    let Some([folder]) = child::orders() else {
        let folder = tempfile::tempdir().unwrap();
        return run_with_permissive_umask(
            "permissions::database_and_the_files_beside_it_are_readable_by_their_owner_only",
            folder.path(),
        );
    };
    let (folder, clock) = (Path::new(&folder), ManualClock::new());
    let modes = |expected| {
        let journal = Arc::new(sqlite::database(folder, &clock).build().unwrap());
        let monitor = ErrorMonitor::new(MonitorConfig::default());
        monitor.set_journal(journal);
        fail(&monitor, ErrorCode::SYNC_ERROR, "kept");
        for name in ["errors.sqlite", "errors.sqlite-wal", "errors.sqlite-shm"] {
            assert_eq!(mode(&folder.join(name)), expected, "{name}");
        }
    };
    modes(0o600);
    // Permissions that were set on purpose are kept.
    set_mode(&folder.join("errors.sqlite"), 0o640);
    modes(0o640);
}
