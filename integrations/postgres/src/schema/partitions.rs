//! Partitions: one for each UTC day and table.

use super::{lock_number, migrations::exists};
use crate::{error::DatabaseError, values::Day};
use std::{collections::BTreeSet, time::Duration};
use tokio_postgres::{Client, Transaction};

/// Which days the database keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Days {
    /// By the clock of the server.
    pub(crate) today: Day,
    /// The oldest day that is kept; the partitions of older ones were dropped.
    pub(crate) oldest: Day,
    /// Days with partitions.
    pub(crate) existing: BTreeSet<Day>,
}

/// How many days ahead of the server's clock a machine may be. Each of them can become a partition.
const MAX_AHEAD: i32 = 30;

impl Days {
    /// Returns `true` if a day is beyond the newest that is accepted.
    pub(crate) fn is_too_new(&self, day: Day) -> bool {
        day.0 > self.today.0.saturating_add(MAX_AHEAD)
    }
}

const TABLES: [&str; 2] = ["errors", "events"];

/// Locks the set of partitions until the end of a transaction: shared with others that write rows, or
/// alone to change it.
pub(crate) async fn lock_days(
    transaction: &Transaction<'_>,
    schema: &str,
    shared: bool,
) -> Result<(), DatabaseError> {
    let lock = lock_number(schema, "partitions");
    let function = if shared {
        "pg_advisory_xact_lock_shared"
    } else {
        "pg_advisory_xact_lock"
    };
    let select = format!("SELECT {function}($1)");
    transaction.execute(&select, &[&lock]).await?;
    Ok(())
}

/// Returns the days, which stay as they are while their lock is held.
pub(crate) async fn days(
    transaction: &Transaction<'_>,
    schema: &str,
) -> Result<Days, DatabaseError> {
    let select = format!(
        "SELECT {schema}.today(), (SELECT oldest_day FROM {schema}.retention), ARRAY(
            SELECT to_date(right(child.relname, 8), 'YYYYMMDD') FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
            WHERE inhparent IN ('{schema}.errors'::regclass, '{schema}.events'::regclass) AND child.relname ~ '^(errors|events)_[0-9]{{8}}$'
            GROUP BY 1 HAVING count(*) = 2
        )"
    );
    let row = transaction.query_one(&select, &[]).await?;
    let existing: Vec<Day> = row.get(2);
    Ok(Days {
        today: row.get(0),
        oldest: row.get(1),
        existing: existing.into_iter().collect(),
    })
}

/// Makes the partitions of these days that are missing.
pub(crate) async fn add_days(
    client: &mut Client,
    schema: &str,
    wanted: &BTreeSet<Day>,
) -> Result<(), DatabaseError> {
    let transaction = client.transaction().await?;
    lock_days(&transaction, schema, false).await?;
    let days = days(&transaction, schema).await?;
    for day in wanted.difference(&days.existing) {
        add_day(&transaction, schema, *day).await?;
    }
    transaction.commit().await?;
    Ok(())
}

async fn add_day(
    transaction: &Transaction<'_>,
    schema: &str,
    day: Day,
) -> Result<(), DatabaseError> {
    let (from, to) = (day.text(), Day(day.0 + 1).text());
    for table in TABLES {
        let name = format!("{table}_{}", day.suffix());
        if exists(transaction, schema, &name).await? {
            continue;
        }
        let name = format!("{schema}.{name}");
        // Attached, rather than made as a partition: that would wait for all readers of the table.
        let sql = format!(
            "CREATE TABLE {name} (LIKE {schema}.{table} INCLUDING ALL);
            ALTER TABLE {schema}.{table} ATTACH PARTITION {name} FOR VALUES FROM ('{from}') TO ('{to}')"
        );
        transaction.batch_execute(&sql).await?;
    }
    Ok(())
}

/// Makes the partitions of today and tomorrow. Returns today.
///
/// Rows are written without those of older days, so that nothing here waits for who reads or locks them.
pub(crate) async fn prepare(client: &mut Client, schema: &str) -> Result<Day, DatabaseError> {
    let transaction = client.transaction().await?;
    lock_days(&transaction, schema, false).await?;
    let days = days(&transaction, schema).await?;
    for day in [days.today, Day(days.today.0 + 1)] {
        // A clock that was set back behind what was dropped already.
        if day >= days.oldest && !days.existing.contains(&day) {
            add_day(&transaction, schema, day).await?;
        }
    }
    transaction.commit().await?;
    Ok(days.today)
}

/// Refuses rows of days that are older than so many days, and returns those days that have partitions
/// still.
///
/// Age is counted from the earlier of today and the newest day that has an error: a server whose
/// clock jumps ahead drops nothing.
pub(crate) async fn expire(
    client: &mut Client,
    schema: &str,
    retention_days: i32,
) -> Result<BTreeSet<Day>, DatabaseError> {
    let transaction = client.transaction().await?;
    let days = days(&transaction, schema).await?;
    // This may wait for who locks a partition: not under the lock of the days, for which others wait.
    let newest = format!("SELECT max(day) FROM {schema}.errors WHERE day <= $1");
    let newest: Option<Day> = transaction.query_one(&newest, &[&days.today]).await?.get(0);
    let from = newest.map_or(days.today, |newest| newest.min(days.today));
    let oldest = Day(from.0 - retention_days + 1).max(days.oldest);
    if oldest > days.oldest {
        lock_days(&transaction, schema, false).await?;
        let update = format!("UPDATE {schema}.retention SET oldest_day = $1 WHERE oldest_day < $1");
        transaction.execute(&update, &[&oldest]).await?;
    }
    transaction.commit().await?;
    Ok(days.existing.range(..oldest).copied().collect())
}

/// Counts the errors of a day that was [expired](expire), and drops its partitions. Returns `false` if
/// another instance is about to.
///
/// Gives up if it waits for a lock longer than `patience`: meanwhile, whoever writes waits behind it.
pub(crate) async fn drop_day(
    client: &mut Client,
    schema: &str,
    day: Day,
    patience: Duration,
) -> Result<bool, DatabaseError> {
    let transaction = client.transaction().await?;
    let limit = format!("SET LOCAL lock_timeout = {}", patience.as_millis().max(1));
    transaction.batch_execute(&limit).await?;
    // Its own lock. Nobody writes rows of an expired day, so that the count needs not keep others away.
    let lock = lock_number(schema, "removal");
    let alone = transaction
        .query_one("SELECT pg_try_advisory_xact_lock($1)", &[&lock])
        .await?;
    if !alone.get::<_, bool>(0) {
        return Ok(false);
    }
    if !days(&transaction, schema).await?.existing.contains(&day) {
        return Ok(true); // another instance was quicker
    }
    let keep = format!(
        "INSERT INTO {schema}.removed_counts AS kept (day, code, errors)
        SELECT day, code, count(*) FROM {schema}.errors WHERE day = $1 AND state <> 'retried' GROUP BY day, code
        ON CONFLICT (day, code) DO UPDATE SET errors = kept.errors + excluded.errors"
    );
    transaction.execute(&keep, &[&day]).await?;
    for table in TABLES {
        let name = format!("{schema}.{table}_{}", day.suffix());
        let sql =
            format!("ALTER TABLE {schema}.{table} DETACH PARTITION {name}; DROP TABLE {name}");
        transaction.batch_execute(&sql).await?;
    }
    transaction.commit().await?;
    Ok(true)
}
