//! Timeouts: a limit on how long a call may take, and the deadline that follows from it for
//! everything inside.
//!
//! A call without a limit waits as long as its slowest dependency. A [`Timeout`] drops the future of
//! an async call at its limit. Blocking code cannot be interrupted: there it sets the deadline, which
//! retries and waits inside keep to, and reports a call that took longer.
//!
//! The limit of a call is its own, or what remains until the deadline around it if that is less
//! ([`call::remaining`](crate::call::remaining)). In a function, use
//! [`#[timeout]`](macro@crate::timeout).
//!
//! # Examples
//!
//! ```
//! use gardefou::{AppError, ErrorCode, call, timeout::Timeout};
//! use std::time::Duration;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let timeout = Timeout::builder("report").limit(Duration::from_secs(2)).build()?;
//! let err = timeout.call_async(|| std::future::pending::<Result<(), AppError>>()).await.unwrap_err();
//! assert!(err.is(ErrorCode::TIMEOUT_ERROR));
//!
//! let left = timeout.call(|| Ok::<_, AppError>(call::remaining()))?;
//! assert!(left.unwrap() <= Duration::from_secs(2));
//! # Ok::<(), AppError>(())
//! # }).unwrap();
//! ```

#[cfg(feature = "async")]
mod async_call;
mod builder;
#[cfg(feature = "config")]
mod configurable;
mod durations;
mod handle;
mod late;

#[cfg(feature = "tower")]
pub(crate) use async_call::Timed;
pub use builder::TimeoutBuilder;
#[cfg(feature = "telemetry")]
pub(crate) use durations::durations;
pub use handle::Timeout;
