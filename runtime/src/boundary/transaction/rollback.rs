//! The rollback of an async transaction.

#[cfg(feature = "async")]
use super::running::Running;
use super::{
    compensation::{self, Place},
    scope::{self, Undone},
};
#[cfg(feature = "async")]
use crate::scope::Captured;
use crate::{
    boundary::{Operation, OperationTimer},
    error::{AppError, ErrorCode, ErrorId},
    event::TransactionOutcome,
};
use std::{
    borrow::Cow,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

type Undoing = Pin<Box<dyn Future<Output = Option<AppError>> + Send>>;

/// A rollback that goes on as a task.
#[cfg(feature = "async")]
pub(super) type Handed = tokio::task::JoinHandle<()>;
/// Without tasks there is none.
#[cfg(not(feature = "async"))]
pub(super) type Handed = std::convert::Infallible;

/// A registered compensation.
pub(super) struct Compensation {
    name: Cow<'static, str>,
    /// Where it was registered.
    place: Place,
    undo: Undo,
}

enum Undo {
    Sync(Box<dyn FnOnce() -> Option<AppError> + Send>),
    Async(Box<dyn FnOnce() -> Undoing + Send>),
    /// Begun in the transaction's own future, which was dropped then.
    Begun(Undoing),
    /// The rollback of a transaction inside this one, which goes on as a task of its own: what was
    /// registered before waits for it.
    #[cfg(feature = "async")]
    Inner(Handed),
}

impl Compensation {
    pub(super) fn sync(
        name: Cow<'static, str>,
        place: Place,
        undo: impl FnOnce() -> Option<AppError> + Send + 'static,
    ) -> Self {
        Self {
            name,
            place,
            undo: Undo::Sync(Box::new(undo)),
        }
    }

    pub(super) fn asynchronous(
        name: Cow<'static, str>,
        place: Place,
        undo: impl FnOnce() -> Undoing + Send + 'static,
    ) -> Self {
        Self {
            name,
            place,
            undo: Undo::Async(Box::new(undo)),
        }
    }

    /// Makes what waits for the rollback of a transaction inside of this one.
    #[cfg(feature = "async")]
    pub(super) fn inner(place: Place, rollback: Handed) -> Self {
        Self {
            name: "the rollback of an inner transaction".into(),
            place,
            undo: Undo::Inner(rollback),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// The operation of a transaction, owned: a rollback may outlive it.
#[derive(Clone)]
struct Owned {
    name: String,
    component: String,
    file: &'static str,
    line: u32,
}

impl Owned {
    fn operation(&self) -> Operation<'_> {
        Operation::new(&self.name, &self.component, self.file, self.line)
    }
}

/// What is to be logged when a rollback ends.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) outcome: TransactionOutcome,
    pub(super) timer: OperationTimer,
    pub(super) id: ErrorId,
}

/// A rollback: runs the compensations from the last to the first.
pub(super) struct Rollback {
    /// In the order of registration: the next one to run is the last.
    left: Vec<Compensation>,
    undone: Undone,
    /// How many failures were handed out already.
    failed_before: usize,
    operation: Owned,
    end: End,
}

impl Rollback {
    pub(super) fn new(left: Vec<Compensation>, operation: &Operation<'_>, end: End) -> Self {
        let (name, component) = (
            operation.name().to_owned(),
            operation.component().to_owned(),
        );
        let operation = Owned {
            name,
            component,
            file: operation.file(),
            line: operation.line(),
        };
        Self {
            left,
            undone: Undone::default(),
            failed_before: 0,
            operation,
            end,
        }
    }

    /// Takes what is left.
    pub(super) fn take(&mut self) -> Self {
        Self {
            left: mem::take(&mut self.left),
            undone: mem::take(&mut self.undone),
            failed_before: self.failed_before,
            operation: self.operation.clone(),
            end: self.end,
        }
    }

    fn failed(&mut self, name: &str, place: Place, error: AppError) {
        let failure = compensation::failed(&self.operation.operation(), name, place, error);
        self.undone.failures.push(failure);
    }

    /// Logs the end of the rollback, and hands out what became of it.
    fn finish(&mut self) -> Undone {
        let End { outcome, timer, id } = self.end;
        let failed = self.failed_before + self.undone.failures.len();
        scope::log_rollback(
            &self.operation.operation(),
            timer,
            outcome,
            id,
            self.undone.run,
            failed,
        );
        mem::take(&mut self.undone)
    }

    /// Runs on; ready when nothing is left.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Undone> {
        while let Some(Compensation { name, place, undo }) = self.left.pop() {
            let failure = match undo {
                Undo::Sync(undo) => {
                    self.undone.run += 1;
                    compensation::run(&name, place, undo)
                }
                Undo::Async(undo) => {
                    self.undone.run += 1;
                    match compensation::caught(&name, place, || Ok(undo())) {
                        Err(error) => Some(error),
                        Ok(undoing) => {
                            self.left.push(Compensation {
                                name,
                                place,
                                undo: Undo::Begun(undoing),
                            });
                            continue;
                        }
                    }
                }
                Undo::Begun(mut undoing) => {
                    match compensation::caught(&name, place, || Ok(undoing.as_mut().poll(context)))
                    {
                        Err(error) => Some(error),
                        Ok(Poll::Ready(failure)) => failure,
                        Ok(Poll::Pending) => {
                            self.left.push(Compensation {
                                name,
                                place,
                                undo: Undo::Begun(undoing),
                            });
                            return Poll::Pending;
                        }
                    }
                }
                #[cfg(feature = "async")]
                Undo::Inner(mut rollback) => {
                    if Pin::new(&mut rollback).poll(context).is_pending() {
                        self.left.push(Compensation {
                            name,
                            place,
                            undo: Undo::Inner(rollback),
                        });
                        return Poll::Pending;
                    }
                    None
                }
            };
            if let Some(error) = failure {
                self.failed(&name, place, error);
            }
        }
        Poll::Ready(self.finish())
    }

    /// Goes on without the future that awaited it: at once as far as nothing awaits, then as a task
    /// of its own.
    ///
    /// Returns what became of it so far, and the task; that logs the end, and its failures are only
    /// recorded.
    #[cfg(feature = "async")]
    pub(super) fn hand_over(mut self) -> (Undone, Option<Handed>) {
        self.run_while_sync();
        if !self.left.is_empty()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let failures = mem::take(&mut self.undone.failures);
            let so_far = Undone {
                run: self.undone.run,
                failures,
            };
            self.failed_before += so_far.failures.len();
            // A runtime that shuts down drops the task, which then records what did not run.
            return (
                so_far,
                Some(runtime.spawn(Task {
                    rollback: Some(self),
                    _running: Running::begin(),
                    scope: Captured::current(),
                })),
            );
        }
        self.run_without_runtime();
        (self.finish(), None)
    }

    /// Goes on without the future that awaited it; what awaits cannot run without a runtime.
    #[cfg(not(feature = "async"))]
    pub(super) fn hand_over(mut self) -> (Undone, Option<Handed>) {
        self.run_without_runtime();
        (self.finish(), None)
    }

    #[cfg(feature = "async")]
    fn run_while_sync(&mut self) {
        while let Some(Compensation {
            name,
            place,
            undo: Undo::Sync(undo),
        }) = self.left.pop_if(|last| last.is_sync())
        {
            self.undone.run += 1;
            if let Some(error) = compensation::run(&name, place, undo) {
                self.failed(&name, place, error);
            }
        }
    }

    /// Runs what does not await, and records the others as not run.
    fn run_without_runtime(&mut self) {
        while let Some(Compensation { name, place, undo }) = self.left.pop() {
            let failure = match undo {
                Undo::Sync(undo) => {
                    self.undone.run += 1;
                    compensation::run(&name, place, undo)
                }
                Undo::Async(_) | Undo::Begun(_) => {
                    Some(AppError::new(ErrorCode::UNKNOWN_ERROR, NOT_RUN).at(place))
                }
                // It records by itself what it does not run.
                #[cfg(feature = "async")]
                Undo::Inner(_) => None,
            };
            if let Some(error) = failure {
                self.failed(&name, place, error);
            }
        }
    }
}

/// Why a compensation that awaits did not run to its end.
const NOT_RUN: &str = "it could not run to its end: the transaction was dropped, and no async runtime was there to run it";

#[cfg(feature = "async")]
impl Compensation {
    fn is_sync(&self) -> bool {
        matches!(self.undo, Undo::Sync(_))
    }
}

/// A rollback that outlives its transaction.
#[cfg(feature = "async")]
struct Task {
    /// Taken when it has ended.
    rollback: Option<Rollback>,
    /// What the shutdown waits for.
    _running: Running,
    /// The test scope in which the transaction was dropped.
    scope: Captured,
}

#[cfg(feature = "async")]
impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let _entered = self.scope.enter();
        if let Some(rollback) = &mut self.rollback {
            if rollback.poll(context).is_pending() {
                return Poll::Pending;
            }
            self.rollback = None;
        }
        Poll::Ready(())
    }
}

#[cfg(feature = "async")]
impl Drop for Task {
    fn drop(&mut self) {
        if let Some(mut rollback) = self.rollback.take() {
            let _entered = self.scope.enter();
            rollback.run_without_runtime();
            let _ = rollback.finish();
        }
    }
}
