//! One batch in one transaction: its rows, the counts, and the position behind it.

use super::status::Totals;
use crate::{
    error::DatabaseError,
    schema::{Days, days, lock_days},
    spool::{Batch, Entry, Identity, Position},
    values::{Day, Json, Time, Uuid, clean},
};
use gardefou::event::{RecordKind, RecordState};
use std::collections::{BTreeMap, BTreeSet};
use tokio_postgres::{Client, Row, Transaction, types::ToSql};

/// What the database knows of an instance.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) revision: i64,
    pub(crate) position: Position,
    pub(crate) totals: Totals,
}

/// What became of a batch.
#[derive(Debug)]
pub(crate) enum Outcome {
    Committed {
        revision: i64,
        totals: Totals,
        today: Day,
    },
    /// Another shipper has written since the position was read.
    Moved,
    /// These days have no partitions.
    Missing(BTreeSet<Day>),
}

/// The most bytes of a text in a column of its own, well within what an index takes.
pub(crate) const MAX_TEXT: usize = 256;
const TOTALS: &str = "shipped, duplicates, too_old, too_new, refused, torn, lost";

/// Reads how far an instance was shipped, and adds it where it is new.
pub(crate) async fn known(
    client: &Client,
    schema: &str,
    identity: &Identity,
) -> Result<Known, DatabaseError> {
    let insert = format!(
        "INSERT INTO {schema}.instances (instance, position) VALUES ($1, $2) ON CONFLICT DO NOTHING"
    );
    let start = Json(identity.start.to_json().to_string());
    client
        .execute(&insert, &[&identity.instance, &start])
        .await?;
    let select = format!(
        "SELECT {TOTALS}, revision, position::text FROM {schema}.instances WHERE instance = $1"
    );
    let row = client.query_one(&select, &[&identity.instance]).await?;
    let position = serde_json::from_str(row.get(8)).ok();
    let position = position.and_then(|json| Position::from_json(&json));
    Ok(Known {
        revision: row.get(7),
        position: position.ok_or_else(|| {
            DatabaseError::Lost("the position in the table `instances` is damaged".to_owned())
        })?,
        totals: totals(&row),
    })
}

fn totals(row: &Row) -> Totals {
    Totals {
        shipped: row.get(0),
        duplicates: row.get(1),
        too_old: row.get(2),
        too_new: row.get(3),
        refused: row.get(4),
        torn: row.get(5),
        lost: row.get(6),
    }
}

/// Writes a batch, unless another shipper has written to the instance since `revision`. Either all
/// of it is there afterwards, or nothing.
pub(crate) async fn ship(
    client: &mut Client,
    schema: &str,
    (identity, revision): (&Identity, i64),
    batch: &Batch,
    is_refused: bool,
) -> Result<Outcome, DatabaseError> {
    let transaction = client.transaction().await?;
    lock_days(&transaction, schema, true).await?;
    let select = format!("SELECT revision FROM {schema}.instances WHERE instance = $1 FOR UPDATE");
    let row = transaction
        .query_opt(&select, &[&identity.instance])
        .await?;
    if row.is_none_or(|row| row.get::<_, i64>(0) != revision) {
        return Ok(Outcome::Moved);
    }
    let days = days(&transaction, schema).await?;
    let mut counts = Totals {
        torn: signed(batch.torn),
        lost: signed(batch.lost),
        ..Totals::default()
    };
    let entries = accepted(batch, &days, is_refused, &mut counts);
    let needed: BTreeSet<Day> = entries.iter().map(|entry| entry.day).collect();
    let missing: BTreeSet<Day> = needed.difference(&days.existing).copied().collect();
    if !missing.is_empty() {
        return Ok(Outcome::Missing(missing));
    }
    insert(&transaction, schema, identity, &entries, &mut counts).await?;
    let row = update(&transaction, schema, identity, batch, counts).await?;
    let (revision, totals) = (row.get(7), totals(&row));
    transaction.commit().await?;
    Ok(Outcome::Committed {
        revision,
        totals,
        today: days.today,
    })
}

