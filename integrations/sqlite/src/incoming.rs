//! Slots: records that are written, and not yet in the tables.
//!
//! SQLite writes whole pages. A record that is inserted changes a page of the table, one of each
//! index, the counts and what the file keeps of its own pages: ten in all. The table `incoming` has
//! slots of a fixed size instead. A record that replaces one of the same size changes only the
//! pages that differ, which is one for each 508 bytes. Once the slots are full, one transaction
//! moves their records into the tables, where those of a batch share the pages.
//!
//! The slots `1..` are used in order, and hold a number and a record each. Slot 0 has the number of
//! the last record that was moved; slots with a higher one are live. So moving writes to no slot
//! but this.

use crate::rows;
use gardefou::{event::Record, time::Timestamp};
use rusqlite::{Connection, OptionalExtension};

pub(crate) const SCHEMA: &str =
    "CREATE TABLE IF NOT EXISTS incoming (slot INTEGER PRIMARY KEY, content BLOB NOT NULL)";

/// How many slots any process uses at most.
const MAX_SLOTS: i64 = 64;
/// What SQLite keeps of a long value in the page of its table, for pages of 512 bytes. It is the
/// same in every slot and after every change, so that this page is not written.
const FILL: usize = 35;
/// How much of a value is in each further page.
const PAGE: usize = 508;
const NUMBER: usize = 8;
/// A longer record does not go through a slot.
const MAX_PAGES: usize = 8;
/// How many records of one transaction go through slots; more of them share the pages of the tables
/// at once.
pub(crate) const MAX_AT_ONCE: usize = 8;

/// A record in a slot, with its future place in the table.
pub(crate) struct Incoming {
    pub(crate) seq: i64,
    pub(crate) record: Record,
    pub(crate) json: String,
}

/// How many slots a database of so many bytes uses.
pub(crate) fn slots(max_bytes: u64) -> i64 {
    i64::try_from(max_bytes / (16 * 1024))
        .unwrap_or(MAX_SLOTS)
        .clamp(4, MAX_SLOTS)
}

/// Returns `true` if a record can go through a slot. A record with two lines goes into the table,
/// where the second one replaces the first.
pub(crate) fn takes(record: &Record, json: &str) -> bool {
    !record.is_joined() && json.len() <= MAX_PAGES * PAGE - NUMBER
}

/// Puts a record into a slot; the caller has begun a transaction.
pub(crate) fn put(db: &Connection, json: &str, slots: i64) -> rusqlite::Result<()> {
    let (mut live, newest) = live(db)?;
    if live >= slots {
        move_all(db)?;
        live = 0;
    }
    // The second detects a damaged table before more is written; the first has the numbers of
    // removed rows.
    let of_table =
        "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'errors'), 0),
                    coalesce((SELECT max(seq) FROM errors), 0))";
    let of_table: i64 = db
        .prepare_cached(of_table)?
        .query_row([], |row| row.get(0))?;
    let slot = live + 1;
    let known = "SELECT length(content) FROM incoming WHERE slot = ?1";
    let known: Option<i64> = db
        .prepare_cached(known)?
        .query_row([slot], |row| row.get(0))
        .optional()?;
    let size = known
        .and_then(|known| usize::try_from(known).ok())
        .unwrap_or(0);
    let needed = FILL + (NUMBER + json.len()).next_multiple_of(PAGE);
    let content = content(newest.max(of_table) + 1, json, needed.max(size));
    let sql = match known {
        Some(_) => "UPDATE incoming SET content = ?2 WHERE slot = ?1",
        None => "INSERT INTO incoming (slot, content) VALUES (?1, ?2)",
    };
    db.prepare_cached(sql)?.execute((slot, content))?;
    Ok(())
}

/// Moves the records of all slots into the tables; the caller has begun a transaction.
pub(crate) fn move_all(db: &Connection) -> rusqlite::Result<()> {
    let (incoming, _) = all(db)?;
    let Some(last) = incoming.last().map(|incoming| incoming.seq) else {
        return Ok(());
    };
    for Incoming { seq, record, json } in incoming {
        rows::add(db, Some(seq), &record, &json)?;
    }
    let mark = "INSERT OR REPLACE INTO incoming (slot, content) VALUES (0, ?1)";
    db.prepare_cached(mark)?
        .execute([content(last, "", FILL + NUMBER)])?;
    Ok(())
}

/// Returns the records in slots, oldest first, and how many slots hold an unreadable one.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<(Vec<Incoming>, u64)> {
    let (mut found, mut torn) = (Vec::new(), 0);
    // A database of an earlier version that cannot be written has none.
    let exists = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'incoming')";
    if !db
        .prepare_cached(exists)?
        .query_row([], |row| row.get::<_, bool>(0))?
    {
        return Ok((found, torn));
    }
    let (live, _) = live(db)?;
    let mut select = db
        .prepare_cached("SELECT content FROM incoming WHERE slot BETWEEN 1 AND ?1 ORDER BY slot")?;
    let mut rows = select.query([live])?;
    while let Some(row) = rows.next()? {
        let content = row.get_ref(0)?.as_bytes().unwrap_or_default();
        let json = content
            .get(FILL + NUMBER..)
            .unwrap_or_default()
            .trim_ascii_end();
        match (serde_json::from_slice(json), str::from_utf8(json)) {
            (Ok(record), Ok(json)) => {
                found.push(Incoming {
                    seq: number(content),
                    record,
                    json: json.to_owned(),
                });
            }
            _ => torn += 1,
        }
    }
    Ok((found, torn))
}

