//! Journals of a fleet in PostgreSQL, against the server that `tests/real/postgres/run` starts.

use super::*;
use gardefou_postgres::{DatabaseConfig, PostgresShipper};
use serde_json::Value;
use std::{
    env,
    io::{BufRead, BufReader},
    process::Stdio,
};

fn url() -> String {
    env::var("GARDEFOU_POSTGRES_URL")
        .expect("GARDEFOU_POSTGRES_URL names a server: run tests/real/postgres/run")
}

/// Ships the journal of a fixture to a schema.
fn ship(fixture: &Fixture, schema: &str) {
    let database = DatabaseConfig::builder(url())
        .schema(schema)
        .build()
        .unwrap();
    // Kept, for the year of the manual clock.
    let shipper = PostgresShipper::builder(fixture.folder(), database);
    let shipper = shipper
        .retention_days(3650)
        .background(false)
        .build()
        .unwrap();
    shipper.ship().unwrap();
    assert_eq!(
        (shipper.status().waiting_bytes, shipper.status().too_old),
        (Some(0), 0)
    );
}

fn command(schema: &str, arguments: &[&str]) -> Command {
    let mut command = program(&["journal"]);
    command.args(arguments).args(["--schema", schema]);
    command.env("GARDEFOU_JOURNAL", url());
    command
}

fn lines(schema: &str, arguments: &[&str]) -> Vec<String> {
    let printed = printed(command(schema, arguments));
    assert_eq!((printed.status, &*printed.stderr), (0, ""), "{arguments:?}");
    printed.lines()
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn commands_read_all_instances() {
    let schema = format!("cli_read_{}", std::process::id());
    let (first, second) = (Fixture::with_errors(), Fixture::with_errors());
    ship(&first, &schema);
    ship(&second, &schema);
    let listed = lines(&schema, &["list", "--json"]);
    let mut messages: Vec<_> = listed.iter().map(|line| parsed(line).message).collect();
    messages.sort_unstable();
    let each = ["disk full", "disk gone", "first", "last"];
    assert_eq!(messages, each.map(|message| [message; 2]).concat());
    assert_eq!(lines(&schema, &["list", "--json", "-n", "1"]).len(), 1);
    let shown = lines(
        &schema,
        &["show", &parsed(&listed[0]).id.to_string(), "--json"],
    );
    assert_eq!(shown, listed[..1]);
    let exported = lines(&schema, &["export"]);
    assert!(exported.iter().eq(listed.iter().rev()), "{exported:#?}");
    assert_eq!(
        lines(&schema, &["export", "--code", "DB_WRITE_ERROR"]).len(),
        4
    );
    assert!(lines(&schema, &["stats"])[0].starts_with("8 records, 2023-11-14"));

    let groups = lines(&schema, &["groups", "--json", "--code", "DB_WRITE_ERROR"]);
    let group: Value = serde_json::from_str(&groups[0]).unwrap();
    assert_eq!(
        (groups.len(), &group["errors"], &group["message"]),
        (1, &4.into(), &"disk gone".into())
    );
    assert_eq!(group["machines"].as_array().unwrap().len(), 2);
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn follow_prints_what_instances_ship() {
    let schema = format!("cli_follow_{}", std::process::id());
    let fixture = Fixture::with_errors();
    ship(&fixture, &schema);
    let mut following = command(&schema, &["follow", "--json"]);
    let mut following = following.stdout(Stdio::piped()).spawn().unwrap();
    let mut printed = BufReader::new(following.stdout.take().unwrap()).lines();
    // Until it has connected, which it does not report.
    let (found, next) = std::sync::mpsc::channel();
    let reading = thread::spawn(move || found.send(printed.next().unwrap().unwrap()));
    let mut shipped = Vec::new();
    let line = loop {
        shipped.push(format!("new {}", shipped.len()));
        let message = shipped.last().unwrap();
        fixture.add("load", ErrorCode::SYNC_ERROR, Severity::Error, message);
        ship(&fixture, &schema);
        if let Ok(line) = next.recv_timeout(Duration::from_millis(200)) {
            break line;
        }
        assert!(shipped.len() < 300, "nothing was printed");
    };
    assert!(shipped.contains(&parsed(&line).message), "{line}");
    following.kill().unwrap();
    following.wait().unwrap();
    let _ = reading.join();
}

#[test]
fn password_of_a_url_is_never_printed() {
    let urls = [
        "postgres://app:hunter2@127.0.0.1:1/x",
        "postgresql://app:hunter2@127.0.0.1:port/x",
        "postgres://app:hunter2@127.0.0.1/x?hunter2=hunter2",
    ];
    for url in urls {
        let printed = printed(program(&["journal", "list", "--journal", url]));
        assert_eq!((printed.status, &*printed.stdout), (2, ""));
        assert!(printed.stderr.contains("`--journal"), "{}", printed.stderr);
        assert!(!printed.stderr.contains("hunter2"), "{}", printed.stderr);
    }
    let unreachable = printed(program(&["journal", "list", "--journal", urls[0]]));
    assert!(
        unreachable.stderr.contains("postgres://127.0.0.1:1/x"),
        "{}",
        unreachable.stderr
    );
}
