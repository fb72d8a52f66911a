use crate::Bench;
use gardefou::{
    AppError, ErrorCode,
    alerts::{Alerts, AlertsConfig, CallbackChannel, Rule},
    bail, error_boundary,
    event::Severity,
    monitor::{ErrorMonitor, ErrorRecord, Fingerprint, MonitorConfig, RecordAction, RecordKind},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

fn noise() -> Result<(), AppError> {
    error_boundary!("hook-noise", { bail!(ErrorCode::TIMEOUT_ERROR, "noise") })
}

fn signal() -> Result<(), AppError> {
    error_boundary!("hook-signal", { bail!(ErrorCode::SYNC_ERROR, "signal") })
}

fn drop_noise(record: &mut ErrorRecord) -> RecordAction {
    if record.operation == "hook-noise" {
        RecordAction::Drop
    } else {
        RecordAction::Keep
    }
}

#[test]
fn dropped_record_is_not_counted_not_journalled_and_brings_no_notification() {
    let bench = Bench::new("hook-", MonitorConfig::builder().before_record(drop_noise));
    let titles = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&titles);
    let channel = CallbackChannel::new("hook", move |notification| {
        sink.lock().unwrap().push(notification.title.clone());
        Ok(())
    });
    let rule = Rule::immediate("hooked")
        .operation("hook-noise")
        .operation("hook-signal");
    let config = AlertsConfig::builder()
        .channel(channel)
        .rule(rule)
        .monitor(bench.monitor.clone())
        .background(false);
    let alerts = Alerts::start(config.build().unwrap()).unwrap();
    let failed = noise().unwrap_err();
    assert_eq!(
        failed.code(),
        ErrorCode::TIMEOUT_ERROR,
        "the call fails as it did"
    );
    signal().unwrap_err();
    alerts.run();
    drop(alerts);
    let stats = bench.monitor.stats();
    assert!(
        stats
            .recent_errors
            .iter()
            .all(|record| record.operation == "hook-signal")
    );
    assert_eq!(stats.total_errors, stats.recent_errors.len() as u64);
    assert!(stats.total_errors > 0 && !stats.error_counts.contains_key("TIMEOUT_ERROR"));
    let journalled = bench.journalled(RecordKind::Error);
    assert!(
        journalled
            .iter()
            .all(|record| record.operation == "hook-signal")
            && !journalled.is_empty()
    );
    assert_eq!(*titles.lock().unwrap(), ["SYNC_ERROR: signal"]);
}

fn alone(hook: impl Fn(&mut ErrorRecord) -> RecordAction + Send + Sync + 'static) -> Bench {
    Bench::new("no operation", MonitorConfig::builder().before_record(hook))
}

#[test]
fn statistics_and_journal_show_the_changes_of_the_hook() {
    let group = Fingerprint::from_parts(&["one group"]);
    let bench = alone(move |record| {
        record.level = Severity::Critical;
        record.operation = "renamed".into();
        record.error_code = "CONFIG_ERROR".into();
        record.message = "another text".into();
        record.fingerprint = group;
        RecordAction::Keep
    });
    let id = bench
        .monitor
        .record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    let snapshot = bench.monitor.snapshot();
    assert_eq!((snapshot.levels.critical, snapshot.levels.error), (1, 0));
    assert_eq!(snapshot.operations[0].name, "renamed");
    assert_eq!(snapshot.codes[0].name, "CONFIG_ERROR");
    assert_eq!(
        (snapshot.groups[0].fingerprint, snapshot.groups[0].count),
        (group, 1)
    );
    for record in [
        &snapshot.recent_errors[0],
        &bench.journalled(RecordKind::Error)[0],
    ] {
        assert_eq!(
            (record.id, record.level, record.fingerprint),
            (id, Severity::Critical, group)
        );
        assert_eq!(
            (record.operation.as_str(), record.message.as_str()),
            ("renamed", "another text")
        );
        assert_eq!(record.error_code, "CONFIG_ERROR");
    }
}

