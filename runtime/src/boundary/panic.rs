//! Panics as errors.

use super::{Operation, OperationTimer, Recognised, Report, Then};
use crate::{
    error::{AppError, ErrorCode, View},
    event::record::FINGERPRINT_DETAIL,
    panics::{self, PLACE_DETAIL, Payload},
};
use std::{
    future::Future,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
};

/// Returns the error of a panic that was caught: that of the guard further in which reported it, if
/// one did.
#[track_caller]
#[cold]
pub(crate) fn error_of(payload: &Payload, what: &str) -> AppError {
    if let Some(error) = payload.error::<AppError>() {
        return error.clone();
    }
    let error = AppError::new(
        ErrorCode::PANIC_ERROR,
        format!("`{what}` panicked: {}", payload.text()),
    );
    match payload.place() {
        Some(place) => located(error, place),
        None => error,
    }
}

/// Adds the place of a panic, which is what makes two of them the same problem.
pub(crate) fn located(error: AppError, place: &str) -> AppError {
    error
        .with_detail(FINGERPRINT_DETAIL, format!("panic at {place}"))
        .with_detail(PLACE_DETAIL, place)
}

/// Returns the place of the panic that an error was made of, where it was noted.
pub(crate) fn place_of(error: &AppError) -> Option<&str> {
    error
        .details()
        .get(PLACE_DETAIL)
        .and_then(|place| place.as_str())
        .filter(|_| error.is(ErrorCode::PANIC_ERROR))
}

/// Reports a panic that was contained and becomes no error of its caller, of a health check for
/// example.
#[cold]
pub(crate) fn report(payload: &Payload, what: &str, component: &str) {
    let error = error_of(payload, what);
    let operation = Operation::new(what, component, "", 0);
    let report = Report::new(
        View::from_app(&error),
        &operation,
        OperationTimer::function(),
    );
    report
        .without_location()
        .send(Recognised::default(), Then::Ends);
}

/// Runs a function; its panic becomes an error.
#[track_caller]
#[inline]
pub(crate) fn catch<T>(
    what: &str,
    run: impl FnOnce() -> Result<T, AppError>,
) -> Result<T, AppError> {
    panics::watch();
    match panics::catch(run) {
        Ok(outcome) => outcome,
        Err(payload) => Err(error_of(&payload, what)),
    }
}

pin_project_lite::pin_project! {
    /// A future whose panic becomes an error.
    pub struct CatchPanics<'a, F> {
        what: &'a str,
        // A panic is caught wherever the future is polled: the place that is reported is the one
        // where the body was passed in.
        place: &'static Location<'static>,
        #[pin]
        inner: F,
    }
}

impl<'a, F> CatchPanics<'a, F> {
    #[track_caller]
    pub(crate) fn new(what: &'a str, inner: F) -> Self {
        panics::watch();
        Self {
            what,
            place: Location::caller(),
            inner,
        }
    }

    /// Sets the place of the error, where the caller is ours.
    pub(crate) fn at(mut self, place: &'static Location<'static>) -> Self {
        self.place = place;
        self
    }
}

impl<T, F: Future<Output = Result<T, AppError>>> Future for CatchPanics<'_, F> {
    type Output = Result<T, AppError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match panics::catch(|| this.inner.poll(context)) {
            Ok(polled) => polled,
            Err(payload) => Poll::Ready(Err(error_of(&payload, this.what).at(this.place))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_becomes_an_error_with_its_text() {
        let err = catch::<()>("parse", || panic!("at {}", 7)).unwrap_err();
        assert!(err.is(ErrorCode::PANIC_ERROR));
        assert_eq!(err.to_string(), "`parse` panicked: at 7");
        let err = catch::<()>("parse", || std::panic::panic_any(7_u8)).unwrap_err();
        assert_eq!(err.to_string(), "`parse` panicked: (a value, no text)");
    }

    #[test]
    fn payload_that_panics_when_dropped_is_contained() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        assert!(catch::<()>("parse", || std::panic::panic_any(Bomb)).is_err());
    }
}
