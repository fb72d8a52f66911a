//! Queries over all instances.

use crate::support::{Fixture, append, now, record};
use gardefou::{
    event::{Fingerprint, RecordKind, RecordState, Severity},
    monitor::journal::{Cursor, Query},
    time::Timestamp,
};
use gardefou_postgres::{PostgresReader, PostgresShipper};
use serde_json::Value;
use std::{collections::BTreeSet, path::PathBuf};

struct Fleet {
    fixture: Fixture,
    instances: Vec<(PathBuf, PostgresShipper)>,
}

impl Fleet {
    fn new(instances: usize) -> Self {
        let fixture = Fixture::new();
        let instances = (0..instances).map(|i| {
            let folder = fixture.other_folder(&format!("instance{i}"));
            let shipper = fixture.shipper_of(&folder).build().unwrap();
            (folder, shipper)
        });
        let instances = instances.collect();
        Self { fixture, instances }
    }

    fn ship(&self, instance: usize, records: impl IntoIterator<Item = Value>) {
        let (folder, shipper) = &self.instances[instance];
        let host = |mut record: Value| {
            record["host"] = format!("host{instance}").into();
            record["service"] = "orders".into();
            record
        };
        append(folder, 1, records.into_iter().map(host));
        shipper.ship().unwrap();
    }

    fn reader(&self) -> PostgresReader {
        PostgresReader::connect(self.fixture.database().build().unwrap()).unwrap()
    }
}

/// A time of today, so many milliseconds after the start of the test.
fn later(millis: i64) -> String {
    let now: Timestamp = now().parse().unwrap();
    Timestamp::from_unix_millis(now.as_unix_millis() + millis).to_string()
}

