//! Helpers of the tests of the error system.

use gardefou::event::names::TARGET_SYSTEM;
use std::{
    fmt,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};
use tracing::{
    Dispatch, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::{Interest, with_default},
};

/// Runs one test at a time: they share the error system of the process.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a function and returns the log lines of the error system on this thread, in the form
/// `LEVEL message; field = value; ..`.
pub(crate) fn logged(run: impl FnOnce()) -> Vec<String> {
    // With one known subscriber, `tracing` caches for all threads whether the first thread that
    // reaches a line wants it, and other tests have no subscriber. With a second one it asks each
    // time.
    static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Log::default()));
    let _ = &*SECOND;
    let log = Log::default();
    with_default(log.clone(), run);
    log.0.lock().unwrap().clone()
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET_SYSTEM
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = Text {
            message: String::new(),
            fields: String::new(),
        };
        event.record(&mut text);
        self.0.lock().unwrap().push(format!(
            "{} {}{}",
            event.metadata().level(),
            text.message,
            text.fields
        ));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields += &format!("; {name} = {value:?}"),
        }
    }
}
