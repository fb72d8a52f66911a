//! Layer of a retry.

mod decision;
mod future;
mod layer;
mod requests;

#[cfg(feature = "http-1")]
pub use decision::RetryByStatus;
pub use decision::{RetryByError, RetryDecision, RetryIf, RetryOutcome};
pub use future::RetryFuture;
pub use layer::{RetryLayer, RetryService};
pub use requests::{CloneRequest, ClonedRequests};