#[test]
fn additions_of_a_hook_are_redacted_and_bounded() {
    let bench = alone(|record| {
        record.message = format!("password=hunter2 {}", "x".repeat(100_000));
        record.chain = vec!["token=hunter2".to_owned(); 100];
        record.details.insert("api_key".into(), "hunter2".into());
        record
            .details
            .insert("long".into(), "é".repeat(100_000).into());
        record.operation = "line\nbreak".into();
        RecordAction::Keep
    });
    bench
        .monitor
        .record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    let record = bench.journalled(RecordKind::Error).remove(0);
    let json = serde_json::to_string(&record).unwrap();
    assert!(!json.contains("hunter2"), "{json}");
    assert!(
        json.len() < 40_000 && record.message.len() < 5_000 && record.chain.len() <= 16,
        "{}",
        json.len()
    );
    assert_eq!(record.operation, "line\\nbreak");
}

#[test]
fn long_text_that_no_hook_changed_is_not_cut_again() {
    let plain = Bench::new("no operation", MonitorConfig::builder());
    let hooked = alone(|_| RecordAction::Keep);
    let err = || AppError::new(ErrorCode::SYNC_ERROR, "a b ".repeat(10_000));
    plain.monitor.record(&err());
    hooked.monitor.record(&err());
    let message = |bench: &Bench| bench.journalled(RecordKind::Error).remove(0).message;
    assert_eq!(message(&plain), message(&hooked));
}

#[test]
fn hook_cannot_change_identity_kind_and_time() {
    let bench = alone(|record| {
        let fresh = AppError::new(ErrorCode::SYNC_ERROR, "another");
        record.id = fresh.id();
        record.kind = RecordKind::Health;
        record.timestamp = gardefou::time::Timestamp::from_unix_millis(0);
        RecordAction::Keep
    });
    let err = AppError::new(ErrorCode::SYNC_ERROR, "late");
    bench.monitor.record(&err);
    let record = bench.journalled(RecordKind::Error).remove(0);
    assert_eq!((record.id, record.kind), (err.id(), RecordKind::Error));
    assert_ne!(record.timestamp.as_unix_millis(), 0);
}

#[test]
fn panicking_hook_leaves_the_record_unchanged() {
    let bench = alone(|record| {
        record.message = "half-way".into();
        panic!("a faulty hook");
    });
    bench
        .monitor
        .record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    assert_eq!(bench.monitor.stats().total_errors, 1);
    assert_eq!(bench.journalled(RecordKind::Error)[0].message, "late");
}

#[test]
fn errors_reported_by_a_hook_are_recorded_without_it() {
    let itself = Arc::new(Mutex::new(None::<ErrorMonitor>));
    let inner = Arc::clone(&itself);
    let bench = alone(move |record| {
        let monitor = inner.lock().unwrap().clone().unwrap();
        monitor.record(&AppError::new(ErrorCode::CONFIG_ERROR, "from the hook"));
        record.message = "changed".into();
        RecordAction::Keep
    });
    *itself.lock().unwrap() = Some(bench.monitor.clone());
    bench
        .monitor
        .record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    let messages: Vec<_> = bench
        .journalled(RecordKind::Error)
        .into_iter()
        .map(|record| record.message)
        .collect();
    assert_eq!(messages, ["from the hook", "changed"]);
    *itself.lock().unwrap() = None;
}

#[test]
fn slow_hook_does_not_delay_other_threads() {
    // It waits until another thread records on the same monitor: under a lock, that would deadlock.
    let itself = Arc::new(Mutex::new(None::<ErrorMonitor>));
    let inner = Arc::clone(&itself);
    let bench = alone(move |record| {
        if record.message == "slow" {
            let monitor = inner.lock().unwrap().clone().unwrap();
            let (sender, done) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                monitor.record(&AppError::new(ErrorCode::CONFIG_ERROR, "quick"));
                monitor.clear();
                sender.send(()).unwrap();
            });
            done.recv_timeout(Duration::from_secs(60)).unwrap();
        }
        RecordAction::Keep
    });
    *itself.lock().unwrap() = Some(bench.monitor.clone());
    bench
        .monitor
        .record(&AppError::new(ErrorCode::SYNC_ERROR, "slow"));
    assert_eq!(bench.journalled(RecordKind::Error).len(), 2);
    *itself.lock().unwrap() = None;
}
