//! Rows of records.

use super::select::{Conditions, Side, cursor, table};
use crate::{error::DatabaseError, values::Day};
use gardefou::{
    event::{Record, RecordState},
    monitor::journal::{Cursor, ErrorCounts, Page, Query},
};
use tokio_postgres::{Client, Row};

/// Reads a page, newest first.
pub(super) async fn page(
    client: &Client,
    schema: &str,
    query: &Query,
) -> Result<Page, DatabaseError> {
    let mut page = Page::new(Vec::new(), None);
    let mut from = query.parts().after;
    let mut last = None;
    loop {
        let rows = chunk(client, schema, query, from.map(|from| (Side::Before, from))).await?;
        let is_end = rows.len() < chunk_rows(query);
        for row in rows {
            let at = position(&row);
            from = Some(at);
            let Some(record) = record(&row) else {
                page.torn += 1;
                continue;
            };
            let Some(record) = query.matching(record) else {
                continue;
            };
            if page.records.len() == query.parts().limit {
                page.next = last;
                return Ok(page);
            }
            page.records.push(record);
            last = Some(at);
        }
        if is_end {
            return Ok(page);
        }
    }
}

/// Reads a page behind a position, oldest first; `next` is the position of its last row.
pub(super) async fn page_from(
    client: &Client,
    schema: &str,
    query: &Query,
    after: Cursor,
) -> Result<Page, DatabaseError> {
    let rows = chunk(client, schema, query, Some((Side::After, after))).await?;
    let mut page = Page::new(Vec::new(), rows.last().map(position));
    for row in &rows {
        match record(row) {
            Some(record) => page.records.extend(query.matching(record)),
            None => page.torn += 1,
        }
    }
    Ok(page)
}

/// One more than a page holds, which shows whether there is a next one.
fn chunk_rows(query: &Query) -> usize {
    query.parts().limit + 1
}

async fn chunk(
    client: &Client,
    schema: &str,
    query: &Query,
    from: Option<(Side, Cursor)>,
) -> Result<Vec<Row>, DatabaseError> {
    let mut conditions = Conditions::of(query);
    let mut order = "DESC";
    if let Some((side, cursor)) = from {
        conditions.beside(side, cursor);
        if side == Side::After {
            order = "ASC";
        }
    }
    let (table, text, limit) = (table(schema, query), conditions.text(), chunk_rows(query));
    let sql = format!(
        "SELECT id, kind, record::text FROM {table} WHERE {text}
        ORDER BY day {order}, id {order}, kind {order} LIMIT {limit}"
    );
    Ok(client.query(&sql, &conditions.values()).await?)
}

fn position(row: &Row) -> Cursor {
    cursor(row.get(0), row.get(1))
}

fn record(row: &Row) -> Option<Record> {
    serde_json::from_str(row.get(2)).ok()
}

/// A row as it is followed.
pub(super) struct Followed {
    pub(super) at: (i64, i64),
    pub(super) record: Option<Record>,
}

/// Reads rows in the order of the transactions that wrote them, of those that are over: a transaction
/// with a lower number can still commit after one with a higher number.
pub(super) async fn written_after(
    client: &Client,
    schema: &str,
    query: &Query,
    after: (i64, i64),
) -> Result<Vec<Followed>, DatabaseError> {
    let mut conditions = Conditions::of(query);
    conditions.add("xid >= $", after.0);
    conditions.add("(xid > $", after.0);
    let (xid, seq) = after;
    let (table, limit) = (table(schema, query), query.parts().limit);
    let text = format!("{} OR xid = {xid} AND seq > {seq})", conditions.text());
    let sql = format!(
        "SELECT xid, seq, record::text FROM {table} WHERE {text} AND xid < {NEXT_XID} ORDER BY xid, seq LIMIT {limit}"
    );
    let rows = client.query(&sql, &conditions.values()).await?;
    let followed = |row: &Row| Followed {
        at: (row.get(0), row.get(1)),
        record: record(row),
    };
    Ok(rows.iter().map(followed).collect())
}

/// The oldest transaction that is still under way, or the next one.
const NEXT_XID: &str = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint";

/// Returns the position behind all that is written.
pub(super) async fn end(client: &Client) -> Result<(i64, i64), DatabaseError> {
    let row = client.query_one(&format!("SELECT {NEXT_XID}"), &[]).await?;
    Ok((row.get::<_, i64>(0) - 1, i64::MAX))
}

/// Counts errors by code and day, those of removed days included.
pub(super) async fn counts(client: &Client, schema: &str) -> Result<ErrorCounts, DatabaseError> {
    let sql = format!(
        "SELECT day, code, sum(errors)::bigint FROM (
            SELECT day, code, errors FROM {schema}.removed_counts
            UNION ALL SELECT day, code, count(*) FROM {schema}.errors WHERE state <> $1 GROUP BY day, code
        ) AS counted GROUP BY day, code"
    );
    let rows = client.query(&sql, &[&RecordState::Retried.name()]).await?;
    let mut counts = ErrorCounts::default();
    for row in rows {
        let (day, errors): (Day, i64) = (row.get(0), row.get(2));
        counts.add(
            &day.text(),
            row.get(1),
            u64::try_from(errors).unwrap_or_default(),
        );
    }
    Ok(counts)
}
