//! Shared contents of `AppError`: the body, which `with_*` copies, and the occurrence, which all
//! copies share.

use crate::error::{Class, ErrorCode, ErrorId, Rejection, View, chain, details, view};
use serde_json::{Map, Value};
use std::{
    backtrace::Backtrace,
    error::Error,
    panic::Location,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub(crate) type SharedError = Arc<dyn Error + Send + Sync>;

/// The event that an error stands for. Every clone of the error, and every error that wraps it,
/// shares it.
pub(crate) struct Occurrence {
    own_id: ErrorId,
    /// The identity under which it was reported, where that was known before: it was made of an
    /// error that had no room for one.
    known_as: OnceLock<ErrorId>,
    backtrace: Backtrace,
    /// Set by the first boundary that reports the error, so that the others do not. Relaxed
    /// everywhere: the flag orders nothing but itself.
    reported: AtomicBool,
}

impl Occurrence {
    pub(super) fn new() -> Arc<Self> {
        Self::with_id(ErrorId::new())
    }

    pub(super) fn with_id(id: ErrorId) -> Arc<Self> {
        let (backtrace, reported) = (Backtrace::capture(), AtomicBool::new(false));
        Arc::new(Self {
            own_id: id,
            known_as: OnceLock::new(),
            backtrace,
            reported,
        })
    }

    pub(crate) fn id(&self) -> ErrorId {
        *self.known_as.get().unwrap_or(&self.own_id)
    }

    pub(super) fn backtrace(&self) -> &Backtrace {
        &self.backtrace
    }

    pub(crate) fn is_reported(&self) -> bool {
        self.reported.load(Ordering::Relaxed)
    }

    /// Marks the error as reported, under an identity where it is known by that, and returns `true`
    /// if it was not before.
    pub(crate) fn claim_report(&self, known_as: Option<ErrorId>) -> bool {
        let is_first = !self.reported.swap(true, Ordering::Relaxed);
        if is_first && let Some(id) = known_as {
            let _ = self.known_as.set(id);
        }
        is_first
    }
}

/// The body of an [`AppError`](crate::AppError). It implements [`Error`], so that it can be the
/// source of another error.
#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) code: ErrorCode,
    pub(crate) coded: bool,
    /// The class, where a mapping gave another one than the code has.
    pub(super) class: Option<Class>,
    /// None where the error was converted from another one, whose text then is its message.
    pub(super) message: Option<Box<str>>,
    /// The text of the source, once the message of a converted error was read.
    pub(super) source_text: OnceLock<Box<str>>,
    pub(super) public_message: Option<Box<str>>,
    /// What else a client may see: extension members of problem details.
    pub(super) extension_members: Map<String, Value>,
    /// Unset in the error that is made of a rejection, until someone reads them: few do, and many
    /// calls are rejected in an outage.
    details: OnceLock<Map<String, Value>>,
    pub(super) source: Option<SharedError>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) location: &'static Location<'static>,
    pub(crate) occurrence: Arc<Occurrence>,
}

impl Inner {
    #[track_caller]
    pub(super) fn new(code: ErrorCode, coded: bool, occurrence: Arc<Occurrence>) -> Self {
        Self {
            code,
            coded,
            class: None,
            message: None,
            source_text: OnceLock::new(),
            public_message: None,
            extension_members: Map::new(),
            details: Map::new().into(),
            source: None,
            retry_after: None,
            location: Location::caller(),
            occurrence,
        }
    }

    pub(crate) fn message(&self) -> &str {
        match (&self.message, &self.source) {
            (Some(message), _) => message,
            (None, Some(source)) => self
                .source_text
                .get_or_init(|| details::display(source).into()),
            (None, None) => self.code.name(),
        }
    }

    pub(super) fn details(&self) -> &Map<String, Value> {
        self.details.get_or_init(|| self.details_of_source())
    }

    pub(super) fn details_mut(&mut self) -> &mut Map<String, Value> {
        if self.details.get().is_none() {
            self.details = self.details_of_source().into();
        }
        match self.details.get_mut() {
            Some(details) => details,
            None => unreachable!("they were just set"),
        }
    }

    pub(super) fn set_details(&mut self, details: Map<String, Value>) {
        self.details = details.into();
    }

    /// Leaves the details to the source, a rejection, which knows them as long as it lives.
    pub(super) fn leave_details_to_source(&mut self) {
        self.details = OnceLock::new();
    }

    fn details_of_source(&self) -> Map<String, Value> {
        let source = self.source.as_deref();
        let rejection = source.and_then(|source| source.downcast_ref::<Rejection>());
        rejection.map(Rejection::details).unwrap_or_default()
    }

    /// Makes the message independent of the source, which is about to change.
    pub(super) fn keep_message(&mut self) {
        if self.message.is_none() && self.source.is_some() {
            self.message = Some(self.message().into());
        }
    }

    /// Sets the source; if an `AppError` stands in its chain, both are one event.
    pub(super) fn set_source(&mut self, source: SharedError) {
        // Those of the source before it stay.
        self.details();
        if let Some((ours, _)) = View::from_dyn(&*source).shared() {
            self.occurrence = Arc::clone(&ours.0.occurrence);
        }
        self.source = Some(source);
    }

    /// Returns `true` if the error adds nothing to its source.
    pub(super) fn is_bare(&self) -> bool {
        !self.coded
            && self.message.is_none()
            && self.public_message.is_none()
            && self.extension_members.is_empty()
            && self.retry_after.is_none()
            && self.details().is_empty()
    }

    /// Iterates over this error and the other `AppError`s in its chain whose contents can be read.
    pub(super) fn levels_of_ours(&self) -> impl Iterator<Item = &Self> {
        chain(self).filter_map(Self::in_level)
    }

    /// Returns the class of this error itself, if it has a code.
    pub(crate) fn own_class(&self) -> Option<Class> {
        self.coded.then(|| self.class.unwrap_or(self.code.class()))
    }
}

impl Error for Inner {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        view::answer(self, view::Call::Source);
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
