//! The tracker of a rate or a ratio, which detects when it leaves its bounds. No clock, no lock, no
//! I/O.

use crate::time::Tick;
use std::{collections::VecDeque, time::Duration};

/// The recent errors of a rate or calls of a ratio, and whether the rule is firing.
#[derive(Debug, Default)]
pub(super) struct RateTracker {
    is_firing: bool,
    /// Of a rate: the times of the latest errors, at most as many as its count.
    times: VecDeque<Tick>,
    /// Of a ratio: calls and failures so far, at some times within the window.
    samples: VecDeque<(Tick, u64, u64)>,
    /// It was firing when an earlier process ended: until then too little is known to conclude that
    /// it is over.
    calm_from: Tick,
    is_restored: bool,
}

/// A ratio left its bounds or returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crossing {
    Over { failed: u64, calls: u64 },
    Back,
}

/// How many samples a window has.
const SAMPLES: u32 = 30;

impl RateTracker {
    /// Starts a ratio whose calls and failures are zero.
    pub(super) fn begin_at(now: Tick) -> Self {
        Self {
            samples: VecDeque::from([(now, 0, 0)]),
            ..Self::default()
        }
    }

    /// Continues from an earlier process, in which it was firing.
    pub(super) fn restore_at(&mut self, now: Tick, window: Duration) {
        (self.is_firing, self.is_restored, self.calm_from) = (true, true, now.after(window));
    }

    /// Returns `true`, once, if it was last firing in an earlier process.
    pub(super) fn take_restored(&mut self) -> bool {
        std::mem::take(&mut self.is_restored)
    }

    /// Counts one error of a rate. Returns `true` if there are too many.
    pub(super) fn count_at(&mut self, now: Tick, count: usize, window: Duration) -> bool {
        self.times.push_back(now);
        while self.times.len() > count {
            self.times.pop_front();
        }
        let oldest = self.times.front().copied().unwrap_or(now);
        let is_over = self.times.len() == count && now.since(oldest) < window;
        self.is_firing |= is_over;
        self.is_restored &= !is_over;
        is_over
    }

    /// Returns `true`, once, if a rate that was firing is back in bounds.
    pub(super) fn is_calm_at(&mut self, now: Tick, count: usize, window: Duration) -> bool {
        if !self.is_firing {
            return false;
        }
        while self
            .times
            .front()
            .is_some_and(|time| now.since(*time) >= window)
        {
            self.times.pop_front();
        }
        self.is_firing = self.times.len() >= count || now < self.calm_from;
        !self.is_firing
    }

    /// Adds what a breaker has counted so far. Returns `Some` when the ratio crosses its bounds.
    pub(super) fn sample_at(
        &mut self,
        now: Tick,
        (calls, failed): (u64, u64),
        share: f64,
        window: Duration,
        min_calls: u64,
    ) -> Option<Crossing> {
        // The base is the newest sample that is as old as the window, so that the whole window is
        // included.
        while self
            .samples
            .get(1)
            .is_some_and(|(time, ..)| now.since(*time) >= window)
        {
            self.samples.pop_front();
        }
        let is_time = self
            .samples
            .back()
            .is_none_or(|(time, ..)| now.since(*time) >= window / SAMPLES);
        let (_, calls_before, failed_before) = self
            .samples
            .front()
            .copied()
            .unwrap_or((now, calls, failed));
        if is_time {
            self.samples.push_back((now, calls, failed));
        }
        let (calls, failed) = (
            calls.saturating_sub(calls_before),
            failed.saturating_sub(failed_before),
        );
        let has_enough = calls >= min_calls;
        let is_unknown = self.is_firing && !has_enough && now < self.calm_from;
        let is_over = is_unknown || (has_enough && failed as f64 >= share * calls as f64);
        self.is_restored &= !(has_enough && is_over);
        let was_firing = std::mem::replace(&mut self.is_firing, is_over);
        match (was_firing, is_over) {
            (false, true) => Some(Crossing::Over { failed, calls }),
            (true, false) => Some(Crossing::Back),
            _ => None,
        }
    }

    /// Returns when a rate that is firing may be back in bounds.
    pub(super) fn next_of_rate(&self, window: Duration) -> Option<Tick> {
        let over = self
            .times
            .front()
            .map(|time| time.after(window))
            .unwrap_or_default();
        self.is_firing.then(|| over.max(self.calm_from))
    }

    /// Returns when a ratio is to be sampled again.
    pub(super) fn next_of_ratio(&self, window: Duration) -> Tick {
        let pause = (window / SAMPLES).max(Duration::from_millis(100));
        self.samples
            .back()
            .map_or(Tick::ZERO, |(time, ..)| time.after(pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Tick {
        Tick::ZERO.after(Duration::from_secs(seconds))
    }

    #[test]
    fn failures_of_the_first_sample_count() {
        let mut tracker = RateTracker::begin_at(at(0));
        let over = Some(Crossing::Over {
            failed: 500,
            calls: 500,
        });
        assert_eq!(tracker.sample_at(at(2), (500, 500), 0.5, WINDOW, 20), over);
        assert_eq!(tracker.sample_at(at(59), (500, 500), 0.5, WINDOW, 20), None);
        assert_eq!(
            tracker.sample_at(at(70), (500, 500), 0.5, WINDOW, 20),
            Some(Crossing::Back)
        );
    }

    #[test]
    fn restored_tracker_stays_firing_until_enough_calls_or_its_window_has_passed() {
        let restored = || {
            let mut tracker = RateTracker::begin_at(at(100));
            tracker.restore_at(at(100), WINDOW);
            tracker
        };
        let mut quiet = restored();
        assert_eq!(quiet.sample_at(at(101), (0, 0), 0.5, WINDOW, 20), None);
        assert_eq!(
            quiet.sample_at(at(160), (0, 0), 0.5, WINDOW, 20),
            Some(Crossing::Back)
        );
        let mut well = restored();
        assert_eq!(
            well.sample_at(at(101), (20, 1), 0.5, WINDOW, 20),
            Some(Crossing::Back)
        );
        let mut ill = restored();
        assert_eq!(ill.sample_at(at(101), (20, 20), 0.5, WINDOW, 20), None);

        let mut rate = restored();
        assert_eq!(rate.next_of_rate(WINDOW), Some(at(160)));
        assert!(!rate.is_calm_at(at(159), 3, WINDOW) && rate.is_calm_at(at(160), 3, WINDOW));
    }
}