fn with(mut record: Value, key: &str, value: impl Into<Value>) -> Value {
    record[key] = value.into();
    record
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn pages_have_every_record_once_in_both_directions() {
    let fleet = Fleet::new(3);
    for i in 0..60 {
        let time = later(i as i64);
        let mut records = vec![record(&time, i)];
        if i % 3 == 0 {
            // The same identity under other kinds, which no page may separate.
            records.push(with(record(&time, i), "kind", "queued"));
            records.push(with(record(&time, i), "kind", "settled"));
        }
        fleet.ship(i as usize % 3, records);
    }
    let reader = fleet.reader();
    for limit in [1, 2, 7, 1000] {
        let query = Query::new().any_kind().limit(limit);
        let (mut newest, mut next) = (Vec::new(), None);
        loop {
            let page = match next {
                None => reader.query(&query),
                Some(after) => reader.query(&query.clone().after(after)),
            };
            let page = page.unwrap();
            assert!(page.records.len() <= limit);
            newest.extend(page.records.iter().map(|r| (r.id, r.kind.name())));
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        let (mut oldest, mut after) = (Vec::new(), Cursor::new(0, 0));
        while let page = reader.query_from(&query, after).unwrap()
            && let Some(next) = page.next
        {
            oldest.extend(page.records.iter().map(|r| (r.id, r.kind.name())));
            after = next;
        }
        oldest.reverse();
        assert_eq!(newest.len(), 100, "{limit} at a time");
        assert_eq!(newest, oldest, "{limit} at a time");
        assert_eq!(newest.iter().collect::<BTreeSet<_>>().len(), 100);
        assert!(newest.is_sorted_by(|a, b| a.0 >= b.0));
    }
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn conditions_select_as_in_a_local_journal() {
    let fleet = Fleet::new(2);
    let time = later(0);
    let attempt = |number, state: &str| {
        let record = with(record(&time, number), "attempt", 1);
        with(with(record, "max_attempts", 3), "state", state)
    };
    fleet.ship(
        0,
        [
            with(record(&time, 1), "message", "100% \"quoted\" \\ é"),
            with(record(&time, 2), "error_code", "TIMEOUT_ERROR"),
            with(record(&time, 3), "level", "critical"),
            with(record(&time, 4), "operation", "load"),
        ],
    );
    fleet.ship(
        1,
        [
            with(record(&time, 5), "fingerprint", "00000000000000b2"),
            attempt(6, "pending"),
            attempt(7, "retried"),
            with(record(&time, 8), "kind", "transition"),
            with(record(&time, 9), "chain", vec!["disk is full"]),
        ],
    );
    let reader = fleet.reader();
    let found = |query: Query| -> Vec<u64> {
        let page = reader.query(&query).unwrap();
        let number = |id: String| u64::from_str_radix(&id[24..], 16).unwrap();
        page.records
            .iter()
            .map(|record| number(record.id.to_string()))
            .collect()
    };
    let all = Query::new;
    assert_eq!(found(all()), [9, 6, 5, 4, 3, 2, 1]);
    assert_eq!(found(all().include_retried()), [9, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(found(all().any_kind()), [9, 8, 6, 5, 4, 3, 2, 1]);
    assert_eq!(found(all().kind(RecordKind::Transition)), [8]);
    assert_eq!(found(all().state(RecordState::Pending)), [6]);
    assert_eq!(found(all().state(RecordState::Retried)), [7]);
    assert_eq!(
        found(all().state(RecordState::Error)),
        [9, 6, 5, 4, 3, 2, 1]
    );
    assert_eq!(found(all().code_name("TIMEOUT_ERROR")), [2]);
    assert_eq!(found(all().min_level(Severity::Critical)), [3]);
    assert_eq!(found(all().operation("load")), [4]);
    assert_eq!(
        found(all().fingerprint("00000000000000b2".parse().unwrap())),
        [5]
    );
    assert_eq!(found(all().text("100% \"quoted\" \\ é")), [1]);
    assert_eq!(found(all().text("disk")), [9]);
    assert_eq!(
        found(all().text("app::store")),
        [] as [u64; 0],
        "of messages and causes alone"
    );
    let at: Timestamp = time.parse().unwrap();
    assert_eq!(found(all().since(at)).len(), 7);
    assert_eq!(found(all().until(at)), [] as [u64; 0]);
    let id = reader.query(&all().limit(1)).unwrap().records[0].id;
    assert_eq!(found(all().id(id)), [9]);
    let counts = reader.counts().unwrap();
    assert_eq!((counts.total, counts.by_code["TIMEOUT_ERROR"]), (7, 1));
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn groups_have_first_and_last_occurrence_and_the_instances_that_saw_them() {
    let fleet = Fleet::new(3);
    let of_group =
        |time: &str, number, group: &str| with(record(time, number), "fingerprint", group);
    let times: Vec<String> = (0..6).map(|i| later(i * 10)).collect();
    let (a, b) = ("00000000000000a1", "00000000000000b2");
    fleet.ship(2, [of_group(&times[5], 6, a)]);
    fleet.ship(
        0,
        [
            of_group(&times[0], 1, a),
            of_group(&times[1], 2, a),
            of_group(&times[2], 3, b),
        ],
    );
    fleet.ship(
        1,
        [
            of_group(&times[3], 4, a),
            with(of_group(&times[4], 5, b), "state", "retried"),
        ],
    );
    let reader = fleet.reader();
    let groups = reader.groups(&Query::new()).unwrap();
    assert_eq!(groups.len(), 2);
    let group = &groups[0];
    assert_eq!(
        (group.fingerprint, group.errors),
        (a.parse::<Fingerprint>().unwrap(), 4)
    );
    assert_eq!(
        (&*group.code, &*group.message),
        ("DB_WRITE_ERROR", "error 6"),
        "of the latest"
    );
    assert_eq!(
        (group.first.to_string(), group.last.to_string()),
        (times[0].clone(), times[5].clone())
    );
    let seen: Vec<_> = group
        .instances
        .iter()
        .map(|i| (i.host.clone().unwrap(), i.errors))
        .collect();
    assert_eq!(seen[0], ("host0".to_owned(), 2));
    assert_eq!(
        seen.iter()
            .map(|(host, _)| &**host)
            .collect::<BTreeSet<_>>(),
        ["host0", "host1", "host2"].into()
    );
    assert_eq!(
        (groups[1].errors, groups[1].instances.len()),
        (1, 1),
        "what was retried is no error"
    );
    assert_eq!(reader.groups(&Query::new().limit(1)).unwrap().len(), 1);
    assert_eq!(
        reader.groups(&Query::new().text("error 3")).unwrap()[0].errors,
        1
    );

    let instances = reader.instances().unwrap();
    assert_eq!(instances.len(), 3);
    assert_eq!(
        instances
            .iter()
            .map(|instance| instance.shipped)
            .sum::<u64>(),
        6
    );
    assert!(
        instances
            .iter()
            .all(|instance| instance.service.as_deref() == Some("orders"))
    );
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn what_is_shipped_is_followed_also_behind_a_transaction_that_takes_long() {
    let fleet = Fleet::new(2);
    let time = later(0);
    fleet.ship(0, [record(&time, 0)]);
    let mut tail = fleet.reader().follow(&Query::new()).unwrap();
    let now: Timestamp = time.parse().unwrap();
    assert!(tail.next_at(now).is_none());
    let mut next = || tail.next_at(now).map(|next| next.unwrap().message);

    fleet.ship(1, [record(&time, 1)]);
    assert_eq!(next().as_deref(), Some("error 1"));
    assert_eq!(next(), None);
    // A transaction that began before what is shipped next, and commits after it, must not hide a
    // row of its own.
    let slow = Fixture::new();
    slow.execute(&format!(
        "BEGIN; UPDATE {0}.errors SET record = record, xid = pg_current_xact_id()::text::bigint WHERE record->>'message' = 'error 0'",
        fleet.fixture.schema
    ));
    fleet.ship(1, [record(&time, 2)]);
    assert_eq!(next(), None, "until it is over");
    slow.execute("COMMIT");
    assert_eq!(next().as_deref(), Some("error 0"));
    assert_eq!(next().as_deref(), Some("error 2"));
    assert_eq!(next(), None);

    let pending = with(
        with(with(record(&time, 3), "attempt", 1), "max_attempts", 2),
        "state",
        "pending",
    );
    fleet.ship(0, [pending.clone()]);
    assert_eq!(next(), None, "another attempt may follow");
    fleet.ship(0, [with(pending, "state", "error")]);
    assert_eq!(next().as_deref(), Some("error 3"));
    assert_eq!(next(), None);
}

#[test]
#[ignore = "needs a PostgreSQL server: tests/real/postgres/run"]
fn reader_makes_no_tables() {
    let fixture = Fixture::new();
    let err = PostgresReader::connect(fixture.database().build().unwrap()).unwrap_err();
    let cause = std::error::Error::source(&err).unwrap().to_string();
    assert_eq!(
        cause,
        format!("there is no journal in the schema `{}`", fixture.schema)
    );
}
