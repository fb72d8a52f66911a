//! Execution of checks: a bounded number at once, each within its limit, each at most once at a
//! time.

#[cfg(feature = "async")]
use super::async_run::AsyncRun;
use super::{
    change::{Consequences, publish},
    check::Body,
    config::HealthConfig,
    history::LastResult,
    pool::Pool,
    registered::{Freshness, RegisteredCheck, Requested},
    result::CheckResult,
    run::CheckRun,
    status::FailureCategory,
};
use crate::{
    boundary::panic,
    panics::{self, Payload},
    sync::Mutex,
    time::{SharedClock, Tick},
};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// The module that the records of panics name.
const COMPONENT: &str = "gardefou::health";

pub(crate) struct Runner {
    pub(crate) clock: SharedClock,
    config: Mutex<Arc<HealthConfig>>,
    queue: Mutex<Queue>,
    pool: Pool,
    /// The runtime on which the system was started, for async checks that have no other.
    #[cfg(feature = "async")]
    runtime: Mutex<Option<tokio::runtime::Handle>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<QueuedRun>,
    /// Runs that are started after those waiting: of checks that timed out the last time, which may
    /// hold their slots until the deadline of all the others has passed.
    suspect: VecDeque<QueuedRun>,
    /// Runs that hold a slot: started, and neither returned nor abandoned.
    active: Vec<QueuedRun>,
}

impl Queue {
    /// Returns the runs of async checks that hold a slot.
    fn active_async(&self) -> Vec<QueuedRun> {
        let active = self.active.iter();
        active.filter(|queued| queued.is_async()).cloned().collect()
    }
}

/// A run and the check that it belongs to.
#[derive(Clone)]
pub(super) struct QueuedRun {
    pub(super) check: Arc<RegisteredCheck>,
    pub(super) run: Arc<CheckRun>,
}

impl QueuedRun {
    fn is_async(&self) -> bool {
        !matches!(self.check.spec.body, Body::Sync(_))
    }
}

/// The answer to a request for a run.
pub(crate) enum Begun {
    Run(Arc<CheckRun>),
    /// No run: this result is used instead.
    Instead(CheckResult),
}

impl Runner {
    pub(crate) fn new(clock: SharedClock, config: HealthConfig) -> Arc<Self> {
        let config = Mutex::new(Arc::new(config));
        Arc::new(Self {
            clock,
            config,
            queue: Mutex::default(),
            pool: Pool::default(),
            #[cfg(feature = "async")]
            runtime: Mutex::new(None),
        })
    }

    /// Keeps the current runtime, if there is one, for async checks that have no other.
    pub(crate) fn keep_current_runtime(&self) {
        #[cfg(feature = "async")]
        if let Ok(current) = tokio::runtime::Handle::try_current() {
            *self.runtime.lock() = Some(current);
        }
    }

    /// Returns the runtime for async checks that have no other.
    #[cfg(feature = "async")]
    pub(super) fn fallback_runtime(&self) -> Option<tokio::runtime::Handle> {
        self.runtime.lock().clone()
    }

    /// Ends the async runs in progress and the runs that wait for a slot, without recording a
    /// result.
    pub(crate) fn stop(self: &Arc<Self>) {
        let (waiting, active) = {
            let mut queue = self.queue.lock();
            let mut waiting = std::mem::take(&mut queue.waiting);
            waiting.append(&mut queue.suspect);
            (waiting, queue.active_async())
        };
        for queued in waiting.iter().chain(&active) {
            queued.run.cut_short();
        }
        for queued in waiting {
            self.settle(&queued, CheckResult::program_ends(), true);
        }
    }

    /// Waits at most `limit` for all async runs in progress, and returns `true` if they have ended.
    #[cfg(feature = "async")]
    pub(crate) fn wait_for_async(&self, limit: Duration) -> bool {
        let until = self.clock.now().after(limit);
        let active = self.queue.lock().active_async();
        active.iter().all(|QueuedRun { run, .. }| {
            run.wait_for(until.since(self.clock.now()));
            run.outcome().is_some()
        })
    }

    pub(crate) fn config(&self) -> Arc<HealthConfig> {
        Arc::clone(&self.config.lock())
    }

