//! Recording by hand, and errors inside attempts.

use super::support::with_clock;
use crate::{
    error::{AppError, ErrorCode},
    event::{ErrorEvent, Event, Observer, Record, RecordState, Severity},
    monitor::journal,
};
use std::{io, sync::Arc};

#[test]
fn error_is_recorded_once_by_its_identity() {
    let (monitor, _clock) = with_clock();
    let err = AppError::new(ErrorCode::SYNC_ERROR, "late");
    assert_eq!(monitor.record(&err), err.id());
    monitor.record(&err);
    let id = err.id();
    let carrier = io::Error::other(err);
    assert_eq!(monitor.record(&carrier), id);
    assert_eq!(monitor.stats().total_errors, 1);
    monitor.record_at(
        Severity::Critical,
        &io::Error::from(io::ErrorKind::TimedOut),
    );
    let snapshot = monitor.snapshot();
    assert_eq!((snapshot.levels.error, snapshot.levels.critical), (1, 1));
    assert_eq!(snapshot.recent_errors[1].error_code, "UNKNOWN_ERROR");
}

#[test]
fn error_whose_display_panics_is_counted() {
    #[derive(Debug)]
    struct Odd;
    impl std::fmt::Display for Odd {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("a faulty Display")
        }
    }
    impl std::error::Error for Odd {}
    let (monitor, _clock) = with_clock();
    monitor.record(&Odd);
    let stats = monitor.stats();
    assert_eq!(
        (
            stats.total_errors,
            stats.recent_errors[0].error_type.as_str()
        ),
        (1, "Odd")
    );
}

#[derive(Debug, Default)]
struct RecordingJournal(std::sync::Mutex<Vec<Record>>);

impl journal::Journal for RecordingJournal {
    fn append(&self, record: &Record) -> Result<(), journal::JournalError> {
        self.0.lock().unwrap().push(record.clone());
        Ok(())
    }

    fn query(&self, _: &journal::Query) -> Result<journal::Page, journal::JournalError> {
        Ok(journal::Page::new(self.0.lock().unwrap().clone(), None))
    }

    fn counts(&self) -> Result<journal::ErrorCounts, journal::JournalError> {
        Ok(journal::ErrorCounts::default())
    }

    fn flush(&self) -> Result<(), journal::JournalError> {
        Ok(())
    }

    fn status(&self) -> journal::JournalStatus {
        journal::JournalStatus::default()
    }
}

#[test]
fn errors_inside_attempts_are_journalled_at_once_and_counted_once_settled() {
    let (monitor, _clock) = with_clock();
    let kept = Arc::new(RecordingJournal::default());
    monitor.set_journal(kept.clone());
    let err = AppError::new(ErrorCode::TIMEOUT_ERROR, "late");
    let report = |state| {
        let event = ErrorEvent::from_app_error(&err, Severity::Error, "load", "app");
        monitor.on_event(&Event::Error(ErrorEvent {
            state,
            attempt: Some((1, 3)),
            ..event
        }));
        let stats = monitor.stats();
        (
            stats.total_errors,
            stats.recent_errors.len(),
            kept.0.lock().unwrap().len(),
        )
    };
    assert_eq!(report(RecordState::Pending), (0, 0, 1));
    assert_eq!(report(RecordState::Retried), (0, 0, 2));
    assert_eq!(report(RecordState::Error), (1, 1, 3));
    let lines: Vec<_> = kept
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|record| (record.id, record.state, record.attempt))
        .collect();
    let states = [
        RecordState::Pending,
        RecordState::Retried,
        RecordState::Error,
    ];
    assert_eq!(lines, states.map(|state| (err.id(), state, Some((1, 3)))));
}
