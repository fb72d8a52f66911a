use super::*;
use gardefou::alerts::{LogChannel, NotificationKind};
use std::io;

#[test]
fn log_and_default_rules_that_a_program_adds_stay_beside_others() {
    let log_and_ops = || {
        AlertsConfig::builder()
            .channel(LogChannel::new())
            .channel(Recorder::new("ops"))
    };
    let channels = format!("{:?}", log_and_ops().build().unwrap());
    assert!(channels.contains(r#"["log", "ops"]"#), "{channels}");

    let default_rules = || {
        AlertsConfig::builder()
            .rule(Rule::immediate("errors"))
            .rule(Rule::breakers("circuit breakers"))
            .rule(Rule::health("health checks"))
    };
    assert_eq!(
        default_rules().build().unwrap(),
        AlertsConfig::default(),
        "these are the defaults"
    );
    let rules = default_rules().rule(Rule::breakers("more"));
    let rules = format!("{:?}", rules.build().unwrap());
    for name in ["errors", "circuit breakers", "health checks", "more"] {
        assert!(rules.contains(&format!("{name:?}")), "{name} in {rules}");
    }
}

#[test]
fn channel_in_an_arc_is_a_channel() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Arc::new(Recorder::new("ops")));
    let alerts = start(config(&clock).channel(Arc::clone(&ops)));
    alerts.test();
    alerts.run();
    assert_eq!(alerts.status().channels[0].name, "ops");
    assert_eq!(ops.take()[0].kind, NotificationKind::Test);
}

#[test]
fn secrets_and_control_characters_of_any_field_are_not_delivered() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    let url = "postgres://ann:hunter2@db/x?password=hunter2&sslkey=hunter2";
    let err = AppError::new(
        ErrorCode::DB_CONNECTION_ERROR,
        format!("cannot reach {url}\r\nBcc: all@example.com\0"),
    )
    .with_source(io::Error::other(format!(
        "Authorization: Bearer hunter2 at {url}"
    )))
    .with_detail("password", "hunter2")
    .with_detail("dsn", url)
    .with_detail(
        "nested",
        serde_json::json!({"api_key": "hunter2", "list": [url]}),
    );
    gardefou::report(&err);
    alerts.run();
    let notifications = ops.take();
    let json = serde_json::to_string(&notifications).unwrap();
    assert!(!json.contains("hunter2"), "{json}");
    assert!(!notifications[0].to_text().contains("hunter2"));
    assert!(
        !notifications[0].title.contains(char::is_control),
        "{:?}",
        notifications[0].title
    );
    assert!(notifications[0].to_text().contains("Bcc: all@example.com"));
    assert_eq!(notifications[0].source, "tests");
}

#[test]
fn notification_has_its_error_as_text_and_as_json() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "cannot save").with_detail("table", "clips");
    gardefou::report(&err);
    alerts.run();
    let notification = ops.take().remove(0);
    let json = serde_json::to_value(&notification).unwrap();
    assert_eq!(
        (
            json["version"].as_u64(),
            json["kind"].as_str(),
            json["level"].as_str()
        ),
        (Some(1), Some("error"), Some("error"))
    );
    assert_eq!(
        (
            json["error"]["code"].as_u64(),
            json["error"]["details"]["table"].as_str()
        ),
        (Some(302), Some("clips"))
    );
    let text = notification.to_text();
    for line in [
        "[ERROR] DB_WRITE_ERROR: cannot save",
        "code: DB_WRITE_ERROR (302)",
        "message: cannot save",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(text.contains(&err.id().to_string()));
}
