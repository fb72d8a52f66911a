//! The records that instances ship, as they come.

use super::{connection::Connection, rows};
use gardefou::{
    event::Record,
    monitor::journal::{JournalError, Query, support::Unsettled},
    time::Timestamp,
};
use std::{collections::VecDeque, mem};

/// The records that are shipped by any instance, as they come; see
/// [`PostgresReader::follow`](crate::PostgresReader::follow).
///
/// A row is returned once every transaction that began before its own is over, since one of them can
/// still write a row in front of it.
#[derive(Debug)]
pub struct PostgresTail {
    connection: Connection,
    /// What the user asks for, and what is read for it: an error inside an attempt may be settled as
    /// another one.
    query: Query,
    read: Query,
    at: (i64, i64),
    ready: VecDeque<Record>,
    unsettled: Unsettled,
    torn: u64,
}

/// How many rows are read at a time.
const ROWS: usize = 200;

impl PostgresTail {
    pub(super) fn new(connection: Connection, query: &Query, at: (i64, i64)) -> Self {
        Self {
            connection,
            query: query.clone(),
            read: query.clone().include_retried().limit(ROWS),
            at,
            ready: VecDeque::new(),
            unsettled: Unsettled::default(),
            torn: 0,
        }
    }

    /// Returns the next record, or `None` where there is nothing new at present: later calls go on.
    /// `now` is the time by which errors inside attempts stand that no process settled.
    ///
    /// Waits for the database, within its time limits.
    ///
    /// # Errors
    ///
    /// The database cannot be read at present; a later call goes on where this one failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::Query;
    /// use gardefou_postgres::{DatabaseConfig, PostgresReader};
    /// use std::time::SystemTime;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // Compiled alone without a server; tests/real/postgres/run runs it.
    /// # let Ok(url) = std::env::var("GARDEFOU_POSTGRES_URL") else { return Ok(()) };
    /// # let database = DatabaseConfig::builder(&url).build()?;
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-postgres-tail1-{}", std::process::id()));
    /// # std::fs::create_dir_all(folder)?;
    /// # gardefou_postgres::PostgresShipper::builder(folder, database).background(false).build()?.ship()?;
    /// # std::fs::remove_dir_all(folder)?;
    /// let reader = PostgresReader::connect(DatabaseConfig::builder(url).build()?)?;
    /// let mut tail = reader.follow(&Query::new())?;
    /// while let Some(record) = tail.next_at(SystemTime::now().into()) {
    ///     assert!(!record?.id.to_string().is_empty());
    /// }
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
                Err(err) => return Some(Err(err)),
                Ok(true) => {}
                Ok(false) => return self.unsettled.expired_at(&self.query, now).map(Ok),
            }
        }
    }

    /// Returns how many rows held no record since the last call of this method.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::Query;
    /// use gardefou_postgres::{DatabaseConfig, PostgresReader};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // Compiled alone without a server; tests/real/postgres/run runs it.
    /// # let Ok(url) = std::env::var("GARDEFOU_POSTGRES_URL") else { return Ok(()) };
    /// # let database = DatabaseConfig::builder(&url).build()?;
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-postgres-tail2-{}", std::process::id()));
    /// # std::fs::create_dir_all(folder)?;
    /// # gardefou_postgres::PostgresShipper::builder(folder, database).background(false).build()?.ship()?;
    /// # std::fs::remove_dir_all(folder)?;
    /// let reader = PostgresReader::connect(DatabaseConfig::builder(url).build()?)?;
    /// let mut tail = reader.follow(&Query::new())?;
    /// assert_eq!(tail.take_torn(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_torn(&mut self) -> u64 {
        mem::take(&mut self.torn)
    }

    /// Reads new rows, among them those of errors that were settled; returns `false` where nothing is
    /// new.
    fn read_more(&mut self) -> Result<bool, JournalError> {
        let (query, at) = (self.read.clone(), self.at);
        let followed = self.connection.run("read records", move |connected| {
            let schema = connected.schema().to_owned();
            let session = connected.session()?;
            session.run(async |client| rows::written_after(client, &schema, &query, at).await)
        })?;
        let mut is_new = false;
        for row in followed {
            (self.at, is_new) = (row.at, true);
            match row.record {
                Some(record) => self.ready.push_back(record),
                None => self.torn += 1,
            }
        }
        Ok(is_new)
    }
}
