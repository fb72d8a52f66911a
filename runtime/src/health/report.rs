//! What the registry knows, as values for people and programs.

use super::{
    config::HealthConfig,
    history::Counts,
    registered::Entry,
    result::CheckResult,
    status::{Criticality, FailureCategory, Kind, Status},
};
use crate::{
    event::{Shown, ShownText},
    time::{Tick, Timestamp},
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt, time::Duration};

/// What is known of one check.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct CheckReport {
    /// The name under which it is registered.
    pub name: String,
    /// How it is; unknown and stale results are failures.
    pub status: Status,
    /// Why it fails, if it does.
    pub category: Option<FailureCategory>,
    /// What the status means to the whole: the status weighed by the criticality.
    pub weight: Status,
    /// How much it matters.
    pub criticality: Criticality,
    /// Which probes it decides about.
    pub kinds: Vec<Kind>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its group.
    pub group: Option<String>,
    /// What it said, redacted.
    pub output: Option<String>,
    /// The details that it gave, redacted.
    pub details: Map<String, Value>,
    /// After what time another look may find it better.
    pub retry_after: Option<Duration>,
    /// How long the last run took.
    pub duration: Option<Duration>,
    /// How old the last result is.
    pub age: Option<Duration>,
    /// When it last gave a result.
    pub last_check: Option<Timestamp>,
    /// When it last did not fail.
    pub last_success: Option<Timestamp>,
    /// When it last failed.
    pub last_failure: Option<Timestamp>,
    /// Failures since the last success.
    pub consecutive_failures: u32,
    /// For how long a run has been hanging that was given up.
    pub hanging: Option<Duration>,
    /// What was counted since it was registered.
    pub counts: Counts,
    /// Why a dependency decides about liveness all the same.
    pub liveness_reason: Option<String>,
}

impl fmt::Debug for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            status,
            category,
            weight,
            criticality,
            kinds,
            tags,
            group,
            output,
            details,
            ..
        } = self;
        f.debug_struct("CheckReport")
            .field("name", &Shown(name))
            .field("status", status)
            .field("category", category)
            .field("weight", weight)
            .field("criticality", criticality)
            .field("kinds", kinds)
            .field("tags", &names(tags))
            .field("group", &group.as_deref().map(Shown))
            .field("output", output)
            .field("details", details)
            .field("retry_after", &self.retry_after)
            .field("duration", &self.duration)
            .field("age", &self.age)
            .field("last_check", &self.last_check)
            .field("last_success", &self.last_success)
            .field("last_failure", &self.last_failure)
            .field("consecutive_failures", &self.consecutive_failures)
            .field("hanging", &self.hanging)
            .field("counts", &self.counts)
            .field(
                "liveness_reason",
                &self.liveness_reason.as_deref().map(ShownText),
            )
            .finish()
    }
}

/// Some names as `Debug` may show them.
fn names(names: &[String]) -> Vec<Shown<'_>> {
    names.iter().map(|name| Shown(name)).collect()
}

/// Which truth a report tells.
pub(crate) enum View {
    /// This one result.
    Observed(CheckResult),
    /// What all results add up to.
    Confirmed,
}

