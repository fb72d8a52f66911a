//! Rows of records.

use crate::incoming;
use gardefou::{
    error::ErrorId,
    event::{Record, RecordKind, RecordState},
    monitor::journal::{Cursor, ErrorCounts, Page, Query},
    time::Timestamp,
};
use rusqlite::{Connection, ToSql, Transaction, TransactionBehavior, params, types::Value};

/// The kind of an error that another attempt followed, which a query for errors does not find.
const RETRIED: &str = "retried";
/// The column `text` is empty: its contents are in the record. Rows of an earlier version have them
/// in both.
///
/// A process of an earlier version sees only the numbers in the table, and may take one of a slot.
const INSERT: &str = "INSERT INTO errors (id, kind, time, level, code, operation, fingerprint, text, record, seq)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '', ?8, (SELECT ?9 WHERE NOT EXISTS (SELECT 1 FROM errors WHERE seq = ?9)))";
/// A record that is joined keeps the place of its first row.
const UPDATE: &str = "UPDATE errors SET kind = ?2, time = ?3, level = ?4, code = ?5, operation = ?6, fingerprint = ?7,
    text = '', record = ?8 WHERE id = ?1 AND (kind = 'transition') = (?2 = 'transition')";
const COUNT: &str = "INSERT INTO counts (day, code, n) VALUES (?1, ?2, 1) ON CONFLICT (day, code) DO UPDATE SET n = n + 1";

/// Adds records, or settles existing ones, in one transaction.
pub(crate) fn insert<'a, I>(db: &mut Connection, records: I, slots: i64) -> rusqlite::Result<()>
where
    I: ExactSizeIterator<Item = &'a (Record, String)> + Clone,
{
    let is_small = records.len() <= incoming::MAX_AT_ONCE;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_small
        && records
            .clone()
            .all(|(record, json)| incoming::takes(record, json))
    {
        records
            .into_iter()
            .try_for_each(|(_, json)| incoming::put(&transaction, json, slots))?;
    } else {
        incoming::move_all(&transaction)?;
        records
            .into_iter()
            .try_for_each(|(record, json)| add(&transaction, None, record, json))?;
    }
    transaction.commit()
}

/// Moves the records in slots into the tables, in one transaction.
pub(crate) fn move_incoming(db: &Connection) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    incoming::move_all(&transaction)?;
    transaction.commit()
}

/// Adds a record at its reserved number or after all others, or settles an existing one; and counts
/// it.
pub(crate) fn add(
    db: &Connection,
    seq: Option<i64>,
    record: &Record,
    json: &str,
) -> rusqlite::Result<()> {
    put(db, seq, record, json)?;
    count(db, record)
}

fn put(db: &Connection, seq: Option<i64>, record: &Record, json: &str) -> rusqlite::Result<()> {
    let kind = if record.state == RecordState::Retried {
        RETRIED
    } else {
        record.kind.name()
    };
    let (id, fingerprint) = (record.id.to_string(), record.fingerprint.to_string());
    let (time, level) = (record.timestamp.as_unix_millis(), record.level as u8);
    let (code, operation) = (&record.error_code, &record.operation);
    let columns: [&dyn ToSql; 8] = [
        &id,
        &kind,
        &time,
        &level,
        code,
        operation,
        &fingerprint,
        &json,
    ];
    if !record.is_joined() || db.prepare_cached(UPDATE)?.execute(&columns[..])? == 0 {
        let [id, kind, time, level, code, operation, fingerprint, json] = columns;
        let columns = [
            id,
            kind,
            time,
            level,
            code,
            operation,
            fingerprint,
            json,
            &seq,
        ];
        db.prepare_cached(INSERT)?.execute(&columns[..])?;
    }
    Ok(())
}

/// Counts an error once it stands; until then it waits in a table of its own, even after its row is
/// removed.
fn count(db: &Connection, record: &Record) -> rusqlite::Result<()> {
    if record.kind != RecordKind::Error {
        return Ok(());
    }
    let (id, day) = (record.id.to_string(), record.timestamp.day());
    if record.state == RecordState::Pending {
        let mut wait = db.prepare_cached(
            "INSERT OR REPLACE INTO pending (id, time, day, code) VALUES (?1, ?2, ?3, ?4)",
        )?;
        wait.execute(params![
            id,
            record.timestamp.as_unix_millis(),
            day,
            record.error_code
        ])?;
        return Ok(());
    }
    if record.is_joined() {
        db.prepare_cached("DELETE FROM pending WHERE id = ?1")?
            .execute([id])?;
    }
    if record.state == RecordState::Error {
        db.prepare_cached(COUNT)?
            .execute(params![day, record.error_code])?;
    }
    Ok(())
}

