//! Codes and context for results and options.

use super::{AppError, ErrorCode, StdError, details};
use std::{error::Error, fmt, sync::Arc};

/// Attaches a code, or a code and a message, to the failure side of a `Result` or an `Option`.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, ResultExt};
///
/// let port = "x".parse::<u16>().context(ErrorCode::CONFIG_ERROR, "port is not a number");
/// let err = port.unwrap_err();
/// assert!(err.is(ErrorCode::CONFIG_ERROR));
/// assert_eq!(err.to_string(), "port is not a number");
/// ```
pub trait ResultExt<T>: Sized {
    /// Gives the error this code, unless it is an `AppError` that has one already. `None` becomes
    /// an error with the message that a value is missing.
    ///
    /// # Errors
    ///
    /// The error of `self`, coded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, ResultExt};
    ///
    /// let err = std::str::from_utf8(b"\xff").code(ErrorCode::ANALYSIS_DATA_ERROR).unwrap_err();
    /// assert!(err.is(ErrorCode::ANALYSIS_DATA_ERROR));
    /// assert!(err.downcast_ref::<std::str::Utf8Error>().is_some());
    /// ```
    fn code(self, code: ErrorCode) -> Result<T, AppError>;

    /// Wraps the error in a new one with this code and message.
    ///
    /// # Errors
    ///
    /// A new error whose source is the error of `self`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, ResultExt};
    ///
    /// let read = std::fs::read("/no/such/recording").context(ErrorCode::FILE_NOT_FOUND_ERROR, "no recording");
    /// let err = read.unwrap_err();
    /// assert_eq!(err.to_string(), "no recording");
    /// assert!(err.downcast_ref::<std::io::Error>().is_some());
    /// ```
    fn context<M: fmt::Display>(self, code: ErrorCode, message: M) -> Result<T, AppError>;

    /// Wraps the error in a new one with this code and a message that is built only then.
    ///
    /// # Errors
    ///
    /// A new error whose source is the error of `self`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, ResultExt};
    ///
    /// let port: Option<u16> = None;
    /// let err = port.with_context(ErrorCode::CONFIG_ERROR, || format!("{} is not set", "PORT")).unwrap_err();
    /// assert_eq!(err.to_string(), "PORT is not set");
    /// ```
    fn with_context<M: fmt::Display>(
        self,
        code: ErrorCode,
        message: impl FnOnce() -> M,
    ) -> Result<T, AppError>;
}

impl<T, E> ResultExt<T> for Result<T, E>
where
    AppError: From<E>,
{
    #[track_caller]
    fn code(self, code: ErrorCode) -> Result<T, AppError> {
        match self {
            Ok(value) => Ok(value),
            Err(err) => Err(AppError::from(err).or_code(code)),
        }
    }

    #[track_caller]
    fn context<M: fmt::Display>(self, code: ErrorCode, message: M) -> Result<T, AppError> {
        match self {
            Ok(value) => Ok(value),
            Err(err) => Err(AppError::from(err).wrap(code, details::message(message))),
        }
    }

    #[track_caller]
    fn with_context<M: fmt::Display>(
        self,
        code: ErrorCode,
        message: impl FnOnce() -> M,
    ) -> Result<T, AppError> {
        match self {
            Ok(value) => Ok(value),
            Err(err) => Err(AppError::from(err).wrap(code, details::message(message()))),
        }
    }
}

impl<T> ResultExt<T> for Option<T> {
    #[track_caller]
    fn code(self, code: ErrorCode) -> Result<T, AppError> {
        match self {
            Some(value) => Ok(value),
            None => Err(AppError::new(code, "a value is missing")),
        }
    }

    #[track_caller]
    fn context<M: fmt::Display>(self, code: ErrorCode, message: M) -> Result<T, AppError> {
        match self {
            Some(value) => Ok(value),
            None => Err(AppError::new(code, details::message(message))),
        }
    }

    #[track_caller]
    fn with_context<M: fmt::Display>(
        self,
        code: ErrorCode,
        message: impl FnOnce() -> M,
    ) -> Result<T, AppError> {
        match self {
            Some(value) => Ok(value),
            None => Err(AppError::new(code, details::message(message()))),
        }
    }
}

/// What [`ResultExt`] does, under names that no other trait has: for modules that import
/// `anyhow::Context`, or another trait whose method is named `context` too.
///
/// Every type with `ResultExt` has it.
///
/// # Examples
///
/// ```
/// use anyhow::Context;
/// use gardefou::{ErrorCode, error::CodeExt};
///
/// let foreign: anyhow::Error = "x".parse::<u16>().context("the port is no number").unwrap_err();
/// assert_eq!(foreign.to_string(), "the port is no number");
/// let ours = "x".parse::<u16>().coded(ErrorCode::CONFIG_ERROR, "the port is no number").unwrap_err();
/// assert!(ours.is(ErrorCode::CONFIG_ERROR));
/// ```
pub trait CodeExt<T>: ResultExt<T> {
    /// Gives the error this code, as [`ResultExt::code`] does.
    ///
    /// # Errors
    ///
    /// The error of `self`, coded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, error::CodeExt};
    ///
    /// let err = std::str::from_utf8(b"\xff").or_code(ErrorCode::ANALYSIS_DATA_ERROR).unwrap_err();
    /// assert!(err.is(ErrorCode::ANALYSIS_DATA_ERROR));
    /// let again = Err::<(), _>(err).or_code(ErrorCode::CONFIG_ERROR).unwrap_err();
    /// assert!(again.is(ErrorCode::ANALYSIS_DATA_ERROR), "it has a code");
    /// ```
    #[track_caller]
    fn or_code(self, code: ErrorCode) -> Result<T, AppError> {
        ResultExt::code(self, code)
    }

