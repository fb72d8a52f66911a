//! Bulkheads of one slot, and a clock that does something while a call waits.

use gardefou::{
    bulkhead::{Bulkhead, BulkheadPermit},
    time::{Clock, ManualClock, Tick},
};
use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A bulkhead with one slot, in which calls wait for up to ten seconds.
pub(crate) fn single() -> Bulkhead {
    Bulkhead::builder("svc")
        .max_concurrent(1)
        .max_wait(10 * SECOND)
        .build()
        .unwrap()
}

type Act = Box<dyn FnOnce() + Send>;

/// A simulated clock on which each wait first runs what was set.
#[derive(Clone, Default)]
pub(crate) struct During {
    clock: ManualClock,
    act: Arc<Mutex<Option<Act>>>,
}

impl During {
    pub(crate) fn set(&self, act: impl FnOnce() + Send + 'static) {
        *self.act.lock().unwrap() = Some(Box::new(act));
    }

    pub(crate) fn drop_during_wait(&self, permit: BulkheadPermit) {
        self.set(move || drop(permit));
    }
}

impl fmt::Debug for During {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("During")
    }
}

impl Clock for During {
    fn now(&self) -> Tick {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) {
        self.try_sleep_at_once(duration);
    }

    fn try_sleep_at_once(&self, duration: Duration) -> bool {
        let act = self.act.lock().unwrap().take();
        if let Some(act) = act {
            act();
        }
        self.clock.advance(duration);
        true
    }
}
