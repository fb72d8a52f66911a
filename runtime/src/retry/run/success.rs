//! Attempts that succeeded: the end of the series, its count and its duration.

use super::Run;
use crate::time::Tick;

impl Run<'_> {
    /// Ends the series after an attempt that succeeded.
    #[inline]
    pub(in crate::retry) fn succeeded(&mut self) {
        if self.frame.has_contents() {
            *self = self.take().succeeded_after_all();
        } else {
            self.first_succeeded();
        }
    }

    #[cold]
    #[inline(never)]
    fn succeeded_after_all(mut self) -> Self {
        if self.failed_attempts() == 0 {
            self.first_succeeded();
        } else {
            self = self.recovered();
        }
        self.frame.succeeded();
        self
    }

    /// Counts a call whose first attempt succeeded.
    #[inline]
    pub(super) fn first_succeeded(&self) {
        self.retry.counts.add_first_success();
        // A series that is not timed does not know when it began.
        if self.began != Tick::MAX {
            self.note_duration();
        }
    }

    #[cold]
    #[inline(never)]
    fn note_duration(&self) {
        if self.retry.config().timed {
            let now = self.retry.clock().now();
            self.retry.counts.record(self.elapsed_at(now));
        }
    }
}
