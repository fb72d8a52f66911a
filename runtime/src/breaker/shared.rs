//! The concurrent shell: an atomic fast path over a locked slow path that drives the pure core.
//!
//! One word mirrors what the fast path must know: the mode, a few flags and the generation. It is
//! written under the lock only. A closed breaker's successful call loads it twice and writes a
//! counter of its own thread; everything else goes through the lock, which is never held across
//! anything that can wait or that a user wrote.

use super::{
    builder::Place,
    cause::CauseText,
    config::BreakerConfig,
    counters::{Counted, Counters},
    draft::Said,
    in_flight::{InFlight, Left},
    locked::{LastFailure, Locked, Moment, Totals, is_open},
    observers::{Observers, Told},
    state::{Admission, Core, Effects, Outcome, Phase},
    ticket::{Denied, Ticket, UNKNOWN_WAIT},
    word,
};
use crate::{
    call::{self, EndedBy, HeldSlot},
    classify::Verdict,
    error::{ErrorId, redact},
    rng::Rng,
    sync::{AtomicU64, Mutex, MutexGuard, Ordering},
    time::{SharedClock, Tick, saturating_nanos},
};
use once_cell::race::OnceBox;
use std::{collections::VecDeque, fmt, time::Duration};
use tracing::level_filters::LevelFilter;

/// One breaker, shared by all its handles.
pub(super) struct Shared {
    hot: Hot,
    pub(super) counters: Counters,
    /// Made by the first call that is timed.
    in_flight: OnceBox<InFlight>,
    pub(super) observers: Observers,
    pub(super) name: Box<str>,
    pub(super) clock: SharedClock,
    /// Where it was declared, for the warning about a second declaration that differs.
    pub(super) place: Place,
    locked: Mutex<Locked>,
}

/// What every call reads: on a cache line that neither reference counts nor the lock share.
#[derive(Debug)]
#[repr(align(64))]
struct Hot {
    /// [`word`]. Written under the lock.
    word: AtomicU64,
    /// The end of the latest open time. Written under the lock, before the word that says open.
    open_until: AtomicU64,
    /// When it began. Written in the same way.
    open_since: AtomicU64,
    /// The nanoseconds above which a call is slow. Written under the lock.
    slow_above: AtomicU64,
}

impl Shared {
    /// Makes a breaker of what was said, and what that resolved to.
    pub(super) fn new(
        name: Box<str>,
        config: BreakerConfig,
        said: Said,
        clock: SharedClock,
        rng: Rng,
        place: Place,
    ) -> Self {
        let core = Core::new(config, clock.now(), rng);
        let hot = Hot {
            word: AtomicU64::new(word::of(&core)),
            open_until: AtomicU64::new(0),
            open_since: AtomicU64::new(0),
            slow_above: AtomicU64::new(slow_above(&core)),
        };
        let locked = Locked {
            core,
            said,
            totals: Totals::default(),
            last_failure: None,
            opening: None,
            rejected_before: 0,
            rare: None,
            outbox: VecDeque::new(),
            telling: false,
        };
        let (counters, observers) = (Counters::new(), Observers::new());
        Self {
            hot,
            counters,
            in_flight: OnceBox::new(),
            observers,
            name,
            clock,
            place,
            locked: Mutex::new(locked),
        }
    }

    /// Answers a call that wants in.
    #[inline]
    pub(super) fn admit(&self) -> Result<Ticket, Denied> {
        // Acquire pairs with the Release in `publish`: who sees a state sees what led to it.
        let word = self.hot.word.load(Ordering::Acquire);
        if word::is_plainly_closed(word) {
            return Ok(Ticket::untimed(word));
        }
        self.admit_slow(word)
    }

    /// Answers a call that wants in, by going on with `go` or `deny`. Not a `Result`: the slow path
    /// writes that into memory, and the fast one would have to go through the same memory, which
    /// costs more than all the rest of it.
    #[inline]
    pub(super) fn admit_then<R>(
        &self,
        go: impl FnOnce(Ticket) -> R,
        deny: impl FnOnce(Denied) -> R,
    ) -> R {
        // As in `admit`.
        let word = self.hot.word.load(Ordering::Acquire);
        let mut ticket = Ticket::untimed(word);
        if !word::is_plainly_closed(word) {
            match self.admit_slow(word) {
                Ok(slow) => ticket = slow,
                Err(denied) => return deny(denied),
            }
        }
        go(ticket)
    }

