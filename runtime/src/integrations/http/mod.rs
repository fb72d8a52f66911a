//! Statuses and headers of the crate http 1 (feature `http-1`): what a response means to a guard, and
//! the deadline of a request.

mod deadline;
mod status;

pub use deadline::{AcceptDeadline, deadline_in, set_deadline};
#[cfg(any(feature = "reqwest-middleware", feature = "tower"))]
pub(in crate::integrations) use status::StatusText;
pub use status::{StatusClassifier, is_retryable_status, retry_after_in, verdict_of_status};
