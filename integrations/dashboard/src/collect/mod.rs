//! Samples of the process: what each part of gardefou knows, as JSON without secrets.

mod alerts;
mod errors;
mod functions;
mod guards;
mod health;
mod ids;
mod records;

pub(crate) use errors::records_of_groups;
#[cfg(feature = "axum")]
pub(crate) use records::{Found, find};

use crate::{
    history::{Change, History, Notified, Subject},
    sample::{List, Sample},
};
use gardefou::monitor::error_monitor;
use ids::{Ids, Kind};
use serde_json::{Value, json};
use std::sync::Arc;

/// Takes samples, and remembers the last one: times that two clocks give a millisecond apart stay
/// the same, and so does the id of each guard.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    ids: Ids,
    last: Option<Arc<Sample>>,
}

impl Collector {
    /// Takes a sample. Reads snapshots alone: no check runs, no file is read, and no lock is held
    /// longer than the copy of one guard takes.
    pub(crate) fn collect(&mut self, history: &History) -> Arc<Sample> {
        let monitor = error_monitor().snapshot();
        let mut sample = Sample {
            taken_at: monitor.taken_at.as_unix_millis(),
            ..Sample::default()
        };
        let last = self.last.as_deref();
        self.ids.begin();
        *sample.list_mut(List::Guards) = guards::all(&mut self.ids, &monitor, history, last);
        *sample.list_mut(List::Groups) = errors::groups(&monitor);
        *sample.list_mut(List::Functions) = functions::all();
        let (checks, health) = health::all(&mut self.ids);
        *sample.list_mut(List::Checks) = checks;
        sample.sections = [
            ("errors", errors::totals(&monitor)),
            ("journal", errors::journal()),
            ("alerts", alerts::all()),
            ("health", health),
        ]
        .into();
        let (changes, notified) = history.entries();
        sample.timeline = changes
            .iter()
            .map(|change| (change.number, self.change(change)))
            .collect();
        sample.notifications = notified.iter().map(notification).collect();
        self.ids.end();
        let sample = Arc::new(sample);
        self.last = Some(Arc::clone(&sample));
        sample
    }

    fn change(&self, change: &Change) -> Value {
        let (of, kind) = match change.of {
            Subject::Breaker => ("breaker", Kind::Breaker),
            Subject::Check => ("check", Kind::Check),
        };
        json!({
            "number": change.number,
            "at": change.at,
            "of": of,
            "id": self.ids.known(kind, &change.given_name),
            "name": change.name,
            "from": change.from,
            "to": change.to,
            "reason": change.reason,
            "cause": change.cause,
        })
    }
}

fn notification(notified: &Notified) -> (u64, Value) {
    let entry = json!({
        "number": notified.number,
        "at": notified.at,
        "title": notified.title,
        "level": notified.level,
        "kind": notified.kind,
        "channel": notified.channel,
        "rule": notified.rule,
        "outcome": notified.outcome,
        "suppressed": notified.suppressed,
    });
    (notified.number, entry)
}
