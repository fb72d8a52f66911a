//! Functions and services that make the attempts of a call.

/// Makes the attempts of a call. Each `Fn() -> F` does, as often as it is called.
pub(crate) trait MakeAttempts<F> {
    /// Makes the next attempt; `may_follow` says whether the hedge may start another one after it.
    /// Not called where [`can_make`](Self::can_make) returns `false`.
    fn make(&mut self, may_follow: bool) -> F;

    /// Returns `true` if another attempt can be made.
    fn can_make(&self) -> bool {
        true
    }
}

impl<F, M: Fn() -> F> MakeAttempts<F> for M {
    fn make(&mut self, _may_follow: bool) -> F {
        self()
    }
}
