//! Errors of the function's own type that chaos injects.
//!
//! By autoref specialisation, as in `carry`, except that a type which can carry no rejection is none
//! to report: nothing is injected into it.

use super::{Probe, Shape};
use crate::error::{AppError, ErrorRef, Rejection, View};

/// A way to make an error of an injected one.
pub trait Carrier<E>: Copy {
    /// Makes the error.
    ///
    /// # Errors
    ///
    /// The rejection, where there is no way.
    fn carry(self, injected: Rejection) -> Result<E, Rejection>;
}

/// Through `From<Rejection>`.
#[derive(Clone, Copy, Debug)]
pub struct ByRejection;
/// Through `From<AppError>`.
#[derive(Clone, Copy, Debug)]
pub struct ByAppError;
/// There is none.
#[derive(Clone, Copy, Debug)]
pub struct ByNothing;

impl<E: From<Rejection>> Carrier<E> for ByRejection {
    fn carry(self, injected: Rejection) -> Result<E, Rejection> {
        Ok(E::from(injected))
    }
}

impl<E: From<AppError>> Carrier<E> for ByAppError {
    fn carry(self, injected: Rejection) -> Result<E, Rejection> {
        Ok(E::from(AppError::from(injected)))
    }
}

impl<E> Carrier<E> for ByNothing {
    fn carry(self, injected: Rejection) -> Result<E, Rejection> {
        Err(injected)
    }
}

/// A shape of errors that may be injected.
#[derive(Clone, Copy, Debug)]
pub struct Injectable<S, C> {
    shape: S,
    carrier: C,
}

/// Adds to a shape how an injected error becomes one.
#[inline(always)]
pub fn injectable<S, C>(shape: S, carrier: C) -> Injectable<S, C> {
    Injectable { shape, carrier }
}

impl<E, S: Shape<E>, C: Carrier<E>> Shape<E> for Injectable<S, C> {
    #[inline]
    fn view<'a>(self, error: &'a E) -> View<'a> {
        self.shape.view(error)
    }

    #[inline]
    fn seen<'a>(self, error: &'a E) -> ErrorRef<'a> {
        self.shape.seen(error)
    }

    fn amended(self, error: E, amend: impl FnOnce(AppError) -> AppError) -> E {
        self.shape.amended(error, amend)
    }

    fn app_mut(self, error: &mut E) -> Option<&mut AppError> {
        self.shape.app_mut(error)
    }

    fn carry(self, injected: Rejection) -> Result<E, Rejection> {
        self.carrier.carry(injected)
    }
}

/// The levels of the choice; brought into scope where the method is called and nowhere else.
pub mod carriers {
    use super::{AppError, ByAppError, ByNothing, ByRejection, Probe, Rejection};

    #[doc(hidden)]
    pub trait ForRejection {
        #[inline(always)]
        fn __gardefou_carrier(&self) -> ByRejection {
            ByRejection
        }
    }

    impl<E: From<Rejection>> ForRejection for &&Probe<E> {}

    #[doc(hidden)]
    pub trait ForAppError {
        #[inline(always)]
        fn __gardefou_carrier(&self) -> ByAppError {
            ByAppError
        }
    }

    impl<E: From<AppError>> ForAppError for &Probe<E> {}

    #[doc(hidden)]
    pub trait ForNothing {
        #[inline(always)]
        fn __gardefou_carrier(&self) -> ByNothing {
            ByNothing
        }
    }

    impl<E> ForNothing for Probe<E> {}
}
