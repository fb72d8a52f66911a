#![expect(clippy::unwrap_used, reason = "these helpers belong to tests")]

use super::*;
use crate::{
    error::{AppError, ErrorCode},
    event::{Event, Observer, Severity},
    monitor::{ErrorMonitor, MonitorSnapshot},
    time::{Clock, ManualClock},
};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

const CODES: [ErrorCode; 4] = [
    ErrorCode::SYNC_ERROR,
    ErrorCode::TIMEOUT_ERROR,
    ErrorCode::CONFIG_ERROR,
    ErrorCode::DB_QUERY_ERROR,
];
const LEVELS: [Severity; 4] = [
    Severity::Info,
    Severity::Warning,
    Severity::Error,
    Severity::Critical,
];
const OPERATIONS: usize = 5;

fn monitor(clock: &ManualClock, rows: usize) -> ErrorMonitor {
    let config = MonitorConfig::builder()
        .clock(clock.clone())
        .recent_events(20)
        .max_operations(rows)
        .max_groups(rows);
    ErrorMonitor::new(config.build().unwrap())
}

fn record_in(
    monitor: &ErrorMonitor,
    shard: usize,
    error: &AppError,
    level: Severity,
    operation: &str,
) {
    POSITION.with(|position| position.shard.set(shard));
    monitor.on_event(&Event::Error(ErrorEvent::from_app_error(
        error, level, operation, "app",
    )));
}

#[derive(Clone, Debug)]
enum Step {
    Record {
        shard: usize,
        code: usize,
        operation: usize,
        level: usize,
    },
    Advance(u64),
    Read,
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let record = (0..SHARDS, 0..CODES.len(), 0..OPERATIONS, 0..LEVELS.len());
    prop_oneof![
        40 => record.prop_map(|(shard, code, operation, level)| Step::Record { shard, code, operation, level }),
        4 => (0_u64..4000).prop_map(Step::Advance),
        2 => Just(Step::Read),
        1 => Just(Step::Clear),
    ]
}

/// The reference model: a plain list of all errors.
#[derive(Default)]
struct Model(Vec<(u64, usize, usize, usize, String)>);

impl Model {
    fn counts<K: Ord>(
        &self,
        key: impl Fn(&(u64, usize, usize, usize, String)) -> K,
    ) -> BTreeMap<K, u64> {
        let mut counts = BTreeMap::new();
        self.0
            .iter()
            .for_each(|error| *counts.entry(key(error)).or_default() += 1);
        counts
    }

    fn check(&self, snapshot: &MonitorSnapshot, now: u64) {
        assert_eq!(snapshot.total_errors, self.0.len() as u64);
        let by_level = self.counts(|error| error.3);
        let levels = snapshot.levels;
        let shown = [levels.info, levels.warning, levels.error, levels.critical];
        assert_eq!(
            shown,
            [0, 1, 2, 3].map(|level| by_level.get(&level).copied().unwrap_or(0))
        );
        let codes: BTreeMap<_, _> = snapshot
            .codes
            .iter()
            .map(|row| (row.name.clone(), row.count))
            .collect();
        assert_eq!(codes, self.counts(|error| CODES[error.1].name().to_owned()));
        let operations: BTreeMap<_, _> = snapshot
            .operations
            .iter()
            .map(|row| (row.name.clone(), row.count))
            .collect();
        assert_eq!(
            operations,
            self.counts(|error| format!("operation {}", error.2))
        );
        let groups: BTreeMap<_, _> = snapshot
            .groups
            .iter()
            .map(|row| ((row.error_code.clone(), row.operation.clone()), row.count))
            .collect();
        let expected = self.counts(|error| {
            (
                CODES[error.1].name().to_owned(),
                format!("operation {}", error.2),
            )
        });
        assert_eq!(groups, expected);
        let within = |width: u64, buckets: u64| {
            self.0
                .iter()
                .filter(|error| error.0 / width + buckets > now / width)
                .count() as u64
        };
        let rates = snapshot.rates;
        let expected = (within(1, 60), within(60, 60), within(1800, 48));
        assert_eq!(
            (rates.last_minute, rates.last_hour, rates.last_day),
            expected
        );
        let shown: Vec<_> = snapshot
            .recent_errors
            .iter()
            .map(|record| &record.message)
            .collect();
        let newest: Vec<_> = self
            .0
            .iter()
            .skip(self.0.len().saturating_sub(20))
            .map(|error| &error.4)
            .collect();
        assert_eq!(shown, newest);
    }
}

