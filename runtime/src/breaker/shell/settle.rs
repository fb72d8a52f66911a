//! Outcomes of admitted calls.

use super::Shell;
use crate::{
    breaker::{
        admission::Admission,
        cause::CauseText,
        counters::Counter,
        event_queue::QueuedKind,
        in_flight::EndedCall,
        locked::{LastFailure, Locked, Moment, TEXT_LASTS},
        opening::is_open,
        rows,
        state::Outcome,
        state_word::StateWord,
    },
    call::DropReason,
    classify::Verdict,
    time::Tick,
};
use std::{fmt, time::Duration};

impl Shell {
    /// Records a success that changes nothing but a count; returns `false` for any other, which is
    /// not recorded yet.
    #[inline]
    pub(in crate::breaker) fn succeed_at_once(&self, admission: Admission) -> bool {
        // Relaxed: the load only decides whether the lock is taken, and what happened before this
        // call is seen anyway.
        let word = admission.word();
        if word.is_closed_without_window() && self.published.word_relaxed() == word {
            self.counters.add(Counter::Success);
            true
        } else {
            false
        }
    }

    /// Records a success.
    #[inline]
    pub(in crate::breaker) fn succeed(&self, admission: Admission) {
        let word = admission.word();
        let is_counted = self.is_quiet(word)
            && !word.is_timed()
            && (self.published.is_always_quiet() || self.published.is_quiet_at(self.now_in(word)));
        if is_counted {
            self.counters.add(Counter::Success);
        } else {
            self.succeed_slow(admission, false);
        }
    }

    /// Records the success of a call that took longer than the time limit inside: it is slow,
    /// however long a slow call is.
    #[cold]
    pub(in crate::breaker) fn succeed_late(&self, admission: Admission) {
        self.succeed_slow(admission, true);
    }

    /// Returns `true` if the state has not changed since an admission, and a quick success decides
    /// nothing in the published stretch of time.
    #[inline]
    fn is_quiet(&self, word: StateWord) -> bool {
        // Relaxed: as in `succeed_at_once`.
        word.is_quiet() && self.published.word_relaxed() == word.left()
    }

    #[inline(never)]
    fn succeed_slow(&self, admission: Admission, is_late: bool) {
        if admission.is_uncounted() {
            return;
        }
        let now = self.now_in(admission.word());
        let ended = self.leave(admission);
        let slow = admission.is_timed() && (is_late || self.published.is_slow(ended.start, now));
        self.note_duration(admission, ended.start, now);
        if !slow
            && ended.counted().is_none()
            && self.is_quiet(admission.word())
            && self.published.is_quiet_at(now)
            && !self.in_flight.get().is_some_and(|calls| calls.is_due(now))
        {
            return self.counters.add(Counter::Success);
        }
        let mut locked = self.lock();
        if locked.machine.generation() != admission.generation() {
            return;
        }
        if self.is_current_locked(&mut locked, admission, now) {
            // The machine takes it here, with what only this call knows.
            self.counters.add(Counter::Success);
            locked.taken_successes = locked.taken_successes.wrapping_add(1);
            self.record_locked(&mut locked, admission, now, ended, false, slow);
        }
        self.finish(locked);
    }

    /// Records any verdict; `write_cause` writes the text of a failure, outside of the lock.
    #[inline]
    pub(in crate::breaker) fn settle(
        &self,
        admission: Admission,
        verdict: Verdict,
        write_cause: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result,
    ) {
        match verdict {
            Verdict::Success => self.succeed(admission),
            Verdict::Failure => self.fail_because(admission, write_cause),
            Verdict::Answered => self.answer(admission),
            Verdict::Ignored => self.ignore(admission),
        }
    }

    #[cold]
    #[inline(never)]
    fn fail_because(
        &self,
        admission: Admission,
        write_cause: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result,
    ) {
        if admission.is_uncounted() {
            return;
        }
        if self.fail_at_once(admission) {
            return;
        }
        let now = self.now_in(admission.word());
        if !self.fail_without_text(admission, now) {
            self.fail_with(admission, now, CauseText::of(write_cause), None);
        }
    }

    /// Notes a failure that opens nothing by far; returns `false` for any other, which is not recorded
    /// yet.
    #[inline]
    pub(in crate::breaker) fn fail_at_once(&self, admission: Admission) -> bool {
        let word = admission.word();
        // Relaxed: as in `succeed_at_once`.
        if !word.is_closed_without_window() || self.published.word_relaxed() != word {
            return false;
        }
        self.rows.get().is_some_and(|rows| {
            let successes = || self.counters.sum(Counter::Success);
            rows.note(self.now_in(word), word.generation(), TEXT_LASTS, successes)
        })
    }

