//! Several shippers, versions of the tables, and what retention removed.

use crate::support::{Child, Fixture, append, now, orders, record};
use gardefou::{
    AppError, ErrorCode,
    error::ErrorId,
    health::{Health, Status},
    monitor::{
        ErrorMonitor, MonitorConfig,
        journal::{FileJournal, JournalConfig},
    },
    time::ManualClock,
};
use gardefou_postgres::{DatabaseConfig, PostgresShipper};
use std::{collections::BTreeSet, error::Error, fs, sync::Arc, time::Duration};

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn of_two_shippers_of_a_folder_one_ships_until_it_ends() {
    let fixture = Fixture::new();
    append(fixture.folder(), 1, [record(&now(), 1)]);
    let first = fixture.shipper().build().unwrap();
    let second = fixture.shipper().build().unwrap();
    first.ship().unwrap();
    append(fixture.folder(), 1, [record(&now(), 2)]);
    second.ship().unwrap();
    assert_eq!(
        (fixture.count("errors"), second.status().instance),
        (1, None)
    );
    drop(first);
    second.ship().unwrap();
    assert_eq!((fixture.count("errors"), second.status().shipped), (2, 2));
}

/// Where locks do not work, for example on some network file systems, the row of the instance
/// decides.
#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn shipper_that_another_one_has_overtaken_goes_on_behind_it() {
    let fixture = Fixture::new();
    let now = now();
    append(fixture.folder(), 1, [record(&now, 0)]);
    let first = fixture.shipper().build().unwrap();
    first.ship().unwrap();
    for round in 1..4 {
        append(fixture.folder(), 1, [record(&now, round)]);
        fs::remove_file(fixture.folder().join("shipper.lock")).unwrap();
        fixture.shipper().build().unwrap().ship().unwrap();
        append(fixture.folder(), 1, [record(&now, 100 + round)]);
        first.ship().unwrap();
    }
    assert_eq!((fixture.count("errors"), first.status().duplicates), (7, 0));
    let seqs: Vec<i64> = fixture.column("SELECT seq FROM {s}.errors ORDER BY seq");
    assert_eq!(seqs, (1..=7).collect::<Vec<_>>());
}

