//! Responses, with the headers that all of them have.

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, Response, StatusCode,
        header::{
            ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            RETRY_AFTER, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
};
use serde_json::json;

pub(super) fn page(html: String, policy: &str) -> Response<Body> {
    let mut response = with_headers(StatusCode::OK, "text/html; charset=utf-8", html);
    if let Ok(policy) = HeaderValue::from_str(policy) {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

pub(super) fn json(text: impl Into<Body>) -> Response<Body> {
    with_headers(StatusCode::OK, "application/json", text)
}

/// Returns an answer without content, for a question about the headers alone.
pub(super) fn event_stream_head() -> Response<Body> {
    with_headers(StatusCode::OK, "text/event-stream", Body::empty())
}

pub(super) fn forbidden(why: &str) -> Response<Body> {
    problem(StatusCode::FORBIDDEN, why)
}

pub(super) fn bad_request(why: &str) -> Response<Body> {
    problem(StatusCode::BAD_REQUEST, why)
}

pub(super) fn method_not_allowed() -> Response<Body> {
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, "The page is read-only.");
    let allowed = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(ALLOW, allowed);
    response
}

/// Returns the refusal of a request for which there is no place now.
pub(super) fn busy(why: &str) -> Response<Body> {
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, why);
    let wait = HeaderValue::from_static(RETRY_AFTER_SECONDS);
    response.headers_mut().insert(RETRY_AFTER, wait);
    response
}

pub(super) fn failed() -> Response<Body> {
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "No sample could be taken.",
    )
}

/// As long as the page waits between two snapshots.
const RETRY_AFTER_SECONDS: &str = "5";

/// Returns problem details (RFC 9457).
fn problem(status: StatusCode, detail: &str) -> Response<Body> {
    let title = status.canonical_reason();
    let body = json!({ "title": title, "status": status.as_u16(), "detail": detail });
    with_headers(status, "application/problem+json", body.to_string())
}

fn with_headers(
    status: StatusCode,
    content: &'static str,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content));
    harden(&mut response);
    response
}

/// Adds the headers that keep a response from being stored, framed, guessed at or read by another
/// site.
pub(super) fn harden<B>(response: &mut Response<B>) {
    let headers = response.headers_mut();
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
