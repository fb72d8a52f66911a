//! Middleware that takes the deadline of a request from its headers.

use super::respond;
use crate::{call, error::AppError, integrations::http::AcceptDeadline};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};

/// Serves every request of a router under the deadline in its headers; see [`AcceptDeadline`].
///
/// A request whose time is over is answered with 504 before its handler runs, and recorded as a
/// warning: the caller was late. Call this before [`problems`](super::problems), so that the answer
/// has the route in its record.
///
/// # Examples
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use gardefou::{call, integrations::{axum::{deadlines, problems}, http::AcceptDeadline}};
/// use tower::ServiceExt;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let router = Router::new().route("/", get(async || match call::remaining() {
///     Some(remaining) => format!("{} s", remaining.as_secs_f64().round()),
///     None => "no deadline".to_owned(),
/// }));
/// let app: Router = problems(deadlines(router, AcceptDeadline::new()));
///
/// let request = |millis| Request::get("/").header("x-envoy-expected-rq-timeout-ms", millis).body(Body::empty());
/// let response = app.clone().oneshot(request(2000)?).await?;
/// assert_eq!(axum::body::to_bytes(response.into_body(), 100).await?, "2 s");
/// assert_eq!(app.oneshot(request(0)?).await?.status(), 504);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub fn deadlines<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    accept: AcceptDeadline,
) -> Router<S> {
    router.layer(from_fn_with_state(accept, enter_deadline))
}

/// Middleware of [`deadlines`], for [`from_fn_with_state`].
///
/// # Examples
///
/// ```
/// use axum::{Router, body::Body, http::Request, middleware::from_fn_with_state, routing::get};
/// use gardefou::{call, integrations::{axum::enter_deadline, http::AcceptDeadline}};
/// use std::time::Duration;
/// use tower::ServiceExt;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let accept = AcceptDeadline::new().otherwise(Duration::from_secs(5))?;
/// let handler = get(async || call::remaining().is_some().to_string());
/// let app: Router = Router::new()
///     .route("/limited", handler.clone().layer(from_fn_with_state(accept, enter_deadline)))
///     .route("/unlimited", handler);
/// for (path, has_deadline) in [("/limited", "true"), ("/unlimited", "false")] {
///     let response = app.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
///     assert_eq!(axum::body::to_bytes(response.into_body(), 100).await?, has_deadline);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub async fn enter_deadline(
    State(accept): State<AcceptDeadline>,
    request: Request,
    next: Next,
) -> Response {
    match accept.arriving(request.headers()) {
        Ok(Some(deadline)) => call::until(deadline, next.run(request)).await,
        Ok(None) => next.run(request).await,
        Err(rejection) => respond::expired(&AppError::from(rejection)),
    }
}
