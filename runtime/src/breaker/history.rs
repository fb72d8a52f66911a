//! What a breaker has been through: the time in each state and the changes of state, read without a
//! lock.

use super::state::{Effects, Transition};
use crate::{
    event::{CircuitState, TransitionReason},
    sync::global::Mutex,
    time::{Tick, saturating_nanos},
};
use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering, fence},
};

/// Changes of state that outcomes and time make. There are no others: a circuit opens from closed or
/// half-open, and closes from half-open.
const AUTOMATIC: [(CircuitState, CircuitState); 4] = [
    (CircuitState::Closed, CircuitState::Open),
    (CircuitState::Open, CircuitState::HalfOpen),
    (CircuitState::HalfOpen, CircuitState::Closed),
    (CircuitState::HalfOpen, CircuitState::Open),
];

/// How many states there are.
const STATES: usize = CircuitState::ALL.len();

/// The history of one breaker. Written under its lock, at each change of state.
///
/// The version is odd during a write, as in a sequence lock: a reader that finds another version after
/// its reads than before has read parts of two histories, and reads again.
#[derive(Debug)]
pub(super) struct History {
    version: AtomicU64,
    /// The present state, as its number in [`CircuitState::ALL`].
    state: AtomicU64,
    /// When the present state was entered.
    since: AtomicU64,
    /// By state, the nanoseconds in it before the present state was entered.
    times: [AtomicU64; STATES],
    /// By the pair in [`AUTOMATIC`].
    automatic: [AtomicU64; AUTOMATIC.len()],
    /// Changes by hand, by the state after.
    manual: [AtomicU64; STATES],
    /// The last changes, oldest first. A lock of its own, for a few copies.
    recent: Mutex<VecDeque<RecentChange>>,
}

/// A change of state among the last ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecentChange {
    pub(super) from: CircuitState,
    pub(super) to: CircuitState,
    pub(super) reason: TransitionReason,
    pub(super) at: Tick,
}

/// A history as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HistoryReading {
    /// The present state. An open circuit whose open time is over is half-open: the next call is a
    /// probe.
    pub(crate) state: CircuitState,
    /// By state, the nanoseconds in it.
    pub(crate) times: [u64; STATES],
    /// By the pair in [`AUTOMATIC`].
    pub(crate) automatic: [u64; AUTOMATIC.len()],
    /// Changes by hand, by the state after.
    pub(crate) manual: [u64; STATES],
}

impl HistoryReading {
    /// The history of a breaker that was made at `made` and was closed ever since.
    pub(super) fn closed_at(now: Tick, made: Tick) -> Self {
        let mut times = [0; STATES];
        times[CircuitState::Closed as usize] = saturating_nanos(now.since(made));
        Self {
            state: CircuitState::Closed,
            times,
            automatic: [0; AUTOMATIC.len()],
            manual: [0; STATES],
        }
    }

    /// Adds the time from `since` to `now` in a state; an open time ends at `open_until`.
    fn add_time(&mut self, state: CircuitState, since: Tick, now: Tick, open_until: Tick) {
        let ended = if state == CircuitState::Open {
            let half_open = &mut self.times[CircuitState::HalfOpen as usize];
            let from = open_until.max(since);
            *half_open = half_open.saturating_add(saturating_nanos(now.since(from)));
            now.min(from)
        } else {
            now
        };
        let time = &mut self.times[state as usize];
        *time = time.saturating_add(saturating_nanos(ended.since(since)));
    }

    fn count(&mut self, transition: &Transition) {
        let Transition { from, to, .. } = *transition;
        let by_hand = matches!(
            transition.reason,
            TransitionReason::Manual
                | TransitionReason::OpenFor
                | TransitionReason::Restored
                | TransitionReason::Fleet
        );
        let pair = AUTOMATIC.iter().position(|pair| *pair == (from, to));
        match pair.filter(|_| !by_hand) {
            Some(pair) => self.automatic[pair] += 1,
            None => self.manual[to as usize] += 1,
        }
    }
}

