//! Admission of calls.

use super::Shell;
use crate::{
    breaker::{
        admission::{Admission, Denial, DeniedBy},
        counters::Counter,
        event_queue::{QueuedEvent, QueuedKind},
        locked::Locked,
        state::Effects,
        state_word::StateWord,
    },
    call::{self, HeldSlot},
    time::{Tick, saturating_nanos},
};
use tracing::level_filters::LevelFilter;

impl Shell {
    /// Admits or denies a call.
    #[inline]
    pub(in crate::breaker) fn admit(&self) -> Result<Admission, Denial> {
        self.admit_at_once().or_else(|word| self.admit_slow(word))
    }

    /// Admits a call and goes on with `go`, or denies it and goes on with `deny`. Not a `Result`:
    /// the slow path writes that into memory, and the fast one would have to go through the same
    /// memory, which costs more than all the rest of it.
    #[inline]
    pub(in crate::breaker) fn admit_then<R>(
        &self,
        go: impl FnOnce(Admission) -> R,
        deny: impl FnOnce(Denial) -> R,
    ) -> R {
        let word = self.published.word();
        let mut admission = Admission::untimed(word);
        if !word.is_plainly_closed() {
            match self.admit_slow(word) {
                Ok(slow) => admission = slow,
                Err(denial) => return deny(denial),
            }
        }
        go(admission)
    }

    /// Admits a call of a breaker that is closed; returns the state otherwise.
    #[inline(always)]
    pub(in crate::breaker) fn admit_at_once(&self) -> Result<Admission, StateWord> {
        let word = self.published.word();
        if word.is_plainly_closed() {
            Ok(Admission::untimed(word))
        } else {
            Err(word)
        }
    }

    #[inline(never)]
    pub(in crate::breaker) fn admit_slow(&self, word: StateWord) -> Result<Admission, Denial> {
        let denial = match word.mode() {
            StateWord::CLOSED => match self.admit_timed(word) {
                Ok(admission) => return Ok(admission),
                Err(denial) => denial,
            },
            StateWord::DISABLED => return Ok(Admission::untimed(word)),
            StateWord::FORCED_OPEN => Denial::new(DeniedBy::new(word), None),
            mode => {
                let now = self.now_in(word);
                let (since, until) = self.published.open_time();
                let is_open = mode == StateWord::OPEN && now < until;
                let left_at = if is_open && now < since {
                    self.leave_time_line(since)
                } else {
                    None
                };
                if is_open && left_at.is_none() {
                    // The coarse reading may lag behind the start.
                    Denial::until(DeniedBy::new(word), until, now.max(since))
                } else {
                    let now = left_at.unwrap_or_else(|| self.clock.precise(now, word.is_coarse()));
                    #[cfg(feature = "fleet")]
                    let now = self.wait_for_lease(now);
                    match self.admit_locked(now) {
                        Ok(admission) => return Ok(admission),
                        Err(denial) => denial,
                    }
                }
            }
        };
        self.counters.add(Counter::Rejected);
        if self.observers.are_listening(LevelFilter::TRACE) {
            self.emit(|locked| QueuedEvent {
                generation: denial.by.generation(),
                opening: locked.opening_in(denial.by.generation()),
                kind: QueuedKind::Rejected {
                    retry_after: denial.retry_after.get(),
                },
            });
        }
        if word.is_shadow() {
            let word = word.bystander(denial.by.generation());
            return Ok(Admission::untimed(word));
        }
        Err(denial)
    }

    /// Returns the present tick, by the reading that does for a state.
    #[inline]
    pub(in crate::breaker) fn now_in(&self, word: StateWord) -> Tick {
        if word.is_coarse() {
            self.clock.coarse()
        } else {
            self.clock.now()
        }
    }

    /// Ends an open time that began at `since`, if that lies ahead of the clock: it was measured on
    /// another time line. Returns the present tick if it ended one.
    #[cold]
    fn leave_time_line(&self, since: Tick) -> Option<Tick> {
        // Read after `since`: on one time line it cannot be earlier. A reading from before may be,
        // because the circuit may have opened in between.
        let now = self.clock.now();
        let has_left = now < since
            && self.step(|locked| {
                (
                    locked.machine.leave_time_line_at(now, since),
                    Effects::default(),
                )
            });
        has_left.then_some(now)
    }

