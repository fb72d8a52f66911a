//! Errors of tower's layers as responses.

use crate::error::AppError;
use axum::{
    BoxError,
    response::{IntoResponse, Response},
};

/// Answers the error of a layer as the [`AppError`] that is made of it: for axum's
/// `HandleErrorLayer`, around the layers of [`integrations::tower`](crate::integrations) and of tower
/// itself.
///
/// A rejection has the status of its code, and `Retry-After` where it has a wait: 503 for an open
/// circuit and a full bulkhead, 429 for a rate limit, 504 for a timeout.
///
/// # Examples
///
/// ```
/// use axum::{Router, body::Body, error_handling::HandleErrorLayer, http::Request, routing::get};
/// use gardefou::integrations::axum::handle_error;
/// use tower::{BoxError, ServiceBuilder, ServiceExt};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let layers = ServiceBuilder::new()
///     .layer(HandleErrorLayer::new(handle_error))
///     .map_future(async |call| { drop(call); Err::<axum::response::Response, BoxError>("no room".into()) });
/// let app: Router = Router::new().route("/", get(async || "hello")).layer(layers);
/// let response = app.oneshot(Request::get("/").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 500);
/// assert_eq!(response.headers()["content-type"], "application/problem+json");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub async fn handle_error(error: BoxError) -> Response {
    AppError::from_boxed(error).into_response()
}
