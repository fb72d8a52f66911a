//! Errors and notifications of a program without a log subscriber, or with one that filters them out.

use gardefou::{
    AppError, ErrorCode, ErrorSystem,
    alerts::{AlertsConfig, Rule},
    testing::Scope,
};
use gardefou_tests::testkit::{child, log::Listener};

fn fail(message: &str) {
    let cause = std::io::Error::other("refused by https://ann:hunter2@db/");
    gardefou::report(&AppError::new(ErrorCode::DB_CONNECTION_ERROR, message).with_source(cause));
}

/// Runs in a child process, whose standard error is read.
#[test]
fn child_that_reports_errors() {
    let Some([log]) = child::orders() else { return };
    if log == "filters" {
        Listener::disabled().install();
    }
    let alerts = AlertsConfig::builder().rule(Rule::immediate("every"));
    let guard = ErrorSystem::builder().alerts(alerts).init().unwrap();
    Scope::new().run(|| fail("inside of a test"));
    fail("no route\nto the database");
    (0..40).for_each(|_| fail("again"));
    guard.shutdown();
}

fn stderr_of(log: &str) -> String {
    let child = "without_subscriber::child_that_reports_errors";
    let child = child::command(child, log).output().unwrap();
    let text = String::from_utf8(child.stderr).unwrap();
    assert!(child.status.success(), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    text
}

#[test]
fn errors_without_a_subscriber_go_to_the_standard_error() {
    let text = stderr_of("none");
    // The warnings of the start come first, and the notification is among the lines.
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
        line.ends_with(')') && line.contains("without_subscriber.rs:"),
        "{line}"
    );
    assert_eq!(lines.clone().count(), 19, "{text}");
    assert!(
        lines.all(|line| line.contains("[DB_CONNECTION_ERROR] again")),
        "{text}"
    );
}

#[test]
fn errors_that_a_subscriber_filters_out_are_not_shown() {
    let text = stderr_of("filters");
    assert!(!text.contains("gardefou: error in"), "{text}");
}

#[test]
fn notifications_that_no_subscriber_records_go_to_the_standard_error() {
    for child in ["none", "filters"] {
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
