//! What is shown of keys: they come from outside, and may hold secrets and control characters.

use crate::support::breakers;
use gardefou::{AppError, testing::Scope};

#[test]
fn key_is_kept_as_it_came_and_shown_on_one_line_without_its_secrets() {
    let (_, keyed) = breakers(|b| b);
    let secrets = [
        ("https://ann:hunter2@db.example", "hunter2"),
        ("password=hunter2", "hunter2"),
        (
            "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
            "c2lnbmF0dXJl",
        ),
        ("line\r\nERROR forged\u{202e}\u{1b}[31m", "\nERROR"),
        ("line\r\nERROR forged\u{202e}\u{1b}[31m", "\u{1b}"),
        ("\u{202e}x", "\u{202e}"),
        (&"long ".repeat(150), &"long ".repeat(100)),
    ];
    for (key, hidden) in secrets {
        let breaker = keyed.get(key);
        assert_eq!(breaker.name(), format!("svc[{key}]"));
        assert!(keyed.keys().contains(&key.to_owned()));
        breaker.force_open();
        let rejection = breaker.try_acquire().unwrap_err();
        let error = AppError::from(rejection.clone());
        let shown = [
            format!("{breaker:?}"),
            format!("{keyed:?}"),
            format!("{rejection}"),
            format!("{rejection:?}"),
            format!("{error}"),
            format!("{error:?}"),
            serde_json::to_string(&breaker.snapshot()).unwrap(),
            error.to_json().to_string(),
            format!("{:?}", breaker.snapshot()),
        ];
        for text in shown {
            assert!(!text.contains(hidden), "{hidden:?} in {text:?}");
            // An error shows its backtrace where the environment asks for one.
            let own = text.split("\n   0: ").next().unwrap();
            assert!(own.len() < 1500, "{}: {text}", own.len());
        }
    }
}

#[test]
fn records_and_log_lines_show_the_redacted_name() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let keyed = gardefou::circuit_breakers()
        .get_or_create_keyed("svc", |b| b.failure_threshold(1))
        .unwrap();
    let breaker = keyed.get("token=hunter2\nforged");
    breaker.try_acquire().unwrap().failure();
    let rejected = breaker.call(|| Ok::<(), AppError>(())).unwrap_err();
    scope.monitor().record(&rejected);
    let records = scope.records();
    assert!(!records.is_empty());
    let text = serde_json::to_string(&records).unwrap();
    assert!(
        text.contains("svc[token=") && !text.contains("hunter2"),
        "{text}"
    );
}
