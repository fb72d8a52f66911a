//! A breaker as it was at a moment: for people, for dashboards, and for the next start of the
//! program.

use super::{
    cause::CauseText,
    config::{BreakerConfig, WindowKind},
    counters::Counted,
    locked::{self, Moment, Totals},
    seconds::{self, Seconds},
    shared::Shared,
    state::{Effects, Memory},
};
use crate::{error::redact, event::CircuitState};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::Error as _,
    ser::{SerializeMap, SerializeStruct},
};
use serde_json::{Map, Value};
use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// Everything that is known about a breaker at one moment.
///
/// It can be stored with serde and given to
/// [`CircuitBreaker::restore`](super::CircuitBreaker::restore) after a restart. Serialised,
/// durations are seconds (a number, or its text where no number of JSON holds them exactly), points
/// in time milliseconds since the Unix epoch, and what is unknown is null.
///
/// # Examples
///
/// ```
/// use gardefou::breaker::{CircuitBreaker, CircuitState, Snapshot};
///
/// let breaker = CircuitBreaker::builder("snapshot-example").build()?;
/// breaker.try_acquire()?.failure_because("no route");
/// let snapshot = breaker.snapshot();
/// assert_eq!(snapshot.state, CircuitState::Closed);
/// assert_eq!((snapshot.counts.failure, snapshot.consecutive_failures), (1, 1));
/// assert_eq!(snapshot.failure_rate, None, "no window, so no rate is known");
/// assert_eq!(snapshot.last_failure.as_ref().unwrap().cause.as_deref(), Some("no route"));
///
/// let stored = serde_json::to_string(&snapshot)?;
/// let restored: Snapshot = serde_json::from_str(&stored)?;
/// assert_eq!(restored.counts, snapshot.counts);
/// # Ok::<(), gardefou::AppError>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The name of the breaker, as it was given; `Debug` and the stored form show no secret in it.
    pub name: String,
    /// The state as the next call would find it.
    pub state: CircuitState,
    /// Since when it is in that state, by the wall clock.
    pub since: SystemTime,
    /// How long until time alone ends the state: the rest of the open or half-open time. Zero where
    /// the open time is over and the next call will be a probe; `None` where the state has no end.
    pub remaining: Option<Duration>,
    /// How many times the state changed or was reset.
    pub generation: u64,
    /// What became of all calls since the breaker was made.
    pub counts: Counts,
    /// Failures in a row, while closed.
    pub consecutive_failures: u32,
    /// How often recovery has failed since the circuit was last closed.
    pub failed_recoveries: u32,
    /// How many calls the window holds.
    pub window_calls: u64,
    /// The share of failures in the window; `None`, unknown, below the minimum number of calls or
    /// without a window.
    pub failure_rate: Option<f64>,
    /// The share of slow calls in the window; `None`, unknown, as above.
    pub slow_rate: Option<f64>,
    /// The latest failure.
    pub last_failure: Option<LastFailure>,
    /// The text of the failure that opened the circuit, while it is not closed: the cause that
    /// rejections give.
    pub opened_by: Option<String>,
    /// The configuration.
    pub config: BreakerConfig,
    /// When the snapshot was taken, by the wall clock.
    pub taken_at: SystemTime,
}

/// How many calls ended in which way. Verdicts that came too late to mean anything are in none of
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Counts {
    /// Calls that succeeded.
    pub success: u64,
    /// Calls that failed, panics and abandoned calls included.
    pub failure: u64,
    /// Calls whose outcome said nothing about the callee.
    pub ignored: u64,
    /// Calls that took longer than `slow_call`; they are successes or failures too once they end.
    pub slow: u64,
    /// Calls that were rejected, or in shadow mode would have been.
    pub rejected: u64,
    /// Pending calls that were dropped after `abandoned_after`.
    pub abandoned: u64,
}

impl Counts {
    /// Returns how many calls came, rejected ones included.
    #[must_use]
    pub fn total(&self) -> u64 {
        [self.failure, self.ignored, self.rejected]
            .into_iter()
            .fold(self.success, u64::saturating_add)
    }
}

