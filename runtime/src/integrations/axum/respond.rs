//! Errors as responses.

use crate::{
    AppError, Rejection,
    boundary::{Entry, LogLevel, Operation, Recognised, Report, Then},
    error::{ProblemDetails, View},
    monitor,
};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};

/// Answers with [problem details](ProblemDetails): what a client may see, and no more. The identity and the code stand in
/// the response's extensions, for middleware that counts or logs.
///
/// An error that nobody reported so far is reported here, so that the identity which the client gets is found in log
/// and monitor: as a warning where the client is at fault (a status below 500), as an error elsewhere.
///
/// # Examples
///
/// ```
/// use axum::{Router, extract::Path, response::IntoResponse, routing::get};
/// use gardefou::{ErrorCode, bail};
///
/// async fn recording(Path(id): Path<u32>) -> gardefou::Result<String> {
///     bail!(ErrorCode::FILE_NOT_FOUND_ERROR, "no file for recording {id}"; id);
/// }
///
/// let app: Router = Router::new().route("/recordings/{id}", get(recording));
///
/// let response = gardefou::AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "held by job 7").into_response();
/// assert_eq!(response.status(), 423);
/// assert_eq!(response.headers()["content-type"], "application/problem+json");
/// ```
impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        const OPERATION: Operation<'static> = Operation::new("http_response", module_path!(), file!(), line!());
        let problem = self.to_problem();
        let level = if problem.status() < 500 { LogLevel::Warn } else { LogLevel::Error };
        monitor::install();
        let report = Report::new(View::of_app(&self), &OPERATION, Entry::function());
        report.level(level).send(Recognised::of(View::of_app(&self)), Then::Ends);
        problem.into_response()
    }
}

/// Answers as the [`AppError`] that is made of it.
impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        AppError::from(self).into_response()
    }
}

impl IntoResponse for ProblemDetails {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers() {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response.extensions_mut().insert(self.id());
        response.extensions_mut().insert(self.code());
        response
    }
}
