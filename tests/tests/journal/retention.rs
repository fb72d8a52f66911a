use super::*;
use gardefou::{
    monitor::journal::Journal,
    time::{Clock, Tick},
};
use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

pub(super) fn size_of(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let lines = files.filter(|file| file.file_name().to_string_lossy().ends_with(".jsonl"));
    lines.map(|file| file.metadata().unwrap().len()).sum()
}

#[test]
fn oldest_files_are_removed_first_and_their_counts_stay() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(config(folder.path(), &clock).max_bytes(64 * 1024), &clock);
    for i in 0..1000 {
        fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}"));
    }
    let before = size_of(folder.path());
    journal.maintain().unwrap();
    let after = size_of(folder.path());
    assert!(
        before > 200 * 1024 && after <= 64 * 1024,
        "{before} to {after}"
    );
    let kept = all(&monitor, Query::new());
    assert!(kept.len() > 100 && kept.len() < 1000, "{}", kept.len());
    let expected: Vec<String> = (1000 - kept.len()..1000)
        .rev()
        .map(|i| format!("error {i}"))
        .collect();
    assert!(kept.iter().map(|record| &record.message).eq(&expected));
    assert_eq!(monitor.counts().unwrap().total, 1000);

    clock.advance(Duration::from_secs(8 * 86_400));
    fail(&monitor, ErrorCode::TIMEOUT_ERROR, "a week later");
    journal.maintain().unwrap();
    assert_eq!(all(&monitor, Query::new()).len(), 1);
    let counts = monitor.counts().unwrap();
    assert_eq!(
        (counts.by_code["SYNC_ERROR"], counts.by_day.len()),
        (1000, 2)
    );
    // Another process that opens the folder has the same counts.
    let (other, _) = super::monitor(config(folder.path(), &clock), &clock);
    assert_eq!(other.counts().unwrap(), counts);
}

#[test]
fn file_is_closed_by_age() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, _journal) = monitor(config(folder.path(), &clock), &clock);
    for day in 0..3 {
        fail(&monitor, ErrorCode::SYNC_ERROR, format!("{day}"));
        clock.advance(Duration::from_secs(86_400));
    }
    let files = fs::read_dir(folder.path()).unwrap().filter(|file| {
        file.as_ref()
            .unwrap()
            .path()
            .extension()
            .is_some_and(|e| e == "jsonl")
    });
    assert_eq!(files.count(), 3);
    // Opened again, the journal does not append to the file of two days ago.
    let (other, _) = super::monitor(config(folder.path(), &clock), &clock);
    clock.advance(Duration::from_secs(86_400));
    fail(&other, ErrorCode::SYNC_ERROR, "3");
    let found: Vec<_> = all(&other, Query::new())
        .into_iter()
        .map(|record| record.message)
        .collect();
    assert_eq!(found, ["3", "2", "1", "0"]);
}

#[test]
fn crash_between_writing_counts_and_removing_files_counts_nothing_twice() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(config(folder.path(), &clock).max_bytes(64 * 1024), &clock);
    for i in 0..1000 {
        fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}"));
    }
    let files = [1, 2, 3].map(|number| folder.path().join(format!("errors-{number:08}.jsonl")));
    let copies = files.each_ref().map(|file| fs::read(file).unwrap());
    journal.maintain().unwrap();
    for (file, copy) in files.iter().zip(copies) {
        assert!(!file.exists());
        fs::write(file, copy).unwrap();
    }
    assert_eq!(monitor.counts().unwrap().total, 1000);
    let before = all(&monitor, Query::new()).len();
    journal.maintain().unwrap();
    assert!(!files.iter().any(|file| file.exists()));
    assert_eq!(
        (
            monitor.counts().unwrap().total,
            all(&monitor, Query::new()).len()
        ),
        (1000, before)
    );
    assert!(journal.status().is_healthy());
}

/// The Python system kept whatever it found on loading.
#[test]
fn limits_hold_for_files_of_an_earlier_run() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (before, _journal) = monitor(
        config(folder.path(), &clock).max_bytes(10 * 1024 * 1024),
        &clock,
    );
    for i in 0..500 {
        fail(&before, ErrorCode::SYNC_ERROR, format!("error {i}"));
    }
    let (after, journal) = monitor(config(folder.path(), &clock).max_bytes(64 * 1024), &clock);
    journal.maintain().unwrap();
    assert!(size_of(folder.path()) <= 64 * 1024);
    let kept = all(&after, Query::new());
    assert!(!kept.is_empty() && kept.len() < 500, "{}", kept.len());
    assert_eq!(
        (kept[0].message.as_str(), after.counts().unwrap().total),
        ("error 499", 500)
    );
}

/// The clocks of a machine; the wall clock can be set.
#[derive(Clone, Debug, Default)]
pub(super) struct Settable {
    monotonic: ManualClock,
    ahead: Arc<AtomicU64>,
}

impl Clock for Settable {
    fn now(&self) -> Tick {
        self.monotonic.now()
    }

    fn sleep(&self, duration: Duration) {
        self.monotonic.sleep(duration);
    }

    fn wall(&self) -> SystemTime {
        let years = Duration::from_secs(50 * 365 * 86_400);
        let ahead = Duration::from_secs(self.ahead.load(Ordering::Relaxed));
        SystemTime::UNIX_EPOCH + years + ahead + self.monotonic.now().since(Tick::ZERO)
    }
}

/// A wall clock that jumps ahead by ten years makes every record old at once.
pub(super) fn clock_jump_removes_nothing_until_confirmed<J: Journal + 'static>(
    open: impl Fn(&Path, Settable) -> Arc<J>,
    maintain: impl Fn(&J),
) {
    const YEARS: u64 = 10 * 365 * 86_400;
    let (folder, clock) = (tempfile::tempdir().unwrap(), Settable::default());
    let journal = open(folder.path(), clock.clone());
    let monitor = testkit::journal::monitor(journal.clone(), clock.clone());
    let kept = || all(&monitor, Query::new()).len();
    let round = |seconds: u64, ahead: u64| {
        clock.monotonic.advance(Duration::from_secs(seconds));
        clock.ahead.store(ahead, Ordering::Relaxed);
        maintain(&journal);
        kept()
    };
    for i in 0..100 {
        fail(&monitor, ErrorCode::SYNC_ERROR, format!("error {i}"));
    }
    assert_eq!(round(1, 0), 100);
    assert_eq!(
        [round(1, YEARS), round(1, YEARS), round(500, YEARS)],
        [100; 3]
    );
    // The clock is set back.
    assert_eq!([round(1, 0), round(1000, 0)], [100; 2]);
    // Records with the wrong time are kept as well.
    assert_eq!(round(1, YEARS), 100);
    fail(&monitor, ErrorCode::SYNC_ERROR, "in ten years");
    assert_eq!([round(1, 0), round(1000, 0)], [101; 2]);
    assert_eq!([round(1, YEARS), round(599, YEARS)], [101; 2]);
    assert_eq!(round(2, YEARS), 1, "the clock was set right");
    assert_eq!(monitor.counts().unwrap().total, 101);
}

#[test]
fn clock_jump_removes_no_file_until_confirmed() {
    clock_jump_removes_nothing_until_confirmed(
        |folder, clock| {
            let config = JournalConfig::builder(folder)
                .background(false)
                .clock(clock)
                .max_segment_bytes(4096);
            Arc::new(FileJournal::open(config.build().unwrap()))
        },
        |journal| journal.maintain().unwrap(),
    );
}
