//! Pipelines: several policies around one call, in the order that is right by default.
//!
//! Policies that are composed in the wrong order defeat each other: a breaker outside of a retry
//! counts one failure where four calls failed, and a fallback inside of one hides the failure from
//! it. A [`Pipeline`] has a place for each policy. From outside to inside: timeout (of the whole),
//! retry, hedge, circuit breaker, rate limit, bulkhead, attempt timeout, function.
//!
//! In a function, use [`#[resilient]`](macro@crate::resilient). Another order is written as nested
//! calls of the policies, or as stacked attributes.
//!
//! # Examples
//!
//! ```
//! use gardefou::{AppError, breaker::CircuitBreaker, pipeline::Pipeline, retry::Retry, time::ManualClock};
//! use std::time::Duration;
//!
//! let pipeline = Pipeline::builder("payments")
//!     .timeout(Duration::from_secs(2))
//!     .retry(Retry::builder().max_retries(3).clock(ManualClock::new()))
//!     .circuit_breaker(CircuitBreaker::builder("payments").failure_threshold(5))
//!     .build()?;
//! let mut calls = 0;
//! let paid = pipeline.call(|| {
//!     calls += 1;
//!     if calls < 3 { Err(std::io::Error::other("connection reset")) } else { Ok("paid") }
//! })?;
//! assert_eq!((paid, calls), ("paid", 3));
//! # Ok::<(), AppError>(())
//! ```

mod builder;
mod handle;
mod into_policy;
mod span;

pub use builder::PipelineBuilder;
#[cfg(feature = "async")]
pub use handle::Hedged;
#[cfg(feature = "tower")]
pub(crate) use handle::Policies;
pub use handle::{Pipeline, Unhedged};
pub use into_policy::IntoPolicy;
#[cfg(feature = "tower")]
pub(crate) use span::PipelineSpan;
