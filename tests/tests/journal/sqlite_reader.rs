//! Reading and following a database that a journal writes to.

use super::{joins::*, *};
use gardefou::{
    monitor::{RecordState, journal::Cursor},
    time::Timestamp,
};
use gardefou_sqlite::{SqliteReader, SqliteTail};
use gardefou_tests::testkit::journal::Kind;
use std::fs;

/// Every record that matches, page by page, oldest first.
pub(super) fn oldest_first(reader: &SqliteReader, query: &Query) -> Vec<ErrorRecord> {
    let (mut after, mut records) = (Cursor::new(0, 0), Vec::new());
    loop {
        let page = reader.query_from(query, after).unwrap();
        assert!(page.records.len() <= query.parts().limit);
        records.extend(page.records);
        match page.next {
            Some(next) => after = next,
            None => return records,
        }
    }
}

fn new_messages(tail: &mut SqliteTail, now: Timestamp) -> Vec<String> {
    std::iter::from_fn(|| tail.next_at(now))
        .map(|next| next.unwrap().message)
        .collect()
}

#[test]
fn database_is_read_in_both_directions_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Kind::Database.open(small(folder.path()));
    let path = folder.path().join("errors.sqlite");
    let mut expected = Vec::new();
    for i in 0..150 {
        let message = i.to_string();
        journal
            .append(&record(RecordState::Error, None, &message))
            .unwrap();
        expected.push(message);
    }
    let reader = SqliteReader::open(&path).unwrap();
    for limit in [1, 7, 1000] {
        let query = Query::new().limit(limit);
        let found = oldest_first(&reader, &query).into_iter();
        assert_eq!(
            found.map(|found| found.message).collect::<Vec<_>>(),
            expected
        );
    }
    let newest = reader.query(&Query::new().limit(2)).unwrap();
    let newest = newest.records.into_iter().map(|found| found.message);
    assert_eq!(newest.collect::<Vec<_>>(), ["149", "148"]);
    journal
        .append(&record(RecordState::Error, None, "meanwhile"))
        .unwrap();
    let found = oldest_first(&reader, &Query::new().text("meanwhile"));
    assert_eq!(found.len(), 1);
}

#[test]
fn tail_of_a_database_returns_new_and_settled_records() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Kind::Database.open(small(folder.path()));
    journal
        .append(&record(RecordState::Error, None, "before"))
        .unwrap();
    let reader = SqliteReader::open(folder.path().join("errors.sqlite")).unwrap();
    let mut tail = reader.follow(&Query::new()).unwrap();
    let [stands, retried, open] = ["stands", "retried", "open"].map(pending);
    let now = open.timestamp;
    assert_eq!(new_messages(&mut tail, now), [""; 0]);
    for error in [&stands, &retried, &open] {
        journal.append(error).unwrap();
    }
    let mut plain = Vec::new();
    for i in 0..300 {
        plain.push(i.to_string());
        journal
            .append(&record(RecordState::Error, None, &plain[i]))
            .unwrap();
    }
    assert_eq!(new_messages(&mut tail, now), plain);
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

#[test]
fn what_is_no_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("errors.sqlite");
    assert!(SqliteReader::open(&path).is_err());
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "none is made"
    );
    let odd = "no database, but long enough to have a header of one\n".repeat(100);
    fs::write(&path, &odd).unwrap();
    assert!(SqliteReader::open(&path).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), odd);
}

#[test]
fn database_is_read_where_nothing_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    drop({
        let journal = Kind::Database.open(small(folder.path()));
        journal
            .append(&record(RecordState::Error, None, "late"))
            .unwrap();
        journal
    });
    let files = || fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files(), 1, "the log was emptied");
    let set_readonly = |readonly| {
        let mut permissions = fs::metadata(folder.path()).unwrap().permissions();
        permissions.set_readonly(readonly);
        fs::set_permissions(folder.path(), permissions).unwrap();
    };
    set_readonly(true);
    let reader = SqliteReader::open(folder.path().join("errors.sqlite")).unwrap();
    let found = oldest_first(&reader, &Query::new());
    set_readonly(false);
    assert_eq!(found.len(), 1);
}
