//! A clock that is moved by hand.

use gardefou::time::{Clock, Tick};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A clock that stands still until it is moved; a sleep moves it. Clones share one time line.
///
/// It stands in for gardefou's `ManualClock`, whose feature `test-util` has every guarded call look
/// for a test scope: what is measured is what programs run.
#[derive(Clone, Debug, Default)]
pub struct StandingClock(Arc<AtomicU64>);

impl StandingClock {
    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanos, Ordering::Release);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Tick {
        Tick::from_nanos(self.0.load(Ordering::Acquire))
    }

    fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }

    fn try_sleep_at_once(&self, duration: Duration) -> bool {
        self.advance(duration);
        true
    }
}
