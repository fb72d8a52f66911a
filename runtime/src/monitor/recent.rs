//! The most recent errors, capped in count and bytes.

use super::batch::Moment;
use crate::{
    error::{ErrorCode, ErrorId, ErrorRef},
    event::{
        ErrorContext, ErrorEvent, Fingerprint, Origin, Record, RecordKind, RecordState, Severity,
        record, text,
    },
    time::Timestamp,
};
use serde_json::Map;
use std::{borrow::Cow, collections::VecDeque, panic::Location, sync::Arc, time::Duration};

/// The texts of an error, taken before the monitor is locked: foreign code runs here.
#[derive(Debug)]
pub(super) struct Texts {
    error_type: Cow<'static, str>,
    message: Message,
    chain: Vec<String>,
}

/// The redactor and the escaping cost more than all else of a record, and most records are never
/// read: a short message is kept as it was written and made fit for a sink when it is read.
#[derive(Debug)]
enum Message {
    /// As written, secrets included; short enough that no cut can hide a secret from the redactor.
    Raw(Box<str>),
    /// Redacted, then cut.
    Clean(Box<str>),
}

/// One recent error.
#[derive(Debug)]
pub(super) struct RecentError {
    /// Its place among all that were ever recorded.
    pub(super) moment: Moment,
    pub(super) timestamp: Timestamp,
    pub(super) id: ErrorId,
    pub(super) code: ErrorCode,
    pub(super) level: Severity,
    pub(super) operation: Arc<str>,
    pub(super) component: Arc<str>,
    pub(super) location: Option<&'static Location<'static>>,
    pub(super) elapsed: Option<Duration>,
    pub(super) fingerprint: Fingerprint,
    pub(super) texts: Texts,
    pub(super) context: Option<Box<ErrorContext>>,
}

/// The ring of one shard. Readers copy the pointers, and work on errors that no longer change.
#[derive(Debug)]
pub(super) struct Recent {
    entries: VecDeque<Arc<RecentError>>,
    bytes: usize,
    max_entries: usize,
    max_bytes: usize,
}

const RAW_MESSAGE: usize = 1024;

impl Texts {
    pub(super) fn from_event(event: &ErrorEvent<'_>) -> Self {
        let message = match event.error {
            ErrorRef::App(app) if app.message().len() <= RAW_MESSAGE => {
                Message::Raw(app.message().into())
            }
            ref error => Message::Clean(text::for_sink(error, RAW_MESSAGE).into()),
        };
        Self {
            error_type: record::type_of(&event.error),
            message,
            chain: record::chain_of(&event.error),
        }
    }

    /// Takes the texts of a record.
    pub(super) fn from_record(record: &Record) -> Self {
        Self {
            error_type: record.error_type.clone().into(),
            message: Message::Clean(match record.message.len() {
                0..=RAW_MESSAGE => record.message.as_str().into(),
                _ => text::for_sink(&record.message, RAW_MESSAGE).into(),
            }),
            chain: record.chain.clone(),
        }
    }
}

impl RecentError {
    fn bytes(&self) -> usize {
        let texts = &self.texts;
        let message = match &texts.message {
            Message::Raw(text) | Message::Clean(text) => text.len(),
        };
        let chain: usize = texts
            .chain
            .iter()
            .map(|text| text.len() + size_of::<String>())
            .sum();
        // The tables usually share the names; counting them here errs on the safe side.
        let context = self.context.as_ref().map_or(0, |context| context.bytes());
        size_of::<Self>()
            + context
            + message
            + chain
            + texts.error_type.len()
            + self.operation.len()
            + self.component.len()
    }

    pub(super) fn to_record(&self) -> Record {
        Record {
            kind: RecordKind::Error,
            id: self.id,
            timestamp: self.timestamp,
            level: self.level,
            code: self.code.number(),
            error_code: text::for_sink(&self.code.name(), record::MAX_NAME),
            error_type: self.texts.error_type.clone().into_owned(),
            message: match &self.texts.message {
                Message::Raw(raw) => text::for_sink(raw, text::MAX_MESSAGE),
                Message::Clean(clean) => clean.to_string(),
            },
            chain: self.texts.chain.clone(),
            details: Map::new(),
            operation: self.operation.to_string(),
            component: self.component.to_string(),
            location: self.location.map(ToString::to_string),
            elapsed: self.elapsed,
            fingerprint: self.fingerprint,
            context: self.context.clone(),
            // Read late: the origin may be set after an early error.
            origin: Origin::current(),
            state: RecordState::Error,
            attempt: None,
        }
    }
}

impl Recent {
    pub(super) fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            max_entries,
            max_bytes,
        }
    }

    /// Adds an error and returns those that it evicts.
    pub(super) fn push(&mut self, entry: impl FnOnce() -> RecentError) -> Evicted {
        if self.max_entries == 0 {
            return Evicted::default();
        }
        let entry = Arc::new(entry());
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        self.shrink()
    }

    /// Sets how much is kept; returns the errors that are evicted.
    pub(super) fn limit(&mut self, max_entries: usize, max_bytes: usize) -> Evicted {
        (self.max_entries, self.max_bytes) = (max_entries, max_bytes);
        self.shrink()
    }

    /// Empties the ring.
    pub(super) fn clear(&mut self) -> Evicted {
        self.bytes = 0;
        Evicted {
            first: None,
            others: self.entries.drain(..).collect(),
        }
    }

    /// Iterates over all errors, about in the order of their moments.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<RecentError>> {
        self.entries.iter()
    }

    fn shrink(&mut self) -> Evicted {
        let mut evicted = Evicted::default();
        while self.entries.len() > self.max_entries
            || (self.bytes > self.max_bytes && self.entries.len() > 1)
        {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
            if let Some(before) = evicted.first.replace(oldest) {
                evicted.others.push(before);
            }
        }
        evicted
    }
}

/// Errors that left a ring: usually one.
#[derive(Debug, Default)]
#[must_use = "to be dropped after the lock"]
pub(super) struct Evicted {
    first: Option<Arc<RecentError>>,
    others: Vec<Arc<RecentError>>,
}

impl Evicted {
    pub(super) fn append(&mut self, more: Self) {
        self.others
            .extend(more.first.into_iter().chain(more.others));
    }
}
