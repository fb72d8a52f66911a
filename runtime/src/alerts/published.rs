//! What notifications said about states, as the journal keeps it for the next process.

use super::{
    plan::{BREAKER, Content, HEALTH, PASS},
    subject::SubjectState,
};
use crate::{error::redact, event::Severity, monitor::Fingerprint, time::Timestamp};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The state of a subject in a notification.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PublishedState {
    /// Whether it is a breaker, a check or a rule, and its name.
    pub(super) of: &'static str,
    pub(super) name: String,
    pub(super) fingerprint: Fingerprint,
    pub(super) state: SubjectState,
    /// How long it had been bad when the notification was made, and how often that had been seen.
    pub(super) lasts: Duration,
    pub(super) count: u64,
}

/// The last notification about a subject of an earlier process, where its state was bad.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RestoredState {
    pub(super) state: PublishedState,
    pub(super) rule: String,
    pub(super) at: Timestamp,
}

pub(super) const OPEN: &str = "open";
pub(super) const CLOSED: &str = "closed";
pub(super) const FIRING: &str = "firing";
pub(super) const IN_BOUNDS: &str = "in bounds";

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

    /// Reads what [`to_json`](Self::to_json) made.
    pub(super) fn from_json(json: &Map<String, Value>) -> Option<Self> {
        let text = |key: &str| json.get(key).and_then(Value::as_str);
        let of = [BREAKER, HEALTH, super::plan::RULE]
            .into_iter()
            .find(|of| text("of") == Some(*of))?;
        let states = [OPEN, CLOSED, FIRING, IN_BOUNDS, PASS, "warn", "fail"];
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

    /// What stands for the state until it is seen again.
    pub(super) fn into_content(self) -> Content {
        match self.of {
            BREAKER => Content::BreakerOpened {
                name: self.name,
                reason: "",
                cause: None,
            },
            HEALTH => Content::Health {
                check: self.name,
                from: None,
                to: self.state.name,
                output: None,
            },
            _ => Content::InBounds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_reads_back_and_what_is_no_state_does_not() {
        let state = SubjectState {
            name: OPEN,
            is_good: false,
            level: Severity::Error,
        };
        let state = PublishedState {
            of: BREAKER,
            name: "payments".into(),
            fingerprint: Fingerprint::from_parts(&["breaker", "payments"]),
            state,
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
