//! The backlog of one channel: its notifications in the journal. A queued one is kept, a delivered one
//! is settled, and those that an earlier process left are taken over.
//!
//! Each record names its *owner*: a channel of one start of alerting. An owner holds a claim on
//! itself while it lives. Once the claim is free, one other process takes over what the owner left.

use super::{
    history::{
        CHANNEL, Claimed, History, NOTIFICATION, OUTCOME, OWNER, REFUSED, STATES, Undelivered,
    },
    notification::Notification,
    published::PublishedState,
};
use crate::{
    error::{ErrorId, redact},
    event::Severity,
    monitor::{
        ErrorRecord, Origin, RecordKind, RecordState,
        journal::{Claim, Journal, JournalError},
    },
    panics,
    sync::Mutex,
    time::Timestamp,
};
use serde_json::{Map, Value};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// The notifications of one channel in the journal.
#[derive(Debug)]
pub(super) struct Backlog {
    /// The channel's name in records: redacted.
    channel: String,
    own: Mutex<Own>,
    /// Owners that ended, with the claim on each; none if the journal has no claims.
    adopted: Mutex<HashMap<ErrorId, Option<Claim>>>,
    undelivered: Mutex<Undelivered>,
    /// The journal is to be read.
    is_due: AtomicBool,
    /// A notification was given up since the last success.
    has_missed: AtomicBool,
    /// A record could not be written at once.
    has_failed: AtomicBool,
}

#[derive(Debug)]
struct Own {
    id: ErrorId,
    /// Made with the first record: a program without notifications touches no file.
    claim: Option<Option<Claim>>,
}

impl Own {
    fn new() -> Self {
        Self {
            id: ErrorId::new(),
            claim: None,
        }
    }
}

/// The kind of a record about a notification.
#[derive(Clone, Copy)]
pub(super) enum JournalEntry<'a> {
    Queued(&'a [PublishedState]),
    Undelivered,
    Delivered,
    Refused,
}

