//! The history of one channel: the result of reading its records in the journal.

use super::{
    notification::Notification,
    published::{PublishedState, RestoredState},
};
use crate::{
    error::ErrorId,
    monitor::{
        ErrorRecord, Fingerprint, RecordKind,
        journal::{Journal, JournalError, Query},
    },
};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

/// The records of one channel in the journal.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Notifications that are to be delivered.
    pub(super) undelivered: Undelivered,
    /// Subjects whose last notification was about a bad state.
    pub(super) restored: Vec<RestoredState>,
    /// Owners of more of both, which are not claimed.
    pub(super) unclaimed: HashSet<ErrorId>,
}

/// The oldest undelivered notifications.
#[derive(Debug, Default)]
pub(super) struct Undelivered {
    waiting: VecDeque<Arc<Notification>>,
    /// Whether the journal has younger ones, for which there was no room here.
    has_more: bool,
}

/// The owners whose notifications are read.
#[derive(Debug)]
pub(super) struct Claimed<'a> {
    /// The channel's name in records.
    pub(super) channel: &'a str,
    /// This owner, of whose notifications only those that were given up are read.
    pub(super) own: ErrorId,
    /// The owners that ended and are claimed.
    pub(super) adopted: HashSet<ErrorId>,
}

/// How many undelivered notifications are in memory at once: the journal may have kept them for as long
/// as a channel was down.
const MAX_WAITING: usize = 250;

impl History {
    /// Reads the whole journal, without the notifications that are under way.
    pub(super) fn read(
        journal: &dyn Journal,
        claimed: &Claimed<'_>,
        under_way: impl IntoIterator<Item = ErrorId>,
    ) -> Result<Self, JournalError> {
        let mut reading = Reading {
            claimed,
            found: Self::default(),
            known: under_way.into_iter().collect(),
            settled: HashMap::new(),
            subjects: HashSet::new(),
        };
        let mut query = Query::new().of_notifications().limit(Query::MAX_LIMIT);
        loop {
            let page = journal.query(&query)?;
            page.records
                .into_iter()
                .for_each(|record| reading.take(record));
            match page.next {
                Some(next) => query = query.after(next),
                None => break,
            }
        }
        let Reading {
            mut found, settled, ..
        } = reading;
        // Two processes may write to two files at the same time, so a settlement need not follow the
        // record that it settles.
        found
            .undelivered
            .waiting
            .retain(|notification| !settled.contains_key(&notification.id));
        Ok(found)
    }
}

/// A journal under reading, the newest record first.
struct Reading<'a> {
    claimed: &'a Claimed<'a>,
    found: History,
    known: HashSet<ErrorId>,
    /// The notifications that are settled, and whether they were delivered.
    settled: HashMap<ErrorId, bool>,
    /// The subjects with a newer notification.
    subjects: HashSet<Fingerprint>,
}

impl Reading<'_> {
    fn take(&mut self, mut record: ErrorRecord) {
        let text = |key: &str| record.details.get(key).and_then(Value::as_str);
        if text(CHANNEL) != Some(self.claimed.channel) {
            return;
        }
        if record.kind == RecordKind::Settled {
            self.settled
                .insert(record.id, text(OUTCOME) != Some(REFUSED));
            return;
        }
        let owner = text(OWNER).and_then(|owner| owner.parse().ok());
        let settled = self.settled.get(&record.id).copied();
        if record.kind == RecordKind::Queued && settled != Some(false) {
            self.take_states(&record, owner);
        }
        // What this process has queued is in its memory, until it is given up.
        if settled.is_some()
            || (owner == Some(self.claimed.own) && record.kind == RecordKind::Queued)
        {
            return;
        }
        if !self.is_claimed(owner) || !self.known.insert(record.id) {
            return;
        }
        let notification = record
            .details
            .remove(NOTIFICATION)
            .and_then(Notification::from_json);
        if let Some(notification) = notification {
            self.found
                .undelivered
                .add_older(Arc::new(notification.late()));
        }
    }

    fn take_states(&mut self, record: &ErrorRecord, owner: Option<ErrorId>) {
        let states = record
            .details
            .get(STATES)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let states: Vec<PublishedState> = states
            .filter_map(|state| PublishedState::from_json(state.as_object()?))
            .collect();
        for state in states {
            let is_last = self.subjects.insert(state.fingerprint);
            // Those of this process are in its memory.
            if is_last
                && !state.state.is_good
                && owner != Some(self.claimed.own)
                && self.is_claimed(owner)
            {
                let rule = record
                    .details
                    .get(NOTIFICATION)
                    .and_then(|notification| notification.get("rule"))
                    .and_then(Value::as_str);
                let rule = rule.unwrap_or_default().to_owned();
                self.found.restored.push(RestoredState {
                    state,
                    rule,
                    at: record.timestamp,
                });
            }
        }
    }

    /// Returns `true` if no other process delivers for an owner. A record without one was written by
    /// hand.
    fn is_claimed(&mut self, owner: Option<ErrorId>) -> bool {
        let is_claimed = owner
            .is_none_or(|owner| owner == self.claimed.own || self.claimed.adopted.contains(&owner));
        if let (Some(owner), false) = (owner, is_claimed) {
            self.found.unclaimed.insert(owner);
        }
        is_claimed
    }
}

impl Undelivered {
    /// Adds a notification that is older than all before it; the youngest leaves where there is no room.
    fn add_older(&mut self, notification: Arc<Notification>) {
        self.waiting.push_back(notification);
        if self.waiting.len() > MAX_WAITING {
            self.waiting.pop_front();
            self.has_more = true;
        }
    }

    /// Takes the oldest one.
    pub(super) fn next(&mut self) -> Option<Arc<Notification>> {
        self.waiting.pop_back()
    }

    /// Returns `true`, once, if the journal has more.
    pub(super) fn take_more(&mut self) -> bool {
        std::mem::take(&mut self.has_more)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.has_more
    }
}

/// The keys and values in the details of records about notifications.
pub(super) const CHANNEL: &str = "channel";
pub(super) const OWNER: &str = "owner";
pub(super) const NOTIFICATION: &str = "notification";
pub(super) const STATES: &str = "states";
pub(super) const OUTCOME: &str = "outcome";
pub(super) const REFUSED: &str = "refused";
