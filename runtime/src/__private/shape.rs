//! Views of an error whose type only the place of the attribute knows.
//!
//! The way to view an error is chosen while compiling, by autoref specialisation: the expansion
//! calls a method on `&&&&&&&&&Probe<E>`, and method lookup takes the first implementation whose
//! bounds `E` satisfies, from the most telling to the one for every type. Lifetimes play no part in
//! that choice, so no level may require more of them than the user's type has.

use super::Conversion;
use crate::{
    error::{AppError, BuiltIn, Coded, CodedAs, ErrorRef, Rejection, StdError, View},
    retry::ErrorView,
};
use std::{any::type_name, error::Error, fmt, marker::PhantomData, ops::Deref, sync::Arc};

/// Stands for an error type.
pub struct Probe<E>(PhantomData<fn() -> E>);

/// Makes the probe of a return type's error.
#[inline(always)]
pub fn probe<R, C: Conversion<R>>(_: C) -> Probe<C::Error> {
    Probe(PhantomData)
}

/// A way to view errors of type `E`.
pub trait Shape<E>: Copy {
    /// Returns the view of the error.
    fn view<'a>(self, error: &'a E) -> View<'a>;

    /// Returns what is known of the error itself.
    #[inline]
    fn seen<'a>(self, error: &'a E) -> ErrorRef<'a> {
        self.view(error).error()
    }

    /// Returns the error with the code and details that it has room for.
    fn amended(self, error: E, amend: impl FnOnce(AppError) -> AppError) -> E {
        let _ = amend;
        error
    }

    /// Returns the error for adding details, where it is an `AppError`.
    fn app_mut(self, error: &mut E) -> Option<&mut AppError> {
        let _ = error;
        None
    }

    /// Makes an error of one that chaos injects.
    ///
    /// # Errors
    ///
    /// The rejection, where the type of errors cannot carry it.
    fn carry(self, injected: Rejection) -> Result<E, Rejection> {
        Err(injected)
    }
}

/// An `AppError`.
#[derive(Clone, Copy, Debug, Default)]
pub struct OfApp;
/// A rejection, or an `AppError` or any error behind a pointer.
#[derive(Clone, Copy, Debug, Default)]
pub struct OfKnown;
/// One with a derived mapping to codes.
#[derive(Clone, Copy, Debug)]
pub struct OfCoded;
/// One with a built-in mapping.
#[derive(Clone, Copy, Debug)]
pub struct OfBuiltIn;
/// One that `coded!` maps, by the mapping `M`.
#[derive(Debug)]
pub struct OfCodedAs<M>(PhantomData<fn() -> M>);
/// A box around one with a chain of sources, for example `anyhow::Error`.
#[derive(Clone, Copy, Debug)]
pub struct OfBoxed;
/// One with a chain of sources, which may itself borrow.
#[derive(Clone, Copy, Debug)]
pub struct OfError;
/// One with a text.
#[derive(Clone, Copy, Debug)]
pub struct OfDisplay;
/// One with a debug form.
#[derive(Clone, Copy, Debug)]
pub struct OfDebug;
/// One of which nothing is known.
#[derive(Clone, Copy, Debug)]
pub struct OfAny;

impl<M> Clone for OfCodedAs<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for OfCodedAs<M> {}

impl Shape<AppError> for OfApp {
    #[inline]
    fn view<'a>(self, error: &'a AppError) -> View<'a> {
        View::from_app(error)
    }

    fn amended(self, error: AppError, amend: impl FnOnce(AppError) -> AppError) -> AppError {
        amend(error)
    }

    fn app_mut(self, error: &mut AppError) -> Option<&mut AppError> {
        Some(error)
    }
}

macro_rules! known {
    ($($type:ty: |$error:ident| $view:expr;)+) => {
        $(
            impl Shape<$type> for OfKnown {
                #[inline]
                fn view<'a>(self, $error: &'a $type) -> View<'a> {
                    $view
                }
            }
        )+
    };
}

known! {
    StdError: |error| View::from_app(error);
    Arc<AppError>: |error| View::from_app(error);
    Box<AppError>: |error| View::from_app(error);
    Rejection: |error| View::from_rejection(error);
    Box<dyn Error>: |error| View::behind::<Box<dyn Error>>(&**error);
    Box<dyn Error + Send>: |error| View::behind::<Box<dyn Error + Send>>(&**error);
    Arc<dyn Error>: |error| View::behind::<Arc<dyn Error>>(&**error);
    Arc<dyn Error + Send>: |error| View::behind::<Arc<dyn Error + Send>>(&**error);
}

impl<E: Coded> Shape<E> for OfCoded {
    #[inline]
    fn view<'a>(self, error: &'a E) -> View<'a> {
        View::from_coded(error)
    }
}

impl<E: BuiltIn> Shape<E> for OfBuiltIn {
    #[inline]
    fn view<'a>(self, error: &'a E) -> View<'a> {
        View::from_std(error)
    }
}

impl<E: CodedAs<M>, M> Shape<E> for OfCodedAs<M> {
    #[inline]
    fn view<'a>(self, error: &'a E) -> View<'a> {
        View::from_coded_as::<E, M>(error)
    }
}

impl<E: Deref<Target = dyn Error + Send + Sync>> Shape<E> for OfBoxed {
    #[inline]
    fn view<'a>(self, error: &'a E) -> View<'a> {
        View::behind::<E>(&**error)
    }
}

impl<E: Error> Shape<E> for OfError {
    #[inline]
    fn view<'a>(self, error: &'a E) -> View<'a> {
        View::unmapped::<E>(ErrorRef::Scoped(error))
    }
}

