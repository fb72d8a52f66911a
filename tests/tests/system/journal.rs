//! Health, monitor, journal and alerts in one system.

use gardefou::{
    AppError, ErrorCode, ErrorSystem, InitError,
    alerts::{AlertsConfig, CallbackChannel, Rule},
    enhanced_error_handling, error_monitor,
    event::Severity,
    health::{Check, HealthConfig, Status},
    health_check,
    monitor::{
        ErrorRecord, MonitorConfig, RecordKind,
        journal::{ErrorCounts, Journal, JournalConfig, JournalError, JournalStatus, Page, Query},
    },
};
use gardefou_tests::testkit::lock::alone;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

#[test]
fn change_of_health_and_error_are_in_the_journal_after_the_shutdown() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = || JournalConfig::builder(folder.path()).background(false);
    let guard = ErrorSystem::builder()
        .health(HealthConfig::builder().background(false))
        .monitor(MonitorConfig::builder().recent_events(7))
        .journal(config())
        .init()
        .unwrap();
    let up = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&up);
    let check = Check::dependency("journalled", move || seen.load(Ordering::SeqCst))
        .critical()
        .failure_threshold(1);
    health_check().register(check).unwrap();
    let _ = health_check().run_check("journalled");
    up.store(false, Ordering::SeqCst);
    let _ = health_check().run_check("journalled");
    health_check().unregister("journalled");
    gardefou::report(&AppError::new(
        ErrorCode::SYNC_ERROR,
        "streams drifted apart",
    ));

    let report = guard.shutdown();
    let journal = report.part("journal").unwrap();
    assert_eq!(
        (journal.sent, journal.dropped, journal.in_time),
        (3, 0, true),
        "{report}"
    );
    assert!(report.is_clean(), "{report}");

    let journal = error_monitor().journal().unwrap();
    let changes = journal
        .query(&Query::default().kind(RecordKind::Health))
        .unwrap()
        .records;
    let texts: Vec<_> = changes
        .iter()
        .map(|record| (record.message.as_str(), record.level))
        .collect();
    let failed = "health check `journalled` went from pass to fail: the check returned false";
    let passed = "health check `journalled` went from unknown to pass";
    assert_eq!(
        texts,
        [(failed, Severity::Critical), (passed, Severity::Info)]
    );
    assert_eq!(
        journal.query(&Query::default()).unwrap().records.len(),
        1,
        "a query for errors has errors alone"
    );
}

#[test]
fn shutdown_sends_the_notification_of_a_failed_critical_check() {
    let _turn = alone();
    let (sender, titles) = mpsc::channel();
    let channel = CallbackChannel::new("health-alerts", move |notification| {
        let _ = sender.send(notification.title.clone());
        Ok(())
    });
    let guard = ErrorSystem::builder()
        .health(HealthConfig::builder().background(false))
        .alerts(
            AlertsConfig::builder()
                .channel(channel)
                .rule(Rule::health("health checks")),
        )
        .init()
        .unwrap();
    health_check()
        .register(Check::dependency("alerted", || false).critical())
        .unwrap();
    let _ = health_check().run_check("alerted");
    health_check().unregister("alerted");
    let report = guard.shutdown();
    assert_eq!(
        report.part("alerts").map(|part| (part.sent, part.in_time)),
        Some((1, true)),
        "{report}"
    );
    let order: Vec<_> = report
        .parts()
        .iter()
        .map(|part| part.part)
        .filter(|part| *part != "journal")
        .collect();
    assert_eq!(order, ["health", "alerts"]);
    assert!(titles.recv().unwrap().contains("alerted"));
}

#[enhanced_error_handling(log_level = "warn")]
fn warned() -> Result<(), AppError> {
    Err(AppError::new(
        ErrorCode::SYNC_ERROR,
        "reported before the shutdown",
    ))
}

