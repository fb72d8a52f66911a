//! Transactions without the macro.

use super::{
    asynchronous::{AsyncGuard, AsyncTransaction, Body},
    compensation::{Callback, CompensationResult},
    local::{Guard, Transaction},
};
use crate::{
    boundary::{BoundaryError, LogLevel, Operation, Treatment},
    call::InPlace,
    error::{AppError, ErrorCode},
    panics,
};
use std::panic::Location;

/// Runs `body` as a transaction: on an error or a panic, what it registered with
/// [`on_rollback`](Transaction::on_rollback) runs, last in first out.
///
/// The short form of [`TransactionBoundary`]; inside a function `transaction_boundary!` reads
/// better.
///
/// # Errors
///
/// The error of `body`, with the outcome of the rollback in its details (`rolled_back`,
/// `compensations_run`, `rollback_failures`).
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
/// The error of `body`, with the outcome of the rollback in its details (`rolled_back`,
/// `compensations_run`, `rollback_failures`).
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
#[track_caller]
pub fn transaction_async<T, E: BoundaryError>(
    name: &str,
    body: impl AsyncFnOnce(&AsyncTransaction) -> Result<T, E>,
) -> impl Future<Output = Result<T, AppError>> {
    TransactionBoundary::new(name).call_async(body)
}

/// A transaction by hand; `transaction_boundary!` is the same in place.
///
/// # Defaults
///
/// - `error_code`: none; an error without a code keeps
///   [`UNKNOWN_ERROR`](ErrorCode::UNKNOWN_ERROR) and stays uncoded.
/// - `log_level`: [`LogLevel::Error`].
/// - `on_error_callback`: none.
/// - `parent`: none; a commit is final.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, boundary::TransactionBoundary};
///
/// let mut code = None;
/// let result = TransactionBoundary::new("save")
///     .error_code(ErrorCode::DB_WRITE_ERROR)
///     .on_error_callback(|err| code = Some(err.code()))
///     .call(|_| Err::<(), _>("disk full"));
/// assert!(result.is_err());
/// assert_eq!(code, Some(ErrorCode::DB_WRITE_ERROR));
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a transaction does nothing until it is called"]
pub struct TransactionBoundary<'a, F = fn(&AppError), P = NoParent> {
    operation: Operation<'a>,
    place: &'static Location<'static>,
    treatment: Treatment,
    callback: F,
    parent: P,
}

/// Stands for the parent of a [`TransactionBoundary`] that has none.
#[derive(Clone, Copy, Debug)]
pub struct NoParent;

/// A sync transaction that another one may join, or [`NoParent`].
#[diagnostic::on_unimplemented(
    message = "a sync transaction joins a `&Transaction`, not `{Self}`",
    note = "inside an async transaction, call the inner one with `call_async`"
)]
pub trait Parent<'t>: Copy {
    /// Returns the transaction, if it is one.
    #[doc(hidden)]
    fn transaction<'p>(self) -> Option<&'p Transaction<'t>>
    where
        Self: 'p;
}

impl<'t> Parent<'t> for NoParent {
    fn transaction<'p>(self) -> Option<&'p Transaction<'t>> {
        None
    }
}

impl<'t> Parent<'t> for &Transaction<'t> {
    fn transaction<'p>(self) -> Option<&'p Transaction<'t>>
    where
        Self: 'p,
    {
        Some(self)
    }
}

/// An async transaction that another one may join, or [`NoParent`].
#[diagnostic::on_unimplemented(
    message = "an async transaction joins an `&AsyncTransaction`, not `{Self}`"
)]
pub trait AsyncParent: Copy {
    /// Returns the transaction, if it is one.
    #[doc(hidden)]
    fn transaction<'p>(self) -> Option<&'p AsyncTransaction>
    where
        Self: 'p;
}

impl AsyncParent for NoParent {
    fn transaction<'p>(self) -> Option<&'p AsyncTransaction> {
        None
    }
}

