//! Frame of the first attempt of a series, in registers.

use super::{current::CURRENT, frame::Frame, inbox::UNNAMED, series::PackedSeries};
use std::mem;

/// The frame of the first attempt of a series that no other one is around, until it is left or this is
/// dropped. One word: the frame is made when it is left.
#[must_use]
#[derive(Debug)]
pub(crate) struct EnteredFirst {
    previous: u64,
}

impl EnteredFirst {
    /// Enters the frame of the first attempt, where no other series is around.
    #[inline(always)]
    pub(crate) fn enter(first: PackedSeries) -> Option<Self> {
        CURRENT.with(|current| {
            current.series.around().is_none().then(|| {
                current.series.set(first);
                Self {
                    previous: current.frame.replace(UNNAMED),
                }
            })
        })
    }

    /// Leaves the frame, and returns it.
    #[inline(always)]
    pub(crate) fn leave(self) -> Frame {
        let frame = leave_first(self.previous);
        mem::forget(self);
        frame
    }
}

impl Drop for EnteredFirst {
    #[inline(always)]
    fn drop(&mut self) {
        drop_first(self.previous);
    }
}

#[inline(always)]
fn leave_first(previous: u64) -> Frame {
    let mut frame = Frame::new();
    CURRENT.with(|current| current.series.leave(PackedSeries::NONE));
    frame.leave(previous);
    frame
}

#[cold]
#[inline(never)]
fn drop_first(previous: u64) {
    drop(leave_first(previous));
}
