//! The runtime of `#[enhanced_error_handling]`.

use super::{Conversion, Guarded, Shape};
use crate::{
    boundary::{OperationTimer, Recognised, Report, Then, Treatment, panic},
    call::{Frame, InPlace, Suspended},
    error::{AppError, ErrorCode},
    event::{LogLevel, text},
    panics,
};
use serde_json::{Map, Value};
use std::{fmt::Debug, mem, panic::Location};

/// What one call site does with errors.
#[derive(Debug)]
pub struct Handling {
    guarded: &'static Guarded,
    treatment: Treatment,
}

impl Handling {
    /// Makes the defaults.
    #[must_use]
    pub const fn new(guarded: &'static Guarded) -> Self {
        Self {
            guarded,
            treatment: Treatment::DEFAULT,
        }
    }

    /// Sets the code of errors that have none.
    #[must_use]
    pub const fn error_code(mut self, code: ErrorCode) -> Self {
        self.treatment.code = Some(code);
        self
    }

    /// Sets the level.
    #[must_use]
    pub const fn log_level(mut self, level: LogLevel) -> Self {
        self.treatment.level = level;
        self
    }

    /// Enters the function.
    #[inline(always)]
    pub fn enter(&self) -> Entered {
        Entered {
            timer: OperationTimer::function(),
            place: InPlace::enter(),
        }
    }

    /// Leaves the function: a success is logged at debug, an error coded and reported.
    ///
    /// # Errors
    ///
    /// That of the function.
    #[inline(always)]
    #[track_caller]
    pub fn leave<T, E, S: Shape<E>>(
        &self,
        entered: &mut Entered,
        outcome: Result<T, E>,
        shape: S,
        then: Then,
    ) -> Result<T, E> {
        self.leave_with(entered, outcome, shape, then, || Captured(Map::new()))
    }

    /// Leaves as [`leave`](Self::leave) does, with what was captured of the arguments.
    ///
    /// # Errors
    ///
    /// That of the function.
    #[inline(always)]
    #[track_caller]
    pub fn leave_with<T, E, S: Shape<E>>(
        &self,
        entered: &mut Entered,
        outcome: Result<T, E>,
        shape: S,
        then: Then,
        captured: impl FnOnce() -> Captured,
    ) -> Result<T, E> {
        match outcome {
            Ok(value) => {
                entered.place.leave().succeeded();
                entered.timer.succeeded(self.guarded.operation());
                Ok(value)
            }
            Err(error) => {
                // By its parts: what was entered stays in registers.
                let frame = mem::take(entered.place.leave());
                Err(self.failed(entered.timer, frame, error, shape, then, captured()))
            }
        }
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn failed<E, S: Shape<E>>(
        &self,
        timer: OperationTimer,
        mut frame: Frame,
        error: E,
        shape: S,
        then: Then,
        captured: Captured,
    ) -> E {
        let (operation, place) = (self.guarded.operation(), Location::caller());
        let recognised = Recognised::new(shape.view(&error), &mut frame);
        let mut arguments = Some(captured.0);
        let error = shape.amended(error, |error| {
            let mut error = self.treatment.note(error, operation, place);
            for (name, value) in arguments.take().unwrap_or_default() {
                // A detail of the user's own keeps its name.
                if !error.details().contains_key(&name) {
                    error = error.with_detail(name, value);
                }
            }
            error
        });
        Report::new(shape.view(&error), operation)
            .timer(timer)
            .code(self.treatment.code)
            .level(self.treatment.level)
            .captured(arguments.as_ref())
            .send(recognised, then);
        error
    }
}

/// A function that was entered, until it is left or this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Entered {
    timer: OperationTimer,
    place: InPlace,
}

impl Entered {
    /// Wraps the body of an async function.
    #[inline]
    pub fn suspend<F: Future>(&mut self, body: F) -> Suspended<'_, F> {
        self.place.suspend(body)
    }
}

/// The arguments that `capture` names, as texts.
#[derive(Debug, Default)]
pub struct Captured(Map<String, Value>);

/// How many bytes of an argument's debug form are kept.
const MAX_ARGUMENT: usize = 1024;

impl Captured {
    /// Makes one without arguments.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the debug form of an argument.
    #[must_use]
    pub fn field(mut self, name: &str, value: &dyn Debug) -> Self {
        let text = text::bounded(&format_args!("{value:?}"), MAX_ARGUMENT);
        self.0.insert(name.to_owned(), text.into());
        self
    }
}

/// Runs a body; its panic becomes an error.
///
/// # Errors
///
/// The panic, with its text.
#[track_caller]
#[inline]
pub fn catch<A, R, C: Conversion<R>>(
    conversion: C,
    guarded: &Guarded,
    arguments: A,
    body: impl FnOnce(A) -> R,
) -> Result<Result<C::Value, C::Error>, AppError> {
    panics::watch();
    let place = Location::caller();
    panics::catch(|| conversion.result(body(arguments)))
        .map_err(|payload| panic::error_of(&payload, guarded.name(), place))
}

/// Awaits a body; its panic becomes an error.
#[track_caller]
#[inline]
pub fn catch_async<F: Future>(
    guarded: &'static Guarded,
    body: F,
) -> impl Future<Output = Result<F::Output, AppError>> {
    let place = Location::caller();
    panic::caught(body, move |outcome| {
        outcome.map_err(|payload| panic::error_of(&payload, guarded.name(), place))
    })
}
