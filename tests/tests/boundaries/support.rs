//! What observers received, and what was logged.

use gardefou::event::{Event, Severity, Subscription, TransactionOutcome, subscribe};
use std::{
    collections::BTreeMap,
    fmt,
    panic::Location,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};
use tracing::{Dispatch, Metadata, Subscriber, field::Field, span, subscriber::Interest};

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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The fields of a log line.
pub(crate) type Fields = BTreeMap<&'static str, String>;

/// Keeps `LEVEL target message` of each event up to a level, and its fields.
#[derive(Clone)]
pub(crate) struct Logbook {
    max: tracing::Level,
    lines: Arc<Mutex<Vec<(String, Fields)>>>,
}

impl Logbook {
    /// Runs something and returns the lines that it logged under our targets.
    pub(crate) fn of(max: tracing::Level, run: impl FnOnce()) -> Vec<String> {
        Self::kept(max, run)
            .into_iter()
            .map(|(line, _)| line)
            .collect()
    }

    /// Runs something and returns the fields of the last error that it logged.
    pub(crate) fn fields_of(run: impl FnOnce()) -> Fields {
        Self::kept(tracing::Level::ERROR, run)
            .pop()
            .map(|(_, fields)| fields)
            .unwrap_or_default()
    }

    /// Runs something and returns the lines that it logged under our targets, each with its fields.
    pub(crate) fn kept(max: tracing::Level, run: impl FnOnce()) -> Vec<(String, Fields)> {
        // Where one subscriber alone is known, whichever thread meets a line first decides for all
        // whether it is wanted, and other tests have no subscriber. With a second one that is
        // decided each time.
        static SECOND: LazyLock<Dispatch> = LazyLock::new(|| {
            Dispatch::new(Logbook {
                max: tracing::Level::TRACE,
                lines: Arc::default(),
            })
        });
        let _ = &*SECOND;
        let book = Self {
            max,
            lines: Arc::default(),
        };
        tracing::subscriber::with_default(book.clone(), run);
        lock(&book.lines).clone()
    }
}

impl Subscriber for Logbook {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("gardefou::") && *metadata.level() <= self.max
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut |field: &Field, value: &dyn fmt::Debug| {
            fields.insert(field.name(), format!("{value:?}"));
        });
        let message = fields.get("message").cloned().unwrap_or_default();
        let metadata = event.metadata();
        lock(&self.lines).push((
            format!("{} {} {message}", metadata.level(), metadata.target()),
            fields,
        ));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Runs something that panics, and returns whether it did.
pub(crate) fn panics(run: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err()
}
