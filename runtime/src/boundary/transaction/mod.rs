//! Transactions: a boundary that undoes what was done before the failure.
//!
//! The body registers a compensation after each step that takes effect outside of it. On success nothing of them runs;
//! on an error, a panic or a dropped future all of them run, last in first out, each even if another one fails.

mod asynchronous;
mod by_hand;
mod compensation;
mod failures;
mod local;
mod rollback;
mod scope;
mod state;

pub use asynchronous::AsyncTransaction;
pub use by_hand::{TransactionBoundary, transaction, transaction_async};
pub use compensation::CompensationResult;
pub use failures::{RollbackFailure, RollbackFailures};
pub use local::Transaction;
pub use state::TransactionState;

pub(crate) use asynchronous::AsyncGuard;
pub(crate) use compensation::{Callback, OnError};
pub(crate) use local::Guard;
