//! The one-word error.

use super::{ErrorCode, ErrorId, Rejection, chain, details, redact};
use serde::Serialize;
use serde_json::{Map, Value};
use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    borrow::Cow,
    error::Error,
    fmt,
    ops::Deref,
    panic::Location,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

type BoxedError = Box<dyn Error + Send + Sync>;

/// An error with a code, an identity, details, a source and the place where it was made; one word wide.
///
/// `?` turns any error into it: that error becomes the [source](Error::source) and the code is
/// [`UNKNOWN_ERROR`](ErrorCode::UNKNOWN_ERROR), marked *uncoded*, until the first boundary or attribute that has an
/// `error_code` gives it one. For that reason it does not itself implement [`Error`]; it derefs to
/// `dyn Error + Send + Sync` and converts into boxed errors.
///
/// `{}` prints one level, `{:#}` and `{:?}` the whole chain; all of them redact secrets.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode};
///
/// fn port(text: &str) -> gardefou::Result<u16> {
///     Ok(text.parse()?)
/// }
///
/// let err = port("http").unwrap_err();
/// assert!(!err.is_coded());
/// assert!(err.downcast_ref::<std::num::ParseIntError>().is_some());
///
/// let err = AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no route to the database").with_detail("port", 5432);
/// assert_eq!(err.code().http_status(), 503);
/// assert_eq!(err.details()["port"], 5432);
/// ```
pub struct AppError(Box<Inner>);

/// What an [`AppError`] points to. It implements [`Error`], so that it can be the source of another error.
pub(crate) struct Inner {
    code: ErrorCode,
    coded: bool,
    /// Empty until asked for where the error was converted from another one, whose text it then is.
    message: OnceLock<Box<str>>,
    public_message: Option<Box<str>>,
    details: Map<String, Value>,
    source: Option<BoxedError>,
    retry_after: Option<Duration>,
    id: ErrorId,
    location: &'static Location<'static>,
    backtrace: Backtrace,
    /// Set by the first boundary that reports this error, so that the others do not.
    reported: AtomicBool,
}

impl AppError {
    /// Makes an error with a code and a message for the people who run the program.
    #[track_caller]
    #[cold]
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let mut inner = Inner::new(code, true, None);
        inner.message = OnceLock::from(message.into().into_boxed_str());
        Self(Box::new(inner))
    }

    /// Makes an uncoded error of a boxed one, as `?` does with unboxed ones.
    #[track_caller]
    #[cold]
    #[must_use]
    pub fn from_boxed(source: BoxedError) -> Self {
        match source.downcast::<Inner>() {
            Ok(inner) => Self(inner),
            Err(source) => {
                let rejected = source.downcast_ref::<Rejection>().map(Rejection::code);
                let code = rejected.unwrap_or(ErrorCode::UNKNOWN_ERROR);
                Self(Box::new(Inner::new(code, rejected.is_some(), Some(source))))
            }
        }
    }

    /// Adds a detail: any serialisable value, in the form that JSON has for it.
    ///
    /// Never fails: what JSON cannot hold (a map with odd keys, NaN, a value whose `Serialize` fails) is kept as text.
    #[must_use]
    pub fn with_detail(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        self.0.details.insert(details::key(key.into()), details::to_value(&value));
        self
    }

    /// Sets the error that caused this one, in place of an earlier source.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxedError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Sets the text that a client of the program may see; without it clients see only the code.
    #[must_use]
    pub fn with_public_message(mut self, text: impl Into<String>) -> Self {
        self.0.public_message = Some(text.into().into_boxed_str());
        self
    }

    /// Says how long a caller should wait before it tries again, as a server's `Retry-After` does.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Returns the code; `UNKNOWN_ERROR` where none was given yet.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// Tells whether somebody chose the code.
    #[must_use]
    pub fn is_coded(&self) -> bool {
        self.0.coded
    }

    /// Tells whether this error has the given code.
    #[must_use]
    pub fn is(&self, code: ErrorCode) -> bool {
        self.0.code == code
    }

    /// Returns the message as it was written, secrets included; `Display` redacts it.
    #[must_use]
    pub fn message(&self) -> &str {
        self.0.message()
    }

    /// Returns the text that a client of the program may see.
    #[must_use]
    pub fn public_message(&self) -> Option<&str> {
        self.0.public_message.as_deref()
    }

    /// Returns the details as they were given, secrets included.
    #[must_use]
    pub fn details(&self) -> &Map<String, Value> {
        &self.0.details
    }

    /// Returns the identity of this error.
    #[must_use]
    pub fn id(&self) -> ErrorId {
        self.0.id
    }

    /// Returns the place where the error was made, or where `?` converted it.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.0.location
    }

    /// Returns the stack at that place, if `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` asked for it.
    #[must_use]
    pub fn backtrace(&self) -> Option<&Backtrace> {
        (self.0.backtrace.status() == BacktraceStatus::Captured).then_some(&self.0.backtrace)
    }

    /// Returns how long to wait before another try: as set, or as the rejection in the chain of sources says.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after()
    }

    /// Returns the first error of type `E` in the chain of sources.
    #[must_use]
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.chain().find_map(|level| level.downcast_ref::<E>())
    }

    /// Iterates over this error and its sources, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &(dyn Error + 'static)> {
        chain(&*self.0)
    }

    /// Gives an uncoded error this code; a coded one keeps its own.
    #[must_use]
    pub fn or_code(mut self, code: ErrorCode) -> Self {
        if !self.0.coded {
            self.0.code = code;
            self.0.coded = true;
        }
        self
    }

    /// Wraps this error in a new one with a code and a message.
    ///
    /// The new one keeps the identity of this one, and that it was reported already if it was: they are one event.
    #[track_caller]
    #[cold]
    #[must_use]
    pub fn wrap(self, code: ErrorCode, message: impl Into<String>) -> Self {
        let mut outer = Self::new(code, message);
        outer.0.id = self.0.id;
        outer.0.reported = AtomicBool::new(self.0.reported.load(Ordering::Relaxed));
        outer.0.source = match *self.0 {
            // A layer that only carries its source adds nothing to the chain.
            Inner { message, source: Some(source), ref details, .. }
                if message.get().is_none() && details.is_empty() =>
            {
                Some(source)
            }
            inner => Some(Box::new(inner)),
        };
        outer
    }

    /// Returns the error as JSON, with secrets redacted: keys `error` (true), `code`, `code_name`, `message`, `id`, and
    /// where present `details` and `original_error` (the text of the source).
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = Map::new();
        json.insert("error".into(), true.into());
        json.insert("code".into(), self.code().number().into());
        json.insert("code_name".into(), self.code().name().into());
        json.insert("message".into(), redact::text(self.message()).into());
        if !self.0.details.is_empty() {
            let mut details = Value::Object(self.0.details.clone());
            redact::value(&mut details);
            json.insert("details".into(), details);
        }
        if let Some(source) = &self.0.source {
            json.insert("original_error".into(), redact::text(&details::display(source)).into());
        }
        json.insert("id".into(), self.id().to_string().into());
        Value::Object(json)
    }

    /// Adds a detail unless there is one with this key.
    pub(crate) fn add_detail(&mut self, key: &str, value: impl Into<Value>) {
        self.0.details.entry(key).or_insert_with(|| value.into());
    }

    /// Puts an error between this one and its source.
    pub(crate) fn interpose<E: Error + Send + Sync + 'static>(
        mut self,
        between: impl FnOnce(Option<BoxedError>) -> E,
    ) -> Self {
        // A message that is the source's text must be taken before that source moves down.
        let _ = self.message();
        self.0.source = Some(Box::new(between(self.0.source.take())));
        self
    }
}

