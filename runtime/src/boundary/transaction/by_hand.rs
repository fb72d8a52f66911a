//! Transactions without the macro.

use super::{
    asynchronous::{AsyncGuard, AsyncTransaction},
    compensation::{Callback, CompensationResult},
    local::{Guard, Transaction},
};
use crate::{
    AppError, ErrorCode,
    boundary::{BoundaryError, LogLevel, Operation, Treatment},
};
use std::panic::Location;

/// Runs `body` as a transaction: on an error or a panic, what it registered with
/// [`on_rollback`](Transaction::on_rollback) runs, last in first out.
///
/// The short form of [`TransactionBoundary`]; inside a function `transaction_boundary!` reads better.
///
/// # Errors
///
/// The error of `body`, with the outcome of the rollback in its details (`rolled_back`, `rollback_failures`).
///
/// # Examples
///
/// ```
/// use gardefou::boundary::transaction;
/// use std::cell::Cell;
///
/// let balance = Cell::new(100);
/// let result = transaction("withdraw", |tx| {
///     balance.set(balance.get() - 30);
///     tx.on_rollback("give it back", || balance.set(balance.get() + 30));
///     "thirty".parse::<u32>()
/// });
/// assert!(result.is_err());
/// assert_eq!(balance.get(), 100);
/// ```
#[track_caller]
pub fn transaction<'a, T, E: BoundaryError>(
    name: &str,
    body: impl FnOnce(&Transaction<'a>) -> Result<T, E>,
) -> Result<T, AppError> {
    TransactionBoundary::new(name).call(body)
}

/// Runs the async `body` as a transaction; like [`transaction`], with compensations that may await.
///
/// # Errors
///
/// The error of `body`, with the outcome of the rollback in its details (`rolled_back`, `rollback_failures`).
///
/// # Cancel safety
///
/// Dropping the future rolls back: see [`AsyncTransaction`].
///
/// # Examples
///
/// ```
/// use gardefou::boundary::transaction_async;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let saved = transaction_async("save", async |tx| {
///     tx.on_rollback_async("delete the row", || async {});
///     Ok::<_, std::io::Error>(7)
/// });
/// assert_eq!(saved.await.unwrap(), 7);
/// # });
/// ```
pub async fn transaction_async<T, E: BoundaryError>(
    name: &str,
    body: impl AsyncFnOnce(&AsyncTransaction) -> Result<T, E>,
) -> Result<T, AppError> {
    TransactionBoundary::new(name).call_async(body).await
}

/// A transaction by hand; `transaction_boundary!` is the same in place.
///
/// # Defaults
///
/// - `error_code`: none; an error that nobody gave a code keeps
///   [`UNKNOWN_ERROR`](ErrorCode::UNKNOWN_ERROR) and stays uncoded.
/// - `log_level`: [`LogLevel::Error`].
/// - `on_error_callback`: none.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, boundary::TransactionBoundary};
///
/// let mut told = None;
/// let result = TransactionBoundary::new("save")
///     .error_code(ErrorCode::DB_WRITE_ERROR)
///     .on_error_callback(|err| told = Some(err.code()))
///     .call(|_| Err::<(), _>("disk full"));
/// assert!(result.is_err());
/// assert_eq!(told, Some(ErrorCode::DB_WRITE_ERROR));
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a transaction does nothing until it is called"]
pub struct TransactionBoundary<'a, F = fn(&AppError)> {
    operation: Operation<'a>,
    treatment: Treatment,
    callback: F,
}

impl<'a> TransactionBoundary<'a> {
    /// Makes a transaction with a name; its place is the caller's.
    #[track_caller]
    pub fn new(name: &'a str) -> Self {
        let place = Location::caller();
        let operation = Operation::new(name, place.file(), place.file(), place.line());
        Self { operation, treatment: Treatment::DEFAULT, callback: |_| () }
    }
}

impl<'a, F> TransactionBoundary<'a, F> {
    /// Sets the code of errors that have none.
    pub fn error_code(mut self, code: ErrorCode) -> Self {
        self.treatment.code = Some(code);
        self
    }

    /// Sets the level at which errors are logged and recorded.
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.treatment.level = level;
        self
    }

    /// Sets what is told of the error after the compensations ran; it returns `()` or a `Result`.
    pub fn on_error_callback<R: CompensationResult, G: FnOnce(&AppError) -> R>(
        self,
        callback: G,
    ) -> TransactionBoundary<'a, G> {
        TransactionBoundary { operation: self.operation, treatment: self.treatment, callback }
    }

    /// Runs a function as a transaction.
    ///
    /// # Errors
    ///
    /// The error of `body`, coded, with the outcome of the rollback in its details.
    ///
    /// # Panics
    ///
    /// Where `body` does, after the rollback.
    #[track_caller]
    pub fn call<'t, T, E: BoundaryError, R: CompensationResult>(
        self,
        body: impl FnOnce(&Transaction<'t>) -> Result<T, E>,
    ) -> Result<T, AppError>
    where
        F: FnOnce(&AppError) -> R,
    {
        let mut guard = Guard::begin(&self.operation, self.treatment, Callback::new(self.callback));
        let outcome = match body(guard.transaction()) {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into_app_error()),
        };
        guard.end(outcome)
    }

    /// Runs an async function as a transaction.
    ///
    /// # Errors
    ///
    /// The error of `body`, coded, with the outcome of the rollback in its details.
    ///
    /// # Panics
    ///
    /// Where `body` does, after the rollback.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future rolls back: see [`AsyncTransaction`].
    pub async fn call_async<T, E: BoundaryError, R: CompensationResult>(
        self,
        body: impl AsyncFnOnce(&AsyncTransaction) -> Result<T, E>,
    ) -> Result<T, AppError>
    where
        F: FnOnce(&AppError) -> R,
    {
        let mut guard = AsyncGuard::begin(&self.operation, self.treatment, Callback::new(self.callback));
        match body(guard.transaction()).await {
            Ok(value) => {
                guard.commit();
                Ok(value)
            }
            Err(error) => Err(guard.roll_back(error.into_app_error()).await),
        }
    }
}