/// Runs in a process of its own: ships one record of its own.
#[test]
#[ignore = "a child of the test below"]
fn child_starts() {
    let Some([url, schema, folder]) = orders() else {
        return;
    };
    let database = DatabaseConfig::builder(url).schema(schema).build().unwrap();
    let shipper = PostgresShipper::builder(folder, database).background(false);
    shipper.build().unwrap().ship().unwrap();
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn eight_processes_that_start_at_once_make_the_tables_together() {
    let fixture = Fixture::new();
    let now = now();
    let mut children: Vec<_> = (0..8)
        .map(|i| {
            let folder = fixture.other_folder(&format!("instance{i}"));
            append(&folder, 1, [record(&now, i)]);
            let orders = format!("{} {} {}", fixture.url, fixture.schema, folder.display());
            Child::start("instances::child_starts", orders)
        })
        .collect();
    let all_succeed = children.iter_mut().all(Child::succeeds);
    assert!(all_succeed);
    assert_eq!(
        (fixture.count("errors"), fixture.count("instances")),
        (8, 8)
    );
    assert_eq!(fixture.count("migrations"), 1);
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn newer_tables_are_used_if_they_say_so_and_refused_otherwise() {
    let fixture = Fixture::new();
    append(fixture.folder(), 1, [record(&now(), 1)]);
    fixture.shipper().build().unwrap().ship().unwrap();
    fixture.execute("INSERT INTO {s}.migrations (version, compatible_with) VALUES (7, 1)");
    append(fixture.folder(), 1, [record(&now(), 2)]);
    fixture.shipper().build().unwrap().ship().unwrap();
    fixture.execute("UPDATE {s}.migrations SET compatible_with = 5 WHERE version = 7");
    append(fixture.folder(), 1, [record(&now(), 3)]);
    let err = fixture.shipper().build().unwrap().ship().unwrap_err();
    let expected = format!(
        "the schema `{}` is of version 7, which needs gardefou-postgres with version 5 or newer; this one has 1",
        fixture.schema
    );
    assert_eq!(err.source().unwrap().to_string(), expected);
    assert_eq!(fixture.count("errors"), 2);
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn lines_that_the_journal_removed_before_they_were_shipped_are_counted_exactly() {
    for shipped_before in [0, 1, 10, 100] {
        let fixture = Fixture::new();
        let clock = ManualClock::new();
        let config = JournalConfig::builder(fixture.folder());
        let config = config
            .max_segment_bytes(4096)
            .max_bytes(40_000)
            .background(false);
        let journal = Arc::new(FileJournal::open(
            config.clock(clock.clone()).build().unwrap(),
        ));
        let monitor = ErrorMonitor::new(MonitorConfig::default());
        monitor.set_journal(journal.clone());
        let mut ids: Vec<ErrorId> = Vec::new();
        let mut write = |count: u32| {
            for i in 0..count {
                ids.push(
                    monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, format!("error {i}"))),
                );
                journal.maintain().unwrap();
            }
        };
        let shipper = fixture
            .shipper()
            .batch_records(shipped_before.max(1) as usize)
            .build()
            .unwrap();
        let unreachable = DatabaseConfig::builder("postgres://127.0.0.1:1/x")
            .build()
            .unwrap();
        let down = || {
            PostgresShipper::builder(fixture.folder(), unreachable.clone())
                .background(false)
                .build()
                .unwrap()
        };
        // Part of it is removed before it is ever shipped from here.
        write(200);
        assert!(down().ship().is_err());
        let removed_before = fixture.folder().join("rollup.json");
        let removed_before: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(removed_before).unwrap()).unwrap();
        let ignored = removed_before["lines"].as_u64().unwrap();
        assert!(ignored > 50, "{ignored}");
        write(shipped_before);
        if shipped_before > 0 {
            shipper.ship().unwrap();
        }
        write(500);
        if shipped_before > 0 {
            // It knows without the database.
            let _ = shipper.ship();
        }
        write(3);
        shipper.ship().unwrap();
        let status = shipper.status();
        let total = ids.len() as u64;
        assert!(status.lost > 100, "{status:?}");
        assert_eq!(status.lost + status.shipped + ignored, total, "{status:?}");
        let rows: BTreeSet<String> = fixture
            .column("SELECT id::text FROM {s}.errors")
            .into_iter()
            .collect();
        assert_eq!(rows.len() as u64, status.shipped);
        let newest: BTreeSet<String> = ids[ids.len() - 20..]
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(rows.is_superset(&newest));
    }
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn day_without_the_database_loses_nothing_within_the_limits_of_the_journal() {
    let fixture = Fixture::new();
    let clock = ManualClock::new();
    let config = JournalConfig::builder(fixture.folder()).background(false);
    let journal = Arc::new(FileJournal::open(
        config.clock(clock.clone()).build().unwrap(),
    ));
    let monitor = ErrorMonitor::new(
        MonitorConfig::builder()
            .clock(clock.clone())
            .build()
            .unwrap(),
    );
    monitor.set_journal(journal.clone());
    let unreachable = DatabaseConfig::builder("postgres://app:hunter2@127.0.0.1:1/x")
        .build()
        .unwrap();
    let down = PostgresShipper::builder(fixture.folder(), unreachable).clock(clock.clone());
    let down = down.background(false).build().unwrap();
    let health = Health::default();
    health.register(down.health_check()).unwrap();
    for hour in 0..24 {
        monitor.record(&AppError::new(
            ErrorCode::SYNC_ERROR,
            format!("hour {hour}"),
        ));
        journal.maintain().unwrap();
        assert!(down.ship().is_err());
        assert_eq!(
            health.run_check("postgres-journal").unwrap().status,
            Status::Warn
        );
        clock.advance(Duration::from_secs(3600));
    }
    let status = down.status();
    assert_eq!(status.waiting_bytes, None, "the database was never reached");
    assert!(!format!("{status:?} {down:?}").contains("hunter2"));
    drop(down);
    let shipper = fixture.shipper().build().unwrap();
    shipper.ship().unwrap();
    let expected: Vec<_> = (0..24).map(|hour| format!("hour {hour}")).collect();
    assert_eq!((fixture.messages(), shipper.status().lost), (expected, 0));
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn shipper_with_a_thread_ships_by_itself() {
    let fixture = Fixture::new();
    let now = now();
    let shipper = fixture.shipper().background(true).build().unwrap();
    for number in 0..3 {
        append(fixture.folder(), 1, [record(&now, number)]);
        while shipper.status().shipped <= number {
            std::thread::yield_now();
        }
    }
    assert_eq!(fixture.count("errors"), 3);
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn shipper_works_inside_an_async_program() {
    let fixture = Fixture::new();
    append(fixture.folder(), 1, [record(&now(), 1)]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let shipper = fixture.shipper().build().unwrap();
        shipper.ship().unwrap();
        let reader =
            gardefou_postgres::PostgresReader::connect(fixture.database().build().unwrap());
        assert_eq!(reader.unwrap().counts().unwrap().total, 1);
        drop(shipper);
    });
}

#[cfg(feature = "tls")]
#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn connections_are_encrypted_and_the_certificate_is_verified() {
    let server = crate::support::Server::start();
    let mut fixture = Fixture::at(&server.url());
    let certificate = server.encrypt();
    fixture.reconnect();
    append(fixture.folder(), 1, [record(&now(), 1)]);
    let url = format!(
        "{}?sslmode=require&application_name=encrypted",
        server.url()
    );
    let database = || DatabaseConfig::builder(&url).schema(&fixture.schema);
    let shipper = |database: DatabaseConfig| {
        PostgresShipper::builder(fixture.folder(), database)
            .background(false)
            .build()
            .unwrap()
    };
    let err = shipper(database().build().unwrap()).ship().unwrap_err();
    let cause = err.source().unwrap().to_string();
    assert!(cause.contains("certificate"), "{cause}");
    let shipper = shipper(database().root_certificates(certificate).build().unwrap());
    shipper.ship().unwrap();
    let encrypted: Vec<bool> = fixture.column(
        "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'encrypted'",
    );
    assert_eq!((encrypted, shipper.status().shipped), (vec![true], 1));
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn password_is_in_no_error() {
    let url = crate::support::url();
    let address = url.rsplit('@').next().unwrap();
    let urls = [
        format!(
            "postgres://gardefou:hunter2@{}/no_such_database",
            address.split('/').next().unwrap()
        ),
        format!("postgres://hunter2:hunter2@{address}"),
        "postgres://app:hunter2@127.0.0.1:1/x".to_owned(),
        "postgres://app:hunter2@no.such.host.invalid/x".to_owned(),
    ];
    for url in urls {
        let database = DatabaseConfig::builder(url).build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        append(folder.path(), 1, [record(&now(), 1)]);
        let shipper = PostgresShipper::builder(folder.path(), database.clone())
            .background(false)
            .build()
            .unwrap();
        let err = shipper.ship().unwrap_err();
        let shown = format!(
            "{err} {err:?} {} {database} {database:?} {shipper:?} {:?}",
            err.source().unwrap(),
            shipper.status()
        );
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
