//! Whether a rate or a ratio is out of bounds. No clock, no lock, no I/O.

use crate::time::Tick;
use std::{collections::VecDeque, time::Duration};

/// What a rule has seen of late, and whether that is too much.
#[derive(Debug, Default)]
pub(super) struct RateTracker {
    is_firing: bool,
    /// The times of the latest errors, of a rate; at most as many as its count.
    times: VecDeque<Tick>,
    /// CallCounter and failures so far at some times within the window, of a ratio.
    samples: VecDeque<(Tick, u64, u64)>,
    /// It was firing when an earlier process ended: until then too little is known to say that it
    /// is over.
    calm_from: Tick,
    is_restored: bool,
}

/// A ratio went out of its bounds or came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crossing {
    Over { failed: u64, calls: u64 },
    Back,
}

/// How many samples a window is seen in.
const SAMPLES: u32 = 30;

impl RateTracker {
    /// Begins a ratio with what was counted before: nothing.
    pub(super) fn begin_at(now: Tick) -> Self {
        Self {
            samples: VecDeque::from([(now, 0, 0)]),
            ..Self::default()
        }
    }

    /// Goes on from an earlier process, in which it was firing.
    pub(super) fn restore_at(&mut self, now: Tick, window: Duration) {
        (self.is_firing, self.is_restored, self.calm_from) = (true, true, now.after(window));
    }

    /// Returns `true`, once, if it was an earlier process in which it was firing last.
    pub(super) fn take_restored(&mut self) -> bool {
        std::mem::take(&mut self.is_restored)
    }

    /// Counts one error of a rate; tells whether there are too many.
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

    /// Tells whether a rate that was too high is back in bounds, once.
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

    /// Looks at what a breaker counted so far; tells when its ratio crosses the bounds.
    pub(super) fn sample_at(
        &mut self,
        now: Tick,
        (calls, failed): (u64, u64),
        share: f64,
        window: Duration,
        min_calls: u64,
    ) -> Option<Crossing> {
        // The base is the newest sample that is as old as the window, so that the whole window is
        // seen.
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

    /// When a rate that is too high may be back in bounds.
    pub(super) fn next_of_rate(&self, window: Duration) -> Option<Tick> {
        let over = self
            .times
            .front()
            .map(|time| time.after(window))
            .unwrap_or_default();
        self.is_firing.then(|| over.max(self.calm_from))
    }

    /// When a ratio should be looked at again.
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
    fn what_fired_in_an_earlier_process_is_over_once_enough_is_known() {
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
