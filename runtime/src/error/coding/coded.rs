//! The codes of error types: what `#[derive(Coded)]` and `coded!` give.

use crate::error::{Class, ErrorCode};
use std::{error::Error, time::Duration};

/// What an error type of an application or of another crate means to gardefou: a code, and how long
/// to wait.
///
/// `#[derive(Coded)]` and [`coded!`](crate::coded) make one of a value of the type; an
/// [`ErrorCode`] converts into it.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, error::Coding};
/// use std::time::Duration;
///
/// let busy = Coding::new(ErrorCode::RATE_LIMIT_ERROR).retry_after(Duration::from_secs(3));
/// assert_ne!(busy, ErrorCode::RATE_LIMIT_ERROR.into());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Coding {
    /// None in a built-in mapping that knows only the class.
    pub(crate) code: Option<ErrorCode>,
    pub(crate) class: Class,
    pub(crate) retry_after: Option<Duration>,
}

impl Coding {
    /// Makes the coding of a code; its class is that of the code unless [`class`](Self::class) sets
    /// another one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{Coding, ErrorCode};
    ///
    /// assert_eq!(Coding::new(ErrorCode::DB_QUERY_ERROR), ErrorCode::DB_QUERY_ERROR.into());
    /// ```
    pub const fn new(code: ErrorCode) -> Self {
        Self {
            code: Some(code),
            class: code.class(),
            retry_after: None,
        }
    }

    /// Sets how long a caller should wait before it tries again.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, Coding, ErrorCode, coded};
    /// use std::time::Duration;
    ///
    /// #[derive(Debug, thiserror::Error)]
    /// #[error("quota used up")]
    /// struct Quota;
    ///
    /// coded! { Quota => |_error| Some(Coding::new(ErrorCode::RATE_LIMIT_ERROR).retry_after(Duration::from_secs(60))) }
    ///
    /// assert_eq!(AppError::from(Quota).retry_after(), Some(Duration::from_secs(60)));
    /// ```
    pub const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Sets the class, where it is another one than the code has.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{Coding, ErrorCode, coded, error::{Class, View}};
    ///
    /// #[derive(Debug, thiserror::Error)]
    /// #[error("constraint violated")]
    /// struct Violated;
    ///
    /// coded! { Violated => |_error| Some(Coding::new(ErrorCode::DB_QUERY_ERROR).class(Class::Permanent)) }
    ///
    /// assert_eq!(View::from_any(&Violated).class(), Class::Permanent);
    /// ```
    pub const fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// Makes a coding of a class without a code: the error stays uncoded.
    pub(crate) const fn from_class(class: Class) -> Self {
        Self {
            code: None,
            class,
            retry_after: None,
        }
    }
}

impl From<ErrorCode> for Coding {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

/// An error type whose values have codes; implemented by `#[derive(Coded)]`.
///
/// The derive also registers the type at link time, so that the code is found where only a
/// `dyn Error` is at hand. An implementation by hand is honoured by attributes alone;
/// [`coded!`](crate::coded) registers concrete types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no error codes",
    note = "`#[derive(gardefou::Coded)]` with `#[code(..)]` gives a type codes; `gardefou::coded!` does so for one of \
            another crate"
)]
pub trait Coded: Error + 'static {
    /// Returns the code of this value, or `None` where its sources decide.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{Coded, ErrorCode};
    ///
    /// #[derive(Debug, thiserror::Error, Coded)]
    /// enum OrderError {
    ///     #[error("the database refused the order")]
    ///     #[code(DB_QUERY_ERROR)]
    ///     Refused,
    /// }
    ///
    /// assert_eq!(OrderError::Refused.coding(), Some(ErrorCode::DB_QUERY_ERROR.into()));
    /// ```
    fn coding(&self) -> Option<Coding>;
}

impl<E: Coded> Coded for std::sync::Arc<E> {
    fn coding(&self) -> Option<Coding> {
        (**self).coding()
    }
}

impl<E: Coded> Coded for Box<E> {
    fn coding(&self) -> Option<Coding> {
        (**self).coding()
    }
}

/// An error type of any crate that the mapping `M` gives codes; implemented by
/// [`coded!`](crate::coded).
///
/// `M` is a type of the crate that declares the mapping, which is what lets it implement this trait
/// for a foreign type.
#[doc(hidden)]
pub trait CodedAs<M>: Error + 'static {
    /// Returns the code of this value, or `None` where its sources decide.
    fn coding(&self) -> Option<Coding>;
}

