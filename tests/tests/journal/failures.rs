use super::*;
use gardefou::monitor::journal::Journal;
use std::{fs, io::Write, time::Duration};

const PAUSE: Duration = Duration::from_millis(100);

/// `/dev/full` fails every write for lack of room.
#[cfg(target_os = "linux")]
#[test]
fn full_disk_fails_no_call_is_reported_and_writing_resumes() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(config(folder.path(), &clock), &clock);
    let file = folder.path().join("errors-00000001.jsonl");
    std::os::unix::fs::symlink("/dev/full", &file).unwrap();
    for i in 0..10 {
        fail(&monitor, ErrorCode::DB_WRITE_ERROR, format!("error {i}"));
    }
    let status = monitor.journal_status().unwrap();
    assert_eq!(
        (
            status.failed,
            status.lost,
            status.waiting,
            status.is_healthy()
        ),
        (10, 0, 10, false)
    );
    assert!(status.last_error.unwrap().contains("space"));
    assert_eq!(monitor.stats().total_errors, 10);

    fs::remove_file(&file).unwrap();
    fail(&monitor, ErrorCode::DB_WRITE_ERROR, "too soon");
    assert_eq!(
        journal.status().waiting,
        11,
        "nothing is tried just after a failure"
    );
    clock.advance(PAUSE);
    fail(&monitor, ErrorCode::DB_WRITE_ERROR, "space again");
    let status = monitor.journal_status().unwrap();
    assert_eq!(
        (
            status.failed,
            status.written,
            status.waiting,
            status.is_healthy()
        ),
        (11, 12, 0, true)
    );
    assert_eq!(all(&monitor, Query::new()).len(), 12);
}

/// The disk is full while eight threads record, and has room again, four times: nothing is lost,
/// nothing is twice on disk, and the records of each thread stay in order.
#[cfg(target_os = "linux")]
#[test]
fn eight_threads_lose_nothing_while_the_disk_is_full_in_between() {
    use std::{
        os::unix::fs::{PermissionsExt, symlink},
        sync::atomic::{AtomicBool, AtomicUsize, Ordering},
        thread,
    };
    const THREADS: usize = 8;
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(
        config(folder.path(), &clock)
            .max_segment_bytes(8 << 20)
            .buffer_bytes(64 << 20),
        &clock,
    );
    let (recorded, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    // Each step begins after so many more records, by all threads together.
    let await_more = || {
        let before = recorded.load(Ordering::Relaxed);
        while recorded.load(Ordering::Relaxed) < before + 200 {
            thread::yield_now();
        }
    };
    let counts: Vec<usize> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (monitor, clock, recorded, is_over) = (&monitor, &clock, &recorded, &is_over);
                scope.spawn(move || {
                    let mut count = 0;
                    while !is_over.load(Ordering::Relaxed) {
                        fail(
                            monitor,
                            ErrorCode::DB_WRITE_ERROR,
                            format!("{thread} {count}"),
                        );
                        count += 1;
                        recorded.fetch_add(1, Ordering::Relaxed);
                        clock.advance(Duration::from_millis(7));
                    }
                    count
                })
            })
            .collect();
        for number in [2, 4, 6, 8] {
            await_more();
            let path = |number| folder.path().join(format!("errors-{number:08}.jsonl"));
            symlink("/dev/full", path(number)).unwrap();
            // The writer leaves a file that takes no more lines for the newest one.
            let sealed = fs::Permissions::from_mode(0o400);
            fs::set_permissions(path(number - 1), sealed).unwrap();
            while journal.status().is_healthy() {
                thread::yield_now();
            }
            await_more();
            fs::write(path(number + 1), "").unwrap();
            fs::remove_file(path(number)).unwrap();
            while !journal.status().is_healthy() {
                thread::yield_now();
            }
        }
        await_more();
        is_over.store(true, Ordering::Relaxed);
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let total: usize = counts.iter().sum();
    let status = journal.status();
    assert_eq!(
        (status.written, status.waiting, status.lost),
        (total as u64, 0, 0)
    );
    assert!(status.failed >= 4 * 200, "{status:?}");
    assert_eq!(monitor.query(&Query::new()).unwrap().torn, 0);
    let mut next = vec![0; THREADS];
    for record in all(&monitor, Query::new()).iter().rev() {
        let (thread, i) = record.message.split_once(' ').unwrap();
        let next = &mut next[thread.parse::<usize>().unwrap()];
        assert_eq!(i, next.to_string(), "of thread {thread}");
        *next += 1;
    }
    assert_eq!(next, counts);
}

