//! The configuration of journals.

use crate::{
    error::ConfigError,
    event::Severity,
    monitor::config::outside,
    time::{Clock, SharedClock},
};
#[cfg(feature = "config")]
use std::path::Path;
use std::{path::PathBuf, time::Duration};

/// The configuration of a [`FileJournal`](super::FileJournal): its folder, and how much it keeps.
///
/// # Defaults
///
/// | setter | default | range |
/// | --- | --- | --- |
/// | `max_segment_bytes` | 8 MiB | 4 KiB to 1 GiB, at most half of `max_bytes` |
/// | `max_segment_age` | 1 day | 1 second to 10 years |
/// | `max_bytes` | 64 MiB | 8 KiB to 1 TiB |
/// | `max_age` | 7 days | 1 second to 100 years |
/// | `buffer_bytes` | 256 KiB | 4 KiB to 1 GiB |
/// | `inline_level` | error | any level |
/// | `background` | on | |
///
/// The folder is made when the first record is written. Values outside their range are reported by
/// [`build`](JournalConfigBuilder::build).
#[derive(Clone, Debug)]
pub struct JournalConfig {
    pub(super) folder: PathBuf,
    pub(super) max_segment_bytes: u64,
    pub(super) max_segment_age: Duration,
    pub(super) max_bytes: u64,
    pub(super) max_age: Duration,
    pub(super) buffer_bytes: usize,
    pub(super) inline_level: Severity,
    pub(super) background: bool,
    pub(super) clock: SharedClock,
}

/// Collects the settings of a [`JournalConfig`].
#[derive(Clone, Debug)]
#[must_use]
pub struct JournalConfigBuilder(JournalConfig);

const DAY: Duration = Duration::from_secs(86_400);
const SECOND: Duration = Duration::from_secs(1);

impl JournalConfig {
    /// Returns this configuration with the limits of another one.
    #[cfg(feature = "config")]
    pub(super) fn with_limits_of(&self, other: &Self) -> Self {
        Self {
            max_segment_bytes: other.max_segment_bytes,
            max_segment_age: other.max_segment_age,
            max_bytes: other.max_bytes,
            max_age: other.max_age,
            ..self.clone()
        }
    }

    /// Returns the folder.
    #[cfg(feature = "config")]
    pub(crate) fn in_folder(&self) -> &Path {
        &self.folder
    }

    /// Starts from the defaults, for a journal in `folder`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::JournalConfig;
    ///
    /// assert!(JournalConfig::builder("logs/errors").build().is_ok());
    /// let err = JournalConfig::builder("").build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("folder", "must name a folder"));
    /// ```
    pub fn builder(folder: impl Into<PathBuf>) -> JournalConfigBuilder {
        JournalConfigBuilder(Self {
            folder: folder.into(),
            max_segment_bytes: 8 << 20,
            max_segment_age: DAY,
            max_bytes: 64 << 20,
            max_age: 7 * DAY,
            buffer_bytes: 256 * 1024,
            inline_level: Severity::Error,
            background: true,
            clock: SharedClock::default(),
        })
    }
}

