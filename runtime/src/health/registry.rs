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
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

pub(super) struct Registry {
    pub(super) runner: Arc<Runner>,
    pub(super) checks: CheckList,
    phase: AtomicU8,
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
            phase: AtomicU8::new(STARTING),
            background: Mutex::new(None),
            breakers: Mutex::new(HashMap::new()),
            is_process_wide,
            scope: Captured::current().downgrade(),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        // Relaxed is enough here and below: the phase orders nothing but itself.
        match self.phase.load(Ordering::Relaxed) {
            STARTING => Phase::Starting,
            STARTED => Phase::Started,
            _ => Phase::Stopping,
        }
    }

    pub(super) fn set_phase(&self, phase: Phase) {
        let number = match phase {
            Phase::Starting => STARTING,
            Phase::Started => STARTED,
            Phase::Stopping => STOPPING,
        };
        self.phase.store(number, Ordering::Relaxed);
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
        let results: Vec<_> = results.collect();
        self.observed(checks, results)
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
        let late = || {
            CheckResult::failed_by(
                FailureCategory::Timeout,
                "not back by the deadline of the whole run",
            )
        };
        let pairs = checks.iter().zip(results);
        pairs
            .map(|(check, result)| {
                let shows = Shows::Result(result.unwrap_or_else(late));
                CheckReport::of_check(check, &config, now, shows)
            })
            .collect()
    }

    fn chosen<'a>(
        checks: &'a [Arc<RegisteredCheck>],
        kind: Option<ProbeKind>,
        exclude: &[&str],
    ) -> Vec<&'a Arc<RegisteredCheck>> {
        let of_kind =
            |check: &&Arc<RegisteredCheck>| kind.is_none_or(|kind| check.spec.kinds().has(kind));
        let is_included = |check: &&Arc<RegisteredCheck>| !exclude.contains(&check.name());
        checks.iter().filter(of_kind).filter(is_included).collect()
    }

    /// Returns the confirmed status of each check of a kind, and for readiness that of the journal,
    /// alerts and breakers.
    pub(super) fn confirmed(&self, kind: Option<ProbeKind>, exclude: &[&str]) -> Vec<CheckReport> {
        let _entered = self.scope.enter();
        self.revive_background();
        let (config, now, checks) = (
            self.runner.config(),
            self.runner.clock.now(),
            self.checks.all(),
        );
        let chosen = Self::chosen(&checks, kind, exclude).into_iter();
        let mut reports: Vec<_> = chosen
            .map(|check| CheckReport::of_check(check, &config, now, Shows::Confirmed))
            .collect();
        if kind.is_none_or(|kind| kind == ProbeKind::Readiness) {
            let wall = self.runner.clock.wall().into();
            let mut own = Vec::new();
            if self.is_process_wide {
                #[cfg(feature = "monitor")]
                own.extend(subsystems::journal::report(wall));
                #[cfg(feature = "alerts")]
                own.extend(subsystems::alerts::report(wall));
            }
            if self.reports_breakers(&config) {
                let criticalities = self.breakers.lock().clone();
                own.extend(breakers::reports(&criticalities, wall));
            }
            reports.extend(
                own.into_iter()
                    .filter(|report| !exclude.contains(&report.name.as_str())),
            );
        }
        reports
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

    /// Returns for each startup check whether it has passed once, in the order of `confirmed`.
    pub(super) fn have_passed(&self, exclude: &[&str]) -> Vec<bool> {
        let checks = self.checks.all();
        let chosen = Self::chosen(&checks, Some(ProbeKind::Startup), exclude).into_iter();
        chosen
            .map(|check| check.history.lock().has_passed)
            .collect()
    }

    /// Returns those of the names that reports have an entry for.
    pub(super) fn known(&self, names: &[&str]) -> Vec<String> {
        let _entered = self.scope.enter();
        let checks = self.checks.all();
        let is_known = |name: &str| {
            checks.iter().any(|check| check.name() == name)
                || OBSERVERS.contains(&name)
                || breakers::is_entry(name)
        };
        let known = names.iter().filter(|name| is_known(name));
        let mut known: Vec<String> = known.map(|&name| name.to_owned()).collect();
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

    /// Returns the checks that `is_wanted` selects and whose result is older than the cache's time
    /// to live, and that age; none while the program stops.
    pub(super) fn outdated(
        &self,
        is_wanted: impl Fn(&Spec) -> bool,
    ) -> (Vec<Arc<RegisteredCheck>>, Freshness) {
        let (ttl, now) = (self.runner.config().cache_ttl, self.runner.clock.now());
        if self.phase() == Phase::Stopping {
            return (Vec::new(), Freshness::OlderThan(ttl));
        }
        let is_outdated = |check: &&Arc<RegisteredCheck>| check.result_within(ttl, now).is_none();
        let chosen = self
            .checks
            .all()
            .iter()
            .filter(|check| is_wanted(&check.spec))
            .filter(is_outdated)
            .cloned()
            .collect();
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
];

const STARTING: u8 = 0;
const STARTED: u8 = 1;
const STOPPING: u8 = 2;

/// How often the background looks for late runs while checks run.
const BUSY_TURN: Duration = Duration::from_secs(1);
/// Bound on the sleep of the background, which is woken when something changes.
const LONGEST_TURN: Duration = Duration::from_secs(60);
