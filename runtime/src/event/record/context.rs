//! The span and the trace in which an error is reported.

use super::text::{clean_name, fit_map};
use crate::{error::redact, event::hook};
use serde_json::{Map, Value};
use std::{cell::Cell, sync::OnceLock};

/// The span and the trace in which an error was reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorContext {
    /// The name of the span; that of [`tracing::Span::current`] where no hook sets another.
    pub span: Option<String>,
    /// The trace that the span belongs to; with the feature `opentelemetry`, that of its current context
    /// where no hook sets another.
    pub trace_id: Option<String>,
    /// The fields of the span; at most about 4 KiB reach a sink.
    pub fields: Map<String, Value>,
}

impl ErrorContext {
    /// Sets the name of the span, in place of that of the current span of `tracing`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::event::ErrorContext;
    ///
    /// let context = ErrorContext::default().with_span("checkout");
    /// assert_eq!(context.span.as_deref(), Some("checkout"));
    /// ```
    #[must_use]
    pub fn with_span(mut self, name: impl Into<String>) -> Self {
        self.span = Some(name.into());
        self
    }

    /// Sets the trace.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::event::ErrorContext;
    ///
    /// let context = ErrorContext::default().with_trace_id("4bf92f3577b34da6");
    /// assert_eq!(context.trace_id.as_deref(), Some("4bf92f3577b34da6"));
    /// ```
    #[must_use]
    pub fn with_trace_id(mut self, id: impl Into<String>) -> Self {
        self.trace_id = Some(id.into());
        self
    }

    /// Adds a field.
    ///
    /// A field of that name that is there already is replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::event::ErrorContext;
    ///
    /// let context = ErrorContext::default().with_field("tenant", 7).with_field("region", "eu-west");
    /// assert_eq!(context.fields["tenant"], 7);
    /// assert_eq!(context.fields["region"], "eu-west");
    /// ```
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Returns about how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let names = self.span.as_ref().map_or(0, String::len)
            + self.trace_id.as_ref().map_or(0, String::len);
        size_of::<Self>() + names + self.fields.iter().map(field_bytes).sum::<usize>()
    }
}

fn field_bytes((name, value): (&String, &Value)) -> usize {
    name.len() + 2 * size_of::<Value>() + value_bytes(value)
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items
            .iter()
            .map(|item| size_of::<Value>() + value_bytes(item))
            .sum(),
        Value::Object(fields) => fields.iter().map(field_bytes).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

type Hook = Box<dyn Fn() -> ErrorContext + Send + Sync>;

static HOOK: OnceLock<Hook> = OnceLock::new();

/// Sets the function that returns the trace and the fields with which an error is reported; returns
/// `true` if it was the first one, which stays.
///
/// `tracing` shows the fields of a span to the subscriber only, and knows no traces. Records carry
/// the name of the current span by themselves, its fields where the layer `SpanFields` (feature
/// `tracing-subscriber`) keeps them, the trace of the current context of OpenTelemetry (feature
/// `opentelemetry`), and all else from this function, in which the program reads
/// its own subscriber. The function runs on the thread that reports, once for each error, before
/// any lock; if it panics, the record has no context from it, and neither have errors that it
/// reports itself. What it returns is redacted and bounded like every text.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, event::{ErrorContext, set_error_context}, monitor::{ErrorMonitor, MonitorConfig}};
///
/// let hook = || ErrorContext::default().with_trace_id("4bf92f3577b34da6").with_field("tenant", 7);
/// assert!(set_error_context(hook));
/// let monitor = ErrorMonitor::new(MonitorConfig::default());
/// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
/// let records = monitor.stats().recent_errors;
/// let context = records[0].context.as_deref().unwrap();
/// assert_eq!((context.trace_id.as_deref(), &context.fields["tenant"]), (Some("4bf92f3577b34da6"), &7.into()));
/// ```
#[must_use = "where it returns `false`, the function is not called"]
pub fn set_error_context(hook: impl Fn() -> ErrorContext + Send + Sync + 'static) -> bool {
    HOOK.set(Box::new(hook)).is_ok()
}

const MAX_FIELDS: usize = 4096;

/// Returns the context of the calling thread, if it has any, redacted and bounded.
pub(super) fn current() -> Option<Box<ErrorContext>> {
    let of_hook = HOOK.get().and_then(|hook| hook::run(&IN_HOOK, hook));
    let current = tracing::Span::current();
    #[cfg(feature = "opentelemetry")]
    let of_context = trace_id_of_context();
    #[cfg(not(feature = "opentelemetry"))]
    let of_context: Option<String> = None;
    if of_hook.is_none() && current.is_none() && of_context.is_none() {
        return None;
    }
    let ErrorContext {
        span,
        trace_id,
        fields: of_hook,
    } = of_hook.unwrap_or_default();
    #[cfg(feature = "tracing-subscriber")]
    let mut fields = super::span::fields_of(&current);
    #[cfg(not(feature = "tracing-subscriber"))]
    let mut fields = Map::new();
    fields.extend(of_hook);
    let trace_id = trace_id.or(of_context);
    let span = span.or_else(|| current.metadata().map(|span| span.name().to_owned()));
    if span.is_none() && trace_id.is_none() && fields.is_empty() {
        return None;
    }
    Some(Box::new(fit_context(ErrorContext {
        span,
        trace_id,
        fields,
    })))
}

/// Returns the trace of the current context of OpenTelemetry, in hexadecimal digits.
#[cfg(feature = "opentelemetry")]
fn trace_id_of_context() -> Option<String> {
    use opentelemetry::{Context, trace::TraceContextExt};

    // On a thread that is ending there is no context, and asking for it panics.
    let of_span = crate::panics::catch(|| {
        Context::map_current(|context| {
            let span = context.span();
            let span = span.span_context();
            span.is_valid().then(|| span.trace_id())
        })
    });
    of_span.ok().flatten().map(|id| id.to_string())
}

/// Redacts and bounds a context.
pub(in crate::event) fn fit_context(context: ErrorContext) -> ErrorContext {
    let mut fields = Value::Object(fit_map(&context.fields, &mut { MAX_FIELDS }, 0));
    redact::value(&mut fields);
    let short = |name: String| clean_name(&name);
    ErrorContext {
        span: context.span.map(short),
        trace_id: context.trace_id.map(short),
        fields: if let Value::Object(fields) = fields {
            fields
        } else {
            Map::new()
        },
    }
}

thread_local! {
    /// Whether the hook runs on this thread: it is not called for an error that it reports itself.
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}
