//! The transaction of async code.

use super::{
    compensation::{self, CompensationResult, OnError, Place},
    rollback::{Compensation, End, Rollback},
    scope::{Scope, Undone},
    state::TransactionState,
};
use crate::{
    boundary::{Operation, Treatment},
    call::{self, Frame},
    error::AppError,
    event::{Shown, TransactionOutcome},
    panics::Payload,
    sync::Mutex,
};
use std::{
    borrow::Cow,
    fmt,
    panic::Location,
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll, ready},
};

/// What the body of an async transaction is given: it notes progress and registers compensations,
/// also such that await.
///
/// Compensations own what they need, for they may outlive the body: where the transaction's future
/// is dropped (an outer timeout, a lost race), those that await run as a task of their own on the
/// tokio runtime in which it is dropped, with all that come after them in the order. The shutdown
/// of the error system waits for that task, for at most 30 s. Without a runtime they cannot run;
/// that is recorded as critical.
pub struct AsyncTransaction {
    /// Behind one pointer, so that a transaction in which nothing is noted has little to set up and
    /// to drop.
    notes: OnceLock<Box<Notes>>,
}

#[derive(Default)]
struct Notes {
    state: TransactionState,
    compensations: Mutex<Vec<Compensation>>,
}

impl AsyncTransaction {
    /// Stores a value of any type under a key, in place of an earlier one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::transaction_async;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let last = transaction_async("import", async |tx| {
    ///     for page in 1..=3_u32 {
    ///         tx.set("page", page);
    ///     }
    ///     Ok::<_, std::io::Error>(tx.get::<u32>("page"))
    /// });
    /// assert_eq!(last.await.unwrap(), Some(3));
    /// # });
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
    /// use gardefou::boundary::transaction_async;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let found = transaction_async("import", async |tx| {
    ///     tx.set("rows", 3_u32);
    ///     Ok::<_, std::io::Error>((tx.get::<u32>("rows"), tx.get::<u32>("columns")))
    /// });
    /// assert_eq!(found.await.unwrap(), (Some(3), None));
    /// # });
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
    /// use gardefou::boundary::transaction_async;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let result = transaction_async("import", async |tx| {
    ///     let state = tx.state();
    ///     tx.on_rollback("delete rows", move || assert_eq!(state.get::<u32>("rows"), Some(3)));
    ///     tx.set("rows", 3_u32);
    ///     Err::<(), _>("disk full")
    /// });
    /// assert_eq!(result.await.unwrap_err().details()["rolled_back"], true);
    /// # });
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
    /// use gardefou::boundary::transaction_async;
    /// use std::sync::{Arc, atomic::{AtomicBool, Ordering}};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let held = Arc::new(AtomicBool::new(false));
    /// let lock = Arc::clone(&held);
    /// let result = transaction_async("move", async move |tx| {
    ///     lock.store(true, Ordering::Relaxed);
    ///     tx.on_rollback("release the lock", move || lock.store(false, Ordering::Relaxed));
    ///     Err::<(), _>("disk full")
    /// });
    /// assert!(result.await.is_err() && !held.load(Ordering::Relaxed));
    /// # });
    /// ```
    #[track_caller]
    pub fn on_rollback<R: CompensationResult>(
        &self,
        name: impl Into<Cow<'static, str>>,
        undo: impl FnOnce() -> R + Send + 'static,
    ) {
        let compensation = Compensation::sync(
            name.into(),
            Location::caller(),
            call::bind(move || undo().into_failure()),
        );
        self.notes().compensations.lock().push(compensation);
    }

    /// Registers what undoes the step before it and awaits while it does; else like
    /// [`on_rollback`](Self::on_rollback).
    ///
    /// `undo` is an async closure, or one that returns a future.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::transaction_async;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (undo, mut undone) = tokio::sync::mpsc::channel(1);
    /// let result = transaction_async("insert", async move |tx| {
    ///     tx.on_rollback_async("delete the row", async move || undo.send("row 7").await);
    ///     Err::<(), _>("disk full")
    /// });
    /// assert!(result.await.is_err());
    /// assert_eq!(undone.recv().await, Some("row 7"));
    /// # });
    /// ```
    #[track_caller]
    pub fn on_rollback_async<R: CompensationResult, F: Future<Output = R> + Send + 'static>(
        &self,
        name: impl Into<Cow<'static, str>>,
        undo: impl FnOnce() -> F + Send + 'static,
    ) {
        let values = call::Values::current();
        let undo = move || -> Pin<Box<dyn Future<Output = Option<AppError>> + Send>> {
            Box::pin(call::bound(
                values,
                async move { undo().await.into_failure() },
            ))
        };
        let compensation = Compensation::asynchronous(name.into(), Location::caller(), undo);
        self.notes().compensations.lock().push(compensation);
    }

    fn notes(&self) -> &Notes {
        self.notes.get_or_init(Box::default)
    }

    /// Takes the compensations, in the order of registration.
    fn take(&self) -> Vec<Compensation> {
        self.notes
            .get()
            .map(|notes| std::mem::take(&mut *notes.compensations.lock()))
            .unwrap_or_default()
    }

    /// Takes over the compensations of a transaction inside this one that has committed.
    fn join(&self, inner: &Self) {
        let theirs = inner.take();
        if !theirs.is_empty() {
            self.notes().compensations.lock().extend(theirs);
        }
    }
}

