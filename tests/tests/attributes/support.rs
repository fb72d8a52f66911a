//! Helpers of the tests of attributes.

use gardefou::{AppError, ErrorCode, event::Event};
use gardefou_tests::testkit::events::{Collected, collect};

/// The runtime crate under another name.
pub(crate) mod facade {
    pub(crate) use gardefou as renamed;
}

pub(crate) type R<T> = Result<T, AppError>;

/// A transient error.
pub(crate) fn busy() -> AppError {
    AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "busy")
}

/// A permanent error.
pub(crate) fn missing() -> AppError {
    AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "missing")
}

/// Collects the errors that are reported under one operation, as `LEVEL CODE text`.
pub(crate) fn reported_by(operation: &'static str) -> Collected<String> {
    collect(move |event| match event {
        Event::Error(error) if error.operation == operation => {
            Some(format!("{} {} {}", error.level, error.code, error.error))
        }
        _ => None,
    })
}
