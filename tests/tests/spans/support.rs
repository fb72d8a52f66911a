//! A subscriber that keeps spans with their events, and how often each was entered and closed.

use gardefou::{AppError, ErrorCode};
use gardefou_tests::testkit::log::Listener;
use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, LazyLock, Mutex},
};
use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

pub(crate) type Fields = BTreeMap<&'static str, String>;

/// A span, or an event that is in none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) name: &'static str,
    pub(crate) target: String,
    /// The place of the parent among all spans.
    pub(crate) parent: Option<usize>,
    pub(crate) fields: Fields,
    pub(crate) events: Vec<Fields>,
    pub(crate) entered: usize,
    pub(crate) exited: usize,
    pub(crate) closed: usize,
}

impl Seen {
    pub(crate) fn outcome(&self) -> &str {
        self.fields.get("outcome").map_or("", String::as_str)
    }

    /// Returns the attempts as `number outcome`, with the delay if another one followed.
    pub(crate) fn attempts(&self) -> Vec<String> {
        let attempts = self
            .events
            .iter()
            .filter(|event| event.contains_key("attempt.number"));
        attempts
            .map(|event| {
                let delay = event
                    .get("retry.delay")
                    .map(|delay| format!(" after {delay}"));
                format!(
                    "{} {}{}",
                    event["attempt.number"],
                    event["outcome"],
                    delay.unwrap_or_default()
                )
            })
            .collect()
    }

    pub(crate) fn messages(&self) -> Vec<&str> {
        let messages = self.events.iter().filter_map(|event| event.get("message"));
        messages.map(String::as_str).collect()
    }
}

/// Keeps the spans of gardefou and of the tests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans(Arc<Mutex<Vec<Seen>>>);

/// The place of a span, in its extensions.
struct Place(usize);

impl Spans {
    pub(crate) fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        // With a single subscriber, the first thread that reaches a line decides for all whether it
        // is enabled.
        static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Listener::disabled()));
        let _ = &*SECOND;
        tracing_subscriber::registry().with(self.clone())
    }

    /// Runs something with this as the subscriber of the thread; returns what was seen.
    pub(crate) fn of<R>(run: impl FnOnce() -> R) -> (R, Vec<Seen>) {
        let spans = Self::default();
        let result = tracing::subscriber::with_default(spans.subscriber(), run);
        (result, spans.all())
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        let all = self.0.lock().unwrap().clone();
        for span in &all {
            assert_eq!(span.entered, span.exited, "{span:?}");
            assert_eq!(span.closed, 1, "{span:?}");
        }
        all
    }

    fn change(&self, place: Option<usize>, change: impl FnOnce(&mut Seen)) {
        let mut all = self.0.lock().unwrap();
        if let Some(span) = place.and_then(|place| all.get_mut(place)) {
            change(span);
        }
    }
}

fn place<S: Subscriber + for<'a> LookupSpan<'a>>(
    id: &Id,
    context: &Context<'_, S>,
) -> Option<usize> {
    let span = context.span(id)?;
    let extensions = span.extensions();
    extensions.get::<Place>().map(|place| place.0)
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        // Lines about the same calls would be in the way.
        let target = metadata.target();
        !target.starts_with("gardefou::")
            || ["gardefou::span", "gardefou::attempt"].contains(&target)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Texts::default();
        attributes.record(&mut fields);
        let span = context.span(id).unwrap();
        let parent = span.parent().and_then(|parent| {
            let extensions = parent.extensions();
            extensions.get::<Place>().map(|place| place.0)
        });
        let mut all = self.0.lock().unwrap();
        span.extensions_mut().insert(Place(all.len()));
        all.push(Seen {
            name: attributes.metadata().name(),
            target: attributes.metadata().target().to_owned(),
            parent,
            fields: fields.0,
            ..Seen::default()
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut fields = Texts::default();
        values.record(&mut fields);
        self.change(place(id, &context), |span| span.fields.extend(fields.0));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Texts::default();
        event.record(&mut fields);
        let place = context
            .event_span(event)
            .and_then(|span| place(&span.id(), &context));
        self.change(place, |span| span.events.push(fields.0));
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.change(place(id, &context), |span| span.entered += 1);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.change(place(id, &context), |span| span.exited += 1);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.change(place(&id, &context), |span| span.closed += 1);
    }
}

#[derive(Default)]
struct Texts(Fields);

impl Visit for Texts {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

pub(crate) fn failure(message: &str) -> AppError {
    AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, message)
}

/// Returns the only span.
pub(crate) fn single(spans: Vec<Seen>) -> Seen {
    let [span] = <[Seen; 1]>::try_from(spans).unwrap_or_else(|spans| panic!("{spans:#?}"));
    span
}
