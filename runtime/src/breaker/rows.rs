//! Failures in a row that threads count on their own, far from the threshold.
//!
//! A breaker without a window opens by failures in a row alone. Where many more are missing than
//! there are threads, the lock hands the calling thread an allowance of failures that surely leave
//! the circuit closed. The thread notes each in a row of its own, with the generation and the number
//! of successes that it saw: only rows that saw all successes are part of the present one. An
//! allowance ends when it is used up, or when the lock revokes all of them.
//!
//! None is ever counted early. A failure that reads its allowance before a revocation and is noted after
//! it is found a call late, one for each thread where a write is seen as soon as it is made, as caches
//! that are coherent do; the memory model alone promises it for a call that synchronizes with them.

use crate::{
    per_thread::PerThread,
    sync::{AtomicU64, Ordering},
    time::Tick,
};
use std::time::Duration;

/// Where fewer failures are missing, a row is counted under the lock alone: each call decides.
pub(super) const FEW: u64 = if cfg!(loom) { 2 } else { 16 };
/// A thread gets this part of what is missing, so that something is left for others.
const PARTS: u64 = if cfg!(loom) { 1 } else { 4 };

/// The rows of one breaker.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Rows {
    /// The allowances of this number hold; those of others are revoked. Written under the lock.
    epoch: AtomicU64,
    /// When the text of the latest failure was written, plus one nanosecond; zero where there is none.
    /// Written under the lock.
    text_written: AtomicU64,
    threads: PerThread<Row>,
}

/// The failures of one thread, which alone writes them.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Row {
    /// All failures.
    failures: AtomicU64,
    /// When the latest one was, plus one nanosecond.
    latest: AtomicU64,
    /// The generation of the row.
    generation: AtomicU64,
    /// How many calls had succeeded before each failure of the row.
    successes: AtomicU64,
    /// How many failures the row has.
    length: AtomicU64,
    /// How many more failures are allowed, below the number of the epoch in the upper half.
    allowance: AtomicU64,
}

const LEFT: u64 = u32::MAX as u64;

impl Default for Rows {
    fn default() -> Self {
        Self {
            epoch: AtomicU64::new(0),
            text_written: AtomicU64::new(0),
            threads: PerThread::lazy(),
        }
    }
}

impl Rows {
    /// Notes a failure of a state, before which `successes` calls succeeded; returns `false` where
    /// this thread has no allowance left, or a text is due: nothing is noted then.
    #[inline]
    pub(super) fn note(
        &self,
        now: Tick,
        generation: u64,
        text_lasts: Duration,
        successes: impl FnOnce() -> u64,
    ) -> bool {
        let Some(row) = self.threads.mine(Row::default) else {
            return false;
        };
        // Acquire pairs with the Release in `revoke`: what revoked is seen with it.
        let epoch = self.epoch.load(Ordering::Acquire);
        let allowance = row.allowance.load(Ordering::Relaxed);
        let (nanos, written) = (now.as_nanos(), self.text_written.load(Ordering::Relaxed));
        let is_text_due =
            nanos.wrapping_sub(written.wrapping_sub(1)) >= text_lasts.as_nanos() as u64;
        if allowance >> 32 != epoch || allowance & LEFT == 0 || is_text_due || written == 0 {
            return false;
        }
        let successes = successes();
        let is_same = row.generation.load(Ordering::Relaxed) == generation
            && row.successes.load(Ordering::Relaxed) == successes;
        let mut length = row.length.load(Ordering::Relaxed);
        if !is_same {
            // A reader that sees what a row begins with sees no length of the one before it:
            // Release pairs with the Acquire in `in_a_row`.
            row.length.store(0, Ordering::Relaxed);
            row.generation.store(generation, Ordering::Release);
            row.successes.store(successes, Ordering::Release);
            length = 0;
        }
        row.length.store(length + 1, Ordering::Release);
        row.allowance.store(allowance - 1, Ordering::Relaxed);
        row.latest.store(nanos.saturating_add(1), Ordering::Relaxed);
        row.failures.store(
            row.failures.load(Ordering::Relaxed).wrapping_add(1),
            Ordering::Relaxed,
        );
        true
    }

    /// Returns how many failures of a generation are noted after `successes` successes, if those
    /// are still all when it is done. Under the lock.
    pub(super) fn in_a_row(
        &self,
        generation: u64,
        successes: u64,
        now_successes: impl FnOnce() -> u64,
    ) -> u64 {
        let of_row = |row: &Row| {
            let is_same = row.successes.load(Ordering::Acquire) == successes
                && row.generation.load(Ordering::Acquire) == generation;
            let length = row.length.load(Ordering::Acquire);
            if is_same { length } else { 0 }
        };
        let noted = self.threads.sum(of_row);
        // Each count of successes only grows: where two sums are equal, every one of them stood
        // still between, and the rows that saw this sum saw the same successes.
        if now_successes() == successes {
            noted
        } else {
            0
        }
    }

