//! The one machine that decides after each failure: wait and call again, or stop.
//!
//! It reads no clock, takes no token and calls nobody, so that the blocking form, the async form,
//! the attributes and the tests all drive the same decisions.

use super::{RetryConfig, backoff::DelayState};
use crate::{event::StopReason, time::Tick};
use std::time::Duration;

/// Where one series of attempts stands.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// How many attempts have failed.
    failed: u32,
    /// When the series began; `Tick::MAX` while that is not known.
    began: Tick,
    delays: DelayState,
}

/// What is known about a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Why another try cannot help, if it cannot.
    pub(crate) hopeless: Option<StopReason>,
    /// The delay that the user's function computes in place of the backoff, where there is one.
    pub(crate) own_delay: Option<Duration>,
    /// How long the callee asks to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// How much time is left until the deadline around the call, where there is one.
    pub(crate) remaining: Option<Duration>,
}

/// What is to be done after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Call again after this delay.
    Retry(Duration),
    /// Give the outcome to the caller.
    Stop(StopReason),
}

impl Step {
    /// Goes on with a series that began then, `Tick::MAX` where that is not known yet: `note` is
    /// what [`note`](Self::note) returned after the failure before, zero before the first one.
    pub(crate) fn resume(began: Tick, note: u64) -> Self {
        Self {
            failed: Self::failed_by(note),
            began,
            delays: DelayState::from_bits(note as u32),
        }
    }

    /// Returns what the next failure must know beside the beginning, in one word, which is zero
    /// before the first failure: a future then need not have room for it.
    pub(crate) fn note(&self) -> u64 {
        u64::from(self.failed) << 32 | u64::from(self.delays.to_bits())
    }

    /// Returns how many attempts have failed by a note.
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
        let delay = match failure.retry_after {
            // To come back sooner than asked is pointless, and to wait longer than the user's limit
            // is not ours to do.
            Some(asked) if asked > config.backoff.cap() => {
                return Decision::Stop(StopReason::RetryAfter);
            }
            Some(asked) => delay.max(asked),
            None => delay,
        };
        match config.max_elapsed {
            Some(limit) if self.elapsed_at(now).saturating_add(delay) > limit => {
                Decision::Stop(StopReason::Deadline)
            }
            _ if failure
                .remaining
                .is_some_and(|rest| delay > rest || rest.is_zero()) =>
            {
                Decision::Stop(StopReason::Deadline)
            }
            _ => Decision::Retry(delay),
        }
    }
}

#[cfg(test)]
mod tests;
