//! Errors that a boundary takes.

use crate::error::AppError;
use std::{error::Error, panic::Location};

/// An error that a boundary can carry: any `Error + Send + Sync + 'static`, an [`AppError`], a
/// boxed error, an `anyhow::Error`, or a text.
///
/// It is implemented for every type that converts into `Box<dyn Error + Send + Sync>`; there is
/// nothing to implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error that a boundary can carry",
    label = "this error cannot end in the boundary",
    note = "a boundary takes every `Error + Send + Sync + 'static`, `AppError`, boxed errors that are `Send + Sync`, \
            and texts; `.map_err(..)` makes one of them of anything else"
)]
pub trait BoundaryError: Sized {
    /// Converts the error: one of ours is kept as it is, any other becomes the source of an uncoded
    /// [`AppError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, boundary::BoundaryError};
    ///
    /// let ours = AppError::new(ErrorCode::SYNC_ERROR, "late");
    /// let id = ours.id();
    /// assert_eq!(ours.into_app_error().id(), id, "the same error");
    ///
    /// let foreign = "no number".parse::<u8>().unwrap_err().into_app_error();
    /// assert!(!foreign.is_coded() && foreign.downcast_ref::<std::num::ParseIntError>().is_some());
    /// ```
    #[track_caller]
    fn into_app_error(self) -> AppError;

    /// Converts the error on behalf of code at `place`, for where the caller is ours: inside of a
    /// future or a closure.
    #[doc(hidden)]
    fn into_app_error_at(self, place: &'static Location<'static>) -> AppError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn Error + Send + Sync>>> BoundaryError for E {
    #[track_caller]
    #[cold]
    fn into_app_error(self) -> AppError {
        AppError::from_boxed(self.into())
    }

    #[cold]
    fn into_app_error_at(self, place: &'static Location<'static>) -> AppError {
        AppError::from_boxed_at(self.into(), place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use std::io;

    #[test]
    fn every_kind_of_error_keeps_its_identity_in_a_boundary() {
        let std = io::Error::new(io::ErrorKind::NotFound, "gone").into_app_error();
        assert!(!std.is_coded() && std.downcast_ref::<io::Error>().is_some());

        let ours = AppError::new(ErrorCode::SYNC_ERROR, "late");
        let id = ours.id();
        assert_eq!(ours.into_app_error().id(), id);

        let boxed: Box<dyn Error + Send + Sync> =
            AppError::new(ErrorCode::SYNC_ERROR, "late").into();
        assert!(boxed.into_app_error().is(ErrorCode::SYNC_ERROR));

        assert!(
            anyhow::anyhow!("odd")
                .into_app_error()
                .to_string()
                .contains("odd")
        );
        assert_eq!("a text".into_app_error().to_string(), "a text");
        let line = line!() + 1;
        assert_eq!("a place".into_app_error().location().line(), line);
    }
}
