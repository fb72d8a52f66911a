//! Panics as errors.

use super::{Operation, Outcome, Recognised, Report, Then};
use crate::{
    error::{AppError, ErrorCode, View},
    event::record::FINGERPRINT_DETAIL,
    panics::{self, PLACE_DETAIL, Payload},
};
use std::{
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
};

/// Returns the error of a panic that was caught: that of the guard further in which reported it, if
/// one did. Otherwise it is made at `place`.
#[cold]
pub(crate) fn error_of(
    payload: &Payload,
    what: &str,
    place: &'static Location<'static>,
) -> AppError {
    if let Some(error) = payload.error::<AppError>() {
        return error.clone();
    }
    let text = format!("`{what}` panicked: {}", payload.text());
    let error = AppError::new(ErrorCode::PANIC_ERROR, text).at(place);
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
    let error = error_of(payload, what, Location::caller());
    let operation = Operation::new(what, component, "", 0);
    let report = Report::new(View::from_app(&error), &operation);
    report
        .without_location()
        .send(Recognised::default(), Then::Ends);
}

/// Turns the panic of a body into its error.
#[inline]
pub(crate) fn or_error<T>(
    outcome: Outcome<T>,
    what: &str,
    place: &'static Location<'static>,
) -> Result<T, AppError> {
    outcome.unwrap_or_else(|payload| Err(error_of(&payload, what, place)))
}

/// Runs a function; its panic becomes an error.
#[track_caller]
#[inline]
pub(crate) fn catch<T>(
    what: &str,
    run: impl FnOnce() -> Result<T, AppError>,
) -> Result<T, AppError> {
    panics::watch();
    or_error(panics::catch(run), what, Location::caller())
}

/// Runs a future; its outcome, or its panic, is passed to `then`.
///
/// A panic is caught wherever the future is polled: where its place matters, `then` knows that of
/// the code that passed the future in.
#[inline]
pub(crate) fn caught<F: Future, T>(
    inner: F,
    then: impl FnMut(Result<F::Output, Payload>) -> T,
) -> impl Future<Output = T> {
    panics::watch();
    Caught { inner, then }
}

pin_project_lite::pin_project! {
    #[must_use = "futures do nothing unless they are awaited"]
    struct Caught<F, G> {
        #[pin]
        inner: F,
        then: G,
    }
}

impl<F: Future, T, G: FnMut(Result<F::Output, Payload>) -> T> Future for Caught<F, G> {
    type Output = T;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = self.project();
        match panics::catch(|| this.inner.poll(context)) {
            Ok(polled) => polled.map(|output| (this.then)(Ok(output))),
            Err(payload) => Poll::Ready((this.then)(Err(payload))),
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
