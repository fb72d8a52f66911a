//! Guards: circuit breakers, bulkheads, rate limiters, retry budgets, and outcomes of retries.

use super::{
    ids::{Ids, Kind},
    latencies::Latencies,
};
use crate::{
    history::{History, SAME_TIME, SlowCall, shown},
    sample::{Entries, List, Sample, fields, seconds},
};
use gardefou::{
    breaker::{BreakerSnapshot, circuit_breakers},
    bulkhead::{BulkheadSnapshot, bulkheads},
    monitor::{MonitorSnapshot, RetryOutcome},
    rate_limit::{RateLimiterSnapshot, rate_limiters},
    retry::{RetryBudgetSnapshot, retry_budgets},
    telemetry::Measured,
    time::Timestamp,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};

/// Returns every guard that has a name in the whole process.
pub(super) fn all(
    ids: &mut Ids,
    monitor: &MonitorSnapshot,
    history: &History,
    last: Option<&Sample>,
) -> Entries {
    let mut entries = Entries::new();
    let latencies = Latencies::read();
    let breakers = circuit_breakers().snapshots();
    let names: HashSet<&str> = breakers.iter().map(|breaker| &*breaker.name).collect();
    let slow = history.slow_calls(&names);
    for snapshot in &breakers {
        let id = ids.id(Kind::Breaker, &snapshot.name);
        let before = last.and_then(|last| last.list(List::Guards).get(&id));
        let slow = slow.get(&snapshot.name).copied();
        let mut entry = breaker(snapshot, slow, before);
        let durations = latencies.of(Measured::BreakerCalls, &snapshot.name);
        entry.insert("durations".into(), durations);
        entries.insert(id, entry);
    }
    for snapshot in &bulkheads().snapshots() {
        let mut entry = bulkhead(snapshot);
        let waits = latencies.of(Measured::BulkheadWaits, &snapshot.name);
        entry.insert("waits".into(), waits);
        entries.insert(ids.id(Kind::Bulkhead, &snapshot.name), entry);
    }
    for snapshot in &rate_limiters().snapshots() {
        let id = ids.id(Kind::RateLimiter, &snapshot.name);
        let mut entry = rate_limiter(snapshot);
        let waits = latencies.of(Measured::RateLimiterWaits, &snapshot.name);
        entry.insert("waits".into(), waits);
        entries.insert(id, entry);
    }
    for snapshot in &retry_budgets().snapshots() {
        let name = snapshot.name.as_deref().unwrap_or_default();
        entries.insert(ids.id(Kind::RetryBudget, name), retry_budget(snapshot));
    }
    for (name, mut outcomes) in retries(monitor) {
        let durations = latencies.of(Measured::RetryCalls, name);
        outcomes.insert("durations".into(), durations);
        entries.insert(ids.id(Kind::Retry, name), outcomes);
    }
    entries
}

/// Returns a breaker. What a snapshot stores is what it shows: without secrets.
fn breaker(
    snapshot: &BreakerSnapshot,
    slow: Option<SlowCall>,
    before: Option<&Map<String, Value>>,
) -> Map<String, Value> {
    let mut entry = serde_json::to_value(snapshot).map_or_else(|_| Map::new(), fields);
    entry.insert("kind".into(), Kind::Breaker.name().into());
    let taken_at = Timestamp::from(snapshot.taken_at).as_unix_millis();
    let remaining = snapshot.remaining;
    let until = remaining.filter(|remaining| !remaining.is_zero());
    let until = until.map(|remaining| {
        let millis = i64::try_from(remaining.as_millis()).unwrap_or(i64::MAX);
        taken_at.saturating_add(millis)
    });
    entry.insert("until".into(), until.into());
    entry.insert(
        "probe_due".into(),
        (remaining.is_some_and(|remaining| remaining.is_zero())).into(),
    );
    entry.insert("last_slow".into(), slow.map(slow_call).into());
    for gone in ["remaining", "taken_at", "generation"] {
        entry.remove(gone);
    }
    for time in ["since", "until", "last_failure_at"] {
        steady(&mut entry, time, before);
    }
    entry
}

