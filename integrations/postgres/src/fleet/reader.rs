//! A reader of the journal of a fleet.

use super::{
    connection::{Connected, Connection},
    groups::{self, ErrorGroup, Instance},
    rows,
    tail::PostgresTail,
};
use crate::{config::DatabaseConfig, error::DatabaseError};
use gardefou::monitor::journal::{Cursor, ErrorCounts, JournalError, Page, Query};
use tokio_postgres::Client;

/// Reads the records of all instances, with the queries of the journal.
///
/// It has a thread and a connection of its own, makes no tables and changes none. Each call waits for
/// the database, within its time limits: in an async program, call it where blocking is allowed. Where
/// the connection was lost, a call connects again.
///
/// Records are in the order of their identities, which is that of the times at which they were made
/// by the clocks of their machines.
#[derive(Debug)]
pub struct PostgresReader {
    connection: Connection,
}

impl PostgresReader {
    /// Connects to a database.
    ///
    /// # Errors
    ///
    /// It cannot be reached, has no journal, or one of a version that this library cannot use.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::{DatabaseConfig, PostgresReader};
    ///
    /// // Nothing listens there.
    /// let database = DatabaseConfig::builder("postgres://localhost:1/errors").build()?;
    /// let err = PostgresReader::connect(database).unwrap_err();
    /// assert_eq!(err.to_string(), "journal: cannot open the database");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn connect(database: DatabaseConfig) -> Result<Self, JournalError> {
        Ok(Self {
            connection: Connection::open(database)?,
        })
    }

    /// Returns one page of records, newest first.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
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
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-postgres-reader1-{}", std::process::id()));
    /// # std::fs::create_dir_all(folder)?;
    /// # gardefou_postgres::PostgresShipper::builder(folder, database).background(false).build()?.ship()?;
    /// # std::fs::remove_dir_all(folder)?;
    /// let reader = PostgresReader::connect(DatabaseConfig::builder(url).build()?)?;
    /// let page = reader.query(&Query::new().code_name("TIMEOUT_ERROR").limit(20))?;
    /// assert!(page.records.iter().all(|record| record.error_code == "TIMEOUT_ERROR"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn query(&self, query: &Query) -> Result<Page, JournalError> {
        let query = query.clone();
        self.read("read records", async move |client, schema| {
            rows::page(client, schema, &query).await
        })
    }

    /// Returns one page of records, oldest first, from behind a position on; the cursor of the query
    /// is not considered. `Cursor::new(0, 0)` is the start.
    ///
    /// The next page begins at [`Page::next`], also one of records that are not shipped yet. It is
    /// `None` if nothing is behind the position. A record that is shipped later, and was made before
    /// the position, is not found behind it.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::{Cursor, Query};
    /// use gardefou_postgres::{DatabaseConfig, PostgresReader};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // Compiled alone without a server; tests/real/postgres/run runs it.
    /// # let Ok(url) = std::env::var("GARDEFOU_POSTGRES_URL") else { return Ok(()) };
    /// # let database = DatabaseConfig::builder(&url).build()?;
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-postgres-reader2-{}", std::process::id()));
    /// # std::fs::create_dir_all(folder)?;
    /// # gardefou_postgres::PostgresShipper::builder(folder, database).background(false).build()?.ship()?;
    /// # std::fs::remove_dir_all(folder)?;
    /// let reader = PostgresReader::connect(DatabaseConfig::builder(url).build()?)?;
    /// let (query, mut after) = (Query::new(), Cursor::new(0, 0));
    /// while let Some(next) = reader.query_from(&query, after)?.next {
    ///     assert!(next > after);
    ///     after = next;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn query_from(&self, query: &Query, after: Cursor) -> Result<Page, JournalError> {
        let query = query.clone();
        self.read("read records", async move |client, schema| {
            rows::page_from(client, schema, &query, after).await
        })
    }

    /// Returns how many errors there were by code and by the UTC day on which they were made, those
    /// of days that are no longer kept included.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::{DatabaseConfig, PostgresReader};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // Compiled alone without a server; tests/real/postgres/run runs it.
    /// # let Ok(url) = std::env::var("GARDEFOU_POSTGRES_URL") else { return Ok(()) };
    /// # let database = DatabaseConfig::builder(&url).build()?;
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-postgres-reader3-{}", std::process::id()));
    /// # std::fs::create_dir_all(folder)?;
    /// # gardefou_postgres::PostgresShipper::builder(folder, database).background(false).build()?.ship()?;
    /// # std::fs::remove_dir_all(folder)?;
    /// let reader = PostgresReader::connect(DatabaseConfig::builder(url).build()?)?;
    /// let counts = reader.counts()?;
    /// assert_eq!(counts.total, counts.by_code.values().sum::<u64>());
    /// # Ok(())
    /// # }
    /// ```
    pub fn counts(&self) -> Result<ErrorCounts, JournalError> {
        self.read("count records", async move |client, schema| {
            rows::counts(client, schema).await
        })
    }

    /// Returns the groups of the errors that match a query, those with the most errors first, as many
    /// as its limit. All records that are kept and match are counted.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
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
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-postgres-reader4-{}", std::process::id()));
    /// # std::fs::create_dir_all(folder)?;
    /// # gardefou_postgres::PostgresShipper::builder(folder, database).background(false).build()?.ship()?;
    /// # std::fs::remove_dir_all(folder)?;
    /// let reader = PostgresReader::connect(DatabaseConfig::builder(url).build()?)?;
    /// for group in reader.groups(&Query::new().limit(10))? {
    ///     assert!(group.first <= group.last && !group.instances.is_empty());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn groups(&self, query: &Query) -> Result<Vec<ErrorGroup>, JournalError> {
        let query = query.clone();
        self.read("group records", async move |client, schema| {
            groups::groups(client, schema, &query).await
        })
    }

    /// Returns the instances that have shipped records, the latest first.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::{DatabaseConfig, PostgresReader};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // Compiled alone without a server; tests/real/postgres/run runs it.
    /// # let Ok(url) = std::env::var("GARDEFOU_POSTGRES_URL") else { return Ok(()) };
    /// # let database = DatabaseConfig::builder(&url).build()?;
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-postgres-reader5-{}", std::process::id()));
    /// # std::fs::create_dir_all(folder)?;
    /// # gardefou_postgres::PostgresShipper::builder(folder, database).background(false).build()?.ship()?;
    /// # std::fs::remove_dir_all(folder)?;
    /// let reader = PostgresReader::connect(DatabaseConfig::builder(url).build()?)?;
    /// for instance in reader.instances()? {
    ///     assert!(instance.first_seen <= instance.last_seen);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn instances(&self) -> Result<Vec<Instance>, JournalError> {
        self.read("list instances", async move |client, schema| {
            groups::instances(client, schema).await
        })
    }

    /// Follows the journal from its present end on.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
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
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-postgres-reader6-{}", std::process::id()));
    /// # std::fs::create_dir_all(folder)?;
    /// # gardefou_postgres::PostgresShipper::builder(folder, database).background(false).build()?.ship()?;
    /// # std::fs::remove_dir_all(folder)?;
    /// let reader = PostgresReader::connect(DatabaseConfig::builder(url).build()?)?;
    /// let mut tail = reader.follow(&Query::new())?;
    /// assert!(tail.next_at(SystemTime::now().into()).is_none(), "nothing was shipped since");
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow(self, query: &Query) -> Result<PostgresTail, JournalError> {
        let at = self.read("read records", async move |client, _| {
            rows::end(client).await
        })?;
        Ok(PostgresTail::new(self.connection, query, at))
    }

    fn read<T: Send + 'static>(
        &self,
        action: &'static str,
        request: impl AsyncFn(&Client, &str) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.connection
            .run(action, move |connected: &mut Connected| {
                let schema = connected.schema().to_owned();
                let session = connected.session()?;
                session.run(async |client| request(client, &schema).await)
            })
    }
}