/// Returns the entries that the database keeps, and counts the others.
fn accepted<'a>(
    batch: &'a Batch,
    days: &Days,
    is_refused: bool,
    counts: &mut Totals,
) -> Vec<&'a Entry> {
    let mut entries = Vec::with_capacity(batch.entries.len());
    for entry in &batch.entries {
        if entry.day < days.oldest {
            counts.too_old += 1;
        } else if days.is_too_new(entry.day) {
            counts.too_new += 1;
        } else if is_refused {
            counts.refused += 1;
        } else {
            entries.push(entry);
        }
    }
    entries
}

async fn insert(
    transaction: &Transaction<'_>,
    schema: &str,
    identity: &Identity,
    entries: &[&Entry],
    counts: &mut Totals,
) -> Result<(), DatabaseError> {
    let (errors, events): (Vec<&Entry>, Vec<&Entry>) = entries
        .iter()
        .partition(|entry| entry.record.kind == RecordKind::Error);
    for (of, entries) in [(Table::Errors, errors), (Table::Events, events)] {
        let (joined, plain): (Vec<&Entry>, Vec<&Entry>) =
            entries.iter().partition(|entry| entry.record.is_joined());
        for (is_joined, entries) in [(false, plain), (true, joined)] {
            if entries.is_empty() {
                continue;
            }
            let lines = signed(entries.len());
            let rows = if is_joined {
                last_of_each(&entries)
            } else {
                entries
            };
            let written = put(transaction, schema, identity, (of, is_joined), &rows).await?;
            // Two lines that are one record in this batch are both shipped.
            let duplicates = signed(rows.len()) - written;
            counts.duplicates += duplicates;
            counts.shipped += lines - duplicates;
        }
    }
    Ok(())
}

/// Of several lines that are one record, keeps the last: a statement writes a row once.
fn last_of_each<'a>(entries: &[&'a Entry]) -> Vec<&'a Entry> {
    let mut last: BTreeMap<(Uuid, &str), &Entry> = BTreeMap::new();
    for entry in entries {
        last.insert((entry.id, entry.record.kind.name()), entry);
    }
    let mut last: Vec<_> = last.into_values().collect();
    last.sort_by_key(|entry| entry.seq);
    last
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Errors,
    Events,
}

/// Writes rows; returns how many were not there before, or changed one that was.
async fn put(
    transaction: &Transaction<'_>,
    schema: &str,
    identity: &Identity,
    (table, is_joined): (Table, bool),
    entries: &[&Entry],
) -> Result<i64, DatabaseError> {
    let sql = statement(schema, table, is_joined);
    let column = |text: fn(&Entry) -> String| -> Vec<String> {
        entries.iter().map(|entry| text(entry)).collect()
    };
    let origin = |part: fn(&gardefou::event::Origin) -> Option<&String>| -> Vec<Option<String>> {
        let text = |entry: &&Entry| {
            let origin = entry.record.origin.as_deref()?;
            Some(clean(part(origin)?, MAX_TEXT))
        };
        entries.iter().map(text).collect()
    };
    let days: Vec<Day> = entries.iter().map(|entry| entry.day).collect();
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
    let seqs: Vec<i64> = entries.iter().map(|entry| entry.seq).collect();
    let times: Vec<Time> = entries.iter().map(|e| Time(e.record.timestamp)).collect();
    let levels: Vec<i16> = entries.iter().map(|e| e.record.level as i16).collect();
    let states = column(|entry| entry.record.state.name().to_owned());
    let codes = column(|entry| clean(&entry.record.error_code, MAX_TEXT));
    let operations = column(|entry| clean(&entry.record.operation, MAX_TEXT));
    let fingerprints = column(|entry| entry.record.fingerprint.to_string());
    let services = origin(|origin| origin.service.as_ref());
    let hosts = origin(|origin| origin.host.as_ref());
    let records: Vec<Json> = entries.iter().map(|e| Json(e.json.clone())).collect();
    let kinds = column(|entry| entry.record.kind.name().to_owned());
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![
        &identity.instance,
        &days,
        &ids,
        &seqs,
        &times,
        &levels,
        &states,
        &codes,
        &operations,
        &fingerprints,
        &services,
        &hosts,
        &records,
    ];
    if table == Table::Events {
        values.push(&kinds);
    }
    let written = transaction.execute(&sql, &values).await?;
    Ok(signed(written))
}

