//! Stored texts that would act on a terminal.

use super::*;

/// Clears the screen, sets the title, turns the direction of the line, hides.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\r\nfake line\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}\u{7f}\u{e0041}\u{2028}\u{85}";

fn fixture() -> (Fixture, Record) {
    let fixture = Fixture::new();
    let mut record = fixture.add("load", ErrorCode::SYNC_ERROR, Severity::Error, "late");
    record.id = gardefou::error::ErrorId::new();
    for text in [
        &mut record.message,
        &mut record.operation,
        &mut record.component,
        &mut record.error_code,
        &mut record.error_type,
    ] {
        *text = HOSTILE.to_owned();
    }
    record.chain = vec![HOSTILE.to_owned()];
    record.location = Some(HOSTILE.to_owned());
    record.details.insert(HOSTILE.to_owned(), HOSTILE.into());
    fixture.journal.append(&record).unwrap();
    (fixture, record)
}

#[test]
fn no_command_prints_what_acts_on_a_terminal() {
    let (fixture, record) = fixture();
    let id = record.id.to_string();
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["show", &id],
        &["show", &id, "--json"],
        &["stats"],
        &["stats", "--json"],
        &["export"],
        &["export", "--format", "csv"],
    ] {
        let printed = fixture.run(arguments);
        assert_eq!((printed.status, &*printed.stderr), (0, ""), "{arguments:?}");
        let acts = |c: &char| c.is_control() && *c != '\n' || HOSTILE.contains(*c) && !c.is_ascii();
        assert_eq!(printed.stdout.chars().find(acts), None, "{arguments:?}");
        assert!(printed.stdout.contains("gpj.exe"), "{arguments:?}");
    }
    assert_eq!(
        fixture.lines(&["list"]).len(),
        2,
        "one line for each record"
    );
    assert_eq!(fixture.lines(&["export", "--format", "csv"]).len(), 3);
}

#[test]
fn json_keeps_hostile_texts_as_they_are() {
    let (fixture, record) = fixture();
    for arguments in [
        &["list", "--json", "-n", "1"][..],
        &["show", "--json", &record.id.to_string()],
    ] {
        assert_eq!(parsed(&fixture.lines(arguments)[0]), record);
    }
}

#[test]
fn names_of_files_in_errors_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("odd\u{1b}[2J\u{202e}name");
    let mut command = program(&["journal", "list", "--journal"]);
    command.arg(&odd);
    let printed = printed(command);
    assert_eq!(printed.status, 2);
    assert!(
        printed.stderr.contains("odd\\u{1b}[2J\\u{202e}name"),
        "{}",
        printed.stderr
    );
}
