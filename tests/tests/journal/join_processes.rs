//! Processes that settle errors inside attempts, and that are killed before they do.

use super::{joins::*, processes::Kind, *};
use gardefou::{
    error::ErrorId,
    monitor::{RecordState, journal::Journal},
    time::{Clock, SystemClock},
};
use std::{
    collections::{BTreeMap, HashMap},
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    time::Duration,
};

const CHILD: &str = "GARDEFOU_TEST_JOINS_CHILD";

/// Runs in a process of its own, started by the tests below. Each record is acknowledged with the
/// state that it has.
#[test]
fn child_settles_until_killed() {
    let Ok(orders) = env::var(CHILD) else { return };
    let [kind, count, max_bytes, folder] = orders
        .splitn(4, ' ')
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let config = JournalConfig::builder(folder)
        .max_segment_bytes(16 * 1024)
        .max_bytes(max_bytes.parse().unwrap());
    let journal = Kind::from_name(kind).open(config.buffer_bytes(64 << 20));
    let mut out = std::io::stdout().lock();
    let mut put = |record: &ErrorRecord| {
        let _ = journal.append(record);
        while journal.flush().is_err() {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        writeln!(out, "\nack {} {}", record.id, record.state.name()).unwrap();
    };
    let mut open: Vec<ErrorRecord> = Vec::new();
    for i in 0..count.parse().unwrap() {
        let mut error = pending(&format!("{i} {}", "x".repeat(i * 37 % 900)));
        error.timestamp = SystemClock.wall().into();
        put(&error);
        open.push(error);
        // Several are open at a time, and not settled in their order.
        if open.len() == 5 {
            let error = open.remove(i * 7 % 5);
            put(&settled(
                &error,
                if i % 3 == 0 {
                    RecordState::Error
                } else {
                    RecordState::Retried
                },
            ));
        }
    }
}

fn start(kind: Kind, folder: &Path, count: u32, max_bytes: u32) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "join_processes::child_settles_until_killed",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(
            CHILD,
            format!("{kind:?} {count} {max_bytes} {}", folder.display()),
        )
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The last acknowledged state of each record.
fn acknowledged(child: &mut Child, at_most: usize) -> HashMap<String, String> {
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let acks = lines
        .filter_map(|line| line.strip_prefix("ack ").map(str::to_owned))
        .take(at_most);
    acks.filter_map(|ack| {
        ack.split_once(' ')
            .map(|(id, state)| (id.to_owned(), state.to_owned()))
    })
    .collect()
}

fn states(journal: &dyn Journal) -> BTreeMap<ErrorId, RecordState> {
    let (mut query, mut states) = (Query::new().include_retried().limit(100), BTreeMap::new());
    loop {
        let page = journal.query(&query).unwrap();
        for record in page.records {
            assert!(
                states.insert(record.id, record.state).is_none(),
                "found twice"
            );
        }
        match page.next {
            Some(next) => query = query.after(next),
            None => return states,
        }
    }
}

#[test]
fn error_left_pending_by_a_killed_process_reads_as_an_error() {
    for kind in KINDS {
        let (folder, mut expected) = (tempfile::tempdir().unwrap(), HashMap::new());
        for round in 0..5 {
            let mut child = start(kind, folder.path(), 1_000_000, 64 << 20);
            let acks = acknowledged(&mut child, 31 + round * 40);
            child.kill().unwrap();
            child.wait().unwrap();
            expected.extend(acks);
        }
        let journal = kind.open(small(folder.path()));
        let found = states(&*journal);
        let standing = found
            .values()
            .filter(|state| **state == RecordState::Error)
            .count();
        assert_eq!(journal.counts().unwrap().total, standing as u64, "{kind:?}");
        for (id, state) in &expected {
            let found = found[&id.parse::<ErrorId>().unwrap()];
            match state.as_str() {
                // The line that settles it may have been written without an acknowledgement.
                "pending" => {}
                "error" => assert_eq!(found, RecordState::Error, "{kind:?}"),
                _ => assert_eq!(found, RecordState::Retried, "{kind:?}"),
            }
        }
        assert!(
            expected
                .values()
                .filter(|state| *state == "pending")
                .count()
                >= 5 * 3
        );
    }
}

#[test]
fn processes_that_share_a_folder_settle_their_own_errors() {
    for kind in KINDS {
        for max_bytes in [64 << 20, 64 * 1024] {
            let folder = tempfile::tempdir().unwrap();
            let children: Vec<Child> = (0..2)
                .map(|_| start(kind, folder.path(), 400, max_bytes))
                .collect();
            let listeners: Vec<_> = children
                .into_iter()
                .map(|mut child| {
                    std::thread::spawn(move || {
                        let acks = acknowledged(&mut child, usize::MAX);
                        assert!(child.wait().unwrap().success());
                        acks
                    })
                })
                .collect();
            let expected: HashMap<_, _> = listeners
                .into_iter()
                .flat_map(|listener| listener.join().unwrap())
                .collect();
            let journal = kind.open(small(folder.path()));
            let standing = expected
                .values()
                .filter(|state| *state != "retried")
                .count();
            assert_eq!(
                (expected.len(), journal.counts().unwrap().total),
                (800, standing as u64),
                "{kind:?}"
            );
            let found = states(&*journal);
            assert!(if max_bytes > 1 << 20 {
                found.len() == 800
            } else {
                found.len() < 800
            });
            for (id, state) in found {
                let expected = if expected[&id.to_string()] == "retried" {
                    RecordState::Retried
                } else {
                    RecordState::Error
                };
                assert_eq!(state, expected, "{kind:?}");
            }
        }
    }
}
