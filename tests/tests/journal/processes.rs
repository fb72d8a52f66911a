//! Processes that share a journal, and processes that are killed: the same guarantees for both
//! kinds of journal.

use super::*;
use gardefou_tests::testkit::{
    self,
    child::{self, Child, lines_of_all},
    journal::Kind,
};
use std::{collections::HashSet, io::Write, thread, time::Duration};

fn open(kind: Kind, folder: &Path) -> ErrorMonitor {
    let clock = ManualClock::new();
    testkit::journal::monitor(kind.open(settings(folder, &clock)), clock)
}

/// Runs in a process of its own, started by the tests below: records errors and acknowledges each
/// on its output.
#[test]
fn child_writes_until_killed() {
    let Some([kind, count, max_bytes, folder]) = child::orders() else {
        return;
    };
    let settings = Settings::new(folder)
        .max_segment_bytes(16 * 1024)
        .max_bytes(max_bytes.parse().unwrap());
    // Room enough for records that wait while another process holds the database.
    let journal = Kind::from_name(&kind).open(settings.buffer_bytes(64 << 20));
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    monitor.set_journal(journal.clone());
    let (mut out, mut unwritten) = (std::io::stdout().lock(), Vec::new());
    for i in 0..count.parse().unwrap() {
        let message = format!("{i} {}", "x".repeat(i * 37 % 9000));
        unwritten.push(monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, message)));
        if journal.status().waiting == 0 {
            unwritten
                .drain(..)
                .for_each(|id| writeln!(out, "\nack {id}").unwrap());
        }
    }
    while journal.flush().is_err() {
        thread::park_timeout(Duration::from_millis(10));
    }
    unwritten
        .drain(..)
        .for_each(|id| writeln!(out, "\nack {id}").unwrap());
    assert_eq!((journal.status().lost, journal.status().waiting), (0, 0));
}

/// Runs in a process of its own: several threads record errors, and acknowledge each on its output
/// once it is journalled.
#[test]
fn threads_of_child_write_until_killed() {
    let Some([threads, count, folder]) = child::orders() else {
        return;
    };
    let settings = Settings::new(folder).max_segment_bytes(256 * 1024);
    let journal = Kind::Files.open(settings.max_bytes(64 << 20));
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    monitor.set_journal(journal.clone());
    let (threads, count): (usize, usize) = (threads.parse().unwrap(), count.parse().unwrap());
    thread::scope(|scope| {
        for thread in 0..threads {
            let (monitor, journal) = (&monitor, &journal);
            scope.spawn(move || {
                for i in 0..count {
                    let message = format!("{thread} {i} {}", "x".repeat(i * 37 % 900));
                    let id = monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, message));
                    // Every append so far has returned `Ok`.
                    assert_eq!(journal.status().failed, 0);
                    writeln!(std::io::stdout().lock(), "\nack {id}").unwrap();
                }
            });
        }
    });
}

fn start_threads(folder: &Path, threads: usize, count: usize) -> Child {
    let orders = format!("{threads} {count} {}", folder.display());
    Child::start("processes::threads_of_child_write_until_killed", orders)
}

/// Checks that the records of each thread are in the order in which it recorded them, without a
/// gap; returns how many each has.
fn counts_of_threads_in_order(monitor: &ErrorMonitor, threads: usize) -> Vec<usize> {
    let mut next = vec![0; threads];
    let newest_first = all(monitor, Query::new().limit(Query::MAX_LIMIT));
    for record in newest_first.iter().rev() {
        let mut words = record.message.split(' ').map(str::parse::<usize>);
        let (thread, i) = (words.next().unwrap().unwrap(), words.next().unwrap());
        assert_eq!(Ok(next[thread]), i, "of thread {thread}");
        next[thread] += 1;
    }
    next
}

fn start(kind: Kind, folder: &Path, count: u32, max_bytes: u32) -> Child {
    let orders = format!("{kind:?} {count} {max_bytes} {}", folder.display());
    Child::start("processes::child_writes_until_killed", orders)
}

/// Starts children that run at the same time, and returns what all of them acknowledged.
fn acknowledged_by_all(
    kind: Kind,
    folder: &Path,
    children: usize,
    count: u32,
    max_bytes: u32,
) -> HashSet<String> {
    let children: Vec<Child> = (0..children)
        .map(|_| start(kind, folder, count, max_bytes))
        .collect();
    lines_of_all(children, "ack ").into_iter().collect()
}

fn ids(monitor: &ErrorMonitor) -> Vec<String> {
    all(monitor, Query::new().limit(Query::MAX_LIMIT))
        .iter()
        .map(|record| record.id.to_string())
        .collect()
}

fn acknowledged_records_survive(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = HashSet::new();
    for round in 0..20 {
        let mut child = start(kind, folder.path(), 1_000_000, 64 << 20);
        let ids: Vec<_> = child.lines_after("ack ").take(10 + round * 7).collect();
        child.kill();
        assert_eq!(ids.len(), 10 + round * 7);
        expected.extend(ids);
    }
    let found: HashSet<String> = ids(&open(kind, folder.path())).into_iter().collect();
    let lost: Vec<_> = expected.difference(&found).collect();
    assert!(lost.is_empty(), "{} of {} lost", lost.len(), expected.len());
}

