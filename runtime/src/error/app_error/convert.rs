//! From other errors, and into them.

use super::{AppError, BoxedError, Inner};
use crate::error::{ConfigError, ErrorCode, Rejection, chain};
use std::{
    error::Error,
    io::{self, ErrorKind},
};

impl<E: Error + Send + Sync + 'static> From<E> for AppError {
    #[track_caller]
    #[cold]
    fn from(error: E) -> Self {
        from_boxed(Box::new(error))
    }
}

#[track_caller]
pub(super) fn from_boxed(source: BoxedError) -> AppError {
    match source.downcast::<Inner>() {
        Ok(ours) => AppError(ours),
        Err(source) => match source.downcast::<io::Error>() {
            Ok(io) => from_io(*io),
            Err(source) => from_foreign(source),
        },
    }
}

/// One of ours that made a trip inside an `io::Error` comes back as it was, unless that says more than it did.
#[track_caller]
fn from_io(io: io::Error) -> AppError {
    let hidden = io.get_ref().and_then(|hidden| hidden.downcast_ref::<Inner>());
    if !hidden.is_some_and(|ours| io.kind() == ErrorKind::Other || io.kind() == io_kind(ours.code)) {
        return from_foreign(Box::new(io));
    }
    match io.downcast::<Inner>() {
        Ok(ours) => AppError(Box::new(ours)),
        Err(io) => from_foreign(Box::new(io)),
    }
}

#[track_caller]
fn from_foreign(source: BoxedError) -> AppError {
    let code = chain(&*source).find_map(code_of);
    let mut inner = Inner::new(code.unwrap_or(ErrorCode::UNKNOWN_ERROR), code.is_some());
    // All rejections of one opening are one event.
    if let Some(opening) = chain(&*source).find_map(|level| level.downcast_ref::<Rejection>()?.opening()) {
        inner.id = opening;
    }
    inner.set_source(source);
    AppError(Box::new(inner))
}

/// The code that an error brings along.
fn code_of(level: &(dyn Error + 'static)) -> Option<ErrorCode> {
    if let Some(rejection) = level.downcast_ref::<Rejection>() {
        return Some(rejection.code());
    }
    if let Some(ours) = level.downcast_ref::<Inner>() {
        return ours.coded.then_some(ours.code);
    }
    level.is::<ConfigError>().then_some(ErrorCode::CONFIG_ERROR)
}

impl From<AppError> for Box<dyn Error + Send + Sync> {
    fn from(error: AppError) -> Self {
        error.0
    }
}

impl From<AppError> for Box<dyn Error + Send> {
    fn from(error: AppError) -> Self {
        error.0
    }
}

impl From<AppError> for Box<dyn Error> {
    fn from(error: AppError) -> Self {
        error.0
    }
}

/// The kind is `NotFound`, `PermissionDenied`, `TimedOut` or `ResourceBusy` where the code says so, else `Other`.
impl From<AppError> for io::Error {
    fn from(error: AppError) -> Self {
        Self::new(io_kind(error.code()), error.0 as BoxedError)
    }
}

fn io_kind(code: ErrorCode) -> ErrorKind {
    match code {
        ErrorCode::FILE_NOT_FOUND_ERROR => ErrorKind::NotFound,
        ErrorCode::PERMISSION_ERROR => ErrorKind::PermissionDenied,
        ErrorCode::TIMEOUT_ERROR => ErrorKind::TimedOut,
        ErrorCode::RESOURCE_BUSY_ERROR => ErrorKind::ResourceBusy,
        _ => ErrorKind::Other,
    }
}
