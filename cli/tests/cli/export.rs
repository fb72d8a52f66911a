//! `journal export`.

use super::*;

#[test]
fn json_lines_are_exported_oldest_first() {
    let fixture = Fixture::with_errors();
    let lines = fixture.lines(&["export"]);
    let messages: Vec<_> = lines.iter().map(|line| parsed(line).message).collect();
    assert_eq!(messages, ["first", "disk full", "disk gone", "last"]);
    assert_eq!(
        fixture
            .lines(&["export", "--format", "jsonl", "--text", "disk"])
            .len(),
        2
    );
}

#[test]
fn csv_has_a_header_and_one_line_for_each_record() {
    let fixture = Fixture::new();
    let hostile = "=1+1, \"quoted\"\nsecond line";
    let mut record = fixture.add("load", ErrorCode::SYNC_ERROR, Severity::Error, "late");
    record.id = gardefou::error::ErrorId::new();
    record.message = hostile.to_owned();
    fixture.journal.append(&record).unwrap();
    let lines = fixture.lines(&["export", "--format", "csv"]);
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("id,timestamp,level,code,error_code,error_type,message,"));
    let commas = |line: &str| line.matches(',').count();
    assert!(lines[1].contains(",late,") && lines[1].contains(r#""{""table"":""clips""}""#));
    assert_eq!(commas(&lines[1]), commas(&lines[0]));
    assert!(
        lines[2].contains(r#","=1+1, ""quoted""\nsecond line","#),
        "{}",
        lines[2]
    );
}
