//! Problem details for HTTP (RFC 9457): the part of an error that clients may see.

use super::{AppError, ErrorCode, ErrorId, Rejection, details, redact};
use crate::event::record::details_of;
use serde_core::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::time::Duration;

/// How many bytes of a public message a client gets.
const MAX_DETAIL: usize = 4096;

/// The answer to an HTTP request that failed, free of any framework: status, headers, body.
///
/// It holds nothing of the inner view: no message, no details, no source, no location. A client
/// gets the status, the code and its name, the public message where there is one, and the identity
/// of the error, by which the operator finds the rest in log and journal.
///
/// Members of the body: `type` (`about:blank`, or the URI from [`type_base`](Self::type_base)),
/// `title` (the status in words), `status`, `instance` (`urn:uuid:` and the error's id), `code` (a
/// number that is no HTTP status), `code_name`, `detail` where there is a public message, and
/// [extension members](Self::extension_member).
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode};
/// use std::time::Duration;
///
/// let err = AppError::new(ErrorCode::RATE_LIMIT_ERROR, "bucket of ann@example.org is empty")
///     .with_public_message("Too many uploads.")
///     .with_retry_after(Duration::from_millis(1200));
/// let problem = err.to_problem();
/// assert_eq!((problem.status(), problem.retry_after()), (429, Some(Duration::from_secs(2))));
///
/// let body = problem.to_json();
/// assert_eq!(body["title"], "Too Many Requests");
/// assert_eq!(body["detail"], "Too many uploads.");
/// assert_eq!(body["instance"], format!("urn:uuid:{}", err.id()));
/// assert!(!body.to_string().contains("ann@example.org"));
///
/// let headers: Vec<_> = problem.headers().collect();
/// assert_eq!(headers[0], ("content-type", "application/problem+json".to_string()));
/// assert_eq!(headers[1], ("retry-after", "2".to_string()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemDetails {
    code: ErrorCode,
    /// The status of an answer that has one of its own.
    status_override: Option<u16>,
    id: ErrorId,
    type_base: Option<String>,
    detail: Option<String>,
    /// In seconds.
    retry_after: Option<u64>,
    extension_members: Map<String, Value>,
}

/// The members that every body may have; no extension member replaces one.
const STANDARD: [&str; 7] = [
    "type",
    "title",
    "status",
    "detail",
    "instance",
    "code",
    "code_name",
];

impl AppError {
    /// Returns what a client may see of this error, for an HTTP answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "/srv/orders/7.json is missing")
    ///     .with_public_message("There is no such order.");
    /// let problem = err.to_problem();
    /// assert_eq!((problem.status(), problem.detail()), (404, Some("There is no such order.")));
    /// assert!(!problem.to_json().to_string().contains("/srv"));
    /// ```
    #[must_use]
    pub fn to_problem(&self) -> ProblemDetails {
        let mut problem = ProblemDetails::new(self.code(), self.id(), self.retry_after());
        problem.detail = self
            .public_message()
            .map(|text| redact::bounded_text(text, MAX_DETAIL).into_owned());
        problem.with_members(self.extension_members())
    }
}

impl From<&AppError> for ProblemDetails {
    fn from(error: &AppError) -> Self {
        error.to_problem()
    }
}

impl From<&Rejection> for ProblemDetails {
    fn from(rejection: &Rejection) -> Self {
        let id = rejection.opening().unwrap_or_default();
        Self::new(rejection.code(), id, rejection.retry_after())
    }
}

impl ProblemDetails {
    /// The content type of the body.
    pub const CONTENT_TYPE: &'static str = "application/problem+json";

    fn new(code: ErrorCode, id: ErrorId, retry_after: Option<Duration>) -> Self {
        Self {
            code,
            status_override: None,
            id,
            type_base: None,
            detail: None,
            retry_after: retry_after.map(whole_seconds),
            extension_members: Map::new(),
        }
    }

    /// Makes `type` a link: the base and the code's name in lower case with dashes, where the
    /// base's reader finds the code explained.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "lock held");
    /// let body = err.to_problem().type_base("https://example.org/errors/").to_json();
    /// assert_eq!(body["type"], "https://example.org/errors/resource-busy-error");
    /// ```
    #[must_use]
    pub fn type_base(mut self, base: impl Into<String>) -> Self {
        self.type_base = Some(base.into());
        self
    }

