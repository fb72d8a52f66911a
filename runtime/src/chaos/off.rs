//! Without the feature `chaos`: nothing is injected, and nothing is left of the questions.

use crate::{
    error::{Policy, Rejection},
    time::SharedClock,
};
use std::convert::Infallible;
#[cfg(feature = "async")]
use std::pin::Pin;

/// The future of an operation, as it is.
#[cfg(feature = "async")]
pub(crate) type After<F> = F;

/// The future of an operation whose errors an injected one is made of, as it is.
#[cfg(feature = "async")]
pub(crate) type Faulty<F, E> = <F as WithError<E>>::Itself;

/// Gives a type itself; the error has no part in it.
#[cfg(feature = "async")]
pub trait WithError<E> {
    /// The type.
    type Itself;
}

#[cfg(feature = "async")]
impl<F, E> WithError<E> for F {
    type Itself = F;
}

/// The rejection of a call in whose place a fault was injected: there is none.
pub(crate) type Refusal = Infallible;

pub(crate) fn refusal(_: Rejection) -> Refusal {
    unreachable!("nothing is injected")
}

pub(crate) const fn rejection_of(refusal: Refusal) -> Rejection {
    match refusal {}
}

#[inline(always)]
pub(crate) const fn is_on() -> bool {
    false
}

/// What to await before an operation: nothing.
#[derive(Debug, Default)]
pub(crate) struct Ahead(());

#[cfg(feature = "async")]
impl Ahead {
    #[inline(always)]
    pub(crate) const fn is_empty(&self) -> bool {
        true
    }

    #[inline(always)]
    pub(crate) fn before<F>(self, operation: F) -> After<F> {
        operation
    }
}

#[cfg(feature = "async")]
#[inline(always)]
pub(crate) fn put_ahead<F>(_: Pin<&mut F>, _: Ahead) {}

#[inline(always)]
pub(crate) const fn blocking(_: Option<Policy>, _: &str, _: &SharedClock) -> Result<(), Rejection> {
    Ok(())
}

#[inline(always)]
pub(crate) fn blocking_as<E>(
    _: Option<Policy>,
    _: &str,
    _: &SharedClock,
    _: impl FnOnce(Rejection) -> Result<E, Rejection>,
) -> Result<(), E> {
    Ok(())
}

#[cfg(feature = "async")]
#[inline(always)]
pub(crate) const fn begin(_: Option<Policy>, _: &str, _: &SharedClock) -> Result<Ahead, Rejection> {
    Ok(Ahead(()))
}

#[cfg(feature = "async")]
#[inline(always)]
pub(crate) fn faulty<F, E>(
    _: Option<Policy>,
    _: &str,
    _: &SharedClock,
    _: impl FnOnce(Rejection) -> Result<E, Rejection>,
    operation: impl FnOnce() -> F,
) -> Faulty<F, E> {
    operation()
}
