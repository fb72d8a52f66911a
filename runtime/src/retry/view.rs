//! Views of errors whose type a retry does not know.

use crate::{
    call::Attempt,
    error::{AppError, View, Viewable},
};
use std::{any::Any, time::Duration};

/// A view of errors of type `E`.
///
/// Calls by hand use [`AnyError`]; attributes know more about the type, and bring their own view.
pub trait ErrorView<E> {
    /// Returns the view of the error.
    fn view<'a>(&'a self, error: &'a E) -> View<'a>;

    /// Returns the error for a downcast to its type, where it borrows nothing.
    fn any<'a>(&self, error: &'a E) -> Option<&'a dyn Any> {
        let _ = error;
        None
    }

    /// Returns the delay of the function `delay` of an attribute; `None` where there is none, or it
    /// leaves the delay to the backoff.
    fn own_delay(&self, attempt: Attempt, error: &E) -> Option<Duration> {
        let _ = (attempt, error);
        None
    }

    /// Returns the error for adding details, where it is an [`AppError`].
    fn app_mut<'a>(&self, error: &'a mut E) -> Option<&'a mut AppError> {
        let _ = error;
        None
    }
}

/// The view of errors that borrow nothing: it recognises the common types.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnyError;

impl<E: 'static> ErrorView<E> for AnyError {
    fn view<'a>(&'a self, error: &'a E) -> View<'a> {
        View::from_any(error)
    }

    fn any<'a>(&self, error: &'a E) -> Option<&'a dyn Any> {
        Some(error)
    }

    fn app_mut<'a>(&self, error: &'a mut E) -> Option<&'a mut AppError> {
        AppError::of_mut(error)
    }
}

/// Returns `true` if another attempt can help against an error, by its chain of sources: not
/// against permanent ones, nor against the rejection of an open circuit; but against that of a
/// bulkhead or a rate limiter.
///
/// Takes an [`AppError`], any error type that borrows nothing, and a `dyn Error`: the contents of a
/// box, and of an `anyhow::Error` (`&*error`).
///
/// A retry decides by it for errors whose chain it can read; pass it to
/// [`retry_if`](super::RetryBuilder::retry_if) for an error type of your own, so that the retry
/// reads its chain too.
///
/// # Examples
///
/// ```
/// use gardefou::{Rejection, retry::{Retry, is_retryable}};
///
/// #[derive(Debug, thiserror::Error)]
/// enum FetchError {
///     #[error("the circuit is open")]
///     Rejected(#[from] Rejection),
///     #[error("no answer")]
///     Silent,
/// }
///
/// assert!(is_retryable(&FetchError::Silent));
/// assert!(!is_retryable(&gardefou::AppError::new(gardefou::ErrorCode::PERMISSION_ERROR, "no access")));
/// let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
/// let boxed: Box<dyn std::error::Error + Send + Sync> = missing().into();
/// assert!(!is_retryable(&*boxed));
/// assert!(!is_retryable(&*anyhow::Error::new(missing()).context("no settings")));
/// let retry = Retry::builder().retry_if(is_retryable::<FetchError>).build()?;
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[must_use]
pub fn is_retryable<E: Viewable + ?Sized>(error: &E) -> bool {
    error.view().classified().is_retryable()
}
