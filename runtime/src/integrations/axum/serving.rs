//! A request as it is served: the context of what runs inside, and the treatment of its response.

use super::{
    refusal::{self, Refusal},
    respond::{self, Unreported},
};
use crate::{
    boundary::{Recognised, panic},
    call::{EnteredValues, Frame, Values},
    error::View,
    event::request,
    panics,
};
use axum::{
    extract::{MatchedPath, Request},
    http::Method,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};
use std::{
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// Returns what records show of a request; names after the semantic conventions of OpenTelemetry.
pub(super) fn describe(request: &Request) -> request::Request {
    let method = method_of(request.method());
    let mut details = Map::from_iter([(
        "http.request.method".to_owned(),
        Value::from(method.unwrap_or("_OTHER")),
    )]);
    let name = method.unwrap_or("HTTP");
    let operation = match request.extensions().get::<MatchedPath>() {
        Some(route) => {
            details.insert("http.route".to_owned(), route.as_str().into());
            format!("{name} {}", route.as_str())
        }
        None => {
            details.insert("url.path".to_owned(), request.uri().path().into());
            name.to_owned()
        }
    };
    request::Request::new(operation, details)
}

/// Returns the methods of the HTTP standards. Others are chosen by clients, and are no part of a
/// name.
fn method_of(method: &Method) -> Option<&'static str> {
    const KNOWN: [&str; 10] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY",
    ];
    KNOWN.into_iter().find(|known| *known == method.as_str())
}

pin_project_lite::pin_project! {
    /// Serves a request: in a frame of its own, with the request as a value on the context, and
    /// with its panic contained.
    pub(super) struct Serving<F> {
        frame: Frame,
        values: Values,
        request: Arc<request::Request>,
        is_head: bool,
        #[pin]
        inner: Option<F>,
    }

    impl<F> PinnedDrop for Serving<F> {
        fn drop(this: Pin<&mut Self>) {
            // What is undone because the request is dropped belongs to the request.
            let mut this = this.project();
            let _values = EnteredValues::enter(Some(this.values.clone()));
            this.inner.set(None);
        }
    }
}

impl<F> Serving<F> {
    pub(super) fn new(request: request::Request, is_head: bool, inner: F) -> Self {
        panics::watch();
        let values = Values::with(Values::current(), request);
        let request = values
            .get()
            .unwrap_or_else(|| unreachable!("it was attached last"));
        Self {
            frame: Frame::new(),
            values,
            request,
            is_head,
            inner: Some(inner),
        }
    }
}

impl<F: Future<Output = Response>> Future for Serving<F> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            unreachable!("polled after the response")
        };
        let _values = EnteredValues::enter(Some(this.values.clone()));
        let polled = {
            let _entered = this.frame.enter();
            panics::catch(|| inner.poll(cx))
        };
        let (frame, request, is_head) = (this.frame, &**this.request, *this.is_head);
        let response = match polled {
            Ok(polled) => answered(ready!(polled), frame, request, is_head),
            Err(payload) => {
                let error = panic::error_of(&payload, request.operation(), Location::caller());
                respond::report_panic(
                    &error,
                    request,
                    Recognised::new(View::from_app(&error), frame),
                );
                refusal::without_body_if(is_head, error.to_problem().into_response())
            }
        };
        // A drop that panics is no reason to lose the response.
        let _ = panics::catch(|| this.inner.set(None));
        Poll::Ready(response)
    }
}

/// Returns the treatment of a response.
fn answered(
    mut response: Response,
    frame: &mut Frame,
    request: &request::Request,
    is_head: bool,
) -> Response {
    if let Some(unreported) = response.extensions_mut().remove::<Unreported>() {
        return unreported.settle(response, frame, request);
    }
    match Refusal::of(response) {
        Ok(refusal) => refusal.answer(frame, request, is_head),
        Err(response) => {
            // Errors inside were handled, or reported with what the response shows.
            frame.succeeded();
            response
        }
    }
}
