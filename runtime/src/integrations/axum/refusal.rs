//! Refusals that are no problem details yet.

use super::respond;
use crate::{
    call::{Frame, Reported},
    error::{AppError, ErrorCode, ErrorId, problem},
    event::request,
    panics,
};
use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED, TRANSFER_ENCODING,
        },
        response::Parts,
    },
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt, StreamExt};

/// How many bytes of a refusal's text are read; some of them may be redacted.
const MAX_TEXT: usize = 8 * 1024;
/// In how many parts, for a body that is ready at once and has nothing in it.
const MAX_PARTS: usize = 64;

/// Headers that describe the body that is replaced.
const OF_BODY: [HeaderName; 5] = [
    CONTENT_LENGTH,
    CONTENT_ENCODING,
    TRANSFER_ENCODING,
    ETAG,
    LAST_MODIFIED,
];

/// A response that refuses a request, with only a status or a plain text.
pub(super) struct Refusal {
    parts: Parts,
    text: String,
}

impl Refusal {
    /// Takes a response for a refusal, or gives it back.
    #[expect(
        clippy::result_large_err,
        reason = "the response itself is given back, not an error made"
    )]
    pub(super) fn of(response: Response) -> Result<Self, Response> {
        let is_error = response.status().is_client_error() || response.status().is_server_error();
        // An error of ours carries its identity, whatever became of its body since.
        let is_known = || response.extensions().get::<ErrorId>().is_some();
        if !is_error || is_known() || !is_plain(&response) {
            return Err(response);
        }
        let (parts, body) = response.into_parts();
        let is_readable = !parts.headers.contains_key(CONTENT_ENCODING);
        let text = if is_readable {
            text_of(body)
        } else {
            String::new()
        };
        Ok(Self { parts, text })
    }

    /// Records the refusal, and answers with problem details.
    pub(super) fn answer(
        self,
        frame: &mut Frame,
        request: &request::Request,
        is_head: bool,
    ) -> Response {
        let Self { mut parts, text } = self;
        let status = parts.status.as_u16();
        let message = if text.is_empty() {
            format!("{status} {}", problem::title(status))
        } else {
            text.clone()
        };
        let mut error = AppError::new(code_of(parts.status), message)
            .with_detail("http.response.status_code", status);
        if parts.status.is_client_error() && !text.is_empty() {
            error = error.with_public_message(text);
        }
        // What a guard reported and the handler put into words of its own is that error.
        let mut inside = frame.end();
        let known = inside
            .as_mut()
            .and_then(|inside| inside.take_reported().last().map(Reported::id));
        if known.is_none() {
            respond::report_refusal(&error, request, status);
        }
        if let Some(mut inside) = inside {
            inside.forget_errors();
            inside.forward();
        }
        let problem = error
            .to_problem()
            .with_status(status)
            .known_as(known)
            .into_response();
        let (of_problem, body) = problem.into_parts();
        OF_BODY
            .iter()
            .for_each(|name| drop(parts.headers.remove(name)));
        parts.headers.extend(of_problem.headers);
        parts.extensions.extend(of_problem.extensions);
        without_body_if(is_head, Response::from_parts(parts, body))
    }
}

/// Takes the body out of the answer to `HEAD`, and keeps its length.
pub(super) fn without_body_if(is_head: bool, response: Response) -> Response {
    use axum::body::HttpBody;
    if !is_head {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts
            .headers
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(parts, Body::empty())
}

/// Returns `true` for a response that holds nothing, or a plain text.
fn is_plain(response: &Response) -> bool {
    use axum::body::HttpBody;
    match essence(response.headers()) {
        Some(kind) => kind.eq_ignore_ascii_case("text/plain"),
        None => response.body().is_end_stream() || response.body().size_hint().exact() == Some(0),
    }
}

/// Returns the content type without its parameters; empty where it is no text.
fn essence(headers: &HeaderMap) -> Option<&str> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().unwrap_or_default();
    Some(kind.split(';').next().unwrap_or_default().trim())
}

/// Returns the text of a body, as far as it is there.
fn text_of(body: Body) -> String {
    let read = || {
        let (mut text, mut stream) = (Vec::new(), body.into_data_stream());
        for _ in 0..MAX_PARTS {
            let Some(Some(Ok(part))) = stream.next().now_or_never() else {
                break;
            };
            text.extend_from_slice(&part[..part.len().min(MAX_TEXT - text.len())]);
            if text.len() == MAX_TEXT {
                break;
            }
        }
        String::from_utf8_lossy(&text).trim().to_owned()
    };
    // A stream is code of the user's.
    panics::catch(read).unwrap_or_default()
}

/// Returns the standard code of a status that this program answers with.
fn code_of(status: StatusCode) -> ErrorCode {
    match status.as_u16() {
        401 | 403 => ErrorCode::PERMISSION_ERROR,
        404 | 410 => ErrorCode::FILE_NOT_FOUND_ERROR,
        408 | 504 => ErrorCode::TIMEOUT_ERROR,
        423 => ErrorCode::RESOURCE_BUSY_ERROR,
        429 => ErrorCode::RATE_LIMIT_ERROR,
        400..=499 => ErrorCode::API_REQUEST_ERROR,
        502 => ErrorCode::EXTERNAL_SERVICE_ERROR,
        503 => ErrorCode::CONCURRENCY_LIMIT_ERROR,
        _ => ErrorCode::UNKNOWN_ERROR,
    }
}
