//! Stored form of a snapshot.

use super::{BreakerSnapshot, CallCounts, LastFailure};
use crate::{
    breaker::config::{BreakerConfig, WindowKind},
    error::redact,
    event::CircuitState,
    store_loss::StoreLoss,
};
use serde_core::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::Error as _,
    ser::{SerializeMap, SerializeStruct},
};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime};

impl Serialize for CallCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_struct("CallCounts", 6)?;
        map.serialize_field("success", &self.success)?;
        map.serialize_field("failure", &self.failure)?;
        map.serialize_field("ignored", &self.ignored)?;
        map.serialize_field("slow", &self.slow)?;
        map.serialize_field("rejected", &self.rejected)?;
        map.serialize_field("abandoned", &self.abandoned)?;
        map.end()
    }
}

impl Serialize for BreakerSnapshot {
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
        map.serialize_entry("timed", &self.timed)?;
        map.serialize_entry("shared", &self.shared)?;
        map.serialize_entry("on_store_loss", &self.on_store_loss)?;
        map.end()
    }
}

/// Reads the stored form. Missing fields, for example in a snapshot of an older version, have their
/// defaults; only `name` and `state` are required.
impl<'de> Deserialize<'de> for BreakerSnapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields(Map::deserialize(deserializer)?);
        let state = fields.get("state").and_then(CircuitState::from_name);
        let nested = |key| Fields(fields.get(key).unwrap_or_default());
        let counts = nested("counts");
        let count = |key| counts.get(key).unwrap_or(0);
        let cause = fields.get("last_failure_cause");
        Ok(Self {
            name: fields
                .get("name")
                .ok_or_else(|| D::Error::missing_field("name"))?,
            state: state.ok_or_else(|| {
                D::Error::custom("`state` is not the name of a circuit breaker's state")
            })?,
            since: fields.time("since"),
            remaining: fields.duration("remaining"),
            generation: fields.get("generation").unwrap_or(0),
            counts: CallCounts {
                success: count("success"),
                failure: count("failure"),
                ignored: count("ignored"),
                slow: count("slow"),
                rejected: count("rejected"),
                abandoned: count("abandoned"),
            },
            consecutive_failures: fields.get("consecutive_failures").unwrap_or(0),
            failed_recoveries: fields.get("failed_recoveries").unwrap_or(0),
            window_calls: fields.get("window_calls").unwrap_or(0),
            failure_rate: fields.get("failure_rate"),
            slow_rate: fields.get("slow_rate"),
            // A snapshot of an older version has only the last failure.
            opened_by: match fields.0.contains_key("opened_by") {
                true => fields.get("opened_by"),
                false => cause.clone(),
            },
            last_failure: fields.get::<u64>("last_failure_at").map(|_| LastFailure {
                at: fields.time("last_failure_at"),
                cause,
            }),
            config: config_of(&nested("config")),
            taken_at: fields.time("taken_at"),
        })
    }
}

fn config_of(fields: &Fields) -> BreakerConfig {
    let default = BreakerConfig::default();
    let seconds = |key, default| fields.duration(key).unwrap_or(default);
    let calls = fields.get("count_window").map(WindowKind::Calls);
    BreakerConfig {
        failure_threshold: fields.get("failure_threshold"),
        recovery_timeout: seconds("recovery_timeout", default.recovery_timeout),
        half_open_max_calls: fields.or("half_open_max_calls", default.half_open_max_calls),
        success_threshold: fields.or("success_threshold", default.success_threshold),
        recovery_backoff: fields.or("recovery_backoff", default.recovery_backoff),
        max_recovery_timeout: seconds("max_recovery_timeout", default.max_recovery_timeout),
        recovery_jitter: fields.or("recovery_jitter", default.recovery_jitter),
        half_open_timeout: seconds("half_open_timeout", default.half_open_timeout),
        window: calls.or_else(|| fields.duration("time_window").map(WindowKind::Time)),
        failure_rate: fields.get("failure_rate"),
        min_calls: fields.or("min_calls", default.min_calls),
        slow_call: fields.duration("slow_call"),
        slow_rate: fields.get("slow_rate"),
        abandoned_after: seconds("abandoned_after", default.abandoned_after),
        shadow: fields.or("shadow", default.shadow),
        timed: fields.or("timed", default.timed),
        shared: fields.or("shared", default.shared),
        on_store_loss: (fields.get("on_store_loss"))
            .and_then(|name: &str| StoreLoss::from_name(name))
            .unwrap_or_default(),
    }
}

/// The fields of a stored snapshot, each of which can be missing or malformed.
struct Fields(Map<String, Value>);

impl Fields {
    fn get<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Option<T> {
        T::deserialize(self.0.get(key)?).ok()
    }

    fn or<'a, T: Deserialize<'a>>(&'a self, key: &str, default: T) -> T {
        self.get(key).unwrap_or(default)
    }

    fn duration(&self, key: &str) -> Option<Duration> {
        read_seconds(self.0.get(key)?)
    }

    fn time(&self, key: &str) -> SystemTime {
        let since_epoch = Duration::from_millis(self.or(key, 0));
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

/// A duration that is stored as seconds: a number where that is exact, else its text.
#[derive(Clone, Copy, Debug)]
struct Seconds(Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = self.0.as_secs_f64();
        if Duration::try_from_secs_f64(seconds) == Ok(self.0) {
            serializer.serialize_f64(seconds)
        } else if self.0.subsec_nanos() == 0 {
            serializer.serialize_u64(self.0.as_secs())
        } else {
            // 53 bits hold nanoseconds for a hundred days only.
            serializer.collect_str(&format_args!(
                "{}.{:09}",
                self.0.as_secs(),
                self.0.subsec_nanos()
            ))
        }
    }
}

/// Reads a duration that [`Seconds`] wrote; a number that is too large is the longest duration.
fn read_seconds(value: &Value) -> Option<Duration> {
    if let Some(seconds) = value.as_u64() {
        return Some(Duration::from_secs(seconds));
    }
    if let Some((seconds, nanos)) = value.as_str().and_then(|text| text.split_once('.')) {
        let nanos = (nanos.len() == 9).then(|| nanos.parse().ok())??;
        return Some(
            Duration::from_secs(seconds.parse().ok()?).saturating_add(Duration::from_nanos(nanos)),
        );
    }
    let seconds = value.as_f64().filter(|seconds| *seconds >= 0.0)?;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}