    /// Hands this thread an allowance out of `missing`, the failures that surely open nothing, where
    /// they are many; else it ends all allowances. Under the lock, after each failure there.
    pub(super) fn allow(&self, missing: u64) {
        let epoch = self.epoch.load(Ordering::Relaxed);
        let left = |row: &Row| match row.allowance.load(Ordering::Relaxed) {
            allowance if allowance >> 32 == epoch => allowance & LEFT,
            _ => 0,
        };
        let given = self.threads.sum(left);
        let mut free = missing.saturating_sub(given);
        if free < FEW && given > 0 {
            // What others hold may be all that is missing.
            self.revoke();
            free = missing;
        }
        if free >= FEW
            && let Some(row) = self.threads.mine(Row::default)
        {
            let epoch = self.epoch.load(Ordering::Relaxed);
            let share = (free / PARTS).min(LEFT);
            row.allowance.store(epoch << 32 | share, Ordering::Relaxed);
        }
    }

    /// Ends all allowances. Under the lock.
    pub(super) fn revoke(&self) {
        // The number wraps after 2^32 revocations; an allowance that old is of a thread that made
        // no call through all of them.
        let next = (self.epoch.load(Ordering::Relaxed) + 1) & LEFT;
        self.epoch.store(next, Ordering::Release);
    }

    /// Notes when the text of the latest failure was written. Under the lock.
    pub(super) fn write_text_at(&self, now: Tick) {
        self.text_written
            .store(now.as_nanos().saturating_add(1), Ordering::Relaxed);
    }

    /// Returns how many failures were noted, and when the latest one was.
    pub(super) fn failures(&self) -> (u64, Option<Tick>) {
        let (mut failures, mut latest) = (0_u64, 0);
        for row in self.threads.iter() {
            failures = failures.wrapping_add(row.failures.load(Ordering::Relaxed));
            latest = latest.max(row.latest.load(Ordering::Relaxed));
        }
        (failures, latest.checked_sub(1).map(Tick::from_nanos))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn allowed(missing: u64) -> Rows {
        let rows = Rows::default();
        rows.write_text_at(Tick::ZERO);
        rows.allow(missing);
        rows
    }

    fn note(rows: &Rows, generation: u64, successes: u64) -> bool {
        rows.note(Tick::ZERO, generation, SECOND, || successes)
    }

    fn spend(rows: &Rows) -> u64 {
        (0..).find(|_| !note(rows, 0, 0)).unwrap_or(u64::MAX)
    }

    #[test]
    fn allowances_of_all_threads_together_open_nothing() {
        for missing in [0, 1, 15, 16, 17, 100, 1000] {
            let rows = allowed(missing);
            let mut spent = spend(&rows);
            assert!(missing >= FEW || spent == 0);
            std::thread::scope(|scope| {
                // None of these threads comes back.
                for _ in 0..5 {
                    // This thread takes another allowance, and leaves it.
                    rows.allow(missing - spent);
                    spent += scope
                        .spawn(|| {
                            rows.allow(missing - rows.failures().0);
                            spend(&rows)
                        })
                        .join()
                        .unwrap();
                }
            });
            assert!(spent <= missing, "{spent} of {missing}");
            assert_eq!(rows.in_a_row(0, 0, || 0), spent);
        }
    }

    #[test]
    fn row_that_did_not_see_every_success_does_not_count() {
        let rows = allowed(1000);
        assert!(note(&rows, 3, 7) && note(&rows, 3, 7));
        assert_eq!(rows.in_a_row(3, 7, || 7), 2);
        assert_eq!(rows.in_a_row(3, 8, || 8), 0, "a success came after it");
        assert_eq!(rows.in_a_row(3, 7, || 8), 0, "a success came meanwhile");
        assert_eq!(rows.in_a_row(4, 7, || 7), 0, "of an older state");
        assert!(note(&rows, 3, 8));
        assert_eq!(rows.in_a_row(3, 8, || 8), 1);
        assert!(note(&rows, 4, 8));
        assert_eq!(
            (rows.in_a_row(3, 8, || 8), rows.in_a_row(4, 8, || 8)),
            (0, 1)
        );
        assert_eq!(rows.failures().0, 4);
    }

    #[test]
    fn revoked_allowance_is_none() {
        let rows = allowed(1000);
        assert!(note(&rows, 0, 0));
        rows.revoke();
        assert!(!note(&rows, 0, 0));
        rows.allow(FEW - 1);
        assert!(!note(&rows, 0, 0));
        rows.allow(FEW);
        assert!(note(&rows, 0, 0));
    }

    #[test]
    fn failure_whose_text_is_due_is_not_noted() {
        let rows = allowed(1000);
        let at = |now| rows.note(Tick::ZERO.after(now), 0, SECOND, || 0);
        assert!(at(Duration::ZERO) && at(SECOND - Duration::from_nanos(1)));
        assert!(!at(SECOND));
        rows.write_text_at(Tick::ZERO.after(SECOND));
        assert!(at(SECOND));
        assert!(!at(Duration::ZERO), "on another time line");
        assert_eq!(rows.failures().1, Some(Tick::ZERO.after(SECOND)));
        assert!(!Rows::default().note(Tick::ZERO, 0, SECOND, || 0));
    }
}
