//! Processes and servers that end in the middle.

use crate::support::{Child, Fixture, Server, append, now, orders, record, rounds};
use gardefou::{
    AppError, ErrorCode,
    monitor::{
        ErrorMonitor, MonitorConfig,
        journal::{FileJournal, Journal, JournalConfig},
    },
};
use gardefou_postgres::{DatabaseConfig, PostgresShipper};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Runs in a process of its own: ships in small batches until it is killed.
#[test]
#[ignore = "a child of the tests below"]
fn child_ships_until_killed() {
    let Some([url, schema, folder]) = orders() else {
        return;
    };
    let database = DatabaseConfig::builder(url).schema(schema).build().unwrap();
    let shipper = PostgresShipper::builder(folder, database)
        .background(false)
        .batch_records(20);
    let shipper = shipper.build().unwrap();
    loop {
        let _ = shipper.ship();
    }
}

/// Writes records to a journal until the flag is set; returns the identities of those that were
/// acknowledged, in their order.
fn write_until(folder: &Path, is_done: &AtomicBool) -> Vec<String> {
    let config = JournalConfig::builder(folder)
        .max_segment_bytes(64 * 1024)
        .max_bytes(1 << 30);
    let journal = Arc::new(FileJournal::open(config.build().unwrap()));
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    monitor.set_journal(journal.clone());
    let mut acknowledged = Vec::new();
    while !is_done.load(Ordering::Relaxed) {
        let message = format!("number {}", acknowledged.len());
        let id = monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, message));
        acknowledged.push(id.to_string());
        if acknowledged.len() % 10 == 0 {
            // Not faster than small batches are shipped.
            thread::park_timeout(Duration::from_millis(1));
        }
    }
    assert_eq!((journal.status().waiting, journal.status().failed), (0, 0));
    acknowledged
}

fn assert_all_once_and_in_order(fixture: &Fixture, acknowledged: &[String]) {
    let rows: Vec<String> = fixture.column("SELECT id::text FROM {s}.errors ORDER BY seq");
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    assert_eq!(rows.len(), acknowledged.len());
    assert!(rows == acknowledged, "another order");
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn shipper_that_is_killed_in_a_loop_ships_each_record_once_and_in_order() {
    let fixture = Fixture::new();
    let orders = format!(
        "{} {} {}",
        fixture.url,
        fixture.schema,
        fixture.folder().display()
    );
    // Makes the tables, so that progress can be read.
    append(fixture.folder(), 1, []);
    fixture.shipper().build().unwrap().ship().unwrap();
    let is_done = AtomicBool::new(false);
    let acknowledged = thread::scope(|scope| {
        let writer = scope.spawn(|| write_until(fixture.folder(), &is_done));
        let revision =
            || fixture.column::<i64>("SELECT revision FROM {s}.instances, pg_sleep(0.002)");
        for round in 0..rounds() {
            let before = revision();
            let mut child = Child::start("crashes::child_ships_until_killed", orders.clone());
            // At another place of a transaction each time.
            while revision() == before {}
            for _ in 0..round * 37 % 50 {
                thread::yield_now();
            }
            child.kill();
        }
        is_done.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    let shipper = fixture.shipper().build().unwrap();
    shipper.ship().unwrap();
    assert_all_once_and_in_order(&fixture, &acknowledged);
    let status = shipper.status();
    assert_eq!(
        (status.shipped, status.duplicates, status.lost),
        (acknowledged.len() as u64, 0, 0)
    );
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn server_that_is_killed_in_a_loop_has_each_record_once_and_in_order() {
    let server = Server::start();
    let mut fixture = Fixture::at(&server.url());
    append(fixture.folder(), 1, []);
    let shipper = fixture.shipper().batch_records(20).build().unwrap();
    shipper.ship().unwrap();
    let is_done = AtomicBool::new(false);
    let folder = fixture.folder().to_owned();
    let (acknowledged, failures) = thread::scope(|scope| {
        let writer = scope.spawn(|| write_until(&folder, &is_done));
        let shipping = scope.spawn(|| {
            let mut failures = 0;
            while !is_done.load(Ordering::Relaxed) {
                failures += u32::from(shipper.ship().is_err());
            }
            failures
        });
        for _ in 0..rounds() / 2 {
            let shipped = shipper.status().shipped;
            while shipper.status().shipped < shipped + 50 {
                thread::yield_now();
            }
            server.kill();
            server.restart();
        }
        is_done.store(true, Ordering::Relaxed);
        (writer.join().unwrap(), shipping.join().unwrap())
    });
    assert!(failures > 0, "no request was under way");
    shipper.ship().unwrap();
    fixture.reconnect();
    assert_all_once_and_in_order(&fixture, &acknowledged);
    assert_eq!(shipper.status().duplicates, 0);
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn server_that_does_not_answer_is_given_up_and_used_again() {
    let server = Server::start();
    let fixture = Fixture::at(&server.url());
    append(fixture.folder(), 1, [record(&now(), 1)]);
    let database = fixture.database().timeout(Duration::from_millis(500));
    let database = database
        .connect_timeout(Duration::from_millis(500))
        .build()
        .unwrap();
    let shipper = PostgresShipper::builder(fixture.folder(), database).background(false);
    let shipper = shipper.build().unwrap();
    shipper.ship().unwrap();

    append(fixture.folder(), 1, [record(&now(), 2)]);
    server.suspend();
    let err = shipper.ship().unwrap_err();
    let cause = std::error::Error::source(&err).unwrap().to_string();
    assert_eq!(cause, "no answer within 500ms");
    assert!(!shipper.status().is_healthy());
    // Now connecting, too.
    assert!(shipper.ship().is_err());
    assert!(shipper.status().waiting_bytes.unwrap() > 0 && shipper.status().lag.is_some());
    server.resume();
    shipper.ship().unwrap();
    assert_eq!(fixture.messages(), ["error 1", "error 2"]);
    assert!(shipper.status().is_healthy());
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn restart_of_the_server_between_two_turns_is_no_failure() {
    let server = Server::start();
    let mut fixture = Fixture::at(&server.url());
    let shipper = fixture.shipper().build().unwrap();
    for number in 0..3 {
        append(fixture.folder(), 1, [record(&now(), number)]);
        shipper.ship().unwrap();
        server.kill();
        server.restart();
    }
    fixture.reconnect();
    assert_eq!(
        (fixture.count("errors"), shipper.status().last_error),
        (3, None)
    );
}
