//! The fields of spans, kept for records.

use crate::event::text;
use serde_json::{Map, Value};
use std::fmt;
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, Registry},
};

/// Keeps the fields of spans, so that records carry those of the span that they are made in, and of
/// its parents.
///
/// `tracing` shows the fields of a span to the subscriber only. Add this layer to a subscriber that
/// is built on [`Registry`], and each record has them under
/// [`ErrorContext::fields`](super::ErrorContext::fields) (`span_fields` in JSON): where two spans
/// have the same field, the inner one counts, and a field of an
/// [`set_error_context`](super::set_error_context) hook comes before both. Without the layer, records carry
/// the name of the span alone.
///
/// Of each span at most 32 fields of about 1 KiB are kept; about 4 KiB reach a record, redacted
/// like every text. Spans that a filter of the layer disables have no fields.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, event::SpanFields, monitor::{ErrorMonitor, MonitorConfig}};
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let subscriber = tracing_subscriber::registry().with(SpanFields::new());
/// let monitor = ErrorMonitor::new(MonitorConfig::default());
/// tracing::subscriber::with_default(subscriber, || {
///     let _request = tracing::info_span!("request", tenant = 7).entered();
///     let _query = tracing::info_span!("query", table = "orders").entered();
///     monitor.record(&AppError::new(ErrorCode::DB_QUERY_ERROR, "no such column"));
/// });
/// let records = monitor.stats().recent_errors;
/// let context = records[0].context.as_deref().unwrap();
/// assert_eq!(context.span.as_deref(), Some("query"));
/// assert_eq!((&context.fields["tenant"], &context.fields["table"]), (&7.into(), &"orders".into()));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SpanFields;

impl SpanFields {
    /// Makes the layer.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, event::SpanFields, monitor::{ErrorMonitor, MonitorConfig}};
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// let subscriber = tracing_subscriber::registry().with(SpanFields::new());
    /// let _log = tracing::subscriber::set_default(subscriber);
    /// let span = tracing::info_span!("request", user = tracing::field::Empty);
    /// span.record("user", 7); // known only now
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// span.in_scope(|| monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "out of step")));
    /// let record = monitor.stats().recent_errors.remove(0);
    /// assert_eq!(record.context.unwrap().fields["user"], 7);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

/// The fields of one span, in its extensions.
#[derive(Debug, Default)]
struct SpanValues(Map<String, Value>);

const MAX_FIELDS: usize = 32;
const MAX_TEXT: usize = 1024;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanFields {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut values = SpanValues::default();
        attributes.record(&mut values);
        // Most spans that have no fields never get any.
        if let Some(span) = context.span(id).filter(|_| !values.0.is_empty()) {
            span.extensions_mut().replace(values);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        // User code writes the values, and so not under the lock of the extensions.
        let mut recorded = SpanValues::default();
        values.record(&mut recorded);
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<SpanValues>() {
            Some(before) => recorded
                .0
                .into_iter()
                .for_each(|(name, value)| before.insert(name, value)),
            None => extensions.insert(recorded),
        }
    }
}

impl SpanValues {
    fn insert(&mut self, name: String, value: Value) {
        if self.0.len() < MAX_FIELDS || self.0.contains_key(&name) {
            self.0.insert(name, value);
        }
    }

    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for SpanValues {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // A short text is redacted when a record is made. Of a long one, a cut must not hide a
        // secret from that.
        let is_short = value.len() <= MAX_TEXT;
        self.add(
            field,
            if is_short {
                value.to_owned()
            } else {
                text::for_sink(&value, MAX_TEXT)
            },
        );
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(
            field,
            &text::bounded(&format_args!("{value:?}"), 4 * MAX_TEXT),
        );
    }
}

/// Returns the fields of an event as they were written, secrets included.
#[cfg(feature = "monitor")]
pub(crate) fn log_fields(event: &tracing::Event<'_>) -> Map<String, Value> {
    let mut fields = SpanValues::default();
    event.record(&mut fields);
    fields.0
}

/// Returns the fields of a span and its parents as they were written, secrets included.
pub(super) fn fields_of(span: &tracing::Span) -> Map<String, Value> {
    let of_registry = |(id, dispatch): (&Id, &tracing::Dispatch)| {
        let mut fields = Map::new();
        for span in dispatch
            .downcast_ref::<Registry>()?
            .span(id)?
            .scope()
            .from_root()
        {
            if let Some(SpanValues(of_span)) = span.extensions().get::<SpanValues>() {
                fields.extend(
                    of_span
                        .iter()
                        .map(|(name, value)| (name.clone(), value.clone())),
                );
            }
        }
        Some(fields)
    };
    span.with_subscriber(of_registry)
        .flatten()
        .unwrap_or_default()
}
