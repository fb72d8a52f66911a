//! Responses of reqwest 0.13 as errors.
//!
//! A `reqwest::Error` has its code by itself with the feature `reqwest-0_13`: what
//! `error_for_status` makes too, but that one has lost the headers of the answer, and with them
//! `Retry-After`. [`checked`] keeps them.

pub use crate::integrations::http::retry_after_in;
use crate::{
    error::{AppError, coding_of_status},
    time::SharedClock,
};
use reqwest_0_13::Response;

/// Turns an answer with the status of an error into an [`AppError`]: with a code and a class by the
/// status, and the wait in `Retry-After`, in seconds or as a date.
///
/// # Errors
///
/// An error whose detail `status` is that of the answer, where it is 400 or above.
///
/// # Examples
///
/// ```
/// # use http_1 as http;
/// use gardefou::{ErrorCode, integrations::reqwest::checked};
/// use std::time::Duration;
///
/// let busy = http::Response::builder().status(429).header("retry-after", "7").body("")?;
/// let err = checked(busy.into()).unwrap_err();
/// assert!(err.is(ErrorCode::RATE_LIMIT_ERROR));
/// assert_eq!(err.retry_after(), Some(Duration::from_secs(7)));
///
/// assert!(checked(http::Response::new("").into()).is_ok());
/// # Ok::<(), http::Error>(())
/// ```
#[track_caller]
pub fn checked(response: Response) -> Result<Response, AppError> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return Ok(response);
    }
    let message = format!(
        "the answer of {} is {status}",
        response.url().host_str().unwrap_or("the service")
    );
    let mut error = AppError::with_coding(coding_of_status(status.as_u16()), message)
        .with_detail("status", status.as_u16())
        .with_detail("url", response.url().as_str());
    if let Some(wait) = retry_after_in(response.headers(), SharedClock::current().wall()) {
        error = error.with_retry_after(wait);
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Class, View};
    use std::time::Duration;

    #[track_caller]
    fn answer(status: u16, retry_after: Option<&str>) -> Result<Response, AppError> {
        let mut answer = http_1::Response::builder().status(status);
        if let Some(value) = retry_after {
            answer = answer.header("retry-after", value);
        }
        checked(answer.body("").unwrap().into())
    }

    #[test]
    fn error_of_a_response_has_class_wait_and_place() {
        let line = line!() + 1;
        let err = answer(421, Some("3")).unwrap_err();
        assert_eq!(
            View::from_any(&err).class(),
            Class::Transient,
            "that of the status, not of its code"
        );
        assert_eq!(
            (err.details()["status"].as_u64(), err.location().line()),
            (Some(421), line)
        );
        assert_eq!(err.retry_after(), Some(Duration::from_secs(3)));
        let past = answer(503, Some("Sun, 06 Nov 1994 08:49:37 GMT")).unwrap_err();
        assert_eq!(past.retry_after(), Some(Duration::ZERO));
        assert_eq!(answer(503, Some("soon")).unwrap_err().retry_after(), None);
        assert!(answer(302, None).is_ok() && answer(200, None).is_ok());
    }
}
