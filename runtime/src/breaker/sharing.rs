//! Breakers that share their state with those of other processes: what a fleet reads of one, and what it changes.
//!
//! The fleet itself is above the policies, and known here as a [`Link`].

use super::{
    config::BreakerConfig,
    counters::Counter,
    locked::Locked,
    shell::Shell,
    snapshot::CallCounts,
    state::{Effects, Phase, Transition},
};
use crate::{
    event::{CircuitState, TransitionReason},
    panics,
    time::Tick,
    worker::Wakeup,
};
use std::{fmt, ptr, sync::Arc, time::Duration};

/// A fleet, as its breakers know it.
pub(crate) trait Link: Send + Sync {
    /// Lets the fleet look at its breakers at once. Called without a lock.
    fn wake(&self);

    /// Returns `true` if the store does not answer: the breaker decides alone. Called under the lock of a breaker.
    fn is_alone(&self) -> bool;

    /// Returns how long a call waits for the lease.
    fn probe_wait(&self) -> Duration;
}

/// The part of a breaker that a fleet needs, under the lock of the breaker.
pub(super) struct Membership {
    link: Arc<dyn Link>,
    /// Up to when probes are admitted.
    lease: Tick,
    /// Before when no lease is asked for.
    denied_until: Tick,
    /// How many calls were rejected because there was no lease.
    wanted: u64,
    /// Whether a call waits for the lease.
    is_waiting: bool,
    /// Counts decisions about the lease.
    decisions: Arc<Wakeup>,
    /// Why the present state was entered, and after how many failures in a row.
    reason: Option<TransitionReason>,
    row: u32,
    /// Whether the fleet does not know of a change of state yet.
    has_news: bool,
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership")
            .field("lease", &self.lease)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// The wait that a rejection suggests while the lease is asked for.
const ASKED: Duration = Duration::from_millis(50);

impl Membership {
    /// Notes a change of state: a lease is good for one half-open state.
    pub(super) fn note(&mut self, transition: &Transition) {
        (self.reason, self.row) = (Some(transition.reason), transition.consecutive);
        if transition.to != CircuitState::HalfOpen {
            (self.lease, self.denied_until) = (Tick::ZERO, Tick::ZERO);
        }
        self.has_news = true;
    }

    /// Notes that the program holds the present state, whatever caused it.
    pub(super) fn note_by_hand(&mut self) {
        self.reason = Some(TransitionReason::Manual);
    }

    /// Returns the link if the fleet has to look at the breaker.
    pub(super) fn take_news(&mut self) -> Option<Arc<dyn Link>> {
        std::mem::take(&mut self.has_news).then(|| Arc::clone(&self.link))
    }
}

/// A change that a fleet makes to a breaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FleetChange {
    /// Rejects calls for at least so long.
    Hold { duration: Duration, reopened: u32 },
    /// Closes the circuit if it is open or half-open; with `held` only where the fleet opened it.
    Close { held: bool },
    /// Admits probes for so long, one at a time; as any breaker does where that is `None`.
    Probe { time: Option<Duration> },
    /// Asks for no lease for so long.
    Deny { time: Duration },
}

/// A shared breaker as its fleet sees it.
#[derive(Clone, Debug)]
pub(crate) struct LocalState {
    pub(crate) generation: u64,
    pub(crate) phase: LocalPhase,
    /// Why the phase was entered.
    pub(crate) reason: Option<TransitionReason>,
    /// Failures in a row: of a closed breaker up to now, of another one before it left the closed state.
    pub(crate) row: u32,
    /// Counts of this process.
    pub(crate) counts: CallCounts,
    /// Grows with each call that was rejected.
    pub(crate) demand: u64,
    /// How long the circuit is open if it opens now.
    pub(crate) open_time: Duration,
    pub(crate) config: BreakerConfig,
}

/// The phase of a shared breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LocalPhase {
    Closed,
    Open {
        remaining: Duration,
    },
    HalfOpen {
        /// Whether a probe runs.
        is_running: bool,
    },
    /// The program holds the circuit in a state.
    ByHand,
}

impl Shell {
    /// Connects the breaker with a fleet, in place of the one before.
    pub(crate) fn join_fleet(&self, link: Arc<dyn Link>) {
        let now = self.clock.now();
        self.contained_step(|locked| {
            // The one before does nothing to it any longer.
            let effects = locked.enable_by_fleet_at(now);
            let membership = Membership {
                link,
                lease: Tick::ZERO,
                denied_until: Tick::ZERO,
                wanted: 0,
                is_waiting: false,
                decisions: Arc::default(),
                reason: None,
                row: locked.machine.consecutive(),
                has_news: true,
            };
            locked.extras.get_or_insert_default().membership = Some(membership);
            ((), effects)
        });
    }

