//! Result of one run of a check.

use super::status::{FailureCategory, Status};
use crate::{
    error::{View, details, redact},
    event::text::for_sink,
};
use serde_core::Serialize;
use serde_json::{Map, Value};
use std::{any::Any, fmt, time::Duration};

/// The result of one run of a check: a status, with a text and details for people.
///
/// A check may also return a `bool` or a `Result`: see [`IntoCheckResult`].
///
/// # Examples
///
/// ```
/// use gardefou::health::{CheckResult, Status};
///
/// let queue = |waiting: usize| match waiting {
///     0..100 => CheckResult::pass(),
///     100..1000 => CheckResult::warn("the queue grows"),
///     _ => CheckResult::fail("the queue is full"),
/// };
/// let result = queue(150).with_detail("waiting", 150);
/// assert_eq!(result.status(), Status::Warn);
/// assert_eq!(result.output(), Some("the queue grows"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CheckResult {
    status: Status,
    category: Option<FailureCategory>,
    output: Option<Box<str>>,
    details: Map<String, Value>,
    retry_after: Option<Duration>,
}

impl CheckResult {
    fn new(status: Status, category: Option<FailureCategory>, output: Option<&str>) -> Self {
        let output = output.map(clean);
        Self {
            status,
            category,
            output,
            details: Map::new(),
            retry_after: None,
        }
    }

    /// Makes the result of a check that passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{CheckResult, Status};
    ///
    /// let result = CheckResult::pass();
    /// assert_eq!((result.status(), result.output()), (Status::Pass, None));
    /// ```
    #[must_use]
    pub fn pass() -> Self {
        Self::new(Status::Pass, None, None)
    }

    /// Makes the result of a check that passed with a warning.
    ///
    /// Secrets in the text are redacted, control characters escaped, and it is cut after 1,000
    /// bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{CheckResult, Status};
    ///
    /// let result = CheckResult::warn("slow:\n3 of 5 replicas answer");
    /// assert_eq!(result.status(), Status::Warn);
    /// assert_eq!(result.output(), Some("slow:\\n3 of 5 replicas answer"));
    /// ```
    #[must_use]
    pub fn warn(output: impl AsRef<str>) -> Self {
        Self::new(Status::Warn, None, Some(output.as_ref()))
    }

    /// Makes the result of a check that failed; the text is treated as in [`warn`](Self::warn).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{CheckResult, Status};
    ///
    /// let result = CheckResult::fail("cannot reach postgres://admin:hunter2@db/app");
    /// assert_eq!(result.status(), Status::Fail);
    /// assert!(!result.output().unwrap().contains("hunter2"));
    /// ```
    #[must_use]
    pub fn fail(output: impl AsRef<str>) -> Self {
        Self::new(
            Status::Fail,
            Some(FailureCategory::Reported),
            Some(output.as_ref()),
        )
    }

    pub(crate) fn failed_by(category: FailureCategory, output: &str) -> Self {
        Self::new(Status::Fail, Some(category), Some(output))
    }

    pub(crate) fn timed_out(limit: Duration) -> Self {
        Self::failed_by(
            FailureCategory::Timeout,
            &format!("took longer than {limit:?}"),
        )
    }

    pub(crate) fn program_ends() -> Self {
        Self::failed_by(
            FailureCategory::Cancelled,
            "cancelled: the program is about to end",
        )
    }

    /// Adds a detail: any serialisable value; secrets in it are redacted. Probes show details only
    /// where [`ShowDetails`](super::ShowDetails) allows it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::CheckResult;
    ///
    /// let result = CheckResult::pass().with_detail("waiting", 3).with_detail("password", "hunter2");
    /// assert_eq!(result.details()["waiting"], 3);
    /// assert_eq!(result.details()["password"], "[redacted]");
    /// ```
    #[must_use]
    pub fn with_detail(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        let key = key.into();
        // Redacted together with the key, whose name may mark the value as a secret.
        let mut pair = Value::Object(details::object(&mut [(
            &key,
            Some(details::to_value(&value)),
        )]));
        redact::value(&mut pair);
        if let Value::Object(pair) = pair {
            self.details.extend(pair);
        }
        self
    }

    /// Sets after what time another run may find it better.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{CheckResult, Health};
    /// use std::time::Duration;
    ///
    /// let health = Health::default();
    /// let check = || CheckResult::fail("at the limit").with_retry_after(Duration::from_secs(30));
    /// health.register_check("quota", check)?;
    /// assert_eq!(health.run_check("quota")?.retry_after, Some(Duration::from_secs(30)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Returns the status.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{CheckResult, IntoCheckResult, Status};
    ///
    /// assert_eq!(CheckResult::warn("80 % full").status(), Status::Warn);
    /// assert_eq!(false.into_check_result().status(), Status::Fail);
    /// ```
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Returns the category of the failure, if the check failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{CheckResult, FailureCategory};
    ///
    /// assert_eq!(CheckResult::fail("full").category(), Some(FailureCategory::Reported));
    /// assert_eq!(CheckResult::warn("80 % full").category(), None);
    /// ```
    #[must_use]
    pub fn category(&self) -> Option<FailureCategory> {
        self.category
    }

    /// Returns the text, redacted.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{CheckResult, IntoCheckResult};
    ///
    /// assert_eq!(CheckResult::pass().output(), None);
    /// let result = Err::<(), _>("no route to host").into_check_result();
    /// assert_eq!(result.output(), Some("no route to host"));
    /// ```
    #[must_use]
    pub fn output(&self) -> Option<&str> {
        self.output.as_deref()
    }

