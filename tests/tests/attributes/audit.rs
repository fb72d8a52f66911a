//! `#[log_sensitive_operations]`.

use crate::support::{R, busy, reported_by};
use gardefou::{
    ErrorCode, enhanced_error_handling,
    event::{AuditOutcome, Event, Observer, names, subscribe},
    guarded_functions, log_sensitive_operations,
    monitor::{
        ErrorMonitor, ErrorRecord, MonitorConfig, RecordKind,
        journal::{FileJournal, JournalConfig, Query},
    },
    retry,
};
use gardefou_tests::testkit::{
    events::{Collected, collect},
    log::capture,
    runtime::one_thread,
};
use std::{
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};
use tracing::Level;

/// Collects the audit events of an operation as `outcome level user`, with the code and message of a
/// failure.
fn trail(operation: &'static str) -> Collected<String> {
    collect(move |event| {
        let Event::Audit(audit) = event else {
            return None;
        };
        if audit.operation != operation {
            return None;
        }
        assert_eq!(
            audit.elapsed.is_none(),
            audit.outcome == AuditOutcome::Started
        );
        let mut line = format!("{} {} {}", audit.outcome, audit.level, audit.user);
        if let (Some(code), Some(message)) = (audit.code, audit.message) {
            line += &format!(": {code} {message}");
        }
        Some(line)
    })
}

#[log_sensitive_operations("audit-delete", user = user_id)]
fn delete(user_id: String, fails: bool) -> R<String> {
    if fails { Err(busy()) } else { Ok(user_id) }
}

#[test]
fn start_and_end_are_logged_with_a_user_that_the_body_moved() {
    let events = trail("audit-delete");
    assert_eq!(delete("ada".into(), false).unwrap(), "ada");
    assert_eq!(events.take(), ["started info ada", "succeeded info ada"]);
    assert!(
        delete("bob".into(), true)
            .unwrap_err()
            .is(ErrorCode::RESOURCE_BUSY_ERROR)
    );
    assert_eq!(
        events.take(),
        [
            "started info bob",
            "failed error bob: RESOURCE_BUSY_ERROR busy"
        ]
    );
}

#[derive(Debug, PartialEq)]
struct Foreign(u8);

#[log_sensitive_operations("audit-levels", success_level = "debug", error_level = "critical")]
async fn with_levels(value: Result<u8, Foreign>) -> Result<u8, Foreign> {
    tokio::task::yield_now().await;
    let value = value?;
    Ok(value)
}

#[tokio::test]
async fn levels_are_configurable_and_foreign_errors_are_returned_unchanged() {
    let events = trail("audit-levels");
    assert_eq!(with_levels(Ok(1)).await, Ok(1));
    assert_eq!(with_levels(Err(Foreign(7))).await, Err(Foreign(7)));
    let expected = [
        "started info unknown",
        "succeeded info unknown",
        "started info unknown",
        "failed critical unknown: UNKNOWN_ERROR Foreign(7)",
    ];
    assert_eq!(events.take(), expected);
}

#[log_sensitive_operations("audit-panic")]
fn panics(n: usize) -> R<u8> {
    Ok([1][n])
}

#[log_sensitive_operations("audit-async")]
async fn waits(mode: &str) -> R<()> {
    tokio::task::yield_now().await;
    assert_ne!(mode, "panic");
    std::future::pending().await
}

#[test]
fn panic_is_logged_and_propagates() {
    let events = trail("audit-panic");
    let payload = catch_unwind(|| panics(1)).unwrap_err();
    assert!(
        payload
            .downcast_ref::<String>()
            .unwrap()
            .contains("out of bounds")
    );
    assert_eq!(
        events.take(),
        ["started info unknown", "panicked error unknown"]
    );
}

