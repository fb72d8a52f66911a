//! Conversion of rejections and panics into the error of the function's own type.
//!
//! By autoref specialisation, as in `shape`: through `From<Rejection>`, where that is missing
//! through `From<AppError>`, and where both are missing with a message about that.

use super::Probe;
use crate::error::{AppError, Rejection};

/// Implemented by nothing: it carries the advice for an error type that can hold neither.
#[diagnostic::on_unimplemented(
    message = "the error type `{Self}` cannot carry an `AppError`, nor a `Rejection`",
    label = "`{Self}` cannot say that the call was rejected",
    note = "needs `impl From<gardefou::Rejection> for {Self}` (with thiserror: a variant `Rejected(#[from] \
            gardefou::Rejection)`) or `impl From<gardefou::AppError> for {Self}`"
)]
pub trait Carried {}

/// Implemented by nothing: it carries the advice for an error type that cannot hold a caught panic.
#[diagnostic::on_unimplemented(
    message = "the error type `{Self}` cannot carry an `AppError`, which `catch_panics = true` makes of a panic",
    label = "`{Self}` cannot say that the function panicked",
    note = "needs `impl From<gardefou::AppError> for {Self}`"
)]
pub trait CarriesPanics {}

/// The ways for a rejection.
pub mod rejecting {
    use super::{AppError, Carried, Probe, Rejection};

    #[doc(hidden)]
    pub trait ByRejection<E> {
        fn __gardefou_reject(&self, rejection: Rejection) -> E;
    }

    impl<E: From<Rejection>> ByRejection<E> for &&Probe<E> {
        #[cold]
        #[track_caller]
        fn __gardefou_reject(&self, rejection: Rejection) -> E {
            let conversion = rejection.convert();
            let error = E::from(rejection);
            conversion.end();
            error
        }
    }

    #[doc(hidden)]
    pub trait ByAppError<E> {
        fn __gardefou_reject(&self, rejection: Rejection) -> E;
    }

    impl<E: From<AppError>> ByAppError<E> for &Probe<E> {
        #[cold]
        #[track_caller]
        fn __gardefou_reject(&self, rejection: Rejection) -> E {
            let conversion = rejection.convert();
            let error = E::from(AppError::from(rejection));
            conversion.end();
            error
        }
    }

    #[doc(hidden)]
    pub trait ByNothing<E> {
        fn __gardefou_reject(&self, rejection: Rejection) -> E
        where
            E: Carried;
    }

    impl<E> ByNothing<E> for Probe<E> {
        fn __gardefou_reject(&self, _: Rejection) -> E
        where
            E: Carried,
        {
            unreachable!("no type implements `Carried`")
        }
    }
}

/// The ways for a caught panic.
pub mod carrying {
    use super::{AppError, CarriesPanics, Probe};

    #[doc(hidden)]
    pub trait ByAppError<E> {
        fn __gardefou_carry(&self, error: AppError) -> E;
    }

    impl<E: From<AppError>> ByAppError<E> for &Probe<E> {
        fn __gardefou_carry(&self, error: AppError) -> E {
            E::from(error)
        }
    }

    #[doc(hidden)]
    pub trait ByNothing<E> {
        fn __gardefou_carry(&self, error: AppError) -> E
        where
            E: CarriesPanics;
    }

    impl<E> ByNothing<E> for Probe<E> {
        fn __gardefou_carry(&self, _: AppError) -> E
        where
            E: CarriesPanics,
        {
            unreachable!("no type implements `CarriesPanics`")
        }
    }
}
