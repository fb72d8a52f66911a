//! What a scrape reads of a registry of checks.

use super::{
    handle::Health,
    history::CheckCounts,
    registered::RegisteredCheck,
    report::{CheckReport, Shows},
    status::Status,
};
use std::time::Duration;

/// The state of one check.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CheckReading {
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) counts: CheckCounts,
    /// How long the last run took.
    pub(crate) duration: Option<Duration>,
}

impl Health {
    /// Reads each check, in the order of their registration. No check runs.
    pub(crate) fn readings(&self) -> Vec<CheckReading> {
        let registry = self.shared();
        let (config, now) = (registry.runner.config(), registry.runner.clock.now());
        let read = |check: &RegisteredCheck| {
            let report = CheckReport::of_check(check, &config, now, Shows::Confirmed(None));
            CheckReading {
                name: report.name,
                status: report.status,
                counts: report.counts,
                duration: report.duration,
            }
        };
        registry
            .checks
            .all()
            .iter()
            .map(|check| read(check))
            .collect()
    }
}
