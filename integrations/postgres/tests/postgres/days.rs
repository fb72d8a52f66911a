//! Partitions by day.

use crate::support::{Fixture, append, now, record};
use gardefou::time::ManualClock;
use gardefou_postgres::PostgresShipper;
use std::{thread, time::Duration};

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn day_is_that_of_the_identity_and_not_that_of_the_arrival() {
    let fixture = Fixture::new();
    append(fixture.folder(), 1, [record(&now(), 0)]);
    fixture.shipper().build().unwrap().ship().unwrap();
    fixture.set_today("2031-03-02");
    fixture.execute("UPDATE {s}.retention SET oldest_day = '2031-01-01'; DELETE FROM {s}.errors");
    let times = [
        "2031-02-28T23:59:59.999Z",
        "2031-03-01T00:00:00.000Z",
        "2031-03-01T23:59:59.999Z",
        "2031-03-02T00:00:00.000Z",
        "2031-03-03T12:00:00.000Z",
    ];
    append(
        fixture.folder(),
        1,
        (1..).zip(times).map(|(i, time)| record(time, i)),
    );
    let shipper = fixture.shipper().build().unwrap();
    shipper.ship().unwrap();
    let days: Vec<String> = fixture.column("SELECT day::text FROM {s}.errors ORDER BY seq");
    assert_eq!(
        days,
        [
            "2031-02-28",
            "2031-03-01",
            "2031-03-01",
            "2031-03-02",
            "2031-03-03"
        ]
    );
    let tables: Vec<String> =
        fixture.column("SELECT tableoid::regclass::text FROM {s}.errors ORDER BY seq LIMIT 1");
    assert!(tables[0].ends_with(".errors_20310228"), "{tables:?}");
    let keys: Vec<String> = fixture.column(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{s}.errors'::regclass AND contype = 'p'",
    );
    assert_eq!(keys, ["PRIMARY KEY (day, id)"]);
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn records_outside_of_the_days_that_are_kept_are_counted() {
    let fixture = Fixture::new();
    fixture.shipper().build().unwrap().ship().unwrap();
    append(fixture.folder(), 1, [record(&now(), 0)]);
    let shipper = fixture.shipper().build().unwrap();
    shipper.ship().unwrap();
    fixture.set_today("2031-03-10");
    fixture.execute("DELETE FROM {s}.errors; UPDATE {s}.retention SET oldest_day = '2031-03-04'");
    let times = [
        "1999-01-01T00:00:00.000Z",
        "2031-03-03T23:59:59.999Z",
        "2031-03-04T00:00:00.000Z",
        "2031-04-09T23:59:59.999Z",
        "2031-04-10T00:00:00.000Z",
        "9999-01-01T00:00:00.000Z",
    ];
    append(
        fixture.folder(),
        1,
        (1..).zip(times).map(|(i, time)| record(time, i)),
    );
    shipper.ship().unwrap();
    let status = shipper.status();
    assert_eq!((status.shipped, status.too_old, status.too_new), (3, 2, 2));
    let days: Vec<String> = fixture.column("SELECT day::text FROM {s}.errors ORDER BY seq");
    assert_eq!(days, ["2031-03-04", "2031-04-09"]);
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn days_beyond_retention_are_dropped_and_stay_counted() {
    let fixture = Fixture::new();
    append(fixture.folder(), 1, [record(&now(), 0)]);
    fixture.shipper().build().unwrap().ship().unwrap();
    fixture.set_today("2031-03-01");
    fixture.execute("DELETE FROM {s}.errors; UPDATE {s}.retention SET oldest_day = '2031-02-01'");
    let partitions = || -> Vec<String> {
        let sql = "SELECT c.relname::text FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
            WHERE inhparent = '{s}.errors'::regclass AND c.relname >= 'errors_2031' ORDER BY 1";
        fixture.column(sql)
    };
    let ship = |times: &[&str]| {
        let lines = (1..).zip(times).map(|(i, time)| record(time, i));
        append(fixture.folder(), 1, lines);
        let shipper = fixture.shipper().retention_days(3).build().unwrap();
        shipper.ship().unwrap();
        shipper.status()
    };
    ship(&[
        "2031-02-28T01:00:00.000Z",
        "2031-02-28T02:00:00.000Z",
        "2031-03-01T00:00:00.000Z",
    ]);
    assert_eq!(
        partitions(),
        ["errors_20310228", "errors_20310301", "errors_20310302"]
    );
    // The clock of the server jumps, and no machine has seen such a day.
    fixture.set_today("2031-06-01");
    ship(&["2031-03-01T03:00:00.000Z"]);
    assert_eq!(fixture.count("errors"), 4);
    fixture.set_today("2031-03-03");
    ship(&["2031-03-03T05:00:00.000Z"]);
    // The day has turned: the next connection cleans up.
    let status = ship(&["2031-02-28T04:00:00.000Z"]);
    assert_eq!(partitions()[0], "errors_20310301");
    assert_eq!(status.too_old, 1);
    let kept: i64 = fixture.value("SELECT errors FROM {s}.removed_counts WHERE day = '2031-02-28'");
    assert_eq!((kept, fixture.count("errors")), (2, 3));
}

/// A day beyond the retention of three days, with an error, and a record of today that waits.
fn with_old_day() -> Fixture {
    let fixture = Fixture::new();
    append(fixture.folder(), 1, [record(&now(), 0)]);
    fixture.shipper().build().unwrap().ship().unwrap();
    fixture.set_today("2031-02-20");
    fixture.execute("DELETE FROM {s}.errors; UPDATE {s}.retention SET oldest_day = '2031-02-01'");
    append(
        fixture.folder(),
        1,
        [
            record("2031-02-20T01:00:00.000Z", 1),
            record("2031-03-01T01:00:00.000Z", 2),
        ],
    );
    fixture.shipper().build().unwrap().ship().unwrap();
    fixture.set_today("2031-03-01");
    append(fixture.folder(), 1, [record("2031-03-01T02:00:00.000Z", 3)]);
    fixture
}

/// How many partitions the old day has, and how many errors are counted in place of its rows.
fn old_day(fixture: &Fixture) -> (i64, i64) {
    fixture
        .value::<String>(
            "SELECT (SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
                WHERE nspname = '{s}' AND relname IN ('errors_20310220', 'events_20310220'))
            || ' ' || (SELECT coalesce(sum(errors), 0) FROM {s}.removed_counts WHERE day = '2031-02-20')",
        )
        .split_once(' ')
        .map(|(tables, errors)| (tables.parse().unwrap(), errors.parse().unwrap()))
        .unwrap()
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn day_that_cannot_be_removed_stops_no_shipping_and_is_removed_later() {
    let fixture = with_old_day();
    let reader = fixture.beside();
    reader.execute("BEGIN; LOCK TABLE {s}.errors_20310220 IN ACCESS SHARE MODE");
    let clock = ManualClock::new();
    let database = fixture.database().timeout(Duration::from_secs(8));
    let shipper = fixture
        .shipper_to(database.build().unwrap())
        .retention_days(3)
        .clock(clock.clone());
    let shipper = shipper.build().unwrap();
    shipper.ship().unwrap();
    let status = shipper.status();
    assert!(status.is_healthy(), "{status:?}");
    assert_eq!((status.shipped, old_day(&fixture)), (4, (2, 0)));
    let reason = status.removal_error.unwrap();
    assert!(reason.contains("lock timeout"), "{reason}");
    // It is tried again after a minute, and records are shipped before that too.
    append(fixture.folder(), 1, [record("2031-03-01T03:00:00.000Z", 4)]);
    shipper.ship().unwrap();
    assert_eq!(shipper.status().shipped, 5);
    reader.execute("ROLLBACK");
    clock.advance(Duration::from_millis(59_999));
    shipper.ship().unwrap();
    assert_eq!(old_day(&fixture), (2, 0));
    assert!(shipper.status().removal_error.is_some());
    clock.advance(Duration::from_millis(1));
    shipper.ship().unwrap();
    assert_eq!(old_day(&fixture), (0, 1));
    assert_eq!(shipper.status().removal_error, None);
    assert_eq!(fixture.count("errors"), 3);
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn others_ship_while_one_counts_an_old_day() {
    let fixture = with_old_day();
    let blocker = fixture.beside();
    blocker.execute("BEGIN; LOCK TABLE {s}.removed_counts IN EXCLUSIVE MODE");
    // It waits for minutes.
    let database = fixture.database().timeout(Duration::from_secs(3600));
    let removing = fixture
        .shipper_to(database.build().unwrap())
        .retention_days(3);
    let removing = removing.build().unwrap();
    thread::scope(|scope| {
        let removal = scope.spawn(|| removing.ship());
        let is_waiting = "SELECT count(*) FROM pg_locks JOIN pg_class c ON c.oid = relation
            JOIN pg_namespace n ON n.oid = relnamespace
            WHERE nspname = '{s}' AND relname = 'removed_counts' AND NOT granted";
        while fixture.value::<i64>(is_waiting) == 0 {
            assert!(!removal.is_finished(), "nothing is counted");
            thread::yield_now();
        }
        let folder = fixture.other_folder("other");
        append(&folder, 1, [record("2031-03-01T04:00:00.000Z", 5)]);
        let database = fixture.database().timeout(Duration::from_secs(8));
        let other = PostgresShipper::builder(&folder, database.build().unwrap())
            .background(false)
            .retention_days(3);
        let other = other.build().unwrap();
        let shipped = other.ship();
        let before = old_day(&fixture);
        // Before what can fail: the scope waits for its thread.
        blocker.execute("ROLLBACK");
        shipped.unwrap();
        let status = other.status();
        assert_eq!((status.shipped, status.removal_error), (1, None));
        assert_eq!(before, (2, 0));
        removal.join().unwrap().unwrap();
    });
    assert_eq!(old_day(&fixture), (0, 1));
    assert_eq!(removing.status().removal_error, None);
}
