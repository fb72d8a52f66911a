//! What guards know of their fleet.

use super::store_state::PATIENCE;
use crate::{
    breaker::Link,
    rate_limit::LimiterLink,
    time::{SharedClock, Tick},
    worker::Wakeup,
};
use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// What breakers know of the instance.
#[derive(Debug)]
pub(super) struct FleetLink {
    pub(super) wakeup: Arc<Wakeup>,
    clock: SharedClock,
    /// When the store counts as lost.
    pub(super) lost_from: AtomicU64,
    /// When a guard first asked for a look at it, if there was none since.
    asked_at: AtomicU64,
    probe_wait: Duration,
    /// The process that has the threads of the fleet; one that was forked from it has none.
    process: u32,
}

impl FleetLink {
    pub(super) fn new_in(process: u32, clock: SharedClock, probe_wait: Duration) -> Self {
        Self {
            wakeup: Arc::default(),
            clock,
            lost_from: AtomicU64::new(Tick::MAX.as_nanos()),
            asked_at: AtomicU64::new(Tick::MAX.as_nanos()),
            probe_wait,
            process,
        }
    }

    /// Notes that all guards are looked at from now on.
    pub(super) fn looks(&self) {
        // Relaxed: what was changed before is read under the lock of the breaker.
        self.asked_at.store(Tick::MAX.as_nanos(), Ordering::Relaxed);
    }

    /// Returns `true` in a process that was forked from that of the fleet.
    pub(super) fn is_inherited(&self) -> bool {
        process::id() != self.process
    }
}

impl LimiterLink for FleetLink {
    fn is_alone(&self) -> bool {
        Link::is_alone(self)
    }

    fn wake(&self) {
        Link::wake(self);
    }
}

impl Link for FleetLink {
    fn wake(&self) {
        // The lock of the wakeup may have been held at a fork, by a thread that is not there.
        if !self.is_inherited() {
            let now = self.clock.now().as_nanos();
            self.asked_at.fetch_min(now, Ordering::Relaxed);
            self.wakeup.notify();
        }
    }

    fn is_alone(&self) -> bool {
        let now = self.clock.now();
        // Relaxed: a decision from just before may count either way.
        let [lost_from, asked_at] = [&self.lost_from, &self.asked_at]
            .map(|tick| Tick::from_nanos(tick.load(Ordering::Relaxed)));
        // A fleet that does not look at its guards is not there: an observer on its thread may hang.
        now >= lost_from || now >= asked_at.after(PATIENCE) || self.is_inherited()
    }

    fn probe_wait(&self) -> Duration {
        self.probe_wait
    }
}
