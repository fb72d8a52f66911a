//! A call under a fallback, and its failure.

use crate::{
    boundary::{Operation, Recognised, Report, Then},
    call::{Frame, InPlace, Suspended},
    error::{AppError, View},
    event::LogLevel,
};
use std::ops::ControlFlow;

/// A call that was started, until its outcome is known or this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Started {
    place: InPlace,
}

impl Started {
    #[inline]
    pub(crate) fn new() -> Self {
        Self {
            place: InPlace::enter(),
        }
    }

    /// Wraps the future of an async call.
    #[inline]
    pub fn suspend<F: Future>(&mut self, future: F) -> Suspended<'_, F> {
        self.place.suspend(future)
    }

    /// Ends the call; continues with its error if the fallback is for it.
    #[inline]
    pub fn end<T, E>(
        &mut self,
        outcome: Result<T, E>,
        on: impl FnOnce(&E) -> bool,
    ) -> ControlFlow<Result<T, E>, Failed<'_, E>> {
        match outcome {
            Ok(value) => {
                self.place.leave().succeeded();
                ControlFlow::Break(Ok(value))
            }
            Err(error) if on(&error) => ControlFlow::Continue(Failed {
                error,
                frame: Left(self.place.leave()),
            }),
            Err(error) => {
                self.place.leave().end_and_forward();
                ControlFlow::Break(Err(error))
            }
        }
    }
}

/// A failed call, for which the fallback stands in.
#[derive(Debug)]
#[must_use]
pub struct Failed<'a, E> {
    error: E,
    frame: Left<'a>,
}

/// The frame of a failed call, which was left: what the fallback does happens around it.
#[derive(Debug)]
struct Left<'a>(&'a mut Frame);

impl Drop for Left<'_> {
    /// Forwards what a fallback leaves that does not return.
    fn drop(&mut self) {
        self.0.end_and_forward();
    }
}

impl<E> Failed<'_, E> {
    /// Returns the error.
    #[inline]
    pub fn error(&self) -> &E {
        &self.error
    }

    /// Ends the call with what the fallback gave.
    ///
    /// An error that a value hides is recorded as a warning, unless that was done inside. Where the
    /// fallback failed, the first error becomes the source of the second, if both are `AppError`s.
    ///
    /// # Errors
    ///
    /// That of a fallback that failed.
    #[cold]
    pub(crate) fn end<T>(
        mut self,
        recovered: Result<T, E>,
        view: impl Fn(&E) -> View<'_>,
        app_mut: impl Fn(&mut E) -> Option<&mut AppError>,
        operation: &Operation<'_>,
    ) -> Result<T, E> {
        match recovered {
            Ok(value) => {
                let recognised = Recognised::new(view(&self.error), self.frame.0);
                Report::new(view(&self.error), operation)
                    .level(LogLevel::Warn)
                    .send(recognised, Then::Ends);
                Ok(value)
            }
            Err(mut second) => {
                if let (Some(first), Some(second)) =
                    (app_mut(&mut self.error), app_mut(&mut second))
                {
                    follow(first, second);
                }
                Err(second)
            }
        }
    }
}

/// Makes one error the source of another one, or a detail where that has a source already.
fn follow(first: &AppError, second: &mut AppError) {
    if second.chain().nth(1).is_none() {
        *second = second.clone().with_source(first.clone());
    } else {
        second.add_detail("fallback_for", first.to_string());
    }
}
