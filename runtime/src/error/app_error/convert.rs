//! Conversions from other errors and into them.

use super::{
    error::AppError,
    inner::{Inner, Occurrence, SharedError},
    std_error::StdError,
};
use crate::error::{Class, ErrorCode, ErrorId, Rejection, View};
use serde_json::{Map, Value};
use std::{
    any::Any,
    error::Error,
    io::{self, ErrorKind},
    panic::Location,
    sync::Arc,
    time::Duration,
};

type BoxedError = Box<dyn Error + Send + Sync>;
type Place = &'static Location<'static>;

impl<E: Error + Send + Sync + 'static> From<E> for AppError {
    #[track_caller]
    #[cold]
    fn from(error: E) -> Self {
        let mut error = Some(error);
        if let Some(ours) = take::<StdError>(&mut error) {
            return ours.into_app();
        }
        if let Some(io) = take::<io::Error>(&mut error) {
            return from_io(io, Location::caller());
        }
        if let Some(shared) = take::<SharedError>(&mut error) {
            return from_shared(shared, Location::caller());
        }
        match error {
            Some(error) => {
                let found = Found::in_view(View::from_std(&error));
                found.above(Arc::new(error), Location::caller())
            }
            None => unreachable!("only the errors of the types above are taken"),
        }
    }
}

/// Takes a value out of an `Option`, if it is of type `T`.
fn take<T: 'static>(value: &mut dyn Any) -> Option<T> {
    value.downcast_mut::<Option<T>>()?.take()
}

impl From<Box<Self>> for AppError {
    fn from(error: Box<Self>) -> Self {
        *error
    }
}

impl AppError {
    /// Makes an uncoded error of a boxed one, as `?` does with unboxed ones.
    ///
    /// Errors that do not implement [`Error`] themselves convert through their box: those of anyhow
    /// do.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// type Boxed = Box<dyn std::error::Error + Send + Sync>;
    /// let foreign: Result<(), Boxed> = Err("no cable".into());
    /// let err = foreign.map_err(AppError::from_boxed).unwrap_err();
    /// assert_eq!((err.to_string(), err.is_coded()), ("no cable".to_string(), false));
    ///
    /// let ours = AppError::new(ErrorCode::SYNC_ERROR, "late");
    /// let id = ours.id();
    /// assert_eq!(AppError::from_boxed(Boxed::from(ours)).id(), id);
    /// ```
    #[track_caller]
    #[cold]
    #[must_use]
    pub fn from_boxed(source: Box<dyn Error + Send + Sync>) -> Self {
        Self::from_boxed_at(source, Location::caller())
    }

    /// Converts as [`from_boxed`](Self::from_boxed); `place` is that of an error without its own
    /// place.
    pub(crate) fn from_boxed_at(source: BoxedError, place: Place) -> Self {
        match source.downcast::<StdError>() {
            Ok(ours) => ours.into_app(),
            Err(source) => match source.downcast::<io::Error>() {
                Ok(io) => from_io(*io, place),
                Err(source) => from_shared(source.into(), place),
            },
        }
    }

    /// Sets the error that caused this one, in place of an earlier source.
    ///
    /// If an `AppError` stands in its chain, both are one event: this error takes over its
    /// identity, and that it was reported already if it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no recording")
    ///     .with_source(std::io::Error::from(std::io::ErrorKind::NotFound));
    /// assert_eq!(format!("{err:#}"), "no recording: entity not found");
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = shared(source.into());
        let body = self.body();
        body.keep_message();
        body.set_source(source);
        self
    }

    /// Converts a shared error: the result is a clone of it, and stands for the same event.
    ///
    /// The rules of coherence forbid that `?` does so for an `Arc`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    /// use std::sync::Arc;
    ///
    /// // What a cache returns to each of those who waited for one value.
    /// let shared: Result<u8, Arc<AppError>> = Err(Arc::new(AppError::new(ErrorCode::DB_QUERY_ERROR, "no table")));
    /// let id = shared.as_ref().unwrap_err().id();
    /// let err = shared.map_err(AppError::from_arc).unwrap_err();
    /// assert_eq!(err.id(), id);
    /// ```
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a path that `map_err` takes")]
    pub fn from_arc(error: Arc<Self>) -> Self {
        Self::clone(&error)
    }
}

/// Takes an `AppError` out of an `io::Error`, unless that adds more than it did.
fn from_io(io: io::Error, place: Place) -> AppError {
    let hidden = io
        .get_ref()
        .and_then(|hidden| hidden.downcast_ref::<StdError>());
    if !hidden
        .is_some_and(|ours| io.kind() == ErrorKind::Other || io.kind() == io_kind(ours.code()))
    {
        return from_shared(Arc::new(io), place);
    }
    match io.downcast::<StdError>() {
        Ok(ours) => ours.into_app(),
        Err(io) => from_shared(Arc::new(io), place),
    }
}

