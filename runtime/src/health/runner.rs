//! Runs checks: at most so many at once, each within its limit, each at most once at a time.

use super::{
    check::Body,
    config::HealthConfig,
    history::{Last, Transition},
    pool::Pool,
    registered::{Asked, Entry, Want},
    result::CheckResult,
    run::Flight,
    status::{Criticality, FailureCategory, Status},
};
use crate::{
    boundary::panic,
    error::redact,
    event::{self, Event, HealthEvent, RecordSlot, Severity, names},
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
    home: Mutex<Option<tokio::runtime::Handle>>,
    #[cfg(feature = "async")]
    pub(super) stop: super::stop::Stop,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Arc<Flight>>,
    /// Those that come after them: runs of checks that took too long the last time, which may hold
    /// their slots until the deadline of all the others has passed.
    suspect: VecDeque<Arc<Flight>>,
    /// Those that hold a slot: started, and neither back nor given up.
    active: Vec<Arc<Flight>>,
}

/// The result of one run for one of those who asked for it.
#[derive(Clone)]
pub(crate) enum Begun {
    Flight(Arc<Flight>),
    /// No run: this was recorded in its place.
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
            home: Mutex::new(None),
            #[cfg(feature = "async")]
            stop: super::stop::Stop::default(),
        })
    }

    #[cfg(feature = "async")]
    pub(crate) fn home(&self) -> Option<tokio::runtime::Handle> {
        self.home.lock().clone()
    }

    /// Takes the runtime that is entered here, if there is one, as the one for async checks that
    /// have no other.
    pub(crate) fn settle_here(&self) {
        #[cfg(feature = "async")]
        if let Ok(here) = tokio::runtime::Handle::try_current() {
            *self.home.lock() = Some(here);
        }
    }

    /// Ends the async runs in progress, and those that wait for a slot; nothing is recorded of
    /// them.
    pub(crate) fn stop(self: &Arc<Self>) {
        let waiting = {
            let mut queue = self.queue.lock();
            let mut waiting = std::mem::take(&mut queue.waiting);
            waiting.append(&mut queue.suspect);
            let is_async = |flight: &&Arc<Flight>| !matches!(flight.entry.spec.body, Body::Sync(_));
            waiting
                .iter()
                .chain(queue.active.iter().filter(is_async))
                .for_each(|flight| flight.cut_short());
            waiting
        };
        for flight in waiting {
            self.finish(&flight, program_ends(), true);
        }
        #[cfg(feature = "async")]
        self.stop.end_all();
    }

    /// Waits until the async runs in progress are over, for at most so long in all; tells whether
    /// they are.
    #[cfg(feature = "async")]
    pub(crate) fn wait_for_async(&self, limit: Duration) -> bool {
        let until = self.clock.now().after(limit);
        let is_async = |flight: &&Arc<Flight>| matches!(flight.entry.spec.body, Body::Async(..));
        let active: Vec<_> = self
            .queue
            .lock()
            .active
            .iter()
            .filter(is_async)
            .cloned()
            .collect();
        active.iter().all(|flight| {
            flight.wait_for(until.since(self.clock.now()));
            flight.outcome().is_some()
        })
    }

    pub(crate) fn config(&self) -> Arc<HealthConfig> {
        Arc::clone(&self.config.lock())
    }

    pub(crate) fn set_config(&self, config: HealthConfig) {
        *self.config.lock() = Arc::new(config);
    }

    /// Asks for a run of a check; starts it if a slot is free.
    pub(crate) fn begin(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        want: Want,
        caller_blocks: bool,
    ) -> Begun {
        match entry.ask(want, self.clock.now(), caller_blocks) {
            Asked::Joined(flight) => Begun::Flight(flight),
            Asked::Recent(result) => Begun::Instead(result),
            Asked::New(flight) => {
                let is_suspect = entry.is_suspect();
                let mut queue = self.queue.lock();
                let line = if is_suspect {
                    &mut queue.suspect
                } else {
                    &mut queue.waiting
                };
                line.push_back(Arc::clone(&flight));
                drop(queue);
                self.pump();
                Begun::Flight(flight)
            }
            Asked::Hanging { since } => {
                let hanging = self.clock.now().since(since);
                let text = format!(
                    "an earlier run has not come back for {hanging:.0?}; none is started until it does"
                );
                let result = CheckResult::failed_by(FailureCategory::Hanging, &text);
                publish(entry, self.record(entry, result.clone(), hanging, false));
                Begun::Instead(result)
            }
        }
    }

    /// Gives free slots to those that wait.
    fn pump(self: &Arc<Self>) {
        let config = self.config();
        loop {
            let next = {
                let mut queue = self.queue.lock();
                if queue.active.len() >= config.concurrency {
                    return;
                }
                let Some(flight) = queue
                    .waiting
                    .pop_front()
                    .or_else(|| queue.suspect.pop_front())
                else {
                    return;
                };
                let (now, timeout) = (self.clock.now(), flight.entry.timeout(&config));
                let grace = if matches!(flight.entry.spec.body, Body::Sync(_)) {
                    Duration::ZERO
                } else {
                    ASYNC_GRACE
                };
                flight.start(now, now.after(timeout).after(grace));
                queue.active.push(Arc::clone(&flight));
                flight
            };
            self.launch(&next);
        }
    }

    fn launch(self: &Arc<Self>, flight: &Arc<Flight>) {
        match &flight.entry.spec.body {
            Body::Sync(check) => {
                let check = Arc::clone(check);
                self.launch_on_pool(flight, move || check());
            }
            #[cfg(feature = "async")]
            Body::Async(make, home) => {
                let limit = flight.entry.timeout(&self.config());
                super::async_run::launch(self, flight, make, home.as_ref(), limit);
            }
        }
    }

    /// Runs a check on a thread of the pool and contains its panic.
    pub(crate) fn launch_on_pool(
        self: &Arc<Self>,
        flight: &Arc<Flight>,
        check: impl FnOnce() -> CheckResult + Send + 'static,
    ) {
        let (runner, ours) = (Arc::clone(self), Arc::clone(flight));
        let job = move || {
            panics::watch();
            let result =
                panics::catch(check).unwrap_or_else(|payload| of_panic(&ours.entry, &payload));
            runner.finish(&ours, result, true);
        };
        if let Err(err) = self.pool.execute(Box::new(job)) {
            let text = format!("no thread to run on: {err}");
            self.finish(
                flight,
                CheckResult::failed_by(FailureCategory::Cancelled, &text),
                true,
            );
        }
    }

    /// Settles a run, if it is not settled yet: records the result, wakes those who wait, and hands
    /// the slot on.
    pub(crate) fn finish(
        self: &Arc<Self>,
        flight: &Arc<Flight>,
        result: CheckResult,
        came_back: bool,
    ) {
        let is_first = flight.claim(came_back);
        let recorded = is_first.then(|| {
            let took = self.clock.now().since(flight.started().unwrap_or_default());
            let is_told =
                !flight.is_cut_short() || result.category() != Some(FailureCategory::Cancelled);
            is_told.then(|| self.record(&flight.entry, result.clone(), took, !came_back))
        });
        if came_back {
            flight.entry.came_back(flight);
        }
        let Some(recorded) = recorded else { return };
        self.queue
            .lock()
            .active
            .retain(|active| !Arc::ptr_eq(active, flight));
        self.pump();
        // After all that a listener which asks for a run of its own would wait for, before those
        // who asked for this one.
        if let Some(recorded) = recorded {
            publish(&flight.entry, recorded);
        }
        flight.publish(result);
    }

    /// Gives up every run that is past its limit.
    pub(crate) fn reap(self: &Arc<Self>) {
        let now = self.clock.now();
        let late = |flight: &&Arc<Flight>| flight.expires().is_some_and(|limit| limit <= now);
        let late: Vec<_> = self
            .queue
            .lock()
            .active
            .iter()
            .filter(late)
            .cloned()
            .collect();
        for flight in late {
            let limit = flight.entry.timeout(&self.config());
            self.finish(&flight, timed_out(limit), false);
        }
    }

    /// When the next run is past its limit.
    pub(crate) fn next_expiry(&self) -> Option<Tick> {
        self.queue
            .lock()
            .active
            .iter()
            .filter_map(|flight| flight.expires())
            .min()
    }

    /// Blocks until the run is settled; `None` where `deadline` comes first.
    pub(crate) fn wait(self: &Arc<Self>, flight: &Flight, deadline: Tick) -> Option<CheckResult> {
        loop {
            self.reap();
            if let Some(result) = flight.outcome() {
                return Some(result);
            }
            let now = self.clock.now();
            if now >= deadline {
                return None;
            }
            let until = self
                .next_expiry()
                .map_or(deadline, |expiry| expiry.min(deadline));
            flight.wait_for(self.patience(until.since(now)));
        }
    }

    /// How long to wait on the machine's clock for something that is `left` away on ours.
    pub(crate) fn patience(&self, left: Duration) -> Duration {
        if self.clock.is_system() {
            left
        } else {
            left.min(SIMULATED_SLICE)
        }
    }

    /// Adds a result to what is known of a check; returns what is to be published.
    fn record(
        &self,
        entry: &Entry,
        result: CheckResult,
        duration: Duration,
        abandoned: bool,
    ) -> Recorded {
        let config = self.config();
        let limit = entry.timeout(&config);
        // One beyond the limit is a failure, and says so.
        let is_slow = |took: Duration| took >= limit / 2 && took < limit;
        let (at, wall) = (self.clock.now(), self.clock.wall().into());
        let last = Last {
            result,
            at,
            wall,
            duration,
        };
        let mut track = entry.track.lock();
        track.counts.abandoned += u64::from(abandoned);
        let was_slow = track
            .last
            .as_ref()
            .is_some_and(|last| is_slow(last.duration));
        let slow = (is_slow(duration) && !was_slow).then_some(Slow { duration, limit });
        let change = track
            .observe(last, entry.thresholds(&config), config.history)
            .map(|transition| {
                let output = track
                    .last
                    .as_ref()
                    .and_then(|last| last.result.output())
                    .map(str::to_owned);
                Change { transition, output }
            });
        Recorded { change, slow }
    }
}

