//! Compensations that may await, on their way.

use super::{compensation, failures::RollbackFailure};
use crate::{
    AppError, ErrorCode,
    boundary::{Operation, panic},
};
use std::{
    borrow::Cow,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

type Undoing = Pin<Box<dyn Future<Output = Option<AppError>> + Send>>;

/// A registered compensation.
pub(super) struct Compensation {
    name: Cow<'static, str>,
    undo: Undo,
}

enum Undo {
    Sync(Box<dyn FnOnce() -> Option<AppError> + Send>),
    Async(Box<dyn FnOnce() -> Undoing + Send>),
    /// Begun in the transaction's own future, which was dropped then.
    Begun(Undoing),
}

impl Compensation {
    pub(super) fn sync(name: Cow<'static, str>, undo: impl FnOnce() -> Option<AppError> + Send + 'static) -> Self {
        Self { name, undo: Undo::Sync(Box::new(undo)) }
    }

    pub(super) fn asynchronous(name: Cow<'static, str>, undo: impl FnOnce() -> Undoing + Send + 'static) -> Self {
        Self { name, undo: Undo::Async(Box::new(undo)) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// The place of a transaction, owned: a rollback may outlive it.
#[derive(Clone)]
struct Place {
    name: String,
    component: String,
    file: &'static str,
    line: u32,
}

/// A rollback: runs the compensations from the last to the first.
pub(super) struct Rollback {
    /// In the order of registration: the next one to run is the last.
    left: Vec<Compensation>,
    failures: Vec<RollbackFailure>,
    place: Place,
}

impl Rollback {
    pub(super) fn new(left: Vec<Compensation>, operation: &Operation<'_>) -> Self {
        let (name, component) = (operation.name().to_owned(), operation.component().to_owned());
        let place = Place { name, component, file: operation.file(), line: operation.line() };
        Self { left, failures: Vec::new(), place }
    }

    /// Takes what is left.
    pub(super) fn take(&mut self) -> Self {
        let (left, failures) = (mem::take(&mut self.left), mem::take(&mut self.failures));
        Self { left, failures, place: self.place.clone() }
    }

    fn failed(&mut self, name: &str, error: AppError) {
        let Place { name: transaction, component, file, line } = &self.place;
        let operation = Operation::new(transaction, component, file, *line);
        self.failures.push(compensation::failed(&operation, name, error));
    }

    /// Runs on; ready with the failures when nothing is left.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Vec<RollbackFailure>> {
        while let Some(Compensation { name, undo }) = self.left.pop() {
            let failure = match undo {
                Undo::Sync(undo) => compensation::run(&name, undo),
                Undo::Async(undo) => match panic::catch(&name, || Ok(undo())) {
                    Err(error) => Some(error),
                    Ok(undoing) => {
                        self.left.push(Compensation { name, undo: Undo::Begun(undoing) });
                        continue;
                    }
                },
                Undo::Begun(mut undoing) => match panic::catch(&name, || Ok(undoing.as_mut().poll(context))) {
                    Err(error) => Some(error),
                    Ok(Poll::Ready(failure)) => failure,
                    Ok(Poll::Pending) => {
                        self.left.push(Compensation { name, undo: Undo::Begun(undoing) });
                        return Poll::Pending;
                    }
                },
            };
            if let Some(error) = failure {
                self.failed(&name, error);
            }
        }
        Poll::Ready(mem::take(&mut self.failures))
    }

    /// Goes on without the future that awaited it: at once as far as nothing awaits, then as a task of its own.
    ///
    /// Returns the failures so far; those of the task are only recorded.
    #[cfg(feature = "async")]
    pub(super) fn hand_over(mut self) -> Vec<RollbackFailure> {
        self.run_while_sync();
        let failures = mem::take(&mut self.failures);
        if self.left.is_empty() {
            return failures;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                // Detached: the transaction is gone. A runtime that shuts down drops the task, which then says so.
                drop(runtime.spawn(Task(self)));
                failures
            }
            Err(_) => {
                self.run_without_runtime();
                failures.into_iter().chain(self.failures).collect()
            }
        }
    }

    /// Goes on without the future that awaited it; what awaits cannot run without a runtime.
    #[cfg(not(feature = "async"))]
    pub(super) fn hand_over(mut self) -> Vec<RollbackFailure> {
        self.run_without_runtime();
        self.failures
    }

    #[cfg(feature = "async")]
    fn run_while_sync(&mut self) {
        while let Some(Compensation { name, undo: Undo::Sync(undo) }) = self.left.pop_if(|last| last.is_sync()) {
            if let Some(error) = compensation::run(&name, undo) {
                self.failed(&name, error);
            }
        }
    }

    /// Runs what does not await, and records the others as not run.
    fn run_without_runtime(&mut self) {
        while let Some(Compensation { name, undo }) = self.left.pop() {
            let failure = match undo {
                Undo::Sync(undo) => compensation::run(&name, undo),
                Undo::Async(_) | Undo::Begun(_) => Some(AppError::new(ErrorCode::UNKNOWN_ERROR, NOT_RUN)),
            };
            if let Some(error) = failure {
                self.failed(&name, error);
            }
        }
    }
}

/// Why a compensation that awaits did not run to its end.
const NOT_RUN: &str =
    "it could not run to its end: the transaction was dropped, and no async runtime was there to run it";

#[cfg(feature = "async")]
impl Compensation {
    fn is_sync(&self) -> bool {
        matches!(self.undo, Undo::Sync(_))
    }
}

/// A rollback that outlives its transaction.
#[cfg(feature = "async")]
struct Task(Rollback);

#[cfg(feature = "async")]
impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.poll(context).map(drop)
    }
}

#[cfg(feature = "async")]
impl Drop for Task {
    fn drop(&mut self) {
        self.0.run_without_runtime();
    }
}
