//! Processes that settle errors inside attempts, and that are killed before they do.

use super::{joins::*, *};
use gardefou::{
    error::ErrorId,
    monitor::{RecordState, journal::Journal},
    time::{Clock, SystemClock},
};
use gardefou_tests::testkit::{
    child::{self, Child, lines_of_all},
    journal::Kind,
};
use std::{
    collections::{BTreeMap, HashMap},
    io::Write,
    time::Duration,
};

/// Runs in a process of its own, started by the tests below. Each record is acknowledged with the
/// state that it has.
#[test]
fn child_settles_until_killed() {
    let Some([kind, count, max_bytes, folder]) = child::orders() else {
        return;
    };
    let settings = Settings::new(folder)
        .max_segment_bytes(16 * 1024)
        .max_bytes(max_bytes.parse().unwrap());
    let journal = Kind::from_name(&kind).open(settings.buffer_bytes(64 << 20));
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
    let orders = format!("{kind:?} {count} {max_bytes} {}", folder.display());
    Child::start("join_processes::child_settles_until_killed", orders)
}

/// Returns the last acknowledged state of each record.
fn last_states(acks: impl IntoIterator<Item = String>) -> HashMap<String, String> {
    acks.into_iter()
        .filter_map(|ack| {
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
    for kind in Kind::ALL {
        let (folder, mut expected) = (tempfile::tempdir().unwrap(), HashMap::new());
        for round in 0..5 {
            let mut child = start(kind, folder.path(), 1_000_000, 64 << 20);
            let acks = child.lines_after("ack ").take(31 + round * 40);
            expected.extend(last_states(acks));
            child.kill();
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
    for kind in Kind::ALL {
        for max_bytes in [64 << 20, 64 * 1024] {
            let folder = tempfile::tempdir().unwrap();
            let children: Vec<Child> = (0..2)
                .map(|_| start(kind, folder.path(), 400, max_bytes))
                .collect();
            let expected = last_states(lines_of_all(children, "ack "));
            // Fast children end before their first round of maintenance.
            kind.maintain(small(folder.path()).max_bytes(max_bytes.into()));
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
