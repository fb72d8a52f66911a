//! The SQLite journal has the guarantees of the journal of files.

use super::*;
use gardefou::{event::Severity, monitor::journal::Journal, time::Timestamp};
use gardefou_sqlite::{SqliteJournal, SqliteJournalBuilder};
use gardefou_tests::testkit::wait::eventually;
use std::{fs, io::Write, time::Duration};

/// A journal without a maintenance thread, on a manual clock.
pub(super) fn database(folder: &Path, clock: &ManualClock) -> SqliteJournalBuilder {
    SqliteJournal::builder(folder)
        .background(false)
        .clock(clock.clone())
}

fn monitor(
    journal: SqliteJournalBuilder,
    clock: &ManualClock,
) -> (ErrorMonitor, Arc<SqliteJournal>) {
    let journal = Arc::new(journal.build().unwrap());
    let monitor = testkit::journal::monitor(journal.clone(), clock.clone());
    (monitor, journal)
}

/// All files of the database together.
fn size_of(folder: &Path) -> u64 {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}

/// Waits for the maintenance thread, which runs once a second.
fn all_written(journal: &SqliteJournal) {
    eventually(|| journal.status(), |status| status.waiting == 0);
}

fn messages(monitor: &ErrorMonitor, query: Query) -> Vec<String> {
    all(monitor, query)
        .into_iter()
        .map(|record| record.message)
        .collect()
}

#[test]
fn pages_neither_skip_nor_repeat_records_while_errors_arrive() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, _journal) = monitor(database(folder.path(), &clock), &clock);
    let codes = [ErrorCode::SYNC_ERROR, ErrorCode::TIMEOUT_ERROR];
    for i in 0..300 {
        monitor.record_at(Severity::Info, &AppError::new(codes[i % 2], format!("{i}")));
        clock.advance(Duration::from_secs(600));
    }
    let (mut query, mut seen) = (
        Query::new().code(ErrorCode::SYNC_ERROR).limit(20),
        Vec::new(),
    );
    loop {
        let page = monitor.query(&query).unwrap();
        seen.extend(page.records.into_iter().map(|record| record.message));
        fail(&monitor, ErrorCode::SYNC_ERROR, "new");
        let Some(next) = page.next else { break };
        query = query.after(next);
    }
    assert_eq!(
        seen,
        (0..150)
            .rev()
            .map(|i| (i * 2).to_string())
            .collect::<Vec<_>>()
    );
    assert_eq!(monitor.counts().unwrap().by_day.values().sum::<u64>(), 308);
}

#[test]
fn every_filter_matches_exactly_its_records() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, _journal) = monitor(database(folder.path(), &clock), &clock);
    let id = monitor.record_at(
        Severity::Critical,
        &AppError::new(ErrorCode::DB_WRITE_ERROR, "cannot save")
            .with_source(std::io::Error::other("disk sda1 is full")),
    );
    clock.advance(Duration::from_millis(1));
    fail(&monitor, ErrorCode::SYNC_ERROR, "drift");
    assert_eq!(messages(&monitor, Query::new()), ["drift", "cannot save"]);
    assert_eq!(messages(&monitor, Query::new().id(id)), ["cannot save"]);
    assert_eq!(
        messages(&monitor, Query::new().text("sda1")),
        ["cannot save"]
    );
    assert_eq!(
        messages(&monitor, Query::new().min_level(Severity::Critical)),
        ["cannot save"]
    );
    let second = Timestamp::from_unix_millis(1_700_000_000_001);
    assert_eq!(messages(&monitor, Query::new().since(second)), ["drift"]);
    assert_eq!(
        messages(&monitor, Query::new().until(second)),
        ["cannot save"]
    );
    assert_eq!(
        messages(&monitor, Query::new().operation("' OR 1=1 --")),
        [""; 0]
    );
}