    /// Ends the membership in a fleet: the breaker decides alone, and closes if the fleet disabled it.
    pub(crate) fn leave_fleet(&self, link: &dyn Link) {
        let now = self.clock.now();
        self.step_of(link, |locked| {
            let effects = locked.enable_by_fleet_at(now);
            // The change is no news to it.
            let membership = locked
                .extras
                .as_mut()
                .and_then(|extras| extras.membership.take());
            if let Some(membership) = membership {
                membership.decisions.notify();
            }
            effects
        });
    }

    /// Returns `true` if the breaker is in the fleet of a link: it may have joined another one since.
    pub(crate) fn is_in_fleet_of(&self, link: &dyn Link) -> bool {
        self.read(|locked| locked.is_in_fleet_of(link))
    }

    /// Makes a change if the breaker is in the fleet of a link.
    fn step_of(&self, link: &dyn Link, change: impl FnOnce(&mut Locked) -> Effects) {
        self.contained_step(|locked| match locked.is_in_fleet_of(link) {
            true => ((), change(locked)),
            false => ((), Effects::default()),
        });
    }

    /// As [`step`](Self::step), for changes that no call makes: a log subscriber that panics must not end the fleet.
    fn contained_step<R>(&self, change: impl FnOnce(&mut Locked) -> (R, Effects)) -> Option<R> {
        let mut result = None;
        let _ = panics::catch(|| {
            self.step(|locked| {
                let (returned, effects) = change(locked);
                result = Some(returned);
                ((), effects)
            });
        });
        result
    }

    /// Reads the breaker, after the changes that time makes. `None` after a panic of this library alone.
    pub(crate) fn local_state(&self) -> Option<LocalState> {
        let (now, counts) = (self.clock.now(), self.shared_counts());
        self.contained_step(|locked| {
            self.pass_time_at(now, locked);
            (locked.local_state_at(now, counts), Effects::default())
        })
    }

    /// Makes the changes that `decide` wants, if the breaker is in the fleet of a link; `cause` is why it is held open. What it
    /// decided by cannot change before: it runs under the lock.
    pub(crate) fn change_by_fleet<C: IntoIterator<Item = FleetChange>>(
        &self,
        link: &dyn Link,
        cause: &str,
        decide: impl FnOnce(&LocalState) -> C,
    ) {
        let (now, counts) = (self.clock.now(), self.shared_counts());
        self.step_of(link, |locked| {
            self.pass_time_at(now, locked);
            for change in decide(&locked.local_state_at(now, counts)) {
                self.make_at(now, locked, change, cause);
            }
            Effects::default()
        });
    }

    fn shared_counts(&self) -> CallCounts {
        CallCounts {
            success: self.counters.sum(Counter::Success),
            failure: self.failures().0,
            slow: self.totals.slow.get(),
            rejected: self.counters.sum(Counter::Rejected),
            ..CallCounts::default()
        }
    }

    fn pass_time_at(&self, now: Tick, locked: &mut Locked) {
        let effects = locked.machine.pass_time_at(now);
        self.apply_locked(locked, effects);
    }

    fn make_at(&self, now: Tick, locked: &mut Locked, change: FleetChange, cause: &str) {
        match change {
            FleetChange::Hold { duration, reopened } => {
                let effects = locked.machine.hold_open_at(now, duration, reopened);
                self.note_history(&effects);
                locked.apply(effects, Some(cause), self.rejected());
                if let Some(membership) = locked.membership_mut() {
                    membership.lease = Tick::ZERO;
                }
            }
            FleetChange::Close { held } => {
                if !held || locked.was_changed_by_fleet() {
                    let effects = locked.machine.close_by_fleet_at(now);
                    self.apply_locked(locked, effects);
                }
            }
            FleetChange::Probe { time } => {
                let until = time.map_or(Tick::MAX, |time| now.after(time));
                locked.decide_lease(|membership| membership.lease = until);
            }
            FleetChange::Deny { time } => {
                locked.decide_lease(|membership| membership.denied_until = now.after(time));
            }
        }
    }

    /// Admits every call uncounted, until [`enable_by_fleet`](Self::enable_by_fleet).
    pub(crate) fn disable_by_fleet(&self, link: &dyn Link) {
        let now = self.clock.now();
        self.step_of(link, |locked| locked.machine.disable_by_fleet_at(now));
    }

    /// Closes a circuit that [`disable_by_fleet`](Self::disable_by_fleet) disabled.
    pub(crate) fn enable_by_fleet(&self, link: &dyn Link) {
        let now = self.clock.now();
        self.step_of(link, |locked| locked.enable_by_fleet_at(now));
    }

    /// Where a probe may run if only there is a lease: asks for it, and waits for the answer unless another call does,
    /// or the thread is one of an async runtime. Returns the present tick.
    #[cold]
    pub(super) fn wait_for_lease(&self, now: Tick) -> Tick {
        // A log subscriber that panics must not lose that the call is the one that waits.
        let asked = self.contained_step(|locked| {
            self.pass_time_at(now, locked);
            (locked.ask_for_lease_at(now), Effects::default())
        });
        let Some(Asked {
            link,
            decisions,
            seen,
            is_first,
        }) = asked.flatten()
        else {
            return now;
        };
        let waits = is_first && !blocks_an_executor();
        link.wake();
        if waits {
            decisions.wait_beyond(seen, link.probe_wait());
        }
        if is_first {
            self.step(|locked| {
                if let Some(membership) = locked.membership_mut() {
                    membership.is_waiting = false;
                }
                ((), Effects::default())
            });
        }
        self.clock.now()
    }
}

