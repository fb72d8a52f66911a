//! A registered check: its settings, the history of its results, and its run in progress.

use super::{
    check::Spec,
    config::HealthConfig,
    history::{History, Thresholds},
    result::CheckResult,
    run::CheckRun,
    status::{FailureCategory, ProbeKind},
};
use crate::{sync::Mutex, time::Tick};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub(crate) struct RegisteredCheck {
    pub(crate) spec: Spec,
    pub(crate) history: Mutex<History>,
    /// The run in progress, or the abandoned run that still hangs.
    current: Mutex<Option<Arc<CheckRun>>>,
    /// When the check is due in the background.
    next_due: Mutex<Tick>,
    is_removed: AtomicBool,
}

/// The answer to a request for a run.
pub(crate) enum Requested {
    /// A new run, to be queued by the caller.
    New(Arc<CheckRun>),
    /// The run that is already in progress.
    Joined(Arc<CheckRun>),
    /// No run: an abandoned one still hangs.
    Hanging { since: Tick },
    /// No run: this result is recent enough.
    Recent(CheckResult),
}

/// When a run is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Freshness {
    /// In any case.
    Now,
    /// If the last result is older than this.
    OlderThan(Duration),
}

impl RegisteredCheck {
    pub(crate) fn new(spec: Spec) -> Arc<Self> {
        Arc::new(Self {
            spec,
            history: Mutex::new(History::default()),
            current: Mutex::new(None),
            next_due: Mutex::new(Tick::ZERO),
            is_removed: AtomicBool::new(false),
        })
    }

    /// Marks the check as removed: the results of its runs are published no more.
    pub(crate) fn remove(&self) {
        // Relaxed here and below: a run that ends at the same time may publish its result or not.
        self.is_removed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.is_removed.load(Ordering::Relaxed)
    }

    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    /// Requests a run: joins the one in progress, or makes a new one where it is wanted.
    pub(crate) fn request(&self, wanted: Freshness, now: Tick, caller_blocks: bool) -> Requested {
        let mut current = self.current.lock();
        match &*current {
            // A run that is being settled still counts: its result is about to be published.
            Some(run) if !run.is_abandoned() => Requested::Joined(Arc::clone(run)),
            Some(run) => Requested::Hanging {
                since: run.started().unwrap_or_default(),
            },
            None => {
                // Under the lock: a run that ended since the caller's own check has left its result.
                if let Freshness::OlderThan(age) = wanted
                    && let Some(recent) = self.result_within(age, now)
                {
                    return Requested::Recent(recent);
                }
                let run = Arc::new(CheckRun::new(caller_blocks));
                *current = Some(Arc::clone(&run));
                Requested::New(run)
            }
        }
    }

    /// Forgets a run that has returned, so that the next one may start.
    pub(crate) fn forget(&self, run: &Arc<CheckRun>) {
        let mut current = self.current.lock();
        if current
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, run))
        {
            *current = None;
        }
    }

    /// Returns when the abandoned run started that still hangs.
    pub(crate) fn hanging_since(&self) -> Option<Tick> {
        let current = self.current.lock();
        current
            .as_ref()
            .filter(|run| run.is_abandoned())
            .and_then(|run| run.started())
    }

    pub(crate) fn timeout(&self, config: &HealthConfig) -> Duration {
        self.spec.timeout.unwrap_or(config.timeout)
    }

    pub(crate) fn period(&self, config: &HealthConfig) -> Duration {
        self.spec.period.unwrap_or(config.period)
    }

    /// Returns the check's own limit, or the registry's, extended where the check's own period is
    /// longer than that.
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

    /// Returns `true` if the background need not run the check any more: a startup check that has
    /// passed.
    pub(crate) fn is_complete(&self) -> bool {
        self.spec.kinds().is_only(ProbeKind::Startup) && self.history.lock().has_passed
    }

    /// Returns the last result, unless it is older than `age`.
    pub(crate) fn result_within(&self, age: Duration, now: Tick) -> Option<CheckResult> {
        let history = self.history.lock();
        history
            .last
            .as_ref()
            .filter(|last| now.since(last.at) <= age)
            .map(|last| last.result.clone())
    }

    /// Returns `true` if the last run exceeded its limit: the next one may as well.
    pub(crate) fn has_timed_out(&self) -> bool {
        let history = self.history.lock();
        history
            .last
            .as_ref()
            .is_some_and(|last| last.result.category() == Some(FailureCategory::Timeout))
    }
}