impl AsyncParent for &AsyncTransaction {
    fn transaction<'p>(self) -> Option<&'p AsyncTransaction>
    where
        Self: 'p,
    {
        Some(self)
    }
}

impl<'a> TransactionBoundary<'a> {
    /// Makes a transaction with a name; its place is the caller's.
    #[track_caller]
    pub fn new(name: &'a str) -> Self {
        let place = Location::caller();
        let operation = Operation::new(name, place.file(), place.file(), place.line());
        Self {
            operation,
            place,
            treatment: Treatment::DEFAULT,
            callback: |_| (),
            parent: NoParent,
        }
    }
}

impl<'a, F, P> TransactionBoundary<'a, F, P> {
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

    /// Sets a function that is called with the error after the compensations ran; it returns `()`
    /// or a `Result`.
    pub fn on_error_callback<R: CompensationResult, G: FnOnce(&AppError) -> R>(
        self,
        callback: G,
    ) -> TransactionBoundary<'a, G, P> {
        let Self {
            operation,
            place,
            treatment,
            parent,
            ..
        } = self;
        TransactionBoundary {
            operation,
            place,
            treatment,
            callback,
            parent,
        }
    }

    /// Makes it a part of the transaction in whose body it stands: when it commits, its
    /// compensations join those of the parent, and run where the parent fails later, in the reverse
    /// order of all registrations.
    ///
    /// They must live as long as those of the parent, which the compiler checks. A transaction
    /// without a parent is final when it commits, wherever it stands.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::{TransactionBoundary, transaction};
    /// use std::cell::RefCell;
    ///
    /// let undone = RefCell::new(Vec::new());
    /// let result = transaction("order", |tx| {
    ///     tx.on_rollback("release the stock", || undone.borrow_mut().push("stock"));
    ///     TransactionBoundary::new("pay").parent(tx).call(|inner| {
    ///         inner.on_rollback("refund", || undone.borrow_mut().push("payment"));
    ///         Ok::<_, std::io::Error>(())
    ///     })?;
    ///     Err::<(), _>(gardefou::AppError::new(gardefou::ErrorCode::DB_WRITE_ERROR, "disk full"))
    /// });
    /// assert_eq!(*undone.borrow(), ["payment", "stock"]);
    /// assert_eq!(result.unwrap_err().details()["compensations_run"], 2);
    /// ```
    pub fn parent<Q>(self, parent: Q) -> TransactionBoundary<'a, F, Q> {
        let Self {
            operation,
            place,
            treatment,
            callback,
            ..
        } = self;
        TransactionBoundary {
            operation,
            place,
            treatment,
            callback,
            parent,
        }
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
        P: Parent<'t>,
    {
        let Self {
            operation,
            place: written_at,
            treatment,
            callback,
            parent,
        } = self;
        let mut guard = Guard::begin(
            &operation,
            treatment,
            Callback::new(callback),
            parent.transaction(),
            written_at,
        );
        let mut place = InPlace::enter();
        panics::watch();
        let outcome = panics::catch(|| body(guard.transaction()));
        let outcome = match outcome {
            Ok(Ok(value)) => Ok(Ok(value)),
            Ok(Err(error)) => Ok(Err(error.into_app_error())),
            Err(payload) => Err(payload),
        };
        guard.end(outcome, place.leave())
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
        P: AsyncParent,
    {
        let Self {
            operation,
            place: written_at,
            treatment,
            callback,
            parent,
        } = self;
        let callback = Callback::new(callback);
        let mut guard = AsyncGuard::begin(
            &operation,
            treatment,
            callback,
            parent.transaction(),
            written_at,
        );
        let mut place = InPlace::enter();
        let outcome = place
            .suspend(Body::new(async { body(guard.transaction()).await }))
            .await;
        match outcome {
            Ok(Ok(value)) => {
                guard.commit(place.leave());
                Ok(value)
            }
            Ok(Err(error)) => Err(guard
                .roll_back(error.into_app_error_at(written_at), place.leave())
                .await),
            Err(payload) => guard.panicked(payload, place.leave()),
        }
    }
}
