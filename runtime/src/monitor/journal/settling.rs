//! Errors inside attempts, held back by those who follow a journal until they are settled.

use super::query::Query;
use crate::{
    error::ErrorId,
    event::{Record, RecordKind, RecordState},
    time::Timestamp,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Joins the two records of an error for those who follow a journal, where the second one is not
/// written yet.
///
/// An error inside an attempt is held back until it is settled, at most two minutes, and at most 256
/// at a time: then it stands. A transition of a circuit is shown at once; its second record, at the
/// end of the opening, is left out.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, event::RecordState, monitor::{ErrorMonitor, MonitorConfig}};
/// use gardefou::monitor::journal::{Query, support::Unsettled};
///
/// let monitor = ErrorMonitor::new(MonitorConfig::default());
/// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
/// let mut record = monitor.stats().recent_errors.remove(0);
/// record.state = RecordState::Pending;
///
/// let (query, mut unsettled) = (Query::new(), Unsettled::default());
/// assert_eq!(unsettled.add(&query, record.clone()), None, "another attempt may follow");
/// record.state = RecordState::Error;
/// record.attempt = Some((3, 3));
/// assert_eq!(unsettled.add(&query, record.clone()), Some(record));
/// ```
#[derive(Debug, Default)]
pub struct Unsettled {
    held: BTreeMap<ErrorId, Record>,
    /// Transitions that were shown; identities sort by time.
    shown: BTreeSet<ErrorId>,
}

const MAX_HELD: usize = 256;
/// An error is settled within a minute, and its line is written within a second.
const HELD_FOR: Duration = Duration::from_secs(120);
const MAX_SHOWN: usize = 1024;

impl Unsettled {
    /// Takes the next record of a journal, and returns the one that is to be shown, if any.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::RecordState, monitor::{ErrorMonitor, MonitorConfig}};
    /// # use gardefou::monitor::journal::{Query, support::Unsettled};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let mut record = monitor.stats().recent_errors.remove(0);
    /// let (query, mut unsettled) = (Query::new(), Unsettled::default());
    /// assert!(unsettled.add(&query, record.clone()).is_some());
    /// record.state = RecordState::Pending;
    /// assert!(unsettled.add(&query, record).is_none());
    /// ```
    pub fn add(&mut self, query: &Query, record: Record) -> Option<Record> {
        if record.kind == RecordKind::Transition {
            let is_first = self.shown.insert(record.id);
            if self.shown.len() > MAX_SHOWN {
                self.shown.pop_first();
            }
            return is_first.then(|| query.matching(record)).flatten();
        }
        if record.state == RecordState::Pending && query.parts().state.is_none() {
            self.held.insert(record.id, record);
            if self.held.len() <= MAX_HELD {
                return None;
            }
            let (_, oldest) = self.held.pop_first()?;
            return query.matching(oldest);
        }
        if record.is_joined() {
            self.held.remove(&record.id);
        }
        query.matching(record)
    }

    /// Returns the next error that was not settled in time, because its process ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, event::RecordState, monitor::{ErrorMonitor, MonitorConfig}};
    /// use gardefou::{monitor::journal::{Query, support::Unsettled}, time::Timestamp};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let mut record = monitor.stats().recent_errors.remove(0);
    /// record.state = RecordState::Pending;
    ///
    /// let (query, mut unsettled) = (Query::new(), Unsettled::default());
    /// let later = Timestamp::from_unix_millis(record.timestamp.as_unix_millis() + 120_000);
    /// assert_eq!(unsettled.add(&query, record.clone()), None);
    /// assert_eq!(unsettled.expired_at(&query, record.timestamp), None);
    /// let stands = unsettled.expired_at(&query, later).expect("nothing settled it");
    /// assert_eq!((stands.id, stands.state), (record.id, RecordState::Error));
    /// ```
    pub fn expired_at(&mut self, query: &Query, now: Timestamp) -> Option<Record> {
        loop {
            let oldest = self.held.first_entry()?;
            if now.since(oldest.get().timestamp) < HELD_FOR {
                return None;
            }
            if let Some(record) = query.matching(oldest.remove()) {
                return Some(record);
            }
        }
    }

    /// Returns the identities of the errors that are held back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::RecordState, monitor::{ErrorMonitor, MonitorConfig}};
    /// # use gardefou::monitor::journal::{Query, support::Unsettled};
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// let id = monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let mut record = monitor.stats().recent_errors.remove(0);
    /// record.state = RecordState::Pending;
    /// let mut unsettled = Unsettled::default();
    /// unsettled.add(&Query::new(), record);
    /// assert_eq!(unsettled.ids().collect::<Vec<_>>(), [id]);
    /// ```
    pub fn ids(&self) -> impl Iterator<Item = ErrorId> {
        self.held.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::line::tests::sample, *};

    fn pending(message: &str) -> Record {
        Record {
            state: RecordState::Pending,
            attempt: Some((1, 3)),
            ..sample(message)
        }
    }

    #[test]
    fn oldest_of_too_many_unsettled_errors_stands() {
        let (query, mut unsettled) = (Query::new(), Unsettled::default());
        for i in 0..MAX_HELD + 2 {
            let record = pending(&i.to_string());
            let shown = unsettled.add(&query, record);
            assert_eq!(shown.is_some(), i >= MAX_HELD);
            assert!(shown.is_none_or(|shown| shown.state == RecordState::Error));
            assert!(unsettled.ids().count() <= MAX_HELD);
        }
    }

    #[test]
    fn retried_errors_are_shown_to_those_alone_who_ask_for_them() {
        for (query, is_shown) in [
            (Query::new(), false),
            (Query::new().include_retried(), true),
        ] {
            let mut unsettled = Unsettled::default();
            let record = pending("late");
            assert_eq!(unsettled.add(&query, record.clone()), None);
            let state = RecordState::Retried;
            let retried = Record { state, ..record };
            assert_eq!(unsettled.add(&query, retried).is_some(), is_shown);
            assert_eq!(unsettled.ids().count(), 0);
        }
    }

    #[test]
    fn transition_is_shown_once_with_its_second_record() {
        let query = Query::new().kind(RecordKind::Transition);
        let mut unsettled = Unsettled::default();
        let kind = RecordKind::Transition;
        let record = Record {
            kind,
            ..sample("opened")
        };
        assert_eq!(unsettled.add(&query, record.clone()), Some(record.clone()));
        assert_eq!(unsettled.add(&query, record), None);
    }
}