/// Returns when the oldest record in a slot was made.
pub(crate) fn oldest(db: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    if live(db)?.0 == 0 {
        return Ok(None);
    }
    let first: Vec<u8> =
        db.query_row("SELECT content FROM incoming WHERE slot = 1", [], |row| {
            row.get(0)
        })?;
    let json = first
        .get(FILL + NUMBER..)
        .unwrap_or_default()
        .trim_ascii_end();
    let record: Option<Record> = serde_json::from_slice(json).ok();
    Ok(record.map(|record| record.timestamp))
}

/// Returns how many slots, from the first on, are live, and the highest number of a record so far.
fn live(db: &Connection) -> rusqlite::Result<(i64, i64)> {
    // After `FILL` bytes, `NUMBER` bytes.
    let mut select =
        db.prepare_cached("SELECT substr(content, 36, 8) FROM incoming WHERE slot = ?1")?;
    let mut seq = |slot: i64| -> rusqlite::Result<i64> {
        let found = select
            .query_row([slot], |row| row.get::<_, Vec<u8>>(0))
            .optional()?;
        Ok(found.map_or(0, |bytes| {
            i64::from_be_bytes(bytes.try_into().unwrap_or_default())
        }))
    };
    let mut newest = seq(0)?;
    let (moved, mut live, mut free) = (newest, 0, MAX_SLOTS + 1);
    // `live` is live or 0, `free` is not.
    while free - live > 1 {
        let middle = live.midpoint(free);
        match seq(middle)? {
            number if number > moved => (live, newest) = (middle, number),
            _ => free = middle,
        }
    }
    Ok((live, newest))
}

fn content(seq: i64, json: &str, size: usize) -> Vec<u8> {
    let mut content = Vec::with_capacity(size);
    content.resize(FILL, 0);
    content.extend(seq.to_be_bytes());
    content.extend(json.as_bytes());
    content.resize(size, b' ');
    content
}

fn number(content: &[u8]) -> i64 {
    let bytes = content
        .get(FILL..FILL + NUMBER)
        .and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, i64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        database::SCHEMA as TABLES,
        testkit::{Rng, sample},
    };
    use gardefou::monitor::journal::Query;

    fn database() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(TABLES).unwrap();
        db.execute_batch(SCHEMA).unwrap();
        db
    }

    fn entry(message: &str) -> (Record, String) {
        let record = sample(message);
        let json = serde_json::to_string(&record).unwrap();
        (record, json)
    }

    fn in_slots(db: &Connection) -> usize {
        all(db).unwrap().0.len()
    }

    /// Page by page, of so many records each.
    fn messages(db: &Connection, limit: usize) -> Vec<String> {
        let (mut query, mut found) = (Query::new().limit(limit), Vec::new());
        loop {
            let page = rows::page(db, &query).unwrap();
            assert_eq!(page.torn, 0);
            found.extend(page.records.into_iter().map(|record| record.message));
            match page.next {
                Some(next) => query = query.after(next),
                None => return found,
            }
        }
    }

    #[test]
    fn records_of_any_size_keep_their_order_in_slots_and_tables() {
        let (mut db, mut rng, mut expected) = (database(), Rng(11), Vec::new());
        for step in 0..1500 {
            let length = [0, 60, 400, 900, 3000, 9000][usize::try_from(rng.next() % 6).unwrap()];
            let message = format!("{step} {}", "x".repeat(length));
            expected.push(message.clone());
            // Processes may differ in how many slots they use.
            let slots = if rng.next() % 2 == 0 { 4 } else { MAX_SLOTS };
            rows::insert(&mut db, [entry(&message)].iter(), slots).unwrap();
            match rng.next() % 100 {
                0 => rows::move_incoming(&db).unwrap(),
                // As retention does, when all records are too old.
                1 => {
                    rows::move_incoming(&db).unwrap();
                    db.execute("DELETE FROM errors", []).unwrap();
                    expected.clear();
                }
                _ => {}
            }
            if step % 50 == 0 {
                let newest_first: Vec<_> = expected.iter().rev().cloned().collect();
                assert_eq!(messages(&db, 7), newest_first, "after step {step}");
                assert_eq!(rows::counts(&db).unwrap().total, step + 1);
            }
        }
    }

    #[test]
    fn slots_are_emptied_when_all_are_live() {
        let mut db = database();
        for i in 1..=10 {
            rows::insert(&mut db, [entry(&i.to_string())].iter(), 4).unwrap();
            assert_eq!(in_slots(&db), (i - 1) % 4 + 1);
        }
        rows::insert(&mut db, [entry(&"x".repeat(5000))].iter(), 4).unwrap();
        assert_eq!(
            (in_slots(&db), messages(&db, 50).len()),
            (0, 11),
            "too large for a slot"
        );
    }

    #[test]
    fn number_taken_by_an_earlier_version_loses_no_record() {
        let mut db = database();
        rows::insert(&mut db, [entry("first")].iter(), 4).unwrap();
        let (other, json) = entry("other");
        rows::add(&db, None, &other, &json).unwrap();
        rows::insert(&mut db, [entry("second")].iter(), 4).unwrap();
        rows::move_incoming(&db).unwrap();
        let mut found = messages(&db, 50);
        found.sort();
        assert_eq!(
            (found, rows::counts(&db).unwrap().total),
            (vec!["first".into(), "other".into(), "second".into()], 3)
        );
    }

    #[test]
    fn read_only_database_of_an_earlier_version_is_read() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(TABLES).unwrap();
        let (record, json) = entry("earlier");
        rows::add(&db, None, &record, &json).unwrap();
        assert_eq!(
            (messages(&db, 50), rows::counts(&db).unwrap().total),
            (vec!["earlier".into()], 1)
        );
    }
}
