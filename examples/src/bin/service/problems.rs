//! Answers of the framework, turned into problem details as those of the handlers are.

use crate::codes::{BODY_TOO_LARGE_ERROR, METHOD_NOT_ALLOWED_ERROR, NO_SUCH_ROUTE_ERROR, UNREADABLE_REQUEST_ERROR};
use axum::{
    extract::Request,
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, CONTENT_TYPE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use gardefou::AppError;

/// Gives a refusal of the framework (no such route, a body that is too large) the form that our own errors have; its
/// status stays.
pub(crate) async fn explain(request: Request, next: Next) -> Response {
    let asked = format!("{} {}", request.method(), request.uri().path());
    let response = next.run(request).await;
    if says_what_happened(&response) {
        return response;
    }
    let (code, text) = match response.status() {
        StatusCode::NOT_FOUND => (NO_SUCH_ROUTE_ERROR, "There is nothing at this path."),
        StatusCode::METHOD_NOT_ALLOWED => (METHOD_NOT_ALLOWED_ERROR, "This path cannot be asked with this method."),
        StatusCode::PAYLOAD_TOO_LARGE => (BODY_TOO_LARGE_ERROR, "The body is too large."),
        StatusCode::BAD_REQUEST => (UNREADABLE_REQUEST_ERROR, "The path or the body is no UTF-8 text."),
        _ => return response,
    };
    let allowed = response.headers().get(ALLOW).cloned();
    let mut problem = AppError::new(code, format!("{text} {asked}")).with_public_message(text).into_response();
    problem.headers_mut().extend(allowed.map(|methods: HeaderValue| (ALLOW, methods)));
    problem
}

/// A success needs no explanation, and JSON is one.
fn says_what_happened(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    !(response.status().is_client_error() || response.status().is_server_error())
        || kind.is_some_and(|kind| kind.ends_with("json"))
}
