//! Concurrent shell of a breaker: an atomic fast path over a locked slow path that drives the pure
//! state machine.
//!
//! One word mirrors what the fast path needs: the mode, a few flags and the generation. It is
//! written under the lock only. A call of a closed breaker whose outcome decides nothing loads it
//! twice and writes counts of its own thread; where the lock is taken next, the machine takes what
//! was counted. A rejection of an open one reads the word and the open time. Everything else takes
//! the lock, which is never held across a wait or across user code.
//!
//! `shell/admit.rs` admits and rejects calls, `shell/settle.rs` records their outcomes.

mod admit;
mod settle;

use super::{
    admission::{Admission, Denial, DeniedBy},
    config::BreakerConfig,
    counters::{Counter, Counters, Totals},
    event_queue::{EventQueue, QueuedEvent, QueuedKind},
    history::{HistoryReading, RecentChange},
    in_flight::InFlight,
    locked::Locked,
    observers::Observers,
    opening::is_open,
    partial_config::ExplicitSettings,
    rows::Rows,
    state::{Effects, StateMachine},
    state_word::{PublishedState, StateWord},
};
use crate::{
    call::{self, Deadline},
    error::{ErrorCode, ErrorId, Lasting, Policy, Rejection, Rejector},
    keyed::KeyedName,
    per_thread::DurationsReading,
    rng::Rng,
    sync::{Mutex, MutexGuard},
    time::{SharedClock, Tick},
};
use once_cell::race::OnceBox;
use std::{fmt, panic::Location, sync::Arc};
use tracing::level_filters::LevelFilter;

/// One breaker, shared by all its handles.
pub(crate) struct Shell {
    published: PublishedState,
    pub(super) counters: Counters,
    /// Written under the lock, read without it.
    pub(super) totals: Totals,
    /// Made by the first failure that opens nothing by far.
    rows: OnceBox<Rows>,
    /// Made by the first call that is timed.
    in_flight: OnceBox<InFlight>,
    pub(super) observers: Observers,
    pub(super) name: KeyedName,
    pub(super) lasting: Lasting<Shell>,
    pub(super) clock: SharedClock,
    /// For the warning about a second declaration that differs.
    pub(super) place: &'static Location<'static>,
    locked: Mutex<Locked>,
}

impl Shell {
    /// Makes a breaker; `config` is the result of resolving the `explicit` settings.
    pub(super) fn new(
        name: KeyedName,
        config: BreakerConfig,
        explicit: ExplicitSettings,
        clock: SharedClock,
        rng: Rng,
        place: &'static Location<'static>,
    ) -> Self {
        let machine = StateMachine::new(config, clock.now(), rng);
        let published = PublishedState::new(&machine);
        let locked = Locked {
            machine,
            explicit,
            taken_successes: 0,
            last_failure: None,
            opening: None,
            rejected_before: 0,
            extras: None,
            events: EventQueue::default(),
        };
        let (counters, observers) = (Counters::default(), Observers::default());
        Self {
            published,
            counters,
            totals: Totals::default(),
            rows: OnceBox::new(),
            in_flight: OnceBox::new(),
            observers,
            name,
            lasting: Lasting::default(),
            clock,
            place,
            locked: Mutex::new(locked),
        }
    }

    /// Returns `false` if the breaker admits every call now.
    pub(super) fn may_reject(&self) -> bool {
        // Relaxed: the answer is old as soon as it is given.
        !matches!(
            self.published.word_relaxed().mode(),
            StateWord::CLOSED | StateWord::DISABLED
        )
    }

    /// Returns how long the circuit stays open, if it rejects calls now: `None` inside where only a
    /// change by hand closes it.
    #[cold]
    pub(super) fn open_until(&self) -> Option<Option<Deadline>> {
        let word = self.published.word();
        match word.mode() {
            _ if word.is_shadow() => None,
            StateWord::OPEN => {
                let (_, until) = self.published.open_time();
                Some(Some(Deadline::new(until, self.clock.clone())))
            }
            StateWord::FORCED_OPEN => Some(None),
            _ => None,
        }
    }

    /// Posts to the current frame that a call has failed, if the circuit is open.
    #[cold]
    pub(super) fn post_if_open(&self) {
        if call::is_in_call()
            && let Some(until) = self.open_until()
        {
            call::post_open(until);
        }
    }

