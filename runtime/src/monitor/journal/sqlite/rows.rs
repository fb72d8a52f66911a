//! Records as rows.

use super::super::{Counts, Cursor, Page, Query, counts::DayCounts, line};
use crate::monitor::{ErrorRecord, RecordKind};
use rusqlite::{Connection, params, types::Value};
use std::collections::VecDeque;

/// Adds records, and counts them, in one transaction.
pub(super) fn insert(db: &mut Connection, records: &VecDeque<(ErrorRecord, String)>) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO errors (id, kind, time, level, code, operation, fingerprint, text, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        let mut count = transaction.prepare_cached(
            "INSERT INTO counts (day, code, n) VALUES (?1, ?2, 1) ON CONFLICT (day, code) DO UPDATE SET n = n + 1",
        )?;
        for (record, json) in records {
            let text = std::iter::once(&record.message).chain(&record.chain).map(String::as_str).collect::<Vec<_>>();
            insert.execute(params![
                record.id.to_string(),
                record.kind.name(),
                record.timestamp.as_unix_millis(),
                record.level as u8,
                record.error_code,
                record.operation,
                record.fingerprint.to_string(),
                text.join("\n"),
                json.trim_end(),
            ])?;
            if record.kind == RecordKind::Error {
                count.execute(params![record.timestamp.day(), record.error_code])?;
            }
        }
    }
    transaction.commit()
}

/// One page of records, newest first.
pub(super) fn page(db: &Connection, query: &Query) -> rusqlite::Result<Page> {
    let mut conditions = vec!["kind = ?"];
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
            Ok(found) => page.records.push(found.record),
            Err(line::Torn) => page.torn += 1,
        }
    }
    Ok(page)
}

/// The counts of all records that were ever added.
pub(super) fn counts(db: &Connection) -> rusqlite::Result<Counts> {
    let mut select = db.prepare_cached("SELECT day, code, n FROM counts")?;
    let mut rows = select.query([])?;
    let mut sum = DayCounts::default();
    while let Some(row) = rows.next()? {
        let count: i64 = row.get(2)?;
        sum.add_many(row.get(0)?, &row.get::<_, String>(1)?, u64::try_from(count).unwrap_or_default());
    }
    Ok(sum.summed())
}
