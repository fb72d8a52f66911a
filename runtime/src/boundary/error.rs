//! Error boundaries by hand, and the treatment of an error by every boundary.

use super::{
    BoundaryError, Operation, OperationTimer, Report, panic,
    report::{Recognised, Then},
};
use crate::{
    call::{Frame, InPlace, Suspended},
    error::{AppError, ErrorCode, View},
    event::LogLevel,
};
use serde_json::Value;
use std::{
    mem::{self, ManuallyDrop},
    panic::Location,
};

/// The detail that lists the boundaries which an error crossed, innermost first.
const CONTEXT: &str = "context";
/// How many names that list holds; a recursion through boundaries stops there.
const MAX_CONTEXT: usize = 64;

/// What a boundary does with an error: the code that it gives, and how loud it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Treatment {
    pub(crate) code: Option<ErrorCode>,
    pub(crate) level: LogLevel,
}

impl Treatment {
    pub(crate) const DEFAULT: Self = Self {
        code: None,
        level: LogLevel::Error,
    };

    /// Gives an uncoded error its code, notes the boundary's name, and reports the error unless
    /// that was done inside.
    #[cold]
    #[inline(never)]
    pub(crate) fn apply(
        self,
        error: AppError,
        operation: &Operation<'_>,
        timer: OperationTimer,
        mut frame: Frame,
        then: Then,
        place: &'static Location<'static>,
    ) -> AppError {
        let recognised = Recognised::new(View::from_app(&error), &mut frame);
        let error = self.note(error, operation, place);
        let report = Report::new(View::from_app(&error), operation).timer(timer);
        report.level(self.level).send(recognised, then);
        error
    }

    /// Gives an uncoded error its code, one that was made inside the standard library this place,
    /// and notes the boundary's name.
    pub(crate) fn note(
        self,
        error: AppError,
        operation: &Operation<'_>,
        place: &'static Location<'static>,
    ) -> AppError {
        let error = error.or_location(place);
        let error = match self.code {
            Some(code) => error.or_code(code),
            None => error,
        };
        let name = || Value::from(operation.name());
        match error.details().get(CONTEXT) {
            None => error.with_detail(CONTEXT, [name()]),
            Some(Value::Array(names)) if names.len() < MAX_CONTEXT => {
                let names: Vec<Value> = names.iter().cloned().chain([name()]).collect();
                error.with_detail(CONTEXT, names)
            }
            // A detail of the user's own keeps its name.
            Some(_) => error,
        }
    }
}

/// Runs `body` inside a boundary: its error is logged, recorded and returned as an [`AppError`].
///
/// The short form of [`ErrorBoundary`]; inside a function `error_boundary!` reads better.
///
/// # Errors
///
/// The error of `body`, with the boundary's name in the detail `context`.
///
/// # Examples
///
/// ```
/// use gardefou::boundary::error_boundary;
///
/// let port = error_boundary("parse-port", || "80".parse::<u16>());
/// assert_eq!(port.unwrap(), 80);
///
/// let err = error_boundary("parse-port", || "http".parse::<u16>()).unwrap_err();
/// assert_eq!(err.details()["context"][0], "parse-port");
/// ```
#[track_caller]
pub fn error_boundary<T, E: BoundaryError>(
    name: &str,
    body: impl FnOnce() -> Result<T, E>,
) -> Result<T, AppError> {
    ErrorBoundary::new(name).call(body)
}

/// An error boundary by hand; `error_boundary!` is the same in place.
///
/// # Defaults
///
/// - `error_code`: none; an error without a code keeps
///   [`UNKNOWN_ERROR`](ErrorCode::UNKNOWN_ERROR) and stays uncoded.
/// - `log_level`: [`LogLevel::Error`].
/// - `catch_panics`: `false`.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, boundary::ErrorBoundary};
///
/// let boundary = ErrorBoundary::new("parse-port").error_code(ErrorCode::CONFIG_ERROR);
/// let err = boundary.call(|| "http".parse::<u16>()).unwrap_err();
/// assert!(err.is(ErrorCode::CONFIG_ERROR));
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a boundary does nothing until it is called"]
pub struct ErrorBoundary<'a> {
    operation: Operation<'a>,
    treatment: Treatment,
    catch_panics: bool,
}

