//! What arrives of a journal.

use crate::support::{Fixture, append, id_at, now, record};
use gardefou::{
    AppError, ErrorCode,
    monitor::{
        ErrorMonitor, MonitorConfig,
        journal::{FileJournal, Journal, JournalConfig},
    },
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn records_of_a_real_journal_arrive_once_and_in_order() {
    let fixture = Fixture::new();
    let journal = FileJournal::open(JournalConfig::builder(fixture.folder()).build().unwrap());
    let journal = Arc::new(journal);
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    monitor.set_journal(journal.clone());
    let write = |from: u32, to: u32| {
        for i in from..to {
            monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, i.to_string()));
        }
        journal.flush().unwrap();
    };
    let expected = |to: u32| (0..to).map(|i| i.to_string()).collect::<Vec<_>>();

    write(0, 100);
    let shipper = fixture.shipper().batch_records(7).build().unwrap();
    shipper.ship().unwrap();
    assert_eq!(fixture.messages(), expected(100));
    shipper.ship().unwrap();
    write(100, 150);
    shipper.ship().unwrap();
    drop(shipper);
    write(150, 160);
    let shipper = fixture.shipper().build().unwrap();
    shipper.ship().unwrap();
    assert_eq!(fixture.messages(), expected(160));
    let status = shipper.status();
    assert_eq!(
        (status.shipped, status.duplicates, status.lost),
        (160, 0, 0)
    );
    assert_eq!((status.waiting_bytes, status.lag), (Some(0), None));
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn records_that_the_database_has_are_left_out() {
    let fixture = Fixture::new();
    let now = now();
    append(fixture.folder(), 1, (0..50).map(|i| record(&now, i)));
    fixture.shipper().build().unwrap().ship().unwrap();
    // The position is lost, the rows are not; and half of them are new.
    fixture.execute("DELETE FROM {s}.instances");
    append(fixture.folder(), 1, (50..100).map(|i| record(&now, i)));
    append(fixture.folder(), 1, [record(&now, 99)]);
    let shipper = fixture.shipper().batch_records(30).build().unwrap();
    shipper.ship().unwrap();
    let status = shipper.status();
    assert_eq!((status.shipped, status.duplicates), (50, 51));
    assert_eq!(fixture.count("errors"), 100);
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn two_lines_of_one_error_are_one_row_however_they_arrive() {
    let now = now();
    let attempt = |number: u64, state: Option<&str>| {
        let mut record = record(&now, number);
        record["attempt"] = 1.into();
        record["max_attempts"] = 3.into();
        if let Some(state) = state {
            record["state"] = state.into();
        }
        record
    };
    let lines = [
        attempt(1, Some("pending")),
        attempt(2, Some("pending")),
        attempt(3, Some("pending")),
        attempt(1, Some("retried")),
        attempt(2, None),
    ];
    for batch in 1..=5 {
        let fixture = Fixture::new();
        append(fixture.folder(), 1, lines.clone());
        let shipper = fixture.shipper().batch_records(batch).build().unwrap();
        let states = || fixture.column::<String>("SELECT state FROM {s}.errors ORDER BY id");
        shipper.ship().unwrap();
        assert_eq!(
            states(),
            ["retried", "error", "pending"],
            "{batch} at a time"
        );
        assert_eq!(shipper.status().shipped, 5);
        // The first lines again, from a copy of the folder: what is settled stays so.
        let copy = fixture.other_folder("copy");
        append(&copy, 1, lines[..3].to_vec());
        let shipper = fixture.shipper_of(&copy).batch_records(batch);
        let shipper = shipper.build().unwrap();
        shipper.ship().unwrap();
        assert_eq!(
            states(),
            ["retried", "error", "pending"],
            "again, {batch} at a time"
        );
        assert_eq!(
            (shipper.status().shipped, shipper.status().duplicates),
            (0, 3)
        );
    }
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn one_identity_has_an_error_and_events_of_several_kinds() {
    let fixture = Fixture::new();
    let now = now();
    let of_kind = |kind: &str, message: &str| {
        let mut record = record(&now, 1);
        record["kind"] = kind.into();
        record["message"] = message.into();
        record
    };
    let lines = [
        record(&now, 1),
        of_kind("queued", "a mail"),
        of_kind("transition", "opened"),
        of_kind("settled", "a mail"),
        of_kind("transition", "opened, 7 calls rejected"),
    ];
    append(fixture.folder(), 1, lines);
    fixture
        .shipper()
        .batch_records(2)
        .build()
        .unwrap()
        .ship()
        .unwrap();
    assert_eq!(fixture.count("errors"), 1);
    let events: Vec<String> =
        fixture.column("SELECT kind || ': ' || (record->>'message') FROM {s}.events ORDER BY kind");
    assert_eq!(
        events,
        [
            "queued: a mail",
            "settled: a mail",
            "transition: opened, 7 calls rejected"
        ]
    );
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn hostile_texts_arrive_and_can_be_read_with_sql() {
    let fixture = Fixture::new();
    let now = now();
    let texts = [
        "nul \0 and \\u0000 and \u{1}\u{7f}",
        "'; DROP TABLE errors; --",
        "{\"v\":1,\"id\":\"",
        "\u{202e}right to left\u{feff} \u{10ffff}",
        "",
    ];
    let mut lines: Vec<_> = (0..)
        .zip(texts)
        .map(|(i, text)| {
            let mut record = record(&now, i);
            for key in ["message", "error_code", "operation", "service", "host"] {
                record[key] = text.into();
            }
            record["details"] = json!({ text: { text: [text, 1e300, -0.0, u64::MAX] } });
            record
        })
        .collect();
    // Nearly the longest line that is read, with texts too long for an index.
    let mut huge = record(&now, 100);
    for key in ["message", "error_code", "operation", "service"] {
        huge[key] = "é\0".repeat(30_000).into();
    }
    lines.push(huge);
    let count = lines.len();
    append(fixture.folder(), 1, lines);
    let shipper = fixture.shipper().build().unwrap();
    shipper.ship().unwrap();
    let status = shipper.status();
    assert_eq!(
        (status.shipped, status.refused, status.torn),
        (count as u64, 0, 0)
    );
    let messages = fixture.messages();
    assert_eq!(
        messages[..5],
        texts.map(|text| text.replace('\0', "\u{fffd}"))
    );
    assert_eq!(messages[5], "é\u{fffd}".repeat(30_000));
    let longest: i32 = fixture.value("SELECT max(octet_length(operation)) FROM {s}.errors");
    assert!((250..=256).contains(&longest), "{longest}");
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn record_that_the_server_refuses_holds_up_no_other() {
    let fixture = Fixture::new();
    let now = now();
    fixture.shipper().build().unwrap().ship().unwrap(); // no file so far
    append(fixture.folder(), 1, [record(&now, 1000)]);
    fixture.shipper().build().unwrap().ship().unwrap();
    fixture.execute(
        "ALTER TABLE {s}.errors ADD CHECK (record->>'message' NOT IN ('error 3', 'error 4', 'error 77'))",
    );
    append(fixture.folder(), 1, (0..100).map(|i| record(&now, i)));
    let shipper = fixture.shipper().batch_records(64).build().unwrap();
    shipper.ship().unwrap();
    let status = shipper.status();
    assert_eq!((status.shipped, status.refused), (98, 3));
    assert_eq!(fixture.count("errors"), 98);
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn database_that_refuses_everything_loses_nothing_beyond_a_hundred_records() {
    let fixture = Fixture::new();
    let now = now();
    append(fixture.folder(), 1, [record(&now, 1000)]);
    fixture.shipper().build().unwrap().ship().unwrap();
    fixture.execute("ALTER TABLE {s}.errors ADD CONSTRAINT none CHECK (level > 100) NOT VALID");
    append(fixture.folder(), 1, (0..300).map(|i| record(&now, i)));
    let shipper = fixture.shipper().build().unwrap();
    assert!(shipper.ship().is_err());
    let status = shipper.status();
    assert_eq!((status.shipped, status.refused), (1, 100));
    assert!(status.last_error.unwrap().contains("refuses every record"));
    fixture.execute("ALTER TABLE {s}.errors DROP CONSTRAINT none");
    shipper.ship().unwrap();
    assert_eq!(
        (fixture.count("errors"), shipper.status().refused),
        (201, 100)
    );
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn batch_that_takes_too_long_is_made_smaller() {
    let fixture = Fixture::new();
    let now = now();
    append(fixture.folder(), 1, [record(&now, 5000)]);
    fixture.shipper().build().unwrap().ship().unwrap();
    // A slow server: all records together take ten times the limit.
    fixture.execute(
        "CREATE FUNCTION {s}.slow() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END'",
    );
    fixture.execute(
        "CREATE TRIGGER slow BEFORE INSERT ON {s}.errors FOR EACH ROW EXECUTE FUNCTION {s}.slow()",
    );
    append(fixture.folder(), 1, (0..1000).map(|i| record(&now, i)));
    let database = fixture.database().timeout(Duration::from_secs(1));
    let shipper = fixture.shipper_to(database.build().unwrap());
    let shipper = shipper.build().unwrap();
    let tries = (1..=100).find(|_| shipper.ship().is_ok()).unwrap();
    assert!(tries > 1, "the first batch was in time");
    assert_eq!(fixture.count("errors"), 1001);
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn lines_without_a_record_are_counted_and_passed_over() {
    let fixture = Fixture::new();
    let now = now();
    let mut other = record(&now, 3);
    other["id"] = "0190163d-8694-439b-aea5-966c26f8ad91".into();
    let lines = [record(&now, 1), json!("no record"), record(&now, 2), other];
    append(fixture.folder(), 1, lines);
    let shipper = fixture.shipper().build().unwrap();
    shipper.ship().unwrap();
    assert_eq!((shipper.status().shipped, shipper.status().torn), (2, 2));
    shipper.ship().unwrap();
    assert_eq!(shipper.status().torn, 2, "once");
}

/// A process that has not found a file full goes on appending to it, after another one began the
/// next.
#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn line_that_is_appended_to_an_earlier_file_arrives() {
    let fixture = Fixture::new();
    let now = now();
    let shipper = fixture.shipper().build().unwrap();
    let mut expected = Vec::new();
    for (number, file) in [(0, 1), (1, 2), (2, 1), (3, 3), (4, 2), (5, 1), (6, 3)] {
        append(fixture.folder(), file, [record(&now, number)]);
        shipper.ship().unwrap();
        expected.push(format!("error {number}"));
        assert_eq!(fixture.messages(), expected);
    }
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn folder_that_is_made_again_is_read_from_its_start() {
    let fixture = Fixture::new();
    let now = now();
    let shipper = fixture.shipper().build().unwrap();
    append(fixture.folder(), 1, (0..5).map(|i| record(&now, i)));
    shipper.ship().unwrap();
    std::fs::remove_file(fixture.folder().join("errors-00000001.jsonl")).unwrap();
    // More than was read of the first one, so that its length is no hint.
    append(fixture.folder(), 1, (10..20).map(|i| record(&now, i)));
    shipper.ship().unwrap();
    assert_eq!(
        (fixture.count("errors"), shipper.status().shipped),
        (15, 15)
    );
    assert_eq!(id_at(&now, 1).len(), 36);
}
