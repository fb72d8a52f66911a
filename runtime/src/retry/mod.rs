//! Retries: further attempts after a failure, with growing delays and limits on both.
//!
//! A call to another machine fails now and then for transient reasons. A retry at once meets the
//! same reason, endless retries make a caller hang, and a thousand clients that retry in step keep
//! a struggling service down. A [`Retry`] makes a bounded number of attempts, after delays that
//! grow and are spread at random ([`Backoff`], [`Jitter`]), does not retry permanent errors, obeys
//! the Retry-After of a callee, and is limited by a [`RetryBudget`] that it shares with others.
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

#[cfg(feature = "async")]
mod async_run;
mod backoff;
mod builder;
mod config;
#[cfg(feature = "config")]
mod configurable;
mod counts;
mod explicit;
mod handle;
mod hooks;
mod inner;
mod jitter;
mod run;
mod state;
#[cfg(test)]
mod tests;
mod view;

pub use crate::{
    budget::{
        BudgetSource, RetryBudget, RetryBudgetBuilder, RetryBudgetConfig, RetryBudgetSnapshot,
        RetryBudgets, retry_budgets,
    },
    call::Attempt,
    event::StopReason,
};
#[cfg(feature = "async")]
pub use async_run::Wait;
#[cfg(feature = "async")]
pub(crate) use async_run::Watched;
pub use backoff::{Backoff, BackoffKind, BackoffSetting, Delays};
pub use builder::RetryBuilder;
pub use config::RetryConfig;
#[cfg(feature = "config")]
pub(crate) use configurable::NamedSettings;
pub(crate) use counts::{durations, first_successes};
#[cfg(feature = "async")]
pub(crate) use handle::settle;
pub use handle::{Retry, Timed, Untimed};
pub use hooks::{FailedAttempt, Next};
pub use jitter::{Jitter, JitterSetting};
#[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
pub(crate) use run::FailedValue;
pub(crate) use run::Retried;
pub use run::Run;
#[cfg(feature = "tower")]
pub(crate) use run::SuspendedRun;
pub(crate) use view::ErrorView;
pub use view::is_retryable;