    /// Adds an extension member (RFC 9457, section 3.2), as [`AppError::with_extension_member`]
    /// does: redacted, cut at 16 KiB for all members together, and left out where its name is that
    /// of a standard member.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::RATE_LIMIT_ERROR, "bucket is empty");
    /// let problem = err.to_problem().extension_member("limit", 100).extension_member("instance", "mine");
    /// let body = problem.to_json();
    /// assert_eq!(body["limit"], 100);
    /// assert_eq!(body["instance"], format!("urn:uuid:{}", err.id()));
    /// ```
    #[must_use]
    pub fn extension_member(self, name: impl Into<String>, value: impl Serialize) -> Self {
        let mut members = self.extension_members.clone();
        members.insert(details::key(name.into()), details::to_value(&value));
        self.with_members(members)
    }

    /// Replaces the members by those of these that a client may see.
    fn with_members(mut self, mut members: Map<String, Value>) -> Self {
        members.retain(|name, _| !STANDARD.contains(&name.as_str()));
        self.extension_members = if members.is_empty() {
            members
        } else {
            details_of(&members)
        };
        self
    }

    /// Returns the extension members, redacted and cut.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::API_REQUEST_ERROR, "balance too low")
    ///     .with_extension_member("balance", 30)
    ///     .with_extension_member("token", "k1x9");
    /// let problem = err.to_problem();
    /// assert_eq!(problem.extension_members()["balance"], 30);
    /// assert_eq!(problem.extension_members()["token"], "[redacted]");
    /// ```
    #[must_use]
    pub fn extension_members(&self) -> &Map<String, Value> {
        &self.extension_members
    }

    /// Returns the HTTP status: the code's, or 500 for a code whose status is an informational one,
    /// which ends no request.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error_codes};
    ///
    /// error_codes! {
    ///     /// A status that ends no request.
    ///     pub GO_ON_ERROR = 1200, http = 103;
    /// }
    ///
    /// let status = |code| AppError::new(code, "no").to_problem().status();
    /// assert_eq!((status(ErrorCode::RATE_LIMIT_ERROR), status(GO_ON_ERROR)), (429, 500));
    /// ```
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.status_override.unwrap_or(self.code.http_status()) {
            status @ 200..=599 => status,
            _ => 500,
        }
    }

    /// Describes an answer whose status is not that of its code.
    #[cfg(feature = "axum")]
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status_override = Some(status);
        self
    }

    /// Describes an error that is known under another identity.
    #[cfg(feature = "axum")]
    pub(crate) fn known_as(mut self, id: Option<ErrorId>) -> Self {
        self.id = id.unwrap_or(self.id);
        self
    }

    /// Returns the error's code.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let problem = AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "lock held").to_problem();
    /// assert_eq!(problem.code(), ErrorCode::RESOURCE_BUSY_ERROR);
    /// ```
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Returns the error's identity.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "lock held");
    /// assert_eq!(err.to_problem().id(), err.id(), "by which the log has the rest");
    /// ```
    #[must_use]
    pub fn id(&self) -> ErrorId {
        self.id
    }

    /// Returns the public message, redacted and cut at 4 KiB.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "lock held by job 12");
    /// assert_eq!(err.to_problem().detail(), None);
    /// let err = err.with_public_message("Busy, token=k1x9");
    /// assert_eq!(err.to_problem().detail(), Some("Busy, token=[redacted]"));
    /// ```
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Returns how long to wait before another try, rounded up to whole seconds as `Retry-After`
    /// has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    /// use std::time::Duration;
    ///
    /// let err = AppError::new(ErrorCode::RATE_LIMIT_ERROR, "bucket is empty").with_retry_after(Duration::from_millis(2300));
    /// assert_eq!(err.to_problem().retry_after(), Some(Duration::from_secs(3)));
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after.map(Duration::from_secs)
    }

    /// Iterates over the headers of the answer, names in lower case: `content-type`, and
    /// `retry-after` where it is known.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    /// use std::{collections::HashMap, time::Duration};
    ///
    /// let err = AppError::new(ErrorCode::RATE_LIMIT_ERROR, "slow down").with_retry_after(Duration::from_secs(3));
    /// let headers: HashMap<_, _> = err.to_problem().headers().collect();
    /// assert_eq!(headers["content-type"], "application/problem+json");
    /// assert_eq!(headers["retry-after"], "3");
    /// ```
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let wait = self
            .retry_after
            .map(|seconds| ("retry-after", seconds.to_string()));
        [Some(("content-type", Self::CONTENT_TYPE.to_owned())), wait]
            .into_iter()
            .flatten()
    }

    /// Returns the body as a JSON value.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let body = AppError::new(ErrorCode::TIMEOUT_ERROR, "db1 is slow").to_problem().to_json();
    /// assert_eq!((&body["status"], &body["code"]), (&504.into(), &413.into()));
    /// assert_eq!((&body["type"], &body["title"]), (&"about:blank".into(), &"Gateway Timeout".into()));
    /// assert_eq!(body["code_name"], "TIMEOUT_ERROR");
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = self.extension_members.clone();
        json.insert("type".into(), self.type_uri().into());
        json.insert("title".into(), title(self.status()).into());
        json.insert("status".into(), self.status().into());
        if let Some(detail) = &self.detail {
            json.insert("detail".into(), detail.as_str().into());
        }
        json.insert("instance".into(), format!("urn:uuid:{}", self.id).into());
        json.insert("code".into(), self.code.number().into());
        json.insert("code_name".into(), self.code.name().into());
        Value::Object(json)
    }

    /// Returns the body as bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let problem = AppError::new(ErrorCode::TIMEOUT_ERROR, "db1 is slow").to_problem();
    /// let read: serde_json::Value = serde_json::from_slice(&problem.body())?;
    /// assert_eq!(read, problem.to_json());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.to_json().to_string().into_bytes()
    }

    fn type_uri(&self) -> String {
        match &self.type_base {
            Some(base) => format!(
                "{base}{}",
                self.code.name().to_ascii_lowercase().replace('_', "-")
            ),
            None => "about:blank".to_owned(),
        }
    }
}

