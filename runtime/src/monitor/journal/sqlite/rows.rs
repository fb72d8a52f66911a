//! Records as rows.

use super::super::{Counts, Cursor, Page, Query, counts::DayCounts, line};
use crate::monitor::{ErrorRecord, RecordKind, RecordState};
use rusqlite::{Connection, Transaction, TransactionBehavior, params, types::Value};

/// The kind of an error that another attempt followed, which a question for errors does not find.
const RETRIED: &str = "retried";
const INSERT: &str = "INSERT INTO errors (id, kind, time, level, code, operation, fingerprint, text, record)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
/// A record that is joined keeps the place of its first row.
const UPDATE: &str = "UPDATE errors SET kind = ?2, time = ?3, level = ?4, code = ?5, operation = ?6, fingerprint = ?7,
    text = ?8, record = ?9 WHERE id = ?1 AND (kind = 'transition') = (?2 = 'transition')";
const COUNT: &str =
    "INSERT INTO counts (day, code, n) VALUES (?1, ?2, 1) ON CONFLICT (day, code) DO UPDATE SET n = n + 1";

/// Adds records or settles those that are there, and counts them, in one transaction.
pub(super) fn insert<'a, I>(db: &mut Connection, records: I) -> rusqlite::Result<()>
where
    I: Iterator<Item = &'a (ErrorRecord, String)>,
{
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (record, json) in records {
        put(&transaction, record, json)?;
        count(&transaction, record)?;
    }
    transaction.commit()
}

fn put(db: &Connection, record: &ErrorRecord, json: &str) -> rusqlite::Result<()> {
    let text = std::iter::once(&record.message).chain(&record.chain).map(String::as_str).collect::<Vec<_>>();
    let kind = if record.state == RecordState::Retried { RETRIED } else { record.kind.name() };
    let put = |sql: &str| {
        db.prepare_cached(sql)?.execute(params![
            record.id.to_string(),
            kind,
            record.timestamp.as_unix_millis(),
            record.level as u8,
            record.error_code,
            record.operation,
            record.fingerprint.to_string(),
            text.join("\n"),
            json.trim_end(),
        ])
    };
    if !line::is_joined(record) || put(UPDATE)? == 0 {
        put(INSERT)?;
    }
    Ok(())
}

/// An error is counted once it stands; until then it waits in a table of its own, also after its row is gone.
fn count(db: &Connection, record: &ErrorRecord) -> rusqlite::Result<()> {
    if record.kind != RecordKind::Error {
        return Ok(());
    }
    let (id, day) = (record.id.to_string(), record.timestamp.day());
    if record.state == RecordState::Pending {
        let mut wait =
            db.prepare_cached("INSERT OR REPLACE INTO pending (id, time, day, code) VALUES (?1, ?2, ?3, ?4)")?;
        wait.execute(params![id, record.timestamp.as_unix_millis(), day, record.error_code])?;
        return Ok(());
    }
    if line::is_joined(record) {
        db.prepare_cached("DELETE FROM pending WHERE id = ?1")?.execute([id])?;
    }
    if record.state == RecordState::Error {
        db.prepare_cached(COUNT)?.execute(params![day, record.error_code])?;
    }
    Ok(())
}

/// Counts errors that waited and whose rows are gone: so late no process settles them.
pub(super) fn count_abandoned(db: &Connection, before: i64) -> rusqlite::Result<()> {
    const ABANDONED: &str = "FROM pending WHERE time <= ?1 AND id NOT IN (SELECT id FROM errors)";
    // Only a question first, as other processes cannot write meanwhile.
    if !db.query_row(&format!("SELECT EXISTS (SELECT 1 {ABANDONED})"), [before], |row| row.get(0))? {
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

/// One page of records, newest first.
pub(super) fn page(db: &Connection, query: &Query) -> rusqlite::Result<Page> {
    let mut conditions = vec![kinds(query)];
    let mut values: Vec<Value> = vec![query.kind.name().to_owned().into()];
    let mut add = |condition: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    };
    let position = |cursor: Cursor| i64::try_from(cursor.position()).unwrap_or(i64::MAX);
    add("seq < ?", query.after.map(|cursor| position(cursor).into()));
    add("id = ?", query.id.map(|id| id.to_string().into()));
    add("code = ?", query.code.clone().map(Into::into));
    add("level >= ?", query.min_level.map(|level| i64::from(level as u8).into()));
    add("operation = ?", query.operation.clone().map(Into::into));
    add("fingerprint = ?", query.fingerprint.map(|fingerprint| fingerprint.to_string().into()));
    add("time >= ?", query.since.map(|time| time.as_unix_millis().into()));
    add("time < ?", query.until.map(|time| time.as_unix_millis().into()));
    add("instr(text, ?) > 0", query.text.clone().map(Into::into));
    // One more than fits tells whether there is a next page. The limit is 1,000 at most.
    let sql = format!(
        "SELECT seq, record FROM errors WHERE {} ORDER BY seq DESC LIMIT {}",
        conditions.join(" AND "),
        query.limit + 1
    );
    let mut select = db.prepare_cached(&sql)?;
    let mut rows = select.query(rusqlite::params_from_iter(values))?;
    let (mut page, mut last) = (Page::new(Vec::new(), None), None);
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        if seen == query.limit {
            page.next = last;
            break;
        }
        seen += 1;
        let seq: i64 = row.get(0)?;
        last = Some(Cursor::new(0, u64::try_from(seq).unwrap_or_default()));
        match line::decode(row.get_ref(1)?.as_bytes().unwrap_or_default()) {
            Ok(found) => page.records.push(query.shown(found.record)),
            Err(line::Torn) => page.torn += 1,
        }
    }
    Ok(page)
}

/// The condition on kind and state; its one parameter is the name of the kind.
fn kinds(query: &Query) -> &'static str {
    match (query.kind, query.state) {
        (RecordKind::Error, None) if query.includes_retried => "kind IN (?, 'retried')",
        (_, None | Some(RecordState::Error)) => "kind = ?",
        (RecordKind::Error, Some(RecordState::Pending)) => "kind = ? AND id IN (SELECT id FROM pending)",
        (RecordKind::Error, Some(RecordState::Retried)) => "? IS NOT NULL AND kind = 'retried'",
        // Other kinds have no other state.
        (_, Some(_)) => "? IS NULL",
    }
}

/// The counts of all records that were ever added.
pub(super) fn counts(db: &Connection) -> rusqlite::Result<Counts> {
    let mut select = db.prepare_cached(
        "SELECT day, code, n FROM counts UNION ALL SELECT day, code, count(*) FROM pending GROUP BY day, code",
    )?;
    let mut rows = select.query([])?;
    let mut sum = DayCounts::default();
    while let Some(row) = rows.next()? {
        let count: i64 = row.get(2)?;
        sum.add_many(row.get(0)?, &row.get::<_, String>(1)?, u64::try_from(count).unwrap_or_default());
    }
    Ok(sum.summed())
}
