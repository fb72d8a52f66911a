//! Errors that other libraries write to the log by `tracing`.

use super::error_monitor;
use crate::{
    error::{AppError, ErrorCode, ErrorId, ErrorRef, View},
    event::{
        self, ErrorEvent, Event, RecordSlot, RecordState, Severity, is_in_event, log_fields,
        names::TARGET_SPAN, text,
    },
    worker,
};
use serde_json::{Map, Value};
use std::{collections::VecDeque, error::Error, fmt, panic::Location};
use tracing::{
    Level, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// Records the errors that other libraries write to the log, and what was logged before them.
///
/// Many libraries report a failure of theirs in no other way than an event of `tracing` at the level
/// ERROR: a connection pool that cannot reconnect, a server that drops a request. With this layer the
/// monitor counts each of them as an error, under the name of the current span (that of a guarded call
/// is left out) or else the event's target, with the event's fields as details, and passes it to journal, alerts and other observers.
/// Nothing is logged a second time.
///
/// Events of the same request that came before are *breadcrumbs*: up to 20 at INFO or above, each cut
/// at 256 bytes, are kept with the outermost span and put into the detail `breadcrumbs` of an error
/// that is logged in it, the newest last. Without a span there are none, since events of other
/// requests would be among them.
///
/// What gardefou logs itself (targets `gardefou::..`) is no error here, since it was recorded before,
/// but a breadcrumb. What is logged while an observer, a journal or a hook handles an event, or on a
/// background thread of gardefou, for example by the client that delivers a notification, is left
/// out: it would cause itself.
///
/// An [`AppError`] that an event carries as a value (`error = &*err as &dyn Error`) is recorded once, under
/// its own identity and code, whether a guard reports it before, after or never; a rejection that is carried
/// so is counted by its guard and is no error here. An error that is logged as a text (`%err`) and reported by
/// a guard too gives two records, and so does one of another type that is logged and returned: leave out the
/// targets that do so.
///
/// It needs a subscriber that is built on `Registry`. Use a filter to leave out targets:
/// `TracingLayer::new().with_filter(..)`.
///
/// # Defaults
///
/// - `error_code`: `UNKNOWN_ERROR`
/// - `breadcrumbs`: 20, at most 100
///
/// # Examples
///
/// ```
/// use gardefou::{event::{Event, subscribe}, monitor::TracingLayer};
/// use std::sync::mpsc::channel;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// // What the journal and alerts get.
/// let (sender, records) = channel();
/// let _subscription = subscribe(move |event: &Event<'_>| sender.send(event.record()).unwrap());
///
/// let subscriber = tracing_subscriber::registry().with(TracingLayer::new());
/// tracing::subscriber::with_default(subscriber, || {
///     let _request = tracing::info_span!("request").entered();
///     tracing::info!("cart loaded");
///     tracing::error!(target: "pool", attempts = 3, "cannot reconnect");
/// });
/// let record = records.recv()?.unwrap();
/// assert_eq!((&*record.message, &*record.operation), ("cannot reconnect", "request"));
/// assert_eq!(record.details["attempts"], 3);
/// assert!(record.details["breadcrumbs"][0].as_str().unwrap().ends_with("cart loaded"));
/// # Ok::<(), std::sync::mpsc::RecvError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a layer does nothing until a subscriber has it"]
pub struct TracingLayer {
    code: ErrorCode,
    breadcrumbs: usize,
}

const BREADCRUMBS: usize = 20;
const MOST_BREADCRUMBS: usize = 100;
/// The bytes of the text of one.
const MAX_TEXT: usize = 256;
/// The bytes of the message of an error.
const MAX_MESSAGE: usize = 4096;

/// What was logged in an outermost span and the spans in it, oldest first.
#[derive(Debug, Default)]
struct Breadcrumbs(VecDeque<String>);

impl Default for TracingLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl TracingLayer {
    /// Makes the layer.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::TracingLayer;
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// let subscriber = tracing_subscriber::registry().with(TracingLayer::new());
    /// let _log = tracing::subscriber::set_default(subscriber);
    /// let before = gardefou::error_monitor().stats().total_errors;
    /// tracing::error!("cannot reconnect");
    /// tracing::warn!("slow");
    /// assert_eq!(gardefou::error_monitor().stats().total_errors, before + 1);
    /// ```
    pub const fn new() -> Self {
        Self {
            code: ErrorCode::UNKNOWN_ERROR,
            breadcrumbs: BREADCRUMBS,
        }
    }

    /// Sets the code of the errors.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, error_monitor, monitor::TracingLayer};
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// let layer = TracingLayer::new().error_code(ErrorCode::EXTERNAL_SERVICE_ERROR);
    /// let _log = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    /// tracing::error!("the broker does not answer");
    /// assert_eq!(error_monitor().stats().error_counts["EXTERNAL_SERVICE_ERROR"], 1);
    /// ```
    pub const fn error_code(mut self, code: ErrorCode) -> Self {
        self.code = code;
        self
    }

    /// Sets how many events before an error are kept for each outermost span: 0 to 100, and 100 where
    /// it is more.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{event::{Event, subscribe}, monitor::TracingLayer};
    /// use std::sync::mpsc::channel;
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// let (sender, records) = channel();
    /// let _subscription = subscribe(move |event: &Event<'_>| sender.send(event.record()).unwrap());
    /// let layer = TracingLayer::new().breadcrumbs(0);
    /// let _log = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    /// tracing::info_span!("request").in_scope(|| {
    ///     tracing::info!("cart loaded");
    ///     tracing::error!("cannot reconnect");
    /// });
    /// assert_eq!(records.recv()?.unwrap().details.get("breadcrumbs"), None);
    /// # Ok::<(), std::sync::mpsc::RecvError>(())
    /// ```
    pub const fn breadcrumbs(mut self, most: usize) -> Self {
        self.breadcrumbs = if most < MOST_BREADCRUMBS {
            most
        } else {
            MOST_BREADCRUMBS
        };
        self
    }

    fn is_breadcrumb(self, metadata: &Metadata<'_>) -> bool {
        self.breadcrumbs > 0 && *metadata.level() <= Level::INFO
    }
}

/// What an event carries as a value.
#[derive(Debug, Default)]
enum Carried {
    /// Nothing that has an identity.
    #[default]
    Unknown,
    /// What was recorded, or is counted elsewhere.
    Recorded,
    /// An error that is marked as reported now.
    New(AppError),
}

impl Visit for Carried {
    fn record_error(&mut self, _: &Field, error: &(dyn Error + 'static)) {
        if !matches!(self, Self::Unknown) {
            return;
        }
        let view = View::from_dyn(error);
        *self = match view.shared() {
            Some(_) if !view.claim_report() => Self::Recorded,
            Some((error, _)) => Self::New(error),
            None if view.rejection().is_some() => Self::Recorded,
            None => Self::Unknown,
        };
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Returns `true` for an error of others, which no event of gardefou has caused.
fn is_foreign_error(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_ours = target == "gardefou" || target.starts_with("gardefou::");
    *metadata.level() == Level::ERROR && !is_ours && !is_in_event() && !worker::is_worker()
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for TracingLayer {
    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let is_error = is_foreign_error(metadata);
        let is_breadcrumb = self.is_breadcrumb(metadata);
        if !is_error && !is_breadcrumb {
            return;
        }
        // All spans of guarded calls have one name, which is none of an operation.
        let (mut operation, mut outermost) = (None, None);
        for span in context.event_scope(event).into_iter().flatten() {
            if operation.is_none() && span.metadata().target() != TARGET_SPAN {
                operation = Some(span.name());
            }
            outermost = Some(span);
        }
        if !is_error && outermost.is_none() {
            return;
        }
        // User code writes the values, and so not under a lock.
        let mut fields = log_fields(event);
        let message = match fields.remove("message") {
            Some(Value::String(message)) => message,
            Some(other) => other.to_string(),
            None => metadata.name().to_owned(),
        };
        if is_error {
            if let Some(outermost) = &outermost
                && let Some(Breadcrumbs(before)) = outermost.extensions().get::<Breadcrumbs>()
            {
                let before = before.iter().map(|text| Value::from(&**text));
                fields.insert("breadcrumbs".to_owned(), before.collect());
            }
            let operation = operation.unwrap_or(metadata.target());
            let mut carried = Carried::default();
            event.record(&mut carried);
            match carried {
                Carried::Unknown => self.record(metadata, operation, &message, fields),
                Carried::New(error) => record_carried(error, metadata, operation, &message, fields),
                Carried::Recorded => {}
            }
        }
        if let Some(outermost) = outermost.filter(|_| is_breadcrumb) {
            let (level, target) = (metadata.level(), metadata.target());
            let line = text::for_sink(&format_args!("{level} {target}: {message}"), MAX_TEXT);
            let mut extensions = outermost.extensions_mut();
            if extensions.get_mut::<Breadcrumbs>().is_none() {
                extensions.insert(Breadcrumbs::default());
            }
            if let Some(Breadcrumbs(all)) = extensions.get_mut() {
                if all.len() >= self.breadcrumbs {
                    all.pop_front();
                }
                all.push_back(line);
            }
        }
    }
}

impl TracingLayer {
    fn record(
        self,
        metadata: &Metadata<'_>,
        operation: &str,
        message: &str,
        mut fields: Map<String, Value>,
    ) {
        add_place(metadata, &mut fields);
        let message = text::bounded(&message, MAX_MESSAGE);
        let subject = Subject {
            id: ErrorId::new(),
            code: self.code,
            location: None,
            error: ErrorRef::Display(&message),
        };
        publish(metadata, operation, &subject, Some(&fields));
    }
}

/// Records an error that an event carries, with the fields of the event as further details.
fn record_carried(
    error: AppError,
    metadata: &Metadata<'_>,
    operation: &str,
    message: &str,
    mut fields: Map<String, Value>,
) {
    add_place(metadata, &mut fields);
    fields.insert(
        "logged".to_owned(),
        text::bounded(&message, MAX_MESSAGE).into(),
    );
    let error = fields.into_iter().fold(error, |error, (name, value)| {
        match error.details().contains_key(&name) {
            true => error,
            false => error.with_detail(name, value),
        }
    });
    let subject = Subject {
        id: error.id(),
        code: error.code(),
        location: Some(error.location()),
        error: ErrorRef::App(&error),
    };
    publish(metadata, operation, &subject, None);
}

/// What is known of an error that was logged.
struct Subject<'a> {
    id: ErrorId,
    code: ErrorCode,
    location: Option<&'static Location<'static>>,
    error: ErrorRef<'a>,
}

/// Passes an error to the monitor and the other observers.
fn publish(
    metadata: &Metadata<'_>,
    operation: &str,
    subject: &Subject<'_>,
    captured: Option<&Map<String, Value>>,
) {
    // Started where it is not.
    let _ = error_monitor();
    event::emit(|| {
        Event::Error(ErrorEvent {
            id: subject.id,
            code: subject.code,
            level: Severity::Error,
            operation,
            component: metadata.target(),
            location: subject.location,
            elapsed: None,
            captured,
            error: subject.error,
            state: RecordState::Error,
            attempt: None,
            opening: None,
            settled: None,
            record: RecordSlot::default(),
        })
    });
}

fn add_place(metadata: &Metadata<'_>, fields: &mut Map<String, Value>) {
    if let (Some(file), Some(line)) = (metadata.file(), metadata.line()) {
        fields.insert("logged_at".to_owned(), format!("{file}:{line}").into());
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::{sync::mpsc::channel, thread};
    use tracing::subscriber::with_default;
    use tracing_subscriber::{layer::SubscriberExt, registry};

    /// A client that delivers notifications logs its failures, which would be notified about.
    #[test]
    fn errors_logged_on_background_threads_are_left_out() {
        let (sender, recorded) = channel();
        let _subscription = event::subscribe(move |event: &Event<'_>| {
            if let Event::Error(error) = event
                && error.component == "tracing-layer-test"
            {
                let _ = sender.send(error.operation.to_owned());
            }
        });
        let (done, is_done) = channel();
        let log = |span: &'static str| {
            with_default(registry().with(TracingLayer::new()), || {
                let _entered = tracing::info_span!("span", span).entered();
                tracing::error!(target: "tracing-layer-test", "cannot deliver");
            });
        };
        let run = move || {
            log("background");
            done.send(()).unwrap();
        };
        worker::start("test", Box::new(run)).unwrap();
        is_done.recv().unwrap();
        assert!(recorded.try_recv().is_err());
        thread::spawn(move || log("own")).join().unwrap();
        assert_eq!(recorded.try_recv().as_deref(), Ok("span"));
    }
}
