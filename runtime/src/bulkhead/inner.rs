//! What all handles of a bulkhead share: admits calls, lets them wait, and takes their slots back.

use super::{
    adaptive::Adaptive,
    admission::Admission,
    config::BulkheadConfig,
    kept::Kept,
    queue::{Place, Queue, Removed},
    reading::{Moves, Tallies},
    state_word::StateWord,
};
use crate::{
    error::{ErrorCode, Lasting, Policy, Rejection, Rejector, RetryAfter},
    keyed::KeyedName,
    per_thread::{Counters, LazyDurations, SharedDurations},
    revised::Revised,
    sync::{AtomicU64, Mutex, MutexGuard, Ordering},
    time::{SharedClock, saturating_nanos},
};
use std::{sync::Arc, task::Waker, time::Duration};

/// The contents of a [`Bulkhead`](super::Bulkhead).
#[derive(Debug)]
pub(crate) struct Inner {
    pub(super) name: KeyedName,
    pub(super) lasting: Lasting<Inner>,
    pub(super) config: Revised<BulkheadConfig>,
    pub(super) clock: SharedClock,
    pub(super) adaptive: Adaptive,
    pub(super) word: OwnLine<AtomicU64>,
    pub(super) kept: Kept,
    pub(super) locked: Mutex<Locked>,
    pub(super) tallies: Tallies,
    pub(super) moves: Moves,
    /// How long calls have waited.
    pub(super) waits: SharedDurations,
    /// How long slots were held, of calls that were timed.
    pub(super) calls: LazyDurations,
    /// By [`Reason`].
    rejected: Counters<3>,
    /// The longest time that a call has waited, in nanoseconds.
    longest_wait: AtomicU64,
}

/// Keeps a value that many threads write on a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct OwnLine<T>(pub(super) T);

/// What only calls that wait, and changes of the limit, need.
#[derive(Debug)]
pub(super) struct Locked {
    pub(super) queue: Queue<Waker>,
}

/// Why a call was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// All slots are taken, and the call may not wait.
    Full,
    /// All places in the queue are taken too.
    QueueFull,
    /// The call waited, and no slot became free in time.
    TimedOut,
}

/// The answer to a call that may wait.
#[derive(Debug)]
pub(super) enum Entered {
    Admitted,
    Queued(Place),
    Rejected(Reason),
}

impl Inner {
    pub(super) fn new(name: KeyedName, config: BulkheadConfig, clock: SharedClock) -> Self {
        let adaptive = Adaptive::new(&config);
        Self {
            name,
            lasting: Lasting::default(),
            word: OwnLine(AtomicU64::new(StateWord::new(config.max_concurrent).0)),
            kept: Kept::new(),
            config: Revised::new(config),
            clock,
            adaptive,
            locked: Mutex::new(Locked {
                queue: Queue::new(),
            }),
            rejected: Counters::default(),
            tallies: Tallies::default(),
            moves: Moves::default(),
            waits: SharedDurations::default(),
            calls: LazyDurations::default(),
            longest_wait: AtomicU64::new(0),
        }
    }

    /// Returns the clock of the builder, or else that of the caller's test scope.
    pub(super) fn clock(&self) -> SharedClock {
        self.clock.or_current()
    }

    /// Takes a free slot, unless others wait for one.
    #[inline]
    pub(super) fn try_enter(&self) -> bool {
        let word = self.raw_word();
        let Some(next) = word.admit_unmarked() else {
            return word.is_keeping() && self.enter_keeping();
        };
        match self.exchange(word, next) {
            Ok(()) => true,
            Err(actual) => self.enter_contended(actual, word != actual),
        }
    }

    /// Admits a call by the word, unless that has changed.
    #[inline]
    pub(super) fn exchange(&self, from: StateWord, next: StateWord) -> Result<(), StateWord> {
        // Acquire pairs with the Release in `leave` and `collect`: a call sees what those wrote whose
        // slots it takes over.
        let word = &self.word.0;
        let exchanged =
            word.compare_exchange_weak(from.0, next.0, Ordering::Acquire, Ordering::Relaxed);
        if exchanged.is_ok() && next.has_many_admitted() {
            self.move_admitted();
        }
        exchanged.map(drop).map_err(StateWord)
    }

    /// Gives a slot back, to the first of those that wait.
    #[inline]
    pub(super) fn leave(&self) {
        // Relaxed: a thread that keeps its slot reads it again.
        let word = self.raw_word();
        if word.is_keeping() && self.keep(word) {
            return;
        }
        // Release pairs with the Acquire of whoever takes the slot over.
        let before = self
            .word
            .0
            .fetch_sub(StateWord::ONE_IN_FLIGHT, Ordering::Release);
        if StateWord(before).is_waiting() {
            self.hand_on();
        }
    }

