//! `journal stats`.

use super::*;
use serde_json::Value;

#[test]
fn counts_are_printed_with_bars() {
    let fixture = Fixture::with_errors();
    let lines = fixture.lines(&["stats"]);
    assert_eq!(
        lines[0],
        "4 records, 2023-11-14 22:13:20 to 2023-11-16 00:13:20 UTC"
    );
    let bar = "█".repeat(40);
    for expected in [
        format!("  2023-11-14  2  {bar}"),
        format!("  2023-11-15  1  {}", &bar[..bar.len() / 2]),
        format!("  2023-11-16  1  {}", &bar[..bar.len() / 2]),
        format!("  error     2  {bar}"),
        "  info      0".to_owned(),
        format!("  DB_WRITE_ERROR  2  {bar}"),
        format!("  load  2  {bar}"),
        format!("  save  2  {bar}"),
    ] {
        assert!(lines.contains(&expected), "{expected}: {lines:#?}");
    }
    let headings: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("By "))
        .collect();
    assert_eq!(
        headings,
        [
            "By day",
            "By severity",
            "By code",
            "By operation",
            "By group"
        ]
    );
}

#[test]
fn bars_are_ascii_where_the_locale_is() {
    let fixture = Fixture::with_errors();
    let mut command = fixture.command(&["stats"]);
    command.env("LC_ALL", "C");
    let printed = printed(command).stdout;
    assert!(printed.is_ascii() && printed.contains("####"), "{printed}");
}

#[test]
fn tables_and_chart_are_as_long_as_asked_for() {
    let fixture = Fixture::with_errors();
    let lines = fixture.lines(&["stats", "--top", "1", "--days", "1"]);
    assert!(lines.contains(&"  3 before".to_owned()), "{lines:#?}");
    assert!(
        lines.contains(&"  and 2 more with 2".to_owned()),
        "{lines:#?}"
    );
    assert!(
        !lines.iter().any(|line| line.contains("2023-11-15")),
        "{lines:#?}"
    );
}

#[test]
fn json_has_all_counts_and_filters_apply() {
    let fixture = Fixture::with_errors();
    let line = &fixture.lines(&["stats", "--json", "--operation", "save"])[0];
    let counts: Value = serde_json::from_str(line).unwrap();
    assert_eq!(counts["total"], 2);
    assert_eq!(counts["first"], "2023-11-15T23:13:20.000Z");
    assert_eq!(counts["by_day"]["2023-11-16"], 1);
    assert_eq!(counts["by_severity"]["critical"], 1);
    assert_eq!(counts["by_code"]["DB_WRITE_ERROR"], 1);
    assert_eq!(counts["by_operation"]["save"], 2);
    let groups = counts["by_group"].as_object().unwrap();
    assert_eq!(groups.len(), 2);
    assert!(
        groups
            .values()
            .any(|group| group["example"] == "TIMEOUT_ERROR in save")
    );
}

#[test]
fn empty_journal_has_no_records() {
    let fixture = Fixture::new();
    std::fs::create_dir(fixture.folder()).unwrap();
    for (arguments, expected) in [
        (&["stats"][..], "no records\n"),
        (&["list"], ""),
        (&["export"], ""),
    ] {
        let printed = fixture.run(arguments);
        assert_eq!((printed.status, &*printed.stdout), (0, expected));
        assert!(
            printed
                .stderr
                .ends_with("has no files of a journal so far\n")
        );
    }
}
