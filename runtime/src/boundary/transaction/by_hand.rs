//! Transactions without the macro.

use super::{
    asynchronous::{AsyncGuard, AsyncTransaction},
    compensation::{Callback, CompensationResult},
    local::{Guard, Transaction},
};
use crate::{
    boundary::{BoundaryError, Operation, Treatment, error::converted, panic},
    call::InPlace,
    error::{AppError, ErrorCode},
    event::LogLevel,
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
/// - `catch_panics`: `false`.
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
    settings: Settings<'a>,
    callback: F,
    parent: P,
}

#[derive(Clone, Copy, Debug)]
struct Settings<'a> {
    operation: Operation<'a>,
    place: &'static Location<'static>,
    treatment: Treatment,
    catch_panics: bool,
}

/// Stands for the parent of a [`TransactionBoundary`] that has none.
#[derive(Clone, Copy, Debug)]
pub struct NoParent;

/// A transaction of the kind `T` that another one may join, or [`NoParent`].
#[diagnostic::on_unimplemented(
    message = "this transaction joins a `&{T}`, not `{Self}`",
    note = "a sync transaction joins a `&Transaction`, one of `call_async` an `&AsyncTransaction`"
)]
pub trait Parent<T>: Copy {
    /// Returns the transaction, if it is one.
    #[doc(hidden)]
    fn transaction<'p>(self) -> Option<&'p T>
    where
        Self: 'p;
}

impl<T> Parent<T> for NoParent {
    fn transaction<'p>(self) -> Option<&'p T> {
        None
    }
}

impl<T> Parent<T> for &T {
    fn transaction<'p>(self) -> Option<&'p T>
    where
        Self: 'p,
    {
        Some(self)
    }
}

impl<'a> TransactionBoundary<'a> {
    /// Makes a transaction with a name; its place is the caller's.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::TransactionBoundary;
    ///
    /// let err = TransactionBoundary::new("save").call(|_| Err::<(), _>("disk full")).unwrap_err();
    /// assert_eq!(err.details()["context"][0], "save");
    /// ```
    #[track_caller]
    pub fn new(name: &'a str) -> Self {
        let place = Location::caller();
        let operation = Operation::new(name, place.file(), place.file(), place.line());
        let settings = Settings {
            operation,
            place,
            treatment: Treatment::DEFAULT,
            catch_panics: false,
        };
        Self {
            settings,
            callback: |_| (),
            parent: NoParent,
        }
    }
}

impl<'a, F, P> TransactionBoundary<'a, F, P> {
    /// Sets the code of errors that have none.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, boundary::TransactionBoundary};
    ///
    /// let boundary = TransactionBoundary::new("save").error_code(ErrorCode::DB_WRITE_ERROR);
    /// let result = boundary.call(|_| Err::<(), _>("disk full"));
    /// assert!(result.unwrap_err().is(ErrorCode::DB_WRITE_ERROR));
    /// ```
    pub fn error_code(mut self, code: ErrorCode) -> Self {
        self.settings.treatment.code = Some(code);
        self
    }

