//! Middleware that gives all refusals of a router one form.

use super::serving::Serving;
use axum::{Router, extract::Request, middleware::Next, middleware::from_fn, response::Response};

/// Answers every refusal of a router with [problem details](crate::error::ProblemDetails), and
/// gives every error its route and method.
///
/// The layer is around all routes and the fallback that the router has by now: call this last.
/// Layers that are added before it (limits, timeouts) are inside, and their refusals get the same
/// form. For a part of a router, there is [`problem_details`].
///
/// - **Refusals.** A response with a status from 400 to 599 becomes problem details if its content
///   type is `text/plain`, or if it has none and its body is empty: an extractor's refusal, an
///   unknown route, a wrong method, a body that is too large, a timeout. Status and headers stay
///   (`Allow`, `Retry-After`); those that describe the replaced body go. The text of a status below
///   500 becomes `detail`, redacted and cut at 4 KiB; that of a server's fault is for the record
///   alone. What of the text has not arrived yet is not waited for. A refusal is recorded with the
///   standard code of its status, as a warning below 500 and as an error from 500 on.
/// - **Responses that stay as they are.** Successes, whose bodies are not touched; errors of this
///   crate; and every response that has another content type, or a body without one.
/// - **Panics.** A panic of a handler is an error with the code `PANIC_ERROR`: recorded once,
///   critical, with the place of the panic, and answered with 500.
/// - **Route and method.** An error that nothing inside reported has the operation
///   `GET /users/{id}`. All errors that are reported while the request is served have the details
///   `http.request.method` and `http.route`; where no route matched, `url.path`. Work that is
///   spawned has them where the [context](crate::call::Context) is passed on.
///
/// A request that is dropped is no error. The answer to `HEAD` has the headers of the answer to
/// `GET`, and no body.
///
/// # Examples
///
/// ```
/// use axum::{Router, body::{Body, to_bytes}, extract::Path, http::Request, routing::get};
/// use gardefou::integrations::axum::problems;
/// use tower::ServiceExt;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let router = Router::new().route("/users/{id}", get(async |Path(id): Path<u32>| id.to_string()));
/// let app: Router = problems(router);
///
/// let request = Request::get("/users/ann").body(Body::empty())?;
/// let response = app.oneshot(request).await?;
/// assert_eq!(response.status(), 400);
/// assert_eq!(response.headers()["content-type"], "application/problem+json");
/// let body: serde_json::Value = serde_json::from_slice(&to_bytes(response.into_body(), 4096).await?)?;
/// assert_eq!((&body["status"], &body["code_name"]), (&400.into(), &"API_REQUEST_ERROR".into()));
/// assert!(body["detail"].as_str().unwrap().contains("ann"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub fn problems<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(from_fn(problem_details))
}

/// Middleware of [`problems`], for [`from_fn`]: around a route, a `MethodRouter`, or in a
/// `ServiceBuilder`.
///
/// Around a whole router as a service it does not know the route.
///
/// # Examples
///
/// ```
/// use axum::{Router, body::Body, http::{Request, StatusCode}, middleware::from_fn, routing::get};
/// use gardefou::integrations::axum::problem_details;
/// use tower::ServiceExt;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let refuse = get(async || (StatusCode::CONFLICT, "held by ann"));
/// let app: Router = Router::new()
///     .route("/api", refuse.clone().layer(from_fn(problem_details)))
///     .route("/page", refuse);
/// for (path, kind) in [("/api", "application/problem+json"), ("/page", "text/plain; charset=utf-8")] {
///     let response = app.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
///     assert_eq!(response.headers()["content-type"], kind);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub async fn problem_details(request: Request, next: Next) -> Response {
    let is_head = request.method() == axum::http::Method::HEAD;
    let of_request = super::serving::describe(&request);
    Serving::new(of_request, is_head, next.run(request)).await
}
