//! What can be recorded by hand.

use crate::{
    AppError, ErrorCode,
    error::{AppErrorInner, ErrorId, Rejection},
    event::{ErrorRef, text},
};
use std::{error::Error, panic::Location};

/// An error that [`ErrorMonitor::record`](super::ErrorMonitor::record) takes: an [`AppError`], or any [`Error`] of a
/// sized type.
pub trait Recordable: sealed::Sealed {
    #[doc(hidden)]
    fn subject(&self) -> Subject<'_>;
}

impl Recordable for AppError {
    fn subject(&self) -> Subject<'_> {
        Subject::of(ErrorRef::App(self))
    }
}

impl<E: Error + 'static> Recordable for E {
    fn subject(&self) -> Subject<'_> {
        Subject::of(ErrorRef::Std(self))
    }
}

/// What is known about an error that is recorded by hand.
#[doc(hidden)]
pub struct Subject<'a> {
    pub(super) id: ErrorId,
    pub(super) code: ErrorCode,
    pub(super) error: ErrorRef<'a>,
    pub(super) location: Option<&'static Location<'static>>,
    /// Whether nobody reported it yet.
    pub(super) is_new: bool,
}

impl<'a> Subject<'a> {
    fn of(error: ErrorRef<'a>) -> Self {
        let (mut id, mut code, mut location, mut is_new) = (None, None, None, true);
        for level in error.head().into_iter().flat_map(text::levels) {
            if let Some(ours) = level.downcast_ref::<AppErrorInner>() {
                is_new &= ours.claim_report();
                id = id.or(Some(ours.id()));
                location = location.or(Some(ours.location()));
                code = code.or(ours.is_coded_itself().then(|| ours.code()));
            } else if let Some(rejection) = level.downcast_ref::<Rejection>() {
                code = code.or(Some(rejection.code()));
            }
        }
        Self { id: id.unwrap_or_default(), code: code.unwrap_or(ErrorCode::UNKNOWN_ERROR), error, location, is_new }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::AppError {}
    impl<E: std::error::Error + 'static> Sealed for E {}
}
