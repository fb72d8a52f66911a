//! Fallbacks: what stands in for a call that failed.
//!
//! A page can do without its recommendations, and a price of yesterday is better than none. A
//! fallback gives a value in place of an error. The error is not lost: it is recorded as a warning
//! and counted, unless something inside did so before.
//!
//! In a function, use [`#[fallback]`](macro@crate::fallback). A fallback stands outside of retries
//! and breakers: inside of them it would turn every failure into a success.
//!
//! # Examples
//!
//! ```
//! use gardefou::{AppError, ErrorCode, fallback::Fallback};
//!
//! let fallback = Fallback::new("prices")?;
//! let price = fallback.call(
//!     || Err::<u32, _>(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "no answer")),
//!     |err| if err.is(ErrorCode::EXTERNAL_SERVICE_ERROR) { 12 } else { 0 },
//! )?;
//! assert_eq!(price, 12);
//! # Ok::<(), AppError>(())
//! ```

mod failed;
mod handle;
mod recovered;

#[doc(hidden)]
pub use failed::{Failed, Started};
pub use handle::Fallback;
pub use recovered::Recovered;
