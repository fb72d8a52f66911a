//! The return type of a guarded function as a `Result`.
//!
//! Whether it is one is decided once for each function, by autoref specialisation as in `shape`,
//! and by nothing else: everything a guard does rests on the [`Conversion`] that was chosen, which
//! exists for every type. A function that returns something else is therefore one error, at its
//! return type.

use crate::error::AppError;
use crate::outcome::in_parts;
use std::{
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

/// Implemented by nothing: it carries the advice for a function that returns no `Result`.
#[diagnostic::on_unimplemented(
    message = "the function must return `Result<T, E>`; it returns `{Self}`",
    label = "not a `Result`",
    note = "a guard tells failures from successes by `Err` and `Ok`"
)]
pub trait Outcome {}

/// A conversion of what a function returns into a `Result`.
pub trait Conversion<R>: Copy {
    /// The value.
    type Value;

    /// The error.
    type Error;

    /// Gives what was returned as a `Result`.
    fn result(self, returned: R) -> Result<Self::Value, Self::Error>;

    /// Gives a `Result` as what is returned.
    fn returned(self, result: Result<Self::Value, Self::Error>) -> R;

    /// Shows a `Result` as what is returned.
    fn shown(self, result: &Result<Self::Value, Self::Error>) -> &R;
}

/// It is one.
#[derive(Clone, Copy, Debug)]
pub struct Itself;

impl<T, E> Conversion<Result<T, E>> for Itself {
    type Value = T;
    type Error = E;

    #[inline(always)]
    fn result(self, returned: Result<T, E>) -> Result<T, E> {
        returned
    }

    #[inline(always)]
    fn returned(self, result: Result<T, E>) -> Result<T, E> {
        result
    }

    #[inline(always)]
    fn shown(self, result: &Result<T, E>) -> &Result<T, E> {
        result
    }
}

/// It is none; what stands here lets the compiler report that and nothing else. The value is
/// whatever a fallback gives.
#[derive(Debug)]
pub struct Nothing<V>(PhantomData<fn() -> V>);

impl<V> Clone for Nothing<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Nothing<V> {}

impl<R, V> Conversion<R> for Nothing<V> {
    type Value = V;
    type Error = AppError;

    #[cold]
    fn result(self, _: R) -> Result<V, AppError> {
        unreachable!("no type implements `Outcome`")
    }

    #[cold]
    fn returned(self, _: Result<V, AppError>) -> R {
        unreachable!("no type implements `Outcome`")
    }

    #[cold]
    fn shown(self, _: &Result<V, AppError>) -> &R {
        unreachable!("no type implements `Outcome`")
    }
}

/// Stands for a return type.
pub struct Returns<R>(PhantomData<fn() -> R>);

/// Makes the conversion of a return type that may be a `Result`.
#[inline(always)]
pub fn returns<R>() -> Returns<R> {
    Returns(PhantomData)
}

/// The two ways; brought into scope where one is chosen and nowhere else.
pub mod returning {
    use super::{Itself, Nothing, Outcome, Returns};
    use std::marker::PhantomData;

    #[doc(hidden)]
    pub trait ByResult {
        #[inline(always)]
        fn __gardefou_conversion(&self) -> Itself {
            Itself
        }
    }

    impl<T, E> ByResult for &Returns<Result<T, E>> {}

    #[doc(hidden)]
    pub trait ByNothing<R> {
        #[inline(always)]
        fn __gardefou_conversion<V>(&self) -> Nothing<V>
        where
            R: Outcome,
        {
            Nothing(PhantomData)
        }
    }

    impl<R> ByNothing<R> for Returns<R> {}
}

/// Gives what was returned as a `Result`.
///
/// # Errors
///
/// That which was returned.
#[inline(always)]
pub fn result<R, C: Conversion<R>>(conversion: C, returned: R) -> Result<C::Value, C::Error> {
    conversion.result(returned)
}

/// Gives a `Result` as what is returned.
#[inline(always)]
pub fn returned<R, C: Conversion<R>>(conversion: C, result: Result<C::Value, C::Error>) -> R {
    conversion.returned(in_parts(result))
}

/// Passes an async body on as one that gives a `Result`. Blocking bodies are converted where they
/// are called.
#[inline(always)]
pub fn fallible<R, C: Conversion<R>, F: Future<Output = R>>(
    conversion: C,
    body: F,
) -> impl Future<Output = Result<C::Value, C::Error>> {
    Fallible { body, conversion }
}

pin_project_lite::pin_project! {
    #[must_use = "futures do nothing unless they are awaited"]
    struct Fallible<F, C> {
        #[pin]
        body: F,
        conversion: C,
    }
}

impl<R, C: Conversion<R>, F: Future<Output = R>> Future for Fallible<F, C> {
    type Output = Result<C::Value, C::Error>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let conversion = *this.conversion;
        this.body
            .poll(context)
            .map(|returned| conversion.result(returned))
    }
}