    #[inline(never)]
    fn admit_slow(&self, word: u64) -> Result<Ticket, Denied> {
        let generation = word::generation(word);
        let denied = match word & word::MODE {
            word::CLOSED => match self.admit_timed(word) {
                Ok(ticket) => return Ok(ticket),
                Err(denied) => denied,
            },
            word::DISABLED => return Ok(Ticket::untimed(word)),
            word::FORCED_OPEN => Denied {
                generation,
                wait: UNKNOWN_WAIT,
            },
            mode => {
                let now = self.clock.now();
                // Relaxed: ordered after the word by its Acquire. A later open time's end may be
                // read, which rejects as rightly: the circuit was open again by then.
                let until = Tick::from_nanos(self.hot.open_until.load(Ordering::Relaxed));
                // Acquire pairs with the Release in `publish`, for `leave_time_line`.
                let since = Tick::from_nanos(self.hot.open_since.load(Ordering::Acquire));
                let is_open = mode == word::OPEN && now < until;
                let left_at = if is_open && now < since {
                    self.leave_time_line(since)
                } else {
                    None
                };
                if is_open && left_at.is_none() {
                    Denied {
                        generation,
                        wait: until.as_nanos() - now.as_nanos(),
                    }
                } else {
                    match self.admit_locked(left_at.unwrap_or(now)) {
                        Ok(ticket) => return Ok(ticket),
                        Err(denied) => denied,
                    }
                }
            }
        };
        self.counters.add(Counted::Rejected);
        if self.observers.are_listening(LevelFilter::TRACE) {
            self.tell(|locked| Told::Rejected {
                generation: denied.generation,
                retry_after: denied.retry_after(),
                opening: locked.opening_in(denied.generation),
            });
        }
        if word & word::SHADOW != 0 {
            let word = word::bystander(word, denied.generation);
            return Ok(Ticket::untimed(word));
        }
        Err(denied)
    }

    /// Ends an open time that began at `since`, if that lies ahead of the clock: it was measured on
    /// another time line. Returns the present tick if it did.
    #[cold]
    fn leave_time_line(&self, since: Tick) -> Option<Tick> {
        // Read after `since` was: on one time line it cannot be earlier. A reading from before may
        // be, as the circuit may have opened in between.
        let now = self.clock.now();
        let has_left = now < since
            && self.step(|locked| {
                (
                    locked.core.leave_time_line_at(now, since),
                    Effects::default(),
                )
            });
        has_left.then_some(now)
    }

    /// Admits a call to a closed breaker whose calls are timed.
    fn admit_timed(&self, word: u64) -> Result<Ticket, Denied> {
        let now = self.clock.now();
        let in_flight = self.in_flight.get_or_init(|| Box::new(InFlight::new()));
        if in_flight.is_due(now) {
            let mut locked = self.locked.lock();
            self.count_overdue(&mut locked, now);
            self.finish(locked);
            if self.hot.word.load(Ordering::Acquire) & word::MODE != word::CLOSED {
                // The slow ones have just opened the circuit.
                return self.admit_locked(now);
            }
        }
        let mut ticket = Ticket::starting(word, now);
        ticket.enter(in_flight.enter(now, word::generation(word)));
        Ok(ticket)
    }

    /// Counts the calls that have become slow while they run.
    fn count_overdue(&self, locked: &mut Locked, now: Tick) {
        let Some(in_flight) = self.in_flight.get().filter(|calls| calls.is_due(now)) else {
            return;
        };
        let Some(limit) = locked.core.config().slow_call.map(saturating_nanos) else {
            return;
        };
        let generation = locked.core.generation();
        in_flight.count_overdue(now, limit, generation, |call| {
            // The entry's identity is known before it is made, so that the call that ends now
            // cannot count twice.
            if call.claim(locked.core.next_entry_at(now)) {
                locked.totals.slow = locked.totals.slow.saturating_add(1);
                self.push_detail(
                    locked,
                    Told::Slow {
                        generation,
                        elapsed: now.since(call.start()),
                        pending: true,
                    },
                );
                let effects = locked.core.record_pending_slow_at(now);
                self.take(locked, effects);
            }
            locked.core.generation() == generation
        });
    }

