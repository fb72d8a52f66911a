//! What `anyhow!(error)` and `eyre!(error)` do with an `AppError`.
//!
//! Both macros choose by autoref between errors, which they keep as such, and values that only print, of which they keep
//! the text's value where nobody can find it. An `AppError` is no `std::error::Error`, so they would take it for the
//! latter. Their choice is made by a method call on the error; a method of the type itself comes before those of traits.

use super::{AppError, StdError};

/// The kind of error that both macros ask for.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct AsStdError;

impl AsStdError {
    /// Makes the report of an error.
    #[track_caller]
    #[cold]
    #[must_use]
    pub fn new<R: From<StdError>>(self, error: AppError) -> R {
        R::from(error.into_std())
    }
}

impl AppError {
    #[doc(hidden)]
    #[must_use]
    pub fn anyhow_kind(&self) -> AsStdError {
        AsStdError
    }

    #[doc(hidden)]
    #[must_use]
    pub fn eyre_kind(&self) -> AsStdError {
        AsStdError
    }
}
