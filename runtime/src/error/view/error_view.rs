//! The view of an error of any type.

use super::{
    classified::Classified,
    error_ref::ErrorRef,
    facts::{Known, Query},
};
use crate::error::{
    AppError, Class, Coded, CodedAs, Coding, ErrorCode, ErrorId, Rejection, StdError, chain,
    coding, details,
};
use std::{
    any::{Any, type_name},
    error::Error,
    fmt,
    panic::Location,
    sync::Arc,
    time::Duration,
};

/// A view of an error of any type: code, class, identity, wait, place and texts.
///
/// Making one is cheap; each method walks over the chain of sources once. The first level that
/// knows something decides: the mapping of its type ([`Coded`] or [`coded!`](crate::coded)), the
/// code of an [`AppError`], a [`Rejection`], or the built-in class of the type.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, error::{Class, View}};
///
/// let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
/// assert_eq!(View::from_any(&missing).class(), Class::Permanent);
///
/// let err = AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no route");
/// let (code, id) = (err.code(), err.id());
/// let shared = std::sync::Arc::new(err);
/// let view = View::from_any(&shared);
/// assert_eq!((view.code(), view.id()), (Some(code), Some(id)));
/// ```
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub(super) error: ErrorRef<'a>,
    type_name: &'static str,
    pub(super) head: Head,
}

/// What is known of the error itself, apart from its sources.
#[derive(Clone, Copy)]
pub(super) enum Head {
    /// Its static type was inspected.
    Coded(Option<Coding>),
    /// Its type is erased: the registry is searched, as for a source.
    Erased,
}

impl From<coding::RegisteredType> for Head {
    fn from(registered: coding::RegisteredType) -> Self {
        match registered {
            coding::RegisteredType::Mapped(coding) => Self::Coded(coding),
            coding::RegisteredType::Boxed => Self::Erased,
        }
    }
}

/// Returns the view of the first type that a value is of.
macro_rules! return_if_of_type {
    ($any:ident: $($type:ty => |$error:ident| $view:expr;)+) => {
        $(
            if let Some($error) = $any.downcast_ref::<$type>() {
                return $view;
            }
        )+
    };
}

