//! Who ends a call that is still pending.

/// Who ended a call before it was done, and so what that shows about its callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "guards that cut calls off name themselves; until then every drop is the caller's")
)]
pub(crate) enum EndedBy {
    /// Code that is not ours dropped it. A failure where it had been pending for `abandoned_after` and no other call
    /// had succeeded meanwhile, else nothing.
    Caller,
    /// A time limit of ours that was its own: a failure, however short.
    TimedOut,
    /// A deadline that it inherited left it less time than it was granted: nothing.
    CutShort,
    /// Another attempt that ran beside it was quicker: nothing.
    Superseded,
}
