//! The runtime of `error_boundary!` and `transaction_boundary!`.

use crate::{
    boundary::{
        self, AsyncGuard, AsyncTransaction, BoundaryError, Callback, CompensationResult, Guard,
        OnError, Outcome, Then, Transaction, Treatment, Visit, panic,
    },
    call::{InPlace, Suspended},
    error::ErrorCode,
    panics,
};
use std::{convert::Infallible, marker::PhantomData, panic::Location, task::Poll};

pub use crate::{error::AppError, event::LogLevel};
pub use boundary::Operation;

/// What `?` works on inside a boundary: `T` is what it evaluates to.
#[diagnostic::on_unimplemented(
    message = "`?` in a boundary works on a `Result`, not on `{Self}`",
    label = "not a `Result`; on an `Option`, the code for a `None` is not known: `.context(ErrorCode::.., \"what is missing\")?`",
    note = "`.context(..)` comes with `use gardefou::ResultExt`",
    note = "on a future, `.await` comes before the `?`"
)]
pub trait Branch<T> {
    /// Takes the value out, or the error for the boundary.
    #[track_caller]
    fn branch(self) -> Result<T, AppError>;
}

impl<T, E: BoundaryError> Branch<T> for Result<T, E> {
    #[track_caller]
    #[inline(always)]
    fn branch(self) -> Result<T, AppError> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into_app_error()),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T, E: BoundaryError> Branch<Poll<T>> for Poll<Result<T, E>> {
    #[track_caller]
    #[inline(always)]
    fn branch(self) -> Result<Poll<T>, AppError> {
        match self {
            Poll::Ready(Ok(value)) => Ok(Poll::Ready(value)),
            Poll::Ready(Err(error)) => Err(error.into_app_error()),
            Poll::Pending => Ok(Poll::Pending),
        }
    }
}

/// Evaluates `?` of a boundary: the value, or the error for the boundary, made at the place of the
/// `?`.
#[track_caller]
#[inline(always)]
pub fn branch<T>(outcome: impl Branch<T>) -> Result<T, AppError> {
    outcome.branch()
}

/// Wraps the last value of a block; fixes the type of its errors.
#[inline(always)]
pub fn done<T>(value: T) -> Result<T, AppError> {
    Ok(value)
}

/// Returns the end of a block by an error.
#[inline(always)]
pub fn failed<T>(error: AppError) -> Result<T, AppError> {
    Err(error)
}

/// How a block was left: by its value, or by a jump that is made after it.
#[derive(Debug)]
pub enum Flow<T, J> {
    /// By its value.
    Value(T),
    /// By a jump.
    Jump(J),
}

/// Which jump: the first of a list, or one of the rest of it.
#[derive(Debug)]
pub enum Jump<A, B> {
    /// The first.
    Here(A),
    /// One of the rest.
    There(B),
}

/// Ends a list of jumps: there is no further one.
#[inline(always)]
pub fn never(none: Infallible) -> ! {
    match none {}
}

/// Carries the type of the values that a `return` in a closure hands to the enclosing function.
#[derive(Debug)]
pub struct Returns<R>(PhantomData<fn() -> R>);

#[expect(clippy::new_without_default, reason = "generated code alone makes it")]
impl<R> Returns<R> {
    /// Makes one of a type that is still to be found out.
    #[inline(always)]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// Stands where the enclosing function's type is known, and is not run.
    #[cold]
    pub fn never(&self) -> R {
        unreachable!("a hint for the compiler was run")
    }

    /// Gives a value that type.
    #[inline(always)]
    pub fn same(&self, value: R) -> R {
        value
    }
}

/// How a boundary treats its errors.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Setup(Treatment);

#[expect(clippy::new_without_default, reason = "generated code alone makes it")]
impl Setup {
    /// Makes the defaults.
    #[inline]
    pub const fn new() -> Self {
        Self(Treatment::DEFAULT)
    }

    /// Sets the code of errors that have none.
    #[inline]
    pub const fn error_code(mut self, code: ErrorCode) -> Self {
        self.0.code = Some(code);
        self
    }

    /// Sets the level.
    #[inline]
    pub const fn log_level(mut self, level: LogLevel) -> Self {
        self.0.level = level;
        self
    }
}

