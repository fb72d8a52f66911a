//! The conditions of a query, in SQL.

use crate::{
    shipper::MAX_TEXT,
    values::{Time, Uuid, clean},
};
use gardefou::{
    event::{RecordKind, RecordState},
    monitor::journal::{Cursor, Query},
};
use tokio_postgres::types::ToSql;

/// A side of a position: older rows come before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// A condition on rows, and its values.
#[derive(Debug)]
pub(super) struct Conditions {
    parts: Vec<String>,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Conditions {
    /// Returns the conditions of a query, without its cursor. A row that meets them must still pass
    /// [`Query::matching`].
    pub(super) fn of(query: &Query) -> Self {
        let parts = query.parts();
        let mut conditions = Self {
            parts: Vec::new(),
            values: Vec::new(),
        };
        let names: Vec<String> = parts
            .kinds
            .iter()
            .map(|kind| kind.name().to_owned())
            .collect();
        // `kind` is a constant for errors: see `table`.
        conditions.add("kind = ANY($)", names);
        match parts.state {
            None if parts.includes_retried => {}
            None | Some(RecordState::Error) => {
                conditions.add("state <> $", RecordState::Retried.name());
            }
            Some(state) => conditions.add("state = $", state.name()),
        }
        if let Some(id) = parts.id {
            let id = Uuid::from(id);
            conditions.add("id = $", id);
            if let Some(day) = id.day() {
                conditions.add("day = $", day);
            }
        }
        if let Some(code) = &parts.code {
            conditions.add("code = $", clean(code, MAX_TEXT));
        }
        if let Some(level) = parts.min_level {
            conditions.add("level >= $", level as i16);
        }
        if let Some(operation) = &parts.operation {
            conditions.add("operation = $", clean(operation, MAX_TEXT));
        }
        if let Some(fingerprint) = parts.fingerprint {
            conditions.add("fingerprint = $", fingerprint.to_string());
        }
        if let Some(since) = parts.since {
            conditions.add("time >= $", Time(since));
        }
        if let Some(until) = parts.until {
            conditions.add("time < $", Time(until));
        }
        if let Some(text) = &parts.text {
            conditions.add("strpos(record::text, $) > 0", in_json(text));
        }
        conditions
    }

    /// Adds a condition, in which `$` stands for a value.
    pub(super) fn add(&mut self, condition: &str, value: impl ToSql + Sync + Send + 'static) {
        self.values.push(Box::new(value));
        let number = format!("${}", self.values.len());
        self.parts.push(condition.replace('$', &number));
    }

    /// Keeps rows on one side of a position in the order of pages.
    pub(super) fn beside(&mut self, side: Side, cursor: Cursor) {
        let (id, kind) = place(cursor);
        let sign = match side {
            Side::Before => '<',
            Side::After => '>',
        };
        if let Some(day) = id.day() {
            // Implied, and leaves out partitions.
            self.add(&format!("day {sign}= $"), day);
        }
        self.values.push(Box::new(id));
        self.values.push(Box::new(kind));
        let last = self.values.len();
        let condition = format!("(id, kind) {sign} (${}, ${last})", last - 1);
        self.parts.push(condition);
    }

    pub(super) fn text(&self) -> String {
        self.parts.join(" AND ")
    }

    pub(super) fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        let values = self.values.iter();
        values
            .map(|value| &**value as &(dyn ToSql + Sync))
            .collect()
    }
}

/// Returns the rows that can match a query, with the same columns from each table.
pub(super) fn table(schema: &str, query: &Query) -> String {
    const COLUMNS: &str = "day, id, instance, seq, xid, time, level, state, code, operation, fingerprint, service, host, record";
    let kinds = query.parts().kinds;
    let errors =
        format!("SELECT {COLUMNS}, 'error'::text COLLATE \"C\" AS kind FROM {schema}.errors");
    let events = format!("SELECT {COLUMNS}, kind FROM {schema}.events");
    let has_errors = kinds.contains(&RecordKind::Error);
    match (
        has_errors,
        kinds.iter().any(|kind| *kind != RecordKind::Error),
    ) {
        (true, false) => format!("({errors}) AS records"),
        (false, _) => format!("({events}) AS records"),
        (true, true) => format!("({errors} UNION ALL {events}) AS records"),
    }
}

/// Where the version stands in a UUID, which is 7 for each row.
const VERSION: u32 = 76;

/// Returns the position of a row: its identity, with the number of its kind in place of the version.
pub(super) fn cursor(id: Uuid, kind: &str) -> Cursor {
    let kinds = kinds();
    let number = kinds.iter().position(|known| *known == kind).unwrap_or(15);
    let bits = id.0 & !(0xf << VERSION) | (number as u128) << VERSION;
    Cursor::new((bits >> 64) as u64, bits as u64)
}

/// Returns the identity and kind of a position.
fn place(cursor: Cursor) -> (Uuid, String) {
    let bits = u128::from(cursor.part()) << 64 | u128::from(cursor.position());
    let number = (bits >> VERSION & 0xf) as usize;
    // Behind all names, for a kind that this version does not know.
    let kind = kinds().get(number).copied().unwrap_or("~");
    let id = bits & !(0xf << VERSION) | 7 << VERSION;
    (Uuid(id), kind.to_owned())
}

/// The names of all kinds, in the order of the database.
fn kinds() -> Vec<&'static str> {
    let all = Query::new().any_kind();
    let mut names: Vec<_> = all.parts().kinds.iter().map(|kind| kind.name()).collect();
    names.sort_unstable();
    names
}

/// Escapes a part of a text as the stored JSON does.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text.replace('\0', "\u{fffd}")).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gardefou::error::ErrorId;

    #[test]
    fn position_names_a_row_of_any_kind() {
        let id = Uuid::from(ErrorId::new());
        for kind in kinds() {
            assert_eq!(place(cursor(id, kind)), (id, kind.to_owned()));
        }
        assert_eq!(place(cursor(id, "later")), (id, "~".to_owned()));
    }
}