/// The latest failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastFailure {
    /// When it was reported, by the wall clock.
    pub at: SystemTime,
    /// Its text, in one line with secrets redacted, where it has one.
    pub cause: Option<String>,
}

impl Snapshot {
    pub(super) fn of(shared: &Shared) -> Self {
        let (now, wall) = (shared.clock.now(), shared.clock.wall());
        let at = |tick| {
            wall.checked_sub(now.since(tick))
                .unwrap_or(SystemTime::UNIX_EPOCH)
        };
        let counted = |what| shared.counters.sum(what);
        // Summed before the lock is taken; a call that races with a snapshot may or may not be in
        // it.
        let (success, ignored, rejected) = (
            counted(Counted::Success),
            counted(Counted::Ignored),
            counted(Counted::Rejected),
        );
        shared.read(|locked| {
            let core = &locked.core;
            let view = core.view_at(now);
            let tally = core.tally_at(now);
            let rates = core.rates_of(tally);
            let totals = locked.totals;
            let last_failure = locked.last_failure.as_ref().map(|last| {
                let text = last.cause.as_str();
                LastFailure {
                    at: last.at.wall(now, wall),
                    cause: (!text.is_empty()).then(|| redact::text(text).into_owned()),
                }
            });
            let opened_by = locked.cause_in(u64::MAX).map(str::to_owned);
            Self {
                name: shared.name.to_string(),
                state: view.state,
                since: at(view.since),
                remaining: view.remaining,
                generation: core.generation(),
                counts: Counts {
                    success: totals.success.saturating_add(success),
                    failure: totals.failure,
                    ignored: totals.ignored.saturating_add(ignored),
                    slow: totals.slow,
                    rejected: totals.rejected.saturating_add(rejected),
                    abandoned: totals.abandoned,
                },
                consecutive_failures: core.consecutive(),
                failed_recoveries: core.reopened(),
                window_calls: tally.calls,
                failure_rate: rates.failure,
                slow_rate: rates.slow,
                last_failure,
                opened_by: opened_by.filter(|_| {
                    !matches!(view.state, CircuitState::Closed | CircuitState::Disabled)
                }),
                config: core.config().clone(),
                taken_at: wall,
            }
        })
    }