#[test]
fn dropping_the_guard_writes_queued_records_and_sends_due_notifications() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let titles = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&titles);
    let channel = CallbackChannel::new("dropped", move |notification| {
        sink.lock().unwrap().push(notification.title.clone());
        Ok(())
    });
    let rule = Rule::immediate("errors");
    // Neither has a thread that could be quicker than the guard.
    let guard = ErrorSystem::builder()
        .health(HealthConfig::builder().background(false))
        .journal(JournalConfig::builder(folder.path()).background(false))
        .alerts(
            AlertsConfig::builder()
                .background(false)
                .channel(channel)
                .rule(rule),
        )
        .init()
        .unwrap();
    gardefou::report(&AppError::new(ErrorCode::CONFIG_ERROR, "due"));
    assert!(warned().is_err());
    let kept = || -> String {
        let files = std::fs::read_dir(folder.path()).into_iter().flatten();
        files
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
            .collect()
    };
    assert!(
        !kept().contains("reported before the shutdown") && titles.lock().unwrap().is_empty(),
        "a warning is written later"
    );
    drop(guard);
    assert_eq!(kept().matches("reported before the shutdown").count(), 1);
    assert_eq!(*titles.lock().unwrap(), ["CONFIG_ERROR: due"]);
}

#[test]
fn different_settings_of_every_part_are_named() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let first = ErrorSystem::builder()
        .journal(JournalConfig::builder(folder.path()))
        .init()
        .unwrap();
    assert!(
        ErrorSystem::builder()
            .journal(JournalConfig::builder(folder.path()))
            .init()
            .is_ok()
    );
    let other = ErrorSystem::builder()
        .journal(JournalConfig::builder("elsewhere"))
        .monitor(MonitorConfig::builder().recent_events(1))
        .shutdown_deadline(Duration::from_secs(1));
    let Err(InitError::AlreadyInitialised { settings, .. }) = other.init() else {
        panic!("must be refused")
    };
    assert_eq!(settings, ["monitor", "journal", "shutdown_deadline"]);
    drop(first);
}

#[test]
fn problems_of_all_parts_are_in_one_error() {
    let _turn = alone();
    let err = ErrorSystem::builder()
        .health(HealthConfig::builder().concurrency(0))
        .monitor(MonitorConfig::builder().max_codes(0))
        .journal(JournalConfig::builder("x").max_bytes(1))
        .init()
        .unwrap_err();
    let InitError::Config(err) = err else {
        panic!("{err:?}")
    };
    let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    assert_eq!(
        fields,
        ["concurrency", "max_codes", "max_segment_bytes", "max_bytes"]
    );
}

/// A journal whose flush hangs.
#[derive(Debug)]
struct Hanging(Mutex<mpsc::Receiver<()>>);

impl Journal for Hanging {
    fn append(&self, _: &ErrorRecord) -> Result<(), JournalError> {
        Ok(())
    }

    fn query(&self, _: &Query) -> Result<Page, JournalError> {
        Ok(Page::new(Vec::new(), None))
    }

    fn counts(&self) -> Result<ErrorCounts, JournalError> {
        Ok(ErrorCounts::default())
    }

    fn flush(&self) -> Result<(), JournalError> {
        let _ = self.0.lock().unwrap().recv();
        Ok(())
    }

    fn status(&self) -> JournalStatus {
        JournalStatus::default()
    }
}

#[test]
fn shutdown_keeps_its_deadline_while_the_journal_hangs() {
    let _turn = alone();
    let (_end, ended) = mpsc::channel();
    let journal = Arc::new(Hanging(Mutex::new(ended)));
    let guard = ErrorSystem::builder()
        .journal_in(journal)
        .shutdown_deadline(Duration::ZERO)
        .init()
        .unwrap();
    let report = guard.shutdown();
    assert_eq!(report.part("journal").map(|part| part.in_time), Some(false));
    assert!(!report.is_clean());
    assert!(
        report
            .to_string()
            .contains("journal: 0 sent, 0 kept, 0 dropped, not in time"),
        "{report}"
    );
}