impl<E: CodedAs<M>, M> CodedAs<M> for std::sync::Arc<E> {
    fn coding(&self) -> Option<Coding> {
        CodedAs::<M>::coding(&**self)
    }
}

impl<E: CodedAs<M>, M> CodedAs<M> for Box<E> {
    fn coding(&self) -> Option<Coding> {
        CodedAs::<M>::coding(&**self)
    }
}

/// Declares the codes of error types, also of types of other crates.
///
/// `coded! { Type => |error| .. }` takes, for each type, a closure or a path to a function from
/// `&Type` to `Option<impl Into<Coding>>`: an [`ErrorCode`], or a [`Coding`] with a wait. `None`
/// leaves the decision to the sources of the error. The type implements [`std::error::Error`] and
/// borrows nothing.
///
/// The mapping is registered at link time by type. It is honoured by `?` into
/// [`AppError`](crate::AppError), by attributes and boundaries, by retries, breakers, the monitor
/// and HTTP responses, for the type itself, in an `Arc` or a `Box`, and as a source of another
/// error where that has no class (at most 8 levels deep). It wins over a built-in mapping. Two
/// mappings of one type are reported when the system is initialised; see
/// [`coding_clashes`](crate::error::coding_clashes).
///
/// Attributes in a crate that does not see the mapping (a dependency of the crate that declares it)
/// find it only for built-in types.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, error::Coding};
/// use std::time::Duration;
///
/// mod client {
///     #[derive(Debug)]
///     pub enum Error { Busy { seconds: u64 }, Gone, Odd }
///     impl std::fmt::Display for Error {
///         fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{self:?}") }
///     }
///     impl std::error::Error for Error {}
/// }
///
/// gardefou::coded! {
///     client::Error => |error| match error {
///         client::Error::Busy { seconds } => {
///             Some(Coding::new(ErrorCode::RATE_LIMIT_ERROR).retry_after(Duration::from_secs(*seconds)))
///         }
///         client::Error::Gone => Some(ErrorCode::DB_CONNECTION_ERROR.into()),
///         client::Error::Odd => None,
///     }
/// }
///
/// let err = AppError::from(client::Error::Busy { seconds: 3 });
/// assert!(err.is(ErrorCode::RATE_LIMIT_ERROR));
/// assert_eq!(err.retry_after(), Some(Duration::from_secs(3)));
/// assert!(AppError::from(client::Error::Gone).is(ErrorCode::DB_CONNECTION_ERROR));
/// assert!(!AppError::from(client::Error::Odd).is_coded());
/// ```
#[macro_export]
macro_rules! coded {
    ($($type:ty => $mapping:expr),+ $(,)?) => {
        $(
            const _: () = {
                #[allow(unreachable_pub, missing_docs, missing_debug_implementations)]
                pub struct Mapping;

                impl $crate::error::CodedAs<Mapping> for $type {
                    fn coding(&self) -> $crate::__private::Option<$crate::error::Coding> {
                        $crate::error::__macros::coding(self, $mapping)
                    }
                }

                $crate::error::__macros::inventory::submit! {
                    $crate::error::MappedType::by_mapping::<$type, Mapping>(
                        ::core::concat!(::core::file!(), ":", ::core::line!())
                    )
                }
            };
        )+
    };
}

/// Declares types that are boxes around any error, for example `anyhow::Error` and `eyre::Report`:
/// types that deref to `dyn Error + Send + Sync`.
///
/// Attributes look into such types by themselves. Calls by hand (`Retry::call`,
/// `CircuitBreaker::call`) know them after this declaration, once for the program.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, retry::Retry};
///
/// gardefou::boxed_errors! { anyhow::Error }
///
/// let mut calls = 0;
/// let outcome = Retry::builder().build()?.call(|| -> anyhow::Result<()> {
///     calls += 1;
///     let declined = AppError::new(ErrorCode::API_REQUEST_ERROR, "declined");
///     Err(anyhow::anyhow!(declined).context("while paying"))
/// });
/// assert!(outcome.is_err());
/// assert_eq!(calls, 1, "permanent");
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[macro_export]
macro_rules! boxed_errors {
    ($($type:ty),+ $(,)?) => {
        $(
            $crate::error::__macros::inventory::submit! {
                $crate::error::MappedType::boxing::<$type>()
            }
        )+
    };
}
