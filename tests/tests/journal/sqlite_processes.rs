//! Processes that share a database: contention, a normal end, and a process that is stopped or
//! killed with the lock.

use super::*;
use gardefou::monitor::journal::Journal;
use gardefou_sqlite::SqliteJournal;
use gardefou_tests::testkit::{
    self,
    child::{self, Child, lines_of_all},
    journal::Kind,
    wait::eventually,
};
use std::{collections::HashSet, io::Read, process::Command, thread, time::Duration};

/// Runs in a process of its own: records errors, with a pause after each or none, and ends without
/// a flush once some were written.
#[test]
fn child_records_and_ends() {
    let Some([count, pause_micros, folder]) = child::orders() else {
        return;
    };
    let journal = SqliteJournal::builder(folder).buffer_bytes(16 << 20);
    let (journal, monitor) = (
        Arc::new(journal.build().unwrap()),
        ErrorMonitor::new(MonitorConfig::default()),
    );
    monitor.set_journal(journal.clone());
    for i in 0..count.parse().unwrap() {
        let id = monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, format!("{i}")));
        println!("\nid {id}");
        match pause_micros.parse().unwrap() {
            0 => {}
            micros => thread::park_timeout(Duration::from_micros(micros)),
        }
    }
    // A quick process may have recorded all before the database was free once.
    let written = eventually(|| journal.status().written, |written| *written > 0);
    println!("\nwritten {written}");
}

/// Runs in a process of its own: holds the database until its input ends.
#[test]
fn child_holds_the_database() {
    let Some([path]) = child::orders() else {
        return;
    };
    let holder = rusqlite::Connection::open(path).unwrap();
    holder
        .execute_batch("BEGIN IMMEDIATE; DELETE FROM errors; DELETE FROM counts")
        .unwrap();
    println!("\nholds");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Runs four processes that record at the same time; returns the ids of all records, and how many
/// each process had written before its end.
fn four_at_once(folder: &Path, count: u32, pause_micros: u32) -> (HashSet<String>, Vec<u32>) {
    let orders = format!("{count} {pause_micros} {}", folder.display());
    let children: Vec<_> = (0..4)
        .map(|_| Child::start("sqlite_processes::child_records_and_ends", &orders))
        .collect();
    let lines = lines_of_all(children, "");
    let of = |key: &str| {
        lines
            .iter()
            .filter_map(|line| line.strip_prefix(key))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    (
        of("id ").into_iter().collect(),
        of("written ")
            .iter()
            .map(|written| written.parse().unwrap())
            .collect(),
    )
}

fn found(folder: &Path) -> (HashSet<String>, u64) {
    let clock = ManualClock::new();
    let journal = Kind::Database.open(settings(folder, &clock));
    let monitor = testkit::journal::monitor(journal, clock);
    let records = all(&monitor, Query::new().limit(Query::MAX_LIMIT));
    (
        records
            .into_iter()
            .map(|record| record.id.to_string())
            .collect(),
        monitor.counts().unwrap().total,
    )
}

fn nothing_is_lost(folder: &Path, expected: &HashSet<String>) {
    let (found, counted) = found(folder);
    assert_eq!(
        (expected.difference(&found).count(), found.len()),
        (0, expected.len())
    );
    assert_eq!(counted, expected.len() as u64);
}

#[test]
fn four_processes_at_a_steady_rate_lose_nothing_at_a_normal_end() {
    let folder = tempfile::tempdir().unwrap();
    let (expected, _) = four_at_once(folder.path(), 400, 400);
    assert_eq!(expected.len(), 1600);
    nothing_is_lost(folder.path(), &expected);
}

#[test]
fn each_of_four_processes_at_full_speed_writes() {
    let folder = tempfile::tempdir().unwrap();
    let (expected, written) = four_at_once(folder.path(), 1500, 0);
    assert!(
        written.len() == 4 && written.iter().all(|written| *written > 0),
        "{written:?}"
    );
    nothing_is_lost(folder.path(), &expected);
}

/// A journal with one record in it, and a process that holds its database.
fn held(folder: &Path, clock: &ManualClock) -> (ErrorMonitor, Arc<SqliteJournal>, Child) {
    let journal = Arc::new(sqlite::database(folder, clock).build().unwrap());
    let monitor = testkit::journal::monitor(journal.clone(), clock.clone());
    fail(&monitor, ErrorCode::SYNC_ERROR, "acknowledged");
    assert_eq!((journal.status().written, journal.status().waiting), (1, 0));
    let path = folder.join("errors.sqlite").display().to_string();
    let mut holder = Child::start("sqlite_processes::child_holds_the_database", &path);
    assert!(holder.lines().any(|line| line == "holds"));
    (monitor, journal, holder)
}

fn record_some(monitor: &ErrorMonitor) {
    (0..20).for_each(|i| fail(monitor, ErrorCode::SYNC_ERROR, format!("waits {i}")));
}

/// Checks for as many records as [`held`] and [`record_some`] make.
fn all_are_there(monitor: &ErrorMonitor, journal: &SqliteJournal) {
    let status = journal.status();
    assert_eq!(
        (
            status.written,
            status.waiting,
            status.lost,
            status.is_healthy()
        ),
        (21, 0, 0, true)
    );
    assert_eq!(
        (
            all(monitor, Query::new()).len(),
            monitor.counts().unwrap().total
        ),
        (21, 21)
    );
}

#[test]
fn process_killed_while_holding_the_database_loses_no_record_of_others() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal, mut holder) = held(folder.path(), &clock);
    record_some(&monitor);
    let status = journal.status();
    assert_eq!(
        (status.written, status.waiting, status.is_healthy()),
        (1, 20, false)
    );
    holder.kill();
    // Without waiting for the pause after a failure.
    journal.flush().unwrap();
    all_are_there(&monitor, &journal);
}

#[cfg(target_os = "linux")]
#[test]
fn process_stopped_while_holding_the_database_loses_no_record_of_others() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal, mut holder) = held(folder.path(), &clock);
    let process = holder.id().to_string();
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, &process]).status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    // The signal reaches one thread after the other.
    let is_stopped = || {
        let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
        let stat = |task: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(task.unwrap().path().join("stat"))
        };
        tasks
            .map(stat)
            .all(|stat| stat.is_ok_and(|stat| stat.contains(") T ")))
    };
    eventually(is_stopped, |is_stopped| *is_stopped);
    // Its input ends, but the stopped process does not run.
    drop(holder.stdin());
    record_some(&monitor);
    assert!(journal.flush().is_err(), "a flush gives up after a while");
    let status = journal.status();
    assert_eq!((status.written, status.waiting, status.lost), (1, 20, 0));
    signal("-CONT");
    holder.wait();
    journal.flush().unwrap();
    all_are_there(&monitor, &journal);
}

#[test]
fn records_waiting_in_a_pause_are_written_on_drop() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal, mut holder) = held(folder.path(), &clock);
    record_some(&monitor);
    holder.kill();
    drop((monitor, journal));
    assert_eq!(found(folder.path()).1, 21);
}