impl<'a> View<'a> {
    /// Makes the view of an error of any type that borrows nothing.
    ///
    /// It recognises [`AppError`], [`Rejection`], boxed and shared errors, texts, and every type
    /// with a mapping. Of any other type only the name is known.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error::View};
    /// use std::sync::Arc;
    ///
    /// let shared = Arc::new(AppError::new(ErrorCode::DB_QUERY_ERROR, "no table"));
    /// assert_eq!(View::from_any(&shared).code(), Some(ErrorCode::DB_QUERY_ERROR));
    ///
    /// struct Unknown;
    /// let view = View::from_any(&Unknown);
    /// assert!(view.code().is_none() && view.type_name().ends_with("Unknown"));
    /// ```
    #[must_use]
    pub fn from_any<E: 'static>(error: &'a E) -> Self {
        let any: &'a dyn Any = error;
        let erased = |error| Self::new::<E>(ErrorRef::Std(error), Head::Erased);
        let text = |error| Self::new::<E>(ErrorRef::Display(error), Head::Coded(None));
        return_if_of_type! { any:
            AppError => |error| Self::from_app(error);
            Arc<AppError> => |error| Self::from_app(error);
            Box<AppError> => |error| Self::from_app(error);
            StdError => |error| Self::from_app(error);
            Rejection => |error| Self::from_rejection(error);
            Box<dyn Error + Send + Sync> => |error| erased(&**error);
            Box<dyn Error + Send> => |error| erased(&**error);
            Box<dyn Error> => |error| erased(&**error);
            Arc<dyn Error + Send + Sync> => |error| erased(&**error);
            Arc<dyn Error + Send> => |error| erased(&**error);
            Arc<dyn Error> => |error| erased(&**error);
            String => |error| text(error);
            &'static str => |error| text(error);
        }
        match coding::of_type(error) {
            Some((level, registered)) => Self::new::<E>(ErrorRef::Std(level), registered.into()),
            None => Self::new::<E>(ErrorRef::Opaque(type_name::<E>()), Head::Coded(None)),
        }
    }

    /// Makes the view of an error with a chain of sources whose static type is known.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::{Class, View};
    ///
    /// let no_number = "x".parse::<u8>().unwrap_err();
    /// assert_eq!(View::from_std(&no_number).class(), Class::Permanent);
    /// ```
    #[must_use]
    pub fn from_std<E: Error + 'static>(error: &'a E) -> Self {
        let head =
            coding::of_type(error).map_or(Head::Coded(None), |(_, registered)| registered.into());
        Self::new::<E>(ErrorRef::Std(error), head)
    }

    /// Makes the view of an error whose type is erased.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::{Class, View};
    ///
    /// let error: Box<dyn std::error::Error> = std::io::Error::from(std::io::ErrorKind::ConnectionReset).into();
    /// assert_eq!(View::from_dyn(&*error).class(), Class::Transient);
    /// ```
    #[must_use]
    pub fn from_dyn(error: &'a (dyn Error + 'static)) -> Self {
        Self::behind::<dyn Error>(error)
    }

    /// Makes the view of an [`AppError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error::View};
    ///
    /// let error = AppError::new(ErrorCode::SYNC_ERROR, "out of step");
    /// assert_eq!(View::from_app(&error).code(), Some(ErrorCode::SYNC_ERROR));
    /// ```
    #[must_use]
    pub fn from_app(error: &'a AppError) -> Self {
        Self::new::<AppError>(ErrorRef::App(error), Head::Coded(None))
    }

    /// Makes the view of a [`Rejection`].
    #[must_use]
    pub(crate) fn from_rejection(error: &'a Rejection) -> Self {
        Self::new::<Rejection>(ErrorRef::Std(error), Head::Coded(None))
    }

    /// Makes the view of an [`ErrorRef`], for example that of an event.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::{ErrorRef, View};
    ///
    /// let view = View::from_ref(ErrorRef::Display(&"disk full"));
    /// assert_eq!((view.to_string().as_str(), view.code()), ("disk full", None));
    /// ```
    #[must_use]
    pub fn from_ref(error: ErrorRef<'a>) -> Self {
        let type_name = match error {
            ErrorRef::App(error) => return Self::from_app(error),
            ErrorRef::Std(error) => return Self::from_dyn(error),
            ErrorRef::Opaque(type_name) => type_name,
            _ => "",
        };
        Self {
            error,
            type_name,
            head: Head::Coded(None),
        }
    }

    /// Makes the view of an error of a type with `#[derive(Coded)]`.
    #[must_use]
    pub(crate) fn from_coded<E: Coded>(error: &'a E) -> Self {
        let coding = coding::contained(|| error.coding());
        Self::new::<E>(ErrorRef::Std(error), Head::Coded(coding))
    }

    /// Makes the view of an error of a type that `coded!` maps.
    #[must_use]
    pub(crate) fn from_coded_as<E: CodedAs<M>, M>(error: &'a E) -> Self {
        let coding = coding::contained(|| error.coding());
        Self::new::<E>(ErrorRef::Std(error), Head::Coded(coding))
    }

    /// Makes the view of an erased error behind a pointer of type `E`.
    #[must_use]
    pub(crate) fn behind<E: ?Sized>(error: &'a (dyn Error + 'static)) -> Self {
        Self::new::<E>(ErrorRef::Std(error), Head::Erased)
    }

    /// Makes the view of an error of type `E` of which only `error` is known.
    #[must_use]
    pub(crate) fn unmapped<E: ?Sized>(error: ErrorRef<'a>) -> Self {
        Self::new::<E>(error, Head::Coded(None))
    }

    fn new<E: ?Sized>(error: ErrorRef<'a>, head: Head) -> Self {
        Self {
            error,
            type_name: type_name::<E>(),
            head,
        }
    }

    /// Returns the error, as far as it is known.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::{ErrorRef, View};
    ///
    /// struct Unknown;
    /// assert!(matches!(View::from_any(&"disk full").error(), ErrorRef::Display(_)));
    /// assert!(matches!(View::from_any(&Unknown).error(), ErrorRef::Opaque(_)));
    /// ```
    #[must_use]
    pub fn error(&self) -> ErrorRef<'a> {
        self.error
    }

    /// Returns the name of the error's static type; empty where it is not known.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::error::View::from_any(&"disk full").type_name(), "&str");
    /// ```
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// Returns the identity of the first [`AppError`] in the chain.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error::View};
    ///
    /// let error = AppError::new(ErrorCode::DB_QUERY_ERROR, "no such table");
    /// let (id, io) = (error.id(), std::io::Error::other(error));
    /// assert_eq!(View::from_std(&io).id(), Some(id));
    /// ```
    #[must_use]
    pub fn id(&self) -> Option<ErrorId> {
        self.known().id
    }

    /// Returns the first code in the chain; `None` where the error is uncoded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error::View};
    ///
    /// let error: Box<dyn std::error::Error + Send + Sync> = AppError::new(ErrorCode::DB_QUERY_ERROR, "no such table").into();
    /// assert_eq!(View::from_any(&error).code(), Some(ErrorCode::DB_QUERY_ERROR));
    /// assert_eq!(View::from_any(&"no such table").code(), None);
    /// ```
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        self.known().code
    }

    /// Returns the class of the first level of the chain that has one; [`Class::Unknown`] where
    /// none has.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::{Class, View};
    ///
    /// assert_eq!(View::from_any(&std::io::Error::from(std::io::ErrorKind::TimedOut)).class(), Class::Transient);
    /// assert_eq!(View::from_any(&"no such table").class(), Class::Unknown);
    /// ```
    #[must_use]
    pub fn class(&self) -> Class {
        self.known().class.unwrap_or(Class::Unknown)
    }

    /// Returns `true` if the error shows that a policy rejected the call, so that the function did
    /// not run.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitBreaker, error::View};
    ///
    /// let breaker = CircuitBreaker::builder("view-is-rejected").build()?;
    /// breaker.force_open();
    /// let error = breaker.call(|| Ok::<_, AppError>(())).unwrap_err();
    /// let view = View::from_app(&error);
    /// assert!(view.is_rejected());
    /// assert_eq!(view.rejection().unwrap().name(), "view-is-rejected");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.known().rejected
    }

    /// Returns the rejection in the chain. One that an error hides (`#[error(transparent)]`) is
    /// detected by [`is_rejected`](Self::is_rejected), but cannot be returned.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitBreaker, error::View};
    ///
    /// let breaker = CircuitBreaker::builder("view-rejection").build()?;
    /// breaker.force_open();
    /// let error = breaker.call(|| Ok::<_, std::io::Error>(())).unwrap_err();
    /// let rejection = View::from_any(&error).rejection().unwrap();
    /// assert_eq!(rejection.opening(), View::from_app(&AppError::from(rejection.clone())).id());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn rejection(&self) -> Option<&'a Rejection> {
        self.head()?.find_map(|level| level.downcast_ref())
    }

    /// Returns `true` if the error is a rejection, and does not only have one in its chain.
    pub(crate) fn is_rejection_itself(&self) -> bool {
        matches!(self.error.head(), Some(error) if error.is::<Rejection>())
    }

    /// Returns how long the caller should wait before another attempt, according to the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error::View};
    /// use std::time::Duration;
    ///
    /// let error = AppError::new(ErrorCode::RATE_LIMIT_ERROR, "slow down").with_retry_after(Duration::from_secs(7));
    /// assert_eq!(View::from_app(&error).retry_after(), Some(Duration::from_secs(7)));
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.known().retry_after
    }

    /// Returns the place of the first [`AppError`] in the chain; not one inside the standard
    /// library, where `map_err(AppError::from)` has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error::View};
    ///
    /// let error = AppError::new(ErrorCode::SYNC_ERROR, "out of step");
    /// assert_eq!(View::from_app(&error).location(), Some(error.location()));
    /// let nowhere = "x".parse::<u8>().map_err(AppError::from).unwrap_err();
    /// assert_eq!(View::from_app(&nowhere).location(), None);
    /// ```
    #[must_use]
    pub fn location(&self) -> Option<&'static Location<'static>> {
        self.known().location
    }

    /// Returns `true` if an [`AppError`] or a [`Rejection`] in the chain was reported.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error::View};
    ///
    /// let error = AppError::new(ErrorCode::SYNC_ERROR, "out of step");
    /// assert!(!View::from_app(&error).is_reported());
    /// gardefou::report(&error);
    /// assert!(View::from_any(&std::io::Error::other(error)).is_reported());
    /// ```
    #[must_use]
    pub fn is_reported(&self) -> bool {
        self.known().reported
    }

    /// Marks every [`AppError`] and [`Rejection`] in the chain as reported, and returns `true` if
    /// none was before; for a reporting path beside gardefou's own, which is
    /// [`report`](crate::report).
    ///
    /// Of several threads that claim one error at the same time, one gets `true`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error::View, error_monitor};
    ///
    /// let error = AppError::new(ErrorCode::SYNC_ERROR, "out of step");
    /// assert!(View::from_app(&error).claim_report());
    /// assert!(!View::from_app(&error.clone()).claim_report(), "a clone is the same occurrence");
    /// gardefou::report(&error);
    /// assert_eq!(error_monitor().stats().total_errors, 0, "it was reported elsewhere");
    /// ```
    #[must_use]
    pub fn claim_report(&self) -> bool {
        !self.claim(None).reported
    }

    /// Marks as [`claim_report`](Self::claim_report), and returns what the chain knows; `reported`
    /// is as it was before.
    ///
    /// An identity under which the error is known already becomes that of each [`AppError`] that is
    /// marked here.
    pub(crate) fn claim(&self, known_as: Option<ErrorId>) -> Known {
        self.walk(Query::Claim(known_as))
    }

    /// Returns what the error means to a policy.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::error::{Class, View};
    ///
    /// let classified = View::from_any(&std::io::Error::from(std::io::ErrorKind::NotFound)).classified();
    /// assert_eq!((classified.class, classified.rejected), (Class::Permanent, false));
    /// ```
    #[inline]
    #[must_use]
    pub fn classified(&self) -> Classified {
        if matches!(self.head, Head::Coded(None)) && !self.error.may_have_levels() {
            return Classified::UNKNOWN;
        }
        self.classified_by_walk()
    }

    #[inline(never)]
    fn classified_by_walk(&self) -> Classified {
        let known = self.known();
        Classified {
            class: known.class.unwrap_or(Class::Unknown),
            rejected: known.rejected,
            stops_retries: known.stops_retries,
        }
    }

    /// Returns everything at once, from one walk.
    pub(crate) fn known(&self) -> Known {
        self.walk(Query::Look)
    }

    /// Returns a clone of the first `AppError` in the chain, and whether another error hides it.
    pub(crate) fn shared(&self) -> Option<(AppError, bool)> {
        self.walk_to_shared()
    }

    fn head(&self) -> Option<impl Iterator<Item = &'a (dyn Error + 'static)> + use<'a>> {
        self.error.head().map(chain)
    }
}

