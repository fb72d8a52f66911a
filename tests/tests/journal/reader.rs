//! Reading and following a folder that a journal writes to.

use super::{joins::*, *};
use gardefou::{
    monitor::{
        RecordState,
        journal::{Journal, JournalReader, Tail},
    },
    time::Timestamp,
};
use std::{fs, io::Write};

fn messages(records: impl Iterator<Item = ErrorRecord>) -> Vec<String> {
    records.map(|record| record.message).collect()
}

/// What a tail returns before it waits.
fn new_messages(tail: &mut Tail, now: Timestamp) -> Vec<String> {
    std::iter::from_fn(|| tail.next_at(now))
        .map(|next| next.unwrap().message)
        .collect()
}

/// The names, sizes and times of the files of a folder.
fn listing(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            let (len, time) = (metadata.len(), metadata.modified().unwrap());
            format!("{:?} {len} {time:?}", entry.file_name())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn records_are_read_in_both_directions_without_a_trace_in_the_folder() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, _) = monitor(config(folder.path(), &clock), &clock);
    let expected: Vec<_> = (0..200).map(|i| format!("message {i}")).collect();
    for message in &expected {
        fail(&monitor, ErrorCode::SYNC_ERROR, message);
    }
    let before = listing(folder.path());
    assert!(before.len() > 3, "several files: {before:?}");
    let reader = JournalReader::open(folder.path()).unwrap();
    let query = Query::new();
    let oldest = reader.oldest_first(&query).unwrap().map(Result::unwrap);
    assert_eq!(messages(oldest), expected);
    let newest = reader.newest_first(&query).unwrap().map(Result::unwrap);
    assert_eq!(
        messages(newest),
        expected.iter().rev().cloned().collect::<Vec<_>>()
    );
    drop(reader.follow(&query).unwrap());
    assert_eq!(listing(folder.path()), before);
}

#[test]
fn torn_lines_and_unreadable_files_are_reported_and_hide_nothing() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, _) = monitor(config(folder.path(), &clock), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "first");
    let path = folder.path().join("errors-00000001.jsonl");
    let line = fs::read(&path).unwrap();
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    file.write_all(b"\xff\xfe no JSON\n\n").unwrap();
    // The remains of a line in front of a whole one.
    file.write_all(&line[..40]).unwrap();
    file.write_all(&line).unwrap();
    file.write_all(&line[..60]).unwrap();
    let reader = JournalReader::open(folder.path()).unwrap();
    for query in [Query::new(), Query::new().text("first")] {
        let forwards: Vec<_> = reader.oldest_first(&query).unwrap().collect();
        let backwards: Vec<_> = reader.newest_first(&query).unwrap().collect();
        for found in [&forwards, &backwards] {
            let errors = || found.iter().filter_map(|found| found.as_ref().err());
            assert_eq!(found.iter().flatten().count(), 2, "{found:?}");
            assert_eq!(errors().count(), 3, "{found:?}");
            assert!(errors().all(|err| err.is_torn() && err.file() == path));
        }
        let torn = forwards[1].as_ref().unwrap_err().to_string();
        let at = format!("byte {} holds no record", line.len());
        assert!(torn.ends_with(&at), "{torn}");
    }
}

#[test]
fn tail_follows_over_rotation_removal_and_a_folder_that_is_made_again() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let folder = folder.path().join("journal");
    let config = || {
        config(&folder, &clock)
            .max_segment_bytes(4096)
            .max_bytes(16 * 1024)
    };
    let (monitor, journal) = monitor(config(), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "before");
    let mut tail = JournalReader::open(&folder)
        .unwrap()
        .follow(&Query::new())
        .unwrap();
    let now = Timestamp::from_unix_millis(0);
    assert_eq!(new_messages(&mut tail, now), [""; 0]);
    let (mut expected, mut found) = (Vec::new(), Vec::new());
    for i in 0..100 {
        fail(&monitor, ErrorCode::SYNC_ERROR, i.to_string());
        expected.push(i.to_string());
        if i % 7 == 0 {
            found.extend(new_messages(&mut tail, now));
            journal.maintain().unwrap();
        }
    }
    found.extend(new_messages(&mut tail, now));
    assert_eq!(found, expected);
    assert!(
        !folder.join("errors-00000001.jsonl").exists(),
        "files were removed"
    );

    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(new_messages(&mut tail, now), [""; 0]);
    clock.advance(std::time::Duration::from_secs(2));
    fail(&monitor, ErrorCode::SYNC_ERROR, "in a new folder");
    assert_eq!(new_messages(&mut tail, now), ["in a new folder"]);
}

#[test]
fn tail_waits_for_the_end_of_a_line_and_reports_a_torn_one() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, _) = monitor(config(folder.path(), &clock), &clock);
    fail(&monitor, ErrorCode::SYNC_ERROR, "line");
    let path = folder.path().join("errors-00000001.jsonl");
    let line = fs::read(&path).unwrap();
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    file.write_all(&line[..40]).unwrap();
    let reader = JournalReader::open(folder.path()).unwrap();
    let mut tail = reader.follow(&Query::new()).unwrap();
    let now = Timestamp::from_unix_millis(0);
    assert!(tail.next_at(now).is_none());
    file.write_all(&line[40..60]).unwrap();
    assert!(tail.next_at(now).is_none(), "it has no end yet");
    file.write_all(&line[60..]).unwrap();
    assert_eq!(new_messages(&mut tail, now), ["line"]);
    file.write_all(b"torn\n").unwrap();
    file.write_all(&line).unwrap();
    assert!(tail.next_at(now).unwrap().unwrap_err().is_torn());
    assert_eq!(new_messages(&mut tail, now), ["line"]);
}

#[test]
fn tail_holds_errors_inside_attempts_until_they_are_settled() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (_, journal) = monitor(config(folder.path(), &clock), &clock);
    journal
        .append(&record(RecordState::Error, None, "before"))
        .unwrap();
    let reader = JournalReader::open(folder.path()).unwrap();
    let mut tail = reader.follow(&Query::new()).unwrap();
    let [stands, retried, open] = ["stands", "retried", "open"].map(pending);
    for error in [&stands, &retried, &open] {
        journal.append(error).unwrap();
    }
    let now = open.timestamp;
    assert_eq!(new_messages(&mut tail, now), [""; 0]);
    journal
        .append(&settled(&stands, RecordState::Error))
        .unwrap();
    journal
        .append(&settled(&retried, RecordState::Retried))
        .unwrap();
    assert_eq!(new_messages(&mut tail, now), ["stands"]);
    let later = Timestamp::from_unix_millis(now.as_unix_millis() + 120_000);
    assert_eq!(
        new_messages(&mut tail, later),
        ["open"],
        "its process ended"
    );
    assert_eq!(new_messages(&mut tail, later), [""; 0]);
}