/// A lease that was asked for.
struct Asked {
    link: Arc<dyn Link>,
    decisions: Arc<Wakeup>,
    /// How many decisions there were.
    seen: u64,
    is_first: bool,
}

impl Locked {
    fn membership(&self) -> Option<&Membership> {
        self.extras.as_ref()?.membership.as_ref()
    }

    fn is_in_fleet_of(&self, link: &dyn Link) -> bool {
        self.membership()
            .is_some_and(|membership| ptr::addr_eq(Arc::as_ptr(&membership.link), link))
    }

    /// Closes the circuit if its fleet disabled it.
    fn enable_by_fleet_at(&mut self, now: Tick) -> Effects {
        match self.machine.phase() {
            Phase::Disabled if self.was_changed_by_fleet() => self.machine.enable_by_fleet_at(now),
            _ => Effects::default(),
        }
    }

    /// Returns `true` if the fleet caused the present state.
    fn was_changed_by_fleet(&self) -> bool {
        self.membership()
            .is_some_and(|membership| membership.reason == Some(TransitionReason::Fleet))
    }

    /// Lets the fleet look at the breaker, whose settings have changed.
    #[cfg(feature = "config")]
    pub(super) fn note_settings(&mut self) {
        if let Some(membership) = self.membership_mut() {
            membership.has_news = true;
        }
    }

    pub(super) fn membership_mut(&mut self) -> Option<&mut Membership> {
        self.extras.as_mut()?.membership.as_mut()
    }

    fn decide_lease(&mut self, decide: impl FnOnce(&mut Membership)) {
        if let Some(membership) = self.membership_mut() {
            decide(membership);
            membership.decisions.notify();
        }
    }

    fn local_state_at(&self, now: Tick, counts: CallCounts) -> LocalState {
        let machine = &self.machine;
        let membership = self.membership();
        let phase = match machine.phase() {
            Phase::Closed => LocalPhase::Closed,
            Phase::Open { until } => LocalPhase::Open {
                remaining: until.since(now),
            },
            Phase::HalfOpen(probes) => LocalPhase::HalfOpen {
                is_running: probes.are_running(),
            },
            Phase::ForcedOpen | Phase::Disabled => LocalPhase::ByHand,
        };
        let row = match phase {
            LocalPhase::Closed => machine.consecutive(),
            _ => membership.map_or(0, |membership| membership.row),
        };
        let wanted = membership.map_or(0, |membership| membership.wanted);
        LocalState {
            generation: machine.generation(),
            phase,
            reason: membership.and_then(|membership| membership.reason),
            row,
            counts,
            demand: counts.rejected.wrapping_add(wanted),
            open_time: machine.next_open_time(),
            config: machine.config().clone(),
        }
    }

    /// Returns `true` if only a lease is missing for a probe.
    fn needs_lease_at(&self, now: Tick) -> bool {
        let Some(membership) = self.membership() else {
            return false;
        };
        let is_due = match self.machine.phase() {
            Phase::Open { until } => now >= until,
            Phase::HalfOpen(_) => true,
            _ => false,
        };
        is_due && now >= membership.lease && !membership.link.is_alone()
    }

    fn ask_for_lease_at(&mut self, now: Tick) -> Option<Asked> {
        if !self.needs_lease_at(now) {
            return None;
        }
        let membership = self.membership_mut()?;
        membership.wanted += 1;
        if now < membership.denied_until {
            return None;
        }
        let is_first = !std::mem::replace(&mut membership.is_waiting, true);
        Some(Asked {
            link: Arc::clone(&membership.link),
            decisions: Arc::clone(&membership.decisions),
            seen: membership.decisions.changes(),
            is_first,
        })
    }

    /// Returns how a call is rejected that may not probe: with the time after which another one may, if that is known.
    pub(super) fn lease_denial_at(&self, now: Tick) -> Option<Option<Duration>> {
        let membership = self.membership()?;
        if self.needs_lease_at(now) {
            return Some(Some(membership.denied_until.since(now).max(ASKED)));
        }
        let has_lease = now < membership.lease && membership.lease != Tick::MAX;
        match self.machine.phase() {
            // One probe at a time for the whole fleet.
            Phase::HalfOpen(probes) if has_lease && probes.slots_in_use() > 0 => Some(None),
            _ => None,
        }
    }
}

/// Returns `true` on the threads of an async runtime, which must not wait.
fn blocks_an_executor() -> bool {
    #[cfg(feature = "async")]
    return tokio::runtime::Handle::try_current().is_ok();
    #[cfg(not(feature = "async"))]
    return false;
}
