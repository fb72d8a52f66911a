//! Groups of errors and instances of the fleet.

use super::select::{Conditions, table};
use crate::{
    error::DatabaseError,
    values::{Time, id_text},
};
use gardefou::{event::Fingerprint, monitor::journal::Query, time::Timestamp};
use serde_json::Value;
use tokio_postgres::{Client, Row};

/// The errors of one group, wherever in the fleet they happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorGroup {
    /// The fingerprint that they have in common.
    pub fingerprint: Fingerprint,
    /// The name of the code of the latest one.
    pub code: String,
    /// The operation of the latest one.
    pub operation: String,
    /// The message of the latest one.
    pub message: String,
    /// How many there are.
    pub errors: u64,
    /// The time of the earliest one.
    pub first: Timestamp,
    /// The time of the latest one.
    pub last: Timestamp,
    /// The instances that recorded them, those with the most errors first, at most 1,000.
    pub instances: Vec<GroupInstance>,
}

/// An instance that recorded errors of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupInstance {
    /// The identity of the instance.
    pub instance: String,
    /// The name of its service, where that is known.
    pub service: Option<String>,
    /// The name of its machine, where that is known.
    pub host: Option<String>,
    /// How many errors it recorded.
    pub errors: u64,
}

/// An instance of the fleet: one spool on one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instance {
    /// Its identity.
    pub instance: String,
    /// The name of its service, where that is known.
    pub service: Option<String>,
    /// The name of its machine, where that is known.
    pub host: Option<String>,
    /// When it first reached the database.
    pub first_seen: Timestamp,
    /// When it last shipped records.
    pub last_seen: Timestamp,
    /// How many records it shipped.
    pub shipped: u64,
    /// How many lines the retention of its journal removed before they were shipped.
    pub lost: u64,
    /// How many records were left out, as they were too old or too new for the days that are kept.
    pub left_out: u64,
    /// How many records the server refused.
    pub refused: u64,
}

/// Returns the groups of the errors that match, those with the most errors first.
pub(super) async fn groups(
    client: &Client,
    schema: &str,
    query: &Query,
) -> Result<Vec<ErrorGroup>, DatabaseError> {
    let conditions = Conditions::of(query);
    let (table, text, limit) = (table(schema, query), conditions.text(), query.parts().limit);
    let sql = format!(
        "WITH matching AS (
            SELECT fingerprint, instance, time, day, id, service, host FROM {table} WHERE {text}
        ), by_instance AS (
            SELECT fingerprint, instance, count(*) AS errors, min(time) AS first, max(time) AS last, max(service) AS service,
                max(host) AS host
            FROM matching GROUP BY fingerprint, instance
        ), grouped AS (
            SELECT fingerprint, sum(errors)::bigint AS errors, min(first) AS first, max(last) AS last,
                (array_agg(json_build_object('instance', instance, 'service', service, 'host', host, 'errors', errors)
                    ORDER BY errors DESC, instance))[1:1000] AS instances
            FROM by_instance GROUP BY fingerprint ORDER BY errors DESC, fingerprint LIMIT {limit}
        )
        SELECT grouped.fingerprint, grouped.errors, grouped.first, grouped.last, array_to_json(grouped.instances)::text, latest.record::text
        FROM grouped CROSS JOIN LATERAL (
            SELECT records.record FROM {table}
            WHERE records.fingerprint = grouped.fingerprint AND records.time = grouped.last AND {text} ORDER BY records.id DESC LIMIT 1
        ) AS latest ORDER BY grouped.errors DESC, grouped.fingerprint"
    );
    let rows = client.query(&sql, &conditions.values()).await?;
    Ok(rows.iter().filter_map(group).collect())
}

fn group(row: &Row) -> Option<ErrorGroup> {
    let instances: Vec<Value> = serde_json::from_str(row.get(4)).ok()?;
    let latest: Value = serde_json::from_str(row.get(5)).ok()?;
    let of_latest = |key: &str| latest[key].as_str().unwrap_or_default().to_owned();
    let (first, last): (Time, Time) = (row.get(2), row.get(3));
    Some(ErrorGroup {
        fingerprint: row.get::<_, &str>(0).parse().ok()?,
        code: of_latest("error_code"),
        operation: of_latest("operation"),
        message: of_latest("message"),
        errors: count(row.get(1)),
        first: first.0,
        last: last.0,
        instances: instances.iter().filter_map(instance_of_group).collect(),
    })
}

fn instance_of_group(json: &Value) -> Option<GroupInstance> {
    let text = |key: &str| json[key].as_str().map(str::to_owned);
    Some(GroupInstance {
        instance: text("instance")?,
        service: text("service"),
        host: text("host"),
        errors: json["errors"].as_u64()?,
    })
}

/// Returns all instances, those that shipped last first.
pub(super) async fn instances(
    client: &Client,
    schema: &str,
) -> Result<Vec<Instance>, DatabaseError> {
    let sql = format!(
        "SELECT instance, service, host, first_seen, last_seen, shipped, lost, too_old + too_new, refused
        FROM {schema}.instances ORDER BY last_seen DESC, instance"
    );
    let rows = client.query(&sql, &[]).await?;
    let instance = |row: &Row| {
        let (first, last): (Time, Time) = (row.get(3), row.get(4));
        Instance {
            instance: id_text(row.get(0)),
            service: row.get(1),
            host: row.get(2),
            first_seen: first.0,
            last_seen: last.0,
            shipped: count(row.get(5)),
            lost: count(row.get(6)),
            left_out: count(row.get(7)),
            refused: count(row.get(8)),
        }
    };
    Ok(rows.iter().map(instance).collect())
}

fn count(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
