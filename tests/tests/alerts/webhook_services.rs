//! The templates of the page on monitoring, sent to a server that checks what each service
//! documents.

use super::*;
use gardefou::{breaker::CircuitBreaker, event::Severity, time::Timestamp};
use serde_json::{Map, Value, json};
use std::time::Duration;
use webhook::{answer, local, serve};

/// Returns the template under a heading of the page.
fn template(heading: &str) -> String {
    let page = include_str!("../../../docs/monitoring.md");
    let (_, section) = page
        .split_once(&format!("\n### {heading}\n"))
        .expect("a section of the page");
    let (_, code) = section.split_once("```json\n").unwrap();
    code.split_once("\n```").unwrap().0.to_owned()
}

/// Notifications of every shape: errors with long and hostile texts, of every level, states and
/// their recoveries.
fn notifications() -> Vec<Notification> {
    let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
    let rules = [
        Rule::immediate("errors").min_level(Severity::Info),
        Rule::breakers("circuits"),
    ];
    let rules = rules
        .into_iter()
        .fold(config(&clock), AlertsConfigBuilder::rule);
    let alerts = start(rules.channel(ops.clone()));
    let hostile = "\"}],\"content\":\"x\\ @everyone <@&1>\r\n\u{1}é漢😀".repeat(400);
    for message in ["late", &hostile, &"漢".repeat(350_000)] {
        gardefou::report(
            &AppError::new(ErrorCode::SYNC_ERROR, message).with_detail("text", message),
        );
        gardefou::report(
            &AppError::new(ErrorCode::PANIC_ERROR, message).with_detail("fingerprint", message),
        );
    }
    let circuit = CircuitBreaker::builder("services")
        .clock(clock.clone())
        .build()
        .unwrap();
    circuit.force_open();
    alerts.run();
    clock.advance(Duration::from_secs(3));
    circuit.reset();
    alerts.test();
    alerts.run();
    let all = ops.take();
    assert!(all.len() >= 6, "{}", all.len());
    all
}

/// Sends each notification through a channel with the template, and returns the bodies.
fn sent(heading: &str, notifications: &[Notification]) -> Vec<Value> {
    let (url, server) = serve(
        notifications
            .iter()
            .map(|_| answer("202 Accepted", "", "{}"))
            .collect(),
    );
    let channel = local(&url).template(template(heading)).build().unwrap();
    for notification in notifications {
        channel.deliver(notification).unwrap();
    }
    let requests = server.join().unwrap().requests;
    assert!(
        requests
            .iter()
            .all(|request| request.header("content-type") == Some("application/json"))
    );
    requests
        .iter()
        .map(|request| serde_json::from_str(&request.body).unwrap())
        .collect()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("`{field}` is a text: {value}"))
}

fn length(value: &Value, field: &str) -> usize {
    text(value, field).chars().count()
}

#[test]
fn discord_body_has_at_most_2000_characters_and_no_mentions() {
    let _alone = alone();
    let notifications = notifications();
    let bodies = sent("Discord", &notifications);
    for body in &bodies {
        assert!((1..=2000).contains(&length(body, "content")), "{body}");
        assert_eq!(body["allowed_mentions"], json!({"parse": []}));
        assert_eq!(body.as_object().map(Map::len), Some(2));
    }
    assert!(
        bodies
            .iter()
            .any(|body| length(body, "content") == 2000 && text(body, "content").ends_with('…'))
    );
}

#[test]
fn teams_body_is_an_adaptive_card_of_at_most_28_kb() {
    let _alone = alone();
    let notifications = notifications();
    for (body, notification) in sent("Microsoft Teams", &notifications)
        .iter()
        .zip(&notifications)
    {
        assert!(
            body.to_string().len() <= 28_000,
            "{}",
            body.to_string().len()
        );
        assert_eq!(text(body, "type"), "message");
        let attachment = &body["attachments"][0];
        assert_eq!(
            text(attachment, "contentType"),
            "application/vnd.microsoft.card.adaptive"
        );
        let card = &attachment["content"];
        assert_eq!(
            (text(card, "type"), text(card, "version")),
            ("AdaptiveCard", "1.4")
        );
        assert!(text(card, "$schema").starts_with("http://adaptivecards.io/schemas/"));
        let blocks = card["body"].as_array().unwrap();
        assert!(
            blocks
                .iter()
                .all(|block| text(block, "type") == "TextBlock" && !text(block, "text").is_empty())
        );
        assert!(text(&blocks[0], "text").ends_with(&notification.title));
    }
}

#[test]
fn pagerduty_event_is_resolved_by_its_recovery() {
    let _alone = alone();
    let notifications = notifications();
    let bodies = sent("PagerDuty", &notifications);
    for body in &bodies {
        assert_eq!(text(body, "routing_key"), "ROUTING_KEY");
        assert!(
            ["trigger", "acknowledge", "resolve"].contains(&text(body, "event_action")),
            "{body}"
        );
        assert!((1..=255).contains(&length(body, "dedup_key")), "{body}");
        let payload = &body["payload"];
        assert!((1..=1024).contains(&length(payload, "summary")), "{body}");
        assert!(!text(payload, "source").is_empty());
        assert!(
            ["critical", "error", "warning", "info"].contains(&text(payload, "severity")),
            "{body}"
        );
        assert!(text(payload, "timestamp").parse::<Timestamp>().is_ok());
        assert!(payload["custom_details"]["suppressed"].is_u64());
        assert!(body.to_string().len() < 512 * 1024);
    }
    let of = |action: &str| {
        let found = bodies
            .iter()
            .filter(|body| text(body, "event_action") == action);
        found
            .map(|body| text(body, "dedup_key"))
            .collect::<Vec<_>>()
    };
    let [resolved] = of("resolve")[..] else {
        panic!("one recovery")
    };
    assert!(
        of("trigger").contains(&resolved),
        "it resolves what was triggered"
    );
}

#[test]
fn alertmanager_alert_has_the_labels_of_its_recovery() {
    let _alone = alone();
    let notifications = notifications();
    let bodies = sent("Alertmanager", &notifications);
    for (body, notification) in bodies.iter().zip(&notifications) {
        let [alert] = &body.as_array().unwrap()[..] else {
            panic!("one alert: {body}")
        };
        let labels = alert["labels"].as_object().unwrap();
        assert!(
            labels
                .values()
                .all(|value| value.as_str().is_some_and(|value| !value.is_empty())),
            "{body}"
        );
        assert!(labels.contains_key("alertname"));
        assert!(
            alert["annotations"]
                .as_object()
                .unwrap()
                .values()
                .all(Value::is_string),
            "{body}"
        );
        let ends = alert
            .get("endsAt")
            .map(|ends| ends.as_str().unwrap().parse::<Timestamp>().unwrap());
        let is_over = notification.kind == gardefou::alerts::NotificationKind::Recovery;
        assert_eq!(ends, is_over.then_some(notification.timestamp));
    }
    let (over, firing): (Vec<_>, Vec<_>) = bodies
        .iter()
        .partition(|body| body[0].get("endsAt").is_some());
    assert_eq!(over.len(), 1);
    assert!(
        firing
            .iter()
            .any(|alert| alert[0]["labels"] == over[0][0]["labels"])
    );
}