#[test]
fn old_rows_are_removed_first_and_the_file_shrinks_and_counts_stay() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(
        database(folder.path(), &clock).max_bytes(128 * 1024),
        &clock,
    );
    for i in 0..500 {
        let level = if i % 50 == 49 {
            Severity::Error
        } else {
            Severity::Info
        };
        monitor.record_at(
            level,
            &AppError::new(ErrorCode::SYNC_ERROR, format!("{i} {}", "x".repeat(500))),
        );
    }
    journal.maintain().unwrap();
    let kept = messages(&monitor, Query::new());
    assert!(kept.len() > 20 && kept.len() < 400, "{}", kept.len());
    assert!(kept[0].starts_with("499 "));
    assert_eq!(monitor.counts().unwrap().total, 500);
    clock.advance(Duration::from_secs(8 * 86_400));
    journal.maintain().unwrap();
    assert_eq!(
        (
            messages(&monitor, Query::new()).len(),
            monitor.counts().unwrap().total
        ),
        (0, 500)
    );
}

#[test]
fn old_record_in_a_slot_is_removed_too() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(database(folder.path(), &clock), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "old");
    clock.advance(Duration::from_secs(4 * 86_400));
    fail(&monitor, ErrorCode::SYNC_ERROR, "new");
    journal.maintain().unwrap();
    assert_eq!(messages(&monitor, Query::new()), ["new", "old"]);
    clock.advance(Duration::from_secs(4 * 86_400));
    journal.maintain().unwrap();
    assert_eq!(
        (
            messages(&monitor, Query::new()),
            monitor.counts().unwrap().total
        ),
        (vec!["new".into()], 2)
    );
}

#[test]
fn failures_fail_no_call_are_reported_and_end_by_themselves() {
    let (parent, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let folder = parent.path().join("logs");
    fs::write(&folder, "a file where the folder should be").unwrap();
    let (monitor, journal) = monitor(database(&folder, &clock), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "waits");
    assert_eq!(
        (
            journal.status().failed,
            journal.status().waiting,
            journal.status().is_healthy()
        ),
        (1, 1, false)
    );
    fs::remove_file(&folder).unwrap();
    clock.advance(Duration::from_millis(100));
    fail(&monitor, ErrorCode::SYNC_ERROR, "again");
    assert_eq!(
        (
            journal.status().written,
            journal.status().waiting,
            journal.status().is_healthy()
        ),
        (2, 0, true)
    );

    fs::remove_dir_all(&folder).unwrap();
    fail(&monitor, ErrorCode::SYNC_ERROR, "after the folder vanished");
    assert_eq!(
        messages(&monitor, Query::new()),
        ["after the folder vanished"]
    );
}

#[test]
fn file_that_is_no_database_is_put_aside() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let path = folder.path().join("errors.sqlite");
    fs::write(
        &path,
        "certainly no database, but long enough to be read as one ".repeat(100),
    )
    .unwrap();
    let (monitor, journal) = monitor(database(folder.path(), &clock), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "kept");
    assert!(journal.status().is_healthy(), "{:?}", journal.status());
    assert_eq!(messages(&monitor, Query::new()), ["kept"]);
    let aside = |name: &str| name.starts_with("errors.sqlite.damaged-");
    assert!(
        fs::read_dir(folder.path())
            .unwrap()
            .any(|file| aside(&file.unwrap().file_name().to_string_lossy()))
    );
}

#[test]
fn locked_database_makes_records_wait_not_callers() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (first, _) = monitor(database(folder.path(), &clock), &clock);
    fail(&first, ErrorCode::SYNC_ERROR, "makes the database");
    let holder = rusqlite::Connection::open(folder.path().join("errors.sqlite")).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    fail(&first, ErrorCode::SYNC_ERROR, "waits");
    assert_eq!(first.journal_status().unwrap().waiting, 1);
    holder.execute_batch("ROLLBACK").unwrap();
    clock.advance(Duration::from_millis(100));
    assert_eq!(
        messages(&first, Query::new()),
        ["waits", "makes the database"]
    );
}

