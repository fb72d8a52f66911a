//! The clock of a limiter, whose every check reads it.

#[cfg(feature = "quanta")]
use crate::time::{Clock, QuantaClock};
use crate::time::{SharedClock, Tick};

/// A clock, and beside it the processor's counter where it is that one: a reading of the counter costs
/// so little that a dynamic call is felt.
#[derive(Clone, Debug)]
pub(super) struct LimiterClock {
    shared: SharedClock,
    #[cfg(feature = "quanta")]
    counter: Option<QuantaClock>,
}

impl LimiterClock {
    pub(super) fn new(shared: SharedClock) -> Self {
        Self {
            #[cfg(feature = "quanta")]
            counter: shared.downcast_ref().cloned(),
            shared,
        }
    }

    /// Returns the processor's counter, if this is it.
    #[cfg(feature = "quanta")]
    #[inline]
    pub(super) fn counter(&self) -> Option<&QuantaClock> {
        self.counter.as_ref()
    }

    #[inline]
    pub(super) fn now(&self) -> Tick {
        #[cfg(feature = "quanta")]
        if let Some(counter) = &self.counter {
            return counter.now();
        }
        self.shared.now()
    }

    pub(super) fn shared(&self) -> &SharedClock {
        &self.shared
    }
}
