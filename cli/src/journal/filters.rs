//! The query that filters ask for.

use crate::{
    args::{Filters, Kind},
    run::Failure,
};
use gardefou::monitor::journal::Query;

/// Returns the query.
pub(crate) fn query(filters: &Filters) -> Result<Query, Failure> {
    if let (Some(since), Some(until)) = (filters.since, filters.until)
        && since >= until
    {
        let text =
            format!("`--since` must lie before `--until`: {since} does not lie before {until}");
        return Err(Failure::new(text));
    }
    let mut query = match filters.kind {
        Kind::All => Query::new().any_kind(),
        Kind::One(kind) => Query::new().kind(kind),
    };
    if let Some(code) = &filters.code {
        query = query.code_name(code);
    }
    if let Some(level) = filters.severity {
        query = query.min_level(level);
    }
    if let Some(operation) = &filters.operation {
        query = query.operation(operation);
    }
    if let Some(group) = filters.group {
        query = query.fingerprint(group);
    }
    if let Some(since) = filters.since {
        query = query.since(since);
    }
    if let Some(until) = filters.until {
        query = query.until(until);
    }
    if let Some(text) = &filters.text {
        query = query.text(text);
    }
    if filters.retried {
        query = query.include_retried();
    }
    Ok(query)
}