    /// Gives the slot of a call back, and counts how long it was held, if it is timed.
    #[inline]
    pub(super) fn release(&self, admission: Admission) {
        // First: the clock and the allocator may panic.
        self.leave();
        if admission.is_timed() {
            self.note_call(admission);
        }
    }

    #[inline(never)]
    fn note_call(&self, admission: Admission) {
        self.calls.record(admission.held_at(self.clock().now()));
    }

    /// Takes a free slot, or else a place in the queue. The fast path has failed already.
    pub(super) fn enter_or_queue(&self, waker: Waker) -> Entered {
        let mut locked = self.locked.lock();
        // Whoever waits is in the queue and in the word, both or neither: changes of either are made
        // under the lock. So where the flag is set, every release comes through the lock.
        loop {
            let word = self.raw_word();
            let (next, is_admitted) = match word.admit() {
                Some(next) => (next, true),
                None if word.is_keeping() => {
                    if self.collect(&mut locked, true) {
                        return Entered::Admitted;
                    }
                    continue;
                }
                None if word.limit() == 0 => return Entered::Rejected(Reason::Full),
                None if locked.queue.waiting() >= self.config.get().max_queue => {
                    return Entered::Rejected(if self.config.get().max_queue == 0 {
                        Reason::Full
                    } else {
                        Reason::QueueFull
                    });
                }
                None => (word.with_waiting(), false),
            };
            // It fails where a slot was given back since the word was read: that release may not have
            // seen the flag, and so looks for nobody.
            if self.exchange_locked(word, next) {
                return if is_admitted {
                    Entered::Admitted
                } else {
                    let place = locked.queue.push(waker);
                    self.tallies.set_waiting(locked.queue.waiting());
                    Entered::Queued(place)
                };
            }
        }
    }

