//! State of one series of attempts, and the decision after each failure: wait and call again, or
//! stop.
//!
//! Pure: it reads no clock, takes no token and runs no user code, so that the blocking form, the
//! async form, the attributes and the tests all make the same decisions.

use super::{backoff::DelayState, config::RetryConfig};
use crate::{event::StopReason, time::Tick};
use std::time::Duration;

/// The state of one series of attempts.
#[derive(Clone, Debug)]
pub(crate) struct SeriesState {
    /// How many attempts have failed.
    failed: u32,
    /// When the series began; `Tick::MAX` while that is not known.
    began: Tick,
    delays: DelayState,
}

/// What is known about a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Why another attempt cannot help, if it cannot.
    pub(crate) hopeless: Option<StopReason>,
    /// The delay of the user's function, which replaces that of the backoff.
    pub(crate) own_delay: Option<Duration>,
    /// The Retry-After of the callee.
    pub(crate) retry_after: Option<Duration>,
    /// The time until the deadline of the call, where there is one.
    pub(crate) remaining: Option<Duration>,
}

/// The decision after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Call again after this delay.
    Retry(Duration),
    /// Return the outcome to the caller.
    Stop(StopReason),
}

impl SeriesState {
    /// Resumes a series that began at `began`, `Tick::MAX` where that is not known yet. `note` is
    /// the [`note`](Self::note) after the previous failure, zero before the first.
    pub(crate) fn resume(began: Tick, note: u64) -> Self {
        Self {
            failed: Self::failed_by(note),
            began,
            delays: DelayState::from_bits(note as u32),
        }
    }

    /// Returns the state but for the beginning, in one word, which is zero before the first
    /// failure: a future in which nothing failed needs no room for it.
    pub(crate) fn note(&self) -> u64 {
        u64::from(self.failed) << 32 | u64::from(self.delays.to_bits())
    }

    /// Returns how many attempts have failed according to a note.
    #[inline]
    pub(crate) fn failed_by(note: u64) -> u32 {
        (note >> 32) as u32
    }

    /// Returns how many attempts have failed.
    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }

    /// Returns when the series began, `Tick::MAX` while that is not known: when the first attempt
    /// started where the time is limited, and when it failed where not.
    pub(crate) fn began(&self) -> Tick {
        self.began
    }

    /// Returns the time since the series began.
    pub(crate) fn elapsed_at(&self, now: Tick) -> Duration {
        now.since(self.began)
    }

    /// Decides what comes after an attempt that failed at `now`.
    pub(crate) fn after_failure_at(
        &mut self,
        config: &RetryConfig,
        failure: Failure,
        now: Tick,
    ) -> Decision {
        let index = self.failed;
        self.failed = index.saturating_add(1);
        if self.began == Tick::MAX {
            self.began = now;
        }
        if let Some(reason) = failure.hopeless {
            return Decision::Stop(reason);
        }
        if self.failed >= config.max_attempts.get() {
            return Decision::Stop(StopReason::Exhausted);
        }
        let delay = config.backoff.delay_at(index, &mut self.delays);
        let delay = failure
            .own_delay
            .map_or(delay, |own| own.min(config.backoff.cap()));
        // To retry before the callee is ready is pointless, and to wait longer than the user's limit
        // is not permitted.
        if (failure.retry_after).is_some_and(|wait| wait > config.backoff.cap()) {
            return Decision::Stop(StopReason::RetryAfter);
        }
        let elapsed = self.elapsed_at(now);
        let is_over = config.max_elapsed.is_some_and(|limit| elapsed > limit)
            || failure.remaining.is_some_and(|rest| rest.is_zero());
        if is_over {
            return Decision::Stop(StopReason::Deadline);
        }
        let rest = config.max_elapsed.map(|limit| limit - elapsed);
        let rest = rest.into_iter().chain(failure.remaining).min();
        let delay = match failure.retry_after {
            Some(wait) => {
                let spread = config.backoff.spread_wait(wait, index);
                // The jitter on top is what gives way to a deadline.
                delay.max(rest.map_or(spread, |rest| spread.min(rest).max(wait)))
            }
            None => delay,
        };
        match rest {
            Some(rest) if delay > rest => Decision::Stop(StopReason::Deadline),
            _ => Decision::Retry(delay),
        }
    }
}