fn processes_neither_lose_nor_mix_records(kind: Kind, children: usize) {
    let folder = tempfile::tempdir().unwrap();
    let expected = acknowledged_by_all(kind, folder.path(), children, 400, 64 << 20);
    let monitor = open(kind, folder.path());
    assert_eq!(
        monitor.query(&Query::new().text("nowhere")).unwrap().torn,
        0
    );
    let found = ids(&monitor);
    assert_eq!(
        (expected.len(), found.len()),
        (400 * children, 400 * children)
    );
    assert_eq!(found.into_iter().collect::<HashSet<_>>(), expected);
    assert_eq!(monitor.counts().unwrap().total, 400 * children as u64);
}

fn counts_are_exact_while_processes_remove(kind: Kind, children: usize) {
    let folder = tempfile::tempdir().unwrap();
    let expected = acknowledged_by_all(kind, folder.path(), children, 1500, 64 * 1024);
    let monitor = open(kind, folder.path());
    let total = 1500 * children;
    assert_eq!(
        (expected.len(), monitor.counts().unwrap().total),
        (total, total as u64)
    );
    let found = ids(&monitor);
    assert!(
        !found.is_empty() && found.len() < total / 2,
        "{} of {total}",
        found.len()
    );
    assert_eq!(found.iter().collect::<HashSet<_>>().len(), found.len());
    assert!(found.iter().all(|id| expected.contains(id)));
}

fn thousand_threads_are_recorded(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let monitor = open(kind, folder.path());
    thread::scope(|scope| {
        for i in 0..1000 {
            let monitor = &monitor;
            let worker = thread::Builder::new().stack_size(256 * 1024);
            worker
                .spawn_scoped(scope, move || {
                    fail(monitor, ErrorCode::SYNC_ERROR, format!("thread {i}"));
                })
                .unwrap();
        }
    });
    let found: HashSet<String> = all(&monitor, Query::new())
        .into_iter()
        .map(|record| record.message)
        .collect();
    assert_eq!(
        (found.len() as u64, monitor.stats().total_errors),
        (1000, 1000)
    );
    assert_eq!(monitor.counts().unwrap().total, 1000);
}

/// 20 rounds of `kill -9`.
#[test]
fn acknowledged_records_survive_kill_9() {
    acknowledged_records_survive(Kind::Files);
}

/// 20 rounds of `kill -9`, in the middle of writes that have lines of several threads.
#[test]
fn acknowledged_records_of_eight_threads_survive_kill_9() {
    for round in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let mut child = start_threads(folder.path(), 8, 1_000_000);
        let count = 100 + round * 70;
        let acknowledged: HashSet<_> = child.lines_after("ack ").take(count).collect();
        child.kill();
        assert_eq!(acknowledged.len(), count);
        let monitor = open(Kind::Files, folder.path());
        let found: HashSet<String> = ids(&monitor).into_iter().collect();
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "{} of {count} lost", lost.len());
        // A write of several lines is torn at most at the end of the file.
        let page = monitor.query(&Query::new().text("nowhere")).unwrap();
        assert!(page.torn <= 1, "{} torn", page.torn);
        counts_of_threads_in_order(&monitor, 8);
    }
}

/// Batches of two processes and eight threads each stay apart.
#[test]
fn threads_of_two_processes_neither_lose_nor_mix_records() {
    let folder = tempfile::tempdir().unwrap();
    let children = [(); 2].map(|()| start_threads(folder.path(), 8, 200));
    let expected: HashSet<_> = lines_of_all(children, "ack ").into_iter().collect();
    let monitor = open(Kind::Files, folder.path());
    let found = ids(&monitor);
    assert_eq!((expected.len(), found.len()), (3200, 3200));
    assert_eq!(found.into_iter().collect::<HashSet<_>>(), expected);
    let page = monitor.query(&Query::new().text("nowhere")).unwrap();
    assert_eq!((page.torn, monitor.counts().unwrap().total), (0, 3200));
}

#[test]
fn processes_that_share_a_folder_neither_lose_nor_mix_records() {
    processes_neither_lose_nor_mix_records(Kind::Files, 3);
}

/// Files are counted and removed by each process while the others still append to them.
#[test]
fn processes_that_remove_old_files_count_each_record_once() {
    counts_are_exact_while_processes_remove(Kind::Files, 3);
}

/// With two, whatever one of them counts, the other is the only one that could still append to it.
#[test]
fn two_processes_that_remove_old_files_count_each_record_once() {
    counts_are_exact_while_processes_remove(Kind::Files, 2);
}

#[test]
fn errors_of_a_thousand_threads_are_all_in_the_journal() {
    thousand_threads_are_recorded(Kind::Files);
}

mod database {
    use super::*;

    #[test]
    fn acknowledged_records_survive_kill_9() {
        acknowledged_records_survive(Kind::Database);
    }

    #[test]
    fn two_processes_neither_lose_nor_mix_records() {
        processes_neither_lose_nor_mix_records(Kind::Database, 2);
    }

    #[test]
    fn four_processes_neither_lose_nor_mix_records() {
        processes_neither_lose_nor_mix_records(Kind::Database, 4);
    }

    #[test]
    fn two_processes_that_remove_old_rows_count_each_record_once() {
        counts_are_exact_while_processes_remove(Kind::Database, 2);
    }

    #[test]
    fn errors_of_a_thousand_threads_are_all_in_the_journal() {
        thousand_threads_are_recorded(Kind::Database);
    }
}
