//! Random histories of records with two lines, compared with a plain list.

use super::{joins::*, *};
use gardefou::monitor::{RecordKind, RecordState, journal::JournalReader};
use gardefou_sqlite::SqliteReader;
use gardefou_tests::testkit::journal::Kind;
use proptest::prelude::*;
use std::collections::HashSet;

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
    let query = Query::new().include_retried().limit(limit);
    let mut oldest_first: Vec<_> = match kind {
        Kind::Files => {
            let reader = JournalReader::open(folder.path()).unwrap();
            let newest_first = reader.newest_first(&query).unwrap().map(Result::unwrap);
            let newest_first = newest_first.map(|record| (record.message, record.state));
            assert_eq!(newest_first.collect::<Vec<_>>(), expected);
            let oldest_first = reader.oldest_first(&query).unwrap();
            oldest_first.map(Result::unwrap).collect()
        }
        Kind::Database => {
            let path = folder.path().join("errors.sqlite");
            // Nothing was written where no step wrote.
            let reader = SqliteReader::open(path).ok();
            reader.map_or_else(Vec::new, |reader| {
                sqlite_reader::oldest_first(&reader, &query)
            })
        }
    };
    oldest_first.reverse();
    let oldest_first = oldest_first.into_iter();
    let oldest_first = oldest_first.map(|record| (record.message, record.state));
    assert_eq!(oldest_first.collect::<Vec<_>>(), expected);
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
        for kind in Kind::ALL {
            random_history(kind, &steps, limit, 64 << 20);
        }
    }

    #[test]
    fn counts_of_random_histories_are_exact_during_retention(
        steps in proptest::collection::vec(step(), 1..400),
        limit in 1..40_usize,
    ) {
        for kind in Kind::ALL {
            random_history(kind, &steps, limit, 48 * 1024);
        }
    }
}
