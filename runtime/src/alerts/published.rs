//! States of breakers, checks and rules, and the form in which the journal keeps those that were
//! published in notifications.

use crate::{error::redact, event::Severity, monitor::Fingerprint, time::Timestamp};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The state of a subject: a breaker, a check, or the rate or ratio of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SubjectState {
    /// The same for the same state, whatever its level.
    pub(super) name: &'static str,
    /// Whether it needs no action.
    pub(super) is_good: bool,
    pub(super) level: Severity,
}

/// The state of a subject in a notification.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PublishedState {
    /// The kind of the subject: [`BREAKER`], [`HEALTH`] or [`RULE`].
    pub(super) of: &'static str,
    pub(super) name: String,
    pub(super) fingerprint: Fingerprint,
    pub(super) state: SubjectState,
    /// How long the state had been bad when the notification was made, and in how many observations.
    pub(super) lasts: Duration,
    pub(super) count: u64,
}

/// The last notification about a subject by an earlier process, where its state was bad.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RestoredState {
    pub(super) state: PublishedState,
    pub(super) rule: String,
    pub(super) at: Timestamp,
}

/// The kinds of subjects.
pub(super) const BREAKER: &str = "breaker";
pub(super) const HEALTH: &str = "health";
pub(super) const RULE: &str = "rule";

/// The names of states. Those of checks are their statuses.
pub(super) const OPEN: &str = "open";
pub(super) const CLOSED: &str = "closed";
pub(super) const FIRING: &str = "firing";
pub(super) const IN_BOUNDS: &str = "in bounds";
pub(super) const PASS: &str = "pass";
const WARN: &str = "warn";
const FAIL: &str = "fail";

impl PublishedState {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "of": self.of,
            "name": redact::name(&self.name),
            "fingerprint": self.fingerprint,
            "state": self.state.name,
            "level": self.state.level,
            "lasts": self.lasts.as_secs_f64(),
            "count": self.count,
        })
    }

    /// Reads the result of [`to_json`](Self::to_json).
    pub(super) fn from_json(json: &Map<String, Value>) -> Option<Self> {
        let text = |key: &str| json.get(key).and_then(Value::as_str);
        let of = [BREAKER, HEALTH, RULE]
            .into_iter()
            .find(|of| text("of") == Some(*of))?;
        let states = [OPEN, CLOSED, FIRING, IN_BOUNDS, PASS, WARN, FAIL];
        let name = states
            .into_iter()
            .find(|name| text("state") == Some(*name))?;
        let is_good = matches!(name, CLOSED | IN_BOUNDS | PASS);
        Some(Self {
            of,
            name: text("name")?.to_owned(),
            fingerprint: text("fingerprint")?.parse().ok()?,
            state: SubjectState {
                name,
                is_good,
                level: Severity::from_name(text("level")?)?,
            },
            lasts: Duration::try_from_secs_f64(json.get("lasts")?.as_f64()?).ok()?,
            count: json.get("count")?.as_u64()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_state_round_trips_and_incomplete_json_is_rejected() {
        let state = PublishedState {
            of: BREAKER,
            name: "payments".into(),
            fingerprint: Fingerprint::from_parts(&["breaker", "payments"]),
            state: SubjectState {
                name: OPEN,
                is_good: false,
                level: Severity::Error,
            },
            lasts: Duration::from_millis(1500),
            count: 3,
        };
        let Value::Object(json) = state.to_json() else {
            panic!("a map")
        };
        assert_eq!(PublishedState::from_json(&json), Some(state));
        for key in json.keys() {
            let mut odd = json.clone();
            odd.insert(key.clone(), Value::Null);
            assert_eq!(PublishedState::from_json(&odd), None, "{key}");
        }
    }
}
