//! The rows that are added to a database, as they come.

use crate::rows;
use gardefou::{
    event::Record,
    monitor::journal::{JournalError, Query, support::Unsettled},
    time::Timestamp,
};
use rusqlite::Connection;
use std::{collections::VecDeque, fmt, mem};

/// The records that are added to a journal, as they come; see
/// [`SqliteReader::follow`](crate::SqliteReader::follow).
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
/// use gardefou::{monitor::journal::Query, time::Timestamp};
/// use gardefou_sqlite::{SqliteJournal, SqliteReader};
/// use std::{sync::Arc, time::SystemTime};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("gardefou-sqlite-tail-{}", std::process::id()));
/// let monitor = ErrorMonitor::new(MonitorConfig::default());
/// monitor.set_journal(Arc::new(SqliteJournal::builder(&folder).build()?));
/// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "before"));
///
/// let mut tail = SqliteReader::open(folder.join("errors.sqlite"))?.follow(&Query::new())?;
/// let now = Timestamp::from(SystemTime::now());
/// assert!(tail.next_at(now).is_none(), "nothing new");
/// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "after"));
/// assert_eq!(tail.next_at(now).unwrap()?.message, "after");
/// # drop((monitor, tail));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
pub struct SqliteTail {
    db: Connection,
    /// What the user asks for, and what is read for it: an error inside an attempt may be settled as
    /// another one.
    query: Query,
    read: Query,
    end: i64,
    ready: VecDeque<Record>,
    unsettled: Unsettled,
    torn: u64,
    /// Whether the last call returned that nothing is new.
    is_new_round: bool,
}

/// How many rows are read at a time.
const ROWS: usize = 200;

impl SqliteTail {
    pub(crate) fn new(db: Connection, query: &Query, end: i64) -> Self {
        let read = query.clone().include_retried().limit(ROWS);
        Self {
            db,
            query: query.clone(),
            read,
            end,
            ready: VecDeque::new(),
            unsettled: Unsettled::default(),
            torn: 0,
            is_new_round: true,
        }
    }

    /// Returns the next record, or `None` where there is nothing new at present: later calls go on.
    /// `now` is the time by which errors inside attempts stand that no process settled.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}, time::Timestamp};
    /// # use gardefou::monitor::journal::{Cursor, Query};
    /// # use gardefou_sqlite::{SqliteJournal, SqliteReader};
    /// # use std::{sync::Arc, time::SystemTime};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("gardefou-sqlite-next-{}", std::process::id()));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(Arc::new(SqliteJournal::builder(&folder).build()?));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "before"));
    /// let mut tail = SqliteReader::open(folder.join("errors.sqlite"))?.follow(&Query::new())?;
    /// let now = Timestamp::from(SystemTime::now());
    /// assert!(tail.next_at(now).is_none());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "after"));
    /// assert_eq!(tail.next_at(now).expect("a new record")?.message, "after");
    /// # drop((monitor, tail));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn next_at(&mut self, now: Timestamp) -> Option<Result<Record, JournalError>> {
        loop {
            while let Some(record) = self.ready.pop_front() {
                if let Some(record) = self.unsettled.add(&self.query, record) {
                    return Some(Ok(record));
                }
            }
            match self.read_more() {
                Err(err) => {
                    self.is_new_round = true;
                    return Some(Err(JournalError::new("read records", err)));
                }
                Ok(true) => {}
                Ok(false) => {
                    let expired = self.unsettled.expired_at(&self.query, now);
                    self.is_new_round = expired.is_none();
                    return expired.map(Ok);
                }
            }
        }
    }

    /// Returns how many rows held no record since the last call of this method.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}, time::Timestamp};
    /// # use gardefou::monitor::journal::{Cursor, Query};
    /// # use gardefou_sqlite::{SqliteJournal, SqliteReader};
    /// # use std::{sync::Arc, time::SystemTime};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("gardefou-sqlite-torn-{}", std::process::id()));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(Arc::new(SqliteJournal::builder(&folder).build()?));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "before"));
    /// let mut tail = SqliteReader::open(folder.join("errors.sqlite"))?.follow(&Query::new())?;
    /// assert!(tail.next_at(SystemTime::now().into()).is_none());
    /// assert_eq!(tail.take_torn(), 0);
    /// # drop((monitor, tail));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_torn(&mut self) -> u64 {
        mem::take(&mut self.torn)
    }

    /// Reads new rows, and the rows of errors that were not settled; returns `false` where nothing
    /// is new.
    fn read_more(&mut self) -> rusqlite::Result<bool> {
        if mem::take(&mut self.is_new_round) {
            for id in self.unsettled.ids() {
                let settled = rows::settled(&self.db, id)?;
                self.ready.extend(settled);
            }
        }
        let chunk = rows::chunk(&self.db, &self.read, self.end)?;
        self.torn += chunk.torn;
        self.ready.extend(chunk.records);
        let is_new = chunk.end.is_some() || !self.ready.is_empty();
        self.end = chunk.end.unwrap_or(self.end);
        Ok(is_new)
    }
}

impl fmt::Debug for SqliteTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteTail")
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}