fn from_shared(source: SharedError, place: Place) -> AppError {
    match source.downcast_ref::<StdError>() {
        Some(ours) => ours.clone().into_app(),
        None => Found::in_view(View::from_dyn(&*source)).above(source, place),
    }
}

/// What an error contributes to the `AppError` that is made of it.
struct Found {
    code: Option<ErrorCode>,
    class: Option<Class>,
    retry_after: Option<Duration>,
    location: Option<Place>,
    ours: Option<(AppError, bool)>,
    /// What is known of the rejection, where it is one and no `AppError` further in has that
    /// already.
    details: FoundDetails,
    /// The identity of the opening that explains a rejection: all rejections of one opening are one
    /// event.
    opening: Option<ErrorId>,
}

/// Where the details of an error are that comes of a rejection.
enum FoundDetails {
    /// It comes of none.
    None,
    /// The source is the rejection.
    InSource,
    /// The rejection is further in.
    Of(Map<String, Value>),
}

impl Found {
    fn in_view(view: View<'_>) -> Self {
        let (known, ours, rejection) = (view.known(), view.shared(), view.rejection());
        let from_rejection = rejection.filter(|_| ours.is_none());
        Self {
            code: known.code,
            class: known.class,
            retry_after: known.mapped_retry_after,
            location: known.location,
            ours,
            details: match from_rejection {
                None => FoundDetails::None,
                Some(_) if view.is_rejection_itself() => FoundDetails::InSource,
                Some(rejection) => FoundDetails::Of(rejection.details()),
            },
            opening: rejection.and_then(Rejection::opening),
        }
    }

    fn above(self, source: SharedError, place: Place) -> AppError {
        let code = self.code.unwrap_or(ErrorCode::UNKNOWN_ERROR);
        let occurrence = match &self.ours {
            Some((ours, _)) => Arc::clone(&ours.0.occurrence),
            None => self
                .opening
                .map_or_else(Occurrence::new, Occurrence::with_id),
        };
        let mut inner = Inner::new(code, self.code.is_some(), occurrence);
        match self.details {
            FoundDetails::None => {}
            FoundDetails::InSource => inner.leave_details_to_source(),
            FoundDetails::Of(details) => inner.set_details(details),
        }
        // What cannot be read through the error that hides it.
        if let Some((ours, true)) = self.ours {
            inner.set_details(ours.details().clone());
            inner.public_message = ours.public_message().map(Into::into);
            inner.extension_members = ours.extension_members();
        }
        if self.code.is_some() {
            inner.class = self.class.filter(|class| *class != code.class());
        }
        // That of the `AppError` further in, if there is one: the two are one event.
        inner.location = self.location.unwrap_or(place);
        inner.retry_after = self.retry_after;
        inner.source = Some(source);
        AppError(Arc::new(inner))
    }
}

/// Returns a boxed error as a source; one of ours without its box.
fn shared(error: BoxedError) -> SharedError {
    match error.downcast::<StdError>() {
        Ok(ours) => ours.into_app().0,
        Err(error) => error.into(),
    }
}

impl From<AppError> for Box<dyn Error + Send + Sync> {
    fn from(error: AppError) -> Self {
        Box::new(error.into_std())
    }
}

impl From<AppError> for Box<dyn Error + Send> {
    fn from(error: AppError) -> Self {
        Box::new(error.into_std())
    }
}

impl From<AppError> for Box<dyn Error> {
    fn from(error: AppError) -> Self {
        Box::new(error.into_std())
    }
}

/// The kind is `NotFound`, `PermissionDenied`, `TimedOut` or `ResourceBusy` where the code
/// corresponds, else `Other`.
impl From<AppError> for io::Error {
    fn from(error: AppError) -> Self {
        Self::new(io_kind(error.code()), error.into_std())
    }
}

fn io_kind(code: ErrorCode) -> ErrorKind {
    match code {
        ErrorCode::FILE_NOT_FOUND_ERROR => ErrorKind::NotFound,
        ErrorCode::PERMISSION_ERROR => ErrorKind::PermissionDenied,
        ErrorCode::TIMEOUT_ERROR => ErrorKind::TimedOut,
        ErrorCode::RESOURCE_BUSY_ERROR => ErrorKind::ResourceBusy,
        _ => ErrorKind::Other,
    }
}