    pub(super) fn restore_into(&self, shared: &Shared) {
        let now = shared.clock.now();
        // A wall clock that was set back since makes the rest longer than it was at no point.
        let passed = shared
            .clock
            .wall()
            .duration_since(self.taken_at)
            .unwrap_or_default();
        let memory = Memory {
            state: self.state,
            remaining: self.remaining.unwrap_or_default().saturating_sub(passed),
            consecutive: self.consecutive_failures,
            reopened: self.failed_recoveries,
        };
        let counts = self.counts;
        let last_failure = self.last_failure.as_ref().map(|last| locked::LastFailure {
            at: Moment::Before(last.at),
            cause: CauseText::of(|out| out.write_str(last.cause.as_deref().unwrap_or_default())),
        });
        let opened_by = self
            .opened_by
            .as_deref()
            .map(|text| CauseText::of(|out| out.write_str(text)));
        let opened_by = opened_by.as_ref().map(|text| redact::text(text.as_str()));
        shared.step(|locked| {
            // What failed in this life failed later.
            locked.last_failure = locked.last_failure.or(last_failure);
            let (success, failure) = &mut locked.rare.get_or_insert_default().restored;
            *success = success.saturating_add(counts.success);
            *failure = failure.saturating_add(counts.failure);
            let old = locked.totals;
            locked.totals = Totals {
                success: old.success.saturating_add(counts.success),
                failure: old.failure.saturating_add(counts.failure),
                ignored: old.ignored.saturating_add(counts.ignored),
                slow: old.slow.saturating_add(counts.slow),
                rejected: old.rejected.saturating_add(counts.rejected),
                abandoned: old.abandoned.saturating_add(counts.abandoned),
            };
            let effects = locked.core.restore_at(now, memory);
            locked.take_restored(effects, opened_by.as_deref(), shared.rejected());
            ((), Effects::default())
        });
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("name", &redact::name(&self.name))
            .field("state", &self.state)
            .field("since", &self.since)
            .field("remaining", &self.remaining)
            .field("generation", &self.generation)
            .field("counts", &self.counts)
            .field("consecutive_failures", &self.consecutive_failures)
            .field("failed_recoveries", &self.failed_recoveries)
            .field("window_calls", &self.window_calls)
            .field("failure_rate", &self.failure_rate)
            .field("slow_rate", &self.slow_rate)
            .field("last_failure", &self.last_failure)
            .field("config", &self.config)
            .field("taken_at", &self.taken_at)
            .finish()
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_struct("Counts", 6)?;
        map.serialize_field("success", &self.success)?;
        map.serialize_field("failure", &self.failure)?;
        map.serialize_field("ignored", &self.ignored)?;
        map.serialize_field("slow", &self.slow)?;
        map.serialize_field("rejected", &self.rejected)?;
        map.serialize_field("abandoned", &self.abandoned)?;
        map.end()
    }
}

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let last = self.last_failure.as_ref();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &redact::name(&self.name))?;
        map.serialize_entry("state", self.state.name())?;
        map.serialize_entry("since", &unix_millis(self.since))?;
        map.serialize_entry("remaining", &self.remaining.map(Seconds))?;
        map.serialize_entry("generation", &self.generation)?;
        map.serialize_entry("counts", &self.counts)?;
        map.serialize_entry("consecutive_failures", &self.consecutive_failures)?;
        map.serialize_entry("failed_recoveries", &self.failed_recoveries)?;
        map.serialize_entry("window_calls", &self.window_calls)?;
        map.serialize_entry("failure_rate", &self.failure_rate)?;
        map.serialize_entry("slow_rate", &self.slow_rate)?;
        map.serialize_entry("last_failure_at", &last.map(|last| unix_millis(last.at)))?;
        map.serialize_entry(
            "last_failure_cause",
            &last.and_then(|last| last.cause.as_deref()),
        )?;
        map.serialize_entry("opened_by", &self.opened_by)?;
        map.serialize_entry("config", &self.config)?;
        map.serialize_entry("taken_at", &unix_millis(self.taken_at))?;
        map.end()
    }
}

impl Serialize for BreakerConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (calls, span) = match self.window {
            None => (None, None),
            Some(WindowKind::Calls(calls)) => (Some(calls), None),
            Some(WindowKind::Time(span)) => (None, Some(Seconds(span))),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("failure_threshold", &self.failure_threshold)?;
        map.serialize_entry("recovery_timeout", &Seconds(self.recovery_timeout))?;
        map.serialize_entry("half_open_max_calls", &self.half_open_max_calls)?;
        map.serialize_entry("success_threshold", &self.success_threshold)?;
        map.serialize_entry("recovery_backoff", &self.recovery_backoff)?;
        map.serialize_entry("max_recovery_timeout", &Seconds(self.max_recovery_timeout))?;
        map.serialize_entry("recovery_jitter", &self.recovery_jitter)?;
        map.serialize_entry("half_open_timeout", &Seconds(self.half_open_timeout))?;
        map.serialize_entry("count_window", &calls)?;
        map.serialize_entry("time_window", &span)?;
        map.serialize_entry("failure_rate", &self.failure_rate)?;
        map.serialize_entry("min_calls", &self.min_calls)?;
        map.serialize_entry("slow_call", &self.slow_call.map(Seconds))?;
        map.serialize_entry("slow_rate", &self.slow_rate)?;
        map.serialize_entry("abandoned_after", &Seconds(self.abandoned_after))?;
        map.serialize_entry("shadow", &self.shadow)?;
        map.end()
    }
}