fn statement(schema: &str, table: Table, is_joined: bool) -> String {
    let pending = RecordState::Pending.name();
    let columns =
        "day, id, seq, time, level, state, code, operation, fingerprint, service, host, record";
    let types = "$2::date[], $3::uuid[], $4::int8[], $5::timestamptz[], $6::int2[], $7::text[], $8::text[], $9::text[],
        $10::text[], $11::text[], $12::text[], $13::json[]";
    let (name, kind, kinds, key) = match table {
        Table::Errors => ("errors", "", "", "day, id"),
        Table::Events => ("events", ", kind", ", $14::text[]", "day, id, kind"),
    };
    let set = "DO UPDATE SET xid = excluded.xid, time = excluded.time, level = excluded.level, state = excluded.state,
        code = excluded.code, operation = excluded.operation, fingerprint = excluded.fingerprint, record = excluded.record";
    let action = match (table, is_joined) {
        (_, false) => "DO NOTHING".to_owned(),
        // An error is settled once, and keeps its place.
        (Table::Errors, true) => {
            format!("{set} WHERE kept.state = '{pending}' AND excluded.state <> '{pending}'")
        }
        // The later line of a transition holds all of the earlier one.
        (Table::Events, true) => format!("{set}, seq = excluded.seq WHERE kept.seq < excluded.seq"),
    };
    format!(
        "INSERT INTO {schema}.{name} AS kept (instance, {columns}{kind})
        SELECT $1::uuid, {columns}{kind} FROM unnest({types}{kinds}) AS rows ({columns}{kind})
        ON CONFLICT ({key}) {action}"
    )
}

/// Adds the counts to the row of the instance, and moves its position behind the batch.
async fn update(
    transaction: &Transaction<'_>,
    schema: &str,
    identity: &Identity,
    batch: &Batch,
    counts: Totals,
) -> Result<Row, DatabaseError> {
    let latest = batch.entries.iter().rev();
    let mut origins = latest.filter_map(|entry| entry.record.origin.as_deref());
    let origin = origins.next();
    let text = |part: Option<&String>| part.map(|text| clean(text, MAX_TEXT));
    let service = text(origin.and_then(|origin| origin.service.as_ref()));
    let host = text(origin.and_then(|origin| origin.host.as_ref()));
    let environment = text(origin.and_then(|origin| origin.environment.as_ref()));
    let release = text(origin.and_then(|origin| origin.release.as_ref()));
    let position = Json(batch.after.to_json().to_string());
    let sql = format!(
        "UPDATE {schema}.instances SET revision = revision + 1, position = $2, last_seen = now(),
            service = coalesce($3, service), host = coalesce($4, host), environment = coalesce($5, environment),
            release = coalesce($6, release), shipped = shipped + $7, duplicates = duplicates + $8, too_old = too_old + $9,
            too_new = too_new + $10, refused = refused + $11, torn = torn + $12, lost = lost + $13
        WHERE instance = $1 RETURNING {TOTALS}, revision"
    );
    let row = transaction
        .query_one(
            &sql,
            &[
                &identity.instance,
                &position,
                &service,
                &host,
                &environment,
                &release,
                &counts.shipped,
                &counts.duplicates,
                &counts.too_old,
                &counts.too_new,
                &counts.refused,
                &counts.torn,
                &counts.lost,
            ],
        )
        .await?;
    Ok(row)
}

fn signed(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
