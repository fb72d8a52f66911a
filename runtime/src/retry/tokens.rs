//! Counters of a retry budget: the tokens of past calls, and the floor.
//!
//! Each is one word, and each grant is one successful compare-and-swap of it: what was checked is
//! what is taken. All operations are Relaxed: the words order nothing but themselves.

use crate::{
    sync::{AtomicU64, Ordering::Relaxed},
    time::Tick,
};
use std::time::Duration;

/// Tokens that calls put in and retries take out, counted in millionths.
#[derive(Debug)]
pub(super) struct Tokens {
    balance: AtomicU64,
    /// The deposit of one call.
    deposit: u64,
    capacity: u64,
}

/// One token.
const TOKEN: u64 = 1_000_000;

impl Tokens {
    /// Starts empty; `ratio` is a number from 0 to 1000.
    pub(super) fn new(ratio: f64, burst: u32) -> Self {
        let deposit = (ratio * TOKEN as f64).round() as u64;
        Self {
            balance: AtomicU64::new(0),
            deposit,
            capacity: u64::from(burst) * TOKEN,
        }
    }

    #[inline]
    pub(super) fn deposit(&self) {
        let mut balance = self.balance.load(Relaxed);
        // A full counter is not written: successful calls then share an unmodified cache line.
        while balance < self.capacity && self.deposit != 0 {
            let more = balance.saturating_add(self.deposit).min(self.capacity);
            match self
                .balance
                .compare_exchange_weak(balance, more, Relaxed, Relaxed)
            {
                Ok(_) => break,
                Err(actual) => balance = actual,
            }
        }
    }

    pub(super) fn try_take(&self) -> bool {
        self.balance
            .fetch_update(Relaxed, Relaxed, |balance| balance.checked_sub(TOKEN))
            .is_ok()
    }

    pub(super) fn whole(&self) -> u64 {
        self.balance.load(Relaxed) / TOKEN
    }
}

/// A rate of retries that is always granted: the generic cell rate algorithm (GCRA), whose whole
/// state is one arrival time.
#[derive(Debug)]
pub(super) struct Floor {
    /// The theoretical arrival time: the tick at which all grants would have arrived one by one;
    /// never far ahead of now.
    arrival: AtomicU64,
    /// The time between two grants; 0 grants nothing.
    interval: u64,
    /// How far the arrival may lie ahead: the burst, in time.
    window: u64,
}

impl Floor {
    pub(super) fn new(per_second: u32) -> Self {
        let second = Duration::from_secs(1).as_nanos() as u64;
        // Where more than one fits a nanosecond, one each nanosecond.
        let interval = second
            .checked_div(u64::from(per_second))
            .map_or(0, |nanos| nanos.max(1));
        Self {
            arrival: AtomicU64::new(0),
            interval,
            window: interval.saturating_mul(u64::from(per_second)),
        }
    }

    pub(super) fn try_take_at(&self, now: Tick) -> bool {
        let now = now.as_nanos();
        let take = |arrival: u64| {
            let arrival = arrival.max(now).saturating_add(self.interval);
            (arrival - now <= self.window).then_some(arrival)
        };
        self.interval != 0 && self.arrival.fetch_update(Relaxed, Relaxed, take).is_ok()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