    fn admit_locked(&self, now: Tick) -> Result<Ticket, Denied> {
        if let Some(ticket) = self.admit_lent(now) {
            return Ok(ticket);
        }
        let mut admitted = self.step(|locked| {
            let (admission, effects) = locked.core.admit_at(now);
            let (word, generation) = (word::of(&locked.core), locked.core.generation());
            let answer = match admission {
                Admission::Admitted => Ok(Ticket::starting(word, now)),
                Admission::Rejected { retry_after } => Err(Denied::new(generation, retry_after)),
            };
            (answer, effects)
        });
        if let Ok(ticket) = &mut admitted
            && ticket.word & (word::MODE | word::TIMED) == word::CLOSED | word::TIMED
        {
            // Time has just closed the circuit, or another thread has.
            let in_flight = self.in_flight.get_or_init(|| Box::new(InFlight::new()));
            ticket.enter(in_flight.enter(now, ticket.generation()));
        }
        admitted
    }

    /// Admits a call to a half-open breaker on the slot that a call around it holds, one at a time.
    fn admit_lent(&self, now: Tick) -> Option<Ticket> {
        let generation = word::generation(self.hot.word.load(Ordering::Acquire));
        let slot = call::slot_of(self.address(), generation)?;
        self.step(|locked| {
            if locked
                .rare
                .as_ref()
                .is_some_and(|rare| rare.lent.contains(&slot))
            {
                return (None, Effects::default());
            }
            let (is_lent, effects) = locked.core.lend_at(now, generation);
            if is_lent {
                locked.rare.get_or_insert_default().lent.push(slot);
            }
            let word = word::of(&locked.core) | word::LENT;
            (is_lent.then(|| Ticket::starting(word, now)), effects)
        })
    }

    /// Lets calls of this breaker further in run on the slot of a probe.
    pub(super) fn hold_slot(&self, ticket: Ticket, id: Option<u64>) -> Option<HeldSlot> {
        let generation = word::generation(self.hot.word.load(Ordering::Relaxed));
        // Where the state has changed since, there is no slot any more.
        ticket
            .is_probe()
            .then(|| call::hold(self.address(), generation, id))
    }

    /// Gives a lent slot back to the call around.
    fn give_back(&self, locked: &mut Locked, ticket: Ticket) {
        if ticket.is_lent()
            && let Some(slot) = call::slot_of(self.address(), ticket.generation())
            && let Some(rare) = &mut locked.rare
        {
            rare.lent.retain(|lent| *lent != slot);
        }
    }

    /// Returns `false` if the breaker lets every call through now.
    pub(super) fn may_reject(&self) -> bool {
        // Relaxed: the answer is old as soon as it is given.
        !matches!(
            self.hot.word.load(Ordering::Relaxed) & word::MODE,
            word::CLOSED | word::DISABLED
        )
    }

    /// Returns the address by which calls further in know the breaker, which lives as long as any
    /// of its calls.
    pub(super) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Takes the verdict on an admitted call where that changes nothing but a count; returns
    /// `false` where it may.
    #[inline]
    pub(super) fn succeed_at_once(&self, ticket: Ticket) -> bool {
        const CHEAP: u64 = word::MODE | word::TIMED | word::SATURATED | word::BYSTANDER;
        // Relaxed: the load only decides whether the lock is taken, and what happened before this
        // call is seen anyway.
        if ticket.word & CHEAP == word::SATURATED
            && self.hot.word.load(Ordering::Relaxed) == ticket.word
        {
            self.counters.add(Counted::Success);
            true
        } else {
            false
        }
    }

    /// Takes the verdict on an admitted call.
    pub(super) fn succeed(&self, ticket: Ticket) {
        if !self.succeed_at_once(ticket) {
            self.succeed_slow(ticket);
        }
    }

    #[inline(never)]
    fn succeed_slow(&self, ticket: Ticket) {
        if ticket.is_uncounted() {
            return;
        }
        let (mut now, mut slow) = (None, false);
        if ticket.is_timed() {
            now = Some(self.clock.now());
        }
        let left = self.leave(ticket);
        if let Some(end) = now {
            slow = self.is_slow(left.start, end);
            let changes_nothing =
                !slow && left.counted.is_none() && ticket.word & word::SATURATED != 0;
            let is_due = self.in_flight.get().is_some_and(|calls| calls.is_due(end));
            let word = ticket.word & !word::ENTERED;
            if changes_nothing && !is_due && self.hot.word.load(Ordering::Relaxed) == word {
                return self.counters.add(Counted::Success);
            }
        }
        loop {
            let mut locked = self.locked.lock();
            if locked.core.generation() != ticket.generation() {
                return;
            }
            // No clock is read under the lock: a clock can be a user's.
            if now.is_none() && !locked.core.is_success_timeless() {
                drop(locked);
                now = Some(self.clock.now());
                continue;
            }
            let at = now.unwrap_or(Tick::ZERO);
            if now.is_none() || self.is_current_locked(&mut locked, ticket, at) {
                self.counters.add(Counted::Success);
                let outcome = Outcome {
                    failure: false,
                    slow,
                    counted: left.counted,
                    started: left.start,
                    lent: ticket.is_lent(),
                };
                self.record_locked(&mut locked, ticket, at, outcome);
            }
            return self.finish(locked);
        }
    }