fn slow_call(call: SlowCall) -> Value {
    json!({ "seconds": seconds(call.elapsed), "pending": call.pending })
}

/// Keeps a time of the sample before that is nearly the same. Points in time are computed from two
/// clocks, which are read one after the other.
fn steady(entry: &mut Map<String, Value>, key: &str, before: Option<&Map<String, Value>>) {
    let time = |entry: &Map<String, Value>| entry.get(key).and_then(Value::as_i64);
    let (now, before) = (time(entry), before.and_then(time));
    if let (Some(now), Some(before)) = (now, before)
        && now.abs_diff(before) <= SAME_TIME
    {
        entry.insert(key.into(), before.into());
    }
}

fn bulkhead(snapshot: &BulkheadSnapshot) -> Map<String, Value> {
    let config = &snapshot.config;
    fields(json!({
        "kind": Kind::Bulkhead.name(),
        "name": shown(&snapshot.name),
        "limit": snapshot.limit,
        "in_flight": snapshot.in_flight,
        "queued": snapshot.queued,
        "admitted": snapshot.admitted,
        "rejected": snapshot.rejected.total(),
        "rejections": {
            "full": snapshot.rejected.full,
            "queue_full": snapshot.rejected.queue_full,
            "timed_out": snapshot.rejected.timed_out,
        },
        "cancelled": snapshot.cancelled,
        "longest_wait": seconds(snapshot.longest_wait),
        "config": {
            "max_concurrent": config.max_concurrent,
            "max_wait": seconds(config.max_wait),
            "max_queue": config.max_queue,
            "adaptive": config.adaptive,
            "min": config.min,
            "max": config.max,
        },
    }))
}

fn rate_limiter(snapshot: &RateLimiterSnapshot) -> Map<String, Value> {
    let config = &snapshot.config;
    // In steps: the time to the next permit changes with each reading of the clock.
    let next = snapshot.next_permit.as_millis().div_ceil(100);
    fields(json!({
        "kind": Kind::RateLimiter.name(),
        "name": shown(&snapshot.name),
        "available": snapshot.available,
        "next_permit": next as f64 / 10.0,
        "admitted": snapshot.admitted,
        "rejected": snapshot.rejected,
        "waited": snapshot.waited,
        "cancelled": snapshot.cancelled,
        "waiting": snapshot.waiting,
        "config": {
            "rate": config.rate.to_string(),
            "burst": config.burst,
            "max_wait": seconds(config.max_wait),
        },
    }))
}

fn retry_budget(snapshot: &RetryBudgetSnapshot) -> Map<String, Value> {
    let config = &snapshot.config;
    fields(json!({
        "kind": Kind::RetryBudget.name(),
        "name": snapshot.name.as_deref().map(shown),
        "available": snapshot.available,
        "config": {
            "ratio": config.ratio,
            "floor": config.floor,
            "burst": config.burst,
        },
    }))
}

/// Returns the outcomes of retries by their name, which the monitor has redacted.
fn retries(monitor: &MonitorSnapshot) -> BTreeMap<&str, Map<String, Value>> {
    let mut retries: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for row in &monitor.retries {
        let entry = retries.entry(&row.name).or_insert_with(|| {
            fields(json!({
                "kind": Kind::Retry.name(),
                "name": row.name,
                RetryOutcome::SuccessfulWithRetry.name(): 0,
                RetryOutcome::FailedWithRetry.name(): 0,
                RetryOutcome::FailedWithoutRetry.name(): 0,
                "attempts": 0,
                "last_seen": 0,
            }))
        });
        let sum = |entry: &Map<String, Value>, key: &str| {
            entry.get(key).and_then(Value::as_u64).unwrap_or_default()
        };
        let attempts = sum(entry, "attempts").saturating_add(row.attempts);
        entry.insert("attempts".into(), attempts.into());
        entry.insert(row.kind.name().into(), row.count.into());
        let seen = entry.get("last_seen").and_then(Value::as_i64).unwrap_or(0);
        let seen = seen.max(row.last_seen.as_unix_millis());
        entry.insert("last_seen".into(), seen.into());
    }
    retries
}