    /// Hands this thread an allowance of failures that take no lock, where the threshold is far.
    fn allow_failures(&self, locked: &Locked) {
        let missing = locked.machine.missing().unwrap_or_default();
        let rows = if missing >= rows::FEW {
            Some(self.rows.get_or_init(Box::default))
        } else {
            self.rows.get()
        };
        if let (Some(rows), Some(last)) = (rows, &locked.last_failure) {
            rows.write_text_at(last.written);
            rows.allow(missing);
        }
    }

    /// Records a failure whose text nobody would read; returns `false` where it is needed, and
    /// records nothing then.
    ///
    /// An outage makes many failures of one text: only that of the failure which opens the circuit
    /// matters, and one in a second for those who look on.
    fn fail_without_text(&self, admission: Admission, now: Tick) -> bool {
        let word = admission.word();
        if !word.is_plainly_closed() || word.is_bystander() {
            return false;
        }
        let mut locked = self.lock();
        if locked.machine.generation() != admission.generation() {
            return true;
        }
        if !locked.has_fresh_text_at(now) || locked.machine.may_open_by_failure_at(now) {
            return false;
        }
        if let Some(last) = &mut locked.last_failure {
            last.at = Moment::Here(now);
        }
        self.totals.failure.add_locked();
        let ended = EndedCall::not_entered(admission.start());
        self.record_locked(&mut locked, admission, now, ended, true, false);
        self.allow_failures(&locked);
        self.finish(locked);
        true
    }

    /// Records a panic as a failure.
    #[cold]
    pub(in crate::breaker) fn fail_by_panic(&self, admission: Admission) {
        self.fail(
            admission,
            CauseText::of(|out| out.write_str("the call panicked")),
        );
    }

    /// Records a failure.
    #[cold]
    pub(in crate::breaker) fn fail(&self, admission: Admission, cause: CauseText) {
        if !admission.is_uncounted() {
            self.fail_with(admission, self.now_in(admission.word()), cause, None);
        }
    }

    /// Returns how many calls have succeeded, wrapped; two readings differ where one succeeded
    /// between them.
    fn successes(&self) -> u32 {
        self.counters.sum(Counter::Success) as u32
    }

    /// As `successes`, for a call that waits from `read` on. By the coarse reading, a success of
    /// another thread may count as one after it that ended up to a step before.
    #[inline]
    pub(in crate::breaker) fn successes_from(&self, admission: Admission, read: Tick) -> u32 {
        if self.clock.may_lag(admission.word().is_coarse()) {
            self.counters.successes_in(read) as u32
        } else {
            self.successes()
        }
    }

    /// Notes that a call was seen pending.
    #[cfg(feature = "async")]
    pub(in crate::breaker) fn note_pending(&self, admission: &mut Admission) {
        let found = *admission;
        let read = || self.now_in(found.word());
        admission.note_pending(
            || self.clock.not_behind(read(), found.word().is_coarse()),
            || self.successes_from(found, read()),
        );
    }

    /// Returns the admission of a call that may have been seen pending, without the note of it.
    #[cfg(feature = "async")]
    #[inline]
    pub(in crate::breaker) fn take_pending(
        &self,
        admission: Admission,
    ) -> (Admission, Option<u32>) {
        // Relaxed: the holder of an admission sees the generation that it got or a later one.
        admission.take_pending(self.published.word_relaxed())
    }

    /// Ends a call whose future was dropped; returns `true` if that counts as a failure.
    #[cfg(feature = "async")]
    #[cold]
    pub(in crate::breaker) fn drop_future(
        &self,
        admission: Admission,
        drop_reason: DropReason,
    ) -> bool {
        match self.take_pending(admission) {
            (admission, None) => {
                self.release(admission);
                false
            }
            (admission, Some(successes)) => {
                let in_flight = self.in_flight.get();
                let since = in_flight
                    .and_then(|calls| calls.start(admission.cell()))
                    .unwrap_or(admission.start());
                self.drop_pending(admission, since, successes, drop_reason)
            }
        }
    }

    /// Ends a call that was pending since a moment at which `successes` calls had succeeded;
    /// returns `true` if that counts as a failure.
    #[cold]
    pub(in crate::breaker) fn drop_pending(
        &self,
        admission: Admission,
        since: Tick,
        successes: u32,
        drop_reason: DropReason,
    ) -> bool {
        let now = self.clock.now();
        let elapsed = now.since(since);
        let abandoned = match drop_reason {
            DropReason::TimedOut => None,
            DropReason::CutShort | DropReason::Superseded => {
                self.release(admission);
                return false;
            }
            DropReason::Caller => {
                let limit = self.read(|locked| locked.machine.config().abandoned_after);
                // While other calls succeed the callee works: the caller left for its own reasons.
                if elapsed < limit || self.successes() != successes {
                    self.release(admission);
                    return false;
                }
                Some(elapsed)
            }
        };
        if !admission.is_uncounted() {
            let verb = if abandoned.is_some() {
                "dropped"
            } else {
                "timed out"
            };
            let cause = CauseText::of(|out| {
                write!(out, "{verb} after it had been pending for {elapsed:.1?}")
            });
            self.fail_with(admission, now, cause, abandoned);
        }
        true
    }

