//! `journal list` and its filters.

use super::*;
use gardefou::event::RecordState;
use std::{
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
};

#[test]
fn records_are_listed_newest_first_in_plain_text_for_a_pipe() {
    let fixture = Fixture::with_errors();
    let lines = fixture.lines(&["list"]);
    assert_eq!(lines.len(), 4);
    assert!(
        lines[0].starts_with("2023-11-16T00:13:20.000Z  error     TIMEOUT_ERROR   save       0"),
        "{}",
        lines[0]
    );
    assert!(lines[0].ends_with("  last") && lines[3].ends_with("  first"));
    assert!(lines.iter().all(|line| !line.contains('\u{1b}')));
    // Columns stand below each other.
    let columns: Vec<_> = lines.iter().map(|line| line.find("01").unwrap()).collect();
    assert!(
        lines[0].find("save") == lines[3].find("load"),
        "{columns:?}"
    );
}

#[test]
fn a_pipe_gets_names_that_are_longer_than_their_column() {
    let fixture = Fixture::new();
    let operation = "operation_with_a_name_of_some_length";
    fixture.add(operation, ErrorCode::SYNC_ERROR, Severity::Error, "late");
    fixture.add("load", ErrorCode::SYNC_ERROR, Severity::Error, "early");
    let lines = fixture.lines(&["list"]);
    assert!(
        lines.iter().any(|line| line.contains(operation)),
        "{lines:?}"
    );
}

#[test]
fn limit_ends_the_list() {
    let fixture = Fixture::with_errors();
    assert_eq!(fixture.listed(&["-n", "2"]), ["last", "disk gone"]);
    assert_eq!(fixture.listed(&["--limit", "1"]), ["last"]);
    for i in 0..60 {
        fixture.fail(i.to_string());
    }
    assert_eq!(fixture.listed(&[]).len(), 50);
    assert_eq!(fixture.listed(&["--all"]).len(), 64);
}

#[test]
fn each_filter_keeps_what_it_names() {
    let fixture = Fixture::with_errors();
    let group = {
        let line = &fixture.lines(&["list", "--json", "-n", "1"])[0];
        parsed(line).fingerprint.to_string()
    };
    for (arguments, expected) in [
        (
            vec!["--code", "DB_WRITE_ERROR"],
            vec!["disk gone", "disk full"],
        ),
        (
            vec!["--severity", "error"],
            vec!["last", "disk gone", "disk full"],
        ),
        (vec!["--severity", "critical"], vec!["disk gone"]),
        (vec!["--operation", "load"], vec!["disk full", "first"]),
        (vec!["--group", &group], vec!["last"]),
        (vec!["--text", "disk"], vec!["disk gone", "disk full"]),
        (vec!["--since", "2023-11-15"], vec!["last", "disk gone"]),
        (
            vec!["--until", "2023-11-15T00:00:00+00:00"],
            vec!["disk full", "first"],
        ),
        (
            vec!["--since", "2023-11-14T23:00:00Z", "--until", "2023-11-16"],
            vec!["disk gone", "disk full"],
        ),
        (
            vec!["--code", "DB_WRITE_ERROR", "--operation", "save"],
            vec!["disk gone"],
        ),
        (vec!["--since", "2h"], vec![]),
        (vec!["--until", "2h", "--text", "last"], vec!["last"]),
        (vec!["--code", "NO_SUCH_CODE"], vec![]),
        (vec!["--kind", "transition"], vec![]),
        (
            vec!["--kind", "all"],
            vec!["last", "disk gone", "disk full", "first"],
        ),
    ] {
        assert_eq!(fixture.listed(&arguments), expected, "{arguments:?}");
    }
}