#[tokio::test(start_paused = true)]
async fn cancellation_and_panic_are_distinguished_even_while_unwinding() {
    let events = trail("audit-async");
    drop(waits("never polled"));
    assert_eq!(events.take(), <[&str; 0]>::default());

    assert!(
        tokio::time::timeout(Duration::from_secs(1), waits("drop"))
            .await
            .is_err()
    );
    assert_eq!(
        events.take(),
        ["started info unknown", "cancelled error unknown"]
    );

    assert!(tokio::spawn(waits("panic")).await.unwrap_err().is_panic());
    assert_eq!(
        events.take(),
        ["started info unknown", "panicked error unknown"]
    );

    let mut pending = Box::pin(waits("drop"));
    assert!(is_pending(&mut pending).await);
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _pending = pending;
        panic!("of another");
    }));
    assert!(unwound.is_err());
    assert_eq!(
        events.take(),
        ["started info unknown", "cancelled error unknown"]
    );
}

/// Polls once, and returns `true` if the future is pending.
async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
    })
    .await
}

struct Odd;

impl fmt::Display for Odd {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("a faulty Display")
    }
}

#[log_sensitive_operations("audit-odd", user = user)]
fn odd(user: &dyn fmt::Display, password: &str) -> Result<(), io::Error> {
    Err(io::Error::other(format!(
        "postgres://app:{password}@db refused\nfor good"
    )))
}

#[test]
fn users_are_bounded_escaped_and_redacted() {
    let events = trail("audit-odd");
    let long = "é".repeat(1_000_000);
    let users: [(&dyn fmt::Display, &str); 4] = [
        (&"a\nb", "a\\nb"),
        (&long, "ééé"),
        (&"Authorization: Bearer abcdefghijklmnop", "Authorization:"),
        (&Odd, "(its Display panicked)"),
    ];
    for (user, shown) in users {
        assert!(
            odd(user, "hunter2")
                .unwrap_err()
                .to_string()
                .contains("hunter2"),
            "the error itself is untouched"
        );
        let events = events.take();
        assert_eq!(events.len(), 2);
        assert!(
            events[0].starts_with(&format!("started info {shown}")),
            "{}",
            events[0]
        );
        assert!(events.iter().all(|line| !line.contains("hunter2")
            && !line.contains("abcdefgh")
            && line.len() < 512));
        assert!(
            events[1].ends_with("@db refused\\nfor good"),
            "{}",
            events[1]
        );
    }
}

#[log_sensitive_operations("audit-around")]
#[retry(max_retries = 1, initial_delay = 0)]
#[log_sensitive_operations("audit-inside")]
fn stacked() -> R<()> {
    Err(busy())
}

#[test]
fn audit_stacks_in_written_order_and_is_listed() {
    let [around, inside] = ["audit-around", "audit-inside"].map(trail);
    assert!(stacked().is_err());
    assert_eq!((around.take().len(), inside.take().len()), (2, 4));
    let all = guarded_functions();
    let ours: Vec<_> = all
        .iter()
        .filter(|function| function.name() == "stacked")
        .collect();
    assert!(
        ours.iter().any(|it| (it.attribute(), it.arguments())
            == ("log_sensitive_operations", "\"audit-around\""))
    );
}

#[enhanced_error_handling]
#[log_sensitive_operations("audit-reported")]
fn audited_and_reported() -> R<()> {
    Err(busy())
}

#[test]
fn audited_error_is_still_reported_once() {
    let reported = reported_by("audited_and_reported");
    assert!(audited_and_reported().is_err());
    assert_eq!(reported.all().len(), 1);
    let before = reported_by("delete");
    assert!(delete("eve".into(), true).is_err());
    assert!(before.all().is_empty());
}

#[log_sensitive_operations("audit-logged", user = "ada", error_level = "warn")]
async fn logged(card_number: u64) -> R<()> {
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let checked = card_number.is_multiple_of(2);
    gardefou::ensure!(checked, ErrorCode::PERMISSION_ERROR, "refused\ntwice");
    Ok(())
}

