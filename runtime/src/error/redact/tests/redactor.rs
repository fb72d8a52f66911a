//! Values of JSON, and the settings of a redactor.

use crate::error::redact::{
    redactor::{BUILT_IN, Redactor},
    sensitive::MARK,
};
use serde_json::json;

#[test]
fn values_are_redacted_by_names_and_by_shapes_at_any_depth() {
    let mut value = json!({
        "user": "ann",
        "password": "hunter2",
        "pin": 1,
        "max_tokens": 100,
        "token": 123_456,
        "session": null,
        "deep": [[{"dsn": {"a": "hunter2"}, "url": "x://u:hunter2@h", "auth": "hunter2"}], "Bearer hunter2"],
        "headers": [["Cookie", "hunter2"], ["Accept", "text/html"], {"name": "X-Api-Key", "value": "hunter2"}],
        "x://u:hunter2@h": 1,
        "key": "plain", "secrets": [], "code": 5,
    });
    BUILT_IN.value(&mut value);
    let expected = json!({
        "user": "ann",
        "password": MARK,
        "pin": 1,
        "max_tokens": 100,
        "token": MARK,
        "session": null,
        "deep": [[{"dsn": MARK, "url": "x://[redacted]@h", "auth": MARK}], "Bearer [redacted]"],
        "headers": [["Cookie", MARK], ["Accept", "text/html"], {"name": "X-Api-Key", "value": MARK}],
        "x://[redacted]@h": 1,
        "key": "plain", "secrets": [], "code": 5,
    });
    assert_eq!(value, expected);
}

#[test]
fn redactor_adds_names_exempts_names_and_applies_rules() {
    let own = Redactor::new()
        .secret_name("Matricule-No")
        .plain_name("session")
        .secret_name("!")
        .rule(|text| text.contains("4711").then(|| text.replace("4711", "####")));
    assert_eq!(
        own.text("x_matricule_no=7 session=9 4711 password=x"),
        "x_matricule_no=[redacted] session=9 #### password=[redacted]"
    );
    let mut value =
        json!({"matriculeNo": 7, "session": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi", "n": "4711"});
    own.value(&mut value);
    assert_eq!(
        value,
        json!({"matriculeNo": MARK, "session": MARK, "n": "####"})
    );
    let debug = format!("{own:?}");
    assert!(
        debug.contains("matriculeno") && debug.contains("rules: 1"),
        "{debug}"
    );
}

#[test]
fn panicking_rule_hides_the_whole_text() {
    let own = Redactor::new().rule(|_| panic!("a faulty rule"));
    assert_eq!(own.text("anything"), MARK);
    let mut value = json!(["anything"]);
    own.value(&mut value);
    assert_eq!(value, json!([MARK]));
}

#[test]
fn allow_only_hides_all_other_values_and_secrets_in_allowed_ones() {
    let own = Redactor::new()
        .allow_only(["user_id", "url"])
        .allow_only(["tags"]);
    for (text, expected) in [
        ("no user for userId=42", "no user for userId=42"),
        ("user_id: 42, ward: B7", "user_id: 42, ward: [redacted]"),
        (
            "can't open 'Ann Smith.txt' for (x9)",
            "can't open '[redacted]' for ([redacted])",
        ),
        ("ward=north and north", "ward=[redacted] and north"),
        (
            "url=https://u:hunter2@h/x password=hunter2",
            "url=https://[redacted]@h/x password=[redacted]",
        ),
        ("failed: 'unclosed 7", "failed: '[redacted]"),
        ("été à l'hôpital", "été à l'hôpital"),
    ] {
        let once = own.text(text).into_owned();
        assert_eq!(once, expected);
        assert_eq!(own.text(&once), once, "redacting twice changes nothing");
    }
    let mut value = json!({
        "user_id": 42, "tags": ["a1", {"deep": 7}], "patient": {"age": 7, "ill": true, "room": null, "name": "Ann"},
        "list": [1, "no bed", "B7"], "url": "https://u:hunter2@h", "token": 5,
    });
    own.value(&mut value);
    let expected = json!({
        "user_id": 42, "tags": ["a1", {"deep": 7}], "patient": {"age": MARK, "ill": true, "room": null, "name": MARK},
        "list": [MARK, "no bed", MARK], "url": "https://[redacted]@h", "token": MARK,
    });
    assert_eq!(value, expected);
}
