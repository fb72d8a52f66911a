//! Journals in folders with arbitrary contents: no panic, no endless loop, and every complete
//! record is found.

use super::*;
use gardefou::monitor::journal::Journal;
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use std::fs;

/// A change to the bytes of a file.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    /// A copy of some bytes elsewhere.
    Repeat(Index, usize, Index),
    Cut(Index),
}

/// Bytes that have a meaning for one of the readers.
fn meaningful_bytes() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "\n",
        "\n\n",
        "{",
        "}",
        "[[[[[[[[[[[[[[[[",
        "\"",
        "\\",
        "{\"v\":1,\"id\":\"",
        "{\"v\":2,\"id\":\"",
        "\"kind\":\"transition\",",
        "\"state\":\"pending\",",
        "\"timestamp\":\"9999-12-31T23:59:59.999Z\",",
        "\"through\":999999999999",
        "\"through\":-1",
        "\"days\":{\"0000-00-00\":{\"A\":18446744073709551615}}",
        "null",
        "1e999",
        "\u{0}",
        "\u{feff}",
    ];
    prop_oneof![
        select(words.map(|word| word.as_bytes().to_vec()).to_vec()),
        vec(any::<u8>(), 1..40),
        (1_usize..200_000).prop_map(|len| vec![b'x'; len]),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (any::<Index>(), 1..=u8::MAX).prop_map(|(at, by)| Change::Flip(at, by)),
        3 => (any::<Index>(), meaningful_bytes()).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        2 => (any::<Index>(), 1..400_usize).prop_map(|(at, len)| Change::Remove(at, len)),
        2 => (any::<Index>(), 1..2000_usize, any::<Index>()).prop_map(|(from, len, to)| Change::Repeat(from, len, to)),
        1 => any::<Index>().prop_map(Change::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let place = |index: &Index, bytes: &[u8]| index.index(bytes.len() + 1);
    match change {
        Change::Flip(at, by) => {
            let at = place(at, bytes);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= by;
            }
        }
        Change::Insert(at, new) => {
            let at = place(at, bytes);
            bytes.splice(at..at, new.iter().copied());
        }
        Change::Remove(at, len) => {
            let at = place(at, bytes);
            bytes.drain(at..(at + len).min(bytes.len()));
        }
        Change::Repeat(from, len, to) => {
            let (from, to) = (place(from, bytes), place(to, bytes));
            let again = bytes[from..(from + len).min(bytes.len())].to_vec();
            bytes.splice(to..to, again);
        }
        Change::Cut(at) => bytes.truncate(place(at, bytes)),
    }
}

/// Fills a folder with several files and a `rollup.json`.
fn filled(folder: &Path, clock: &ManualClock) {
    let (monitor, journal) = monitor(
        config(folder, clock)
            .max_segment_bytes(4096)
            .max_bytes(16 * 1024),
        clock,
    );
    for i in 0..60 {
        fail(
            &monitor,
            ErrorCode::SYNC_ERROR,
            format!("error {i} {}", "x".repeat(i * 7)),
        );
        clock.advance(std::time::Duration::from_secs(3600));
    }
    journal.maintain().unwrap();
}

/// Runs every query of a journal; returns how many records it found.
fn query_all(monitor: &ErrorMonitor, journal: &FileJournal) -> usize {
    let mut query = Query::new().limit(7).include_retried();
    let mut found = 0;
    for pages in 0.. {
        assert!(pages < 5000, "paging does not come to an end");
        let Ok(page) = monitor.query(&query) else {
            break;
        };
        assert!(page.records.len() <= 7);
        found += page.records.len();
        match page.next {
            Some(next) => query = query.after(next),
            None => break,
        }
    }
    let _ = monitor.counts();
    let _ = journal.count(&Query::new().code(ErrorCode::SYNC_ERROR));
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_are_read_as_far_as_possible_and_appended_to(
        changes in vec((any::<Index>(), change()), 1..12),
        on_counts in vec(change(), 0..3),
    ) {
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
        filled(folder.path(), &clock);
        let mut files: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .collect();
        files.sort();
        prop_assert!(files.len() > 2);
        let mut contents: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
        let before = contents.clone();
        for (file, change) in &changes {
            apply(&mut contents[file.index(files.len())], change);
        }
        let mut whole = 0;
        for ((file, content), before) in files.iter().zip(&contents).zip(&before) {
            if content == before {
                whole += before.iter().filter(|byte| **byte == b'\n').count();
            } else {
                let _ = fs::remove_file(file);
                fs::write(file, content).unwrap();
            }
        }
        let counts_file = folder.path().join("rollup.json");
        let mut text = fs::read(&counts_file).unwrap();
        on_counts.iter().for_each(|change| apply(&mut text, change));
        fs::write(&counts_file, &text).unwrap();

        let config = config(folder.path(), &clock).max_segment_bytes(4096).max_bytes(16 * 1024);
        let (monitor, journal) = monitor(config, &clock);
        let found = query_all(&monitor, &journal);
        // Files that a damaged `rollup.json` lists as removed are not read.
        prop_assert!(!on_counts.is_empty() || found >= whole, "{found} of {whole}");
        fail(&monitor, ErrorCode::TIMEOUT_ERROR, "one more");
        let _ = journal.maintain();
        query_all(&monitor, &journal);
        let newest = all(&monitor, Query::new().code(ErrorCode::TIMEOUT_ERROR).limit(1));
        prop_assert!(newest.iter().any(|record| record.message == "one more"), "{:?}", journal.status());
    }
}