impl fmt::Debug for AsyncTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(notes) = self.notes.get() else {
            return f.write_str("AsyncTransaction");
        };
        let compensations = notes.compensations.lock();
        let names: Vec<_> = compensations
            .iter()
            .map(|compensation| Shown(compensation.name()))
            .collect();
        f.debug_struct("AsyncTransaction")
            .field("state", &notes.state)
            .field("compensations", &names)
            .finish()
    }
}

/// An async transaction that runs: rolls back when it is dropped without an end.
#[must_use]
pub struct AsyncGuard<'o, C: OnError> {
    transaction: AsyncTransaction,
    scope: Scope<'o>,
    /// The transaction that gets the compensations when this one commits.
    parent: Option<&'o AsyncTransaction>,
    /// Taken when the transaction has ended.
    callback: Option<C>,
}

// Nothing in it is pinned: the callback is only moved and called.
impl<C: OnError> Unpin for AsyncGuard<'_, C> {}

impl<'o, C: OnError> AsyncGuard<'o, C> {
    /// Begins a transaction.
    #[inline]
    pub(crate) fn begin(
        operation: &'o Operation<'o>,
        treatment: Treatment,
        callback: C,
        parent: Option<&'o AsyncTransaction>,
        place: Place,
    ) -> Self {
        let scope = Scope::begin(operation, treatment, place);
        Self {
            transaction: AsyncTransaction {
                notes: OnceLock::new(),
            },
            scope,
            parent,
            callback: Some(callback),
        }
    }

    /// Returns the handle of the body.
    #[inline]
    pub fn transaction(&self) -> &AsyncTransaction {
        &self.transaction
    }

    /// Ends the transaction by success; in place, as moving the guard would cost more than all else
    /// that this does.
    #[inline]
    pub(crate) fn commit(&mut self, frame: &mut Frame) {
        frame.succeeded();
        self.callback = None;
        if let Some(parent) = self.parent {
            parent.join(&self.transaction);
        }
        self.scope.commit();
    }

    /// Ends the transaction by an error, which the future returns.
    #[cold]
    pub(crate) fn roll_back(self, error: AppError, frame: &mut Frame) -> RollingBack<'o, C> {
        let error = self.scope.fail(error, frame);
        let rollback = self.rollback(&error, TransactionOutcome::RolledBack);
        RollingBack {
            rollback,
            guard: self,
            error: Some(error),
        }
    }

    /// Ends the transaction by a panic of the body, which goes on.
    #[cold]
    pub(crate) fn panicked(mut self, payload: Payload, frame: &mut Frame) -> ! {
        let error = self.scope.panicked(&payload, frame);
        let rollback = self.rollback(&error, TransactionOutcome::RolledBack);
        self.hand_over(rollback, error.clone());
        payload.resume(error)
    }

    fn rollback(&self, error: &AppError, outcome: TransactionOutcome) -> Rollback {
        let end = End {
            outcome,
            timer: self.scope.timer,
            id: error.id(),
        };
        Rollback::new(self.transaction.take(), self.scope.operation, end)
    }

    /// Ends the transaction where nothing awaits its rollback.
    fn hand_over(&mut self, rollback: Rollback, error: AppError) {
        let (so_far, task) = rollback.hand_over();
        #[cfg(feature = "async")]
        if let (Some(parent), Some(task)) = (self.parent, task) {
            parent
                .notes()
                .compensations
                .lock()
                .push(Compensation::inner(self.scope.place, task));
        }
        #[cfg(not(feature = "async"))]
        let _: Option<super::rollback::Handed> = task;
        let _ = self.finish(error, so_far);
    }

    #[cold]
    fn finish(&mut self, error: AppError, undone: Undone) -> AppError {
        let error = Scope::attach(undone, error);
        match self.callback.take() {
            None => error,
            Some(callback) => {
                compensation::call_back(callback, error, self.scope.operation, self.scope.place)
            }
        }
    }
}

impl<C: OnError> Drop for AsyncGuard<'_, C> {
    #[inline]
    fn drop(&mut self) {
        if self.callback.is_some() {
            let error = self.scope.cancelled();
            let rollback = self.rollback(&error, TransactionOutcome::Cancelled);
            self.hand_over(rollback, error);
        }
    }
}

impl<C: OnError> fmt::Debug for AsyncGuard<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncGuard")
            .field("transaction", &self.transaction)
            .finish_non_exhaustive()
    }
}

/// A transaction on its way back: awaits each compensation, then calls the callback and returns the
/// error.
///
/// Dropped before that, it hands over what is left as a dropped transaction does.
#[must_use]
pub(crate) struct RollingBack<'o, C: OnError> {
    rollback: Rollback,
    guard: AsyncGuard<'o, C>,
    /// Taken when the rollback is done.
    error: Option<AppError>,
}

impl<C: OnError> Future for RollingBack<'_, C> {
    type Output = AppError;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<AppError> {
        let this = &mut *self;
        let undone = ready!(this.rollback.poll(context));
        match this.error.take() {
            Some(error) => Poll::Ready(this.guard.finish(error, undone)),
            // Polled after it was ready, which a future need not answer.
            None => Poll::Pending,
        }
    }
}

impl<C: OnError> Drop for RollingBack<'_, C> {
    fn drop(&mut self) {
        if let Some(error) = self.error.take() {
            let rollback = self.rollback.take();
            self.guard.hand_over(rollback, error);
        }
    }
}

impl<C: OnError> fmt::Debug for RollingBack<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RollingBack")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
