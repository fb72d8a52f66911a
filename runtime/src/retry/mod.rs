//! Calling again what failed: attempts, growing delays, and limits on both.
//!
//! A call to another machine fails now and then for reasons that pass by themselves. Calling again
//! at once meets the same reason, calling again for ever makes a caller hang, and a thousand
//! clients that call again in step keep a struggling service down. A [`Retry`] calls again a
//! bounded number of times, after delays that grow and are spread at random ([`Backoff`],
//! [`Jitter`]), knows errors that no other try can help, obeys a callee that asks to be left alone,
//! and can be held to a [`RetryBudget`] that it shares with others.
//!
//! # Examples
//!
//! ```
//! use gardefou::{retry::Retry, time::ManualClock};
//!
//! let retry = Retry::builder().max_retries(3).clock(ManualClock::new()).build()?;
//! let mut answers = [Err("reset"), Err("reset"), Ok(200)].into_iter();
//! assert_eq!(retry.call(|| answers.next().unwrap()), Ok(200));
//! # Ok::<(), gardefou::ConfigError>(())
//! ```

mod backoff;
mod budget;
mod builder;
mod config;
mod handle;
mod hooks;
mod jitter;
mod run;
mod step;
mod tokens;
mod view;
#[cfg(feature = "async")]
mod watched;

pub use crate::{call::Attempt, event::StopReason};
pub use backoff::{Backoff, BackoffKind, Delays};
pub use budget::{BudgetSource, RetryBudget, RetryBudgetBuilder};
pub use builder::{BackoffSetting, RetryBuilder};
pub use config::RetryConfig;
pub use handle::{Retry, Timed, Untimed};
pub use hooks::{FailedAttempt, Next};
pub use jitter::{Jitter, JitterSetting};
pub use run::Run;
#[cfg(feature = "async")]
pub use run::Wait;
pub use view::is_retryable;
#[doc(hidden)]
pub use view::{AnyError, ErrorView};
#[cfg(feature = "async")]
#[doc(hidden)]
pub use watched::Watched;
