//! The common parts of sync and async transactions: begin, commit and failure.

use super::{
    compensation::Place,
    failures::{RollbackFailure, RollbackFailures},
};
use crate::{
    boundary::{Operation, OperationTimer, Then, Treatment, panic},
    call::Frame,
    error::{AppError, ErrorCode, ErrorId, redact},
    event::{self, Event, LogLevel, RecordSlot, TransactionEvent, TransactionOutcome, names},
    panics::Payload,
};
use std::{mem, time::Duration};

/// How a body came out: with a value, an error or a panic.
pub(crate) type Outcome<T> = Result<Result<T, AppError>, Payload>;

#[derive(Debug)]
pub(super) struct Scope<'o> {
    pub(super) operation: &'o Operation<'o>,
    /// Where the user wrote it.
    pub(super) place: Place,
    pub(super) timer: OperationTimer,
    treatment: Treatment,
}

/// What became of the compensations so far.
#[derive(Debug, Default)]
pub(super) struct Undone {
    /// How many ran, failed ones included.
    pub(super) run: usize,
    pub(super) failures: Vec<RollbackFailure>,
}

impl<'o> Scope<'o> {
    /// Begins a transaction, with a line at debug.
    #[inline]
    pub(super) fn begin(operation: &'o Operation<'o>, treatment: Treatment, place: Place) -> Self {
        Self {
            operation,
            place,
            timer: OperationTimer::transaction(operation),
            treatment,
        }
    }

    #[inline]
    pub(super) fn commit(&self) {
        if self.timer.is_timed() {
            self.log_commit();
        }
        event::emit(|| {
            ended(
                self.operation,
                self.timer,
                TransactionOutcome::Committed,
                0,
                0,
            )
        });
    }

    #[cold]
    fn log_commit(&self) {
        let duration = seconds(self.timer);
        let (operation, component) = (
            redact::name(self.operation.name()),
            self.operation.component(),
        );
        let operation = &*operation;
        tracing::debug!(target: names::TARGET_TRANSACTION, operation, component, duration, "committed");
    }

    /// Codes and reports the error that ends the transaction.
    #[cold]
    pub(super) fn fail(&self, error: AppError, frame: &mut Frame) -> AppError {
        self.treatment.apply(
            error,
            self.operation,
            self.timer,
            mem::take(frame),
            Then::Leaves,
            self.place,
        )
    }

    /// Returns the error of a transaction whose body panicked, reported.
    #[cold]
    pub(super) fn panicked(&self, payload: &Payload, frame: &mut Frame) -> AppError {
        let error = panic::error_of(payload, self.operation.name(), self.place);
        let treatment = Treatment {
            level: LogLevel::Critical,
            ..self.treatment
        };
        treatment.apply(
            error,
            self.operation,
            self.timer,
            mem::take(frame),
            Then::Ends,
            self.place,
        )
    }

    /// Returns the error of a transaction whose future is dropped: for the callback. Nothing
    /// failed, so nothing is reported.
    #[cold]
    pub(super) fn cancelled(&self) -> AppError {
        let text = format!(
            "transaction `{}` was cancelled before it ended",
            self.operation.name()
        );
        AppError::new(ErrorCode::CANCELLED_ERROR, text).at(self.place)
    }

    /// Attaches what became of the compensations.
    #[cold]
    pub(super) fn attach(undone: Undone, error: AppError) -> AppError {
        RollbackFailures::attach(undone.failures, error)
            .with_detail("compensations_run", undone.run)
    }
}

/// Logs the end of a rollback and emits its event.
#[cold]
pub(super) fn log_rollback(
    operation: &Operation<'_>,
    timer: OperationTimer,
    outcome: TransactionOutcome,
    id: ErrorId,
    compensations: usize,
    failed_compensations: usize,
) {
    let duration = seconds(timer);
    let (name, component) = (redact::name(operation.name()), operation.component());
    let (name, file, line) = (&*name, operation.file(), operation.line());
    if outcome == TransactionOutcome::Cancelled {
        tracing::debug!(
            target: names::TARGET_TRANSACTION, operation = name, component, file, line, duration, compensations,
            failed_compensations, "cancelled"
        );
    } else {
        tracing::info!(
            target: names::TARGET_TRANSACTION, operation = name, component, file, line, duration, error.id = %id,
            compensations, failed_compensations, "rolled back"
        );
    }
    event::emit(|| {
        ended(
            operation,
            timer,
            outcome,
            compensations,
            failed_compensations,
        )
    });
}

fn seconds(timer: OperationTimer) -> Option<f64> {
    timer.elapsed().as_ref().map(Duration::as_secs_f64)
}

fn ended<'a>(
    operation: &'a Operation<'_>,
    timer: OperationTimer,
    outcome: TransactionOutcome,
    compensations: usize,
    failed_compensations: usize,
) -> Event<'a> {
    Event::Transaction(TransactionEvent {
        operation: operation.name(),
        component: operation.component(),
        outcome,
        elapsed: timer.elapsed(),
        compensations,
        failed_compensations,
        record: RecordSlot::default(),
    })
}
