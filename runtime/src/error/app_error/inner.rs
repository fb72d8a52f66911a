//! What the one word points to.

use super::BoxedError;
use crate::error::{ErrorCode, ErrorId, Rejection, chain, details};
use serde_json::{Map, Value};
use std::{
    backtrace::Backtrace,
    error::Error,
    panic::Location,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// What an [`AppError`](crate::AppError) points to. It implements [`Error`], so that it can be the source of another
/// error.
pub(crate) struct Inner {
    pub(super) code: ErrorCode,
    pub(super) coded: bool,
    /// None where the error was converted from another one, whose text then is its message.
    pub(super) message: Option<Box<str>>,
    /// The text of the source, once somebody asked for the message of a converted error.
    pub(super) source_text: OnceLock<Box<str>>,
    pub(super) public_message: Option<Box<str>>,
    pub(super) details: Map<String, Value>,
    pub(super) source: Option<BoxedError>,
    pub(super) retry_after: Option<Duration>,
    pub(super) id: ErrorId,
    pub(super) location: &'static Location<'static>,
    pub(super) backtrace: Backtrace,
    /// Set by the first boundary that reports this error, so that the others do not.
    reported: AtomicBool,
}

impl Inner {
    #[track_caller]
    pub(super) fn new(code: ErrorCode, coded: bool) -> Self {
        Self {
            code,
            coded,
            message: None,
            source_text: OnceLock::new(),
            public_message: None,
            details: Map::new(),
            source: None,
            retry_after: None,
            id: ErrorId::new(),
            location: Location::caller(),
            backtrace: Backtrace::capture(),
            reported: AtomicBool::new(false),
        }
    }

    pub(super) fn message(&self) -> &str {
        match (&self.message, &self.source) {
            (Some(message), _) => message,
            (None, Some(source)) => self.source_text.get_or_init(|| details::display(source).into()),
            (None, None) => self.code.name(),
        }
    }

    /// Makes the message independent of the source, which is about to change.
    pub(super) fn keep_message(&mut self) {
        if self.message.is_none() && self.source.is_some() {
            self.message = Some(self.message().into());
        }
    }

    /// Sets the source; if one of ours stands in its chain, both are one event.
    pub(super) fn set_source(&mut self, source: BoxedError) {
        if let Some(ours) = chain(&*source).find_map(|level| level.downcast_ref::<Self>()) {
            self.same_event_as(ours);
        }
        self.source = Some(source);
    }

    pub(super) fn same_event_as(&mut self, other: &Self) {
        self.id = other.id;
        // Relaxed is enough, here and below: the flag orders nothing but itself.
        self.reported = AtomicBool::new(other.reported.load(Ordering::Relaxed));
    }

    /// The error as a level of another one's chain. One that only carries its source adds nothing to the chain.
    pub(super) fn into_level(mut self: Box<Self>) -> BoxedError {
        let bare = !self.coded
            && self.message.is_none()
            && self.public_message.is_none()
            && self.retry_after.is_none()
            && self.details.is_empty();
        match self.source.take() {
            Some(source) if bare => source,
            source => {
                self.source = source;
                self
            }
        }
    }

    /// This error and the others of ours in its chain.
    pub(super) fn levels_of_ours(&self) -> impl Iterator<Item = &Self> {
        chain(self).filter_map(|level| level.downcast_ref::<Self>())
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
        chain(self).find_map(|level| match level.downcast_ref::<Rejection>() {
            Some(rejection) => rejection.retry_after(),
            None => level.downcast_ref::<Self>()?.retry_after,
        })
    }

    pub(crate) fn is_reported(&self) -> bool {
        self.reported.load(Ordering::Relaxed)
    }

    pub(crate) fn claim_report(&self) -> bool {
        !self.reported.swap(true, Ordering::Relaxed)
    }
}

impl Error for Inner {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