impl Backlog {
    pub(super) fn new(channel: &str) -> Self {
        Self {
            channel: redact::name(channel).into_owned(),
            own: Mutex::new(Own::new()),
            adopted: Mutex::default(),
            undelivered: Mutex::default(),
            is_due: AtomicBool::new(true),
            has_missed: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Writes a record; returns whether the journal has it.
    pub(super) fn write(
        &self,
        journal: &dyn Journal,
        notification: &Notification,
        entry: JournalEntry<'_>,
        wall: Timestamp,
    ) -> bool {
        let owner = match entry {
            JournalEntry::Queued(_) | JournalEntry::Undelivered => Some(self.claim_own(journal)),
            JournalEntry::Delivered | JournalEntry::Refused => None,
        };
        let record = to_record(notification, &self.channel, owner, &entry, wall);
        // A journal that fails or panics fails no notification.
        let is_written =
            panics::catch(|| journal.append(&record)).is_ok_and(|appended| appended.is_ok());
        if !is_written {
            self.has_failed.store(true, Ordering::Relaxed);
        }
        is_written
    }

    /// Returns this owner, with a claim that keeps other processes from taking it over.
    fn claim_own(&self, journal: &dyn Journal) -> ErrorId {
        let mut own = self.own.lock();
        let id = own.id;
        own.claim.get_or_insert_with(|| {
            panics::catch(|| journal.claim(id))
                .ok()
                .and_then(Result::ok)
                .flatten()
        });
        id
    }

    /// Reads the journal, and claims the owners that ended.
    pub(super) fn read(
        &self,
        journal: &dyn Journal,
        under_way: impl Fn() -> Vec<ErrorId>,
    ) -> Result<History, JournalError> {
        let own = self.own.lock().id;
        let read = || {
            let adopted = self.adopted.lock().keys().copied().collect();
            History::read(
                journal,
                &Claimed {
                    channel: &self.channel,
                    own,
                    adopted,
                },
                under_way(),
            )
        };
        let found = read()?;
        let adopted = found
            .unclaimed
            .iter()
            .filter(|owner| self.adopt(journal, **owner));
        // Another process may have settled part of what they left before they were claimed.
        if adopted.count() > 0 {
            read()
        } else {
            Ok(found)
        }
    }

    /// Claims an owner that may have ended.
    fn adopt(&self, journal: &dyn Journal, owner: ErrorId) -> bool {
        let claim = match panics::catch(|| journal.claim(owner)) {
            Ok(Ok(None)) => return false,
            Ok(Ok(claim)) => claim,
            // In a journal without claims, delivery twice is better than none.
            Ok(Err(_)) | Err(_) => None,
        };
        self.adopted.lock().insert(owner, claim);
        true
    }

    /// Releases the claims, after what was written is in the journal.
    pub(super) fn release(&self, journal: Option<Arc<dyn Journal>>) {
        if let Some(journal) = journal
            && self.has_failed.swap(false, Ordering::Relaxed)
        {
            let _ = panics::catch(|| journal.flush());
        }
        let own = std::mem::replace(&mut *self.own.lock(), Own::new());
        let adopted = std::mem::take(&mut *self.adopted.lock());
        drop((own, adopted));
    }

    /// Closes a forked process's copies of its parent's claims: they would last as long as both.
    pub(super) fn leave_to_parent(&self) {
        // Another thread of the parent may have held a lock, which is never released here.
        let own = self.own.try_lock().and_then(|mut own| own.claim.take());
        let adopted = self
            .adopted
            .try_lock()
            .map(|mut adopted| std::mem::take(&mut *adopted));
        drop((own, adopted));
    }

    pub(super) fn set_undelivered(&self, undelivered: Undelivered) {
        *self.undelivered.lock() = undelivered;
    }

    /// Records that a notification was given up, and forgets those that were read: their delivery would
    /// fail too.
    pub(super) fn miss(&self) {
        self.has_missed.store(true, Ordering::Relaxed);
        self.set_undelivered(Undelivered::default());
    }

    /// Records that a notification was given up because the queue was full.
    pub(super) fn miss_one(&self) {
        self.has_missed.store(true, Ordering::Relaxed);
    }

    /// Records that the channel works: what it missed can follow.
    pub(super) fn recover(&self) {
        if self.has_missed.swap(false, Ordering::Relaxed) {
            self.is_due.store(true, Ordering::Relaxed);
        }
    }

    /// Records that the journal cannot be written: reading it again would find the same.
    pub(super) fn stop_reading(&self) {
        self.undelivered.lock().take_more();
    }

    /// Returns `true`, once, if the journal is to be read.
    pub(super) fn take_due(&self) -> bool {
        self.is_due.swap(false, Ordering::Relaxed)
    }

    /// Takes the oldest undelivered notification, or returns whether there may be more in the journal.
    pub(super) fn next(&self) -> Result<Arc<Notification>, bool> {
        let mut undelivered = self.undelivered.lock();
        undelivered.next().ok_or_else(|| {
            let has_more = undelivered.take_more();
            if has_more {
                self.is_due.store(true, Ordering::Relaxed);
            }
            has_more
        })
    }

    pub(super) fn is_idle(&self) -> bool {
        self.undelivered.lock().is_empty()
    }
}

/// Makes the record of a notification for a channel.
fn to_record(
    notification: &Notification,
    channel: &str,
    owner: Option<ErrorId>,
    entry: &JournalEntry<'_>,
    timestamp: Timestamp,
) -> ErrorRecord {
    let mut details = Map::new();
    details.insert(CHANNEL.into(), channel.into());
    if let Some(owner) = owner {
        details.insert(OWNER.into(), owner.to_string().into());
    }
    let kind = match entry {
        JournalEntry::Queued(_) => RecordKind::Queued,
        JournalEntry::Undelivered => RecordKind::Undelivered,
        JournalEntry::Delivered | JournalEntry::Refused => RecordKind::Settled,
    };
    if kind != RecordKind::Settled {
        // A notification is texts, numbers and JSON values: it has a JSON form.
        details.insert(
            NOTIFICATION.into(),
            serde_json::to_value(notification).unwrap_or_default(),
        );
    }
    match entry {
        JournalEntry::Queued(states) if !states.is_empty() => {
            details.insert(
                STATES.into(),
                Value::Array(states.iter().map(PublishedState::to_json).collect()),
            );
        }
        JournalEntry::Refused => {
            details.insert(OUTCOME.into(), REFUSED.into());
        }
        _ => {}
    }
    let (code, error_code) = match &notification.error {
        Some(error) => (error.code, error.error_code.clone()),
        None => (0, "ALERT".to_owned()),
    };
    ErrorRecord {
        kind,
        id: notification.id,
        timestamp,
        level: Severity::Error.max(notification.level),
        code,
        error_code,
        error_type: "Notification".into(),
        message: notification.title.clone(),
        chain: Vec::new(),
        details,
        operation: "alert".into(),
        component: "gardefou::alerts".into(),
        location: None,
        elapsed: None,
        fingerprint: notification.fingerprint,
        context: None,
        origin: Origin::current(),
        state: RecordState::Error,
        attempt: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::notification::NotificationKind;

    #[test]
    fn secret_in_a_channel_name_is_redacted_in_the_journal() {
        let notification =
            Notification::new(NotificationKind::Recovery, Severity::Error, "rule", "title");
        let channel = |name| {
            let backlog = Backlog::new(name);
            to_record(
                &notification,
                &backlog.channel,
                None,
                &JournalEntry::Delivered,
                Timestamp::from_unix_millis(0),
            )
            .details[CHANNEL]
                .clone()
        };
        assert_eq!(channel("https://u:hunter2@h/"), "https://[redacted]@h/");
        assert_eq!(channel("ops-mail"), "ops-mail");
    }
}
