//! Reports on the health of one check and of the whole program.

use super::{
    config::HealthConfig,
    history::CheckCounts,
    registered::RegisteredCheck,
    result::CheckResult,
    status::{Criticality, FailureCategory, Phase, ProbeKind, Status},
};
use crate::{
    error::details,
    event::{Shown, ShownText},
    time::{Tick, Timestamp},
};
use serde_core::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt, time::Duration};

/// The state of one check.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct CheckReport {
    /// The name of the check.
    pub name: String,
    /// The status; unknown and stale results are failures.
    pub status: Status,
    /// Why the check fails, if it does.
    pub category: Option<FailureCategory>,
    /// The status weighed by the criticality, as it counts for the whole.
    pub weight: Status,
    /// How much the check matters.
    pub criticality: Criticality,
    /// The probes that the check counts for.
    pub kinds: Vec<ProbeKind>,
    /// The tags.
    pub tags: Vec<String>,
    /// The group.
    pub group: Option<String>,
    /// The text of the last result, redacted.
    pub output: Option<String>,
    /// The details of the last result, redacted.
    pub details: Map<String, Value>,
    /// After what time another run may find it better.
    pub retry_after: Option<Duration>,
    /// How long the last run took.
    pub duration: Option<Duration>,
    /// The age of the last result.
    pub age: Option<Duration>,
    /// When the check last returned a result.
    pub last_check: Option<Timestamp>,
    /// When the check last did not fail.
    pub last_success: Option<Timestamp>,
    /// When the check last failed.
    pub last_failure: Option<Timestamp>,
    /// Failures since the last success.
    pub consecutive_failures: u32,
    /// For how long an abandoned run has been hanging.
    pub hanging: Option<Duration>,
    /// Counts since the check was registered.
    pub counts: CheckCounts,
    /// Why this check of a dependency counts for liveness.
    pub liveness_reason: Option<String>,
}

impl fmt::Debug for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckReport")
            .field("name", &Shown(&self.name))
            .field("status", &self.status)
            .field("category", &self.category)
            .field("weight", &self.weight)
            .field("criticality", &self.criticality)
            .field("kinds", &self.kinds)
            .field("tags", &names(&self.tags))
            .field("group", &self.group.as_deref().map(Shown))
            .field("output", &self.output)
            .field("details", &self.details)
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

/// Wraps names for `Debug`.
fn names(names: &[String]) -> Vec<Shown<'_>> {
    names.iter().map(|name| Shown(name)).collect()
}

impl Serialize for CheckReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

/// The status that a report shows.
pub(crate) enum Shows {
    /// That of this result.
    Result(CheckResult),
    /// The confirmed status, after thresholds and staleness, as it counts for a kind of probe.
    Confirmed(Option<ProbeKind>),
}

impl CheckReport {
    /// Returns `true` if the check did not fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{CheckResult, Health};
    ///
    /// let health = Health::default();
    /// health.register_check("disk", || CheckResult::warn("80 % full"))?;
    /// health.register_check("tape", || CheckResult::fail("no answer"))?;
    /// assert!(health.run_check("disk")?.passed());
    /// assert!(!health.run_check("tape")?.passed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn passed(&self) -> bool {
        self.status != Status::Fail
    }

    pub(crate) fn of_check(
        check: &RegisteredCheck,
        config: &HealthConfig,
        now: Tick,
        shows: Shows,
    ) -> Self {
        let spec = &check.spec;
        let is_liveness = matches!(shows, Shows::Confirmed(Some(ProbeKind::Liveness)));
        let hanging = check.hanging_since().map(|since| now.since(since));
        let history = check.history.lock();
        let last = history.last.as_ref();
        let (status, category, result) = match shows {
            Shows::Result(result) => (result.status(), result.category(), Some(result)),
            Shows::Confirmed(kind) => {
                // A check that is for startup alone does not run again once it has passed, and does
                // not become stale.
                let (status, category) = if history.has_passed
                    && (kind == Some(ProbeKind::Startup)
                        || spec.kinds().is_only(ProbeKind::Startup))
                {
                    (Status::Pass, None)
                } else {
                    history.confirmed_at(now, check.stale_after(config))
                };
                (status, category, last.map(|last| last.result.clone()))
            }
        };
        let weight = match (category, spec.criticality) {
            // Lack of knowledge must not get the process killed.
            (Some(FailureCategory::Unknown | FailureCategory::Stale), _) if is_liveness => {
                Status::Pass
            }
            // A load balancer must wait for the first result of every check that counts.
            (Some(FailureCategory::Unknown), Criticality::Important) => Status::Fail,
            (_, criticality) => criticality.weigh(status),
        };
        let result = result.as_ref();
        Self {
            name: check.name().to_owned(),
            status,
            category,
            weight,
            criticality: spec.criticality,
            kinds: spec.kinds().iter().collect(),
            tags: spec.tags.clone(),
            group: spec.group.clone(),
            output: result.and_then(CheckResult::output).map(str::to_owned),
            details: result
                .map(CheckResult::details)
                .cloned()
                .unwrap_or_default(),
            retry_after: result.and_then(CheckResult::retry_after),
            duration: last.map(|last| last.duration),
            age: last.map(|last| now.since(last.at)),
            last_check: last.map(|last| last.wall),
            last_success: history.last_success,
            last_failure: history.last_failure,
            consecutive_failures: history.failures_in_a_row,
            hanging,
            counts: history.counts,
            liveness_reason: spec.liveness_reason.clone(),
        }
    }

    /// Makes the entry of a subsystem, whose state is known without a check.
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
            kinds: vec![ProbeKind::Readiness],
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
            counts: CheckCounts::default(),
            liveness_reason: None,
        }
    }

    /// Returns the report as JSON: keys `status`, `last_check`, `last_success`,
    /// `consecutive_failures`, `criticality`, and where present `category`, `output`, `details` and
    /// more.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{CheckResult, Health};
    ///
    /// let health = Health::default();
    /// health.register_check("disk", || CheckResult::fail("full").with_detail("free", 0))?;
    /// let json = health.run_check("disk")?.to_json();
    /// assert_eq!((&json["status"], &json["category"]), (&"fail".into(), &"reported".into()));
    /// assert_eq!((&json["consecutive_failures"], &json["details"]["free"]), (&1.into(), &0.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        let seconds = |span: Option<Duration>| span.map(|span| span.as_secs_f64());
        let mut json = fields(json!({
            "status": self.status,
            "category": self.category,
            "criticality": self.criticality,
            "kinds": self.kinds,
            "tags": self.tags,
            "group": self.group,
            "output": self.output,
            "details": self.details,
            "retry_after": seconds(self.retry_after),
            "duration": seconds(self.duration),
            "age": seconds(self.age),
            "last_failure": self.last_failure,
            "consecutive_failures": self.consecutive_failures,
            "hanging": seconds(self.hanging),
            "liveness_reason": self.liveness_reason,
        }));
        json.insert("last_check".into(), json!(self.last_check));
        json.insert("last_success".into(), json!(self.last_success));
        Value::Object(json)
    }
}

