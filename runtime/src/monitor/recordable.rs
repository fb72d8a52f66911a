//! Errors that can be recorded by hand.

use crate::error::{AppError, ErrorCode, ErrorId, ErrorRef, View};
use std::{error::Error, panic::Location};

/// An error that [`ErrorMonitor::record`](super::ErrorMonitor::record) takes: an [`AppError`], or
/// any [`Error`] of a sized type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error that a monitor can record",
    note = "an `AppError` and every sized type that implements `std::error::Error + 'static` can be recorded"
)]
pub trait Recordable: sealed::Sealed {
    #[doc(hidden)]
    fn subject(&self) -> Subject<'_>;
}

impl Recordable for AppError {
    fn subject(&self) -> Subject<'_> {
        Subject::new(View::from_app(self))
    }
}

impl<E: Error + 'static> Recordable for E {
    fn subject(&self) -> Subject<'_> {
        Subject::new(View::from_std(self))
    }
}

/// An error that is recorded by hand, and what is known about it.
#[doc(hidden)]
pub struct Subject<'a> {
    pub(super) id: ErrorId,
    pub(super) code: ErrorCode,
    pub(super) error: ErrorRef<'a>,
    pub(super) location: Option<&'static Location<'static>>,
    /// Whether it was not reported before.
    pub(super) is_new: bool,
}

impl<'a> Subject<'a> {
    fn new(view: View<'a>) -> Self {
        let known = view.claim(None);
        Self {
            id: known.id.unwrap_or_default(),
            code: known.code.unwrap_or(ErrorCode::UNKNOWN_ERROR),
            error: view.error(),
            location: known.location,
            is_new: !known.reported,
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::AppError {}
    impl<E: std::error::Error + 'static> Sealed for E {}
}
