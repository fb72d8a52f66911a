//! Failures of a rollback.

use crate::{
    error::{AppError, SharedError},
    event::Shown,
};
use serde_json::{Value, json};
use std::{error::Error, fmt};

/// A compensation that failed, panicked or could not run.
#[derive(Clone)]
pub struct RollbackFailure {
    compensation: String,
    error: AppError,
}

impl fmt::Debug for RollbackFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Shown(&self.compensation);
        f.debug_struct("RollbackFailure")
            .field("compensation", &name)
            .field("error", &self.error)
            .finish()
    }
}

impl RollbackFailure {
    pub(super) fn new(compensation: &str, error: AppError) -> Self {
        Self {
            compensation: compensation.to_owned(),
            error,
        }
    }

    /// Returns the name under which the compensation was registered; `on_error_callback` for the
    /// callback.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::{RollbackFailures, TransactionBoundary};
    ///
    /// // A callback that fails is a failure of the rollback too.
    /// let failing = TransactionBoundary::new("save").on_error_callback(|_| Err::<(), _>("no page"));
    /// let err = failing.call(|_| Err::<(), _>("disk full")).unwrap_err();
    /// let failures = err.downcast_ref::<RollbackFailures>().unwrap();
    /// assert_eq!(failures.iter().next().unwrap().compensation(), "on_error_callback");
    /// ```
    #[must_use]
    pub fn compensation(&self) -> &str {
        &self.compensation
    }

    /// Returns why it failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, boundary::{RollbackFailures, transaction}};
    ///
    /// let err = transaction("save", |tx| {
    ///     tx.on_rollback("delete the row", || Err::<(), _>("no connection"));
    ///     Err::<(), _>("disk full")
    /// })
    /// .unwrap_err();
    /// let failure = err.downcast_ref::<RollbackFailures>().unwrap().iter().next().unwrap();
    /// assert!(format!("{:#}", failure.error()).ends_with("no connection"));
    /// ```
    #[must_use]
    pub fn error(&self) -> &AppError {
        &self.error
    }
}

/// The failures of a rollback, in the chain of the error that caused the rollback: directly below
/// it, above its source.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, boundary::{RollbackFailures, transaction}};
///
/// let result = transaction("transfer", |tx| {
///     tx.on_rollback("give the money back", || Err::<(), _>("the bank is closed"));
///     Err::<(), _>(AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"))
/// });
/// let err = result.unwrap_err();
/// assert!(err.is(ErrorCode::DB_WRITE_ERROR), "the error keeps its code");
/// let failures = err.downcast_ref::<RollbackFailures>().unwrap();
/// assert_eq!(failures.iter().next().unwrap().compensation(), "give the money back");
/// assert_eq!(err.details()["rollback_failures"][0]["compensation"], "give the money back");
/// ```
#[derive(Debug)]
pub struct RollbackFailures {
    failures: Vec<RollbackFailure>,
    cause: Option<SharedError>,
}

impl RollbackFailures {
    /// Iterates over the failures, in the order in which they happened.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::{RollbackFailures, transaction};
    ///
    /// let err = transaction("order", |tx| {
    ///     tx.on_rollback("release the stock", || Err::<(), _>("locked"));
    ///     tx.on_rollback("refund", || Err::<(), _>("the bank is closed"));
    ///     Err::<(), _>("disk full")
    /// })
    /// .unwrap_err();
    /// let names: Vec<_> = err.downcast_ref::<RollbackFailures>().unwrap().iter().map(|failure| failure.compensation()).collect();
    /// assert_eq!(names, ["refund", "release the stock"]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &RollbackFailure> {
        self.failures.iter()
    }

    /// Attaches failures to the error that caused the rollback: in its chain and its details.
    pub(super) fn attach(failures: Vec<RollbackFailure>, error: AppError) -> AppError {
        let so_far = error
            .details()
            .get(DETAIL)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let failed = !failures.is_empty() || !so_far.is_empty();
        let error = error.with_detail("rolled_back", !failed);
        if failures.is_empty() {
            return error;
        }
        let rows: Vec<Value> = so_far.into_iter().chain(failures.iter().map(row)).collect();
        error
            .with_detail(DETAIL, rows)
            .interpose(|cause| Self::above(failures, cause))
    }

    /// Joins failures to those that stand at the head of the chain already.
    fn above(failures: Vec<RollbackFailure>, cause: Option<SharedError>) -> Self {
        match cause
            .as_deref()
            .and_then(|cause| cause.downcast_ref::<Self>())
        {
            None => Self { failures, cause },
            Some(earlier) => Self {
                failures: earlier.failures.iter().cloned().chain(failures).collect(),
                cause: earlier.cause.clone(),
            },
        }
    }
}

/// The detail that lists the failures.
const DETAIL: &str = "rollback_failures";

/// Returns a failure as a detail.
fn row(failure: &RollbackFailure) -> Value {
    let error = &failure.error;
    json!({
        "compensation": failure.compensation,
        "code_name": error.code().name(),
        "message": format!("{error:#}"),
        "id": error.id().to_string(),
    })
}

impl fmt::Display for RollbackFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rollback failed: ")?;
        for (i, failure) in self.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{:#}", failure.error)?;
        }
        Ok(())
    }
}

impl Error for RollbackFailures {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause
            .as_deref()
            .map(|cause| cause as &(dyn Error + 'static))
    }
}
