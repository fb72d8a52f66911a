//! Reason for which a guard drops a future before it is ready.

use std::cell::Cell;

/// Why a call was dropped before it ended, and so what that shows about its callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DropReason {
    /// The caller dropped it. A failure if it was pending for `abandoned_after` and no other call
    /// succeeded meanwhile, else nothing.
    Caller,
    /// Its own time limit was over, or at least half of it: a failure, however short.
    TimedOut,
    /// An inherited deadline left it less time than it was granted: nothing.
    CutShort,
    /// Another attempt of the same hedge was faster: nothing.
    #[cfg_attr(not(feature = "async"), expect(dead_code, reason = "hedges are async"))]
    Superseded,
}

thread_local! {
    /// The reason for which the present future is dropped.
    static REASON: Cell<DropReason> = const { Cell::new(DropReason::Caller) };
}

/// The reason that applied before; it applies again when this is dropped.
struct Outer(DropReason);

impl Drop for Outer {
    fn drop(&mut self) {
        REASON.set(self.0);
    }
}

/// Runs the drop of a future for a reason.
pub(crate) fn drop_for<R>(reason: DropReason, drop: impl FnOnce() -> R) -> R {
    let _outer = Outer(REASON.replace(reason));
    drop()
}

/// Returns the reason for which the present future is dropped.
pub(crate) fn drop_reason() -> DropReason {
    REASON.try_with(Cell::get).unwrap_or(DropReason::Caller)
}
