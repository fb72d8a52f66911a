//! A registered check: what it is, what its results add up to, and its run in progress.

use super::{
    check::Spec,
    config::HealthConfig,
    history::{Thresholds, Track},
    result::CheckResult,
    run::Flight,
    status::{FailureCategory, Kind},
};
use crate::{sync::Mutex, time::Tick};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub(crate) struct Entry {
    pub(crate) spec: Spec,
    pub(crate) track: Mutex<Track>,
    /// The run in progress, or the given-up run that still hangs.
    current: Mutex<Option<Arc<Flight>>>,
    /// When the background runs it next.
    next_due: Mutex<Tick>,
    is_removed: AtomicBool,
}

/// What asking for a run comes to.
pub(crate) enum Asked {
    /// A new run, to be queued by the one who asked.
    New(Arc<Flight>),
    /// The run that is already in progress.
    Joined(Arc<Flight>),
    /// None: an earlier run was given up and has not come back.
    Hanging { since: Tick },
    /// None: this result is recent enough.
    Recent(CheckResult),
}

/// When a run is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Want {
    /// In any case.
    Now,
    /// If the last result is older than that.
    OlderThan(Duration),
}

impl Entry {
    pub(crate) fn new(spec: Spec) -> Arc<Self> {
        Arc::new(Self {
            spec,
            track: Mutex::new(Track::default()),
            current: Mutex::new(None),
            next_due: Mutex::new(Tick::ZERO),
            is_removed: AtomicBool::new(false),
        })
    }

    /// Says that it is not registered any more: what comes of its run is of no interest.
    pub(crate) fn remove(&self) {
        // Relaxed here and below: a run that ends just then may be heard of or not.
        self.is_removed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.is_removed.load(Ordering::Relaxed)
    }

    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    pub(crate) fn ask(self: &Arc<Self>, want: Want, now: Tick, caller_blocks: bool) -> Asked {
        let mut current = self.current.lock();
        match &*current {
            // One that is being settled still counts: its result is on its way.
            Some(flight) if !flight.is_given_up() => Asked::Joined(Arc::clone(flight)),
            Some(flight) => Asked::Hanging {
                since: flight.started().unwrap_or_default(),
            },
            None => {
                // Under the lock: a run that ended since the caller looked has left its result.
                if let Want::OlderThan(age) = want
                    && let Some(recent) = self.result_within(age, now)
                {
                    return Asked::Recent(recent);
                }
                let flight = Arc::new(Flight::new(Arc::clone(self), caller_blocks));
                *current = Some(Arc::clone(&flight));
                Asked::New(flight)
            }
        }
    }

    /// Forgets a run that came back, so that the next one may start.
    pub(crate) fn came_back(&self, flight: &Arc<Flight>) {
        let mut current = self.current.lock();
        if current
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, flight))
        {
            *current = None;
        }
    }

    /// When the given-up run started that has not come back.
    pub(crate) fn hanging_since(&self) -> Option<Tick> {
        let current = self.current.lock();
        current
            .as_ref()
            .filter(|flight| flight.is_given_up())
            .and_then(|flight| flight.started())
    }

    pub(crate) fn timeout(&self, config: &HealthConfig) -> Duration {
        self.spec.timeout.unwrap_or(config.timeout)
    }

    pub(crate) fn period(&self, config: &HealthConfig) -> Duration {
        self.spec.period.unwrap_or(config.period)
    }

    /// Its own limit, or the registry's, stretched where the check runs more seldom than that.
    pub(crate) fn stale_after(&self, config: &HealthConfig) -> Duration {
        let one_round = self
            .period(config)
            .saturating_mul(2)
            .saturating_add(self.timeout(config));
        self.spec
            .stale_after
            .unwrap_or(if self.spec.period.is_some() {
                config.stale_after.max(one_round)
            } else {
                config.stale_after
            })
    }

    pub(crate) fn thresholds(&self, config: &HealthConfig) -> Thresholds {
        Thresholds {
            failures: self
                .spec
                .failure_threshold
                .unwrap_or(config.failure_threshold),
            successes: self
                .spec
                .success_threshold
                .unwrap_or(config.success_threshold),
        }
    }

    pub(crate) fn next_due(&self) -> Tick {
        *self.next_due.lock()
    }

    pub(crate) fn set_next_due(&self, due: Tick) {
        *self.next_due.lock() = due;
    }

    /// Tells whether the background has no more need to run it: a condition of starting that was
    /// met.
    pub(crate) fn is_over(&self) -> bool {
        self.spec.kinds().is_only(Kind::Startup) && self.track.lock().has_passed
    }

    /// The last result, unless it is older than `age`.
    pub(crate) fn result_within(&self, age: Duration, now: Tick) -> Option<CheckResult> {
        let track = self.track.lock();
        track
            .last
            .as_ref()
            .filter(|last| now.since(last.at) <= age)
            .map(|last| last.result.clone())
    }

    /// Tells whether the last run took too long: the next one may as well.
    pub(crate) fn is_suspect(&self) -> bool {
        let track = self.track.lock();
        track
            .last
            .as_ref()
            .is_some_and(|last| last.result.category() == Some(FailureCategory::Timeout))
    }
}