#[test]
fn records_beyond_the_buffer_are_refused_and_counted_while_the_database_is_locked() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(
        database(folder.path(), &clock).buffer_bytes(16 * 1024),
        &clock,
    );
    fail(&monitor, ErrorCode::SYNC_ERROR, "acknowledged");
    let holder = rusqlite::Connection::open(folder.path().join("errors.sqlite")).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    (0..200).for_each(|i| fail(&monitor, ErrorCode::SYNC_ERROR, format!("{i}")));
    let held = journal.status();
    assert_eq!(
        (held.written, held.failed, held.waiting + held.lost),
        (1, 200, 200),
        "{held:?}"
    );
    assert!(
        held.waiting > 20 && held.lost > 100 && !held.is_healthy(),
        "{held:?}"
    );
    let record = &monitor.stats().recent_errors[0];
    let refused = journal.append(record).unwrap_err().to_string();
    assert!(
        refused.contains("buffer_bytes") && journal.status().lost == held.lost + 1,
        "{refused}"
    );

    holder.execute_batch("ROLLBACK").unwrap();
    clock.advance(Duration::from_millis(100));
    fail(
        &monitor,
        ErrorCode::SYNC_ERROR,
        "refused as well, as it finds no room",
    );
    journal.flush().unwrap();
    let status = journal.status();
    assert_eq!(
        (status.written, status.waiting, status.is_healthy()),
        (1 + held.waiting, 0, true),
        "{status:?}"
    );
    assert_eq!(status.lost, held.lost + 2, "stays known");
    fail(&monitor, ErrorCode::SYNC_ERROR, "written again");
    assert_eq!(
        messages(&monitor, Query::new())[..2],
        ["written again".to_owned(), format!("{}", held.waiting - 1)]
    );
}

#[test]
fn removed_or_replaced_database_is_made_again() {
    let (parent, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let folder = parent.path().join("logs");
    let (first, _) = monitor(database(&folder, &clock), &clock);
    let (second, journal) = monitor(database(&folder, &clock), &clock);
    fail(&first, ErrorCode::SYNC_ERROR, "gone");
    fail(&second, ErrorCode::SYNC_ERROR, "gone too");
    fs::remove_dir_all(&folder).unwrap();
    fail(&first, ErrorCode::SYNC_ERROR, "first");
    fail(&second, ErrorCode::SYNC_ERROR, "second");
    assert!(journal.status().is_healthy());
    let (reader, _) = monitor(database(&folder, &clock), &clock);
    assert_eq!(messages(&reader, Query::new()), ["second", "first"]);
    drop((first, second, journal));
    assert_eq!(messages(&reader, Query::new()), ["second", "first"]);
}

#[cfg(unix)]
#[test]
fn database_that_became_a_folder_is_reported_and_records_wait() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(database(folder.path(), &clock), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "gone");
    let files: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    for file in &files {
        fs::remove_file(file).unwrap();
        fs::create_dir(file).unwrap();
    }
    fail(&monitor, ErrorCode::SYNC_ERROR, "waits");
    let status = journal.status();
    assert_eq!(
        (
            status.written,
            status.failed,
            status.waiting,
            status.is_healthy()
        ),
        (1, 1, 1, false)
    );
    files.iter().for_each(|file| fs::remove_dir(file).unwrap());
    clock.advance(Duration::from_millis(100));
    fail(&monitor, ErrorCode::SYNC_ERROR, "after");
    assert_eq!(
        (messages(&monitor, Query::new()), journal.status().waiting),
        (vec!["after".into(), "waits".into()], 0)
    );
}

#[test]
fn waiting_records_are_written_by_the_maintenance_thread() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (first, journal) = monitor(database(folder.path(), &clock).background(true), &clock);
    first.record_at(
        Severity::Warning,
        &AppError::new(ErrorCode::SYNC_ERROR, "less urgent"),
    );
    assert_eq!(journal.status().waiting, 1);
    all_written(&journal);

    let holder = rusqlite::Connection::open(folder.path().join("errors.sqlite")).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    fail(&first, ErrorCode::SYNC_ERROR, "held up");
    assert_eq!(journal.status().waiting, 1);
    holder.execute_batch("ROLLBACK").unwrap();
    clock.advance(Duration::from_millis(100));
    all_written(&journal);
    assert!(journal.status().is_healthy());
    let (reader, _) = monitor(database(folder.path(), &clock), &clock);
    assert_eq!(messages(&reader, Query::new()), ["held up", "less urgent"]);
}

