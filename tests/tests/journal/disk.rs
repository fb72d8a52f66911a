//! The journal on a real full disk. `tests/real/disk/run` mounts one and runs these tests with its
//! path; a plain `cargo test` reports that they are skipped.

use super::*;
use gardefou::monitor::journal::Journal;
use gardefou_tests::testkit::lock::alone;
use std::{env, fs, thread, time::Duration};

/// A real file system has short writes too, unlike `/dev/full`.
#[test]
fn full_disk_fails_no_call_and_loses_no_acknowledged_line() {
    let Ok(disk) = env::var("GARDEFOU_TEST_SMALL_DISK") else {
        println!("left to tests/real/disk/run: a disk that is full");
        return;
    };
    // All tests share one disk.
    let _alone = alone();
    let (disk, clock) = (Path::new(&disk), ManualClock::new());
    let folder = disk.join("journal");
    fs::write(disk.join("ballast"), vec![0; 128 * 1024]).unwrap();
    let (monitor, journal) = monitor(
        config(&folder, &clock)
            .max_segment_bytes(1 << 20)
            .max_bytes(4 << 20),
        &clock,
    );
    let mut count = 0;
    while journal.status().is_healthy() {
        fail(
            &monitor,
            ErrorCode::DB_WRITE_ERROR,
            format!("error {count} {}", "x".repeat(count % 500)),
        );
        count += 1;
        assert!(count < 10_000, "the disk never filled up");
    }
    for _ in 0..20 {
        fail(
            &monitor,
            ErrorCode::DB_WRITE_ERROR,
            format!("error {count}"),
        );
        count += 1;
        clock.advance(Duration::from_millis(100));
    }
    let status = journal.status();
    assert!(
        status.failed >= 20 && status.waiting >= 20 && status.lost == 0,
        "{status:?}"
    );
    assert_eq!(monitor.stats().total_errors, count as u64);

    fs::remove_file(disk.join("ballast")).unwrap();
    clock.advance(Duration::from_millis(100));
    fail(
        &monitor,
        ErrorCode::DB_WRITE_ERROR,
        format!("error {count}"),
    );
    let status = journal.status();
    assert_eq!((status.waiting, status.is_healthy()), (0, true));
    let found = all(&monitor, Query::new());
    let expected = (0..=count).rev().map(|i| format!("error {i}"));
    assert!(
        found
            .iter()
            .map(|record| record
                .message
                .split(" x")
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned())
            .eq(expected)
    );
    drop((monitor, journal));
    fs::remove_dir_all(&folder).unwrap();
}

/// A write that is short ends within a line of one of eight threads: no other line is hidden by it.
#[test]
fn disk_that_fills_up_under_eight_threads_loses_no_line() {
    const THREADS: usize = 8;
    let Ok(disk) = env::var("GARDEFOU_TEST_SMALL_DISK") else {
        println!("left to tests/real/disk/run: eight threads on a disk that is full");
        return;
    };
    let _alone = alone();
    let (disk, clock) = (Path::new(&disk), ManualClock::new());
    let folder = disk.join("journal");
    fs::write(disk.join("ballast"), vec![0; 128 * 1024]).unwrap();
    let settings = config(&folder, &clock).max_segment_bytes(1 << 20);
    let (monitor, journal) = monitor(settings.max_bytes(4 << 20), &clock);
    let run = |thread: usize| {
        let mut count = 0;
        // On until nothing can be written, and 10 further ones.
        let mut further = 0;
        while further < 10 {
            let message = format!("{thread} {count} {}", "x".repeat(count * 37 % 500));
            fail(&monitor, ErrorCode::DB_WRITE_ERROR, message);
            count += 1;
            further += usize::from(!journal.status().is_healthy());
            clock.advance(Duration::from_millis(20));
            assert!(count < 10_000, "the disk never filled up");
        }
        count
    };
    let counts: Vec<usize> = thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || run(thread)))
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let total: usize = counts.iter().sum();
    let status = journal.status();
    assert_eq!(
        (status.written + status.waiting, status.lost),
        (total as u64, 0)
    );
    assert!(status.waiting >= THREADS as u64, "{status:?}");

    fs::remove_file(disk.join("ballast")).unwrap();
    clock.advance(Duration::from_millis(100));
    journal.flush().unwrap();
    let status = journal.status();
    assert_eq!((status.written, status.waiting), (total as u64, 0));
    let mut next = vec![0; THREADS];
    for record in all(&monitor, Query::new()).iter().rev() {
        let mut words = record.message.split(' ').map(str::parse::<usize>);
        let (thread, i) = (words.next().unwrap().unwrap(), words.next().unwrap());
        assert_eq!(i, Ok(next[thread]), "of thread {thread}");
        next[thread] += 1;
    }
    assert_eq!(next, counts);
    drop((monitor, journal));
    fs::remove_dir_all(&folder).unwrap();
}

/// By default, SQLite needs room on the disk even for reading.
#[test]
fn database_on_a_full_disk_is_readable_and_writes_waiting_records_later() {
    use std::io::Write;
    let Ok(disk) = env::var("GARDEFOU_TEST_SMALL_DISK") else {
        println!("left to tests/real/disk/run: a database on a disk that is full");
        return;
    };
    let _alone = alone();
    let (disk, clock) = (Path::new(&disk), ManualClock::new());
    let open = || {
        let journal = sqlite::database(&disk.join("database"), &clock).max_bytes(64 * 1024);
        let journal = Arc::new(journal.build().unwrap());
        let monitor = testkit::journal::monitor(journal.clone(), clock.clone());
        (monitor, journal)
    };
    let fill = || {
        let mut ballast = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(disk.join("ballast"))
            .unwrap();
        while ballast.write(&[0; 512]).is_ok_and(|written| written > 0) {}
    };
    // In the process that wrote, and in a later one.
    let (first, journal) = open();
    for i in 0..5 {
        fail(&first, ErrorCode::SYNC_ERROR, format!("before {i}"));
    }
    fill();
    let mut waiting = 0;
    while journal.status().is_healthy() {
        fail(
            &first,
            ErrorCode::SYNC_ERROR,
            format!("during {}", "x".repeat(1000)),
        );
        waiting += 1;
        assert!(waiting < 1000, "the disk never filled up");
    }
    let kept = (
        first.counts().unwrap().total,
        all(&first, Query::new()).len() as u64,
    );
    assert!(kept.0 >= 5 && kept.0 == kept.1, "{kept:?}");
    fs::remove_file(disk.join("ballast")).unwrap();
    clock.advance(Duration::from_millis(100));
    journal.flush().unwrap();
    assert_eq!(
        (journal.status().waiting, all(&first, Query::new()).len()),
        (0, 5 + waiting)
    );
    drop((first, journal));

    fill();
    let (second, _journal) = open();
    assert_eq!(
        (
            second.counts().unwrap().total,
            all(&second, Query::new()).len()
        ),
        (5 + waiting as u64, 5 + waiting)
    );
    fs::remove_file(disk.join("ballast")).unwrap();
    drop(second);
    fs::remove_dir_all(disk.join("database")).unwrap();
}