    /// Takes any verdict; `write_cause` writes the text of a failure. It runs outside of the lock.
    #[inline]
    pub(super) fn settle(
        &self,
        ticket: Ticket,
        verdict: Verdict,
        write_cause: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result,
    ) {
        match verdict {
            Verdict::Success => self.succeed(ticket),
            Verdict::Failure => self.fail_because(ticket, write_cause),
            Verdict::Answered => self.answer(ticket),
            Verdict::Ignored => self.ignore(ticket),
        }
    }

    #[cold]
    #[inline(never)]
    fn fail_because(
        &self,
        ticket: Ticket,
        write_cause: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result,
    ) {
        self.fail(ticket, CauseText::of(write_cause));
    }

    /// Counts a panic.
    #[cold]
    pub(super) fn fail_by_panic(&self, ticket: Ticket) {
        self.fail(
            ticket,
            CauseText::of(|out| out.write_str("the call panicked")),
        );
    }

    /// Takes the verdict that a call failed.
    #[cold]
    pub(super) fn fail(&self, ticket: Ticket, cause: CauseText) {
        if !ticket.is_uncounted() {
            self.fail_with(ticket, self.clock.now(), cause, None);
        }
    }

    /// Returns how many calls have succeeded, wrapped; two readings differ where one succeeded
    /// between them.
    pub(super) fn successes(&self) -> u32 {
        self.counters.sum(Counted::Success) as u32
    }

    /// Notes that a call was seen pending.
    #[cfg(feature = "async")]
    pub(super) fn note_pending(&self, ticket: &mut Ticket) {
        ticket.note_pending(|| self.clock.now(), || self.successes());
    }

    /// Returns the ticket of a call that may have been seen pending, fit for a verdict.
    #[cfg(feature = "async")]
    #[inline]
    pub(super) fn take_pending(&self, ticket: Ticket) -> (Ticket, Option<u32>) {
        // Relaxed: the holder of a ticket sees the generation that it got or a later one.
        ticket.take_pending(self.hot.word.load(Ordering::Relaxed))
    }

    /// Ends a call whose future was dropped; returns `true` if that counts as a failure.
    #[cfg(feature = "async")]
    #[cold]
    pub(super) fn drop_future(&self, ticket: Ticket, ended_by: EndedBy) -> bool {
        match self.take_pending(ticket) {
            (ticket, None) => {
                self.release(ticket);
                false
            }
            (ticket, Some(successes)) => {
                let in_flight = self.in_flight.get();
                let since = in_flight
                    .and_then(|calls| calls.start(ticket.cell()))
                    .unwrap_or(ticket.start());
                self.drop_pending(ticket, since, successes, ended_by)
            }
        }
    }

    /// Ends a call that was pending since a moment at which `successes` calls had succeeded;
    /// returns `true` if that counts as a failure.
    #[cold]
    pub(super) fn drop_pending(
        &self,
        ticket: Ticket,
        since: Tick,
        successes: u32,
        ended_by: EndedBy,
    ) -> bool {
        let now = self.clock.now();
        let elapsed = now.since(since);
        let abandoned = match ended_by {
            EndedBy::TimedOut => None,
            EndedBy::CutShort => {
                self.release(ticket);
                return false;
            }
            EndedBy::Caller => {
                let limit = self.read(|locked| locked.core.config().abandoned_after);
                // While others succeed the callee works: who left did so for reasons of his own.
                if elapsed < limit || self.successes() != successes {
                    self.release(ticket);
                    return false;
                }
                Some(elapsed)
            }
        };
        if !ticket.is_uncounted() {
            let verb = if abandoned.is_some() {
                "dropped"
            } else {
                "timed out"
            };
            let cause = CauseText::of(|out| {
                write!(out, "{verb} after it had been pending for {elapsed:.1?}")
            });
            self.fail_with(ticket, now, cause, abandoned);
        }
        true
    }