    /// Returns the address by which inner calls know the breaker, which lives as long as any of its
    /// calls.
    pub(super) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Takes the lock, and drives the machine by the successes that were only counted so far.
    fn lock(&self) -> MutexGuard<'_, Locked> {
        let mut locked = self.locked.lock();
        let counted = self.counters.sum(Counter::Success);
        let successes = counted.wrapping_sub(locked.taken_successes);
        locked.taken_successes = counted;
        locked.machine.record_successes(successes);
        if let Some(rows) = self.rows.get() {
            let now = || self.counters.sum(Counter::Success);
            let failures = rows.in_a_row(locked.machine.generation(), counted, now);
            locked.machine.note_counted(failures);
        }
        locked
    }

    /// Makes the rows before threads share them: a model does not see the ordering by which lazily
    /// made ones reach another thread.
    #[cfg(loom)]
    pub(super) fn make_rows(&self) {
        self.rows.get_or_init(Box::default);
    }

    /// Returns how many calls failed in this process, and when the latest one did that took no
    /// lock.
    pub(super) fn failures(&self) -> (u64, Option<Tick>) {
        let (noted, latest) = self.rows.get().map_or((0, None), Rows::failures);
        (self.totals.failure.get().wrapping_add(noted), latest)
    }

    /// Reads the state under the lock.
    pub(super) fn read<R>(&self, read: impl FnOnce(&Locked) -> R) -> R {
        read(&self.lock())
    }

    /// Changes the state under the lock, and delivers the events after it.
    pub(super) fn step<R>(&self, change: impl FnOnce(&mut Locked) -> (R, Effects)) -> R {
        let mut locked = self.lock();
        let (result, effects) = change(&mut locked);
        if let Some(rows) = self.rows.get() {
            // The change may leave fewer failures to the threshold.
            rows.revoke();
        }
        self.apply_locked(&mut locked, effects);
        self.finish(locked);
        result
    }

    /// As [`step`](Self::step), without a call of observers: [`publish_changes`](Self::publish_changes)
    /// is to follow, without a lock.
    #[cfg(feature = "config")]
    pub(super) fn change(&self, change: impl FnOnce(&mut Locked) -> Effects) {
        let mut locked = self.lock();
        let effects = change(&mut locked);
        if let Some(rows) = self.rows.get() {
            rows.revoke();
        }
        self.apply_locked(&mut locked, effects);
        self.publish_state(&locked);
    }

    /// Delivers the events of changes.
    #[cfg(feature = "config")]
    pub(super) fn publish_changes(&self) {
        self.finish(self.lock());
    }

    pub(super) fn apply_locked(&self, locked: &mut Locked, effects: Effects) {
        if effects != Effects::default() {
            // The count is needed where an opening goes on or ends.
            let rejected = if effects.iter().any(|change| is_open(change.from)) {
                self.rejected()
            } else {
                0
            };
            self.note_history(&effects);
            locked.apply(effects, None, rejected);
        }
    }

    /// Adds changes of state to the history, under the lock and before they are published.
    pub(super) fn note_history(&self, effects: &Effects) {
        if *effects != Effects::default() {
            self.published.note_history(effects);
        }
    }

    /// Returns the history of the state, without the lock.
    pub(super) fn history_at(&self, now: Tick) -> HistoryReading {
        self.published.history_at(now)
    }

    /// Returns the last changes of state, oldest first, without the lock.
    pub(super) fn recent_changes(&self) -> Vec<RecentChange> {
        self.published.recent_changes()
    }

    /// Counts how long a call took, if it is timed.
    fn note_duration(&self, admission: Admission, start: Tick, now: Tick) {
        if cfg!(feature = "telemetry") && admission.is_timed() {
            let calls = self.in_flight.get_or_init(Box::default);
            calls.note_duration(now.as_nanos().saturating_sub(start.as_nanos()));
        }
    }

    /// Returns how long calls took, if they are timed.
    pub(super) fn durations(&self) -> Option<DurationsReading> {
        match self.in_flight.get() {
            Some(calls) => Some(calls.durations()),
            None => self
                .published
                .word_relaxed()
                .is_timed()
                .then(DurationsReading::default),
        }
    }

    /// Returns how many calls were rejected in this process.
    pub(super) fn rejected(&self) -> u64 {
        self.counters.sum(Counter::Rejected)
    }

    /// Emits an event that is no change of state.
    pub(super) fn emit(&self, event: impl FnOnce(&Locked) -> QueuedEvent) {
        let mut locked = self.locked.lock();
        let event = event(&locked);
        locked.events.push(event);
        self.finish(locked);
    }

    /// Queues an event of the present generation that is no change of state where an observer or
    /// the log would get it.
    fn emit_locked(&self, locked: &mut Locked, kind: QueuedKind) {
        if self.observers.are_listening(LevelFilter::DEBUG) {
            let generation = locked.machine.generation();
            locked.events.push(QueuedEvent {
                generation,
                opening: None,
                kind,
            });
        }
    }

    fn publish_state(&self, locked: &Locked) {
        self.published.publish(&locked.machine, || {
            // The running calls become slow at another time.
            self.in_flight
                .get()
                .into_iter()
                .for_each(InFlight::check_soon);
        });
    }

    /// Publishes the state, releases the lock, and delivers the queued events.
    fn finish(&self, mut locked: MutexGuard<'_, Locked>) {
        self.publish_state(&locked);
        let delivers = locked.events.begin_delivery();
        #[cfg(feature = "fleet")]
        let link = locked
            .membership_mut()
            .and_then(super::sharing::Membership::take_news);
        drop(locked);
        #[cfg(feature = "fleet")]
        if let Some(link) = link {
            link.wake();
        }
        if delivers {
            self.deliver();
        }
    }

    /// Delivers the queued events one after another until none is left. Only one thread delivers at
    /// a time; what other threads or the observers themselves cause meanwhile is queued behind.
    #[cold]
    fn deliver(&self) {
        /// Lets another thread deliver if this one panics, as a log subscriber can make it.
        struct Delivery<'a>(&'a Shell);
        impl Drop for Delivery<'_> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    self.0.locked.lock().events.abandon_delivery();
                }
            }
        }
        let _delivery = Delivery(self);
        loop {
            let mut locked = self.locked.lock();
            let Some(event) = locked.events.next() else {
                return;
            };
            let shadow = locked.machine.config().shadow;
            drop(locked);
            self.observers.deliver(&self.name, shadow, &event);
        }
    }
}

