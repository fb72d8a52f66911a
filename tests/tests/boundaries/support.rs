//! What observers received, and what was logged.

use gardefou::event::{Event, Severity, Subscription, TransactionOutcome, subscribe};
use gardefou_tests::testkit::{
    lock::lock,
    log::{Line, capture, ours},
};
use std::{
    panic::Location,
    sync::{Arc, Mutex},
    time::Duration,
};

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
    errors: Arc<Mutex<Vec<ReportedError>>>,
    ends: Arc<Mutex<Vec<TransactionOutcome>>>,
    undone: Arc<Mutex<Vec<(usize, usize)>>>,
    _subscription: Subscription,
}

impl Observed {
    pub(crate) fn on(prefix: &'static str) -> Self {
        let (errors, ends, undone) = (Arc::default(), Arc::default(), Arc::default());
        let (errors_sink, ends_sink, undone_sink) =
            (Arc::clone(&errors), Arc::clone(&ends), Arc::clone(&undone));
        let listener = move |event: &Event<'_>| match event {
            Event::Error(error) if error.operation.starts_with(prefix) => {
                let reported = ReportedError {
                    operation: error.operation.to_owned(),
                    component: error.component.to_owned(),
                    code: error.code.name(),
                    level: error.level,
                    text: error.error.to_string(),
                    elapsed: error.elapsed,
                    location: error.location,
                };
                lock::<Vec<ReportedError>>(&errors_sink).push(reported);
            }
            Event::Transaction(end) if end.operation.starts_with(prefix) => {
                lock::<Vec<TransactionOutcome>>(&ends_sink).push(end.outcome);
                lock::<Vec<_>>(&undone_sink).push((end.compensations, end.failed_compensations));
            }
            _ => {}
        };
        Self {
            errors,
            ends,
            undone,
            _subscription: subscribe(listener),
        }
    }

    pub(crate) fn errors(&self) -> Vec<ReportedError> {
        lock(&self.errors).clone()
    }

    /// Forgets the errors so far.
    pub(crate) fn clear(&self) {
        lock(&self.errors).clear();
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
        lock(&self.undone).clone()
    }

    pub(crate) fn ends(&self) -> Vec<TransactionOutcome> {
        lock(&self.ends).clone()
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
