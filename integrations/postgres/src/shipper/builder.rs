//! Settings of a shipper.

use super::handle::PostgresShipper;
use crate::config::{DatabaseConfig, outside};
use gardefou::{
    ConfigError,
    time::{Clock, SharedClock},
};
use std::{path::PathBuf, time::Duration};

/// Collects the settings of a [`PostgresShipper`].
///
/// # Defaults
///
/// | setter | default | range |
/// | --- | --- | --- |
/// | `retention_days` | 30 | 1 to 3,650 |
/// | `batch_records` | 5,000 | 1 to 50,000 |
/// | `max_pause` | 30 s | 1 s to 1 h |
/// | `background` | on | |
///
/// Values outside their range are reported by [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use]
pub struct PostgresShipperBuilder(Settings);

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) folder: PathBuf,
    pub(crate) database: DatabaseConfig,
    pub(crate) retention_days: u32,
    pub(crate) batch_records: usize,
    pub(crate) max_pause: Duration,
    pub(crate) background: bool,
    pub(crate) clock: SharedClock,
}

impl PostgresShipperBuilder {
    pub(crate) fn new(folder: PathBuf, database: DatabaseConfig) -> Self {
        Self(Settings {
            folder,
            database,
            retention_days: 30,
            batch_records: 5000,
            max_pause: Duration::from_secs(30),
            background: true,
            clock: SharedClock::default(),
        })
    }

    /// Sets how many days the database keeps, today included. If instances have different settings,
    /// the smallest one applies.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::{DatabaseConfig, PostgresShipper};
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors").build()?;
    /// let shipper = PostgresShipper::builder("logs/errors", database).background(false);
    /// let err = shipper.clone().retention_days(0).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("retention_days", "must be from 1 to 3650"));
    /// assert!(shipper.retention_days(90).build().is_ok());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn retention_days(mut self, days: u32) -> Self {
        self.0.retention_days = days;
        self
    }

    /// Sets how many records are written in one transaction at most; it also ends at 8 MiB.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::{DatabaseConfig, PostgresShipper};
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors").build()?;
    /// let shipper = PostgresShipper::builder("logs/errors", database).background(false);
    /// let err = shipper.batch_records(0).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("batch_records", "must be from 1 to 50000"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn batch_records(mut self, records: usize) -> Self {
        self.0.batch_records = records;
        self
    }

    /// Sets how long the shipper pauses at most after a failure. It begins with a second, and doubles
    /// the pause with each failure in a row.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::{DatabaseConfig, PostgresShipper};
    /// use std::time::Duration;
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors").build()?;
    /// let shipper = PostgresShipper::builder("logs/errors", database).background(false);
    /// let err = shipper.max_pause(Duration::ZERO).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("max_pause", "must be from 1s to 3600s"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.0.max_pause = pause;
        self
    }

    /// Sets whether a thread of the shipper ships every second; without it, call
    /// [`ship`](PostgresShipper::ship).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::{DatabaseConfig, PostgresShipper};
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors").build()?;
    /// let shipper = PostgresShipper::builder("no/such/folder", database).background(false).build()?;
    /// assert_eq!(shipper.status().shipped, 0);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn background(mut self, on: bool) -> Self {
        self.0.background = on;
        self
    }

    /// Sets the clock by which pauses end and records wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::ManualClock;
    /// use gardefou_postgres::{DatabaseConfig, PostgresShipper};
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors").build()?;
    /// let shipper = PostgresShipper::builder("no/such/folder", database).clock(ManualClock::new());
    /// assert_eq!(shipper.background(false).build()?.status().lag, None);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = SharedClock::new(clock);
        self
    }

    /// Makes the shipper, and starts its thread. Nothing is connected, and no file is touched, before
    /// the thread's first turn.
    ///
    /// # Errors
    ///
    /// Every setting outside its range, in one error.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::{DatabaseConfig, PostgresShipper};
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors").build()?;
    /// let shipper = PostgresShipper::builder("", database).batch_records(0);
    /// let err = shipper.build().unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["folder", "batch_records"]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn build(self) -> Result<PostgresShipper, ConfigError> {
        let settings = self.0;
        let pauses = Duration::from_secs(1)..=Duration::from_secs(3600);
        let folder = settings.folder.as_os_str();
        let problems = [
            folder
                .is_empty()
                .then(|| ConfigError::new("folder", "", "must name a folder")),
            outside(
                "retention_days",
                &settings.retention_days,
                1..=3650,
                u32::to_string,
            ),
            outside(
                "batch_records",
                &settings.batch_records,
                1..=50_000,
                usize::to_string,
            ),
            outside("max_pause", &settings.max_pause, pauses, |pause| {
                format!("{pause:?}")
            }),
        ];
        match ConfigError::join(problems.into_iter().flatten()) {
            Some(err) => Err(err),
            None => Ok(PostgresShipper::start(settings)),
        }
    }
}