    pub(crate) fn set_config(&self, config: HealthConfig) {
        *self.config.lock() = Arc::new(config);
    }

    /// Requests a run of a check, and starts it if a slot is free.
    pub(crate) fn begin(
        self: &Arc<Self>,
        check: &Arc<RegisteredCheck>,
        wanted: Freshness,
        caller_blocks: bool,
    ) -> Begun {
        match check.request(wanted, self.clock.now(), caller_blocks) {
            Requested::Joined(run) => Begun::Run(run),
            Requested::Recent(result) => Begun::Instead(result),
            Requested::New(run) => {
                let queued = QueuedRun {
                    check: Arc::clone(check),
                    run: Arc::clone(&run),
                };
                let is_suspect = check.has_timed_out();
                let mut queue = self.queue.lock();
                if is_suspect {
                    queue.suspect.push_back(queued);
                } else {
                    queue.waiting.push_back(queued);
                }
                drop(queue);
                self.start_waiting();
                Begun::Run(run)
            }
            Requested::Hanging { since } => {
                let hanging = self.clock.now().since(since);
                let text = format!(
                    "an earlier run has not returned for {hanging:.0?}; no other one is started until it does"
                );
                let result = CheckResult::failed_by(FailureCategory::Hanging, &text);
                publish(check, self.record(check, result.clone(), hanging, false));
                Begun::Instead(result)
            }
        }
    }

    /// Starts waiting runs as long as there are free slots.
    fn start_waiting(self: &Arc<Self>) {
        let config = self.config();
        loop {
            let next = {
                let mut queue = self.queue.lock();
                if queue.active.len() >= config.concurrency {
                    return;
                }
                let Some(queued) = queue
                    .waiting
                    .pop_front()
                    .or_else(|| queue.suspect.pop_front())
                else {
                    return;
                };
                let (now, timeout) = (self.clock.now(), queued.check.timeout(&config));
                let grace = if queued.is_async() {
                    ASYNC_GRACE
                } else {
                    Duration::ZERO
                };
                queued.run.start(now, now.after(timeout).after(grace));
                queue.active.push(queued.clone());
                queued
            };
            self.launch(&next);
        }
    }

    fn launch(self: &Arc<Self>, queued: &QueuedRun) {
        match &queued.check.spec.body {
            Body::Sync(check) => {
                let check = Arc::clone(check);
                self.run_on_pool(queued, move || check());
            }
            #[cfg(feature = "async")]
            Body::Async(make, home) => {
                let run = AsyncRun {
                    runner: Arc::clone(self),
                    queued: queued.clone(),
                    make: Arc::clone(make),
                };
                run.start(home.as_ref());
            }
        }
    }

    /// Runs a check on a thread of the pool, contains its panic, and settles the run.
    pub(super) fn run_on_pool(
        self: &Arc<Self>,
        queued: &QueuedRun,
        check: impl FnOnce() -> CheckResult + Send + 'static,
    ) {
        let (runner, ours) = (Arc::clone(self), queued.clone());
        let job = move || {
            panics::watch();
            let result =
                panics::catch(check).unwrap_or_else(|payload| panicked(&ours.check, &payload));
            runner.settle(&ours, result, true);
        };
        if let Err(err) = self.pool.execute(Box::new(job)) {
            let text = format!("no thread to run on: {err}");
            self.settle(
                queued,
                CheckResult::failed_by(FailureCategory::Cancelled, &text),
                true,
            );
        }
    }

    /// Settles a run, if it is not settled yet: records the result, wakes the waiters, and frees
    /// the slot.
    pub(super) fn settle(
        self: &Arc<Self>,
        queued: &QueuedRun,
        result: CheckResult,
        returned: bool,
    ) {
        let QueuedRun { check, run } = queued;
        let is_first = run.claim(returned);
        let recorded = is_first.then(|| {
            let took = self.clock.now().since(run.started().unwrap_or_default());
            let counts =
                !run.is_cut_short() || result.category() != Some(FailureCategory::Cancelled);
            counts.then(|| self.record(check, result.clone(), took, !returned))
        });
        if returned {
            check.forget(run);
        }
        let Some(recorded) = recorded else { return };
        self.queue
            .lock()
            .active
            .retain(|active| !Arc::ptr_eq(&active.run, run));
        self.start_waiting();
        // After everything that an observer's own run of the check would wait for, and before the
        // waiters of this run wake up.
        if let Some(consequences) = recorded {
            publish(check, consequences);
        }
        run.publish(result);
    }

