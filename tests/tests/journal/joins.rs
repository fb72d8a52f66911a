//! Two lines of one record: errors inside attempts, which are settled later, and transitions, which
//! end later.

use super::{processes::Kind, *};
use gardefou::{
    error::ErrorId,
    monitor::{RecordKind, RecordState, journal::Journal},
    time::{Clock, SystemClock, Timestamp},
};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    time::Duration,
};

#[cfg(feature = "journal-sqlite")]
const KINDS: [Kind; 2] = [Kind::Files, Kind::Database];
#[cfg(not(feature = "journal-sqlite"))]
const KINDS: [Kind; 1] = [Kind::Files];

fn record(state: RecordState, attempt: Option<(u32, u32)>, message: &str) -> ErrorRecord {
    let monitor = ErrorMonitor::new(
        MonitorConfig::builder()
            .clock(ManualClock::new())
            .build()
            .unwrap(),
    );
    fail(&monitor, ErrorCode::TIMEOUT_ERROR, message);
    let mut record = monitor.stats().recent_errors.remove(0);
    (record.state, record.attempt) = (state, attempt);
    record
}

fn pending(message: &str) -> ErrorRecord {
    record(RecordState::Pending, Some((1, 3)), message)
}

fn settled(pending: &ErrorRecord, state: RecordState) -> ErrorRecord {
    let mut record = pending.clone();
    record.state = state;
    record
}

fn small(folder: &Path) -> JournalConfigBuilder {
    config(folder, &ManualClock::new()).max_segment_bytes(4096)
}

/// Every record that matches, page by page.
fn found(journal: &dyn Journal, query: Query) -> Vec<(String, RecordState)> {
    let (mut query, mut records) = (query, Vec::new());
    loop {
        let page = journal.query(&query).unwrap();
        records.extend(
            page.records
                .into_iter()
                .map(|record| (record.message, record.state)),
        );
        match page.next {
            Some(next) => query = query.after(next),
            None => return records,
        }
    }
}

fn messages(journal: &dyn Journal, query: Query) -> Vec<String> {
    found(journal, query)
        .into_iter()
        .map(|(message, _)| message)
        .collect()
}

#[test]
fn lines_of_one_error_are_one_record_in_its_last_state() {
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let journal = kind.open(small(folder.path()));
        let errors = ["retried", "failed", "open"].map(pending);
        for error in &errors {
            journal.append(error).unwrap();
            assert_eq!(journal.status().waiting, 0, "written at once");
        }
        journal
            .append(&record(RecordState::Error, None, "plain"))
            .unwrap();
        assert_eq!(
            messages(&*journal, Query::new()),
            ["plain", "open", "failed", "retried"],
            "{kind:?}"
        );
        assert_eq!(journal.counts().unwrap().total, 4);

        journal
            .append(&settled(&errors[0], RecordState::Retried))
            .unwrap();
        let mut failed = settled(&errors[1], RecordState::Error);
        failed.message = "failed for good".into();
        journal.append(&failed).unwrap();
        journal
            .append(&record(RecordState::Error, Some((3, 3)), "exhausted"))
            .unwrap();

        let standing = ["exhausted", "plain", "open", "failed for good"];
        let shown = found(&*journal, Query::new());
        assert_eq!(
            shown,
            standing.map(|message| (message.to_owned(), RecordState::Error)),
            "{kind:?}"
        );
        assert_eq!(
            messages(&*journal, Query::new().state(RecordState::Error)),
            standing
        );
        let with_retried = ["exhausted", "plain", "open", "failed for good", "retried"];
        assert_eq!(
            messages(&*journal, Query::new().include_retried()),
            with_retried
        );
        let of = |state| found(&*journal, Query::new().state(state));
        assert_eq!(
            of(RecordState::Retried),
            [("retried".to_owned(), RecordState::Retried)]
        );
        assert_eq!(
            of(RecordState::Pending),
            [("open".to_owned(), RecordState::Pending)]
        );
        assert_eq!(
            messages(&*journal, Query::new().id(errors[1].id)),
            ["failed for good"]
        );
        assert_eq!(messages(&*journal, Query::new().id(errors[0].id)), [""; 0]);
        assert_eq!(
            messages(&*journal, Query::new().text("for good").limit(1)),
            ["failed for good"]
        );
        assert_eq!(journal.count(&Query::new().limit(1)).unwrap(), 4);
        let counts = journal.counts().unwrap();
        assert_eq!(
            (counts.total, counts.by_code["TIMEOUT_ERROR"]),
            (4, 4),
            "{kind:?}"
        );
    }
}