/// An error that functions take by its static type: an [`AppError`], any [`Error`] that borrows
/// nothing, or a `dyn Error`.
pub trait Viewable: sealed::Sealed {
    /// Returns the view of the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error::{Class, Viewable}};
    /// use std::{error::Error, io};
    ///
    /// let missing = io::Error::from(io::ErrorKind::NotFound);
    /// let errors: [&dyn Error; 2] = [&missing, &std::fmt::Error];
    /// assert_eq!(errors.map(|error| error.view().class()), [Class::Permanent, Class::Unknown]);
    /// let ours = AppError::new(ErrorCode::TIMEOUT_ERROR, "db1 is slow");
    /// assert_eq!(ours.view().class(), Class::Transient);
    /// ```
    fn view(&self) -> View<'_>;
}

impl Viewable for AppError {
    fn view(&self) -> View<'_> {
        View::from_app(self)
    }
}

impl<E: Error + 'static> Viewable for E {
    fn view(&self) -> View<'_> {
        View::from_std(self)
    }
}

/// Once for each form of `dyn Error` that functions pass on.
macro_rules! viewable_dyn {
    ($($error:ty),+) => {
        $(
            impl Viewable for $error {
                fn view(&self) -> View<'_> {
                    View::from_dyn(self)
                }
            }

            impl sealed::Sealed for $error {}
        )+
    };
}

viewable_dyn!(
    dyn Error,
    dyn Error + Send,
    dyn Error + Sync,
    dyn Error + Send + Sync
);

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::AppError {}
    impl<E: std::error::Error + 'static> Sealed for E {}
}

impl fmt::Display for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("type_name", &self.type_name)
            .field("error", &details::display(self.error))
            .finish_non_exhaustive()
    }
}