#[test]
fn removed_folder_is_made_again() {
    let (parent, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let folder = parent.path().join("logs").join("errors");
    let (monitor, journal) = monitor(config(&folder, &clock), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "gone with the folder");
    fs::remove_dir_all(parent.path().join("logs")).unwrap();
    fail(&monitor, ErrorCode::SYNC_ERROR, "after");
    assert!(journal.status().is_healthy());
    let found: Vec<_> = all(&monitor, Query::new())
        .into_iter()
        .map(|record| record.message)
        .collect();
    assert_eq!(found, ["after"]);
}

#[test]
fn invalid_folder_is_reported_and_memory_stays_bounded() {
    let (parent, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let folder = parent.path().join("a file");
    fs::write(&folder, "").unwrap();
    let (monitor, journal) = monitor(config(&folder, &clock).buffer_bytes(4096), &clock);
    for i in 0..1000 {
        fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}"));
        clock.advance(PAUSE);
    }
    let status = journal.status();
    assert_eq!((status.failed, status.written), (1000, 0));
    assert!(
        status.waiting >= 5 && status.waiting + status.lost == 1000,
        "{status:?}"
    );
    assert!(journal.counts().is_err() || journal.counts().unwrap().total == 0);
    assert_eq!(monitor.stats().total_errors, 1000);
    fs::remove_file(&folder).unwrap();
    clock.advance(PAUSE);
    journal.flush().unwrap();
    let found = all(&monitor, Query::new());
    assert_eq!(
        (found.len() as u64, found.last().unwrap().message.as_str()),
        (status.waiting, "error 0")
    );
}

/// A bad line does not affect other lines.
#[test]
fn torn_and_foreign_lines_are_skipped_and_counted_and_appended_after() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (first, journal) = monitor(config(folder.path(), &clock), &clock);
    fail(&first, ErrorCode::SYNC_ERROR, "before");
    drop((first, journal));
    let path = folder.path().join("errors-00000001.jsonl");
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"v\":1}\nnot json\n\xFF\xFE\n[1]\n{\"v\":1,\"id\":\"0190")
        .unwrap();
    let (second, journal) = monitor(config(folder.path(), &clock), &clock);
    assert_eq!(second.query(&Query::new()).unwrap().torn, 5);
    fail(&second, ErrorCode::SYNC_ERROR, "after");
    let page = second.query(&Query::new()).unwrap();
    let found: Vec<_> = page
        .records
        .iter()
        .map(|record| record.message.as_str())
        .collect();
    assert_eq!((found, page.torn), (vec!["after", "before"], 5));
    assert_eq!(journal.counts().unwrap().total, 2);
}

/// Unknown fields are ignored, whatever their position and contents.
#[test]
fn lines_of_a_later_version_are_read_and_counted() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (first, journal) = monitor(config(folder.path(), &clock), &clock);
    fail(&first, ErrorCode::SYNC_ERROR, "of this version");
    drop((first, journal));
    let path = folder.path().join("errors-00000001.jsonl");
    let line = fs::read_to_string(&path).unwrap();
    let later = |message: &str| line.replace("of this version", message);
    let changed = [
        later("one more at the end").replace("}\n", ",\"tenant\":{\"id\":[1,null]}}\n"),
        later("one more in front").replacen(
            "\"timestamp\":",
            "\"trace\":\"4bf9\",\"timestamp\":",
            1,
        ),
        later("another version").replacen("{\"v\":1,", "{\"v\":2,\"shard\":7,", 1),
    ];
    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(changed.concat().as_bytes())
        .unwrap();
    let (second, journal) = monitor(config(folder.path(), &clock), &clock);
    let page = second
        .query(&Query::new().code(ErrorCode::SYNC_ERROR))
        .unwrap();
    let found: Vec<_> = page
        .records
        .iter()
        .map(|record| record.message.as_str())
        .collect();
    assert_eq!(
        found,
        [
            "another version",
            "one more in front",
            "one more at the end",
            "of this version"
        ]
    );
    assert_eq!((page.torn, journal.counts().unwrap().total), (0, 4));
    fail(&second, ErrorCode::SYNC_ERROR, "goes on");
    assert_eq!(all(&second, Query::new()).len(), 5);
}

/// A value that cannot be serialised is kept as text; sizes are bounded.
#[test]
fn odd_and_huge_errors_take_one_bounded_line() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, _journal) = monitor(config(folder.path(), &clock), &clock);
    let odd = std::collections::HashMap::from([((1, 2), "a key that JSON has no form for")]);
    let huge = AppError::new(ErrorCode::SYNC_ERROR, "x".repeat(10_000_000))
        .with_detail("odd", &odd)
        .with_detail("nan", f64::NAN);
    monitor.record(&huge);
    fail(&monitor, ErrorCode::SYNC_ERROR, "next\r\nforged line\0");
    let size = fs::metadata(folder.path().join("errors-00000001.jsonl"))
        .unwrap()
        .len();
    assert!(size < 64 * 1024, "{size}");
    let found = all(&monitor, Query::new());
    assert_eq!(found.len(), 2);
    assert!(found[1].message.ends_with("(cut)") && found[1].details.contains_key("odd"));
    assert!(
        !found[0].message.contains(['\r', '\n', '\0']),
        "{:?}",
        found[0].message
    );
}

/// A bare name is a folder in the working directory.
#[test]
fn relative_folder_works() {
    let config = JournalConfig::builder("logs")
        .background(false)
        .build()
        .unwrap();
    let journal = FileJournal::open(config);
    assert_eq!(journal.folder(), Path::new("logs"));
    assert!(
        !journal.folder().exists(),
        "nothing is written before the first error"
    );
}

/// A panic of a foreign journal is contained.
#[test]
fn panicking_journal_fails_no_call() {
    use gardefou::monitor::journal::{ErrorCounts, JournalError, JournalStatus, Page};
    #[derive(Debug)]
    struct Broken;
    impl Journal for Broken {
        fn append(&self, _: &ErrorRecord) -> Result<(), JournalError> {
            panic!("out of order")
        }
        fn query(&self, _: &Query) -> Result<Page, JournalError> {
            Ok(Page::new(Vec::new(), None))
        }
        fn counts(&self) -> Result<ErrorCounts, JournalError> {
            Ok(ErrorCounts::default())
        }
        fn flush(&self) -> Result<(), JournalError> {
            Ok(())
        }
        fn status(&self) -> JournalStatus {
            JournalStatus::default()
        }
    }
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    monitor.set_journal(Arc::new(Broken));
    monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "kept all the same"));
    assert_eq!(
        monitor.stats().recent_errors[0].message,
        "kept all the same"
    );
}