    /// Admits a call to a closed breaker whose calls are timed.
    fn admit_timed(&self, word: StateWord) -> Result<Admission, Denial> {
        let now = self.clock.now();
        let in_flight = self.in_flight.get_or_init(Box::default);
        if in_flight.is_due(now) {
            let mut locked = self.lock();
            self.count_overdue(&mut locked, now);
            self.finish(locked);
            if self.published.word().mode() != StateWord::CLOSED {
                // The slow calls have just opened the circuit.
                return self.admit_locked(now);
            }
        }
        let mut admission = Admission::starting(word, now);
        admission.enter(in_flight.enter(now, word.generation()));
        Ok(admission)
    }

    /// Counts the running calls that have become slow.
    pub(super) fn count_overdue(&self, locked: &mut Locked, now: Tick) {
        let Some(in_flight) = self.in_flight.get().filter(|calls| calls.is_due(now)) else {
            return;
        };
        let Some(limit) = locked.machine.config().slow_call.map(saturating_nanos) else {
            return;
        };
        let generation = locked.machine.generation();
        in_flight.count_overdue(now, limit, generation, |call| {
            // The entry's identity is known before it is made, so that the call that ends now
            // cannot count twice.
            if call.claim(locked.machine.next_entry_at(now)) {
                self.totals.slow.add_locked();
                let (elapsed, pending) = (now.since(call.start()), true);
                self.emit_locked(locked, QueuedKind::Slow { elapsed, pending });
                let effects = locked.machine.record_pending_slow_at(now);
                self.apply_locked(locked, effects);
            }
            locked.machine.generation() == generation
        });
    }

    fn admit_locked(&self, now: Tick) -> Result<Admission, Denial> {
        if let Some(admission) = self.admit_lent(now) {
            return Ok(admission);
        }
        let mut admitted = self.step(|locked| {
            #[cfg(feature = "fleet")]
            if let Some(retry_after) = locked.lease_denial_at(now) {
                let denied_by = DeniedBy::new(StateWord::of(&locked.machine));
                return (Err(Denial::new(denied_by, retry_after)), Effects::default());
            }
            let (answer, effects) = locked.machine.admit_at(now);
            let word = StateWord::of(&locked.machine);
            let answer = answer
                .map(|()| Admission::starting(word, now))
                .map_err(|retry_after| Denial::new(DeniedBy::new(word), retry_after));
            (answer, effects)
        });
        if let Ok(admission) = &mut admitted
            && admission.word().mode() == StateWord::CLOSED
            && admission.is_timed()
        {
            // Time or another thread has just closed the circuit.
            let in_flight = self.in_flight.get_or_init(Box::default);
            admission.enter(in_flight.enter(now, admission.generation()));
        }
        admitted
    }

    /// Admits a call to a half-open breaker on the slot that an outer call holds, one at a time.
    fn admit_lent(&self, now: Tick) -> Option<Admission> {
        let generation = self.published.word().generation();
        let slot = call::slot_of(self.address(), generation)?;
        self.step(|locked| {
            if locked
                .extras
                .as_ref()
                .is_some_and(|extras| extras.lent.contains(&slot))
            {
                return (None, Effects::default());
            }
            let (is_lent, effects) = locked.machine.lend_at(now, generation);
            if is_lent {
                locked.extras.get_or_insert_default().lent.push(slot);
            }
            let word = StateWord::of(&locked.machine).lent();
            (is_lent.then(|| Admission::starting(word, now)), effects)
        })
    }

    /// Lends the slot of a probe to inner calls of this breaker, until the result is dropped.
    pub(in crate::breaker) fn hold_slot(
        &self,
        admission: Admission,
        id: Option<u64>,
    ) -> Option<HeldSlot> {
        let generation = self.published.word_relaxed().generation();
        // Where the state has changed since, there is no slot any more.
        admission
            .is_probe()
            .then(|| call::hold_slot(self.address(), generation, id))
    }

    /// Gives a lent slot back to the outer call.
    pub(super) fn give_back(&self, locked: &mut Locked, admission: Admission) {
        if admission.is_lent()
            && let Some(slot) = call::slot_of(self.address(), admission.generation())
            && let Some(extras) = &mut locked.extras
        {
            extras.lent.retain(|lent| *lent != slot);
        }
    }
}
