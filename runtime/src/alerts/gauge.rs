//! Whether a rate or a ratio is out of bounds. No clock, no lock, no I/O.

use crate::time::Tick;
use std::{collections::VecDeque, time::Duration};

/// What a rule has seen of late, and whether that is too much.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    is_firing: bool,
    /// The times of the latest errors, of a rate; at most as many as its count.
    times: VecDeque<Tick>,
    /// Calls and failures so far at some times within the window, of a ratio.
    samples: VecDeque<(Tick, u64, u64)>,
}

/// A ratio went out of its bounds or came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crossing {
    Over { failed: u64, calls: u64 },
    Back,
}

/// How many samples a window is seen in.
const SAMPLES: u32 = 30;

impl Gauge {
    /// Counts one error of a rate; tells whether there are too many.
    pub(super) fn count_at(&mut self, now: Tick, count: usize, window: Duration) -> bool {
        self.times.push_back(now);
        while self.times.len() > count {
            self.times.pop_front();
        }
        let oldest = self.times.front().copied().unwrap_or(now);
        let is_over = self.times.len() == count && now.since(oldest) < window;
        self.is_firing |= is_over;
        is_over
    }

    /// Tells whether a rate that was too high is back in bounds, once.
    pub(super) fn is_calm_at(&mut self, now: Tick, count: usize, window: Duration) -> bool {
        if !self.is_firing {
            return false;
        }
        while self.times.front().is_some_and(|time| now.since(*time) >= window) {
            self.times.pop_front();
        }
        self.is_firing = self.times.len() >= count;
        !self.is_firing
    }

    /// Looks at what a breaker counted so far; tells when its ratio crosses the bounds.
    pub(super) fn sample_at(
        &mut self,
        now: Tick,
        (calls, failed): (u64, u64),
        share: f64,
        window: Duration,
        min_calls: u64,
    ) -> Option<Crossing> {
        // The base is the newest sample that is as old as the window, so that the whole window is seen.
        while self.samples.get(1).is_some_and(|(time, ..)| now.since(*time) >= window) {
            self.samples.pop_front();
        }
        let is_time = self.samples.back().is_none_or(|(time, ..)| now.since(*time) >= window / SAMPLES);
        let (_, calls_before, failed_before) = self.samples.front().copied().unwrap_or((now, calls, failed));
        if is_time {
            self.samples.push_back((now, calls, failed));
        }
        let (calls, failed) = (calls.saturating_sub(calls_before), failed.saturating_sub(failed_before));
        let is_over = calls >= min_calls && failed as f64 >= share * calls as f64;
        let was_firing = std::mem::replace(&mut self.is_firing, is_over);
        match (was_firing, is_over) {
            (false, true) => Some(Crossing::Over { failed, calls }),
            (true, false) => Some(Crossing::Back),
            _ => None,
        }
    }

    /// When a rate that is too high may be back in bounds.
    pub(super) fn next_of_rate(&self, window: Duration) -> Option<Tick> {
        if self.is_firing { self.times.front().map(|time| time.after(window)) } else { None }
    }

    /// When a ratio should be looked at again.
    pub(super) fn next_of_ratio(&self, window: Duration) -> Tick {
        let pause = (window / SAMPLES).max(Duration::from_millis(100));
        self.samples.back().map_or(Tick::ZERO, |(time, ..)| time.after(pause))
    }
}