    /// Returns the details, redacted.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, health::IntoCheckResult};
    ///
    /// let err = AppError::new(ErrorCode::DB_CONNECTION_ERROR, "gone");
    /// let result = Err::<(), _>(err).into_check_result();
    /// assert_eq!(result.details()["code"], "DB_CONNECTION_ERROR");
    /// ```
    #[must_use]
    pub fn details(&self) -> &Map<String, Value> {
        &self.details
    }

    /// Returns after what time another run may find it better, if that is known.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, health::IntoCheckResult};
    /// use std::time::Duration;
    ///
    /// let err = AppError::new(ErrorCode::DB_CONNECTION_ERROR, "gone").with_retry_after(Duration::from_secs(3));
    /// let result = Err::<(), _>(err).into_check_result();
    /// assert_eq!(result.retry_after(), Some(Duration::from_secs(3)));
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

/// The longest text that a result keeps, in bytes.
const LONGEST_OUTPUT: usize = 1000;

/// Returns the text redacted, on one line, and bounded.
fn clean(text: &str) -> Box<str> {
    for_sink(&text, LONGEST_OUTPUT).into()
}

/// Return values of checks: a `bool`, a `Result`, a [`CheckResult`], or `()`.
///
/// * `bool`: `true` passes.
/// * `Result<T, E>`: `Ok` passes, unless the value inside is itself a `bool` or a `CheckResult`,
///   which then decides; `Err` fails with the text of the error and its sources (`{:#}`), and gives
///   its code, id and retry-after, as far as a [`View`] of it knows them.
/// * `()`: passes; such a check can fail only by panicking or by its time limit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the result of a check",
    label = "this check returns `{Self}`",
    note = "a check returns `bool`, `Result<T, E>` with `E: Display`, or `gardefou::health::CheckResult`",
    note = "an async check is registered with `register_async_check`"
)]
pub trait IntoCheckResult {
    /// Converts the value that the check returned.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{CheckResult, Health, IntoCheckResult, Status};
    ///
    /// struct Replicas { alive: u32 }
    ///
    /// impl IntoCheckResult for Replicas {
    ///     fn into_check_result(self) -> CheckResult {
    ///         match self.alive {
    ///             0 => CheckResult::fail("no replica is alive"),
    ///             1 => CheckResult::warn("one replica is alive"),
    ///             _ => CheckResult::pass(),
    ///         }
    ///     }
    /// }
    ///
    /// let health = Health::default();
    /// health.register_check("replicas", || Replicas { alive: 1 })?;
    /// assert_eq!(health.run_check("replicas")?.status, Status::Warn);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn into_check_result(self) -> CheckResult;
}

impl IntoCheckResult for CheckResult {
    fn into_check_result(self) -> CheckResult {
        self
    }
}

impl IntoCheckResult for () {
    fn into_check_result(self) -> CheckResult {
        CheckResult::pass()
    }
}

impl IntoCheckResult for bool {
    fn into_check_result(self) -> CheckResult {
        if self {
            CheckResult::pass()
        } else {
            CheckResult::fail("the check returned false")
        }
    }
}

impl<T: 'static, E: fmt::Display + 'static> IntoCheckResult for Result<T, E> {
    fn into_check_result(self) -> CheckResult {
        match self {
            // `Ok(false)` is not healthy.
            Ok(value) => {
                let value: &dyn Any = &value;
                match (
                    value.downcast_ref::<bool>(),
                    value.downcast_ref::<CheckResult>(),
                ) {
                    (Some(passed), _) => passed.into_check_result(),
                    (_, Some(result)) => result.clone(),
                    _ => CheckResult::pass(),
                }
            }
            Err(err) => of_error(&err),
        }
    }
}

fn of_error<E: fmt::Display + 'static>(error: &E) -> CheckResult {
    let mut result = CheckResult::fail(format!("{error:#}"));
    let view = View::from_any(error);
    if let Some(code) = view.code() {
        result = result.with_detail("code", code.name());
    }
    if let Some(id) = view.id() {
        result = result.with_detail("error_id", id);
    }
    result.retry_after = view.retry_after();
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AppError, ErrorCode};

    #[test]
    fn value_inside_of_ok_decides() {
        assert_eq!(
            Ok::<_, String>(false).into_check_result().status(),
            Status::Fail
        );
        assert_eq!(
            Ok::<_, String>(CheckResult::warn("slow"))
                .into_check_result()
                .status(),
            Status::Warn
        );
        assert_eq!(
            Ok::<_, String>("connected").into_check_result().status(),
            Status::Pass
        );
    }

    #[test]
    fn error_gives_its_code_id_and_retry_after() {
        let err = AppError::new(ErrorCode::DB_CONNECTION_ERROR, "gone")
            .with_retry_after(Duration::from_secs(3));
        let result = Err::<(), _>(err).into_check_result();
        assert_eq!(result.details()["code"], "DB_CONNECTION_ERROR");
        assert_eq!(result.retry_after(), Some(Duration::from_secs(3)));
        assert_eq!(result.output(), Some("gone"));

        // Also as the source of another error.
        let err = std::io::Error::other(AppError::new(ErrorCode::DB_CONNECTION_ERROR, "gone"));
        let result = Err::<(), _>(err).into_check_result();
        assert_eq!(result.details()["code"], "DB_CONNECTION_ERROR");
        assert!(result.details().contains_key("error_id"));
        let result = Err::<(), _>("gone".to_owned()).into_check_result();
        assert!(result.details().is_empty());
    }

    #[test]
    fn output_is_one_line_and_bounded() {
        let result = CheckResult::fail(format!("a\nb\u{1b}[31m{}", "x".repeat(10_000)));
        let output = result.output().unwrap();
        assert!(output.starts_with("a\\nb\\u{1b}[31m"), "{output}");
        assert!(output.chars().count() < 1_050);
    }
}
