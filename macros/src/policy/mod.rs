//! Settings of the attributes: defaults filled in, contradictions reported.

mod audit;
mod breaker;
mod fallback;
mod handling;
mod hedge;
mod key;
mod level;
mod retry;
mod setters;
mod span;
mod store_loss;
mod window;
mod wrap;

pub(crate) use audit::Audit;
pub(crate) use breaker::Breaker;
pub(crate) use fallback::Fallback;
pub(crate) use handling::Handling;
pub(crate) use hedge::Hedge;
pub(crate) use key::Key;
pub(crate) use level::{LEVELS, variant_of};
pub(crate) use retry::{Budgets, Retry};
pub(crate) use setters::Seed;
pub(crate) use span::Span;
pub(crate) use wrap::Wrap;
