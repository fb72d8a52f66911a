//! Classification of outcomes for policies: success, failure, or neither.

use crate::error::View;
pub use crate::error::view::{Classified, Verdict};
use std::{error::Error, time::Duration};

/// Classifies an error by the first error in its chain of sources that has a class: by its code, as
/// a rejection, or by the mapping of its type.
///
/// The rejection of a time limit does not count as one: the function was started, and another try
/// can be quicker.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, classify::classify};
///
/// let missing = AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no such recording");
/// assert!(!classify(&*missing).is_retryable());
/// assert!(classify(&std::io::Error::other("cable")).is_retryable());
/// assert!(!classify(&std::io::Error::from(std::io::ErrorKind::NotFound)).is_retryable());
/// ```
#[must_use]
pub fn classify(error: &(dyn Error + 'static)) -> Classified {
    View::from_dyn(error).classified()
}

/// Returns the wait that the first error in the chain of sources with one gives.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, classify::retry_after};
/// use std::time::Duration;
///
/// let busy = AppError::new(ErrorCode::RATE_LIMIT_ERROR, "slow down").with_retry_after(Duration::from_secs(3));
/// assert_eq!(retry_after(&*busy), Some(Duration::from_secs(3)));
/// ```
#[must_use]
pub fn retry_after(error: &(dyn Error + 'static)) -> Option<Duration> {
    View::from_dyn(error).retry_after()
}
