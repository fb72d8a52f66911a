//! What breakers know of their fleet.

use crate::{
    breaker::Link,
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
            probe_wait,
            process,
        }
    }

    /// Returns `true` in a process that was forked from that of the fleet.
    pub(super) fn is_inherited(&self) -> bool {
        process::id() != self.process
    }
}

impl Link for FleetLink {
    fn wake(&self) {
        // The lock of the wakeup may have been held at a fork, by a thread that is not there.
        if !self.is_inherited() {
            self.wakeup.notify();
        }
    }

    fn is_alone(&self) -> bool {
        // Relaxed: a decision from just before may count either way.
        self.clock.now().as_nanos() >= self.lost_from.load(Ordering::Relaxed) || self.is_inherited()
    }

    fn probe_wait(&self) -> Duration {
        self.probe_wait
    }
}
