//! Partitions by day.

use crate::support::{Fixture, append, now, record};

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