#[test]
fn errors_that_were_retried_are_listed_on_request() {
    let fixture = Fixture::new();
    let mut record = fixture.add("load", ErrorCode::SYNC_ERROR, Severity::Error, "stands");
    record.id = gardefou::error::ErrorId::new();
    record.message = "retried".to_owned();
    record.attempt = Some((1, 3));
    for state in [RecordState::Pending, RecordState::Retried] {
        record.state = state;
        fixture.journal.append(&record).unwrap();
    }
    assert_eq!(fixture.listed(&[]), ["stands"]);
    assert_eq!(fixture.listed(&["--retried"]), ["retried", "stands"]);
    let lines = fixture.lines(&["list", "--retried"]);
    assert!(
        lines[0].ends_with("[retried, attempt 1 of 3] retried"),
        "{}",
        lines[0]
    );
}

#[test]
fn json_lines_are_the_records() {
    let fixture = Fixture::new();
    let record = fixture.add("load", ErrorCode::SYNC_ERROR, Severity::Error, "late");
    let lines = fixture.lines(&["list", "--json"]);
    assert_eq!(parsed(&lines[0]), record);
}

#[test]
fn colours_come_on_request_and_for_terminals() {
    let fixture = Fixture::with_errors();
    let has_colors = |arguments: &[&str]| fixture.run(arguments).stdout.contains("\u{1b}[");
    assert!(!has_colors(&["list"]));
    assert!(!has_colors(&["list", "--color", "never"]));
    assert!(has_colors(&["list", "--color", "always"]));
    let mut command = fixture.command(&["list", "--color", "always"]);
    command.env("NO_COLOR", "1");
    let asked = printed(command).stdout;
    assert!(asked.contains("\u{1b}["), "what is asked for is stronger");
}

#[test]
fn torn_lines_are_reported_and_hide_nothing() {
    let fixture = Fixture::with_errors();
    let path = fixture.folder().join("errors-00000001.jsonl");
    let text = fs::read(&path).unwrap();
    let end = text.iter().position(|c| *c == b'\n').unwrap() + 1;
    let odd =
        b"\xff\xfe\x1b[2J no record\n{}\n{\"v\":1}\n{\"v\":1,\"id\":\"0198\n[]\n7\n".repeat(3);
    fs::write(&path, [&text[..end], &odd, &text[end..]].concat()).unwrap();
    for arguments in [
        &["list"][..],
        &["list", "--text", "disk"],
        &["stats"],
        &["export"],
        &["show", "000000"],
    ] {
        let printed = fixture.run(arguments);
        let errors: Vec<_> = printed.stderr.lines().collect();
        let name = "errors-00000001.jsonl: the line at byte ";
        assert!(
            errors[0].contains(name) && errors[0].ends_with(" holds no record"),
            "{errors:?}"
        );
        assert!(
            errors.contains(&"gardefou: 18 lines without a record left out"),
            "{errors:?}"
        );
        assert!(errors.len() <= 8 && !printed.stderr.contains('\u{1b}'));
    }
    let listed = fixture.run(&["list"]);
    assert_eq!((listed.status, listed.lines().len()), (0, 4));
}

#[test]
fn closed_pipe_ends_a_command_quietly() {
    let fixture = Fixture::new();
    for i in 0..2000 {
        fixture.fail(i.to_string());
    }
    for arguments in [
        &["list", "--all"][..],
        &["list", "--all", "--json"],
        &["export"],
        &["export", "--format", "csv"],
    ] {
        let mut command = fixture.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut first = String::new();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.read_line(&mut first).unwrap();
        drop(reader);
        assert_eq!(ended(child), (Some(0), String::new()), "{arguments:?}");
        assert!(first.len() > 20);
    }
}

#[test]
fn reading_leaves_no_trace_in_the_folder() {
    let fixture = Fixture::with_errors();
    let listing = || {
        let entries = fs::read_dir(fixture.folder()).unwrap().map(Result::unwrap);
        let mut names: Vec<_> = entries
            .map(|entry| {
                (
                    entry.file_name(),
                    entry.metadata().unwrap().modified().unwrap(),
                )
            })
            .collect();
        names.sort();
        names
    };
    let before = listing();
    for arguments in [&["list"][..], &["stats"], &["export"], &["show", "000000"]] {
        fixture.run(arguments);
    }
    assert_eq!(listing(), before);
}
