use crate::Bench;
use gardefou::{
    AppError, ErrorCode, bail, error_boundary,
    event::{Event, Record, subscribe},
    monitor::{MonitorConfig, RecordKind},
};
use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

type Records = Arc<Mutex<Vec<Arc<Record>>>>;

#[test]
fn observers_of_one_event_share_one_record() {
    fn fail() -> Result<(), AppError> {
        error_boundary!("shared-one", { bail!(ErrorCode::SYNC_ERROR, "late") })
    }

    let (first, second) = (Records::default(), Records::default());
    let keep = |sink: &Records| {
        let sink = Arc::clone(sink);
        subscribe(move |event: &Event<'_>| {
            if let Event::Error(error) = event
                && error.operation == "shared-one"
            {
                sink.lock().unwrap().extend(event.record());
                sink.lock().unwrap().extend(error.record());
            }
        })
    };
    let _subscriptions = (keep(&first), keep(&second));
    let err = fail().unwrap_err();
    let (first, second) = (first.lock().unwrap(), second.lock().unwrap());
    assert_eq!((first.len(), second.len()), (2, 2));
    assert!(
        first
            .iter()
            .chain(second.iter())
            .all(|record| Arc::ptr_eq(record, &first[0]))
    );
    assert_eq!(
        (first[0].id, first[0].kind, &*first[0].message),
        (err.id(), RecordKind::Error, "late")
    );
}

/// Counts how often it is displayed.
#[derive(Debug)]
struct Counting(Arc<AtomicU32>);

impl fmt::Display for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fetch_add(1, Ordering::Relaxed);
        f.write_str("counted")
    }
}

impl std::error::Error for Counting {}

#[test]
fn error_is_displayed_once_for_statistics_and_journal() {
    let bench = Bench::new("no operation", MonitorConfig::builder());
    let written = Arc::new(AtomicU32::new(0));
    bench.monitor.record(&Counting(Arc::clone(&written)));
    assert_eq!(written.load(Ordering::Relaxed), 1);
    assert_eq!(bench.monitor.stats().recent_errors[0].message, "counted");
    assert_eq!(bench.journalled(RecordKind::Error)[0].message, "counted");
    assert_eq!(written.load(Ordering::Relaxed), 1);
}

#[test]
fn recent_error_and_journal_record_differ_in_details_only() {
    let bench = Bench::new("no operation", MonitorConfig::builder());
    let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "token=hunter2 was refused")
        .with_detail("table", "clips");
    bench.monitor.record(&err);
    let recent = bench.monitor.stats().recent_errors.remove(0);
    let mut kept = bench.journalled(RecordKind::Error).remove(0);
    assert_eq!(kept.details["table"], "clips");
    assert!(!kept.message.contains("hunter2"), "{}", kept.message);
    kept.details.clear();
    assert_eq!(recent, kept);
}