/// Counts errors that waited and whose rows are removed: no process settles them so late.
pub(crate) fn count_abandoned(db: &Connection, before: i64) -> rusqlite::Result<()> {
    const ABANDONED: &str = "FROM pending WHERE time <= ?1 AND id NOT IN (SELECT id FROM errors)";
    // A query first, as a change would keep other processes from writing.
    if !db.query_row(
        &format!("SELECT EXISTS (SELECT 1 {ABANDONED})"),
        [before],
        |row| row.get(0),
    )? {
        return Ok(());
    }
    // A transaction that begins by reading cannot wait for another process once it writes.
    let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    let add = format!(
        "INSERT INTO counts (day, code, n) SELECT day, code, count(*) {ABANDONED} GROUP BY day, code
         ON CONFLICT (day, code) DO UPDATE SET n = n + excluded.n"
    );
    transaction.execute(&add, [before])?;
    transaction.execute(&format!("DELETE {ABANDONED}"), [before])?;
    transaction.commit()
}

/// Returns one page of records, newest first.
pub(crate) fn page(db: &Connection, query: &Query) -> rusqlite::Result<Page> {
    // In one transaction: records are moved meanwhile.
    let reading = db.unchecked_transaction()?;
    let mut page = Filling {
        query,
        page: Page::new(Vec::new(), None),
        last: None,
    };
    let before = query.parts().after.map(position);
    let (incoming, torn) = incoming::all(&reading)?;
    page.page.torn = torn;
    for found in incoming
        .into_iter()
        .rev()
        .filter(|found| before.is_none_or(|before| found.seq < before))
    {
        if !page.add(found.seq, found.record) {
            return Ok(page.page);
        }
    }
    let mut from = before;
    while let Some(last) = page.read(&reading, from)? {
        from = Some(last);
    }
    Ok(page.page)
}

/// A page that is being filled.
struct Filling<'a> {
    query: &'a Query,
    page: Page,
    last: Option<i64>,
}

impl Filling<'_> {
    /// Adds a record, if it matches; returns `false` if the page is full.
    fn add(&mut self, seq: i64, record: Record) -> bool {
        let Some(record) = self.query.matching(record) else {
            return true;
        };
        if self.page.records.len() == self.query.parts().limit {
            self.page.next = self.last.map(cursor);
            return false;
        }
        self.page.records.push(record);
        self.last = Some(seq);
        true
    }

    /// Adds rows from the table; returns where to go on, as not every selected row matches.
    fn read(&mut self, db: &Connection, before: Option<i64>) -> rusqlite::Result<Option<i64>> {
        let limit = self.query.parts().limit + 1;
        let (sql, values) = select(self.query, ("seq < ?", before), "DESC", limit);
        let mut select = db.prepare_cached(&sql)?;
        let mut rows = select.query(rusqlite::params_from_iter(values))?;
        let (mut seen, mut last) = (0, None);
        while let Some(row) = rows.next()? {
            let seq = row.get(0)?;
            (seen, last) = (seen + 1, Some(seq));
            let json = row.get_ref(1)?.as_bytes().unwrap_or_default();
            let Ok(record) = serde_json::from_slice(json) else {
                self.page.torn += 1;
                continue;
            };
            if !self.add(seq, record) {
                return Ok(None);
            }
        }
        Ok(last.filter(|_| seen > self.query.parts().limit))
    }
}

pub(crate) fn position(cursor: Cursor) -> i64 {
    i64::try_from(cursor.position()).unwrap_or(i64::MAX)
}

pub(crate) fn cursor(position: i64) -> Cursor {
    Cursor::new(0, u64::try_from(position).unwrap_or_default())
}

/// Records in the order in which they were written.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// They may match the query, and are not changed to what it shows.
    pub(crate) records: Vec<Record>,
    pub(crate) torn: u64,
    /// The position behind the last row; `None` if there was none.
    pub(crate) end: Option<i64>,
}

/// Reads the rows behind a position, as many as the query has as a limit.
pub(crate) fn chunk(db: &Connection, query: &Query, after: i64) -> rusqlite::Result<Chunk> {
    let reading = db.unchecked_transaction()?;
    let (limit, last) = (query.parts().limit, end(&reading)?);
    let (sql, values) = select(query, ("seq > ?", Some(after)), "ASC", limit);
    let mut chunk = Chunk {
        records: Vec::new(),
        torn: 0,
        end: None,
    };
    let mut select = reading.prepare_cached(&sql)?;
    let mut rows = select.query(rusqlite::params_from_iter(values))?;
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        (seen, chunk.end) = (seen + 1, Some(row.get(0)?));
        match serde_json::from_slice(row.get_ref(1)?.as_bytes().unwrap_or_default()) {
            Ok(record) => chunk.records.push(record),
            Err(_) => chunk.torn += 1,
        }
    }
    if seen == limit {
        return Ok(chunk);
    }
    let (mut incoming, torn) = incoming::all(&reading)?;
    incoming.retain(|found| found.seq > after);
    let is_last = incoming.len() <= limit - seen;
    incoming.truncate(limit - seen);
    let in_slots = incoming.last().map(|found| found.seq);
    let records = incoming.into_iter().map(|found| found.record);
    chunk.records.extend(records);
    if !is_last {
        chunk.end = in_slots.or(chunk.end);
    } else if last > after {
        // Behind rows that do not match, too.
        chunk.end = Some(last);
        // An unreadable slot has no position, and is counted with the records around it.
        chunk.torn += torn;
    }
    Ok(chunk)
}