#[test]
fn end_of_a_transition_replaces_its_beginning() {
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let journal = kind.open(small(folder.path()));
        let mut opened = record(RecordState::Error, None, "circuit opened");
        opened.kind = RecordKind::Transition;
        journal.append(&opened).unwrap();
        for i in 0..100 {
            journal
                .append(&record(RecordState::Error, None, &format!("error {i}")))
                .unwrap();
        }
        // Much later, in another file.
        let mut over = opened.clone();
        over.details.insert("rejected".into(), 17.into());
        over.timestamp = Timestamp::from_unix_millis(over.timestamp.as_unix_millis() + 86_400_000);
        journal.append(&over).unwrap();
        let page = journal
            .query(&Query::new().kind(RecordKind::Transition))
            .unwrap();
        assert_eq!(page.records.len(), 1, "{kind:?}");
        assert_eq!(page.records[0].details["rejected"], 17);
        assert_eq!(
            journal.counts().unwrap().total,
            100,
            "only errors are counted"
        );
    }
}

#[test]
fn records_of_every_kind_are_kept_and_found_by_kind() {
    let kinds = [
        RecordKind::Error,
        RecordKind::Transition,
        RecordKind::Transaction,
        RecordKind::Rejection,
        RecordKind::Retry,
        RecordKind::Notification,
        RecordKind::Health,
        RecordKind::Audit,
    ];
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let journal = kind.open(small(folder.path()));
        for of in kinds {
            let mut record = record(RecordState::Error, None, of.name());
            record.kind = of;
            // The record of a retry has its attempts too.
            record.attempt = (of == RecordKind::Retry).then_some((2, 3));
            journal.append(&record).unwrap();
        }
        for of in kinds {
            assert_eq!(
                messages(&*journal, Query::new().kind(of)),
                [of.name()],
                "{kind:?}"
            );
        }
        assert_eq!(
            found(
                &*journal,
                Query::new()
                    .kind(RecordKind::Retry)
                    .state(RecordState::Pending)
            ),
            []
        );
        assert_eq!(journal.counts().unwrap().total, 1);
    }
}

/// An error is settled between two pages: the second page neither skips nor repeats it.
#[test]
fn record_settled_between_two_pages_keeps_its_position() {
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let journal = kind.open(small(folder.path()));
        let open: Vec<_> = (0..10).map(|i| pending(&format!("{i}"))).collect();
        open.iter().for_each(|error| journal.append(error).unwrap());
        let (mut query, mut seen) = (Query::new().limit(2), Vec::new());
        for error in open.iter().rev() {
            let page = journal.query(&query).unwrap();
            seen.extend(page.records.into_iter().map(|record| record.message));
            journal.append(&settled(error, RecordState::Error)).unwrap();
            let Some(next) = page.next else { break };
            query = query.after(next);
        }
        assert_eq!(
            seen,
            ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"],
            "{kind:?}"
        );
    }
}

#[test]
fn errors_settled_after_their_files_are_removed_are_counted_once() {
    for kind in KINDS {
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        let config = || {
            config(folder.path(), &clock)
                .max_segment_bytes(4096)
                .max_bytes(32 * 1024)
        };
        let journal = kind.open(config());
        let (retried, failed, killed) = (pending("retried"), pending("failed"), pending("killed"));
        [&retried, &failed, &killed]
            .into_iter()
            .for_each(|error| journal.append(error).unwrap());
        for i in 0..500 {
            journal
                .append(&record(
                    RecordState::Error,
                    None,
                    &format!("error {i} {}", "x".repeat(200)),
                ))
                .unwrap();
        }
        kind.maintain(config());
        assert_eq!(
            found(&*journal, Query::new().text("killed")),
            [],
            "{kind:?}: its file is gone"
        );
        assert_eq!(journal.counts().unwrap().total, 503, "{kind:?}");
        journal
            .append(&settled(&retried, RecordState::Retried))
            .unwrap();
        journal
            .append(&settled(&failed, RecordState::Error))
            .unwrap();
        assert_eq!(journal.counts().unwrap().total, 502, "{kind:?}");
        for round in 0..2 {
            clock.advance(Duration::from_secs(7200));
            for i in 0..200 {
                journal
                    .append(&record(
                        RecordState::Error,
                        None,
                        &format!("{i} {}", "x".repeat(500)),
                    ))
                    .unwrap();
            }
            kind.maintain(config());
            assert_eq!(
                journal.counts().unwrap().total,
                702 + 200 * round,
                "{kind:?}"
            );
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Plain,
    Begin,
    Settle { which: usize, is_error: bool },
    Exhausted,
    Open,
    Over { which: usize },
    Maintain,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Plain),
        4 => Just(Step::Begin),
        4 => (any::<usize>(), any::<bool>()).prop_map(|(which, is_error)| Step::Settle { which, is_error }),
        1 => Just(Step::Exhausted),
        1 => Just(Step::Open),
        1 => any::<usize>().prop_map(|which| Step::Over { which }),
        1 => Just(Step::Maintain),
    ]
}

