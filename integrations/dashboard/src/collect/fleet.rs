//! The fleet of the process: what it shares, and whether its store answers.

use crate::{history::shown, sample::Sample};
use gardefou::fleet::{self, FleetStatus};
use serde_json::{Value, json};

/// The name of the section.
pub(super) const SECTION: &str = "fleet";

/// Returns the fleet that the error system runs, or null where there is none.
pub(super) fn now(taken_at: i64, last: Option<&Sample>) -> Value {
    fleet::status().map_or(Value::Null, |status| of(&status, taken_at, last))
}

fn of(status: &FleetStatus, taken_at: i64, last: Option<&Sample>) -> Value {
    // What is known is the time up to the latest pass over the breakers: the moment of the loss stays what it was.
    let known = last.and_then(|last| last.sections.get(SECTION)?["lost_since"].as_i64());
    let lost_since = status.lost_for.map(|time| {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        known.unwrap_or_else(|| taken_at.saturating_sub(millis))
    });
    json!({
        "name": shown(&status.fleet),
        "instance": shown(&status.instance),
        "breakers": status.breakers,
        "limiters": status.limiters,
        "operations": status.operations,
        "failures": status.failures,
        "updates": status.updates,
        "leases": status.leases,
        "is_listening": status.is_listening,
        "lost_since": lost_since,
        "last_error": status.last_error.as_deref().map(shown),
    })
}
