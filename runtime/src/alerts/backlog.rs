//! What an earlier time could not deliver, and the journal has.

use super::Notice;
use crate::{
    error::ErrorId,
    monitor::{
        ErrorRecord, RecordKind,
        journal::{Journal, JournalError, Query},
    },
};
use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

/// The oldest notices that wait in the journal for one channel.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: VecDeque<Arc<Notice>>,
    /// Whether the journal has younger ones, for which there was no room here.
    has_more: bool,
}

/// A journal may have kept notices for as long as a channel was down; so many are in memory at once.
const MAX_WAITING: usize = 250;

impl Backlog {
    /// Looks for all notices that a channel missed, however old; leaves out those that are under way.
    pub(super) fn find(
        journal: &dyn Journal,
        channel: &str,
        under_way: impl IntoIterator<Item = ErrorId>,
    ) -> Result<Self, JournalError> {
        Self::find_up_to(MAX_WAITING, journal, channel, under_way)
    }

    fn find_up_to(
        max: usize,
        journal: &dyn Journal,
        channel: &str,
        under_way: impl IntoIterator<Item = ErrorId>,
    ) -> Result<Self, JournalError> {
        let here = |record: &ErrorRecord| record.details.get("channel").is_some_and(|name| name == channel);
        let mut found = Self::default();
        let mut known: Option<HashSet<ErrorId>> = None;
        let mut under_way = Some(under_way);
        for_each(journal, RecordKind::Undelivered, |record| {
            if !here(&record) {
                return Ok(());
            }
            let known = match &mut known {
                Some(known) => known,
                // Most journals have nothing that was not delivered: what was settled need not be read there.
                None => {
                    let mut settled: HashSet<ErrorId> = under_way.take().into_iter().flatten().collect();
                    for_each(journal, RecordKind::Settled, |record| {
                        settled.extend(here(&record).then_some(record.id));
                        Ok(())
                    })?;
                    known.insert(settled)
                }
            };
            let is_new = known.insert(record.id);
            let notice =
                record.details.get("notice").filter(|_| is_new).cloned().and_then(Notice::of_json).map(Notice::late);
            // The newest come first: what is pushed out at the front is younger than all that stays.
            if let Some(notice) = notice {
                found.waiting.push_back(Arc::new(notice));
                if found.waiting.len() > max {
                    found.waiting.pop_front();
                    found.has_more = true;
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Gives the oldest one.
    pub(super) fn next(&mut self) -> Option<Arc<Notice>> {
        self.waiting.pop_back()
    }

    /// Tells, once, whether the journal has more than was found here.
    pub(super) fn take_more(&mut self) -> bool {
        std::mem::take(&mut self.has_more)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.has_more
    }
}

/// Reads all records of a kind, newest first.
fn for_each(
    journal: &dyn Journal,
    kind: RecordKind,
    mut visit: impl FnMut(ErrorRecord) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let mut query = Query::new().kind(kind).limit(Query::MAX_LIMIT);
    loop {
        let page = journal.query(&query)?;
        for record in page.records {
            visit(record)?;
        }
        match page.next {
            Some(next) => query = query.after(next),
            None => return Ok(()),
        }
    }
}