/// Reads what [`Serialize`] wrote. Fields that are missing, as in a snapshot of an older version,
/// have their defaults; only `name` and `state` must be there.
impl<'de> Deserialize<'de> for Snapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields(Map::deserialize(deserializer)?);
        let state = fields.text("state").and_then(CircuitState::from_name);
        let config = fields
            .0
            .get("config")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let counts = Fields(
            fields
                .0
                .get("counts")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
        );
        let count = |key| counts.number(key).unwrap_or(0);
        Ok(Self {
            name: fields
                .text("name")
                .ok_or_else(|| D::Error::missing_field("name"))?
                .to_owned(),
            state: state.ok_or_else(|| {
                D::Error::custom("`state` is not the name of a circuit breaker's state")
            })?,
            since: fields.time("since"),
            remaining: fields.duration("remaining"),
            generation: fields.number("generation").unwrap_or(0),
            counts: Counts {
                success: count("success"),
                failure: count("failure"),
                ignored: count("ignored"),
                slow: count("slow"),
                rejected: count("rejected"),
                abandoned: count("abandoned"),
            },
            consecutive_failures: fields.small("consecutive_failures").unwrap_or(0),
            failed_recoveries: fields.small("failed_recoveries").unwrap_or(0),
            window_calls: fields.number("window_calls").unwrap_or(0),
            failure_rate: fields.float("failure_rate"),
            slow_rate: fields.float("slow_rate"),
            last_failure: fields.number("last_failure_at").map(|_| LastFailure {
                at: fields.time("last_failure_at"),
                cause: fields.text("last_failure_cause").map(str::to_owned),
            }),
            // A snapshot of an older version says only what failed last.
            opened_by: match fields.0.contains_key("opened_by") {
                true => fields.text("opened_by").map(str::to_owned),
                false => fields.text("last_failure_cause").map(str::to_owned),
            },
            config: config_of(&Fields(config)),
            taken_at: fields.time("taken_at"),
        })
    }
}

fn config_of(fields: &Fields) -> BreakerConfig {
    let default = BreakerConfig::default();
    let calls = fields.small("count_window").map(WindowKind::Calls);
    BreakerConfig {
        failure_threshold: fields.small("failure_threshold"),
        recovery_timeout: fields
            .duration("recovery_timeout")
            .unwrap_or(default.recovery_timeout),
        half_open_max_calls: fields
            .small("half_open_max_calls")
            .unwrap_or(default.half_open_max_calls),
        success_threshold: fields
            .small("success_threshold")
            .unwrap_or(default.success_threshold),
        recovery_backoff: fields
            .float("recovery_backoff")
            .unwrap_or(default.recovery_backoff),
        max_recovery_timeout: fields
            .duration("max_recovery_timeout")
            .unwrap_or(default.max_recovery_timeout),
        recovery_jitter: fields
            .float("recovery_jitter")
            .unwrap_or(default.recovery_jitter),
        half_open_timeout: fields
            .duration("half_open_timeout")
            .unwrap_or(default.half_open_timeout),
        window: calls.or_else(|| fields.duration("time_window").map(WindowKind::Time)),
        failure_rate: fields.float("failure_rate"),
        min_calls: fields.small("min_calls").unwrap_or(default.min_calls),
        slow_call: fields.duration("slow_call"),
        slow_rate: fields.float("slow_rate"),
        abandoned_after: fields
            .duration("abandoned_after")
            .unwrap_or(default.abandoned_after),
        shadow: fields
            .0
            .get("shadow")
            .and_then(Value::as_bool)
            .unwrap_or(false),
    }
}

/// The fields of a stored snapshot, each of which can be missing or odd.
struct Fields(Map<String, Value>);

impl Fields {
    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.0.get(key)?.as_u64()
    }

    fn small(&self, key: &str) -> Option<u32> {
        self.number(key)?.try_into().ok()
    }

    fn float(&self, key: &str) -> Option<f64> {
        self.0.get(key)?.as_f64()
    }

    fn duration(&self, key: &str) -> Option<Duration> {
        seconds::read(self.0.get(key)?)
    }

    fn time(&self, key: &str) -> SystemTime {
        let since_epoch = Duration::from_millis(self.number(key).unwrap_or(0));
        SystemTime::UNIX_EPOCH
            .checked_add(since_epoch)
            .unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

fn unix_millis(time: SystemTime) -> u64 {
    let since_epoch = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}
