//! Pacing of the operations of one member: ten a second on average, however busy the breaker is.

use crate::time::Tick;
use std::time::Duration;

/// The time between two operations that can wait.
pub(super) const EVERY: Duration = Duration::from_millis(100);

/// How many operations that go at once may be ahead of their turn.
const AHEAD: u32 = 5;

/// When the next operation has its turn. One that goes at once takes a later turn in advance, so that the operations
/// after it wait: in any time `t` there are at most `t / EVERY + AHEAD + 1`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pacing {
    next: Tick,
}

impl Pacing {
    /// Returns when an operation may go that can wait.
    pub(super) fn turn(self) -> Tick {
        self.next
    }

    /// Returns when an operation may go that should go at once.
    pub(super) fn turn_ahead(self) -> Tick {
        let ahead = self.next.as_nanos();
        Tick::from_nanos(ahead.saturating_sub((EVERY * AHEAD).as_nanos() as u64))
    }

    /// Notes that an operation goes.
    pub(super) fn take_at(&mut self, now: Tick) {
        self.next = self.next.max(now).after(EVERY);
    }
}