/// Returns the fields of a JSON object that have a value: neither null, nor an empty list or object.
pub(crate) fn fields(object: Value) -> Map<String, Value> {
    let Value::Object(mut fields) = object else {
        return Map::new();
    };
    fields.retain(|_, value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    });
    fields
}

/// The state of many checks, and the status of the whole.
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

impl Serialize for HealthReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl HealthReport {
    /// Returns the status of the whole: the worst of its checks, each weighed by its criticality;
    /// pass where there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, Status};
    ///
    /// let health = Health::default();
    /// assert_eq!(health.run_all_checks().status(), Status::Pass);
    /// health.register(Check::dependency("search", || false))?;
    /// assert_eq!(health.run_all_checks().status(), Status::Warn);
    /// health.register(Check::dependency("database", || false).critical())?;
    /// assert_eq!(health.run_all_checks().status(), Status::Fail);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Returns `true` if the status is not fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health};
    ///
    /// let health = Health::default();
    /// health.register(Check::dependency("search", || false))?;
    /// assert!(health.run_all_checks().is_healthy(), "an important check that fails is a warning");
    /// health.register(Check::dependency("database", || false).critical())?;
    /// assert!(!health.run_all_checks().is_healthy());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status != Status::Fail
    }

    /// Returns when the report was made, by the wall clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{health::{Health, HealthConfig}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let health = Health::new(HealthConfig::builder().clock(clock.clone()).build()?);
    /// assert_eq!(health.health_status().timestamp().to_string(), "2023-11-14T22:13:20.000Z");
    /// clock.advance(Duration::from_secs(5));
    /// assert_eq!(health.health_status().timestamp().to_string(), "2023-11-14T22:13:25.000Z");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Returns the phase of the program.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Phase};
    ///
    /// let health = Health::default();
    /// assert_eq!(health.health_status().phase(), Phase::Starting);
    /// health.mark_stopping();
    /// assert_eq!(health.health_status().phase(), Phase::Stopping);
    /// ```
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns the checks, in the order in which they were registered.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// let health = Health::default();
    /// health.register_check("database", || true)?;
    /// health.register_check("cache", || true)?;
    /// let report = health.run_all_checks();
    /// let names: Vec<_> = report.checks().iter().map(|check| check.name.as_str()).collect();
    /// assert_eq!(names, ["database", "cache"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn checks(&self) -> &[CheckReport] {
        &self.checks
    }

    /// Returns the check of this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{FailureCategory, Health};
    ///
    /// let health = Health::default();
    /// health.register_check("database", || true)?;
    /// let report = health.health_status();
    /// assert_eq!(report.check("database").unwrap().category, Some(FailureCategory::Unknown));
    /// assert!(report.check("no-such-check").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn check(&self, name: &str) -> Option<&CheckReport> {
        self.checks.iter().find(|check| check.name == name)
    }

    /// Returns the names of the checks that were excluded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// let health = Health::default();
    /// health.register_check("cache", || true)?;
    /// let report = health.health_status_without(&["cache", "no-such-check"]);
    /// assert_eq!(report.excluded(), ["cache"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn excluded(&self) -> &[String] {
        &self.excluded
    }

    /// Returns for each check whether it did not fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// let health = Health::default();
    /// health.register_check("database", || true)?;
    /// health.register_check("cache", || false)?;
    /// let report = health.run_all_checks();
    /// assert_eq!((report.passed()["database"], report.passed()["cache"]), (true, false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn passed(&self) -> BTreeMap<&str, bool> {
        self.checks
            .iter()
            .map(|check| (check.name.as_str(), check.passed()))
            .collect()
    }

    /// Returns the report as JSON: keys `status`, `timestamp` (RFC 3339, UTC), `phase`, `checks`
    /// (an object by name).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Check};
    ///
    /// let health = Health::default();
    /// health.register(Check::dependency("cache", || false).informational())?;
    /// let json = health.run_all_checks().to_json();
    /// assert_eq!((&json["status"], &json["phase"]), (&"pass".into(), &"starting".into()));
    /// assert_eq!(json["checks"]["cache"]["status"], "fail");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut checks = self
            .checks
            .iter()
            .map(|check| (check.name.clone(), check.to_json()));
        json!({
            "status": self.status.name(),
            "timestamp": self.timestamp.to_string(),
            "phase": self.phase.name(),
            "checks": details::object_from(&mut checks),
        })
    }
}