#[test]
fn log_lines_have_the_catalogued_fields_and_no_arguments() {
    let run = || {
        one_thread().block_on(async {
            logged(4_242_424_242).await.unwrap();
            logged(4_242_424_243).await.unwrap_err();
        });
    };
    let ((), lines) = capture(|line| line.target() == names::TARGET_AUDIT, run);
    let levels: Vec<Level> = lines.iter().map(|line| line.level).collect();
    assert_eq!(levels, [Level::INFO, Level::INFO, Level::INFO, Level::WARN]);
    use names::field;
    let (started, failed) = (&lines[2], &lines[3]);
    assert!(
        started.field(field::DURATION).is_none() && started.field(field::ERROR_CODE).is_none(),
        "{started:?}"
    );
    let expected = [
        (field::OPERATION, "audit-logged"),
        (field::COMPONENT, module_path!()),
        (field::USER, "ada"),
        (field::OUTCOME, AuditOutcome::Failed.name()),
        (field::DURATION, "1.5"),
        (field::ERROR_CODE, "501"),
        (field::ERROR_CODE_NAME, "PERMISSION_ERROR"),
        (field::ERROR_TEXT, "refused\\ntwice"),
        (field::SEVERITY, "warning"),
        (field::MESSAGE, "`audit-logged` failed"),
    ];
    for (name, value) in expected {
        assert_eq!(failed[name], value, "{name}");
    }
    assert!(
        lines
            .iter()
            .all(|line| !format!("{line:?}").contains("42424242")),
        "{lines:?}"
    );
}

#[log_sensitive_operations("audit-kept", user = user, error_level = "info")]
fn kept(user: &str) -> R<()> {
    if user == "eve" { Err(busy()) } else { Ok(()) }
}

fn of_audit(monitor: &ErrorMonitor) -> Vec<ErrorRecord> {
    monitor
        .query(&Query::new().kind(RecordKind::Audit))
        .unwrap()
        .records
}

#[test]
fn journal_writes_the_trail_immediately_and_counts_no_errors() {
    let folder = tempfile::tempdir().unwrap();
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    let journal = Arc::new(FileJournal::open(
        JournalConfig::builder(folder.path()).build().unwrap(),
    ));
    monitor.set_journal(journal);
    let ours = monitor.clone();
    let _listening = subscribe(move |event: &Event<'_>| {
        if matches!(event, Event::Audit(audit) if audit.operation == "audit-kept") {
            ours.on_event(event);
        }
    });
    kept("ada").unwrap();
    let _ = kept("eve").unwrap_err();
    let lines = std::fs::read_to_string(folder.path().join("errors-00000001.jsonl")).unwrap();
    assert_eq!(
        lines.lines().count(),
        4,
        "written before the call went on, whatever the level"
    );
    let records = of_audit(&monitor);
    let texts: Vec<_> = records
        .iter()
        .rev()
        .map(|it| (it.message.as_str(), it.details["user"].as_str()))
        .collect();
    let expected = [
        ("`audit-kept` started", Some("ada")),
        ("`audit-kept` succeeded", Some("ada")),
        ("`audit-kept` started", Some("eve")),
        ("`audit-kept` failed: busy", Some("eve")),
    ];
    assert_eq!(texts, expected);
    assert_eq!(
        (records[0].code, &*records[0].error_code),
        (502, "RESOURCE_BUSY_ERROR")
    );
    assert_eq!(records[0].details["outcome"], "failed");
    assert!(records[0].elapsed.is_some() && records[1].elapsed.is_none());
    assert!(
        monitor.query(&Query::new()).unwrap().records.is_empty(),
        "it is no error"
    );
    assert_eq!(
        (
            monitor.stats().total_errors,
            monitor.counts().unwrap().by_code.len()
        ),
        (0, 0)
    );
}

#[log_sensitive_operations("audit-unkept")]
fn unkept() -> R<u8> {
    Ok(1)
}

#[test]
fn failing_journal_changes_no_call() {
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    let file = tempfile::NamedTempFile::new().unwrap();
    // A folder cannot be created under a file.
    let journal = FileJournal::open(
        JournalConfig::builder(file.path().join("journal"))
            .build()
            .unwrap(),
    );
    monitor.set_journal(Arc::new(journal));
    let _listening = subscribe(monitor.clone());
    assert_eq!(unkept().unwrap(), 1);
    assert!(!monitor.journal_status().unwrap().is_healthy());
}
