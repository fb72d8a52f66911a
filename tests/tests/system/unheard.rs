//! Errors and notifications of a program that never set up a subscriber of the log, or one that
//! wants neither.

use gardefou::{
    AppError, ErrorCode, ErrorSystem,
    alerts::{AlertsConfig, Rule},
    testing::Scope,
};
use std::{
    env,
    process::{Command, Stdio},
};
use tracing::{Metadata, Subscriber, span};

const CHILD: &str = "GARDEFOU_TEST_UNHEARD_CHILD";

/// A subscriber that takes nothing.
struct Deaf;

impl Subscriber for Deaf {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn fail(message: &str) {
    let cause = std::io::Error::other("refused by https://ann:hunter2@db/");
    gardefou::report(&AppError::new(ErrorCode::DB_CONNECTION_ERROR, message).with_source(cause));
}

/// Runs in a process of its own, whose standard error is read.
#[test]
fn child_that_fails_unheard() {
    let Ok(child) = env::var(CHILD) else { return };
    if child == "deaf" {
        tracing::subscriber::set_global_default(Deaf).unwrap();
    }
    let alerts = AlertsConfig::builder().rule(Rule::immediate("every"));
    let guard = ErrorSystem::builder().alerts(alerts).init().unwrap();
    Scope::new().run(|| fail("inside of a test"));
    fail("no route\nto the database");
    (0..40).for_each(|_| fail("again"));
    guard.shutdown();
}

fn stderr_of(child: &str) -> String {
    let child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "unheard::child_that_fails_unheard",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, child)
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(child.stderr).unwrap();
    assert!(child.status.success(), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    text
}

#[test]
fn errors_without_a_subscriber_go_to_the_standard_error() {
    let text = stderr_of("none");
    // Before it stand the warnings of the start, among it the notification.
    let is_other = |line: &&str| {
        line.starts_with("gardefou: alert: ") || line.starts_with("gardefou: error code")
    };
    let mut lines = text.lines().filter(|line| !is_other(line));
    let first = "gardefou: no subscriber of `tracing` takes the log: errors are shown here, at most 20 a minute";
    assert_eq!(lines.next(), Some(first), "{text}");
    let line = lines.next().unwrap();
    let cause = "refused by https://[redacted]@db/";
    let start = format!(
        "gardefou: error in report: [DB_CONNECTION_ERROR] no route\\nto the database: {cause} (id "
    );
    assert!(line.starts_with(&start), "{line}");
    assert!(
        line.ends_with(')') && line.contains("unheard.rs:"),
        "{line}"
    );
    assert_eq!(lines.clone().count(), 19, "{text}");
    assert!(
        lines.all(|line| line.contains("[DB_CONNECTION_ERROR] again")),
        "{text}"
    );
}

#[test]
fn errors_that_a_subscriber_filters_out_are_shown_nowhere() {
    let text = stderr_of("deaf");
    assert!(!text.contains("gardefou: error in"), "{text}");
}

#[test]
fn notifications_that_no_subscriber_takes_go_to_the_standard_error() {
    for child in ["none", "deaf"] {
        let text = stderr_of(child);
        let alert = "gardefou: alert: error: DB_CONNECTION_ERROR: no route\\nto the database";
        let alerts: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("gardefou: alert:"))
            .collect();
        assert_eq!(
            alerts,
            [alert, &format!("{alert} (40 more were held back)")],
            "{child}: {text}"
        );
    }
}