    fn fail_with(
        &self,
        admission: Admission,
        now: Tick,
        cause: CauseText,
        abandoned: Option<Duration>,
    ) {
        let ended = self.leave(admission);
        let slow = admission.is_timed() && self.published.is_slow(ended.start, now);
        self.note_duration(admission, ended.start, now);
        let mut locked = self.lock();
        if self.is_current_locked(&mut locked, admission, now) {
            self.totals.failure.add_locked();
            locked.last_failure = Some(LastFailure {
                at: Moment::Here(now),
                cause,
                written: now,
            });
            if let Some(elapsed) = abandoned {
                self.totals.abandoned.add_locked();
                self.emit_locked(&mut locked, QueuedKind::Abandoned { elapsed });
            }
            self.record_locked(&mut locked, admission, now, ended, true, slow);
            self.allow_failures(&locked);
        }
        self.finish(locked);
    }

    /// Applies the changes of time; returns `true` if the call is still of the present generation.
    fn is_current_locked(&self, locked: &mut Locked, admission: Admission, now: Tick) -> bool {
        if locked.machine.generation() != admission.generation() {
            return false;
        }
        let effects = locked.machine.pass_time_at(now);
        self.apply_locked(locked, effects);
        if admission.is_timed() && locked.machine.generation() == admission.generation() {
            // Calls that became slow before this one ended count before it.
            self.count_overdue(locked, now);
        }
        locked.machine.generation() == admission.generation()
    }

    /// Records the outcome of a call of the present generation in the machine.
    fn record_locked(
        &self,
        locked: &mut Locked,
        admission: Admission,
        now: Tick,
        ended: EndedCall,
        failure: bool,
        slow: bool,
    ) {
        if admission.word().is_bystander() {
            return;
        }
        if slow && ended.counted().is_none() {
            self.totals.slow.add_locked();
            let (elapsed, pending) = (now.since(ended.start), false);
            self.emit_locked(locked, QueuedKind::Slow { elapsed, pending });
        }
        let outcome = Outcome {
            failure,
            slow,
            counted: ended.counted(),
            started: ended.start,
            lent: admission.is_lent(),
        };
        self.give_back(locked, admission);
        let effects = locked
            .machine
            .record_at(now, admission.generation(), outcome);
        if admission.word().is_coarse() && effects.iter().any(|change| is_open(change.to)) {
            // What lags may begin an open time early, and it would end early. Of two readings the
            // precise one is the system's, which may be read under the lock.
            locked.machine.begin_open_at(self.clock.precise(now, true));
        }
        self.apply_locked(locked, effects);
    }

    /// Removes a call from the running ones; returns its start, and the entry under which it was
    /// counted as slow while it ran.
    fn leave(&self, admission: Admission) -> EndedCall {
        match self.in_flight.get() {
            Some(calls) => calls.leave(admission.cell(), admission.start()),
            None => EndedCall::not_entered(admission.start()),
        }
    }

    /// Returns the entry under which a running call was counted.
    #[cfg(all(test, not(loom)))]
    pub(in crate::breaker) fn counted_entry(&self, admission: Admission) -> Option<u64> {
        self.in_flight
            .get()?
            .entry(admission.cell())
            .map(|entry| entry.0)
    }

    /// Records an outcome that shows nothing about the callee.
    pub(in crate::breaker) fn ignore(&self, admission: Admission) {
        self.end_uncounted(admission, false, true);
    }

    /// Records a permanent error: the callee answered.
    pub(in crate::breaker) fn answer(&self, admission: Admission) {
        self.end_uncounted(admission, true, true);
    }

    /// Takes the admission back as if the call had never been made.
    pub(in crate::breaker) fn release(&self, admission: Admission) {
        self.end_uncounted(admission, false, false);
    }

    /// Ends a call that neither succeeded nor failed.
    fn end_uncounted(&self, admission: Admission, answered: bool, ignored: bool) {
        if admission.is_uncounted() {
            return;
        }
        let started = self.leave(admission).start;
        let is_current = if admission.is_probe() {
            let now = self.clock.now();
            self.step(|locked| {
                self.give_back(locked, admission);
                locked.machine.release_at(
                    now,
                    admission.generation(),
                    started,
                    admission.is_lent(),
                    answered,
                )
            })
        } else {
            self.published.word_relaxed().generation() == admission.generation()
        };
        if is_current && ignored {
            self.counters.add(Counter::Ignored);
        }
    }
}
