//! Error boundaries and transactions, and the one path by which errors are reported.
//!
//! An error that crosses five functions is logged five times or not at all where each of them
//! decides for itself. A boundary is the place that decides: what fails inside it gets a code, is
//! logged, recorded and passed to alerts once, and comes out as a `Result`. A transaction is a
//! boundary that also undoes what was done before the failure.
//!
//! In a function, use the macros `error_boundary!` and `transaction_boundary!`. This module has the
//! same by hand: [`error_boundary`], [`ErrorBoundary`], [`transaction`], [`TransactionBoundary`].

mod convert;
mod error;
mod operation;
pub(crate) mod panic;
mod report;
mod transaction;

pub use convert::BoundaryError;
pub use error::{ErrorBoundary, error_boundary};
#[doc(hidden)]
pub use operation::Operation;
pub(crate) use operation::OperationTimer;
pub use report::report;
pub use transaction::{
    AsyncTransaction, CompensationResult, NoParent, Parent, RollbackFailure, RollbackFailures,
    Transaction, TransactionBoundary, TransactionState, transaction, transaction_async,
};

pub(crate) use error::{Treatment, Visit};
#[doc(hidden)]
pub use report::Then;
pub(crate) use report::{Recognised, Report};
#[cfg(feature = "async")]
pub(crate) use transaction::wait_for_rollbacks;
pub(crate) use transaction::{AsyncGuard, Callback, Guard, OnError, Outcome};

#[cfg(test)]
mod tests;
