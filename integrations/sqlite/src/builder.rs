//! The settings of a journal.

use crate::journal::SqliteJournal;
use gardefou::{
    ConfigError,
    event::Severity,
    time::{Clock, SharedClock},
};
use std::{fmt, ops::RangeInclusive, path::PathBuf, time::Duration};

/// Collects the settings of an [`SqliteJournal`].
///
/// # Defaults
///
/// | setter | default | range |
/// | --- | --- | --- |
/// | `max_bytes` | 64 MiB | 8 KiB to 1 TiB |
/// | `max_age` | 7 days | 1 second to 100 years |
/// | `buffer_bytes` | 256 KiB | 4 KiB to 1 GiB |
/// | `inline_level` | error | any level |
/// | `background` | on | |
///
/// Values outside their range are reported by [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use]
pub struct SqliteJournalBuilder(Settings);

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) folder: PathBuf,
    pub(crate) max_bytes: u64,
    pub(crate) max_age: Duration,
    pub(crate) buffer_bytes: usize,
    pub(crate) inline_level: Severity,
    pub(crate) background: bool,
    pub(crate) clock: SharedClock,
}

const DAY: Duration = Duration::from_secs(86_400);

impl SqliteJournalBuilder {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self(Settings {
            folder,
            max_bytes: 64 << 20,
            max_age: 7 * DAY,
            buffer_bytes: 256 * 1024,
            inline_level: Severity::Error,
            background: true,
            clock: SharedClock::default(),
        })
    }

    /// Sets the size of the database and its log of changes together. The oldest rows are removed
    /// beyond it; the newest one stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_sqlite::SqliteJournal;
    /// # use std::time::Duration;
    ///
    /// let err = SqliteJournal::builder("logs").max_bytes(1).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("max_bytes", "must be from 8192 to 1099511627776"));
    /// assert!(SqliteJournal::builder("logs").background(false).max_bytes(1 << 30).build().is_ok());
    /// ```
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.0.max_bytes = bytes;
        self
    }

    /// Sets the age at which a row is removed.
    ///
    /// When the wall clock jumps by more than a minute between two rounds of maintenance, nothing
    /// is removed by age until it has stayed there for ten minutes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_sqlite::SqliteJournal;
    /// # use std::time::Duration;
    ///
    /// let err = SqliteJournal::builder("logs").max_age(Duration::ZERO).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("max_age", "must be from 1s to 3153600000s"));
    /// assert!(SqliteJournal::builder("logs").background(false).max_age(Duration::from_secs(30 * 86_400)).build().is_ok());
    /// ```
    pub fn max_age(mut self, age: Duration) -> Self {
        self.0.max_age = age;
        self
    }

    /// Sets how many bytes of records may wait in memory: those below `inline_level`, and those
    /// that could not be written.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_sqlite::SqliteJournal;
    /// # use std::time::Duration;
    ///
    /// let err = SqliteJournal::builder("logs").buffer_bytes(0).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("buffer_bytes", "must be from 4096 to 1073741824"));
    /// assert!(SqliteJournal::builder("logs").background(false).buffer_bytes(1 << 20).build().is_ok());
    /// ```
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.0.buffer_bytes = bytes;
        self
    }

    /// Sets the level from which on a record is written before the reporting call returns; less
    /// urgent ones are written within a second, or with the next urgent one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{Journal, Query}}};
    /// # use gardefou_sqlite::SqliteJournal;
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-sqlite-inline-{}", std::process::id()));
    /// let journal = Arc::new(SqliteJournal::builder(folder).background(false).inline_level(Severity::Critical).build()?);
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(journal.clone());
    /// monitor.record_at(Severity::Error, &AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// assert_eq!(journal.status().waiting, 1);
    /// monitor.record_at(Severity::Critical, &AppError::new(ErrorCode::SYNC_ERROR, "too late"));
    /// assert_eq!(journal.status().waiting, 0);
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn inline_level(mut self, level: Severity) -> Self {
        self.0.inline_level = level;
        self
    }

    /// Sets whether a thread of the journal writes waiting records and removes old ones; without
    /// it, call [`maintain`](SqliteJournal::maintain).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{Journal, Query}}};
    /// # use gardefou_sqlite::SqliteJournal;
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-sqlite-background-{}", std::process::id()));
    /// let journal = Arc::new(SqliteJournal::builder(folder).background(false).build()?);
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(journal.clone());
    /// monitor.record_at(Severity::Info, &AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// assert_eq!(journal.status().waiting, 1, "until `maintain`, or the next urgent record");
    /// # journal.maintain()?;
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn background(mut self, on: bool) -> Self {
        self.0.background = on;
        self
    }

    /// Sets the clock by which rows age.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{Journal, Query}}};
    /// # use gardefou_sqlite::SqliteJournal;
    /// # use std::{sync::Arc, time::Duration};
    /// use gardefou::time::ManualClock;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-sqlite-clock-{}", std::process::id()));
    /// let clock = ManualClock::new();
    /// let journal = SqliteJournal::builder(folder).background(false).clock(clock.clone());
    /// let journal = Arc::new(journal.max_age(Duration::from_secs(3600)).build()?);
    /// # let monitor = ErrorMonitor::new(MonitorConfig::builder().clock(clock.clone()).build()?);
    /// # monitor.set_journal(journal.clone());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// assert_eq!(journal.count(&Query::new())?, 1);
    /// for _ in 0..60 {
    ///     clock.advance(Duration::from_secs(60));
    ///     journal.maintain()?;
    /// }
    /// assert_eq!(journal.count(&Query::new())?, 0, "an hour later");
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = SharedClock::new(clock);
        self
    }

    /// Makes the journal. No file is touched: folder and database are made with the first record.
    ///
    /// # Errors
    ///
    /// Every setting outside its range, in one error.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_sqlite::SqliteJournal;
    ///
    /// let err = SqliteJournal::builder("logs").max_bytes(10).buffer_bytes(0).build().unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["max_bytes", "buffer_bytes"]);
    /// assert_eq!(err.rule(), "must be from 8192 to 1099511627776");
    /// ```
    pub fn build(self) -> Result<SqliteJournal, ConfigError> {
        Ok(SqliteJournal::open(self.checked()?))
    }

    pub(crate) fn checked(self) -> Result<Settings, ConfigError> {
        let settings = self.0;
        let ages = Duration::from_secs(1)..=36_500 * DAY;
        let seconds = |age: &Duration| format!("{age:?}");
        let folder = settings.folder.as_os_str();
        let problems = [
            (folder.is_empty()).then(|| ConfigError::new("folder", "", "must name a folder")),
            outside(
                "max_bytes",
                &settings.max_bytes,
                8192..=1 << 40,
                u64::to_string,
            ),
            outside("max_age", &settings.max_age, ages, seconds),
            outside(
                "buffer_bytes",
                &settings.buffer_bytes,
                4096..=1 << 30,
                usize::to_string,
            ),
        ];
        ConfigError::join(problems.into_iter().flatten()).map_or(Ok(settings), Err)
    }
}

fn outside<T: PartialOrd, S: fmt::Display>(
    field: &'static str,
    value: &T,
    range: RangeInclusive<T>,
    show: impl Fn(&T) -> S,
) -> Option<ConfigError> {
    let rule = || {
        format!(
            "must be from {} to {}",
            show(range.start()),
            show(range.end())
        )
    };
    (!range.contains(value)).then(|| ConfigError::new(field, show(value), rule()))
}
