//! Calls of guarded bodies, and values in place of errors.

use super::Conversion;
use std::{fmt, marker::PhantomData};

/// Calls a body in its own closure. A parameter of this kind makes the closure an `FnOnce`, which
/// may give away what it captured, for example a borrow of `&mut self`.
#[inline(always)]
pub fn call<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Calls a body with arguments that it owns, like those of a function.
///
/// # Errors
///
/// That of the body.
#[inline(always)]
pub fn call_with<A, R, C: Conversion<R>>(
    conversion: C,
    arguments: A,
    body: impl FnOnce(A) -> R,
) -> Result<C::Value, C::Error> {
    conversion.result(body(arguments))
}

/// Stands in a function that was left unguarded because it cannot compile: its lint reports that
/// where it can.
#[must_use = "gardefou takes this function for one that assigns through `&self`: write the assignment another way"]
pub fn unguarded() -> bool {
    false
}

/// Fixes the type of an async block's `return`s; it is never called.
#[cold]
pub fn never<R>() -> R {
    unreachable!("the branch is never taken")
}

/// What `rethrow = false` returns where no `fallback` is named.
#[diagnostic::on_unimplemented(
    message = "`rethrow = false` needs a value to return instead of the error: `{Self}` has no `Default`",
    label = "no `Default` for `{Self}`",
    note = "name one: `fallback = ...`"
)]
pub trait FallbackValue {
    /// Makes the value.
    fn fallback_value() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> FallbackValue for T {
    fn fallback_value() -> Self {
        T::default()
    }
}

/// Makes the value that is returned instead of an error.
#[cold]
pub fn default_value<T: FallbackValue>() -> T {
    T::fallback_value()
}

/// A value that an error left missing: the type of what stands in for it.
pub struct Missing<T>(PhantomData<fn() -> T>);

impl<T> fmt::Debug for Missing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Missing")
    }
}

impl<T> Missing<T> {
    /// Gives the value in place of the missing one.
    #[inline(always)]
    pub fn stand_in(self, (value,): (T,)) -> T {
        value
    }
}

/// Drops the error of an outcome whose value another one stands in for.
///
/// # Errors
///
/// What is missing.
#[inline(always)]
pub fn missing<T, E>(outcome: Result<T, E>) -> Result<T, Missing<T>> {
    outcome.map_err(|_| Missing(PhantomData))
}
