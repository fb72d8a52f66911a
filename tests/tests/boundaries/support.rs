//! What observers received, and what was logged.

use gardefou::event::{Event, Severity, TransactionOutcome};
use gardefou_tests::testkit::{
    events::{Collected, collect},
    log::{Line, capture, ours},
};
use std::{panic::Location, time::Duration};

/// A reported error, as an observer received it.
#[derive(Clone, Debug)]
pub(crate) struct ReportedError {
    pub(crate) operation: String,
    pub(crate) component: String,
    pub(crate) code: &'static str,
    pub(crate) level: Severity,
    pub(crate) text: String,
    pub(crate) elapsed: Option<Duration>,
    pub(crate) location: Option<&'static Location<'static>>,
}

/// Collects the events whose operation begins with a prefix: tests run side by side.
pub(crate) struct Observed {
    errors: Collected<ReportedError>,
    transactions: Collected<(TransactionOutcome, (usize, usize))>,
}

impl Observed {
    pub(crate) fn on(prefix: &'static str) -> Self {
        let errors = collect(move |event| match event {
            Event::Error(error) if error.operation.starts_with(prefix) => Some(ReportedError {
                operation: error.operation.to_owned(),
                component: error.component.to_owned(),
                code: error.code.name(),
                level: error.level,
                text: error.error.to_string(),
                elapsed: error.elapsed,
                location: error.location,
            }),
            _ => None,
        });
        let transactions = collect(move |event| match event {
            Event::Transaction(end) if end.operation.starts_with(prefix) => {
                let undone = (end.compensations, end.failed_compensations);
                Some((end.outcome, undone))
            }
            _ => None,
        });
        Self {
            errors,
            transactions,
        }
    }

    pub(crate) fn errors(&self) -> Vec<ReportedError> {
        self.errors.all()
    }

    /// Forgets the errors so far.
    pub(crate) fn clear(&self) {
        self.errors.take();
    }

    /// The operations of the errors, in order.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.errors()
            .into_iter()
            .map(|reported| reported.operation)
            .collect()
    }

    /// How many compensations ran and how many failed, of each transaction that ended.
    pub(crate) fn undone(&self) -> Vec<(usize, usize)> {
        let ended = self.transactions.all().into_iter();
        ended.map(|(_, undone)| undone).collect()
    }

    pub(crate) fn ends(&self) -> Vec<TransactionOutcome> {
        let ended = self.transactions.all().into_iter();
        ended.map(|(outcome, _)| outcome).collect()
    }
}

/// Runs something and returns the lines that it logged under our targets, up to a level.
pub(crate) fn logged(max: tracing::Level, run: impl FnOnce()) -> Vec<Line> {
    capture(ours(max), run).1
}

/// Runs something and returns the lines that it logged under our targets, up to a level, as
/// `LEVEL target message`.
pub(crate) fn log_texts(max: tracing::Level, run: impl FnOnce()) -> Vec<String> {
    logged(max, run).iter().map(ToString::to_string).collect()
}

/// Runs something that panics, and returns whether it did.
pub(crate) fn panics(run: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err()
}
