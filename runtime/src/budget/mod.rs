//! Budgets: limits on the load that repeated calls add to a callee in trouble.
//!
//! A retry and a hedge call a function more often than their caller did. Each such call takes a
//! token of a [`RetryBudget`], which the first calls pay in; without a token it is not made. The
//! public path of everything here is [`retry`](crate::retry).

mod builder;
mod config;
#[cfg(feature = "config")]
mod configurable;
mod default;
mod floor;
mod handle;
mod keyed;
mod reading;
mod registry;
mod snapshot;
mod source;
#[cfg(test)]
mod tests;
mod tokens;

pub use builder::RetryBudgetBuilder;
pub use config::RetryBudgetConfig;
pub(crate) use default::Payer;
pub use handle::RetryBudget;
pub(crate) use reading::readings;
pub use registry::{RetryBudgets, retry_budgets};
pub use snapshot::RetryBudgetSnapshot;
pub use source::BudgetSource;
