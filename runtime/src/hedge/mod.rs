//! Hedging: a second attempt beside one that takes long.
//!
//! A call is as slow as the slowest machine that it happens to reach: in a service of many calls,
//! the one in a hundred that takes a second is what users wait for. A [`Hedge`] starts another
//! attempt when the first one takes longer than usual, and returns whichever succeeds first ("The
//! Tail at Scale", Dean and Barroso, 2013). The attempts that lost are dropped, so that the function
//! must be idempotent. A [`RetryBudget`](crate::retry::RetryBudget) bounds the load that this adds.
//!
//! In a function, use [`#[hedge]`](macro@crate::hedge).
//!
//! # Examples
//!
//! ```
//! use gardefou::hedge::Hedge;
//! use std::{cell::Cell, time::Duration};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let hedge = Hedge::builder("replicas").after(Duration::from_millis(50)).build()?;
//! let (replicas, start) = (Cell::new(0), tokio::time::Instant::now());
//! let answer = hedge.call_async(|| async {
//!     let replica = replicas.replace(replicas.get() + 1);
//!     if replica == 0 {
//!         tokio::time::sleep(Duration::from_secs(3)).await; // it is busy
//!     }
//!     Ok::<_, String>(replica)
//! });
//! assert_eq!(answer.await, Ok(1));
//! assert_eq!(start.elapsed(), Duration::from_millis(50));
//! # Ok::<(), gardefou::ConfigError>(())
//! # }).unwrap();
//! ```

#[cfg(feature = "async")]
mod attempts;
mod builder;
mod config;
#[cfg(feature = "config")]
mod configurable;
mod handle;
mod inner;
mod latencies;
#[cfg(feature = "tower")]
mod owned_call;
mod reading;
#[cfg(feature = "async")]
mod run;
mod snapshot;
#[cfg(feature = "async")]
mod state;
#[cfg(feature = "async")]
mod view;

#[cfg(feature = "tower")]
pub(crate) use attempts::MakeAttempts;
pub use builder::HedgeBuilder;
pub use config::{HedgeConfig, HedgeDelay};
pub use handle::Hedge;
#[cfg(feature = "tower")]
pub(crate) use owned_call::OwnedCall;
pub(crate) use reading::{durations, readings};
pub use snapshot::HedgeSnapshot;
#[cfg(feature = "async")]
pub(crate) use view::AttemptView;
