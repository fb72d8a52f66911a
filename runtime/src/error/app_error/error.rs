//! `AppError`, an error of one word.

use super::inner::{Inner, Occurrence, SharedError};
use crate::error::{ErrorCode, ErrorId, View, chain, details, view};
use serde_core::Serialize;
use serde_json::{Map, Value};
use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    error::Error,
    ops::Deref,
    panic::Location,
    sync::Arc,
    time::Duration,
};

/// An error with a code, an identity, details, a source and the place where it was made; one word
/// wide.
///
/// `?` turns any error into it: that error becomes the [source](Error::source) and the code is
/// [`UNKNOWN_ERROR`](ErrorCode::UNKNOWN_ERROR), marked *uncoded*, until the first boundary or
/// attribute that has an `error_code` gives it one. For that reason it does not itself implement
/// [`Error`]; it derefs to `dyn Error + Send + Sync` and converts into boxed errors.
///
/// Some errors bring a code along: a [`Rejection`](crate::Rejection) its own, a
/// [`ConfigError`](crate::ConfigError) `CONFIG_ERROR`, and an error in whose chain of sources an
/// `AppError` stands, that one's. An `AppError` that was boxed, or put into a [`std::io::Error`],
/// comes back as it was.
///
/// A clone is cheap and stands for the same event: it has the same [identity](Self::id), and where
/// one of the two was reported, both were. `with_*` on one of them changes its message and details,
/// not those of the other.
///
/// `{}` prints one level, `{:#}` and `{:?}` the whole chain; all of them redact secrets, as does
/// the JSON form. Only [`message`](Self::message), [`details`](Self::details) and the sources
/// themselves hand out what was written.
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
#[derive(Clone)]
pub struct AppError(pub(super) Arc<Inner>);