impl<E: fmt::Display> Shape<E> for OfDisplay {
    #[inline]
    fn view<'a>(self, error: &'a E) -> View<'a> {
        View::unmapped::<E>(ErrorRef::Display(error))
    }
}

impl<E: fmt::Debug> Shape<E> for OfDebug {
    #[inline]
    fn view<'a>(self, error: &'a E) -> View<'a> {
        View::unmapped::<E>(ErrorRef::Debug(error))
    }
}

impl<E> Shape<E> for OfAny {
    #[inline]
    fn view<'a>(self, _: &'a E) -> View<'a> {
        View::unmapped::<E>(ErrorRef::Opaque(type_name::<E>()))
    }
}

/// The levels of the choice; brought into scope where the method is called and nowhere else.
pub mod shapes {
    use super::{
        AppError, Arc, BuiltIn, Coded, CodedAs, Deref, Error, OfAny, OfApp, OfBoxed, OfBuiltIn,
        OfCoded, OfCodedAs, OfDebug, OfDisplay, OfError, OfKnown, PhantomData, Probe, Rejection,
        StdError, fmt,
    };

    macro_rules! level {
        ($trait:ident gives $shape:ident: impl[$($bounds:tt)*] for $self:ty) => {
            #[doc(hidden)]
            pub trait $trait {
                #[inline(always)]
                fn __gardefou_shape(&self) -> $shape {
                    $shape
                }
            }

            impl<$($bounds)*> $trait for $self {}
        };
    }

    /// One trait for all known types, so that a type that does not even exist is no choice between
    /// several.
    #[doc(hidden)]
    pub trait ForKnown {
        type Shape: Default;

        #[inline(always)]
        fn __gardefou_shape(&self) -> Self::Shape {
            Self::Shape::default()
        }
    }

    macro_rules! known {
        ($($type:ty: $shape:ty;)+) => {
            $(
                impl ForKnown for &&&&&&&&Probe<$type> {
                    type Shape = $shape;
                }
            )+
        };
    }

    known! {
        AppError: OfApp;
        StdError: OfKnown;
        Arc<AppError>: OfKnown;
        Box<AppError>: OfKnown;
        Rejection: OfKnown;
        Box<dyn Error>: OfKnown;
        Box<dyn Error + Send>: OfKnown;
        Arc<dyn Error>: OfKnown;
        Arc<dyn Error + Send>: OfKnown;
    }

    /// With the mapping as a parameter, which inference finds as there is one for each type.
    #[doc(hidden)]
    pub trait ForCodedAs<M> {
        #[inline(always)]
        fn __gardefou_shape(&self) -> OfCodedAs<M> {
            OfCodedAs(PhantomData)
        }
    }

    impl<E: CodedAs<M>, M> ForCodedAs<M> for &&&&&Probe<E> {}

    level!(ForCoded gives OfCoded: impl[E: Coded] for &&&&&&&Probe<E>);
    level!(ForBuiltIn gives OfBuiltIn: impl[E: BuiltIn] for &&&&&&Probe<E>);
    level!(ForBoxed gives OfBoxed: impl[E: Unboxed] for &&&&Probe<E>);
    level!(ForError gives OfError: impl[E: Error] for &&&Probe<E>);
    level!(ForDisplay gives OfDisplay: impl[E: fmt::Display] for &&Probe<E>);
    level!(ForDebug gives OfDebug: impl[E: fmt::Debug] for &Probe<E>);
    level!(ForAny gives OfAny: impl[E] for Probe<E>);

    /// What derefs to any error.
    #[doc(hidden)]
    pub trait Unboxed {}

    impl<E: Deref<Target = dyn Error + Send + Sync>> Unboxed for E {}
}

/// The shape of a return type's error.
#[cfg(not(feature = "chaos"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __gardefou_shape {
    ($conversion:expr, $returns:ty) => {{
        use $crate::__private::shapes::*;
        (&&&&&&&&&$crate::__private::probe::<$returns, _>($conversion)).__gardefou_shape()
    }};
}

/// The shape of a return type's error, and how an injected error becomes one.
#[cfg(feature = "chaos")]
#[doc(hidden)]
#[macro_export]
macro_rules! __gardefou_shape {
    ($conversion:expr, $returns:ty) => {
        $crate::__private::injectable(
            {
                use $crate::__private::shapes::*;
                (&&&&&&&&&$crate::__private::probe::<$returns, _>($conversion)).__gardefou_shape()
            },
            {
                use $crate::__private::carriers::*;
                (&&&$crate::__private::probe::<$returns, _>($conversion)).__gardefou_carrier()
            },
        )
    };
}

/// How a retry views the result of an attempt: at the error, or at the rejection of a policy
/// further in, which the error was made of.
#[derive(Debug)]
pub struct Attempted<S> {
    shape: S,
    rejection: Option<Rejection>,
}

impl<S: Copy> Attempted<S> {
    /// Makes the view of an attempt whose function ran.
    #[inline(always)]
    pub fn ran(shape: S) -> Self {
        Self {
            shape,
            rejection: None,
        }
    }

    /// Makes the view of an attempt whose function did not run.
    #[cold]
    pub fn rejected(shape: S, rejection: &Rejection) -> Self {
        Self {
            shape,
            rejection: Some(rejection.clone()),
        }
    }
}

impl<E, S: Shape<E>> ErrorView<E> for Attempted<S> {
    fn view<'a>(&'a self, error: &'a E) -> View<'a> {
        match &self.rejection {
            None => self.shape.view(error),
            Some(rejection) => View::from_rejection(rejection),
        }
    }

    fn app_mut<'a>(&self, error: &'a mut E) -> Option<&'a mut AppError> {
        self.shape.app_mut(error)
    }
}
