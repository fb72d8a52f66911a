//! State that the handles of a registry share.

use super::{
    background::{Background, Turn},
    check::Spec,
    check_list::CheckList,
    config::HealthConfig,
    registered::{Freshness, RegisteredCheck},
    report::{CheckReport, HealthReport, Shows},
    result::CheckResult,
    runner::{Begun, Runner},
    status::{Criticality, FailureCategory, Phase, ProbeKind, Status},
    subsystems::{self, breakers},
};
use crate::{
    rng,
    scope::{Captured, WeaklyCaptured},
    sync::Mutex,
    time::{SharedClock, Tick},
};
use std::{
    collections::{BTreeSet, HashMap},
    io,
    sync::Arc,
    time::Duration,
};

pub(super) struct Registry {
    pub(super) runner: Arc<Runner>,
    pub(super) checks: CheckList,
    phase: Mutex<Phase>,
    background: Mutex<Option<Background>>,
    /// The criticality of each breaker for which it is set.
    pub(super) breakers: Mutex<HashMap<String, Criticality>>,
    is_process_wide: bool,
    /// The test scope that the registry was made in, whose breakers and journal it reports on.
    scope: WeaklyCaptured,
}

impl Registry {
    pub(super) fn new(config: HealthConfig, clock: SharedClock, is_process_wide: bool) -> Self {
        Self {
            runner: Runner::new(clock, config),
            checks: CheckList::default(),
            phase: Mutex::new(Phase::Starting),
            background: Mutex::new(None),
            breakers: Mutex::new(HashMap::new()),
            is_process_wide,
            scope: Captured::current().downgrade(),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        *self.phase.lock()
    }

    pub(super) fn set_phase(&self, phase: Phase) {
        *self.phase.lock() = phase;
    }

    /// Starts the background thread, if it is not running.
    pub(super) fn start_background(self: &Arc<Self>) -> io::Result<()> {
        let mut background = self.background.lock();
        if background.is_none() {
            // Weak: the thread does not keep the registry alive.
            let registry = Arc::downgrade(self);
            let turn: Turn = Arc::new(move || Some(registry.upgrade()?.take_turn()));
            *background = Some(Background::start(turn)?);
        }
        Ok(())
    }

    pub(super) fn stop_background(&self) {
        drop(self.background.lock().take());
    }

    pub(super) fn has_background(&self) -> bool {
        self.background.lock().is_some()
    }

    /// Starts the background thread anew in a forked process.
    fn revive_background(&self) {
        if let Some(background) = &*self.background.lock() {
            background.revive();
        }
    }

    pub(super) fn wake_background(&self) {
        if let Some(background) = &*self.background.lock() {
            background.wake();
        }
    }

    /// Runs checks, blocking the thread until all have ended or the deadline has passed.
    pub(super) fn run(
        &self,
        checks: &[Arc<RegisteredCheck>],
        wanted: Freshness,
    ) -> Vec<CheckReport> {
        self.revive_background();
        let deadline = self.deadline();
        let begun = self.begin(checks, wanted, true);
        let results = begun.into_iter().map(|begun| match begun {
            Begun::Run(run) => self.runner.wait(&run, deadline),
            Begun::Instead(result) => Some(result),
        });
        self.observed(checks, results.collect())
    }

    #[cfg(feature = "async")]
    pub(super) async fn run_async(
        &self,
        checks: &[Arc<RegisteredCheck>],
        wanted: Freshness,
    ) -> Vec<CheckReport> {
        let deadline = self.deadline();
        let begun = self.begin(checks, wanted, false);
        let mut results = Vec::with_capacity(begun.len());
        for begun in begun {
            results.push(match begun {
                Begun::Run(run) => self.runner.wait_async(&run, deadline).await,
                Begun::Instead(result) => Some(result),
            });
        }
        self.observed(checks, results)
    }

    fn begin(
        &self,
        checks: &[Arc<RegisteredCheck>],
        wanted: Freshness,
        caller_blocks: bool,
    ) -> Vec<Begun> {
        checks
            .iter()
            .map(|check| self.runner.begin(check, wanted, caller_blocks))
            .collect()
    }

    fn deadline(&self) -> Tick {
        self.runner.clock.now().after(self.runner.config().deadline)
    }

    fn observed(
        &self,
        checks: &[Arc<RegisteredCheck>],
        results: Vec<Option<CheckResult>>,
    ) -> Vec<CheckReport> {
        let (config, now) = (self.runner.config(), self.runner.clock.now());
        let late = "not back by the deadline of the whole run";
        let late = || CheckResult::failed_by(FailureCategory::Timeout, late);
        let report = |(check, result): (&Arc<RegisteredCheck>, Option<CheckResult>)| {
            let shows = Shows::Result(result.unwrap_or_else(late));
            CheckReport::of_check(check, &config, now, shows)
        };
        checks.iter().zip(results).map(report).collect()
    }

    /// Returns the status of all entries of a kind from memory, and that of the whole: for readiness
    /// with the entries of the journal, alerts and breakers.
    pub(super) fn report(&self, kind: Option<ProbeKind>, exclude: &[&str]) -> HealthReport {
        let _entered = self.scope.enter();
        self.revive_background();
        let (config, now) = (self.runner.config(), self.runner.clock.now());
        let all = self.checks.all();
        let checks = all.iter().filter(|check| {
            kind.is_none_or(|kind| check.spec.kinds().has(kind)) && !exclude.contains(&check.name())
        });
        let mut reports: Vec<_> = checks
            .map(|check| CheckReport::of_check(check, &config, now, Shows::Confirmed(kind)))
            .collect();
        if kind.is_none_or(|kind| kind == ProbeKind::Readiness) {
            let wall = self.runner.clock.wall().into();
            let mut own = Vec::new();
            if self.is_process_wide {
                #[cfg(feature = "monitor")]
                own.extend(subsystems::journal::report(wall));
                #[cfg(feature = "alerts")]
                own.extend(subsystems::alerts::report(wall));
                #[cfg(feature = "chaos")]
                own.extend(subsystems::chaos::report(wall));
                #[cfg(feature = "fleet")]
                own.extend(subsystems::fleet::report(wall));
            }
            if self.reports_breakers(&config) {
                let criticalities = self.breakers.lock().clone();
                own.extend(breakers::reports(&criticalities, wall));
            }
            own.retain(|report| !exclude.contains(&report.name.as_str()));
            reports.append(&mut own);
        }
        let is_known = |name: &&str| {
            all.iter().any(|check| check.name() == *name)
                || OBSERVERS.contains(name)
                || breakers::is_entry(name)
        };
        let excluded: BTreeSet<_> = exclude.iter().copied().filter(is_known).collect();
        let excluded = excluded.into_iter().map(str::to_owned).collect();
        let mut report = self.sum_up(reports, excluded);
        let is_out_of_service = match kind {
            Some(ProbeKind::Readiness) => report.phase != Phase::Started,
            Some(ProbeKind::Startup) => report.phase == Phase::Starting,
            Some(ProbeKind::Liveness | ProbeKind::Info) | None => false,
        };
        if is_out_of_service {
            report.status = Status::Fail;
        }
        report
    }

    fn reports_breakers(&self, config: &HealthConfig) -> bool {
        config.breakers.unwrap_or(self.is_process_wide)
    }

    /// Returns the entry of a breaker by the breaker's name.
    pub(super) fn breaker_report(&self, name: &str) -> Option<CheckReport> {
        let _entered = self.scope.enter();
        let wall = self.runner.clock.wall().into();
        self.reports_breakers(&self.runner.config())
            .then(|| breakers::report(&self.breakers.lock().clone(), name, wall))
            .flatten()
    }

    pub(super) fn sum_up(&self, checks: Vec<CheckReport>, excluded: Vec<String>) -> HealthReport {
        let weights = checks.iter().map(|check| check.weight);
        HealthReport {
            status: weights.max().unwrap_or(Status::Pass),
            timestamp: self.runner.clock.wall().into(),
            phase: self.phase(),
            checks,
            excluded,
        }
    }

    /// Returns the checks that `is_wanted` selects and whose result is older than the cache's time
    /// to live, and that age; none while the program stops.
    pub(super) fn outdated(
        &self,
        is_wanted: impl Fn(&Spec) -> bool,
    ) -> (Vec<Arc<RegisteredCheck>>, Freshness) {
        let (ttl, now) = (self.runner.config().cache_ttl, self.runner.clock.now());
        let mut chosen = Vec::new();
        if self.phase() != Phase::Stopping {
            let all = self.checks.all();
            let wanted = all.iter().filter(|check| is_wanted(&check.spec));
            let outdated = wanted.filter(|check| check.result_within(ttl, now).is_none());
            chosen.extend(outdated.cloned());
        }
        (chosen, Freshness::OlderThan(ttl))
    }

    /// Returns the checks whose period has passed, and begins their next period.
    pub(super) fn take_due(&self) -> Vec<Arc<RegisteredCheck>> {
        let (config, now) = (self.runner.config(), self.runner.clock.now());
        let due: Vec<_> = self
            .checks
            .all()
            .iter()
            .filter(|check| check.next_due() <= now && !check.is_complete())
            .cloned()
            .collect();
        for check in &due {
            let period = check.period(&config);
            let spread = (rng::next_fraction() * 2.0 - 1.0) * config.jitter;
            check.set_next_due(now.after(scaled(period, 1.0 + spread)));
        }
        due
    }

    /// Takes one turn of the background thread and returns how long it may sleep.
    fn take_turn(&self) -> Duration {
        self.runner.reap();
        self.begin(&self.take_due(), Freshness::Now, false);
        let now = self.runner.clock.now();
        let checks = self.checks.all();
        let dues = checks
            .iter()
            .filter(|check| !check.is_complete())
            .map(|check| check.next_due());
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

impl Drop for Registry {
    fn drop(&mut self) {
        self.runner.stop();
    }
}

fn scaled(duration: Duration, factor: f64) -> Duration {
    // A negative period would be due at once, and one that is out of range is never due.
    Duration::try_from_secs_f64((duration.as_secs_f64() * factor).max(0.0)).unwrap_or(Duration::MAX)
}

/// The entries of parts of the library that observe errors.
const OBSERVERS: &[&str] = &[
    #[cfg(feature = "monitor")]
    subsystems::journal::NAME,
    #[cfg(feature = "alerts")]
    subsystems::alerts::NAME,
    #[cfg(feature = "chaos")]
    subsystems::chaos::NAME,
    #[cfg(feature = "fleet")]
    subsystems::fleet::NAME,
];

/// How often the background looks for late runs while checks run.
const BUSY_TURN: Duration = Duration::from_secs(1);
/// Bound on the sleep of the background, which is woken when something changes.
const LONGEST_TURN: Duration = Duration::from_secs(60);