/// Returns the position of the last record.
pub(crate) fn end(db: &Connection) -> rusqlite::Result<i64> {
    let last = "SELECT coalesce(max(seq), 0) FROM errors";
    let last: i64 = db.prepare_cached(last)?.query_row([], |row| row.get(0))?;
    let (incoming, _) = incoming::all(db)?;
    Ok(incoming.iter().map(|found| found.seq).fold(last, i64::max))
}

/// Reads an error inside an attempt, if it is settled.
pub(crate) fn settled(db: &Connection, id: ErrorId) -> rusqlite::Result<Option<Record>> {
    let mut select = db.prepare_cached("SELECT record FROM errors WHERE id = ?1")?;
    let mut rows = select.query([id.to_string()])?;
    while let Some(row) = rows.next()? {
        let json = row.get_ref(0)?.as_bytes().unwrap_or_default();
        if let Ok(record) = serde_json::from_slice::<Record>(json)
            && record.state != RecordState::Pending
        {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// Returns the statement for rows on one side of a position, in an order. A page selects one more
/// than it holds, which shows whether there is a next one.
fn select(
    query: &Query,
    (side, position): (&str, Option<i64>),
    order: &str,
    limit: usize,
) -> (String, Vec<Value>) {
    let parts = query.parts();
    let mut conditions = vec![kinds(query)];
    let mut values: Vec<Value> = Vec::new();
    let mut add = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            conditions.push(condition.to_owned());
            values.push(value);
        }
    };
    let millis = |time: Timestamp| time.as_unix_millis().into();
    add(side, position.map(Into::into));
    add("id = ?", parts.id.map(|id| id.to_string().into()));
    add("code = ?", parts.code.clone().map(Into::into));
    let level = parts.min_level.map(|level| i64::from(level as u8).into());
    add("level >= ?", level);
    add("operation = ?", parts.operation.clone().map(Into::into));
    let group = parts.fingerprint.map(|group| group.to_string().into());
    add("fingerprint = ?", group);
    add("time >= ?", parts.since.map(millis));
    add("time < ?", parts.until.map(millis));
    let text = parts.text.as_deref().map(|text| in_json(text).into());
    add("instr(record, ?) > 0", text);
    let conditions = conditions.join(" AND ");
    let sql = format!(
        "SELECT seq, record FROM errors WHERE {conditions} ORDER BY seq {order} LIMIT {limit}"
    );
    (sql, values)
}

/// Escapes a part of a text as JSON does.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Returns the condition on kinds and state.
fn kinds(query: &Query) -> String {
    let parts = query.parts();
    let names = parts.kinds.iter().map(|kind| format!("'{}'", kind.name()));
    let mut names: Vec<String> = names.collect();
    let has_errors = parts.kinds.contains(&RecordKind::Error);
    match parts.state {
        None if parts.includes_retried && has_errors => names.push(format!("'{RETRIED}'")),
        Some(RecordState::Retried) if has_errors => names = vec![format!("'{RETRIED}'")],
        // Other kinds have no other state.
        Some(RecordState::Pending | RecordState::Retried) if !has_errors => names.clear(),
        _ => {}
    }
    let of_kinds = format!("kind IN ({})", names.join(", "));
    match parts.state {
        Some(RecordState::Pending) => {
            format!("{of_kinds} AND id IN (SELECT id FROM pending)")
        }
        _ => of_kinds,
    }
}

/// Returns the counts of all records that were ever added.
pub(crate) fn counts(db: &Connection) -> rusqlite::Result<ErrorCounts> {
    let reading = db.unchecked_transaction()?;
    let mut sum = ErrorCounts::default();
    let mut select = reading.prepare_cached(
        "SELECT day, code, n FROM counts UNION ALL SELECT day, code, count(*) FROM pending GROUP BY day, code",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let count: i64 = row.get(2)?;
        let (day, code): (String, String) = (row.get(0)?, row.get(1)?);
        sum.add(&day, &code, u64::try_from(count).unwrap_or_default());
    }
    for found in incoming::all(&reading)?.0 {
        if found.record.kind == RecordKind::Error {
            let record = &found.record;
            sum.add(&record.timestamp.day(), &record.error_code, 1);
        }
    }
    Ok(sum)
}

/// Returns `true` if a record in a slot is that old.
pub(crate) fn has_old_incoming(db: &Connection, until: i64) -> rusqlite::Result<bool> {
    Ok(incoming::oldest(db)?
        .map(Timestamp::as_unix_millis)
        .is_some_and(|oldest| oldest <= until))
}