#[test]
fn journal_that_cannot_write_is_a_warning_of_health() {
    #[derive(Debug, Default)]
    struct Failing(AtomicBool);
    impl Journal for Failing {
        fn append(&self, _: &ErrorRecord) -> Result<(), JournalError> {
            Err(JournalError::new("append a record", "no space left"))
        }
        fn query(&self, _: &Query) -> Result<Page, JournalError> {
            Ok(Page::new(Vec::new(), None))
        }
        fn counts(&self) -> Result<ErrorCounts, JournalError> {
            Ok(ErrorCounts::default())
        }
        fn flush(&self) -> Result<(), JournalError> {
            Ok(())
        }
        fn status(&self) -> JournalStatus {
            let mut status = JournalStatus::default();
            if self.0.load(Ordering::SeqCst) {
                status.failing_since = Some(std::time::SystemTime::UNIX_EPOCH.into());
                status.last_error = Some("no space left, password=hunter2".into());
            }
            status
        }
    }
    let _turn = alone();
    let journal = Arc::new(Failing::default());
    let health = HealthConfig::builder().background(false);
    let guard = ErrorSystem::builder()
        .health(health)
        .journal_in(Arc::clone(&journal) as _)
        .init()
        .unwrap();
    let entry = || {
        health_check()
            .health_status()
            .check("monitor:journal")
            .cloned()
            .unwrap()
    };
    assert_eq!(entry().status, Status::Pass);
    journal.0.store(true, Ordering::SeqCst);
    let failing = entry();
    assert_eq!(
        (failing.status, failing.weight),
        (Status::Warn, Status::Warn)
    );
    let output = failing.output.unwrap();
    assert!(
        output.starts_with("nothing can be written since 1970-01-01T"),
        "{output}"
    );
    assert!(
        output.contains("no space left") && !output.contains("hunter2"),
        "{output}"
    );
    let excluded = health_check().health_status_without(&["monitor:journal"]);
    assert!(excluded.check("monitor:journal").is_none());
    assert_eq!(excluded.excluded(), ["monitor:journal"]);
    journal.0.store(false, Ordering::SeqCst);
    assert_eq!(entry().status, Status::Pass);
    drop(guard);
}

#[test]
fn journal_of_a_system_is_removed_by_a_failed_start_and_by_the_next_start() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = || JournalConfig::builder(folder.path()).background(false);
    error_monitor().take_journal();
    let channel = CallbackChannel::new("a name that no breaker can have: ".repeat(9), |_| Ok(()));
    let refused = ErrorSystem::builder()
        .journal(config())
        .alerts(AlertsConfig::builder().channel(channel))
        .init();
    assert!(refused.is_err());
    assert!(
        error_monitor().journal().is_none(),
        "left behind by a failed start"
    );

    drop(ErrorSystem::builder().journal(config()).init().unwrap());
    assert!(
        error_monitor().journal().is_some(),
        "errors after the shutdown are kept"
    );
    drop(gardefou::init_error_system().unwrap());
    assert!(
        error_monitor().journal().is_none(),
        "the next system has none"
    );
}

#[test]
fn pages_and_statuses_of_a_journal_are_snapshots() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let journal = JournalConfig::builder(folder.path()).background(false);
    let health = HealthConfig::builder().background(false);
    let guard = ErrorSystem::builder()
        .health(health)
        .journal(journal)
        .init()
        .unwrap();
    let report =
        |n: u32| gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, format!("error {n}")));
    (0..3).for_each(report);
    let journal = error_monitor().journal().unwrap();
    let read = || journal.query(&Query::default()).unwrap();
    let (held, status) = (read(), journal.status());
    let texts = || format!("{held:?} {status:?}");
    let before = texts();
    assert_eq!(held.records.len(), 3);

    (3..6).for_each(report);
    journal.flush().unwrap();
    assert_eq!((read().records.len(), journal.status().written), (6, 6));
    drop(guard);
    drop(folder);
    assert_eq!(texts(), before);
}
