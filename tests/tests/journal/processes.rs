use super::*;
use std::{
    collections::HashSet,
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    thread,
};

const CHILD: &str = "GARDEFOU_TEST_JOURNAL_CHILD";

/// Runs in a process of its own, started by the tests below: records errors and acknowledges each on its output.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Ok(orders) = env::var(CHILD) else { return };
    let [count, max_bytes, folder] = orders.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
    let config = JournalConfig::builder(folder).max_segment_bytes(16 * 1024).max_bytes(max_bytes.parse().unwrap());
    let config = config.build().unwrap();
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    monitor.set_journal(Arc::new(FileJournal::open(config)));
    let mut out = std::io::stdout().lock();
    for i in 0..count.parse().unwrap() {
        let message = format!("{i} {}", "x".repeat(i * 37 % 9000));
        let id = monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, message));
        writeln!(out, "\nack {id}").unwrap();
    }
}

fn start(folder: &Path, count: u32, max_bytes: u32) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "processes::child_that_writes_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{count} {max_bytes} {}", folder.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn acknowledged(child: &mut Child, at_most: usize) -> Vec<String> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.filter_map(|line| line.strip_prefix("ack ").map(str::to_owned)).take(at_most).collect()
}

/// Operations 25: 20 rounds of `kill -9`.
#[test]
fn what_was_acknowledged_survives_the_killing_of_the_process() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let mut expected = HashSet::new();
    for round in 0..20 {
        let mut child = start(folder.path(), 1_000_000, 64 << 20);
        let ids = acknowledged(&mut child, 10 + round * 7);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(ids.len(), 10 + round * 7);
        expected.extend(ids);
    }
    let (monitor, _journal) = monitor(config(folder.path(), &clock), &clock);
    let found: HashSet<String> =
        all(&monitor, Query::new().limit(1000)).iter().map(|record| record.id.to_string()).collect();
    let lost: Vec<_> = expected.difference(&found).collect();
    assert!(lost.is_empty(), "{} of {} lost", lost.len(), expected.len());
}

/// Parity P09.
#[test]
fn processes_that_share_a_folder_lose_and_mix_nothing() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let mut children: Vec<Child> = (0..3).map(|_| start(folder.path(), 400, 64 << 20)).collect();
    let expected: Vec<String> = children.iter_mut().flat_map(|child| acknowledged(child, usize::MAX)).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let (monitor, _journal) = monitor(config(folder.path(), &clock), &clock);
    assert_eq!(monitor.query(&Query::new().text("nowhere")).unwrap().torn, 0);
    let found: HashSet<String> = all(&monitor, Query::new()).iter().map(|record| record.id.to_string()).collect();
    assert_eq!((expected.len(), found.len()), (1200, 1200));
    assert_eq!(monitor.counts().unwrap().total, 1200);
}

/// Files are counted and removed by each process while the others still append to them.
#[test]
fn processes_that_remove_old_files_count_each_record_once() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let mut children: Vec<Child> = (0..3).map(|_| start(folder.path(), 1000, 64 * 1024)).collect();
    let expected: HashSet<String> = children.iter_mut().flat_map(|child| acknowledged(child, usize::MAX)).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let (monitor, _journal) = monitor(config(folder.path(), &clock), &clock);
    assert_eq!((expected.len(), monitor.counts().unwrap().total), (3000, 3000));
    let found: Vec<String> = all(&monitor, Query::new()).iter().map(|record| record.id.to_string()).collect();
    assert!(!found.is_empty() && found.len() < 2000, "{}", found.len());
    assert_eq!(found.iter().collect::<HashSet<_>>().len(), found.len());
    assert!(found.iter().all(|id| expected.contains(id)));
}

#[test]
fn a_thousand_threads_that_fail_at_once_are_all_in_the_journal() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, _journal) = monitor(config(folder.path(), &clock), &clock);
    thread::scope(|scope| {
        for i in 0..1000 {
            let monitor = &monitor;
            let worker = thread::Builder::new().stack_size(256 * 1024);
            worker.spawn_scoped(scope, move || fail(monitor, ErrorCode::SYNC_ERROR, format!("thread {i}"))).unwrap();
        }
    });
    let found: HashSet<String> = all(&monitor, Query::new()).into_iter().map(|record| record.message).collect();
    assert_eq!((found.len() as u64, monitor.stats().total_errors), (1000, 1000));
}