/// Enters a block.
#[inline(always)]
pub fn enter<'a>(operation: &'a Operation<'a>) -> Visit<'a> {
    Visit::new(operation)
}

/// What has a frame that must not stay current while its function waits.
pub trait Place {
    /// Wraps a future that is awaited in the frame.
    fn suspend<F: Future>(&mut self, future: F) -> Suspended<'_, F>;
}

impl Place for Visit<'_> {
    #[inline]
    fn suspend<F: Future>(&mut self, future: F) -> Suspended<'_, F> {
        Self::suspend(self, future)
    }
}

/// Wraps what a block awaits.
///
/// The future comes first: it may await itself, by a `suspend` of the same place, before the place
/// is borrowed for it. The type that is returned is opaque, so that what is no future is one error,
/// and not one of its `.await` as well.
#[inline]
pub fn suspend<P: Place, F: IntoFuture>(
    future: F,
    place: &mut P,
) -> impl Future<Output = F::Output> {
    place.suspend(future.into_future())
}

/// Leaves a block by its value.
#[inline(always)]
pub fn succeed(visit: &mut Visit<'_>) {
    visit.succeeded();
}

/// Leaves a block by an error, which is coded, noted and reported.
#[inline(always)]
#[track_caller]
pub fn fail(visit: &mut Visit<'_>, setup: Setup, error: AppError) -> AppError {
    visit.failed(error, setup.0, Then::Leaves)
}

/// Leaves a block by an error that goes no further.
#[inline(always)]
#[track_caller]
pub fn swallow(visit: &mut Visit<'_>, setup: Setup, error: AppError) {
    drop(visit.failed(error, setup.0, Then::Ends));
}

/// Runs a block in which a panic is an error.
#[track_caller]
#[inline]
pub fn catch<T>(
    operation: &Operation<'_>,
    block: impl FnOnce() -> Result<T, AppError>,
) -> Result<T, AppError> {
    panic::catch(operation.name(), block)
}

/// Awaits a block in which a panic is an error.
#[track_caller]
#[inline]
pub fn catch_async<'a, T, F: Future<Output = Result<T, AppError>>>(
    operation: &'a Operation<'a>,
    block: F,
) -> impl Future<Output = Result<T, AppError>> + use<'a, T, F> {
    let place = Location::caller();
    panic::caught(block, move |outcome| {
        panic::or_error(outcome, operation.name(), place)
    })
}

/// Runs a block in a closure of its own, in which every `?` ends.
#[inline(always)]
pub fn closure<T>(block: impl FnOnce() -> Result<T, AppError>) -> Result<T, AppError> {
    block()
}

/// Fixes the output type of an async block.
#[inline(always)]
pub fn block<T, F: Future<Output = Result<T, AppError>>>(block: F) -> F {
    block
}

/// Stands in a block that the macros could not read although the compiler can: its lint reports
/// that.
#[must_use = "gardefou cannot read the syntax in this block: write it another way, or move it into a function"]
pub fn unknown_syntax() -> bool {
    false
}

/// Stands for the argument of a body that the macros could not read.
#[cold]
pub fn unread_transaction<'a>() -> &'a Transaction<'a> {
    unreachable!("a body that is no Rust was run")
}

/// Returns the callback of a transaction that has none.
#[inline(always)]
pub fn no_callback(_: &AppError) -> Result<(), AppError> {
    Ok(())
}

/// Takes a transaction's callback.
#[inline(always)]
pub fn callback(on_error_callback: impl FnOnce(&AppError) -> Result<(), AppError>) -> impl OnError {
    Callback::new(on_error_callback)
}

/// Returns the result of a callback; where its type is wrong, that is reported here, at the user's
/// tokens, and nowhere else.
#[inline(always)]
pub fn answer<R: CompensationResult>(answer: R) -> Result<(), AppError> {
    answer.into_failure().map_or(Ok(()), Err)
}

/// Calls a callback whose argument has no type of its own.
#[inline(always)]
pub fn answer_of<R: CompensationResult>(
    error: &AppError,
    on_error_callback: impl FnOnce(&AppError) -> R,
) -> Result<(), AppError> {
    answer(on_error_callback(error))
}

