//! The transaction of sync code.

use super::{
    compensation::{self, CompensationResult, OnError, Place},
    scope::{self, Outcome, Scope, Undone},
    state::TransactionState,
};
use crate::{
    boundary::{Operation, Treatment},
    call::{self, Frame},
    error::AppError,
    event::{Shown, TransactionOutcome},
    panics::Payload,
};
use std::{
    borrow::Cow,
    cell::{OnceCell, RefCell},
    fmt,
    panic::Location,
};

/// What the body of a sync transaction is given: it notes progress and registers compensations.
///
/// Compensations may borrow what was declared before the transaction, for example a connection.
///
/// # Examples
///
/// ```
/// use gardefou::boundary::transaction;
/// use std::cell::RefCell;
///
/// let table = RefCell::new(vec!["old"]);
/// let result = transaction("insert", |tx| {
///     table.borrow_mut().push("new");
///     tx.on_rollback("remove the row", || drop(table.borrow_mut().pop()));
///     "no number".parse::<u32>()
/// });
/// assert!(result.is_err());
/// assert_eq!(*table.borrow(), ["old"]);
/// ```
pub struct Transaction<'a> {
    /// Behind one pointer, so that a transaction in which nothing is noted has one word to set up
    /// and to drop.
    notes: OnceCell<Box<Notes<'a>>>,
}

#[derive(Default)]
struct Notes<'a> {
    state: TransactionState,
    compensations: RefCell<Vec<Compensation<'a>>>,
}

struct Compensation<'a> {
    name: Cow<'static, str>,
    /// Where it was registered.
    place: Place,
    undo: Box<dyn FnOnce() -> Option<AppError> + 'a>,
}

impl<'a> Transaction<'a> {
    /// Stores a value of any type under a key, in place of an earlier one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::transaction;
    ///
    /// let sum = transaction("add", |tx| {
    ///     tx.set("sum", 1_u32);
    ///     tx.set("sum", tx.get::<u32>("sum").unwrap_or_default() + 2);
    ///     Ok::<_, std::io::Error>(tx.get::<u32>("sum"))
    /// });
    /// assert_eq!(sum.unwrap(), Some(3));
    /// ```
    pub fn set<T: Send + Sync + 'static>(&self, key: impl Into<Cow<'static, str>>, value: T) {
        self.notes().state.set(key, value);
    }

    /// Returns a clone of the value under a key, or `None` where there is none or it has another
    /// type.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::transaction;
    ///
    /// let found = transaction("import", |tx| {
    ///     tx.set("rows", 3_u32);
    ///     Ok::<_, std::io::Error>((tx.get::<u32>("rows"), tx.get::<String>("rows")))
    /// });
    /// assert_eq!(found.unwrap(), (Some(3), None), "no text");
    /// ```
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self, key: &str) -> Option<T> {
        self.notes.get()?.state.get(key)
    }

    /// Returns a handle to the stored values, which a compensation may keep.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::transaction;
    ///
    /// let mut kept = None;
    /// let result = transaction("import", |tx| {
    ///     kept = Some(tx.state());
    ///     tx.set("rows", 3_u32);
    ///     Err::<(), _>("disk full")
    /// });
    /// assert!(result.is_err());
    /// assert_eq!(kept.unwrap().get::<u32>("rows"), Some(3), "after the transaction too");
    /// ```
    #[must_use]
    pub fn state(&self) -> TransactionState {
        self.notes().state.clone()
    }

    /// Registers what undoes the step before it, should the transaction fail.
    ///
    /// Compensations run last in first out, each even if another one fails or panics; a failure is
    /// recorded as critical and attached to the error. `undo` returns `()` or a `Result`. The name
    /// is an imperative: `undo the insert`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::transaction;
    /// use std::cell::RefCell;
    ///
    /// let undone = RefCell::new(Vec::new());
    /// let result = transaction("order", |tx| {
    ///     tx.on_rollback("release the stock", || undone.borrow_mut().push("stock"));
    ///     tx.on_rollback("refund", || undone.borrow_mut().push("payment"));
    ///     Err::<(), _>("no courier")
    /// });
    /// assert_eq!(*undone.borrow(), ["payment", "stock"]);
    /// assert_eq!(result.unwrap_err().details()["compensations_run"], 2);
    /// ```
    #[track_caller]
    pub fn on_rollback<R: CompensationResult>(
        &self,
        name: impl Into<Cow<'static, str>>,
        undo: impl FnOnce() -> R + 'a,
    ) {
        let undo = Box::new(call::bind(move || undo().into_failure()));
        let compensation = Compensation {
            name: name.into(),
            place: Location::caller(),
            undo,
        };
        self.notes().compensations.borrow_mut().push(compensation);
    }

    fn notes(&self) -> &Notes<'a> {
        self.notes.get_or_init(Box::default)
    }

    /// Takes the compensations, in the order of registration.
    fn take(&self) -> Vec<Compensation<'a>> {
        self.notes
            .get()
            .map(|notes| notes.compensations.take())
            .unwrap_or_default()
    }

    /// Takes over the compensations of a transaction inside this one that has committed.
    fn join(&self, inner: &Self) {
        let theirs = inner.take();
        if !theirs.is_empty() {
            self.notes().compensations.borrow_mut().extend(theirs);
        }
    }
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(notes) = self.notes.get() else {
            return f.write_str("Transaction");
        };
        let compensations = notes.compensations.borrow();
        let names: Vec<_> = compensations
            .iter()
            .map(|compensation| Shown(&compensation.name))
            .collect();
        f.debug_struct("Transaction")
            .field("state", &notes.state)
            .field("compensations", &names)
            .finish()
    }
}