proptest! {
    #[test]
    fn merged_shards_equal_one_shard_and_a_plain_list(steps in proptest::collection::vec(step(), 1..400)) {
        let clock = ManualClock::new();
        let (spread, single) = (monitor(&clock, 1000), monitor(&clock, 1000));
        let start = clock.now().as_nanos() / 1_000_000_000;
        let (mut model, mut now) = (Model::default(), start);
        for (i, step) in steps.iter().chain([&Step::Read]).enumerate() {
            match *step {
                Step::Record { shard, code, operation, level } => {
                    let (error, name) = (AppError::new(CODES[code], format!("error {i}")), format!("operation {operation}"));
                    record_in(&spread, shard, &error, LEVELS[level], &name);
                    record_in(&single, 0, &error, LEVELS[level], &name);
                    model.0.push((now, code, operation, level, format!("error {i}")));
                }
                Step::Advance(seconds) => {
                    clock.advance(Duration::from_secs(seconds));
                    now += seconds;
                }
                Step::Read => {
                    let snapshot = spread.snapshot();
                    assert_eq!(snapshot, single.snapshot());
                    model.check(&snapshot, now);
                }
                Step::Clear => {
                    spread.clear();
                    single.clear();
                    model.0.clear();
                }
            }
        }
    }

    #[test]
    fn sums_are_exact_when_tables_are_full(picks in proptest::collection::vec((0..SHARDS, 0..300_usize), 1..1500)) {
        let clock = ManualClock::new();
        let monitor = monitor(&clock, 7);
        for (shard, operation) in &picks {
            let error = AppError::new(ErrorCode::SYNC_ERROR, "late");
            record_in(&monitor, *shard, &error, Severity::Error, &format!("operation {operation}"));
        }
        let snapshot = monitor.snapshot();
        let total = picks.len() as u64;
        assert!(snapshot.operations.len() <= 8 && snapshot.groups.len() <= 8);
        assert_eq!(snapshot.operations.iter().map(|row| row.count).sum::<u64>(), total);
        assert_eq!(snapshot.operations.iter().map(|row| row.rates.last_minute).sum::<u64>(), total);
        assert_eq!(snapshot.groups.iter().map(|row| row.count).sum::<u64>(), total);
        assert_eq!(snapshot.total_errors, total);
    }
}

#[test]
fn recent_errors_of_all_shards_stay_within_one_byte_limit() {
    let clock = ManualClock::new();
    let config = MonitorConfig::builder()
        .clock(clock.clone())
        .recent_bytes(64 * 1024)
        .recent_events(10_000);
    let monitor = ErrorMonitor::new(config.build().unwrap());
    for i in 0..4000 {
        let error = AppError::new(ErrorCode::SYNC_ERROR, "x".repeat(500));
        // The first shard fills up before any other is used.
        record_in(
            &monitor,
            if i < 1000 { 0 } else { i % SHARDS },
            &error,
            Severity::Error,
            "align",
        );
        if i % 500 == 0 || (1000..1020).contains(&i) {
            let bytes: usize = monitor
                .stats()
                .recent_errors
                .iter()
                .map(|record| record.message.len())
                .sum();
            assert!(bytes <= 64 * 1024, "{bytes} bytes after {i} errors");
        }
    }
    assert!(monitor.stats().recent_errors.len() > 40);
}

#[test]
fn pages_from_memory_neither_skip_nor_repeat_errors_of_several_shards() {
    let clock = ManualClock::new();
    let config = MonitorConfig::builder()
        .clock(clock.clone())
        .recent_events(100);
    let monitor = ErrorMonitor::new(config.build().unwrap());
    for i in 0..100 {
        let error = AppError::new(ErrorCode::SYNC_ERROR, format!("{i}"));
        record_in(&monitor, i * 7 % SHARDS, &error, Severity::Error, "align");
        clock.advance(Duration::from_secs(u64::from(i % 3 == 0)));
    }
    let (mut query, mut seen) = (crate::monitor::journal::Query::new().limit(7), Vec::new());
    loop {
        let page = monitor.query(&query).unwrap();
        seen.extend(page.records.into_iter().map(|record| record.message));
        let Some(next) = page.next else { break };
        query = query.after(next.to_string().parse().unwrap());
    }
    assert_eq!(
        seen,
        (0..100).rev().map(|i| i.to_string()).collect::<Vec<_>>()
    );
}