impl Rejector for Shell {
    fn name(&self) -> &str {
        &self.name
    }

    fn cause(&self, denied_by: u64) -> Option<String> {
        let generation = DeniedBy::from_bits(denied_by).generation();
        let cause = self.read(|locked| locked.cause_in(generation));
        cause.map(|cause| cause.text().to_owned())
    }

    fn state(&self, denied_by: u64) -> Option<&'static str> {
        Some(DeniedBy::from_bits(denied_by).state().name())
    }

    fn opening(&self, denied_by: u64) -> Option<ErrorId> {
        let generation = DeniedBy::from_bits(denied_by).generation();
        let opening = self.read(|locked| locked.opening_in(generation));
        // A fresh identity reads a clock and a generator: outside of the lock.
        opening.map(|opening| opening.id())
    }
}

/// Makes the rejection of a call that was denied, and goes on with it. Out of line, so that the way of a
/// call that is admitted saves no registers for it.
#[cold]
#[inline(never)]
pub(super) fn reject_then<R>(
    shell: &Arc<Shell>,
    denial: Denial,
    go: impl FnOnce(Rejection) -> R,
) -> R {
    let kind = (Policy::CircuitBreaker, ErrorCode::CIRCUIT_OPEN_ERROR);
    let (by, retry_after) = (denial.by.to_bits(), denial.retry_after);
    shell.lasting.reject(shell, kind, by, retry_after, go)
}

/// Makes the rejection of a call that was denied.
pub(super) fn rejection(shell: &Arc<Shell>, denial: Denial) -> Rejection {
    reject_then(shell, denial, |rejection| rejection)
}

/// Makes the error of a call that was denied.
#[inline]
pub(super) fn denied<T, E: From<Rejection>>(shell: &Arc<Shell>, denial: Denial) -> Result<T, E> {
    reject_then(shell, denial, Rejection::into_result)
}

impl fmt::Debug for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shell")
            .field("name", &self.name)
            .field("generation", &self.published.word_relaxed().generation())
            .finish()
    }
}
