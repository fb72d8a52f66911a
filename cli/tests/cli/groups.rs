//! `journal groups`.

use super::*;
use serde_json::Value;

#[test]
fn groups_are_listed_by_their_number_of_errors() {
    let fixture = Fixture::with_errors();
    for (hour, message) in ["disk full", "disk \u{1b}[31mgone"].into_iter().enumerate() {
        fixture.advance_hours(hour as u64);
        fixture.add("load", ErrorCode::SYNC_ERROR, Severity::Error, message);
    }
    let lines = fixture.lines(&["groups", "--json"]);
    let groups: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let errors: Vec<_> = groups
        .iter()
        .map(|group| group["errors"].as_u64().unwrap())
        .collect();
    assert_eq!(errors.iter().sum::<u64>(), 6);
    assert!(errors.is_sorted_by(|a, b| a >= b), "{errors:?}");
    let group = &groups[0];
    assert_eq!(
        (&group["code"], &group["errors"]),
        (&"SYNC_ERROR".into(), &3.into())
    );
    assert_eq!(group["message"], "disk \\u{1b}[31mgone", "of the latest");
    assert_eq!(
        (&group["first"], &group["last"]),
        (
            &"2023-11-14T22:13:20.000Z".into(),
            &"2023-11-16T01:13:20.000Z".into()
        )
    );

    let lines = fixture.lines(&["groups", "-n", "1"]);
    let fingerprint = group["fingerprint"].as_str().unwrap();
    assert_eq!(
        lines,
        [
            format!("3 errors  SYNC_ERROR  {fingerprint}"),
            "  2023-11-14 22:13:20 to 2023-11-16 01:13:20 UTC".to_owned(),
            "  in load".to_owned(),
            "  disk \\u{1b}[31mgone".to_owned(),
        ]
    );
    assert_eq!(
        fixture
            .lines(&["groups", "--code", "SYNC_ERROR", "--json"])
            .len(),
        1
    );
    assert_eq!(
        fixture.lines(&["groups", "--code", "NO_SUCH_CODE"]),
        ["no records"]
    );
}
