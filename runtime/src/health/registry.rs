//! What the handles of a registry share.

use super::{
    background::Background,
    check::Spec,
    check_list::{RegisterError, UnknownCheck},
    config::HealthConfig,
    registered::{Entry, Want},
    report::{CheckReport, HealthReport, Phase, View},
    result::CheckResult,
    runner::{Begun, Runner},
    status::{Criticality, FailureCategory, Kind, Status},
    subsystems::{alerts, breakers, journal},
};
use crate::{
    breaker::circuit_breakers,
    rng,
    scope::{Captured, WeaklyCaptured},
    sync::Mutex,
    time::{SharedClock, Tick},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

/// One registry, shared by all its handles.
pub(super) struct Shared {
    pub(super) runner: Arc<Runner>,
    /// Copied on each change, so that every reader has a list that nobody changes under it.
    entries: RwLock<Arc<[Arc<Entry>]>>,
    phase: AtomicU8,
    pub(super) background: Mutex<Option<Background>>,
    /// How much each breaker matters that is not simply important.
    pub(super) breakers: Mutex<HashMap<String, Criticality>>,
    of_process: bool,
    /// The test scope that it was made in, whose breakers and journal it reports on.
    scope: WeaklyCaptured,
}

impl Shared {
    pub(super) fn new(config: HealthConfig, clock: SharedClock, of_process: bool) -> Self {
        Self {
            runner: Runner::new(clock, config),
            entries: RwLock::new(Arc::new([])),
            phase: AtomicU8::new(STARTING),
            background: Mutex::new(None),
            breakers: Mutex::new(HashMap::new()),
            of_process,
            scope: Captured::current().downgrade(),
        }
    }

    pub(super) fn add(&self, spec: Spec) -> Result<(), RegisterError> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.iter().any(|entry| entry.name() == &*spec.name) {
            return Err(RegisterError::Duplicate {
                name: spec.name.to_string(),
            });
        }
        *entries = entries.iter().cloned().chain([Entry::new(spec)]).collect();
        Ok(())
    }

    /// Takes a check out and tells whether it was there.
    pub(super) fn remove(&self, name: &str) -> bool {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries
            .iter()
            .filter(|entry| entry.name() == name)
            .for_each(|entry| entry.remove());
        let rest = entries
            .iter()
            .filter(|entry| entry.name() != name)
            .cloned()
            .collect();
        let before = std::mem::replace(&mut *entries, rest);
        let was_there = entries.len() < before.len();
        drop(entries);
        // Dropped after the lock: what a check owns is the user's, and its `Drop` may use the
        // registry.
        drop(before);
        was_there
    }

    pub(super) fn entries(&self) -> Arc<[Arc<Entry>]> {
        Arc::clone(&self.entries.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn entry(&self, name: &str) -> Result<Arc<Entry>, UnknownCheck> {
        let entries = self.entries();
        let found = entries.iter().find(|entry| entry.name() == name);
        found.cloned().ok_or_else(|| UnknownCheck {
            name: name.to_owned(),
        })
    }

    pub(super) fn phase(&self) -> Phase {
        // Relaxed is enough here and below: the phase orders nothing but itself.
        match self.phase.load(Ordering::Relaxed) {
            STARTING => Phase::Starting,
            STARTED => Phase::Started,
            _ => Phase::Stopping,
        }
    }

    pub(super) fn enter(&self, phase: Phase) {
        let number = match phase {
            Phase::Starting => STARTING,
            Phase::Started => STARTED,
            Phase::Stopping => STOPPING,
        };
        self.phase.store(number, Ordering::Relaxed);
    }

    /// Starts the background runner anew in a process that was forked.
    fn revive(&self) {
        if let Some(background) = &*self.background.lock() {
            background.revive();
        }
    }

    pub(super) fn look(&self) {
        if let Some(background) = &*self.background.lock() {
            background.look();
        }
    }

    pub(super) fn run(&self, entries: &[Arc<Entry>], want: Want) -> Vec<CheckReport> {
        self.revive();
        let deadline = self.deadline();
        let begun: Vec<_> = entries
            .iter()
            .map(|entry| self.runner.begin(entry, want, true))
            .collect();
        let results = begun.into_iter().map(|begun| match begun {
            Begun::Flight(flight) => self.runner.wait(&flight, deadline),
            Begun::Instead(result) => Some(result),
        });
        let results: Vec<_> = results.collect();
        self.observed(entries, results)
    }

    #[cfg(feature = "async")]
    pub(super) async fn run_async(&self, entries: &[Arc<Entry>], want: Want) -> Vec<CheckReport> {
        let deadline = self.deadline();
        let begun: Vec<_> = entries
            .iter()
            .map(|entry| self.runner.begin(entry, want, false))
            .collect();
        let mut results = Vec::with_capacity(begun.len());
        for begun in begun {
            results.push(match begun {
                Begun::Flight(flight) => {
                    super::async_run::wait(&self.runner, &flight, deadline).await
                }
                Begun::Instead(result) => Some(result),
            });
        }
        self.observed(entries, results)
    }

    fn deadline(&self) -> Tick {
        self.runner.clock.now().after(self.runner.config().deadline)
    }

    fn observed(
        &self,
        entries: &[Arc<Entry>],
        results: Vec<Option<CheckResult>>,
    ) -> Vec<CheckReport> {
        let (config, now) = (self.runner.config(), self.runner.clock.now());
        let late = || {
            CheckResult::failed_by(
                FailureCategory::Timeout,
                "not back by the deadline of the whole run",
            )
        };
        let pairs = entries.iter().zip(results);
        let report = |(entry, result): (&Arc<Entry>, Option<CheckResult>)| {
            CheckReport::of(
                entry,
                &config,
                now,
                View::Observed(result.unwrap_or_else(late)),
            )
        };
        pairs.map(report).collect()
    }

    fn chosen<'a>(
        entries: &'a [Arc<Entry>],
        kind: Option<Kind>,
        exclude: &[String],
    ) -> Vec<&'a Arc<Entry>> {
        let of_kind = |entry: &&Arc<Entry>| kind.is_none_or(|kind| entry.spec.kinds().has(kind));
        let wanted = |entry: &&Arc<Entry>| !exclude.iter().any(|name| name == entry.name());
        entries.iter().filter(of_kind).filter(wanted).collect()
    }

    pub(super) fn confirmed(&self, kind: Option<Kind>, exclude: &[String]) -> Vec<CheckReport> {
        let _entered = self.scope.enter();
        self.revive();
        let (config, now, entries) = (
            self.runner.config(),
            self.runner.clock.now(),
            self.entries(),
        );
        let chosen = Self::chosen(&entries, kind, exclude).into_iter();
        let mut reports: Vec<_> = chosen
            .map(|entry| CheckReport::of(entry, &config, now, View::Confirmed))
            .collect();
        if kind.is_none_or(|kind| kind == Kind::Readiness) {
            let wall = self.runner.clock.wall().into();
            let mut own = Vec::new();
            if self.of_process {
                own.extend(journal::report(wall));
                own.extend(alerts::report(wall));
            }
            if config.breakers.unwrap_or(self.of_process) {
                let criticalities = self.breakers.lock().clone();
                own.extend(breakers::reports(&criticalities, wall));
            }
            reports.extend(
                own.into_iter()
                    .filter(|report| !exclude.contains(&report.name)),
            );
        }
        reports
    }

    /// The entry of a breaker, by the name of that.
    pub(super) fn breaker_entry(&self, name: &str) -> Option<CheckReport> {
        let _entered = self.scope.enter();
        let has_entries = self.runner.config().breakers.unwrap_or(self.of_process);
        let wall = self.runner.clock.wall().into();
        has_entries
            .then(|| breakers::entry(&self.breakers.lock().clone(), name, wall))
            .flatten()
    }

    /// For each startup check whether it has passed once, in the order of `confirmed`.
    pub(super) fn have_passed(&self, exclude: &[String]) -> Vec<bool> {
        let entries = self.entries();
        let chosen = Self::chosen(&entries, Some(Kind::Startup), exclude).into_iter();
        chosen.map(|entry| entry.track.lock().has_passed).collect()
    }

    /// Those of the names that are registered.
    pub(super) fn known(&self, names: &[String]) -> Vec<String> {
        let _entered = self.scope.enter();
        let entries = self.entries();
        let is_known = |name: &str| {
            entries.iter().any(|entry| entry.name() == name)
                || name == journal::ENTRY
                || name == alerts::ENTRY
                || name
                    .strip_prefix("breaker:")
                    .is_some_and(|breaker| circuit_breakers().get(breaker).is_some())
        };
        let mut known: Vec<String> = names
            .iter()
            .filter(|name| is_known(name))
            .cloned()
            .collect();
        known.sort_unstable();
        known.dedup();
        known
    }

    pub(super) fn sum_up(&self, checks: Vec<CheckReport>, excluded: Vec<String>) -> HealthReport {
        let status = checks
            .iter()
            .map(|check| check.weight)
            .max()
            .unwrap_or(Status::Pass);
        HealthReport {
            status,
            timestamp: self.runner.clock.wall().into(),
            phase: self.phase(),
            checks,
            excluded,
        }
    }

    /// The checks that `wanted` chooses and whose result is old enough to be asked for again, and
    /// how old that is.
    pub(super) fn old_ones(&self, wanted: impl Fn(&Spec) -> bool) -> (Vec<Arc<Entry>>, Want) {
        let (ttl, now) = (self.runner.config().cache_ttl, self.runner.clock.now());
        if self.phase() == Phase::Stopping {
            return (Vec::new(), Want::OlderThan(ttl));
        }
        let old = |entry: &&Arc<Entry>| entry.result_within(ttl, now).is_none();
        let chosen = self
            .entries()
            .iter()
            .filter(|entry| wanted(&entry.spec))
            .filter(old)
            .cloned()
            .collect();
        (chosen, Want::OlderThan(ttl))
    }

    /// The checks whose period has passed; their next one begins now.
    pub(super) fn take_due(&self) -> Vec<Arc<Entry>> {
        let (config, now) = (self.runner.config(), self.runner.clock.now());
        let due: Vec<_> = self
            .entries()
            .iter()
            .filter(|entry| entry.next_due() <= now && !entry.is_over())
            .cloned()
            .collect();
        for entry in &due {
            let period = entry.period(&config);
            let spread = (rng::next_fraction() * 2.0 - 1.0) * config.jitter;
            entry.set_next_due(now.after(scaled(period, 1.0 + spread)));
        }
        due
    }

    /// One turn of the background runner; returns how long it may wait for the next.
    pub(super) fn turn(&self) -> Duration {
        self.runner.reap();
        for entry in self.take_due() {
            self.runner.begin(&entry, Want::Now, false);
        }
        let now = self.runner.clock.now();
        let entries = self.entries();
        let dues = entries
            .iter()
            .filter(|entry| !entry.is_over())
            .map(|entry| entry.next_due());
        // While something runs, others that wait for its slot may start at any time and have limits
        // of their own.
        let busy = self
            .runner
            .next_expiry()
            .map(|expiry| expiry.min(now.after(BUSY_TURN)));
        let next = dues.chain(busy).min().unwrap_or(Tick::MAX);
        self.runner.patience(next.since(now)).min(LONGEST_TURN)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.runner.stop();
    }
}

fn scaled(duration: Duration, factor: f64) -> Duration {
    // What is negative would be due at once, and what is too long never.
    Duration::try_from_secs_f64((duration.as_secs_f64() * factor).max(0.0)).unwrap_or(Duration::MAX)
}

const STARTING: u8 = 0;
const STARTED: u8 = 1;
const STOPPING: u8 = 2;

/// How often late runs are looked for while checks run.
const BUSY_TURN: Duration = Duration::from_secs(1);
/// The background is woken when something changes; this is a bound for what nobody thought of.
const LONGEST_TURN: Duration = Duration::from_secs(60);