impl History {
    /// Makes the history of a breaker that was closed since `made`.
    pub(super) fn new(made: Tick) -> Self {
        let zero = |_| AtomicU64::new(0);
        Self {
            version: AtomicU64::new(0),
            state: AtomicU64::new(CircuitState::Closed as u64),
            since: AtomicU64::new(made.as_nanos()),
            times: std::array::from_fn(zero),
            automatic: std::array::from_fn(zero),
            manual: std::array::from_fn(zero),
            recent: Mutex::default(),
        }
    }

    /// Returns the last changes, oldest first.
    pub(super) fn recent(&self) -> Vec<RecentChange> {
        self.recent.lock().iter().copied().collect()
    }

    fn keep(&self, transition: &Transition) {
        let mut recent = self.recent.lock();
        if recent.len() >= MOST_RECENT {
            recent.pop_front();
        }
        recent.push_back(RecentChange {
            from: transition.from,
            to: transition.to,
            reason: transition.reason,
            at: transition.at,
        });
    }

    /// Adds the changes of state, under the lock of the breaker. `open_until` is the end of the latest
    /// open time before them.
    #[cold]
    pub(super) fn record(&self, effects: &Effects, mut open_until: Tick) {
        let (mut history, mut since) = self.load();
        for transition in effects.iter() {
            // A half-open time that ran out ended before now, but not before it began.
            let at = transition.at.max(since);
            history.add_time(transition.from, since, at, open_until);
            history.count(transition);
            self.keep(transition);
            (history.state, since) = (transition.to, at);
            if let (CircuitState::Open, Some(lasts)) = (transition.to, transition.lasts) {
                open_until = at.after(lasts);
            }
        }
        self.store(&history, since);
    }

    /// Returns the history up to `now`.
    pub(super) fn read_at(&self, now: Tick, open_until: Tick) -> HistoryReading {
        // A write is a few stores. Bounded nevertheless: what is read may serve a scrape, and a torn
        // reading is off by one change of state.
        let mut tries = 0;
        let (mut history, since) = loop {
            // Acquire pairs with the Release at the end of `store`.
            let version = self.version.load(Ordering::Acquire);
            let read = self.load();
            // Pairs with the fence in `store`: whoever has read a value of a later write sees its
            // odd version.
            fence(Ordering::Acquire);
            tries += 1;
            let is_whole = version & 1 == 0 && self.version.load(Ordering::Relaxed) == version;
            if is_whole || tries == MOST_TRIES {
                break read;
            }
            std::hint::spin_loop();
        };
        history.add_time(history.state, since, now, open_until);
        if history.state == CircuitState::Open && now >= open_until {
            history.state = CircuitState::HalfOpen;
        }
        history
    }

    /// Relaxed: ordered by the version, or by the lock of the breaker.
    fn load(&self) -> (HistoryReading, Tick) {
        let state = self.state.load(Ordering::Relaxed) as usize;
        let load = |value: &AtomicU64| value.load(Ordering::Relaxed);
        let history = HistoryReading {
            state: *CircuitState::ALL
                .get(state)
                .unwrap_or(&CircuitState::Closed),
            times: self.times.each_ref().map(load),
            automatic: self.automatic.each_ref().map(load),
            manual: self.manual.each_ref().map(load),
        };
        (history, Tick::from_nanos(load(&self.since)))
    }

    fn store(&self, history: &HistoryReading, since: Tick) {
        let version = self.version.load(Ordering::Relaxed);
        self.version
            .store(version.wrapping_add(1), Ordering::Relaxed);
        // Pairs with the fence in `read_at`.
        fence(Ordering::Release);
        let store = |cells: &[AtomicU64], values: &[u64]| {
            for (cell, value) in cells.iter().zip(values) {
                cell.store(*value, Ordering::Relaxed);
            }
        };
        store(&self.times, &history.times);
        store(&self.automatic, &history.automatic);
        store(&self.manual, &history.manual);
        self.state.store(history.state as u64, Ordering::Relaxed);
        self.since.store(since.as_nanos(), Ordering::Relaxed);
        // Release pairs with the Acquire in `read_at`.
        self.version
            .store(version.wrapping_add(2), Ordering::Release);
    }
}

const MOST_TRIES: u32 = 1000;

/// How many changes are kept.
const MOST_RECENT: usize = 20;