    /// Wraps the error in a new one with this code and message, as [`ResultExt::context`] does.
    ///
    /// # Errors
    ///
    /// A new error whose source is the error of `self`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, error::CodeExt};
    ///
    /// let err = "x".parse::<u16>().coded(ErrorCode::CONFIG_ERROR, "port is not a number").unwrap_err();
    /// assert!(err.is(ErrorCode::CONFIG_ERROR));
    /// assert_eq!(format!("{err:#}"), "port is not a number: invalid digit found in string");
    /// ```
    #[track_caller]
    fn coded<M: fmt::Display>(self, code: ErrorCode, message: M) -> Result<T, AppError> {
        ResultExt::context(self, code, message)
    }

    /// Wraps the error in a new one, as [`ResultExt::with_context`] does.
    ///
    /// # Errors
    ///
    /// A new error whose source is the error of `self`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, error::CodeExt};
    ///
    /// let port: Option<u16> = None;
    /// let err = port.coded_with(ErrorCode::CONFIG_ERROR, || format!("{} is not set", "PORT")).unwrap_err();
    /// assert_eq!(err.to_string(), "PORT is not set");
    /// ```
    #[track_caller]
    fn coded_with<M: fmt::Display>(
        self,
        code: ErrorCode,
        message: impl FnOnce() -> M,
    ) -> Result<T, AppError> {
        ResultExt::with_context(self, code, message)
    }
}

impl<T, R: ResultExt<T>> CodeExt<T> for R {}

/// Converts the error of a `Result` where `?` cannot: between [`AppError`] and types such as
/// `anyhow::Error`, whose blanket conversions exclude one another.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, error::ConvertExt};
///
/// fn foreign() -> anyhow::Result<()> {
///     anyhow::bail!("no cable")
/// }
///
/// fn ours() -> gardefou::Result<()> {
///     foreign().into_app()?;
///     Ok(())
/// }
///
/// fn foreign_again() -> anyhow::Result<()> {
///     Err(AppError::new(ErrorCode::SYNC_ERROR, "late")).into_std()?;
///     Ok(())
/// }
///
/// assert!(!ours().unwrap_err().is_coded());
/// let err = foreign_again().map_err(|err| err.context("while mixing")).into_app().unwrap_err();
/// assert!(err.is(ErrorCode::SYNC_ERROR));
/// assert_eq!(format!("{err:#}"), "while mixing: late");
/// ```
pub trait ConvertExt<T, By>: Sized {
    /// Converts the error into an [`AppError`], as `?` does with errors that it can convert. An
    /// `AppError` inside it keeps code, identity and place, however many layers of context are
    /// around it.
    ///
    /// # Errors
    ///
    /// The error of `self`, converted.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error::ConvertExt};
    ///
    /// let ours = AppError::new(ErrorCode::SYNC_ERROR, "late");
    /// let id = ours.id();
    /// let foreign: anyhow::Result<()> = Err(anyhow::Error::new(ours.into_std()).context("while mixing"));
    /// let err = foreign.into_app().unwrap_err();
    /// assert_eq!((err.code(), err.id()), (ErrorCode::SYNC_ERROR, id));
    /// ```
    #[track_caller]
    fn into_app(self) -> Result<T, AppError>;

    /// Converts the error into a [`StdError`], which every other error type converts from.
    ///
    /// # Errors
    ///
    /// The error of `self`, converted.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, error::ConvertExt};
    ///
    /// fn mix() -> anyhow::Result<()> {
    ///     let ours: gardefou::Result<()> = Err(AppError::new(ErrorCode::SYNC_ERROR, "late"));
    ///     Ok(ours.into_std()?)
    /// }
    ///
    /// assert_eq!(mix().unwrap_err().to_string(), "late");
    /// ```
    #[track_caller]
    fn into_std(self) -> Result<T, StdError> {
        match self.into_app() {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into_std()),
        }
    }
}

/// How an error is converted: by its box.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByBox;

/// How an error is converted: it is a shared [`AppError`].
#[doc(hidden)]
#[derive(Debug)]
pub struct ByClone;

impl<T, E: Into<Box<dyn Error + Send + Sync>>> ConvertExt<T, ByBox> for Result<T, E> {
    #[track_caller]
    fn into_app(self) -> Result<T, AppError> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(AppError::from_boxed(error.into())),
        }
    }
}

impl<T> ConvertExt<T, ByClone> for Result<T, Arc<AppError>> {
    fn into_app(self) -> Result<T, AppError> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(AppError::from_arc(error)),
        }
    }
}