impl CheckReport {
    /// Tells whether the check did not fail.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.status != Status::Fail
    }

    pub(crate) fn of(entry: &Entry, config: &HealthConfig, now: Tick, view: View) -> Self {
        let spec = &entry.spec;
        let is_over = entry.is_over();
        let hanging = entry.hanging_since().map(|since| now.since(since));
        let track = entry.track.lock();
        let last = track.last.as_ref();
        let (status, category, result) = match view {
            View::Observed(result) => (result.status(), result.category(), Some(result)),
            // A condition of starting that was met is not looked at again, and does not age.
            View::Confirmed if is_over => {
                (Status::Pass, None, last.map(|last| last.result.clone()))
            }
            View::Confirmed => {
                let (status, category) = track.confirmed_at(now, entry.stale_after(config));
                (status, category, last.map(|last| last.result.clone()))
            }
        };
        Self {
            name: entry.name().to_owned(),
            status,
            category,
            weight: weigh(spec.criticality, status, category),
            criticality: spec.criticality,
            kinds: spec.kinds().iter().collect(),
            tags: spec.tags.clone(),
            group: spec.group.clone(),
            output: result
                .as_ref()
                .and_then(|result| result.output())
                .map(str::to_owned),
            details: result
                .as_ref()
                .map(|result| result.details().clone())
                .unwrap_or_default(),
            retry_after: result.as_ref().and_then(CheckResult::retry_after),
            duration: last.map(|last| last.duration),
            age: last.map(|last| now.since(last.at)),
            last_check: last.map(|last| last.wall),
            last_success: track.last_success,
            last_failure: track.last_failure,
            consecutive_failures: track.failures_in_a_row,
            hanging,
            counts: track.counts,
            liveness_reason: spec.liveness_reason.clone(),
        }
    }

    /// The report of something that no check looks at: its state is known at any time.
    pub(crate) fn from_memory(
        name: String,
        status: Status,
        criticality: Criticality,
        now: Timestamp,
    ) -> Self {
        Self {
            name,
            status,
            category: (status == Status::Fail).then_some(FailureCategory::Reported),
            weight: criticality.weigh(status),
            criticality,
            kinds: vec![Kind::Readiness],
            tags: Vec::new(),
            group: None,
            output: None,
            details: Map::new(),
            retry_after: None,
            duration: None,
            age: None,
            last_check: Some(now),
            last_success: None,
            last_failure: None,
            consecutive_failures: 0,
            hanging: None,
            counts: Counts::default(),
            liveness_reason: None,
        }
    }

    /// Returns the report as JSON: keys `status`, `last_check`, `last_success`,
    /// `consecutive_failures`, `criticality`, and where present `category`, `output`, `details` and
    /// more.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let stamp = |at: Option<Timestamp>| at.map_or(Value::Null, |at| at.to_string().into());
        let seconds = |span: Duration| json!(span.as_secs_f64());
        let mut json = Map::new();
        let mut put = |key: &str, value: Value| {
            json.insert(key.to_owned(), value);
        };
        put("status", self.status.name().into());
        put("last_check", stamp(self.last_check));
        put("last_success", stamp(self.last_success));
        put("consecutive_failures", self.consecutive_failures.into());
        put("criticality", self.criticality.name().into());
        put("kinds", self.kinds.iter().map(|kind| kind.name()).collect());
        let texts = [
            ("group", &self.group),
            ("output", &self.output),
            ("liveness_reason", &self.liveness_reason),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                put(key, text.as_str().into());
            }
        }
        if let Some(category) = self.category {
            put("category", category.name().into());
        }
        let spans = [
            ("retry_after", self.retry_after),
            ("duration", self.duration),
            ("age", self.age),
            ("hanging", self.hanging),
        ];
        for (key, span) in spans {
            if let Some(span) = span {
                put(key, seconds(span));
            }
        }
        if let Some(at) = self.last_failure {
            put("last_failure", at.to_string().into());
        }
        if !self.tags.is_empty() {
            put("tags", self.tags.clone().into());
        }
        if !self.details.is_empty() {
            put("details", Value::Object(self.details.clone()));
        }
        Value::Object(json)
    }
}

/// What a status means to the whole. That nothing is known of a check is not a small loss: whoever
/// gives the program work must wait for the first result of every check that counts.
pub(crate) fn weigh(
    criticality: Criticality,
    status: Status,
    category: Option<FailureCategory>,
) -> Status {
    match (criticality, category) {
        (Criticality::Important, Some(FailureCategory::Unknown)) => Status::Fail,
        _ => criticality.weigh(status),
    }
}

/// How far the program is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// It has not been initialised: not ready.
    Starting,
    /// It works.
    Started,
    /// It is about to end: not ready any more.
    Stopping,
}

impl Phase {
    /// Returns the name, as `started`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Started => "started",
            Self::Stopping => "stopping",
        }
    }
}

/// What is known of many checks, and what that adds up to.
#[derive(Clone, PartialEq)]
pub struct HealthReport {
    pub(crate) status: Status,
    pub(crate) timestamp: Timestamp,
    pub(crate) phase: Phase,
    pub(crate) checks: Vec<CheckReport>,
    pub(crate) excluded: Vec<String>,
}

impl fmt::Debug for HealthReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthReport")
            .field("status", &self.status)
            .field("timestamp", &self.timestamp)
            .field("phase", &self.phase)
            .field("checks", &self.checks)
            .field("excluded", &names(&self.excluded))
            .finish()
    }
}

impl HealthReport {
    /// Returns how the whole is: the worst of its checks, each weighed by its criticality; pass
    /// where there is none.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Tells whether the status is not fail.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status != Status::Fail
    }

    /// Returns when the report was made, by the wall clock.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Returns how far the program is in its life.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns the checks, in the order in which they were registered.
    #[must_use]
    pub fn checks(&self) -> &[CheckReport] {
        &self.checks
    }

    /// Returns the check of that name.
    #[must_use]
    pub fn check(&self, name: &str) -> Option<&CheckReport> {
        self.checks.iter().find(|check| check.name == name)
    }

    /// Returns the names of checks that were left out because the caller asked for it.
    #[must_use]
    pub fn excluded(&self) -> &[String] {
        &self.excluded
    }

    /// Returns for each check whether it did not fail.
    #[must_use]
    pub fn passed(&self) -> BTreeMap<&str, bool> {
        self.checks
            .iter()
            .map(|check| (check.name.as_str(), check.passed()))
            .collect()
    }

    /// Returns the report as JSON: keys `status`, `timestamp` (RFC 3339, UTC), `phase`, `checks`
    /// (an object by name).
    #[must_use]
    pub fn to_json(&self) -> Value {
        let checks: Map<String, Value> = self
            .checks
            .iter()
            .map(|check| (check.name.clone(), check.to_json()))
            .collect();
        json!({
            "status": self.status.name(),
            "timestamp": self.timestamp.to_string(),
            "phase": self.phase.name(),
            "checks": checks,
        })
    }
}
