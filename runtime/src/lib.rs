//! Guard rails for functions: circuit breakers, retries, error boundaries, error monitoring and
//! health checks, mostly by annotating functions.

#![cfg_attr(docsrs, feature(doc_cfg))] // docs.rs shows the feature that an item needs

pub mod breaker;
pub mod call;
mod char_boundary;
pub mod classify;
pub mod error;
pub mod event;
mod fork;
mod guarded;
mod name;
mod panics;
pub mod retry;
mod rng;
mod scope;
mod sync;
pub mod time;
mod worker;

pub mod alerts;
pub mod boundary;
pub mod health;
pub mod monitor;
pub mod system;
#[cfg(feature = "test-util")]
pub mod testing;

pub mod integrations;

#[cfg(any(doc, doctest))]
pub mod guide;

#[doc(hidden)]
pub mod __private;

pub use boundary::report;
pub use breaker::circuit_breakers;
pub use error::{AppError, Coded, Coding, ConfigError, ErrorCode, Rejection, ResultExt};
pub use gardefou_macros::Coded;
/// A named `try` block whose errors get a code and are logged, counted and passed to alerts once.
///
/// `error_boundary!("name", key = value, .., { block })` is a `Result<T, AppError>`: the block's
/// last value is wrapped in `Ok`, `?` takes any error and ends in the boundary, as [`bail!`] and
/// [`ensure!`] do. `return`, `break`, `continue` and `.await` act as if the block stood there
/// without the macro. Macro calls that hide an await (`join!`, `select!`) or a `?` do not compile
/// in it; the block is then written `async { .. }` and awaited in place, or `|| { .. }` in sync
/// code.
///
/// A `?` in the expansion of another macro cannot be seen, and leaves the enclosing function. In
/// the forms `|| { .. }` and `async { .. }` it ends in the boundary.
///
/// | key | default | meaning |
/// | --- | --- | --- |
/// | `error_code` | none | the code of errors that have none |
/// | `log_level` | `"error"` | `"trace"` to `"critical"`, or a [`LogLevel`](boundary::LogLevel) |
/// | `rethrow` | `true` | `false`: the error goes no further, the boundary is an `Option<T>` |
/// | `fallback` | none | an expression for the value's place: the error goes no further, the boundary is a `T` |
/// | `catch_panics` | `false` | a panic is an error with the code `PANIC_ERROR` |
/// | `crate` | `::gardefou` | the path to a renamed or re-exported gardefou |
///
/// # Cancel safety
///
/// Dropping the future around the block drops the block; nothing is reported.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, error_boundary};
///
/// fn sum(rows: &[&str]) -> Result<i64, AppError> {
///     error_boundary!("sum-rows", error_code = ErrorCode::ANALYSIS_DATA_ERROR, {
///         let mut sum = 0;
///         for row in rows {
///             if row.is_empty() {
///                 return Ok(-1); // leaves `sum`, as it does without the macro
///             }
///             sum += row.parse::<i64>()?; // ends in the boundary
///         }
///         sum
///     })
/// }
///
/// assert_eq!(sum(&["1", "2"]).unwrap(), 3);
/// assert_eq!(sum(&["1", ""]).unwrap(), -1);
/// assert!(sum(&["1", "x"]).unwrap_err().is(ErrorCode::ANALYSIS_DATA_ERROR));
///
/// let cached: Option<String> = error_boundary!("read-cache", rethrow = false, { std::fs::read_to_string("no file")? });
/// assert_eq!(cached, None);
/// ```
pub use gardefou_macros::error_boundary;
/// A boundary that undoes what was done before the failure.
///
/// `transaction_boundary!("name", key = value, .., |tx| { block })` is a `Result<T, AppError>`. The
/// block's last value is wrapped in `Ok` and commits; so does `return value`. `?`, [`bail!`], a
/// panic or a dropped future roll back: what the block registered with `tx.on_rollback(..)` runs,
/// last in first out, each even if another one fails, then `on_error_callback`. A failing
/// compensation is recorded as critical and attached to the error, which keeps its code.
///
/// A `?` in the expansion of another macro ends in the transaction too.
///
/// `tx` is a [`&Transaction`](boundary::Transaction), or a
/// [`&AsyncTransaction`](boundary::AsyncTransaction) where the block awaits.
///
/// | key | default | meaning |
/// | --- | --- | --- |
/// | `on_error_callback` | none | a path or closure that takes `&AppError`, and returns `()` or a `Result` |
/// | `error_code` | none | the code of errors that have none |
/// | `log_level` | `"error"` | `"trace"` to `"critical"`, or a [`LogLevel`](boundary::LogLevel) |
/// | `catch_panics` | `false` | a panic is an error with the code `PANIC_ERROR`, after the rollback |
/// | `parent` | none: the commit is final | the `tx` of another transaction, which gets the compensations at the commit |
/// | `crate` | `::gardefou` | the path to a renamed or re-exported gardefou |
///
/// # Cancel safety
///
/// Dropping the future around the block rolls back and is no error: see
/// [`TransactionOutcome::Cancelled`](event::TransactionOutcome::Cancelled). Compensations that
/// await, and those that come after them in the order, then run in a task: see
/// [`AsyncTransaction`](boundary::AsyncTransaction).
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, transaction_boundary};
/// use std::cell::RefCell;
///
/// fn import(rows: &[&str], table: &RefCell<Vec<u32>>) -> Result<usize, AppError> {
///     let check = |err: &AppError| assert!(err.is(ErrorCode::DB_WRITE_ERROR));
///     transaction_boundary!("import", error_code = ErrorCode::DB_WRITE_ERROR, on_error_callback = check, |tx| {
///         for row in rows {
///             table.borrow_mut().push(row.parse()?);
///             tx.on_rollback("delete the row", || {
///                 table.borrow_mut().pop();
///             });
///         }
///         rows.len()
///     })
/// }
///
/// let table = RefCell::new(vec![7]);
/// assert!(import(&["8", "nine"], &table).is_err());
/// assert_eq!(*table.borrow(), [7]);
/// assert_eq!(import(&["8", "9"], &table).unwrap(), 2);
/// assert_eq!(*table.borrow(), [7, 8, 9]);
/// ```
pub use gardefou_macros::transaction_boundary;
pub use gardefou_macros::{
    enhanced_error_handling, health_check, log_sensitive_operations, retry,
    retry_with_circuit_breaker, with_circuit_breaker,
};
pub use guarded::guarded_functions;
pub use health::{health, health_check};
pub use monitor::error_monitor;
pub use system::{ErrorSystem, ErrorSystemGuard, InitError, init_error_system};

/// `Result` with [`AppError`] as the error type unless another is named.
pub type Result<T, E = AppError> = std::result::Result<T, E>;
