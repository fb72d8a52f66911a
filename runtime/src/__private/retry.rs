//! The runtime of `#[retry]`.

use super::{Conversion, Guarded, OfSite, Shape};
#[cfg(feature = "async")]
use crate::{chaos::Faulty, retry::Watched};
use crate::{
    error::{AppError, ConfigError, View},
    retry::{Attempt, ErrorView, Retried, Retry, Run},
};
use std::{any::Any, ops::ControlFlow, time::Duration};

impl OfSite for Retry {
    fn declared(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        guarded.built_retry()
    }

    /// One call, which is never more than was configured for.
    fn otherwise(_: &'static Guarded) -> Self {
        Self::builder()
            .max_attempts(1)
            .build()
            .expect("the defaults are valid")
    }
}

/// Makes a blocking attempt with arguments that it owns, in its frame, which is entered.
///
/// # Errors
///
/// That of the body, or one that chaos injects.
#[inline(always)]
pub fn attempt_with<A, R, C: Conversion<R>, S: Shape<C::Error>>(
    conversion: C,
    retried: Retried<'_>,
    shape: S,
    arguments: A,
    body: impl FnOnce(A) -> R,
) -> Result<C::Value, C::Error> {
    retried.attempt(
        |injected| shape.carry(injected),
        || conversion.result(body(arguments)),
    )
}

/// Awaits an attempt in its frame, or gives an error that chaos injects.
#[cfg(feature = "async")]
#[inline(always)]
pub fn watch_with<'a, 'r, T, E, S: Shape<E>, F: Future<Output = Result<T, E>>>(
    run: &'a mut Run<'r>,
    shape: S,
    body: F,
) -> Watched<'a, 'r, Faulty<F, E>> {
    run.watch_as(|injected| shape.carry(injected), || body)
}

/// Clones a by-value argument for one attempt.
#[inline(always)]
pub fn clone_for_each_attempt<T: Clone>(argument: &T) -> T {
    argument.clone()
}

/// A value that a body may move out of a pointer in each attempt.
#[diagnostic::on_unimplemented(
    message = "the body uses `self` up here, and a second attempt would have none",
    label = "moved out of the pointer `self`",
    note = "only borrow it, or take `self: Arc<Self>`"
)]
pub trait UsableAgain {}

#[diagnostic::do_not_recommend]
impl<T: Copy> UsableAgain for T {}

/// Requires that; it is never called.
#[cold]
pub fn usable_again<T: UsableAgain + ?Sized>(_: &T) {}

/// Drops the arguments of a series of attempts.
#[inline(always)]
pub fn used_up<A>(arguments: A) {
    drop(arguments);
}

/// Leaves the decision to the class of the error.
#[inline(always)]
pub fn by_class<E>(_: &E) -> Option<bool> {
    None
}

/// Decides by a predicate on the whole outcome what comes after an attempt.
#[inline(always)]
pub fn settle_while<R, C: Conversion<R>, V: ErrorView<C::Error>>(
    conversion: C,
    run: &mut Run<'_>,
    result: Result<C::Value, C::Error>,
    view: &V,
    again: impl FnOnce(&R) -> bool,
) -> ControlFlow<Result<C::Value, C::Error>, Duration> {
    run.settle_while(result, view, |result| again(conversion.shown(result)))
}

/// Calls a predicate of the user's.
#[inline(always)]
pub fn ask<T>(about: &T, predicate: impl FnOnce(&T) -> bool) -> bool {
    predicate(about)
}

/// A view of the errors of an attempt with the delays that the user's function computes.
#[derive(Debug)]
pub struct Delayed<'v, V, F> {
    view: &'v V,
    delay: F,
}

/// Adds a function for delays to the view of an attempt.
#[inline(always)]
pub fn delayed<R, C, V, F>(_: C, view: &V, delay: F) -> Delayed<'_, V, F>
where
    C: Conversion<R>,
    V: ErrorView<C::Error>,
    F: Fn(Attempt, &C::Error) -> Option<Duration>,
{
    Delayed { view, delay }
}

impl<E, V: ErrorView<E>, F: Fn(Attempt, &E) -> Option<Duration>> ErrorView<E>
    for Delayed<'_, V, F>
{
    fn view<'a>(&'a self, error: &'a E) -> View<'a> {
        self.view.view(error)
    }

    fn any<'a>(&self, error: &'a E) -> Option<&'a dyn Any> {
        self.view.any(error)
    }

    fn own_delay(&self, attempt: Attempt, error: &E) -> Option<Duration> {
        (self.delay)(attempt, error)
    }

    fn app_mut<'a>(&self, error: &'a mut E) -> Option<&'a mut AppError> {
        self.view.app_mut(error)
    }
}

/// What a function for delays returns.
#[diagnostic::on_unimplemented(
    message = "`delay` returns a `Duration` or an `Option<Duration>`; this function returns `{Self}`",
    label = "returns `{Self}`"
)]
pub trait OwnDelay {
    /// Gives the delay, or nothing where the backoff has it.
    fn own_delay(self) -> Option<Duration>;
}

impl OwnDelay for Duration {
    #[inline(always)]
    fn own_delay(self) -> Option<Duration> {
        Some(self)
    }
}

impl OwnDelay for Option<Duration> {
    #[inline(always)]
    fn own_delay(self) -> Option<Duration> {
        self
    }
}

/// Calls a function of the user's for a delay.
#[inline(always)]
pub fn own_delay<E, D: OwnDelay>(
    attempt: Attempt,
    error: &E,
    delay: impl FnOnce(Attempt, &E) -> D,
) -> Option<Duration> {
    delay(attempt, error).own_delay()
}
