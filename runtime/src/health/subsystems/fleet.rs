//! Report entry of the fleet.

use crate::{
    fleet::{self, FleetStatus},
    health::{
        report::{CheckReport, fields},
        status::{Criticality, Status},
    },
    time::Timestamp,
};
use serde_json::json;

/// The name of the entry. No check has such a name: names of checks have no colon.
pub(crate) const NAME: &str = "fleet:store";

/// Returns the entry of the fleet if there is one: a warning while its store does not answer.
pub(crate) fn report(now: Timestamp) -> Option<CheckReport> {
    Some(of_status(&fleet::status()?, now))
}

fn of_status(fleet: &FleetStatus, now: Timestamp) -> CheckReport {
    let status = if fleet.is_healthy() {
        Status::Pass
    } else {
        Status::Warn
    };
    let details = json!({
        "breakers": fleet.breakers,
        "limiters": fleet.limiters,
        "operations": fleet.operations,
        "failures": fleet.failures,
        "is_listening": fleet.is_listening,
    });
    let output = fleet.lost_for.map(|time| {
        let why = fleet.last_error.as_deref().unwrap_or("it does not answer");
        format!(
            "the store has been lost for {} s, each guard does what its `on_store_loss` says: {why}",
            time.as_secs() + 1
        )
    });
    CheckReport {
        group: Some("guards".into()),
        output,
        details: fields(details),
        ..CheckReport::from_memory(NAME.to_owned(), status, Criticality::Important, now)
    }
}