/// A transaction that runs: rolls back when it is dropped without an end.
#[must_use]
pub struct Guard<'o, 'a, C: OnError> {
    transaction: Transaction<'a>,
    scope: Scope<'o>,
    /// The transaction that gets the compensations when this one commits.
    parent: Option<&'o Transaction<'a>>,
    /// Taken when the transaction has ended.
    callback: Option<C>,
}

impl<'o, 'a, C: OnError> Guard<'o, 'a, C> {
    /// Begins a transaction.
    #[inline]
    pub(crate) fn begin(
        operation: &'o Operation<'o>,
        treatment: Treatment,
        callback: C,
        parent: Option<&'o Transaction<'a>>,
        place: Place,
    ) -> Self {
        let scope = Scope::begin(operation, treatment, place);
        Self {
            transaction: Transaction {
                notes: OnceCell::new(),
            },
            scope,
            parent,
            callback: Some(callback),
        }
    }

    /// Returns the handle of the body.
    #[inline]
    pub fn transaction(&self) -> &Transaction<'a> {
        &self.transaction
    }

    /// Commits on a value, rolls back on an error or a panic, which then goes on.
    ///
    /// In place: moving the guard would cost more than all else that a commit does.
    #[inline]
    pub(crate) fn end<T>(&mut self, outcome: Outcome<T>, frame: &mut Frame) -> Result<T, AppError> {
        match outcome {
            Ok(Ok(value)) => {
                frame.succeeded();
                self.callback = None;
                if let Some(parent) = self.parent {
                    parent.join(&self.transaction);
                }
                self.scope.commit();
                Ok(value)
            }
            Ok(Err(error)) => {
                let error = self.scope.fail(error, frame);
                Err(self.roll_back(error, TransactionOutcome::RolledBack))
            }
            Err(payload) => self.panicked(payload, frame),
        }
    }

    #[cold]
    fn panicked(&mut self, payload: Payload, frame: &mut Frame) -> ! {
        let error = self.scope.panicked(&payload, frame);
        let error = self.roll_back(error, TransactionOutcome::RolledBack);
        payload.resume(error)
    }

    #[cold]
    fn roll_back(&mut self, error: AppError, outcome: TransactionOutcome) -> AppError {
        let mut undone = Undone::default();
        let Scope {
            operation,
            place,
            timer,
            ..
        } = self.scope;
        for Compensation { name, place, undo } in self.transaction.take().into_iter().rev() {
            undone.run += 1;
            let failure = compensation::run(&name, place, undo);
            undone
                .failures
                .extend(failure.map(|error| compensation::failed(operation, &name, place, error)));
        }
        let (run, failed) = (undone.run, undone.failures.len());
        let error = Scope::attach(undone, error);
        scope::log_rollback(operation, timer, outcome, error.id(), run, failed);
        match self.callback.take() {
            None => error,
            Some(callback) => compensation::call_back(callback, error, operation, place),
        }
    }
}

impl<C: OnError> Drop for Guard<'_, '_, C> {
    #[inline]
    fn drop(&mut self) {
        if self.callback.is_some() {
            let error = self.scope.cancelled();
            let _ = self.roll_back(error, TransactionOutcome::Cancelled);
        }
    }
}

impl<C: OnError> fmt::Debug for Guard<'_, '_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("transaction", &self.transaction)
            .finish_non_exhaustive()
    }
}