impl<'a> ErrorBoundary<'a> {
    /// Makes a boundary with a name; its place is the caller's.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::ErrorBoundary;
    ///
    /// let err = ErrorBoundary::new("parse-port").call(|| "http".parse::<u16>()).unwrap_err();
    /// assert_eq!(err.details()["context"][0], "parse-port");
    /// ```
    #[track_caller]
    #[inline]
    pub fn new(name: &'a str) -> Self {
        let place = Location::caller();
        let operation = Operation::new(name, place.file(), place.file(), place.line());
        Self {
            operation,
            treatment: Treatment::DEFAULT,
            catch_panics: false,
        }
    }

    /// Sets the code of errors that have none.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, boundary::ErrorBoundary};
    ///
    /// let boundary = ErrorBoundary::new("parse-port").error_code(ErrorCode::CONFIG_ERROR);
    /// let uncoded = boundary.call(|| "http".parse::<u16>()).unwrap_err();
    /// assert!(uncoded.is(ErrorCode::CONFIG_ERROR));
    /// let coded = boundary.call(|| Err::<(), _>(AppError::new(ErrorCode::SYNC_ERROR, "late"))).unwrap_err();
    /// assert!(coded.is(ErrorCode::SYNC_ERROR), "a coded error keeps its own");
    /// ```
    pub fn error_code(mut self, code: ErrorCode) -> Self {
        self.treatment.code = Some(code);
        self
    }

    /// Sets the level at which errors are logged and recorded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{boundary::ErrorBoundary, error_monitor, event::{LogLevel, Severity}};
    ///
    /// let boundary = ErrorBoundary::new("read-cache").log_level(LogLevel::Warn);
    /// assert!(boundary.call(|| Err::<(), _>("empty")).is_err());
    /// assert_eq!(error_monitor().stats().recent_errors[0].level, Severity::Warning);
    /// ```
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.treatment.level = level;
        self
    }

    /// Turns panics of the body into errors with [`PANIC_ERROR`](ErrorCode::PANIC_ERROR).
    ///
    /// What the body was changing when it panicked may be half changed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, boundary::ErrorBoundary};
    ///
    /// let boundary = ErrorBoundary::new("decode").catch_panics(true);
    /// let result = boundary.call(|| -> Result<u8, AppError> { panic!("no frame") });
    /// assert!(result.unwrap_err().is(ErrorCode::PANIC_ERROR));
    /// ```
    pub fn catch_panics(mut self, catch: bool) -> Self {
        self.catch_panics = catch;
        self
    }

    /// Runs a function inside the boundary.
    ///
    /// # Errors
    ///
    /// The error of `body`, coded, with the boundary's name in the detail `context`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::boundary::ErrorBoundary;
    ///
    /// let boundary = ErrorBoundary::new("parse-port");
    /// assert_eq!(boundary.call(|| "80".parse::<u16>()).unwrap(), 80);
    /// assert_eq!(boundary.call(|| "http".parse::<u16>()).unwrap_err().message(), "invalid digit found in string");
    /// ```
    #[track_caller]
    #[inline]
    pub fn call<T, E: BoundaryError>(
        &self,
        body: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, AppError> {
        let place = Location::caller();
        let mut visit = Visit::new(&self.operation);
        let outcome = if self.catch_panics {
            panic::catch(self.operation.name(), || converted(body(), place))
        } else {
            converted(body(), place)
        };
        visit.end(outcome, self.treatment)
    }

    /// Runs an async function inside the boundary.
    ///
    /// # Errors
    ///
    /// The error of `body`, coded, with the boundary's name in the detail `context`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the body's; nothing is reported.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, boundary::ErrorBoundary};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let boundary = ErrorBoundary::new("connect").error_code(ErrorCode::DB_CONNECTION_ERROR);
    /// let refused = boundary.call_async(async || Err::<(), _>("connection refused")).await;
    /// assert!(refused.unwrap_err().is(ErrorCode::DB_CONNECTION_ERROR));
    /// # });
    /// ```
    #[track_caller]
    pub fn call_async<T, E: BoundaryError, F: Future<Output = Result<T, E>>>(
        &self,
        body: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<T, AppError>> {
        let place = Location::caller();
        async move {
            let mut visit = Visit::new(&self.operation);
            let run = async { converted(body().await, place) };
            let outcome = if self.catch_panics {
                let name = self.operation.name();
                let run = panic::caught(run, |outcome| panic::or_error(outcome, name, place));
                visit.suspend(run).await
            } else {
                visit.suspend(run).await
            };
            visit.end(outcome, self.treatment)
        }
    }
}

/// Converts the error of a body that the code at `place` called.
#[inline]
pub(super) fn converted<T, E: BoundaryError>(
    outcome: Result<T, E>,
    place: &'static Location<'static>,
) -> Result<T, AppError> {
    match outcome {
        Ok(value) => Ok(value),
        Err(error) => Err(error.into_app_error_at(place)),
    }
}

/// One run of a boundary's block. A block that is left in another way (a jump, a panic, a dropped
/// future) is logged at debug.
#[derive(Debug)]
#[must_use]
pub struct Visit<'a> {
    operation: &'a Operation<'a>,
    timer: OperationTimer,
    /// Left by whatever leaves the block, the drop of the visit included, which is one comparison
    /// after a success.
    place: ManuallyDrop<InPlace>,
}

