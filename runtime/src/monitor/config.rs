//! The configuration of monitors.

use crate::{
    error::ConfigError,
    event::{ErrorEvent, Fingerprint, Hooks, Record, RecordAction},
    time::{Clock, SharedClock},
};
use std::{fmt, ops::RangeInclusive, sync::Arc};

/// The configuration of a monitor: how much it keeps, and how it groups errors.
///
/// # Defaults
///
/// | setter | default | range |
/// | --- | --- | --- |
/// | `recent_events` | 100 | 0 to 100,000 |
/// | `recent_bytes` | 1 MiB | 4 KiB to 1 GiB |
/// | `max_codes` | 1,000 | 1 to 100,000 |
/// | `max_operations` | 1,000 | 1 to 100,000 |
/// | `max_groups` | 1,000 | 1 to 100,000 |
///
/// Values outside their range are reported by [`build`](MonitorConfigBuilder::build). A row of a
/// table takes at most 1 KiB, so that a monitor with the defaults stays under 5 MiB whatever it
/// records.
///
/// Threads that record at the same time use shards, at most eight. Rows and their limits are those
/// of all shards together; each shard adds at most 64 counts that the tables have not taken yet,
/// about 64 KiB. Of `recent_bytes` each shard in use has an equal share, so that a program in which
/// one thread at a time records has all of it.
#[derive(Clone)]
pub struct MonitorConfig {
    pub(super) recent_events: usize,
    pub(super) recent_bytes: usize,
    pub(super) max_codes: usize,
    pub(super) max_operations: usize,
    pub(super) max_groups: usize,
    pub(super) hooks: Hooks,
    pub(super) clock: SharedClock,
}

/// Collects the settings of a [`MonitorConfig`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct MonitorConfigBuilder(MonitorConfig);

impl MonitorConfig {
    /// Starts from the defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let config = MonitorConfig::builder().recent_events(10).max_groups(50).build()?;
    /// let monitor = ErrorMonitor::new(config);
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "out of step"));
    /// assert_eq!(monitor.snapshot().retained, 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder() -> MonitorConfigBuilder {
        MonitorConfigBuilder::default()
    }
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self {
            // The number that the Python system kept.
            recent_events: 100,
            recent_bytes: 1 << 20,
            // The overflow limit that OpenTelemetry's SDKs use is of the same size (2,000).
            max_codes: 1000,
            max_operations: 1000,
            max_groups: 1000,
            hooks: Hooks::default(),
            clock: SharedClock::default(),
        }
    }
}

impl fmt::Debug for MonitorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitorConfig")
            .field("recent_events", &self.recent_events)
            .field("recent_bytes", &self.recent_bytes)
            .field("max_codes", &self.max_codes)
            .field("max_operations", &self.max_operations)
            .field("max_groups", &self.max_groups)
            .field("fingerprint", &self.hooks.fingerprint.is_some())
            .field("before_record", &self.hooks.before.is_some())
            .finish_non_exhaustive()
    }
}

