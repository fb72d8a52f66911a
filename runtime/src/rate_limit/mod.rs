//! Rate limiters: how many calls are let through in which time.
//!
//! A service that is called too often by one client gets slow for all of them, and a vendor that
//! bills by the call or blocks who exceeds a limit answers late. A [`RateLimiter`] lets calls through
//! at a [`Rate`] and rejects the others at once, or lets them wait for at most `max_wait`; the
//! rejection says after which time the call is let through. It smooths: permits come back one by
//! one (the generic cell rate algorithm, GCRA), and not all at the start of each second.
//!
//! The state of a limiter is one atomic word. A check reads the clock once, and a rejected one writes
//! nothing that threads share.
//!
//! # Examples
//!
//! ```
//! use gardefou::{AppError, rate_limit::RateLimiter, time::ManualClock};
//! use std::time::Duration;
//!
//! let clock = ManualClock::new();
//! let limiter = RateLimiter::builder("geocoder").rate("2/s").clock(clock.clone()).build()?;
//! let call = || limiter.call(|| Ok::<_, AppError>(7));
//! assert!(call().is_ok() && call().is_ok());
//!
//! let rejected = call().unwrap_err();
//! assert_eq!(rejected.to_string(), "rate_limit `geocoder` rejected the call; try again in 500.0ms");
//! clock.advance(rejected.retry_after().unwrap());
//! assert!(call().is_ok());
//! # Ok::<(), AppError>(())
//! ```

#[cfg(feature = "async")]
mod async_call;
mod builder;
mod clock;
mod config;
#[cfg(feature = "config")]
mod configurable;
mod handle;
mod inner;
#[cfg(feature = "fleet")]
mod joining;
mod keyed;
mod rate;
mod reading;
mod registry;
mod reservation;
#[cfg(feature = "fleet")]
mod sharing;
mod snapshot;
mod state;
#[cfg(feature = "fleet")]
mod terms;
#[cfg(test)]
mod tests;
mod word;

pub use crate::store_loss::StoreLoss;
#[cfg(feature = "async")]
#[doc(hidden)]
pub use async_call::Limited;
pub use builder::RateLimiterBuilder;
pub use config::RateLimiterConfig;
pub use handle::RateLimiter;
#[cfg(feature = "fleet")]
pub(crate) use inner::Inner as LimiterInner;
#[cfg(feature = "fleet")]
pub(crate) use joining::{LimiterJoiner, take_all_limiters_in};
pub use rate::{Rate, RateSetting};
pub(crate) use reading::RateLimiterReading;
pub use registry::{RateLimiters, rate_limiters};
pub use reservation::Reservation;
#[cfg(feature = "fleet")]
pub(crate) use sharing::{LimiterLink, LocalLimit, MOST_PERMITS, USE_TIME};
pub use snapshot::RateLimiterSnapshot;
#[cfg(feature = "fleet")]
pub(crate) use terms::Terms;