/// Returns the parent of a sync transaction.
#[inline(always)]
pub fn parent<'p, 'a>(transaction: &'p Transaction<'a>) -> Option<&'p Transaction<'a>> {
    Some(transaction)
}

/// Returns the parent of an async transaction.
#[inline(always)]
pub fn parent_async(transaction: &AsyncTransaction) -> Option<&AsyncTransaction> {
    Some(transaction)
}

/// Begins a sync transaction; its place is the caller's.
#[inline(always)]
#[track_caller]
pub fn begin<'o, 'a, C: OnError>(
    operation: &'o Operation<'o>,
    setup: Setup,
    callback: C,
    parent: Option<&'o Transaction<'a>>,
) -> Guard<'o, 'a, C> {
    Guard::begin(operation, setup.0, callback, parent, Location::caller())
}

/// Begins an async transaction; its place is the caller's.
#[inline(always)]
#[track_caller]
pub fn begin_async<'o, C: OnError>(
    operation: &'o Operation<'o>,
    setup: Setup,
    callback: C,
    parent: Option<&'o AsyncTransaction>,
) -> AsyncGuard<'o, C> {
    AsyncGuard::begin(operation, setup.0, callback, parent, Location::caller())
}

/// Returns the handle of a sync transaction's body.
#[inline(always)]
pub fn transaction_of<'g, 'a, C: OnError>(guard: &'g Guard<'_, 'a, C>) -> &'g Transaction<'a> {
    guard.transaction()
}

/// Returns the handle of an async transaction's body.
#[inline(always)]
pub fn transaction_of_async<'g, C: OnError>(guard: &'g AsyncGuard<'_, C>) -> &'g AsyncTransaction {
    guard.transaction()
}

/// Runs the body of a transaction; its panic goes on after the rollback.
#[inline]
pub fn body<A, T>(argument: A, body: impl FnOnce(A) -> Result<T, AppError>) -> Outcome<T> {
    panics::watch();
    panics::catch(|| body(argument))
}

/// Awaits the body of a transaction; its panic goes on after the rollback.
#[inline]
pub fn body_async<T, F: Future<Output = Result<T, AppError>>>(
    body: F,
) -> impl Future<Output = Outcome<T>> {
    panic::caught(body, |outcome| outcome)
}

/// Returns the outcome of a body whose panic is an error.
#[inline(always)]
pub fn no_panic<T>(outcome: Result<T, AppError>) -> Outcome<T> {
    Ok(outcome)
}

/// Enters the frame of a transaction's body.
#[inline(always)]
pub fn enter_body() -> TransactionFrame {
    TransactionFrame(InPlace::enter())
}

/// The frame of a transaction's body.
#[derive(Debug)]
#[must_use]
pub struct TransactionFrame(InPlace);

impl Place for TransactionFrame {
    #[inline]
    fn suspend<F: Future>(&mut self, future: F) -> Suspended<'_, F> {
        self.0.suspend(future)
    }
}

/// Ends a sync transaction.
#[inline(always)]
pub fn end<T, C: OnError>(
    guard: &mut Guard<'_, '_, C>,
    frame: &mut TransactionFrame,
    outcome: Outcome<T>,
) -> Result<T, AppError> {
    guard.end(outcome, frame.0.leave())
}

/// Ends an async transaction by success.
#[inline(always)]
pub fn commit<C: OnError>(guard: &mut AsyncGuard<'_, C>, frame: &mut TransactionFrame) {
    guard.commit(frame.0.leave());
}

/// Ends an async transaction by an error.
#[cold]
pub fn roll_back<'o, C: OnError>(
    guard: AsyncGuard<'o, C>,
    frame: &mut TransactionFrame,
    error: AppError,
) -> impl Future<Output = AppError> + use<'o, C> {
    guard.roll_back(error, frame.0.leave())
}

/// Ends an async transaction by a panic, which goes on.
#[cold]
pub fn panicked<C: OnError>(
    guard: AsyncGuard<'_, C>,
    frame: &mut TransactionFrame,
    payload: panics::Payload,
) -> ! {
    guard.panicked(payload, frame.0.leave())
}
