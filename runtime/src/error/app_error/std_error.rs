//! `AppError` as a `std::error::Error`.

use super::{error::AppError, inner::Inner};
use std::{error::Error, fmt, ops::Deref};

/// An [`AppError`] that implements [`std::error::Error`], for error types that take only those.
///
/// An `AppError` does not implement that trait, so `?` does not convert it into an `anyhow::Error`,
/// an `eyre::Report` or a field with `#[from]`.
/// [`ConvertExt::into_std`](crate::error::ConvertExt::into_std) and [`AppError::into_std`] make one
/// that does. It is what a boxed `AppError` contains, so it can be downcast to. Converted back by
/// `?`, it is the same `AppError` again: code, identity, details, location and whether it was
/// reported.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, error::StdError};
///
/// let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full");
/// let id = err.id();
/// let boxed: Box<dyn std::error::Error + Send + Sync> = err.into();
/// let found = boxed.downcast_ref::<StdError>().unwrap();
/// assert!(found.is(ErrorCode::DB_WRITE_ERROR));
/// assert_eq!(AppError::from_boxed(boxed).id(), id);
/// ```
#[derive(Clone)]
pub struct StdError(AppError);

impl StdError {
    fn inner(&self) -> &Inner {
        self.0.inner()
    }

    /// Returns the `AppError`, with the identity that it had.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full");
    /// let id = err.id();
    /// assert_eq!(err.into_std().into_app().id(), id);
    /// ```
    #[must_use]
    pub fn into_app(self) -> AppError {
        self.0
    }
}

impl Inner {
    /// Returns the body of the `AppError` that this level of a chain is.
    pub(crate) fn in_level<'a>(level: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        level
            .downcast_ref::<Self>()
            .or_else(|| level.downcast_ref::<StdError>().map(StdError::inner))
    }
}

impl AppError {
    /// Returns the error as one that implements [`std::error::Error`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::SYNC_ERROR, "late");
    /// let id = err.id();
    /// let foreign = anyhow::Error::new(err.into_std()).context("while mixing");
    /// let back = AppError::from_boxed(foreign.into());
    /// assert_eq!((back.id(), back.code()), (id, ErrorCode::SYNC_ERROR));
    /// ```
    #[must_use]
    pub fn into_std(self) -> StdError {
        StdError(self)
    }
}

impl Deref for StdError {
    type Target = AppError;

    fn deref(&self) -> &AppError {
        &self.0
    }
}

impl From<AppError> for StdError {
    fn from(error: AppError) -> Self {
        Self(error)
    }
}

impl fmt::Display for StdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for StdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Error for StdError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner().source()
    }
}