    fn fail_with(&self, ticket: Ticket, now: Tick, cause: CauseText, abandoned: Option<Duration>) {
        let left = self.leave(ticket);
        let slow = ticket.is_timed() && self.is_slow(left.start, now);
        let mut locked = self.locked.lock();
        if self.is_current_locked(&mut locked, ticket, now) {
            locked.totals.failure = locked.totals.failure.saturating_add(1);
            locked.last_failure = Some(LastFailure {
                at: Moment::Here(now),
                cause,
            });
            if let Some(elapsed) = abandoned {
                locked.totals.abandoned = locked.totals.abandoned.saturating_add(1);
                self.push_detail(
                    &mut locked,
                    Told::Abandoned {
                        generation: ticket.generation(),
                        elapsed,
                    },
                );
            }
            let outcome = Outcome {
                failure: true,
                slow,
                counted: left.counted,
                started: left.start,
                lent: ticket.is_lent(),
            };
            self.record_locked(&mut locked, ticket, now, outcome);
        }
        self.finish(locked);
    }

    /// Lets time pass, and tells whether a verdict on the call still means anything.
    fn is_current_locked(&self, locked: &mut Locked, ticket: Ticket, now: Tick) -> bool {
        if locked.core.generation() != ticket.generation() {
            return false;
        }
        let effects = locked.core.pass_time_at(now);
        self.take(locked, effects);
        if ticket.is_timed() && locked.core.generation() == ticket.generation() {
            // What has become slow before this call ended was slow before it.
            self.count_overdue(locked, now);
        }
        locked.core.generation() == ticket.generation()
    }

    /// Hands the outcome of a call of the present generation to the core.
    fn record_locked(&self, locked: &mut Locked, ticket: Ticket, now: Tick, outcome: Outcome) {
        if ticket.word & word::BYSTANDER != 0 {
            return;
        }
        if outcome.slow && outcome.counted.is_none() {
            locked.totals.slow = locked.totals.slow.saturating_add(1);
            let elapsed = now.since(outcome.started);
            self.push_detail(
                locked,
                Told::Slow {
                    generation: ticket.generation(),
                    elapsed,
                    pending: false,
                },
            );
        }
        self.give_back(locked, ticket);
        let effects = locked.core.record_at(now, ticket.generation(), outcome);
        self.take(locked, effects);
    }

    /// Puts what is no change of state in the outbox where somebody listens; else nothing is kept
    /// for nobody.
    fn push_detail(&self, locked: &mut Locked, told: Told) {
        if self.observers.are_listening(LevelFilter::DEBUG) {
            locked.push(told);
        }
    }

    /// Takes a call out of the running ones; returns its start, and the entry under which it was
    /// counted as slow while it ran.
    fn leave(&self, ticket: Ticket) -> Left {
        let left = self
            .in_flight
            .get()
            .and_then(|calls| calls.leave(ticket.cell()));
        left.unwrap_or_else(|| Left {
            start: ticket.start(),
            counted: None,
        })
    }

    /// Returns the entry under which a running call was counted.
    #[cfg(all(test, not(loom)))]
    pub(super) fn counted_entry(&self, ticket: Ticket) -> Option<u64> {
        self.in_flight
            .get()?
            .entry(ticket.cell())
            .map(|entry| entry.0)
    }

    fn is_slow(&self, start: Tick, now: Tick) -> bool {
        // Relaxed: a limit that is being changed may be the old one or the new one.
        let elapsed = now.as_nanos().saturating_sub(start.as_nanos());
        elapsed > self.hot.slow_above.load(Ordering::Relaxed)
    }

    /// Takes the verdict that a call shows nothing.
    pub(super) fn ignore(&self, ticket: Ticket) {
        self.end_uncounted(ticket, false, true);
    }

    /// Takes the verdict that the callee answered by a permanent error.
    pub(super) fn answer(&self, ticket: Ticket) {
        self.end_uncounted(ticket, true, true);
    }

    /// Takes a call back as if it had never been.
    pub(super) fn release(&self, ticket: Ticket) {
        self.end_uncounted(ticket, false, false);
    }