#[test]
fn size_limit_includes_the_log_of_changes() {
    let max_bytes = 128 * 1024;
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(database(folder.path(), &clock).max_bytes(max_bytes), &clock);
    for i in 0..1000 {
        // A few at a time, since a change of the file sometimes waits for the disk.
        let level = if i % 10 == 9 {
            Severity::Error
        } else {
            Severity::Info
        };
        monitor.record_at(
            level,
            &AppError::new(
                ErrorCode::SYNC_ERROR,
                format!("error {i} {}", "x".repeat(50)),
            ),
        );
    }
    journal.maintain().unwrap();
    // The shared memory of SQLite takes 32 KiB beside the database.
    let size = size_of(folder.path());
    assert!(size <= max_bytes + 32 * 1024, "{size}");
    let kept = messages(&monitor, Query::new().limit(1000));
    assert!(
        kept[0].starts_with("error 999 ") && kept.len() > 50,
        "{}",
        kept.len()
    );
    assert_eq!(monitor.counts().unwrap().total, 1000);
}

#[test]
fn clock_jump_removes_no_row_until_confirmed() {
    retention::clock_jump_removes_nothing_until_confirmed(
        |folder, clock| {
            let journal = SqliteJournal::builder(folder).background(false);
            Arc::new(journal.clock(clock).build().unwrap())
        },
        |journal| journal.maintain().unwrap(),
    );
}

#[test]
fn open_reader_does_not_grow_the_log_of_changes_beyond_its_bound() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let journal = database(folder.path(), &clock)
        .max_bytes(1 << 20)
        .buffer_bytes(4 << 20);
    let (monitor, journal) = monitor(journal, &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "makes the database");
    let path = folder.path().join("errors.sqlite");
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM errors")
        .unwrap();
    let log = || {
        fs::metadata(path.with_extension("sqlite-wal"))
            .unwrap()
            .len()
    };
    let mut recorded = 1;
    while journal.status().is_healthy() {
        fail(&monitor, ErrorCode::SYNC_ERROR, "x".repeat(450));
        recorded += 1;
        assert!(
            recorded < 5000,
            "the log of changes has no bound: {}",
            log()
        );
    }
    // One record beyond the limit, and rounds of maintenance.
    for _ in 0..100 {
        fail(&monitor, ErrorCode::SYNC_ERROR, "x".repeat(450));
        recorded += 1;
        clock.advance(Duration::from_millis(10));
        assert!(log() <= 640 * 1024, "{}", log());
    }
    assert!(
        journal.maintain().is_err() && log() <= 640 * 1024,
        "{}",
        log()
    );
    let status = journal.status();
    assert_eq!(
        (
            status.written + status.waiting,
            status.lost,
            status.is_healthy()
        ),
        (recorded, 0, false)
    );
    assert!(status.waiting > 100, "{status:?}");
    assert!(
        status
            .last_error
            .unwrap()
            .contains("the log of changes is full")
    );

    reader.execute_batch("COMMIT").unwrap();
    clock.advance(Duration::from_millis(100));
    journal.maintain().unwrap();
    let status = journal.status();
    assert_eq!(
        (status.written, status.waiting, status.is_healthy()),
        (recorded, 0, true)
    );
    assert!(log() <= 640 * 1024, "{}", log());
    assert_eq!(monitor.counts().unwrap().total, recorded);
}

/// Overwrites the tables of a database that is open. Its first page, which is all that opening
/// reads, stays as it is.
fn damage_the_tables(folder: &Path) {
    let path = folder.join("errors.sqlite");
    let db = rusqlite::Connection::open(&path).unwrap();
    let mut pages = db
        .prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'errors'")
        .unwrap();
    let pages: Vec<u32> = pages
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let page_bytes: u32 = db
        .query_row("PRAGMA page_size", [], |row| row.get(0))
        .unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    let mut bytes = fs::read(&path).unwrap();
    for page in pages {
        let from = ((page - 1) * page_bytes) as usize;
        bytes[from..][..page_bytes as usize].fill(0xff);
    }
    // Into the same file: a new one with its name would be reopened.
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .write_all(&bytes)
        .unwrap();
}