/// What a result leads to.
struct Recorded {
    change: Option<Change>,
    slow: Option<Slow>,
}

/// A check that needs half of its limit or more, for the first time in a row: it is about to fail
/// by timeout.
struct Slow {
    duration: Duration,
    limit: Duration,
}

impl Slow {
    fn log(&self, entry: &Entry) {
        tracing::warn!(
            target: names::TARGET_HEALTH, check = &*redact::name(entry.name()), duration = self.duration.as_secs_f64(),
            limit = self.limit.as_secs_f64(), "health check is slow"
        );
    }
}

/// A change of a check's status, with what the check said.
struct Change {
    transition: Transition,
    output: Option<String>,
}

/// Logs and publishes what a result leads to, with no lock held.
fn publish(entry: &Entry, Recorded { change, slow }: Recorded) {
    if entry.is_removed() {
        return;
    }
    // A subscriber of the log that panics must not keep the run from being settled.
    let _ = panics::catch(|| {
        if let Some(slow) = slow {
            slow.log(entry);
        }
        let Some(Change { transition, output }) = change else {
            return;
        };
        let event = HealthEvent {
            check: entry.name(),
            from: transition.from.map(Status::name),
            to: transition.to.name(),
            criticality: entry.spec.criticality.name(),
            level: level_of(entry.spec.criticality, transition.to),
            output: output.as_deref(),
            record: RecordSlot::default(),
        };
        event::log_health(&event);
        event::emit(|| Event::Health(event));
    });
}

fn level_of(criticality: Criticality, to: Status) -> Severity {
    match criticality.weigh(to) {
        Status::Pass => Severity::Info,
        Status::Warn => Severity::Warning,
        Status::Fail => Severity::Critical,
    }
}

pub(crate) fn timed_out(limit: Duration) -> CheckResult {
    CheckResult::failed_by(
        FailureCategory::Timeout,
        &format!("took longer than {limit:?}"),
    )
}

pub(crate) fn program_ends() -> CheckResult {
    CheckResult::failed_by(
        FailureCategory::Cancelled,
        "cancelled: the program is about to end",
    )
}

/// The result of a check that panicked. The panic is also reported: what a check means for health
/// makes it no less of a fault.
pub(crate) fn of_panic(entry: &Entry, payload: &Payload) -> CheckResult {
    panic::report(payload, entry.name(), COMPONENT);
    CheckResult::failed_by(FailureCategory::Panic, &payload.to_string())
}

/// An async check is dropped by its own timer; only one that blocks its thread is still there this
/// much later.
const ASYNC_GRACE: Duration = Duration::from_secs(1);

/// How often one who waits in reality looks at a simulated clock.
const SIMULATED_SLICE: Duration = Duration::from_millis(1);
