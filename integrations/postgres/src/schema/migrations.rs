//! Versions of the tables.

use super::lock_number;
use crate::error::DatabaseError;
use tokio_postgres::{Client, GenericClient, Transaction};

/// A change of the tables.
struct Migration {
    version: i32,
    /// The oldest version of this program that can go on using the tables after it.
    compatible_with: i32,
    sql: &'static str,
}

/// In order, never changed once they were released.
const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    compatible_with: 1,
    sql: include_str!("v1.sql"),
}];

/// The version of the tables that this program makes.
const VERSION: i32 = 1;

/// Brings the tables up to date. Of programs that start at the same time, one does, and the others
/// wait for it.
pub(crate) async fn migrate(
    client: &mut Client,
    schema: &str,
    retention_days: i32,
) -> Result<(), DatabaseError> {
    if version(client, schema).await?.is_some_and(|v| v >= VERSION) {
        return Ok(());
    }
    let transaction = client.transaction().await?;
    let lock = lock_number(schema, "migrations");
    transaction
        .execute("SELECT pg_advisory_xact_lock($1)", &[&lock])
        .await?;
    let found = version(&transaction, schema).await?.unwrap_or(0);
    if found == 0 {
        make(&transaction, schema).await?;
    }
    for migration in MIGRATIONS.iter().filter(|m| m.version > found) {
        let sql = migration.sql.replace("{schema}", schema);
        transaction.batch_execute(&sql).await?;
        let insert =
            format!("INSERT INTO {schema}.migrations (version, compatible_with) VALUES ($1, $2)");
        let values = (migration.version, migration.compatible_with);
        transaction
            .execute(&insert, &[&values.0, &values.1])
            .await?;
    }
    // Days before it are not accepted from the start.
    let retention = format!(
        "INSERT INTO {schema}.retention (oldest_day) VALUES ({schema}.today() - $1::int4) ON CONFLICT DO NOTHING"
    );
    let before = retention_days.saturating_sub(1);
    transaction.execute(&retention, &[&before]).await?;
    transaction.commit().await?;
    Ok(())
}

async fn make(transaction: &Transaction<'_>, schema: &str) -> Result<(), DatabaseError> {
    let found = transaction
        .query_opt("SELECT 1 FROM pg_namespace WHERE nspname = $1", &[&schema])
        .await?;
    // A role may be allowed to use the schema and not to make one.
    if found.is_none() {
        transaction
            .batch_execute(&format!("CREATE SCHEMA {schema}"))
            .await?;
    }
    let table = format!(
        "CREATE TABLE {schema}.migrations (
            version integer PRIMARY KEY, compatible_with integer NOT NULL, applied timestamptz NOT NULL DEFAULT now()
        )"
    );
    transaction.batch_execute(&table).await?;
    Ok(())
}

/// Fails if the schema has no journal, or one that this program cannot use.
pub(crate) async fn check(client: &Client, schema: &str) -> Result<(), DatabaseError> {
    match version(client, schema).await? {
        Some(_) => Ok(()),
        None => Err(DatabaseError::NoJournal(schema.to_owned())),
    }
}

/// Returns the version of the tables, if there are any.
async fn version(client: &impl GenericClient, schema: &str) -> Result<Option<i32>, DatabaseError> {
    if !exists(client, schema, "migrations").await? {
        return Ok(None);
    }
    let select = format!("SELECT max(version), max(compatible_with) FROM {schema}.migrations");
    let row = client.query_one(&select, &[]).await?;
    let (found, needed): (Option<i32>, Option<i32>) = (row.get(0), row.get(1));
    match (found, needed) {
        (Some(found), Some(needed)) if needed > VERSION => Err(DatabaseError::NewerSchema {
            schema: schema.to_owned(),
            found,
            needed,
            ours: VERSION,
        }),
        (found, _) => Ok(found),
    }
}

/// Returns `true` if there is such a table.
///
/// From the catalog: behind an advisory lock, `to_regclass` can answer from a cache what was true
/// before another session made the table.
pub(super) async fn exists(
    client: &impl GenericClient,
    schema: &str,
    table: &str,
) -> Result<bool, DatabaseError> {
    let select = "SELECT 1 FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = $1 AND relname = $2";
    let found = client.query_opt(select, &[&schema, &table]).await?;
    Ok(found.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_order_and_end_with_that_of_the_program() {
        let versions: Vec<_> = MIGRATIONS.iter().map(|m| m.version).collect();
        assert_eq!(versions, (1..=VERSION).collect::<Vec<_>>());
        assert!(MIGRATIONS.iter().all(|m| m.compatible_with <= m.version));
    }
}
