//! What shared guards do without their store.

use crate::named::named;

/// What a shared guard does while the store of its fleet does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreLoss {
    /// Decides by what this process sees; a rate limiter by its share of the rate and of the burst.
    #[default]
    Local,
    /// Rejects every call.
    Open,
    /// Rejects no call.
    Closed,
}

named! {
    /// Returns the name as it stands in attributes, for example `local`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::breaker::StoreLoss::Local.name(), "local");
    /// ```
    StoreLoss {
        Local = "local",
        Open = "open",
        Closed = "closed",
    }
}
