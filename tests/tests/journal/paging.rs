use super::*;
use gardefou::{event::Severity, monitor::journal::Journal, time::Timestamp};
use std::{collections::HashSet, time::Duration};

const CODES: [ErrorCode; 3] = [
    ErrorCode::DB_QUERY_ERROR,
    ErrorCode::SYNC_ERROR,
    ErrorCode::TIMEOUT_ERROR,
];

#[test]
fn pages_neither_skip_nor_repeat_records_and_days_are_counted_while_errors_arrive() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let large = config(folder.path(), &clock).max_segment_bytes(64 * 1024);
    let (monitor, _journal) = monitor(large, &clock);
    // The clock starts at 22:13:20: so many seconds later a day begins.
    clock.advance(Duration::from_secs(6400));
    for day in 0..3 {
        for i in 0..3333 {
            fail(&monitor, CODES[i % 3], format!("day {day} error {i}"));
        }
        clock.advance(Duration::from_secs(86_400));
    }
    let mut query = Query::new().code(ErrorCode::SYNC_ERROR).limit(50);
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = monitor.query(&query).unwrap();
        assert!(page.records.len() == 50 || page.next.is_none());
        seen.extend(page.records.into_iter().map(|record| record.message));
        pages += 1;
        fail(&monitor, ErrorCode::SYNC_ERROR, "new");
        let Some(next) = page.next else { break };
        query = query.after(next.to_string().parse().unwrap());
    }
    let expected: Vec<String> = (0..3)
        .rev()
        .flat_map(|day| (0..1111).rev().map(move |i| (day, i * 3 + 1)))
        .map(|(day, i)| format!("day {day} error {i}"))
        .collect();
    assert_eq!(pages, 67);
    assert!(seen == expected, "{} of {}", seen.len(), expected.len());

    let counts = monitor.counts().unwrap();
    let days: Vec<_> = counts
        .by_day
        .iter()
        .map(|(day, count)| (day.as_str(), *count))
        .collect();
    assert_eq!(
        days,
        [
            ("2023-11-15", 3333),
            ("2023-11-16", 3333),
            ("2023-11-17", 3333),
            ("2023-11-18", 67)
        ]
    );
    assert_eq!(
        (counts.total, counts.by_code["SYNC_ERROR"]),
        (10_066, 3333 + 67)
    );
    fail(&monitor, ErrorCode::SYNC_ERROR, "one more");
    assert_eq!(monitor.counts().unwrap().total, 10_067);
}

/// Filters by code, level, operation, time and text, and totals beyond a page.
#[test]
fn every_filter_matches_exactly_its_records() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(config(folder.path(), &clock), &clock);
    let start = Timestamp::from_unix_millis(1_700_000_000_000);
    let disk = AppError::new(ErrorCode::DB_WRITE_ERROR, "cannot save")
        .with_source(std::io::Error::other("disk sda1 is full"));
    let id = monitor.record_at(Severity::Critical, &disk);
    clock.advance(Duration::from_millis(1));
    fail(
        &monitor,
        ErrorCode::SYNC_ERROR,
        "drift of 7 ms in déjà-vu.wav",
    );
    clock.advance(Duration::from_millis(1));
    monitor.record_at(
        Severity::Warning,
        &AppError::new(ErrorCode::SYNC_ERROR, "drift of 9 ms"),
    );

    let messages = |query: Query| -> Vec<String> {
        all(&monitor, query)
            .into_iter()
            .map(|r| r.message)
            .collect()
    };
    let (disk, seven, nine) = (
        "cannot save",
        "drift of 7 ms in déjà-vu.wav",
        "drift of 9 ms",
    );
    assert_eq!(messages(Query::new()), [nine, seven, disk]);
    assert_eq!(
        messages(Query::new().code(ErrorCode::SYNC_ERROR)),
        [nine, seven]
    );
    assert_eq!(
        messages(Query::new().min_level(Severity::Error)),
        [seven, disk]
    );
    assert_eq!(messages(Query::new().text("sda1")), [disk]);
    assert_eq!(messages(Query::new().text("déjà")), [seven]);
    assert_eq!(messages(Query::new().id(id)), [disk]);
    assert_eq!(
        messages(Query::new().operation("record").limit(1)),
        [nine, seven, disk]
    );
    assert_eq!(messages(Query::new().operation("other")), [""; 0]);
    let at = |millis| Timestamp::from_unix_millis(start.as_unix_millis() + millis);
    assert_eq!(messages(Query::new().since(at(1)).until(at(2))), [seven]);
    assert_eq!(
        journal
            .count(&Query::new().code(ErrorCode::SYNC_ERROR).limit(1))
            .unwrap(),
        2
    );
    let group = all(&monitor, Query::new().id(id)).remove(0).fingerprint;
    assert_eq!(messages(Query::new().fingerprint(group)), [disk]);
}

#[test]
fn records_below_error_wait_in_memory_and_are_found() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, journal) = monitor(config(folder.path(), &clock), &clock);
    for i in 0..10 {
        monitor.record_at(
            Severity::Info,
            &AppError::new(ErrorCode::SYNC_ERROR, format!("hint {i}")),
        );
    }
    assert_eq!(
        (journal.status().waiting, journal.status().written),
        (10, 0)
    );
    assert!(!folder.path().join("errors-00000001.jsonl").exists());
    fail(&monitor, ErrorCode::SYNC_ERROR, "urgent");
    assert_eq!(
        (journal.status().waiting, journal.status().written),
        (0, 11)
    );
    monitor.record_at(
        Severity::Info,
        &AppError::new(ErrorCode::SYNC_ERROR, "last hint"),
    );
    let found: Vec<_> = all(&monitor, Query::new())
        .into_iter()
        .map(|record| record.message)
        .collect();
    assert_eq!(
        (found[0].as_str(), found[1].as_str(), found.len()),
        ("last hint", "urgent", 12)
    );
}

/// Identities never collide.
#[test]
fn ids_are_unique_and_records_read_back() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (monitor, _journal) = monitor(config(folder.path(), &clock), &clock);
    let mut written = HashSet::new();
    for _ in 0..500 {
        written.insert(
            monitor.record(
                &AppError::new(ErrorCode::SYNC_ERROR, "same text").with_detail("row", [1, 2]),
            ),
        );
    }
    let read = all(&monitor, Query::new());
    assert!(
        read.iter()
            .all(|record| record.details["row"] == serde_json::json!([1, 2]))
    );
    assert_eq!(
        read.iter().map(|record| record.id).collect::<HashSet<_>>(),
        written
    );
    assert_eq!(written.len(), 500);
}

#[test]
fn queries_without_a_journal_are_answered_from_memory() {
    let clock = ManualClock::new();
    let monitor = ErrorMonitor::new(
        MonitorConfig::builder()
            .clock(clock)
            .recent_events(5)
            .build()
            .unwrap(),
    );
    for i in 0..8 {
        fail(&monitor, CODES[i % 2], format!("{i}"));
    }
    let page = monitor
        .query(&Query::new().code(ErrorCode::SYNC_ERROR).limit(2))
        .unwrap();
    assert_eq!(
        page.records
            .iter()
            .map(|r| r.message.as_str())
            .collect::<Vec<_>>(),
        ["7", "5"]
    );
    monitor.clear();
    fail(&monitor, ErrorCode::SYNC_ERROR, "new");
    assert!(page.next.is_some());
    assert_eq!(all(&monitor, Query::new().limit(1)).len(), 1);
    assert_eq!(monitor.counts().unwrap().by_code["SYNC_ERROR"], 1);
}