impl AppError {
    /// Makes an error with a code and a message for operators.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::SYNC_ERROR, format!("{} ms apart", 80));
    /// assert_eq!(err.to_string(), "80 ms apart");
    /// assert!(err.is_coded() && err.is(ErrorCode::SYNC_ERROR));
    /// ```
    #[track_caller]
    #[cold]
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let mut inner = Inner::new(code, true, Occurrence::new());
        inner.message = Some(message.into().into_boxed_str());
        Self(Arc::new(inner))
    }

    /// Adds a detail: any serialisable value, in the form that JSON has for it. A later one
    /// replaces an earlier one with the same key.
    ///
    /// Never fails and never panics: what JSON cannot hold (a map with odd keys, NaN, a value whose
    /// `Serialize` fails) is kept as text. A value is kept up to 32 levels, 4096 values, 8 KiB a
    /// text and 64 KiB in all, with a mark of what was cut.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    /// use std::collections::BTreeMap;
    ///
    /// let err = AppError::new(ErrorCode::CLASSIFICATION_ERROR, "no class")
    ///     .with_detail("scores", [0.5, f64::NAN])
    ///     .with_detail("by frame", BTreeMap::from([((1, 2), "speech")]));
    /// assert_eq!(err.details()["scores"], serde_json::json!([0.5, "NaN"]));
    /// assert_eq!(err.details()["by frame"]["[1,2]"], "speech");
    /// ```
    #[must_use]
    pub fn with_detail(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        let (key, value) = (details::key(key.into()), details::to_value(&value));
        self.body().details_mut().insert(key, value);
        self
    }

    /// Sets the text that a client of the program may see; without it clients see only the code.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::API_REQUEST_ERROR, "field `from` of 12 is after `to`")
    ///     .with_public_message("The period ends before it begins.");
    /// assert_eq!(err.public_message(), Some("The period ends before it begins."));
    /// ```
    #[must_use]
    pub fn with_public_message(mut self, text: impl Into<String>) -> Self {
        self.body().public_message = Some(text.into().into_boxed_str());
        self
    }

    /// Adds an extension member to the problem details that a client gets (RFC 9457, section 3.2):
    /// any serialisable value, kept as [`with_detail`](Self::with_detail) keeps it. A later one
    /// replaces an earlier one with the same name.
    ///
    /// Unlike details, which are for those who run the program, it is for the client: redacted, and
    /// cut at 16 KiB for all members together. A member that has the name of a standard one
    /// (`type`, `title`, `status`, `detail`, `instance`, or `code` and `code_name`, which every
    /// answer has) is left out of the answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::API_REQUEST_ERROR, "account 12345 has 30, needs 50")
    ///     .with_public_message("Your balance is too low.")
    ///     .with_extension_member("balance", 30)
    ///     .with_extension_member("status", "poor");
    /// let body = err.to_problem().to_json();
    /// assert_eq!((&body["balance"], &body["status"]), (&30.into(), &400.into()));
    /// ```
    #[must_use]
    pub fn with_extension_member(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let (name, value) = (details::key(name.into()), details::to_value(&value));
        self.body().extension_members.insert(name, value);
        self
    }

    /// Sets how long a caller should wait before it tries again, as a server's `Retry-After` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    /// use std::time::Duration;
    ///
    /// let err = AppError::new(ErrorCode::RATE_LIMIT_ERROR, "slow down").with_retry_after(Duration::from_secs(3));
    /// assert_eq!(err.retry_after(), Some(Duration::from_secs(3)));
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.body().retry_after = Some(wait);
        self
    }

    /// Returns the code; `UNKNOWN_ERROR` where none was given yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::from(std::fmt::Error);
    /// assert_eq!(err.code(), ErrorCode::UNKNOWN_ERROR);
    /// assert_eq!(err.or_code(ErrorCode::API_RESPONSE_ERROR).code(), ErrorCode::API_RESPONSE_ERROR);
    /// ```
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// Returns `true` if the error has a code of its own, set or taken from its source.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ConfigError, ErrorCode};
    ///
    /// assert!(!AppError::from(std::fmt::Error).is_coded());
    /// assert!(AppError::from(ConfigError::new("port", 0, "must be at least 1")).is_coded(), "its type has a code");
    /// assert!(AppError::new(ErrorCode::UNKNOWN_ERROR, "set by hand").is_coded());
    /// ```
    #[must_use]
    pub fn is_coded(&self) -> bool {
        self.0.coded
    }

    /// Returns `true` if the error has the given code.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full").wrap(ErrorCode::SYNC_ERROR, "not in step");
    /// assert!(err.is(ErrorCode::SYNC_ERROR));
    /// assert!(!err.is(ErrorCode::DB_WRITE_ERROR), "that is the code of its source");
    /// ```
    #[must_use]
    pub fn is(&self, code: ErrorCode) -> bool {
        self.0.code == code
    }

    /// Returns the message as it was written, secrets included; `Display` redacts it.
    ///
    /// That of a converted error is the text of its source.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no route, password=hunter2");
    /// assert_eq!(err.message(), "no route, password=hunter2");
    /// assert_eq!(err.to_string(), "no route, password=[redacted]");
    /// ```
    #[must_use]
    pub fn message(&self) -> &str {
        self.0.message()
    }

    /// Returns the text that a client of the program may see: that of this error, or of the first
    /// in its chain that has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full").with_public_message("Please try again later.");
    /// let outer = err.wrap(ErrorCode::EXTERNAL_SERVICE_ERROR, "order 7 not stored");
    /// assert_eq!(outer.public_message(), Some("Please try again later."));
    /// ```
    #[must_use]
    pub fn public_message(&self) -> Option<&str> {
        self.0
            .levels_of_ours()
            .find_map(|level| level.public_message.as_deref())
    }

    /// Returns the extension members as they were given, secrets included: those of this error and
    /// of all in its chain. Of two with one name, that of the outer error counts.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full").with_extension_member("volume", 3);
    /// let err = err.wrap(ErrorCode::EXTERNAL_SERVICE_ERROR, "order not stored").with_extension_member("order", 7);
    /// assert_eq!(err.extension_members().len(), 2);
    /// ```
    #[must_use]
    pub fn extension_members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        for (name, value) in self
            .0
            .levels_of_ours()
            .flat_map(|level| &level.extension_members)
        {
            members.entry(name).or_insert_with(|| value.clone());
        }
        members
    }

    /// Returns the details as they were given, secrets included.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let inner = AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full").with_detail("volume", 3);
    /// assert_eq!(inner.details()["volume"], 3);
    /// let outer = inner.wrap(ErrorCode::EXTERNAL_SERVICE_ERROR, "order not stored");
    /// assert!(outer.details().is_empty(), "those of its source are its own");
    /// ```
    #[must_use]
    pub fn details(&self) -> &Map<String, Value> {
        self.0.details()
    }

    /// Returns the identity of this error, which log line, journal row, alert and HTTP answer
    /// share.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::new(ErrorCode::SYNC_ERROR, "late");
    /// assert_eq!(err.clone().id(), err.id());
    /// assert_eq!(err.to_json()["id"], err.id().to_string());
    /// assert_ne!(AppError::new(ErrorCode::SYNC_ERROR, "late").id(), err.id(), "another event");
    /// ```
    #[must_use]
    pub fn id(&self) -> ErrorId {
        self.0.occurrence.id()
    }

    /// Returns the place where the error was made, or where `?` converted it.
    ///
    /// A conversion that is called by the standard library, for example by
    /// `map_err(AppError::from)`, has its place there. That is no place for a sink, and
    /// [`View::location`] leaves it out; `map_err(|err| AppError::from(err))` has the place of the
    /// closure.
    ///
    /// # Examples
    ///
    /// ```
    /// let err = gardefou::AppError::new(gardefou::ErrorCode::SYNC_ERROR, "late");
    /// assert_eq!(err.location().line(), line!() - 1);
    /// ```
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.0.location
    }

    /// Returns the stack at that place, if `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` enabled it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    /// use std::backtrace::{Backtrace, BacktraceStatus};
    ///
    /// let is_enabled = Backtrace::capture().status() == BacktraceStatus::Captured;
    /// assert_eq!(AppError::new(ErrorCode::SYNC_ERROR, "late").backtrace().is_some(), is_enabled);
    /// ```
    #[must_use]
    pub fn backtrace(&self) -> Option<&Backtrace> {
        let backtrace = self.0.occurrence.backtrace();
        (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace)
    }

    /// Returns how long to wait before another try: as set, or as the first error in the chain of
    /// sources that knows it has, for example a rejection.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    /// use std::{io, time::Duration};
    ///
    /// let busy = AppError::new(ErrorCode::RATE_LIMIT_ERROR, "slow down").with_retry_after(Duration::from_secs(3));
    /// let outer = AppError::from(io::Error::other(busy)).wrap(ErrorCode::API_RESPONSE_ERROR, "no answer");
    /// assert_eq!(outer.retry_after(), Some(Duration::from_secs(3)));
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        View::from_app(self).retry_after()
    }

    /// Returns the first error of type `E` in the chain of sources.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, ResultExt};
    ///
    /// let read = std::fs::read("/no/such/recording").context(ErrorCode::FILE_NOT_FOUND_ERROR, "no recording");
    /// let err = read.unwrap_err();
    /// let io = err.downcast_ref::<std::io::Error>().unwrap();
    /// assert_eq!(io.kind(), std::io::ErrorKind::NotFound);
    /// ```
    #[must_use]
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.chain().find_map(|level| level.downcast_ref::<E>())
    }

    /// Iterates over this error and its sources, outermost first, at most 64; also over what an
    /// `io::Error` hides.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    /// use std::io;
    ///
    /// let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "order not stored").with_source(io::Error::other("disk full"));
    /// let texts: Vec<String> = err.chain().map(ToString::to_string).collect();
    /// assert_eq!(texts[..2], ["order not stored", "disk full"]);
    /// ```
    pub fn chain(&self) -> impl Iterator<Item = &(dyn Error + 'static)> {
        chain(&*self.0)
    }

    /// Gives an uncoded error this code; a coded one keeps its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let err = AppError::from(std::fmt::Error).or_code(ErrorCode::API_RESPONSE_ERROR);
    /// assert!(err.or_code(ErrorCode::CONFIG_ERROR).is(ErrorCode::API_RESPONSE_ERROR));
    /// ```
    #[must_use]
    pub fn or_code(mut self, code: ErrorCode) -> Self {
        if !self.0.coded {
            let body = self.body();
            body.code = code;
            body.coded = true;
        }
        self
    }

    /// Wraps this error in a new one with a code and a message.
    ///
    /// The new one keeps the identity of this one, and that it was reported already if it was: they
    /// are one event.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode};
    ///
    /// let inner = AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full");
    /// let id = inner.id();
    /// let err = inner.wrap(ErrorCode::EXTERNAL_SERVICE_ERROR, "order not stored");
    /// assert_eq!(format!("{err:#}"), "order not stored: disk full");
    /// assert_eq!(err.id(), id);
    /// ```
    #[track_caller]
    #[cold]
    #[must_use]
    pub fn wrap(self, code: ErrorCode, message: impl Into<String>) -> Self {
        let mut outer = Inner::new(code, true, Arc::clone(&self.0.occurrence));
        outer.message = Some(message.into().into_boxed_str());
        outer.source = Some(self.into_source());
        Self(Arc::new(outer))
    }

    /// Returns an error that borrows nothing for adding details, where it is one of this type.
    pub(crate) fn of_mut<E: 'static>(error: &mut E) -> Option<&mut Self> {
        let any: &mut dyn Any = error;
        any.downcast_mut()
    }

    /// Adds a detail unless there is one with this key.
    pub(crate) fn add_detail(&mut self, key: &str, value: impl Into<Value>) {
        self.body()
            .details_mut()
            .entry(key)
            .or_insert_with(|| value.into());
    }

    /// Moves an error whose place is inside the standard library, where `map_err(AppError::from)`
    /// converts, to the place that it left.
    pub(crate) fn or_location(mut self, place: &'static Location<'static>) -> Self {
        if view::is_in_std(self.0.location) {
            self.body().location = place;
        }
        self
    }

    /// Moves the error to the place that it is about, where that is not the one of the code that
    /// made it.
    pub(crate) fn at(mut self, place: &'static Location<'static>) -> Self {
        self.body().location = place;
        self
    }

    /// Puts an error between this one and its source.
    pub(crate) fn interpose<E: Error + Send + Sync + 'static>(
        mut self,
        between: impl FnOnce(Option<SharedError>) -> E,
    ) -> Self {
        let body = self.body();
        body.keep_message();
        body.source = Some(Arc::new(between(body.source.take())));
        self
    }

    /// Makes an error whose class need not be that of its code.
    #[cfg(feature = "reqwest-0_13")]
    #[track_caller]
    pub(crate) fn with_coding(coding: crate::error::Coding, message: String) -> Self {
        let mut error = Self::new(coding.code.unwrap_or(ErrorCode::UNKNOWN_ERROR), message);
        error.body().class = Some(coding.class);
        error
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Returns the body, for changing it; copied first where a clone shares it.
    pub(super) fn body(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    /// Returns the error as a level of another one's chain. An error that only carries its source
    /// adds nothing to the chain.
    fn into_source(self) -> SharedError {
        match &self.0.source {
            Some(source) if self.0.is_bare() => Arc::clone(source),
            _ => self.0,
        }
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