fn is_put_aside(folder: &Path, journal: &SqliteJournal) {
    let status = journal.status();
    assert_eq!(
        (status.waiting, status.lost, status.is_healthy()),
        (0, 0, true),
        "{status:?}"
    );
    assert!(
        status
            .last_error
            .as_ref()
            .is_some_and(|err| err.contains("was put aside")),
        "{status:?}"
    );
    let aside = |name: &str| name.starts_with("errors.sqlite.damaged-") && !name.ends_with("-wal");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
    assert_eq!(files.filter(|name| aside(name)).count(), 1);
}

#[test]
fn database_found_damaged_during_a_write_is_put_aside() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (first, _journal) = monitor(database(folder.path(), &clock), &clock);
    (0..5).for_each(|i| fail(&first, ErrorCode::SYNC_ERROR, format!("before {i}")));
    let (second, journal) = monitor(database(folder.path(), &clock), &clock);
    // Opens it, and reads no table.
    journal.check().unwrap();
    second.record_at(
        Severity::Info,
        &AppError::new(ErrorCode::SYNC_ERROR, "waits"),
    );
    damage_the_tables(folder.path());
    fail(&second, ErrorCode::SYNC_ERROR, "finds the damage");
    assert_eq!(journal.status().written, 2);
    is_put_aside(folder.path(), &journal);
    // A journal that had it open uses the new one, and puts nothing aside again.
    clock.advance(Duration::from_secs(1));
    fail(&first, ErrorCode::SYNC_ERROR, "after");
    assert_eq!(
        messages(&first, Query::new()),
        ["after", "finds the damage", "waits"]
    );
    is_put_aside(folder.path(), &journal);
    assert_eq!(second.counts().unwrap().total, 3);
}

#[test]
fn database_found_damaged_during_a_read_is_put_aside() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (first, _journal) = monitor(database(folder.path(), &clock), &clock);
    (0..5).for_each(|i| fail(&first, ErrorCode::SYNC_ERROR, format!("before {i}")));
    let (second, journal) = monitor(database(folder.path(), &clock), &clock);
    journal.check().unwrap();
    damage_the_tables(folder.path());
    assert_eq!(messages(&second, Query::new()), [""; 0]);
    is_put_aside(folder.path(), &journal);
    fail(&first, ErrorCode::SYNC_ERROR, "after");
    assert_eq!(messages(&second, Query::new()), ["after"]);
}

/// Returns how many bytes this thread has written so far, to any file.
#[cfg(target_os = "linux")]
fn bytes_written() -> u64 {
    let io = fs::read_to_string("/proc/thread-self/io").unwrap();
    io.lines()
        .find_map(|line| line.strip_prefix("wchar: "))
        .unwrap()
        .parse()
        .unwrap()
}

/// Records of so many bytes each, at a steady rate; returns what each wrote, once the first
/// `before` were written.
#[cfg(target_os = "linux")]
fn bytes_for_each(message: usize, max_bytes: u64, before: usize) -> u64 {
    const RECORDS: usize = 2000;
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(database(folder.path(), &clock).max_bytes(max_bytes), &clock);
    let mut start = 0;
    for i in 0..before + RECORDS {
        if i == before {
            start = bytes_written();
        }
        fail(
            &monitor,
            ErrorCode::SYNC_ERROR,
            format!("{i} {}", "x".repeat(message)),
        );
        assert_eq!(
            journal.status().written,
            i as u64 + 1,
            "written when the call returns"
        );
        clock.advance(Duration::from_millis(10));
        if i % 100 == 99 {
            journal.maintain().unwrap();
        }
    }
    // The contents of the log of changes are written once more.
    drop((monitor, journal));
    (bytes_written() - start) / RECORDS as u64
}

#[cfg(target_os = "linux")]
#[test]
fn record_at_a_steady_rate_writes_less_than_4_kib() {
    // At its limit, it removes as many rows as it adds.
    let cases = [(100, 64 << 20, 1), (450, 64 << 20, 1), (100, 1 << 20, 3000)];
    let written =
        cases.map(|(message, max_bytes, before)| bytes_for_each(message, max_bytes, before));
    println!("{written:?} bytes");
    assert!(written.iter().all(|each| *each < 4096), "{written:?} bytes");
}