    /// Sets the level at which errors are logged and recorded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{boundary::TransactionBoundary, error_monitor, event::{LogLevel, Severity}};
    ///
    /// let boundary = TransactionBoundary::new("prefetch").log_level(LogLevel::Info);
    /// assert!(boundary.call(|_| Err::<(), _>("no space")).is_err());
    /// assert_eq!(error_monitor().stats().recent_errors[0].level, Severity::Info);
    /// ```
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.settings.treatment.level = level;
        self
    }

    /// Turns panics of the body into errors with [`PANIC_ERROR`](ErrorCode::PANIC_ERROR), after the
    /// rollback. Off by default: the panic goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, boundary::TransactionBoundary};
    /// use std::cell::Cell;
    ///
    /// let undone = Cell::new(false);
    /// let result = TransactionBoundary::new("save").catch_panics(true).call(|tx| -> Result<(), AppError> {
    ///     tx.on_rollback("delete the row", || undone.set(true));
    ///     panic!("out of bounds")
    /// });
    /// assert!(result.unwrap_err().is(ErrorCode::PANIC_ERROR) && undone.get());
    /// ```
    pub fn catch_panics(mut self, catch: bool) -> Self {
        self.settings.catch_panics = catch;
        self
    }

    /// Sets a function that is called with the error after the compensations ran; it returns `()`
    /// or a `Result`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::TransactionBoundary;
    ///
    /// let mut rolled_back = None;
    /// let result = TransactionBoundary::new("save")
    ///     .on_error_callback(|err| rolled_back = err.details()["rolled_back"].as_bool())
    ///     .call(|_| Err::<(), _>("disk full"));
    /// assert!(result.is_err());
    /// assert_eq!(rolled_back, Some(true));
    /// ```
    pub fn on_error_callback<R: CompensationResult, G: FnOnce(&AppError) -> R>(
        self,
        callback: G,
    ) -> TransactionBoundary<'a, G, P> {
        TransactionBoundary {
            settings: self.settings,
            callback,
            parent: self.parent,
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
        TransactionBoundary {
            settings: self.settings,
            callback: self.callback,
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
    /// Where `body` does, after the rollback, unless [`catch_panics`](Self::catch_panics) is on.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::TransactionBoundary;
    /// use std::cell::RefCell;
    ///
    /// let (table, save) = (RefCell::new(Vec::new()), TransactionBoundary::new("save"));
    /// let insert = |text: &str| {
    ///     save.call(|tx| {
    ///         table.borrow_mut().push(text.to_owned());
    ///         tx.on_rollback("remove the row", || drop(table.borrow_mut().pop()));
    ///         text.parse::<u32>()
    ///     })
    /// };
    /// assert!(insert("7").is_ok() && insert("eight").is_err());
    /// assert_eq!(*table.borrow(), ["7"]);
    /// ```
    #[track_caller]
    pub fn call<'t, T, E: BoundaryError, R: CompensationResult>(
        self,
        body: impl FnOnce(&Transaction<'t>) -> Result<T, E>,
    ) -> Result<T, AppError>
    where
        F: FnOnce(&AppError) -> R,
        P: Parent<Transaction<'t>>,
    {
        let Settings {
            operation,
            place: written_at,
            treatment,
            catch_panics,
        } = self.settings;
        let mut guard = Guard::begin(
            &operation,
            treatment,
            Callback::new(self.callback),
            self.parent.transaction(),
            written_at,
        );
        let mut place = InPlace::enter();
        panics::watch();
        let called_at = Location::caller();
        let outcome = panics::catch(|| converted(body(guard.transaction()), called_at));
        let outcome = if catch_panics {
            Ok(panic::or_error(outcome, operation.name(), called_at))
        } else {
            outcome
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
    /// Where `body` does, after the rollback, unless [`catch_panics`](Self::catch_panics) is on.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future rolls back: see [`AsyncTransaction`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, boundary::TransactionBoundary};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let save = TransactionBoundary::new("save").error_code(ErrorCode::DB_WRITE_ERROR);
    /// let saved = save.call_async(async |tx| {
    ///     tx.on_rollback_async("delete the row", async || ());
    ///     Err::<u32, _>("disk full")
    /// });
    /// assert_eq!(saved.await.unwrap_err().details()["compensations_run"], 1);
    /// # });
    /// ```
    pub async fn call_async<T, E: BoundaryError, R: CompensationResult>(
        self,
        body: impl AsyncFnOnce(&AsyncTransaction) -> Result<T, E>,
    ) -> Result<T, AppError>
    where
        F: FnOnce(&AppError) -> R,
        P: Parent<AsyncTransaction>,
    {
        let Settings {
            operation,
            place: written_at,
            treatment,
            catch_panics,
        } = self.settings;
        let mut guard = AsyncGuard::begin(
            &operation,
            treatment,
            Callback::new(self.callback),
            self.parent.transaction(),
            written_at,
        );
        let mut place = InPlace::enter();
        let body = async { converted(body(guard.transaction()).await, written_at) };
        let outcome = place.suspend(panic::caught(body, |outcome| outcome)).await;
        let outcome = if catch_panics {
            Ok(panic::or_error(outcome, operation.name(), written_at))
        } else {
            outcome
        };
        match outcome {
            Ok(Ok(value)) => {
                guard.commit(place.leave());
                Ok(value)
            }
            Ok(Err(error)) => Err(guard.roll_back(error, place.leave()).await),
            Err(payload) => guard.panicked(payload, place.leave()),
        }
    }
}