    /// Ends a call that neither succeeded nor failed.
    fn end_uncounted(&self, ticket: Ticket, answered: bool, ignored: bool) {
        if ticket.is_uncounted() {
            return;
        }
        let started = self.leave(ticket).start;
        let is_current = if ticket.is_probe() {
            let now = self.clock.now();
            self.step(|locked| {
                self.give_back(locked, ticket);
                locked.core.release_at(
                    now,
                    ticket.generation(),
                    started,
                    ticket.is_lent(),
                    answered,
                )
            })
        } else {
            word::generation(self.hot.word.load(Ordering::Relaxed)) == ticket.generation()
        };
        if is_current && ignored {
            self.counters.add(Counted::Ignored);
        }
    }

    /// Reads what the lock guards.
    pub(super) fn read<R>(&self, look: impl FnOnce(&Locked) -> R) -> R {
        look(&self.locked.lock())
    }

    /// Changes the state under the lock, and tells of it after.
    pub(super) fn step<R>(&self, change: impl FnOnce(&mut Locked) -> (R, Effects)) -> R {
        let mut locked = self.locked.lock();
        let (result, effects) = change(&mut locked);
        self.take(&mut locked, effects);
        self.finish(locked);
        result
    }

    fn take(&self, locked: &mut Locked, effects: Effects) {
        if effects != Effects::default() {
            // The count is needed where an opening goes on or ends.
            let rejected = if effects.iter().any(|change| is_open(change.from)) {
                self.rejected()
            } else {
                0
            };
            locked.take(effects, rejected);
        }
    }

    /// Returns how many calls were rejected in this life.
    pub(super) fn rejected(&self) -> u64 {
        self.counters.sum(Counted::Rejected)
    }

    /// Returns the identity of the opening that explains the rejections of a generation.
    pub(super) fn opening(&self, generation: u64) -> Option<ErrorId> {
        let opening = self.read(|locked| locked.opening_in(generation));
        // A fresh identity reads a clock and a generator: outside of the lock.
        opening.map(|opening| opening.id())
    }

    /// Tells of something that changed no state.
    pub(super) fn tell(&self, what: impl FnOnce(&Locked) -> Told) {
        let mut locked = self.locked.lock();
        let told = what(&locked);
        locked.push(told);
        self.finish(locked);
    }

    /// Publishes the state, lets go of the lock, and tells what is to be told.
    fn finish(&self, mut locked: MutexGuard<'_, Locked>) {
        self.publish(&locked.core);
        if locked.outbox.is_empty() || locked.telling {
            return;
        }
        locked.telling = true;
        drop(locked);
        self.empty_outbox();
    }

    fn publish(&self, core: &Core) {
        if let Phase::Open { until } = core.phase() {
            // Relaxed: the Release below orders it before the word.
            self.hot
                .open_until
                .store(until.as_nanos(), Ordering::Relaxed);
            // Release pairs with the Acquire in `admit_slow`.
            self.hot
                .open_since
                .store(core.since().as_nanos(), Ordering::Release);
        }
        let slow = slow_above(core);
        // Lines that nobody changes stay shared: each store is made only where it says something
        // new.
        if self.hot.slow_above.load(Ordering::Relaxed) != slow {
            self.hot.slow_above.store(slow, Ordering::Relaxed);
            // Another limit: the running calls become slow at another time.
            self.in_flight
                .get()
                .into_iter()
                .for_each(InFlight::look_soon);
        }
        let word = word::of(core);
        if self.hot.word.load(Ordering::Relaxed) != word {
            // Release pairs with the Acquire in `admit`.
            self.hot.word.store(word, Ordering::Release);
        }
    }

    /// Tells what is in the outbox, one after another, until it is empty. Only one thread does so
    /// at a time; what others, or the observers themselves, cause meanwhile is put in behind.
    #[cold]
    fn empty_outbox(&self) {
        /// Lets the next one tell should this one panic, as a log subscriber can make it.
        struct Telling<'a>(&'a Shared);
        impl Drop for Telling<'_> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    self.0.locked.lock().telling = false;
                }
            }
        }
        let _telling = Telling(self);
        loop {
            let mut locked = self.locked.lock();
            let Some(told) = locked.outbox.pop_front() else {
                locked.telling = false;
                return;
            };
            let shadow = locked.core.config().shadow;
            drop(locked);
            self.observers.tell(&self.name, shadow, &told);
        }
    }
}

fn slow_above(core: &Core) -> u64 {
    core.config().slow_call.map_or(u64::MAX, saturating_nanos)
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.hot.word.load(Ordering::Relaxed);
        f.debug_struct("Shared")
            .field("name", &redact::name(&self.name))
            .field("generation", &word::generation(word))
            .finish()
    }
}