#[test]
fn four_threads_count_exactly_while_snapshots_are_consistent() {
    const EACH: u64 = 50_000;
    let clock = ManualClock::new();
    let monitor = monitor(&clock, 1000);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut last = 0;
            while !is_over.load(Ordering::Acquire) {
                let snapshot = monitor.snapshot();
                let total = snapshot.total_errors;
                assert_eq!(
                    snapshot.codes.iter().map(|row| row.count).sum::<u64>(),
                    total
                );
                assert_eq!(
                    snapshot.operations.iter().map(|row| row.count).sum::<u64>(),
                    total
                );
                assert_eq!(
                    snapshot.groups.iter().map(|row| row.count).sum::<u64>(),
                    total
                );
                assert!(total >= last && snapshot.retained == 20.min(total as usize));
                last = total;
            }
        });
        let recorders = [0, 1, 2, 3].map(|thread| {
            let monitor = &monitor;
            scope.spawn(move || {
                let error = AppError::new(CODES[thread], "late");
                let names: Vec<String> =
                    (0..10).map(|i| format!("operation {thread} {i}")).collect();
                for i in 0..EACH as usize {
                    let event =
                        ErrorEvent::from_app_error(&error, LEVELS[thread], &names[i % 10], "app");
                    monitor.on_event(&Event::Error(event));
                }
            })
        });
        recorders
            .into_iter()
            .for_each(|recorder| recorder.join().unwrap());
        is_over.store(true, Ordering::Release);
        reader.join().unwrap();
    });
    let snapshot = monitor.snapshot();
    assert_eq!(
        (snapshot.total_errors, snapshot.rates.last_minute),
        (4 * EACH, 4 * EACH)
    );
    assert_eq!(
        snapshot
            .codes
            .iter()
            .map(|row| row.count)
            .collect::<Vec<_>>(),
        [EACH; 4]
    );
    assert_eq!(
        snapshot
            .operations
            .iter()
            .map(|row| row.count)
            .collect::<Vec<_>>(),
        [EACH / 10; 40]
    );
    assert_eq!(
        snapshot
            .groups
            .iter()
            .map(|row| row.count)
            .collect::<Vec<_>>(),
        [EACH / 10; 40]
    );
}

#[test]
fn clears_under_load_neither_lose_nor_repeat_errors() {
    const EACH: u64 = 50_000;
    let clock = ManualClock::new();
    let config = MonitorConfig::builder()
        .clock(clock.clone())
        .build()
        .unwrap();
    let start = || ErrorTables::boxed_at(&config, clock.wall().into());
    let shards = Shards::new_at(&config, clock.wall().into());
    let is_over = AtomicBool::new(false);
    let cleared: u64 = thread::scope(|scope| {
        let recorders: Vec<_> = (0..4)
            .map(|thread| {
                let (shards, now, timestamp) = (&shards, clock.now(), clock.wall().into());
                scope.spawn(move || {
                    let (error, name) = (
                        AppError::new(CODES[thread], "late"),
                        format!("operation {thread}"),
                    );
                    for _ in 0..EACH {
                        let event =
                            &ErrorEvent::from_app_error(&error, Severity::Error, &name, "app");
                        let fingerprint = Fingerprint::from_parts(&[&name]);
                        let (texts, context) = (Texts::from_event(event), None);
                        let arrival = Arrival {
                            event,
                            now,
                            timestamp,
                            fingerprint,
                            texts,
                            context,
                        };
                        drop(shards.record(arrival));
                    }
                })
            })
            .collect();
        let clearer = scope.spawn(|| {
            let mut cleared = 0;
            while !is_over.load(Ordering::Acquire) {
                cleared += shards.replace(start()).0.total;
                drop(shards.limit(&config));
            }
            cleared
        });
        recorders
            .into_iter()
            .for_each(|recorder| recorder.join().unwrap());
        is_over.store(true, Ordering::Release);
        clearer.join().unwrap()
    });
    let left = shards.read(|tables, _| tables.total);
    assert_eq!(cleared + left, 4 * EACH);
}