impl MonitorConfigBuilder {
    /// Sets how many recent errors are kept with their texts; 0 keeps none.
    ///
    /// The default is 100; legal are 0 to 100,000.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::builder().recent_events(1).build()?);
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "first"));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "second"));
    /// let stats = monitor.stats();
    /// assert_eq!((stats.total_errors, stats.recent_errors.len()), (2, 1));
    /// assert_eq!(stats.recent_errors[0].message, "second");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn recent_events(mut self, count: usize) -> Self {
        self.0.recent_events = count;
        self
    }

    /// Sets how many bytes the recent errors may take together; the oldest go first.
    ///
    /// The default is 1 MiB; legal are 4 KiB to 1 GiB. The newest error is kept whatever its size.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::builder().recent_bytes(4096).build()?);
    /// for _ in 0..10 {
    ///     monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "x".repeat(1000)));
    /// }
    /// let snapshot = monitor.snapshot();
    /// assert_eq!(snapshot.total_errors, 10);
    /// assert!((1..5).contains(&snapshot.retained));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn recent_bytes(mut self, bytes: usize) -> Self {
        self.0.recent_bytes = bytes;
        self
    }

    /// Sets how many codes are counted one by one; further ones are counted together as
    /// [`OTHER`](super::OTHER).
    ///
    /// The default is 1,000; legal are 1 to 100,000.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, OTHER}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::builder().max_codes(1).build()?);
    /// for code in [ErrorCode::SYNC_ERROR, ErrorCode::TIMEOUT_ERROR, ErrorCode::DB_WRITE_ERROR] {
    ///     monitor.record(&AppError::new(code, "no answer"));
    /// }
    /// let counts = monitor.stats().error_counts;
    /// assert_eq!((counts["SYNC_ERROR"], counts[OTHER]), (1, 2));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_codes(mut self, rows: usize) -> Self {
        self.0.max_codes = rows;
        self
    }

    /// Sets how many operations are counted one by one, and how many retries.
    ///
    /// Further ones are counted together as [`OTHER`](super::OTHER). The default is 1,000; legal are 1 to
    /// 100,000.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, boundary::error_boundary, event};
    /// use gardefou::monitor::{ErrorMonitor, MonitorConfig};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::builder().max_operations(1).build()?);
    /// let _subscription = event::subscribe(monitor.clone());
    /// for operation in ["load", "parse", "store"] {
    ///     let failed = || Err::<(), _>(AppError::new(ErrorCode::SYNC_ERROR, "out of step"));
    ///     assert!(error_boundary(operation, failed).is_err());
    /// }
    /// let operations = monitor.snapshot().operations;
    /// let counts: Vec<_> = operations.iter().map(|row| (row.name.as_str(), row.count)).collect();
    /// assert_eq!(counts, [("_OTHER", 2), ("load", 1)]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_operations(mut self, rows: usize) -> Self {
        self.0.max_operations = rows;
        self
    }

    /// Sets how many groups are kept.
    ///
    /// Errors of further groups are counted together as [`Fingerprint::OTHER`], until a group is frequent
    /// enough to replace the one with the lowest count. The default is 1,000; legal are 1 to 100,000.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, event::Fingerprint, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let monitor = ErrorMonitor::new(MonitorConfig::builder().max_groups(1).build()?);
    /// for code in [ErrorCode::SYNC_ERROR, ErrorCode::TIMEOUT_ERROR, ErrorCode::DB_WRITE_ERROR] {
    ///     monitor.record(&AppError::new(code, "no answer"));
    /// }
    /// let groups = monitor.snapshot().groups;
    /// assert_eq!((groups[0].fingerprint, groups[0].count), (Fingerprint::OTHER, 2));
    /// assert_eq!((groups[1].error_code.as_str(), groups[1].count), ("SYNC_ERROR", 1));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_groups(mut self, rows: usize) -> Self {
        self.0.max_groups = rows;
        self
    }

    /// Sets a function that decides which group an error belongs to; where it returns `None`, the
    /// default decides.
    ///
    /// It runs on the thread that reports the error, before any lock; if it panics, the default
    /// decides.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, event::Fingerprint, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let by_category = MonitorConfig::builder()
    ///     .fingerprint(|event| Some(Fingerprint::from_parts(&[&format!("{:?}", event.code.category())])));
    /// let monitor = ErrorMonitor::new(by_category.build()?);
    /// monitor.record(&AppError::new(ErrorCode::DB_QUERY_ERROR, "no such column"));
    /// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// assert_eq!(monitor.snapshot().groups.len(), 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn fingerprint(
        mut self,
        decide: impl Fn(&ErrorEvent<'_>) -> Option<Fingerprint> + Send + Sync + 'static,
    ) -> Self {
        self.0.hooks.fingerprint = Some(Arc::new(decide));
        self
    }

    /// Sets a function that may change or drop each record before it is logged, counted, journalled
    /// or passed to alerts.
    ///
    /// It runs on the thread that reports, under no lock, for records of every kind. What it
    /// changes is what log, statistics, journal and alerts show; what it adds is redacted and
    /// bounded like every text. Identity, kind, state and timestamp stay. Statistics count an error
    /// under its own code where none is registered under the new name.
    ///
    /// An event whose record is dropped is not counted, not journalled and brings no notification;
    /// of an error, one log line at debug remains, and what the failed call returns is not changed.
    /// If the function panics, the record is kept as it was before. Errors that it reports itself
    /// are recorded without it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, event::RecordAction, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let config = MonitorConfig::builder().before_record(|record| {
    ///     record.message = record.message.replace("node-7", "a node");
    ///     if record.error_code == "CANCELLED_ERROR" { RecordAction::Drop } else { RecordAction::Keep }
    /// });
    /// let monitor = ErrorMonitor::new(config.build()?);
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "node-7 is out of step"));
    /// monitor.record(&AppError::new(ErrorCode::CANCELLED_ERROR, "the user went away"));
    /// let stats = monitor.stats();
    /// assert_eq!(stats.total_errors, 1);
    /// assert_eq!(stats.recent_errors[0].message, "a node is out of step");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn before_record(
        mut self,
        hook: impl Fn(&mut Record) -> RecordAction + Send + Sync + 'static,
    ) -> Self {
        self.0.hooks.before = Some(Arc::new(hook));
        self
    }

    /// Sets the clock by which rates and stamps are taken.
    ///
    /// The default is the clock of the machine.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let monitor = ErrorMonitor::new(MonitorConfig::builder().clock(clock.clone()).build()?);
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "out of step"));
    /// clock.advance(Duration::from_secs(2 * 3600));
    /// let rates = monitor.snapshot().rates;
    /// assert_eq!((rates.last_hour, rates.last_day), (0, 1));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = SharedClock::new(clock);
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Every setting outside its range, in one error.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::MonitorConfig;
    ///
    /// let err = MonitorConfig::builder().max_codes(0).recent_bytes(1).build().unwrap_err();
    /// let settings: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(settings, ["recent_bytes", "max_codes"]);
    /// ```
    pub fn build(self) -> Result<MonitorConfig, ConfigError> {
        let config = &self.0;
        let check = |name, value, range| outside(name, &value, range, usize::to_string);
        let problems = [
            check("recent_events", config.recent_events, 0..=100_000),
            check("recent_bytes", config.recent_bytes, 4096..=1 << 30),
            check("max_codes", config.max_codes, 1..=100_000),
            check("max_operations", config.max_operations, 1..=100_000),
            check("max_groups", config.max_groups, 1..=100_000),
        ];
        match ConfigError::join(problems.into_iter().flatten()) {
            Some(err) => Err(err),
            None => Ok(self.0),
        }
    }
}

/// Returns the error for a setting outside its range; `show` formats values as the message shows
/// them.
pub(super) fn outside<T: PartialOrd>(
    field: &'static str,
    value: &T,
    range: RangeInclusive<T>,
    show: impl Fn(&T) -> String,
) -> Option<ConfigError> {
    let (first, last) = (range.start(), range.end());
    let rule = || format!("must be from {} to {}", show(first), show(last));
    (!range.contains(value)).then(|| ConfigError::new(field, show(value), rule()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_out_of_range_is_reported_at_once() {
        let err = MonitorConfig::builder()
            .recent_bytes(1)
            .max_codes(0)
            .max_groups(100_001)
            .build()
            .unwrap_err();
        let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
        assert_eq!(fields, ["recent_bytes", "max_codes", "max_groups"]);
        assert!(MonitorConfig::builder().recent_events(0).build().is_ok());
    }
}