impl Serialize for ProblemDetails {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

/// Rounds up, so that who waits that long does not come too early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs()
        .saturating_add(u64::from(wait.subsec_nanos() > 0))
}

/// Returns the reason phrase of a status.
pub(crate) fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        499 => "Client Closed Request",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        511 => "Network Authentication Required",
        _ if status < 400 => "Error",
        _ if status < 500 => "Client Error",
        _ => "Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{CodeInfo, Policy, Rejector};
    use std::sync::Arc;

    #[derive(Debug)]
    struct Payments;
    impl Rejector for Payments {
        fn name(&self) -> &str {
            "payments"
        }
    }

    fn rejection(policy: Policy, code: ErrorCode, wait: Duration) -> Rejection {
        Rejection::new(policy, code, Arc::new(Payments), 1, Some(wait))
    }

    #[test]
    fn wait_is_rounded_up_to_whole_seconds() {
        let wait = |nanos| whole_seconds(Duration::from_nanos(nanos));
        assert_eq!(
            [wait(0), wait(1), wait(1_000_000_000), wait(1_000_000_001)],
            [0, 1, 1, 2]
        );
        assert_eq!(whole_seconds(Duration::MAX), u64::MAX);
    }

    #[test]
    fn rejection_responds_with_its_status_and_wait() {
        for (policy, code, status) in [
            (Policy::CircuitBreaker, ErrorCode::CIRCUIT_OPEN_ERROR, 503),
            (Policy::RateLimit, ErrorCode::RATE_LIMIT_ERROR, 429),
        ] {
            let rejection = rejection(policy, code, Duration::from_millis(29_001));
            let direct = ProblemDetails::from(&rejection);
            let converted = AppError::from(rejection.clone()).to_problem();
            let wrapped = AppError::from(rejection)
                .wrap(code, "while paying")
                .to_problem();
            for problem in [direct, converted, wrapped] {
                assert_eq!(
                    (problem.status(), problem.retry_after()),
                    (status, Some(Duration::from_secs(30)))
                );
                assert!(
                    problem
                        .headers()
                        .any(|header| header == ("retry-after", "30".to_owned()))
                );
                assert!(
                    !problem.to_json().to_string().contains("payments"),
                    "names of policies are internal"
                );
            }
        }
    }

    #[test]
    fn a_status_that_ends_no_request_becomes_500() {
        static CONTINUE: CodeInfo = CodeInfo::new("CONTINUE", 9000, 100, "here");
        let problem = AppError::new(ErrorCode::from_info(&CONTINUE), "x").to_problem();
        assert_eq!(
            (problem.status(), problem.to_json()["title"].as_str()),
            (500, Some("Internal Server Error"))
        );
    }

    #[test]
    fn every_standard_code_has_a_title() {
        for code in ErrorCode::STANDARD {
            let title = title(code.http_status());
            assert!(
                !title.ends_with("Error") || code.http_status() == 500,
                "{code}: {title}"
            );
        }
    }
}
