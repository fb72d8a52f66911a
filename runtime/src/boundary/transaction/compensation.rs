//! One step of a rollback.

use super::failures::{RollbackFailure, RollbackFailures};
use crate::{
    boundary::{BoundaryError, Operation, Recognised, Report, Then, panic},
    error::{AppError, View},
    event::LogLevel,
};
use std::{marker::PhantomData, panic::Location};

/// What a compensation or an `on_error_callback` returns: nothing, or a `Result` whose error is
/// recorded as critical.
#[diagnostic::on_unimplemented(
    message = "a compensation or `on_error_callback` returns `()` or a `Result`, not `{Self}`",
    label = "returns neither `()` nor a `Result`",
    note = "end its body with `;`, or return a `Result` whose error a boundary can carry"
)]
pub trait CompensationResult {
    /// Returns the failure, if it is one.
    #[doc(hidden)]
    fn into_failure(self) -> Option<AppError>;
}

impl CompensationResult for () {
    fn into_failure(self) -> Option<AppError> {
        None
    }
}

/// A compensation that never returns, for example `|| todo!()`.
#[diagnostic::do_not_recommend]
impl CompensationResult for Never {
    fn into_failure(self) -> Option<AppError> {
        self
    }
}

/// The type `!`, which stable Rust names nowhere but after an arrow.
type Never = <fn() -> ! as Returns>::Value;

/// What a function pointer returns.
pub trait Returns {
    /// Its type.
    type Value;
}

impl<R> Returns for fn() -> R {
    type Value = R;
}

impl<T, E: BoundaryError> CompensationResult for Result<T, E> {
    fn into_failure(self) -> Option<AppError> {
        match self {
            Ok(_) => None,
            Err(error) => Some(error.into_app_error()),
        }
    }
}

/// The name under which the callback's failure is recorded.
const CALLBACK: &str = "on_error_callback";

/// A place in the user's code.
pub(super) type Place = &'static Location<'static>;

/// Runs one compensation; its panic is a failure too.
pub(super) fn run(
    name: &str,
    place: Place,
    undo: impl FnOnce() -> Option<AppError>,
) -> Option<AppError> {
    caught(name, place, || undo().map_or(Ok(()), Err)).err()
}

/// Runs a part of a compensation that was registered at `place`; its panic is an error.
pub(super) fn caught<T>(
    name: &str,
    place: Place,
    part: impl FnOnce() -> Result<T, AppError>,
) -> Result<T, AppError> {
    match panic::catch(name, part) {
        // Made here, of a panic or of another error: neither knows a place of the user's.
        Err(error) if error.location().file() == file!() => Err(error.at(place)),
        outcome => outcome,
    }
}

/// Records a failing compensation as critical.
pub(super) fn failed(
    operation: &Operation<'_>,
    name: &str,
    place: Place,
    error: AppError,
) -> RollbackFailure {
    let code = error.code();
    let text = format!(
        "compensation `{name}` of transaction `{}` failed",
        operation.name()
    );
    let panicked_at = panic::place_of(&error).map(str::to_owned);
    let error = error.wrap(code, text).at(place);
    let error = match panicked_at {
        Some(panicked_at) => panic::located(error, &panicked_at),
        None => error,
    };
    let report = Report::new(View::from_app(&error), operation);
    report
        .level(LogLevel::Critical)
        .send(Recognised::default(), Then::Ends);
    RollbackFailure::new(name, error)
}

/// What is called with the error after the compensations ran.
pub trait OnError {
    /// Runs with the error; returns its own failure.
    fn call(self, error: &AppError) -> Option<AppError>;
}

/// A function as a callback.
pub(crate) struct Callback<F, R>(F, PhantomData<fn() -> R>);

impl<R: CompensationResult, F: FnOnce(&AppError) -> R> Callback<F, R> {
    #[inline]
    pub(crate) fn new(function: F) -> Self {
        Self(function, PhantomData)
    }
}

impl<R: CompensationResult, F: FnOnce(&AppError) -> R> OnError for Callback<F, R> {
    fn call(self, error: &AppError) -> Option<AppError> {
        (self.0)(error).into_failure()
    }
}

/// Runs the callback; its failure is recorded like a compensation's, and attached to the error.
pub(super) fn call_back(
    callback: impl OnError,
    error: AppError,
    operation: &Operation<'_>,
    place: Place,
) -> AppError {
    match run(CALLBACK, place, || callback.call(&error)) {
        None => error,
        Some(failure) => {
            RollbackFailures::attach(vec![failed(operation, CALLBACK, place, failure)], error)
        }
    }
}
