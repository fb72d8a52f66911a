//! The notifications of one channel in the journal: what is queued is kept, what is delivered is
//! settled, and what an earlier process left is taken over.
//!
//! Each record names its *owner*: a channel of one start of alerting. An owner holds a claim on
//! itself while it lives, so that another process takes over what it left once the claim is free,
//! and of several processes only one.

use super::{
    history::{CHANNEL, Claimed, History, NOTICE, OUTCOME, OWNER, REFUSED, STATES, Undelivered},
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
    /// The channel's name as the journal has it.
    channel: String,
    own: Mutex<Own>,
    /// Owners that ended. No claim where none can be made.
    adopted: Mutex<HashMap<ErrorId, Option<Claim>>>,
    undelivered: Mutex<Undelivered>,
    /// The journal is to be read.
    is_due: AtomicBool,
    /// Something was given up since the last success.
    has_missed: AtomicBool,
    /// Something could not be written at once.
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

/// What a record says of a notification.
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

    /// Returns this owner, and sees to it that no other process takes it for one that ended.
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
        let strangers = found
            .strangers
            .iter()
            .filter(|stranger| self.adopt(journal, **stranger));
        // Only now does nobody else deliver what they left: part of it may have been settled since.
        if strangers.count() > 0 {
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
            // Where nobody can claim anything, twice is better than not at all.
            Ok(Err(_)) | Err(_) => None,
        };
        self.adopted.lock().insert(owner, claim);
        true
    }

    /// Lets the next process take over: what was written before is in the journal.
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

    /// Closes the copies of the claims that a process which was forked has of its parent: they
    /// would last as long as both.
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

    /// Notes that something was given up; what waits in the journal would fare no better.
    pub(super) fn miss(&self) {
        self.has_missed.store(true, Ordering::Relaxed);
        self.set_undelivered(Undelivered::default());
    }

    /// Notes that something was given up that found no room.
    pub(super) fn miss_one(&self) {
        self.has_missed.store(true, Ordering::Relaxed);
    }

    /// Notes that the channel works: what it missed can follow.
    pub(super) fn recover(&self) {
        if self.has_missed.swap(false, Ordering::Relaxed) {
            self.is_due.store(true, Ordering::Relaxed);
        }
    }

    /// Notes that the journal cannot be written: another look would find the same again.
    pub(super) fn stop_reading(&self) {
        self.undelivered.lock().take_more();
    }

    /// Returns, once, whether the journal is to be read.
    pub(super) fn take_due(&self) -> bool {
        self.is_due.swap(false, Ordering::Relaxed)
    }

    /// Gives the oldest notification of an earlier time, or returns whether there may be more in
    /// the journal.
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

/// The record by which the journal keeps a notification for a channel.
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
            NOTICE.into(),
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
        component: module_path!().into(),
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
    fn a_secret_in_the_name_of_a_channel_reaches_no_journal() {
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