/// Removes one of the remaining errors, if there is one.
fn take(from: &mut Vec<(usize, ErrorRecord)>, which: usize) -> Option<(usize, ErrorRecord)> {
    (!from.is_empty()).then(|| from.remove(which % from.len()))
}

fn random_history(kind: Kind, steps: &[Step], limit: usize, max_bytes: u64) {
    let folder = tempfile::tempdir().unwrap();
    let config = || small(folder.path()).max_bytes(max_bytes);
    // Two writers of one folder: each error is settled by the writer that began it.
    let journals = [kind.open(config()), kind.open(config())];
    // The state of each record, in the order of first lines.
    let mut states: Vec<RecordState> = Vec::new();
    let (mut open, mut circuits, mut transitions) = (Vec::new(), Vec::new(), Vec::new());
    for (i, step) in steps.iter().enumerate() {
        let journal = &journals[i % 2];
        let name = states.len().to_string();
        let written = match *step {
            Step::Plain => {
                states.push(RecordState::Error);
                journal.append(&record(RecordState::Error, None, &name))
            }
            Step::Exhausted => {
                states.push(RecordState::Error);
                journal.append(&record(RecordState::Error, Some((3, 3)), &name))
            }
            Step::Begin => {
                let error = pending(&name);
                open.push((states.len() * 2 + i % 2, error.clone()));
                states.push(RecordState::Pending);
                journal.append(&error)
            }
            Step::Settle { which, is_error } => {
                let Some((place, error)) = take(&mut open, which) else {
                    continue;
                };
                let state = if is_error {
                    RecordState::Error
                } else {
                    RecordState::Retried
                };
                states[place / 2] = state;
                journals[place % 2].append(&settled(&error, state))
            }
            Step::Open => {
                let mut opened = record(RecordState::Error, None, "open");
                opened.kind = RecordKind::Transition;
                circuits.push((transitions.len() * 2 + i % 2, opened.clone()));
                transitions.push("open");
                journal.append(&opened)
            }
            Step::Over { which } => {
                let Some((place, mut over)) = take(&mut circuits, which) else {
                    continue;
                };
                over.message = "over".into();
                transitions[place / 2] = "over";
                journals[place % 2].append(&over)
            }
            Step::Maintain => {
                kind.maintain(config());
                Ok(())
            }
        };
        written.unwrap();
    }
    let standing: Vec<String> = (0..states.len())
        .rev()
        .filter(|i| states[*i] != RecordState::Retried)
        .map(|i| i.to_string())
        .collect();
    let journal = &journals[0];
    assert_eq!(journal.counts().unwrap().total, standing.len() as u64);
    assert_eq!(
        kind.open(config()).counts().unwrap().total,
        standing.len() as u64,
        "by another process"
    );
    let shown = messages(&**journal, Query::new().limit(limit));
    let with_retried = found(&**journal, Query::new().include_retried().limit(limit));
    if max_bytes < 1 << 20 {
        // The newest remain; an error whose first file is removed has the position of its second
        // line.
        let expected: HashSet<_> = standing.iter().collect();
        assert!(shown.iter().all(|message| expected.contains(message)));
        assert_eq!(shown.iter().collect::<HashSet<_>>().len(), shown.len());
        return;
    }
    assert_eq!(shown, standing);
    let state = |state| {
        if state == RecordState::Pending {
            RecordState::Error
        } else {
            state
        }
    };
    let expected: Vec<_> = states
        .iter()
        .enumerate()
        .rev()
        .map(|(i, of)| (i.to_string(), state(*of)))
        .collect();
    assert_eq!(with_retried, expected);
    let shown = messages(
        &**journal,
        Query::new().kind(RecordKind::Transition).limit(limit),
    );
    assert_eq!(shown, transitions.into_iter().rev().collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn random_histories_equal_the_reference_list(
        steps in proptest::collection::vec(step(), 1..250),
        limit in 1..40_usize,
    ) {
        for kind in KINDS {
            random_history(kind, &steps, limit, 64 << 20);
        }
    }

    #[test]
    fn counts_of_random_histories_are_exact_during_retention(
        steps in proptest::collection::vec(step(), 1..400),
        limit in 1..40_usize,
    ) {
        for kind in KINDS {
            random_history(kind, &steps, limit, 48 * 1024);
        }
    }
}

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
            "joins::child_settles_until_killed",
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
