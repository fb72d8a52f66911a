//! The runtime of `#[fallback]`.

use super::{Conversion, Guarded, Shape};
#[cfg(feature = "async")]
use crate::{call::Suspended, chaos::Faulty};
use crate::{
    chaos,
    fallback::{Failed, Recovered},
    time::SharedClock,
};
use std::marker::PhantomData;

pub use crate::fallback::Started;

/// Enters a function.
#[inline(always)]
pub fn start() -> Started {
    Started::new()
}

/// Runs a function under a fallback.
///
/// # Errors
///
/// That of the function, or one that chaos injects.
#[inline(always)]
pub fn run_with<A, R, C: Conversion<R>, S: Shape<C::Error>>(
    conversion: C,
    guarded: &Guarded,
    shape: S,
    arguments: A,
    body: impl FnOnce(A) -> R,
) -> Result<C::Value, C::Error> {
    let clock = SharedClock::default();
    chaos::blocking_as(None, guarded.name(), &clock, |injected| {
        shape.carry(injected)
    })?;
    conversion.result(body(arguments))
}

/// Awaits a function under a fallback, or gives an error that chaos injects.
#[cfg(feature = "async")]
#[inline(always)]
pub fn suspend_with<'a, T, E, S: Shape<E>, F: Future<Output = Result<T, E>>>(
    started: &'a mut Started,
    guarded: &Guarded,
    shape: S,
    future: F,
) -> Suspended<'a, Faulty<F, E>> {
    let (clock, carry) = (SharedClock::default(), |injected| shape.carry(injected));
    started.suspend(chaos::faulty(None, guarded.name(), &clock, carry, || {
        future
    }))
}

/// Takes every error.
#[inline(always)]
pub fn every<E>(_: &E) -> bool {
    true
}

/// Calls a function of the error that stands in for the failed one.
///
/// # Errors
///
/// That of the fallback.
#[cold]
pub fn recover<R, C: Conversion<R>, O: Recovered<C::Value, C::Error>>(
    _: C,
    failed: &Failed<'_, C::Error>,
    fallback: impl FnOnce(&C::Error) -> O,
) -> Result<C::Value, C::Error> {
    fallback(failed.error()).outcome()
}

/// Takes the value that stands in for the one of the failed function.
///
/// # Errors
///
/// That of a `Result` in the place of the value.
#[cold]
pub fn replace<R, C: Conversion<R>, O: Recovered<C::Value, C::Error>>(
    _: C,
    (value,): (O,),
) -> Result<C::Value, C::Error> {
    value.outcome()
}

/// Ends a function that failed.
///
/// # Errors
///
/// That of a fallback that failed.
#[cold]
pub fn recovered<R, C: Conversion<R>, S: Shape<C::Error>>(
    _: C,
    guarded: &Guarded,
    failed: Failed<'_, C::Error>,
    outcome: Result<C::Value, C::Error>,
    shape: S,
) -> Result<C::Value, C::Error> {
    failed.end(
        outcome,
        |error| shape.view(error),
        |error| shape.app_mut(error),
        guarded.operation(),
    )
}

/// Stands for a path, which names a function or a value.
pub struct Named<F, E>(PhantomData<fn() -> (F, E)>);

/// Makes one for the path and the error of a return type.
#[inline(always)]
pub fn named<R, C: Conversion<R>, F>(_: C, _: &F) -> Named<F, C::Error> {
    Named(PhantomData)
}

/// A path that names a function of the error.
#[derive(Clone, Copy, Debug)]
pub struct AsFunction;

/// A path that names a value.
#[derive(Clone, Copy, Debug)]
pub struct AsValue;

impl AsFunction {
    /// Calls the function.
    ///
    /// # Errors
    ///
    /// That of the fallback.
    #[cold]
    pub fn recover<R, C: Conversion<R>, O: Recovered<C::Value, C::Error>>(
        self,
        conversion: C,
        failed: &Failed<'_, C::Error>,
        fallback: impl FnOnce(&C::Error) -> O,
    ) -> Result<C::Value, C::Error> {
        recover(conversion, failed, fallback)
    }
}

impl AsValue {
    /// Takes the value.
    ///
    /// # Errors
    ///
    /// That of a `Result` in the place of the value.
    #[cold]
    pub fn recover<R, C: Conversion<R>, O: Recovered<C::Value, C::Error>>(
        self,
        conversion: C,
        _: &Failed<'_, C::Error>,
        value: O,
    ) -> Result<C::Value, C::Error> {
        replace(conversion, (value,))
    }
}

/// The two kinds of paths; brought into scope where one is chosen and nowhere else.
pub mod recovering {
    use super::{AsFunction, AsValue, Named};

    #[doc(hidden)]
    pub trait ByFunction {
        #[inline(always)]
        fn __gardefou_kind(&self) -> AsFunction {
            AsFunction
        }
    }

    impl<E, F: FnOnce(&E) -> O, O> ByFunction for &Named<F, E> {}

    #[doc(hidden)]
    pub trait ByValue {
        #[inline(always)]
        fn __gardefou_kind(&self) -> AsValue {
            AsValue
        }
    }

    impl<E, F> ByValue for Named<F, E> {}
}
