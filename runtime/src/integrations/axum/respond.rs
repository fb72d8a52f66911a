//! Errors as responses.

use crate::{
    boundary::{Operation, Recognised, Report, Then, panic},
    call::Frame,
    error::{AppError, ErrorId, ProblemDetails, Rejection, View},
    event::{LogLevel, request},
};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_LENGTH},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Answers with [problem details](ProblemDetails): what a client may see, and no more. The identity
/// and the code stand in the response's extensions, for middleware that counts or logs.
///
/// An error that nothing reported so far is reported here, so that the identity which the client
/// gets is found in log and monitor: as a warning where the client is at fault (a status below
/// 500), as an error elsewhere. Its operation is the method and the route of the request where
/// [`problems`](super::problems) is around the route, for example `GET /users/{id}`; without that
/// it is `http_response`.
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
        let mut response = self.to_problem().into_response();
        if View::from_app(&self).is_reported() {
            return response;
        }
        match request::Request::current() {
            Some(request) => drop(
                response
                    .extensions_mut()
                    .insert(Unreported::new(self, request)),
            ),
            None => report(&self, None, Recognised::from_view(View::from_app(&self))),
        }
        response
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
        *response.status_mut() =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers() {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
        }
        response.extensions_mut().insert(self.id());
        response.extensions_mut().insert(self.code());
        response
    }
}

/// The error of a response, for the request around it to report: the request knows what was
/// reported inside of it.
///
/// A response that does not arrive there, since a layer in between answers in its place, reports
/// the error when it is dropped.
#[derive(Clone)]
pub(super) struct Unreported(Arc<Waiting>);

struct Waiting {
    error: AppError,
    request: Arc<request::Request>,
}

impl Unreported {
    fn new(error: AppError, request: Arc<request::Request>) -> Self {
        Self(Arc::new(Waiting { error, request }))
    }

    /// Reports the error as one that leaves the request.
    pub(super) fn settle(
        self,
        mut response: Response,
        frame: &mut Frame,
        request: &request::Request,
    ) -> Response {
        let (error, shown) = (&self.0.error, self.0.error.id());
        report(
            error,
            Some(request),
            Recognised::new(View::from_app(error), frame),
        );
        let id = error.id();
        let is_ours = response.extensions().get::<ErrorId>() == Some(&shown);
        if id != shown && is_ours {
            // It was reported inside in a type that has no room for an identity: the client gets
            // the one in the log.
            response.headers_mut().remove(CONTENT_LENGTH);
            response.extensions_mut().insert(id);
            *response.body_mut() = Body::from(error.to_problem().body());
        }
        response
    }
}

impl Drop for Waiting {
    /// Does nothing for an error that is reported by now.
    fn drop(&mut self) {
        report(
            &self.error,
            Some(&self.request),
            Recognised::from_view(View::from_app(&self.error)),
        );
    }
}

/// The component of operations that have no place in the code.
const COMPONENT: &str = "http";

fn report(error: &AppError, request: Option<&request::Request>, recognised: Recognised) {
    report_as(
        error,
        request,
        recognised,
        level_of(error.to_problem().status()),
    );
}

/// Reports and answers a request whose deadline had passed before it was served: its caller was
/// late, whatever the status.
pub(super) fn expired(error: &AppError) -> Response {
    let request = request::Request::current();
    let recognised = Recognised::from_view(View::from_app(error));
    report_as(error, request.as_deref(), recognised, LogLevel::Warn);
    error.to_problem().into_response()
}

fn report_as(
    error: &AppError,
    request: Option<&request::Request>,
    recognised: Recognised,
    level: LogLevel,
) {
    let name = request.map_or("http_response", request::Request::operation);
    // Where the error was made: the answer itself is no place in the program.
    let place = View::from_app(error).location();
    let operation = match place {
        Some(place) => Operation::new(name, place.file(), place.file(), place.line()),
        None => Operation::new(name, COMPONENT, "", 0),
    };
    Report::new(View::from_app(error), &operation)
        .level(level)
        .send(recognised, Then::Ends);
}

/// Reports a refusal, which was made nowhere in the program.
pub(super) fn report_refusal(error: &AppError, request: &request::Request, status: u16) {
    let operation = Operation::new(request.operation(), COMPONENT, "", 0);
    Report::new(View::from_app(error), &operation)
        .level(level_of(status))
        .without_location()
        .send(Recognised::default(), Then::Ends);
}

/// Reports a panic, with its place where that was noted.
pub(super) fn report_panic(error: &AppError, request: &request::Request, recognised: Recognised) {
    let file = panic::place_of(error).and_then(|place| place.rsplitn(3, ':').nth(2));
    let operation = Operation::new(request.operation(), file.unwrap_or(COMPONENT), "", 0);
    Report::new(View::from_app(error), &operation)
        .level(LogLevel::Critical)
        .without_location()
        .send(recognised, Then::Ends);
}

/// Returns the level of a status: below 500 the client is at fault.
const fn level_of(status: u16) -> LogLevel {
    if status < 500 {
        LogLevel::Warn
    } else {
        LogLevel::Error
    }
}