    /// Changes the word under the lock, unless it has changed. Acquire as in `exchange`.
    pub(super) fn exchange_locked(&self, word: StateWord, next: StateWord) -> bool {
        self.word
            .0
            .compare_exchange(word.0, next.0, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Grants free slots to those that wait, first come, first served, and wakes them.
    #[cold]
    pub(super) fn hand_on(&self) {
        let mut is_done = false;
        while !is_done {
            let granted = {
                let mut locked = self.locked.lock();
                let granted = self.grant_one(&mut locked);
                let word = self.raw_word();
                is_done = !word.is_waiting() || !word.has_free_slot();
                granted
            };
            // Woken without the lock: a waker runs foreign code. One that panics must not keep the
            // others from being woken.
            if let Some(waker) = granted {
                let _ = crate::panics::catch(|| waker.wake());
            }
        }
    }

    fn grant_one(&self, locked: &mut Locked) -> Option<Waker> {
        if locked.queue.waiting() == 0 {
            return None;
        }
        let is_last = locked.queue.waiting() == 1;
        // Acquire as in `try_enter`; the waiter sees it through the lock. Relaxed for reading: the
        // exchange decides.
        self.word
            .0
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |word| {
                Some(StateWord(word).grant(is_last)?.0)
            })
            .ok()?;
        let granted = locked.queue.grant_first();
        self.tallies.set_waiting(locked.queue.waiting());
        granted
    }

    /// Calls `change` with the waker of a waiter; returns `None`, and takes the slot, if one was
    /// granted to it.
    pub(super) fn with_waker<R>(
        &self,
        place: Place,
        change: impl FnOnce(&mut Waker) -> R,
    ) -> Option<R> {
        let mut locked = self.locked.lock();
        match locked.queue.waker_mut(place) {
            Some(waker) => Some(change(waker)),
            None => {
                locked.queue.remove(place);
                self.tallies.add_admitted(1);
                None
            }
        }
    }

    /// Ends a wait: returns `true` if a slot was granted before, which the caller has now.
    pub(super) fn stop_waiting(&self, place: Place) -> bool {
        let waker = match self.remove(&mut self.locked.lock(), place) {
            Removed::Waiting(waker) => waker,
            Removed::Granted => {
                self.tallies.add_admitted(1);
                return true;
            }
        };
        drop(waker);
        false
    }

    /// Ends a wait whose call was dropped.
    #[cold]
    pub(super) fn cancel(&self, place: Place) {
        let removed = {
            let mut locked = self.locked.lock();
            let removed = self.remove(&mut locked, place);
            self.tallies.add_cancelled();
            removed
        };
        if let Removed::Granted = removed {
            self.leave();
        }
    }

    fn remove(&self, locked: &mut MutexGuard<'_, Locked>, place: Place) -> Removed<Waker> {
        let removed = locked.queue.remove(place);
        self.tallies.set_waiting(locked.queue.waiting());
        if matches!(removed, Removed::Waiting(_)) && locked.queue.waiting() == 0 {
            // Relaxed: releases that still see the flag find the queue empty, under the lock.
            self.word
                .0
                .fetch_and(!StateWord::WAITING, Ordering::Relaxed);
        }
        removed
    }

    /// Changes the limit. Slots that become free at once are granted to those that wait; too many
    /// running calls go on.
    pub(super) fn set_limit(&self, limit: u32) {
        let mut locked = self.locked.lock();
        self.set_limit_locked(&mut locked, limit);
        drop(locked);
        self.hand_on();
    }

    pub(super) fn set_limit_locked(&self, locked: &mut MutexGuard<'_, Locked>, limit: u32) {
        // A kept slot is one of the former limit.
        self.settle(locked);
        let change = |word| Some(StateWord(word).with_limit(limit).0);
        // Release pairs with the Acquire in `try_enter`: who is admitted under the new limit sees
        // the round that began before it.
        let changed = self
            .word
            .0
            .fetch_update(Ordering::Release, Ordering::Relaxed, change);
        debug_assert!(changed.is_ok(), "the update never declines");
    }

    /// Moves the number of admitted calls from the word, before it overflows there.
    #[cold]
    #[inline(never)]
    fn move_admitted(&self) {
        let _locked = self.locked.lock();
        // Release pairs with the Acquire in `admitted_in_word`: whoever reads the word of this move sees
        // that the one before it was noted. Not moved where another thread did it meanwhile.
        let moved = self
            .word
            .0
            .fetch_update(Ordering::Release, Ordering::Relaxed, |word| {
                let word = StateWord(word);
                word.has_many_admitted().then(|| word.without_many().0)
            });
        if moved.is_ok() {
            self.moves.add_locked();
        }
    }

    /// Calls `read` with the state, and the number of calls that were admitted.
    pub(super) fn read<R>(&self, read: impl FnOnce(StateWord, u64, &Locked) -> R) -> R {
        let mut locked = self.locked.lock();
        let word = self.settle(&mut locked);
        read(word, self.admitted(), &locked)
    }

    /// Returns the state at this moment, without kept slots.
    pub(super) fn word(&self) -> StateWord {
        let word = self.raw_word();
        if word.is_keeping() {
            self.settle(&mut self.locked.lock())
        } else {
            word
        }
    }

    /// Returns the state at this moment, in which kept slots count as taken.
    #[inline]
    pub(super) fn raw_word(&self) -> StateWord {
        // Relaxed: nothing else is read by it, and exchanges decide.
        StateWord(self.word.0.load(Ordering::Relaxed))
    }

    /// Notes how long a call has waited. Relaxed: nothing is decided by it.
    pub(super) fn note_wait(&self, waited: Duration) {
        let nanos = saturating_nanos(waited);
        self.longest_wait.fetch_max(nanos, Ordering::Relaxed);
        self.waits.record(nanos);
    }

    pub(super) fn longest_wait(&self) -> Duration {
        Duration::from_nanos(self.longest_wait.load(Ordering::Relaxed))
    }

    pub(super) fn rejected(&self, reason: Reason) -> u64 {
        self.rejected.sum(reason as usize)
    }

    /// Counts a rejected call and makes its rejection.
    #[cold]
    pub(super) fn reject(self: &Arc<Self>, reason: Reason) -> Rejection {
        self.rejected.add(reason as usize);
        let kind = (Policy::Bulkhead, ErrorCode::CONCURRENCY_LIMIT_ERROR);
        self.lasting
            .reject(self, kind, reason as u64, RetryAfter::NONE, |it| it)
    }

    /// Counts as many calls as are left until the next move from the word, but one.
    #[cfg(all(test, not(loom)))]
    pub(super) fn skip_to_move(&self) {
        let _ = self
            .word
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
                let word = StateWord(word);
                let before = StateWord::MANY - 1;
                (word.admitted() < before).then(|| word.with_admitted(before).0)
            });
    }

    #[cfg(test)]
    pub(super) fn set_admitted_in_word(&self, admitted: u64) {
        let word = self.word().with_admitted(admitted);
        self.word.0.store(word.0, Ordering::Relaxed);
    }
}

impl Rejector for Inner {
    fn name(&self) -> &str {
        &self.name
    }

    /// The generation of a bulkhead's rejection is its reason.
    fn cause(&self, generation: u64) -> Option<String> {
        let is = |reason| reason as u64 == generation;
        let limit = self.word().limit();
        let wait = self.config.get().max_wait;
        if is(Reason::Full) {
            Some(format!("all slots ({limit}) are taken"))
        } else if is(Reason::QueueFull) {
            let waiting = self.config.get().max_queue;
            Some(format!(
                "all slots ({limit}) and all places in the queue ({waiting}) are taken"
            ))
        } else if is(Reason::TimedOut) {
            Some(format!(
                "all slots ({limit}) are taken, and none became free within {wait:?} or the time left"
            ))
        } else {
            None
        }
    }
}
