//! What the journal has of the notifications of one channel.

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

/// What the journal has of the notifications of one channel.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Notifications that are to be delivered.
    pub(super) undelivered: Undelivered,
    /// Subjects whose last notification was about a bad state.
    pub(super) restored: Vec<RestoredState>,
    /// Owners of more of both, which are not claimed.
    pub(super) strangers: HashSet<ErrorId>,
}

/// The oldest notifications that wait in the journal for one channel.
#[derive(Debug, Default)]
pub(super) struct Undelivered {
    waiting: VecDeque<Arc<Notification>>,
    /// Whether the journal has younger ones, for which there was no room here.
    has_more: bool,
}

/// Whose notifications are looked for.
#[derive(Debug)]
pub(super) struct Claimed<'a> {
    /// As the journal has the name.
    pub(super) channel: &'a str,
    /// The owner of what is queued by this process: of those, what was given up.
    pub(super) own: ErrorId,
    /// The owners that ended, and are claimed.
    pub(super) adopted: HashSet<ErrorId>,
}

/// A journal may have kept notifications for as long as a channel was down; so many are in memory at
/// once.
const MAX_WAITING: usize = 250;

impl History {
    /// Reads the whole journal, however old; leaves out the notifications that are under way.
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
        // Two processes may write to two files at the same time, so that one that is settled need
        // not come behind.
        found
            .undelivered
            .waiting
            .retain(|notification| !settled.contains_key(&notification.id));
        Ok(found)
    }
}

/// A journal that is being read, the newest record first.
struct Reading<'a> {
    claimed: &'a Claimed<'a>,
    found: History,
    known: HashSet<ErrorId>,
    /// The notifications that need no more tries, and whether they arrived.
    settled: HashMap<ErrorId, bool>,
    /// The subjects of which a newer notification was found.
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
        // What is queued by this process is in its memory, until it is given up.
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
            .remove(NOTICE)
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
            // One's own are in memory.
            if is_last
                && !state.state.is_good
                && owner != Some(self.claimed.own)
                && self.is_claimed(owner)
            {
                let rule = record
                    .details
                    .get(NOTICE)
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

    /// Returns `true` if nobody else delivers for an owner. A record without one is of a journal
    /// that was written by hand.
    fn is_claimed(&mut self, owner: Option<ErrorId>) -> bool {
        let is_claimed = owner
            .is_none_or(|owner| owner == self.claimed.own || self.claimed.adopted.contains(&owner));
        if let (Some(owner), false) = (owner, is_claimed) {
            self.found.strangers.insert(owner);
        }
        is_claimed
    }
}

impl Undelivered {
    /// The newest come first: what is pushed out at the front is younger than all that stays.
    fn add_older(&mut self, notification: Arc<Notification>) {
        self.waiting.push_back(notification);
        if self.waiting.len() > MAX_WAITING {
            self.waiting.pop_front();
            self.has_more = true;
        }
    }

    /// Gives the oldest one.
    pub(super) fn next(&mut self) -> Option<Arc<Notification>> {
        self.waiting.pop_back()
    }

    /// Returns, once, whether the journal has more than was found here.
    pub(super) fn take_more(&mut self) -> bool {
        std::mem::take(&mut self.has_more)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.has_more
    }
}

/// The details of records about notifications.
pub(super) const CHANNEL: &str = "channel";
pub(super) const OWNER: &str = "owner";
pub(super) const NOTICE: &str = "notification";
pub(super) const STATES: &str = "states";
pub(super) const OUTCOME: &str = "outcome";
pub(super) const REFUSED: &str = "refused";
