//! Transactions: a boundary that undoes what was done before the failure.
//!
//! The body registers a compensation after each step that takes effect outside of it. On success
//! nothing of them runs; on an error, a panic or a dropped future all of them run, last in first
//! out, each even if another one fails.
//!
//! A transaction that commits is final, also inside another one that fails later, unless it was
//! given that one as its parent: then its compensations join those of the parent.

mod asynchronous;
mod by_hand;
mod compensation;
mod failures;
mod local;
mod rollback;
#[cfg(feature = "async")]
mod running;
mod scope;
mod state;

pub use asynchronous::AsyncTransaction;
pub use by_hand::{NoParent, Parent, TransactionBoundary, transaction, transaction_async};
pub use compensation::CompensationResult;
pub use failures::{RollbackFailure, RollbackFailures};
pub use local::Transaction;
pub use state::TransactionState;

pub(crate) use asynchronous::AsyncGuard;
pub(crate) use compensation::{Callback, OnError};
pub(crate) use local::Guard;
#[cfg(feature = "async")]
pub(crate) use running::wait_for_rollbacks;
pub(crate) use scope::Outcome;