impl<'a> Visit<'a> {
    /// Enters the block.
    #[inline]
    pub(crate) fn new(operation: &'a Operation<'a>) -> Self {
        Self {
            operation,
            timer: OperationTimer::boundary(operation),
            place: ManuallyDrop::new(InPlace::enter()),
        }
    }

    // These take the visit in place: moving it would cost more than all else that a success does.

    /// Leaves the block by its end.
    #[inline]
    #[track_caller]
    fn end<T>(
        &mut self,
        outcome: Result<T, AppError>,
        treatment: Treatment,
    ) -> Result<T, AppError> {
        match outcome {
            Ok(value) => {
                self.succeeded();
                Ok(value)
            }
            Err(error) => Err(self.failed(error, treatment, Then::Leaves)),
        }
    }

    /// Leaves the block by its value.
    #[inline]
    pub(crate) fn succeeded(&mut self) {
        self.place.leave().succeeded();
        self.timer.finish_by_success(self.operation);
    }

    /// Leaves the block by an error, which is coded, noted and reported.
    #[expect(
        clippy::inline_always,
        reason = "the visit would have to be in memory, also where it succeeds"
    )]
    #[inline(always)]
    #[track_caller]
    pub(crate) fn failed(&mut self, error: AppError, treatment: Treatment, then: Then) -> AppError {
        let (timer, frame) = (self.timer.finish(), mem::take(self.place.leave()));
        let place = Location::caller();
        treatment.apply(error, self.operation, timer, frame, then, place)
    }

    /// Wraps a future that the block awaits.
    #[inline]
    pub(crate) fn suspend<F: Future>(&mut self, future: F) -> Suspended<'_, F> {
        self.place.suspend(future)
    }
}

impl Drop for Visit<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.place.is_left() {
            left_early(self.operation, self.timer, self.place.take());
        }
    }
}

/// Takes the parts of the visit, so that its address is passed nowhere.
#[cold]
#[inline(never)]
fn left_early(operation: &Operation<'_>, timer: OperationTimer, mut place: InPlace) {
    timer.left(operation);
    place.leave_by_drop();
}
