//! Meaning of the statuses of responses.

use crate::{
    breaker::{Classifier, ErrorClassifier},
    classify::Verdict,
    error::{Class, parse_retry_after},
};
use http_1::{HeaderMap, Response, StatusCode, header::RETRY_AFTER};
use std::{
    fmt::{self, Write},
    time::{Duration, SystemTime},
};

/// Returns what a status shows about the callee: below 400 a success; 408, 421, 423, 425, 429 and
/// from 500 on a failure; every other one from 400 to 499 that it answers, since the fault is the
/// caller's.
///
/// # Examples
///
/// ```
/// # use http_1 as http;
/// use gardefou::{classify::Verdict, integrations::http::verdict_of_status};
/// use http::StatusCode;
///
/// assert_eq!(verdict_of_status(StatusCode::NO_CONTENT), Verdict::Success);
/// assert_eq!(verdict_of_status(StatusCode::NOT_FOUND), Verdict::Answered);
/// assert_eq!(verdict_of_status(StatusCode::TOO_MANY_REQUESTS), Verdict::Failure);
/// assert_eq!(verdict_of_status(StatusCode::SERVICE_UNAVAILABLE), Verdict::Failure);
/// ```
#[must_use]
pub fn verdict_of_status(status: StatusCode) -> Verdict {
    match status.as_u16() {
        ..400 => Verdict::Success,
        status => match Class::from_http_status(status) {
            Class::Permanent => Verdict::Answered,
            _ => Verdict::Failure,
        },
    }
}

/// Returns `true` for a status after which the same request can succeed: 408, 421, 423, 425, 429,
/// and from 500 on, except 501 and 505, which say that the server cannot do it at all.
///
/// That the request may be sent again, since its method is idempotent, is for the caller to know.
///
/// # Examples
///
/// ```
/// # use http_1 as http;
/// use gardefou::integrations::http::is_retryable_status;
/// use http::StatusCode;
///
/// assert!(is_retryable_status(StatusCode::TOO_MANY_REQUESTS));
/// assert!(is_retryable_status(StatusCode::BAD_GATEWAY));
/// assert!(!is_retryable_status(StatusCode::CONFLICT));
/// assert!(!is_retryable_status(StatusCode::NOT_IMPLEMENTED));
/// assert!(!is_retryable_status(StatusCode::OK));
/// ```
#[must_use]
pub fn is_retryable_status(status: StatusCode) -> bool {
    // The statuses of Microsoft's standard resilience handler, of the SDKs of Azure and Google, and of
    // go-retryablehttp, from which the exceptions are.
    verdict_of_status(status) == Verdict::Failure && !matches!(status.as_u16(), 501 | 505)
}

/// Returns the wait in the header `Retry-After`, in seconds or as a date.
///
/// # Examples
///
/// ```
/// # use http_1 as http;
/// use gardefou::integrations::http::retry_after_in;
/// use std::time::{Duration, SystemTime};
///
/// let mut headers = http::HeaderMap::new();
/// assert_eq!(retry_after_in(&headers, SystemTime::now()), None);
/// headers.insert("retry-after", "120".parse()?);
/// assert_eq!(retry_after_in(&headers, SystemTime::now()), Some(Duration::from_secs(120)));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn retry_after_in(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    parse_retry_after(headers.get(RETRY_AFTER)?.to_str().ok()?, now)
}

/// Classifier of a breaker that reads the status of a response: see [`verdict_of_status`]. An error
/// is classified as [`ErrorClassifier`] does.
///
/// # Examples
///
/// ```
/// # use http_1 as http;
/// use gardefou::{AppError, breaker::CircuitBreaker, integrations::http::StatusClassifier};
/// use http::{Response, StatusCode};
///
/// let breaker = CircuitBreaker::builder("status-example").failure_threshold(1).build()?;
/// let mut busy = Response::new("try later");
/// *busy.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
/// breaker.call_with(StatusClassifier, || Ok::<_, AppError>(busy))?;
/// assert_eq!(breaker.try_acquire().unwrap_err().cause().as_deref(), Some("HTTP status 503"));
/// # Ok::<(), AppError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct StatusClassifier;

impl<B, E: 'static> Classifier<Result<Response<B>, E>> for StatusClassifier {
    fn verdict(&self, outcome: &Result<Response<B>, E>) -> Verdict {
        match outcome {
            Ok(response) => verdict_of_status(response.status()),
            Err(_) => ErrorClassifier.verdict(outcome),
        }
    }

    fn write_cause(&self, outcome: &Result<Response<B>, E>, out: &mut dyn Write) -> fmt::Result {
        match outcome {
            Ok(response) => write!(out, "{}", StatusText(response.status())),
            Err(_) => ErrorClassifier.write_cause(outcome, out),
        }
    }
}

/// The text of a status that is a failure.
#[derive(Debug)]
pub(in crate::integrations) struct StatusText(pub(in crate::integrations) StatusCode);

impl fmt::Display for StatusText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP status {}", self.0.as_u16())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_meaning_for_breaker_and_retry() {
        let all = (100..600).filter_map(|status| StatusCode::from_u16(status).ok());
        let (mut failures, mut retried) = (Vec::new(), Vec::new());
        for status in all {
            if verdict_of_status(status) == Verdict::Failure {
                failures.push(status.as_u16());
            }
            if is_retryable_status(status) {
                retried.push(status.as_u16());
            }
        }
        let below_500 = |statuses: &[u16]| {
            let below = statuses.iter().copied().filter(|status| *status < 500);
            below.collect::<Vec<_>>()
        };
        assert_eq!(below_500(&failures), [408, 421, 423, 425, 429]);
        assert_eq!(failures.len(), 5 + 100);
        assert_eq!(below_500(&retried), [408, 421, 423, 425, 429]);
        let not_retried: Vec<_> = failures
            .iter()
            .filter(|status| !retried.contains(status))
            .collect();
        assert_eq!(not_retried, [&501, &505]);
    }
}