#[test]
fn database_of_an_earlier_version_is_read_and_written() {
    const SCHEMA: &str = "
        CREATE TABLE errors (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, kind TEXT NOT NULL, time INTEGER NOT NULL,
            level INTEGER NOT NULL, code TEXT NOT NULL, operation TEXT NOT NULL, fingerprint TEXT NOT NULL,
            text TEXT NOT NULL, record TEXT NOT NULL
        );
        CREATE TABLE counts (day TEXT NOT NULL, code TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (day, code))
            WITHOUT ROWID;
        CREATE TABLE pending (
            id TEXT NOT NULL PRIMARY KEY, time INTEGER NOT NULL, day TEXT NOT NULL, code TEXT NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO counts VALUES ('2023-11-14', 'SYNC_ERROR', 7);
        INSERT INTO errors VALUES (7, '018bcfe5-6800-7000-8000-000000000001', 'error', 1700000000000, 4, 'SYNC_ERROR',
            '', '0', 'earlier', '{\"v\":1,\"id\":\"018bcfe5-6800-7000-8000-000000000001\",
            \"timestamp\":\"2023-11-14T22:13:20.000Z\",\"level\":\"error\",\"code\":403,
            \"error_code\":\"SYNC_ERROR\",\"message\":\"earlier\"}')";
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let earlier = rusqlite::Connection::open(folder.path().join("errors.sqlite")).unwrap();
    earlier.execute_batch(SCHEMA).unwrap();
    drop(earlier);
    let (monitor, journal) = monitor(database(folder.path(), &clock), &clock);
    assert_eq!(messages(&monitor, Query::new()), ["earlier"]);
    fail(&monitor, ErrorCode::SYNC_ERROR, "later");
    assert_eq!(messages(&monitor, Query::new()), ["later", "earlier"]);
    assert_eq!(messages(&monitor, Query::new().text("earl")), ["earlier"]);
    journal.flush().unwrap();
    assert_eq!(
        (
            messages(&monitor, Query::new()).len(),
            monitor.counts().unwrap().total
        ),
        (2, 8)
    );
}

/// Other programs need not know about the slots.
#[test]
fn all_records_are_in_the_table_after_a_flush_and_after_drop() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(database(folder.path(), &clock), &clock);
    let rows = || {
        let db = rusqlite::Connection::open(folder.path().join("errors.sqlite")).unwrap();
        db.query_row("SELECT count(*) FROM errors", [], |row| {
            row.get::<_, u32>(0)
        })
        .unwrap()
    };
    (0..3).for_each(|i| fail(&monitor, ErrorCode::SYNC_ERROR, format!("{i}")));
    journal.flush().unwrap();
    assert_eq!(rows(), 3);
    (3..5).for_each(|i| fail(&monitor, ErrorCode::SYNC_ERROR, format!("{i}")));
    drop((monitor, journal));
    assert_eq!(rows(), 5);
}

#[test]
fn filters_match_the_same_records_in_slots_and_in_the_table() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(database(folder.path(), &clock), &clock);
    for (i, code) in [ErrorCode::SYNC_ERROR, ErrorCode::TIMEOUT_ERROR]
        .into_iter()
        .cycle()
        .take(6)
        .enumerate()
    {
        let error = AppError::new(code, format!("{i} \"quoted\" \\ ü\u{1}"));
        monitor.record_at(
            if i < 3 {
                Severity::Error
            } else {
                Severity::Critical
            },
            &error,
        );
        clock.advance(Duration::from_secs(60));
    }
    let since = Timestamp::from_unix_millis(1_700_000_120_000);
    let queries = [
        Query::new().code(ErrorCode::SYNC_ERROR).limit(2),
        Query::new().min_level(Severity::Critical),
        Query::new().since(since).text("\"quoted\" \\ ü"),
        Query::new().until(since),
        Query::new().text("no such text").limit(1),
        // A part of the record, but not of its texts.
        Query::new().text("error_code"),
    ];
    let found = || queries.clone().map(|query| messages(&monitor, query).len());
    assert_eq!(found(), [3, 3, 4, 2, 0, 0]);
    journal.flush().unwrap();
    assert_eq!(found(), [3, 3, 4, 2, 0, 0]);
    assert_eq!(
        monitor.query(&Query::new().limit(3)).unwrap().records[2]
            .message
            .split(' ')
            .next(),
        Some("3")
    );
}