impl Inner {
    #[track_caller]
    fn new(code: ErrorCode, coded: bool, source: Option<BoxedError>) -> Self {
        Self {
            code,
            coded,
            message: OnceLock::new(),
            public_message: None,
            details: Map::new(),
            source,
            retry_after: None,
            id: ErrorId::new(),
            location: Location::caller(),
            backtrace: Backtrace::capture(),
            reported: AtomicBool::new(false),
        }
    }

    fn message(&self) -> &str {
        self.message.get_or_init(|| match &self.source {
            Some(source) => details::display(source).into(),
            None => self.code.name().into(),
        })
    }

    pub(crate) fn code(&self) -> ErrorCode {
        self.code
    }

    pub(crate) fn id(&self) -> ErrorId {
        self.id
    }

    pub(crate) fn location(&self) -> &'static Location<'static> {
        self.location
    }

    pub(crate) fn is_coded_itself(&self) -> bool {
        self.coded
    }

    /// Tells whether a policy said this error instead of running the function.
    pub(crate) fn is_rejection(&self) -> bool {
        chain(self).any(|level| level.downcast_ref::<Rejection>().is_some_and(|rejection| !rejection.ran()))
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let from_sources = || chain(self).skip(1).find_map(retry_after_of);
        self.retry_after.or_else(from_sources)
    }

    pub(crate) fn claim_report(&self) -> bool {
        // Relaxed is enough: the flag orders nothing but itself.
        !self.reported.swap(true, Ordering::Relaxed)
    }
}

fn retry_after_of(level: &(dyn Error + 'static)) -> Option<Duration> {
    match level.downcast_ref::<Rejection>() {
        Some(rejection) => rejection.retry_after(),
        None => level.downcast_ref::<Inner>()?.retry_after,
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for AppError {
    #[track_caller]
    #[cold]
    fn from(error: E) -> Self {
        let any: &dyn Any = &error;
        let rejected = any.downcast_ref::<Rejection>().map(Rejection::code);
        let code = rejected.unwrap_or(ErrorCode::UNKNOWN_ERROR);
        Self(Box::new(Inner::new(code, rejected.is_some(), Some(Box::new(error)))))
    }
}

impl From<AppError> for Box<dyn Error + Send + Sync> {
    fn from(error: AppError) -> Self {
        error.0
    }
}

impl From<AppError> for Box<dyn Error + Send> {
    fn from(error: AppError) -> Self {
        error.0
    }
}

impl From<AppError> for Box<dyn Error> {
    fn from(error: AppError) -> Self {
        error.0
    }
}

impl Deref for AppError {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl AsRef<dyn Error + Send + Sync> for AppError {
    fn as_ref(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl Error for Inner {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = redact::text(self.message());
        f.write_str(&head)?;
        if f.alternate() {
            let mut above: Cow<'_, str> = head;
            for level in chain(self).skip(1) {
                let text = redact::text(&details::display(level)).into_owned();
                // A converted error has the text of its source: say it once.
                if text != above {
                    write!(f, ": {text}")?;
                    above = text.into();
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {self:#}\n    at {}\n    id {}", self.code, self.location, self.id)?;
        if !self.details.is_empty() {
            let mut details = Value::Object(self.details.clone());
            redact::value(&mut details);
            write!(f, "\n    details {details}")?;
        }
        if self.backtrace.status() == BacktraceStatus::Captured {
            write!(f, "\n{}", self.backtrace)?;
        }
        Ok(())
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_word_wide_and_crosses_threads() {
        fn crosses_threads<T: Send + Sync + 'static>() {}
        crosses_threads::<AppError>();
        assert_eq!(size_of::<AppError>(), size_of::<usize>());
        assert_eq!(size_of::<Option<AppError>>(), size_of::<usize>());
    }
}
