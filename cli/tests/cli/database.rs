//! Journals in SQLite databases.

use super::*;
use gardefou_sqlite::SqliteJournal;
use std::fs;

fn fixture() -> Fixture {
    let fixture = Fixture::with(|folder, clock| {
        let journal = SqliteJournal::builder(folder).background(false);
        Arc::new(journal.clock(clock.clone()).build().unwrap())
    });
    for i in 0..450 {
        let code = if i % 2 == 0 {
            ErrorCode::SYNC_ERROR
        } else {
            ErrorCode::TIMEOUT_ERROR
        };
        fixture.add("load", code, Severity::Error, &format!("message {i}"));
    }
    fixture
}

#[test]
fn commands_read_a_database_while_it_is_open_elsewhere() {
    let fixture = fixture();
    assert_eq!(fixture.listed(&["-n", "2"]), ["message 449", "message 448"]);
    assert_eq!(fixture.listed(&["--all"]).len(), 450);
    assert_eq!(
        fixture.listed(&["--all", "--code", "SYNC_ERROR"]).len(),
        225
    );
    assert_eq!(
        fixture.listed(&["--text", "message 12", "-n", "1"]),
        ["message 129"]
    );
    let exported = fixture.lines(&["export"]);
    let messages: Vec<_> = exported.iter().map(|line| parsed(line).message).collect();
    assert_eq!(
        messages,
        (0..450).map(|i| format!("message {i}")).collect::<Vec<_>>()
    );
    let lines = fixture.lines(&["stats"]);
    assert!(lines[0].starts_with("450 records"), "{lines:#?}");
    let id = parsed(&exported[7]).id.to_string();
    assert_eq!(fixture.lines(&["show", &id])[0], format!("error {id}"));
    assert_eq!(
        fixture.lines(&["show", &id[24..]])[0],
        format!("error {id}")
    );
    fixture.add("load", ErrorCode::SYNC_ERROR, Severity::Error, "meanwhile");
    assert_eq!(fixture.listed(&["-n", "1"]), ["meanwhile"]);
}

#[test]
fn file_of_a_database_is_a_journal_too() {
    let fixture = fixture();
    let mut command = program(&["journal", "list", "-n", "3", "--journal"]);
    command.arg(fixture.folder().join("errors.sqlite"));
    assert_eq!(printed(command).lines().len(), 3);
}

#[test]
fn folder_with_both_kinds_is_read_as_files() {
    let fixture = Fixture::with_errors();
    fs::write(fixture.folder().join("errors.sqlite"), "").unwrap();
    let printed = fixture.run(&["list"]);
    assert_eq!((printed.status, printed.lines().len()), (0, 4));
    assert!(
        printed.stderr.contains("name errors.sqlite in it"),
        "{}",
        printed.stderr
    );
}
