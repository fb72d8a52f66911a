//! Samples of the process: what each part of gardefou knows, as JSON without secrets.

mod alerts;
mod errors;
mod fleet;
mod functions;
mod guards;
mod health;
mod ids;
mod latencies;
mod records;

pub(crate) use errors::records_of_groups;
#[cfg(feature = "axum")]
pub(crate) use records::{Found, find};

use crate::{
    dashboard::Observed,
    history::{Change, Notified, Subject},
    sample::{List, Sample, SampleId},
};
use gardefou::{call::Context, monitor::error_monitor};
use ids::{Ids, Kind};
use serde_json::{Value, json};
use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Takes samples, and remembers the last one: times that two clocks give a millisecond apart stay
/// the same, and so does the id of each guard.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    ids: Ids,
    last: Option<Arc<Sample>>,
}

/// What may run code of the program: the status of its journal, of which reports of health have one
/// too.
#[derive(Clone, Debug)]
pub(crate) struct ForeignState {
    /// When its reading was begun, in milliseconds since the Unix epoch.
    at: i64,
    journal: Value,
    health: health::HealthState,
}

/// The number of the newest sample of the process. Relaxed: that each has its own is all that matters.
static NEWEST: AtomicU64 = AtomicU64::new(0);

/// Tells its samples from those of another process. A hash by random keys.
static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0_u8));

/// How long a sample waits for code of the program.
pub(crate) const PATIENCE: Duration = Duration::from_millis(200);

impl Collector {
    /// Takes a sample. Reads snapshots alone: no check runs, no file is read, and no lock is held
    /// longer than the copy of one guard takes. Code of the program that hangs is waited for at most
    /// `patience`.
    pub(crate) fn collect(&mut self, observed: &Observed, patience: Duration) -> Arc<Sample> {
        let history = &observed.history;
        let monitor = error_monitor().snapshot();
        let mut sample = Sample {
            taken_at: monitor.taken_at.as_unix_millis(),
            id: SampleId {
                process: *PROCESS,
                number: NEWEST.fetch_add(1, Ordering::Relaxed) + 1,
            },
            ..Sample::default()
        };
        let last = self.last.as_deref();
        self.ids.begin();
        *sample.list_mut(List::Guards) = guards::all(&mut self.ids, &monitor, history, last);
        *sample.list_mut(List::Groups) = errors::groups(&monitor);
        *sample.list_mut(List::Functions) = functions::all();
        let context = Context::current();
        let at = sample.taken_at;
        let state = observed.foreign.read(patience, move || {
            context.run(|| ForeignState {
                at,
                journal: errors::journal(),
                health: health::read(),
            })
        });
        let read_at = state.value.as_ref().map_or(at, |state| state.at);
        let stale_since = (!state.is_fresh).then_some(read_at);
        let (journal, health) = match state.value {
            Some(state) => (state.journal, Some(state.health)),
            None => (Value::Null, None),
        };
        let (checks, health) = health::entries(&mut self.ids, health);
        *sample.list_mut(List::Checks) = checks;
        sample.sections = [
            ("errors", errors::totals(&monitor)),
            ("journal", journal),
            ("stale_since", stale_since.into()),
            ("bounds", latencies::bounds()),
            ("alerts", alerts::all()),
            (fleet::SECTION, fleet::now(sample.taken_at, last)),
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
