//! Every interleaving of two threads that record and one that reads or clears; run by
//! `RUSTFLAGS="--cfg loom" cargo test -p gardefou --lib --no-default-features loom`.

use super::*;
use crate::{
    error::{AppError, ErrorCode},
    event::Severity,
};
use loom::{sync::Arc, thread};

fn shards() -> Arc<Shards> {
    Arc::new(Shards::new_at(
        &MonitorConfig::default(),
        Timestamp::from_unix_millis(0),
    ))
}

fn record(shards: &Shards, operation: &str) {
    let error = AppError::new(ErrorCode::SYNC_ERROR, "late");
    let event = &ErrorEvent::from_app_error(&error, Severity::Error, operation, "app");
    let (fingerprint, texts) = (
        Fingerprint::from_parts(&[operation]),
        Texts::from_event(event),
    );
    let (now, timestamp, context) = (Tick::ZERO, Timestamp::from_unix_millis(0), None);
    drop(shards.record(Arrival {
        event,
        now,
        timestamp,
        fingerprint,
        texts,
        context,
    }));
}

fn total(tables: &ErrorTables) -> u64 {
    let sum = tables
        .groups
        .iter()
        .map(|(_, group)| group.count)
        .sum::<u64>()
        + tables.groups.other().count;
    assert_eq!(tables.total, sum);
    tables.total
}

#[test]
fn reader_sees_every_error_recorded_before() {
    loom::model(|| {
        let shards = shards();
        let other = Arc::clone(&shards);
        let there = thread::spawn(move || {
            record(&other, "a");
            assert!(other.read(|tables, _| total(tables)) >= 1);
        });
        // Two groups fill a batch, so that the tables take it while the other thread reads.
        record(&shards, "b");
        record(&shards, "c");
        assert!(shards.read(|tables, _| total(tables)) >= 2);
        there.join().unwrap();
        assert_eq!(
            shards.read(|tables, recent| (total(tables), recent.len())),
            (3, 3)
        );
    });
}

#[test]
fn clear_takes_each_error_or_leaves_it() {
    loom::model(|| {
        let shards = shards();
        let other = Arc::clone(&shards);
        let there = thread::spawn(move || {
            record(&other, "a");
            record(&other, "b");
        });
        let fresh =
            ErrorTables::boxed_at(&MonitorConfig::default(), Timestamp::from_unix_millis(0));
        let (before, _evicted) = shards.replace(fresh);
        there.join().unwrap();
        let (left, kept) = shards.read(|tables, recent| (total(tables), recent.len() as u64));
        assert_eq!((total(&before) + left, kept), (2, left));
    });
}