    /// Abandons every run that is past its limit.
    pub(crate) fn reap(self: &Arc<Self>) {
        let now = self.clock.now();
        let is_late = |queued: &&QueuedRun| queued.run.expires().is_some_and(|limit| limit <= now);
        let late: Vec<_> = self
            .queue
            .lock()
            .active
            .iter()
            .filter(is_late)
            .cloned()
            .collect();
        for queued in late {
            let limit = queued.check.timeout(&self.config());
            self.settle(&queued, CheckResult::timed_out(limit), false);
        }
    }

    /// Returns when the next run is past its limit.
    pub(crate) fn next_expiry(&self) -> Option<Tick> {
        self.queue
            .lock()
            .active
            .iter()
            .filter_map(|queued| queued.run.expires())
            .min()
    }

    /// Blocks until the run is settled; returns `None` if `deadline` comes first.
    pub(crate) fn wait(self: &Arc<Self>, run: &CheckRun, deadline: Tick) -> Option<CheckResult> {
        loop {
            match self.poll(run, deadline) {
                Progress::Over(result) => return result,
                Progress::WaitFor(limit) => run.wait_for(limit),
            }
        }
    }

    /// Resolves when the run is settled, or to `None` if `deadline` comes first.
    ///
    /// # Cancel safety
    ///
    /// The run goes on for its other waiters.
    #[cfg(feature = "async")]
    pub(crate) async fn wait_async(
        self: &Arc<Self>,
        run: &CheckRun,
        deadline: Tick,
    ) -> Option<CheckResult> {
        use super::race::first_of;
        loop {
            match self.poll(run, deadline) {
                Progress::Over(result) => return result,
                Progress::WaitFor(limit) => {
                    let timer = tokio::time::sleep(limit);
                    let _ = first_of(run.settled(), timer).await;
                }
            }
        }
    }

    fn poll(self: &Arc<Self>, run: &CheckRun, deadline: Tick) -> Progress {
        self.reap();
        if let Some(result) = run.outcome() {
            return Progress::Over(Some(result));
        }
        let now = self.clock.now();
        if now >= deadline {
            return Progress::Over(None);
        }
        let until = self
            .next_expiry()
            .map_or(deadline, |expiry| expiry.min(deadline));
        Progress::WaitFor(self.patience(until.since(now)))
    }

    /// Returns how long to wait on the machine's clock for an instant that is `left` away on the
    /// registry's clock.
    pub(crate) fn patience(&self, left: Duration) -> Duration {
        if self.clock.is_system() {
            left
        } else {
            left.min(SIMULATED_SLICE)
        }
    }

    /// Adds a result to the history of a check and returns what is to be published.
    fn record(
        &self,
        check: &RegisteredCheck,
        result: CheckResult,
        duration: Duration,
        abandoned: bool,
    ) -> Consequences {
        let config = self.config();
        let (at, wall) = (self.clock.now(), self.clock.wall().into());
        let new = LastResult {
            result,
            at,
            wall,
            duration,
        };
        let mut history = check.history.lock();
        history.counts.abandoned += u64::from(abandoned);
        Consequences::of_result(
            &mut history,
            new,
            check.thresholds(&config),
            check.timeout(&config),
            config.history,
        )
    }
}

/// How far a wait for a run has come.
enum Progress {
    Over(Option<CheckResult>),
    WaitFor(Duration),
}

/// Returns the result of a check that panicked, and reports the panic: it is a fault of the program
/// whatever the check means for health.
pub(super) fn panicked(check: &RegisteredCheck, payload: &Payload) -> CheckResult {
    panic::report(payload, check.name(), COMPONENT);
    CheckResult::failed_by(FailureCategory::Panic, &payload.to_string())
}

/// An async check is dropped by its own timer; only one that blocks its thread is still running
/// this much later.
const ASYNC_GRACE: Duration = Duration::from_secs(1);

/// How often a thread that waits in real time reads a simulated clock.
const SIMULATED_SLICE: Duration = Duration::from_millis(1);
