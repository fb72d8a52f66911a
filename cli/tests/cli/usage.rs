//! Arguments that cannot be used, help, and completions.

use super::*;

/// The program must refuse the arguments, and name the field, the value and the rule.
fn refused(arguments: &[&str], expected: &[&str]) {
    let printed = printed(program(arguments));
    assert_eq!((printed.status, &*printed.stdout), (2, ""), "{arguments:?}");
    for part in expected {
        assert!(
            printed.stderr.contains(part),
            "{arguments:?}: {part}: {}",
            printed.stderr
        );
    }
}

#[test]
fn bad_values_are_refused_with_field_value_and_rule() {
    let list = ["journal", "list", "--journal", "."];
    for (field, value, rule) in [
        ("--since", "yesterday", "must be a time such as"),
        ("--since", "", "must be a time such as"),
        ("--until", "2026-02-30", "must be a time such as"),
        ("--until", "99999999999d", "of at most 100 years"),
        (
            "--severity",
            "fatal",
            "must be one of info, warning, error, critical",
        ),
        (
            "--severity",
            "ERROR",
            "must be one of info, warning, error, critical",
        ),
        ("--kind", "errors", "must be one of error, transition"),
        ("--group", "xyz", "a fingerprint is 16 hexadecimal digits"),
        ("--limit", "0", "1.."),
        ("--limit", "many", "invalid digit"),
        ("--color", "sometimes", "auto, always, never"),
    ] {
        refused(
            &[&list[..], &[field, value]].concat(),
            &[field, value, rule],
        );
    }
    for (field, rule) in [
        ("--code", "must not be empty"),
        ("--operation", "must not be empty"),
        ("--text", "must not be empty"),
    ] {
        refused(&[&list[..], &[field, ""]].concat(), &[field, rule]);
    }
    let stats = ["journal", "stats", "--journal", "."];
    refused(
        &[&stats[..], &["--top", "0"]].concat(),
        &["--top", "1..=1000"],
    );
    refused(&[&stats[..], &["--days", "-1"]].concat(), &["'-1'"]);
    let export = ["journal", "export", "--journal", "."];
    refused(
        &[&export[..], &["--format", "xml"]].concat(),
        &["--format", "xml", "jsonl, csv"],
    );
}

#[test]
fn time_span_must_not_be_empty() {
    let arguments = [
        "journal",
        "list",
        "--journal",
        ".",
        "--since",
        "2026-03-02",
        "--until",
        "2026-03-01",
    ];
    refused(
        &arguments,
        &[
            "`--since` must lie before `--until`",
            "2026-03-02T",
            "2026-03-01T",
        ],
    );
}

#[test]
fn journal_that_is_not_there_is_named() {
    refused(
        &["journal", "list"],
        &["`--journal` is missing", "GARDEFOU_JOURNAL"],
    );
    let missing = ["journal", "stats", "--journal", "/no/such/folder"];
    refused(
        &missing,
        &["`--journal /no/such/folder`: there is no such folder or file"],
    );
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let no_database = ["journal", "list", "--journal", file];
    refused(&no_database, &[file, "no journal in an SQLite database"]);
}

#[test]
fn variable_names_the_journal() {
    let fixture = Fixture::with_errors();
    let mut command = program(&["journal", "list"]);
    command.env("GARDEFOU_JOURNAL", fixture.folder());
    assert_eq!(printed(command).lines().len(), 4);
}

#[test]
fn unknown_words_are_refused() {
    refused(&[], &["Usage: gardefou"]);
    refused(&["journal"], &["Usage: gardefou journal"]);
    refused(&["jurnal"], &["jurnal", "journal"]);
    refused(&["journal", "lst"], &["lst", "list"]);
    refused(&["journal", "list", "--jsn"], &["--jsn", "--json"]);
    refused(&["journal", "show"], &["<ID>"]);
    refused(&["health"], &["<URL>"]);
    refused(&["config"], &["Usage: gardefou config"]);
    refused(&["config", "check"], &["<FILE>"]);
    refused(&["completions", "csh"], &["csh", "bash"]);
    refused(
        &["health", "http://localhost", "--timeout", "5"],
        &["--timeout", "5", "a number and a unit"],
    );
    refused(
        &["health", "localhost:80"],
        &["`URL` is `localhost:80`", "http://"],
    );
}

#[test]
fn help_and_version_are_printed() {
    for arguments in [
        &["--help"][..],
        &["journal", "--help"],
        &["journal", "list", "--help"],
        &["journal", "show", "-h"],
        &["journal", "follow", "--help"],
        &["journal", "stats", "--help"],
        &["journal", "export", "--help"],
        &["journal", "groups", "--help"],
        &["health", "--help"],
        &["config", "--help"],
        &["config", "check", "--help"],
        &["config", "schema", "--help"],
        &["completions", "--help"],
    ] {
        let printed = printed(program(arguments));
        assert_eq!((printed.status, &*printed.stderr), (0, ""));
        assert!(printed.stdout.contains("Usage: gardefou"), "{arguments:?}");
    }
    let version = printed(program(&["--version"])).stdout;
    assert_eq!(
        version,
        concat!("gardefou ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let printed = printed(program(&["completions", shell]));
        assert_eq!((printed.status, &*printed.stderr), (0, ""));
        for word in [
            "journal", "follow", "health", "severity", "config", "schema",
        ] {
            assert!(printed.stdout.contains(word), "{shell}: {word}");
        }
    }
}
