//! What sync and async transactions share: how they begin, commit and fail.

use super::failures::{RollbackFailure, RollbackFailures};
use crate::{
    AppError, ErrorCode,
    boundary::{Entry, LogLevel, Operation, Then, Treatment},
    call::Frame,
    event::{self, Event, RecordSlot, TransactionEvent, TransactionOutcome, names},
};

/// A transaction left neither by success nor by an error: its future was dropped, or a jump that no macro sees left
/// its body.
#[derive(Debug, thiserror::Error)]
#[error("transaction `{0}` was dropped before it ended")]
struct Dropped(String);

#[derive(Debug)]
pub(super) struct Scope<'o> {
    pub(super) operation: &'o Operation<'o>,
    entry: Entry,
    treatment: Treatment,
}

impl<'o> Scope<'o> {
    /// Begins a transaction: says so at info.
    #[inline]
    pub(super) fn begin(operation: &'o Operation<'o>, treatment: Treatment) -> Self {
        Self { operation, entry: Entry::transaction(operation), treatment }
    }

    #[inline]
    pub(super) fn commit(&self) {
        if self.entry.is_timed() {
            self.log_commit();
        }
        event::emit(|| self.ended(TransactionOutcome::Committed, 0));
    }

    #[cold]
    fn log_commit(&self) {
        let elapsed = self.entry.elapsed();
        let duration = elapsed.as_ref().map(std::time::Duration::as_secs_f64);
        let (operation, component) = (self.operation.name(), self.operation.component());
        tracing::info!(target: names::TARGET_TRANSACTION, operation, component, duration, "committed");
    }

    /// Codes and reports the error that ends the transaction.
    #[cold]
    pub(super) fn fail(&self, error: AppError) -> AppError {
        self.treatment.apply(error, self.operation, self.entry, &mut Frame::new(), Then::Leaves)
    }

    /// The error of a transaction whose guard is dropped, coded and reported.
    #[cold]
    pub(super) fn interrupted(&self) -> AppError {
        let name = self.operation.name();
        if std::thread::panicking() {
            let error = AppError::new(ErrorCode::PANIC_ERROR, format!("transaction `{name}` panicked"));
            return self.fail(error);
        }
        // Nothing failed: a timeout, or a race that another future won, lost interest.
        let level = self.treatment.level.min(LogLevel::Warn);
        let treatment = Treatment { level, ..self.treatment };
        treatment.apply(
            AppError::from(Dropped(name.to_owned())),
            self.operation,
            self.entry,
            &mut Frame::new(),
            Then::Ends,
        )
    }

    /// Attaches what failed while rolling back, and says that the rollback is done.
    #[cold]
    pub(super) fn rolled_back(&self, error: AppError, failures: Vec<RollbackFailure>) -> AppError {
        let failed = failures.len();
        let error = RollbackFailures::attach(failures, error);
        let (operation, component) = (self.operation.name(), self.operation.component());
        let duration = self.entry.elapsed().as_ref().map(std::time::Duration::as_secs_f64);
        tracing::event!(
            target: names::TARGET_TRANSACTION,
            tracing::Level::INFO,
            error.id = %error.id(),
            operation,
            component,
            duration,
            failed_compensations = failed,
            "rolled back",
        );
        event::emit(|| self.ended(TransactionOutcome::RolledBack, failed));
        error
    }

    fn ended(&self, outcome: TransactionOutcome, failed_compensations: usize) -> Event<'_> {
        Event::Transaction(TransactionEvent {
            operation: self.operation.name(),
            component: self.operation.component(),
            outcome,
            elapsed: self.entry.elapsed(),
            failed_compensations,
            record: RecordSlot::default(),
        })
    }
}