impl JournalConfigBuilder {
    /// Replaces the folder.
    pub(crate) fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.0.folder = folder.into();
        self
    }

    /// Sets the size at which a file is closed and the next one begun.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::JournalConfig;
    /// # use std::time::Duration;
    ///
    /// assert!(JournalConfig::builder("logs").max_segment_bytes(1 << 20).build().is_ok());
    /// let err = JournalConfig::builder("logs").max_segment_bytes(1).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("max_segment_bytes", "must be from 4096 to 1073741824"));
    /// ```
    pub fn max_segment_bytes(mut self, bytes: u64) -> Self {
        self.0.max_segment_bytes = bytes;
        self
    }

    /// Sets the age at which a file is closed and the next one begun.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::JournalConfig;
    /// # use std::time::Duration;
    ///
    /// assert!(JournalConfig::builder("logs").max_segment_age(Duration::from_secs(3600)).build().is_ok());
    /// let err = JournalConfig::builder("logs").max_segment_age(Duration::ZERO).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("max_segment_age", "must be from 1s to 315360000s"));
    /// ```
    pub fn max_segment_age(mut self, age: Duration) -> Self {
        self.0.max_segment_age = age;
        self
    }

    /// Sets the size of all files together; the oldest are removed beyond it, soon after a file was
    /// added. The file that is being written stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::JournalConfig;
    /// # use std::time::Duration;
    ///
    /// assert!(JournalConfig::builder("logs").max_bytes(1 << 30).build().is_ok());
    /// let err = JournalConfig::builder("logs").max_segment_bytes(4096).max_bytes(1).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("max_bytes", "must be from 8192 to 1099511627776"));
    /// ```
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.0.max_bytes = bytes;
        self
    }

    /// Sets the age of the newest record of a file at which it is removed.
    ///
    /// When the wall clock jumps by more than a minute between two rounds of maintenance, nothing
    /// is removed by age until it has stayed there for ten minutes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::JournalConfig;
    /// # use std::time::Duration;
    ///
    /// assert!(JournalConfig::builder("logs").max_age(Duration::from_secs(30 * 86_400)).build().is_ok());
    /// let err = JournalConfig::builder("logs").max_age(Duration::ZERO).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("max_age", "must be from 1s to 3153600000s"));
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
    /// use gardefou::monitor::journal::JournalConfig;
    /// # use std::time::Duration;
    ///
    /// assert!(JournalConfig::builder("logs").buffer_bytes(1 << 20).build().is_ok());
    /// let err = JournalConfig::builder("logs").buffer_bytes(0).build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("buffer_bytes", "must be from 4096 to 1073741824"));
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
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{FileJournal, Journal, JournalConfig, Query}}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-journal-inline-{}", std::process::id()));
    /// let config = JournalConfig::builder(folder).background(false);
    /// let journal = Arc::new(FileJournal::open(config.inline_level(Severity::Critical).build()?));
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
    /// it, call [`maintain`](super::FileJournal::maintain).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{FileJournal, Journal, JournalConfig, Query}}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-journal-background-{}", std::process::id()));
    /// let config = JournalConfig::builder(folder).background(false).build()?;
    /// let journal = Arc::new(FileJournal::open(config));
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

    /// Sets the clock by which files age.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{FileJournal, Journal, JournalConfig, Query}}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-journal-clock-{}", std::process::id()));
    /// use gardefou::time::ManualClock;
    ///
    /// let clock = ManualClock::new();
    /// let config = JournalConfig::builder(folder).background(false).clock(clock.clone());
    /// let journal = Arc::new(FileJournal::open(config.max_segment_age(Duration::from_secs(3600)).build()?));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(journal.clone());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// clock.advance(Duration::from_secs(3600));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "an hour later"));
    /// assert!(folder.join("errors-00000002.jsonl").exists());
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = SharedClock::new(clock);
        self
    }

    /// Checks the settings. No file is touched.
    ///
    /// # Errors
    ///
    /// Every setting outside its range, in one error.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::JournalConfig;
    ///
    /// let err = JournalConfig::builder("").max_segment_bytes(1).buffer_bytes(0).build().unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["folder", "max_segment_bytes", "buffer_bytes"]);
    /// ```
    pub fn build(self) -> Result<JournalConfig, ConfigError> {
        let config = self.0;
        let empty = config.folder.as_os_str().is_empty();
        let half = (config.max_bytes / 2).max(4096);
        let over_half = config.max_segment_bytes <= 1 << 30 && config.max_segment_bytes > half;
        let shown = |duration: Duration| format!("{duration:?}");
        let problems = [
            empty.then(|| ConfigError::new("folder", "", "must name a folder")),
            outside(
                "max_segment_bytes",
                &config.max_segment_bytes,
                4096..=1 << 30,
                u64::to_string,
            ),
            over_half.then(|| {
                ConfigError::new(
                    "max_segment_bytes",
                    config.max_segment_bytes,
                    "must be at most half of `max_bytes`",
                )
            }),
            outside(
                "max_segment_age",
                &config.max_segment_age,
                SECOND..=3650 * DAY,
                |age| shown(*age),
            ),
            outside(
                "max_bytes",
                &config.max_bytes,
                8192..=1 << 40,
                u64::to_string,
            ),
            outside("max_age", &config.max_age, SECOND..=36_500 * DAY, |age| {
                shown(*age)
            }),
            outside(
                "buffer_bytes",
                &config.buffer_bytes,
                4096..=1 << 30,
                usize::to_string,
            ),
        ];
        match ConfigError::join(problems.into_iter().flatten()) {
            Some(err) => Err(err),
            None => Ok(config),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_out_of_range_is_reported_at_once() {
        let builder = JournalConfig::builder("")
            .max_segment_bytes(1)
            .max_age(Duration::ZERO)
            .buffer_bytes(0);
        let err = builder.build().unwrap_err();
        let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
        assert_eq!(
            fields,
            ["folder", "max_segment_bytes", "max_age", "buffer_bytes"]
        );
        let err = JournalConfig::builder("logs")
            .max_bytes(1 << 20)
            .build()
            .unwrap_err();
        assert_eq!(
            (err.field(), err.rule()),
            ("max_segment_bytes", "must be at most half of `max_bytes`")
        );
    }
}
