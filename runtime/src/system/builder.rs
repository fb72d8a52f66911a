//! Builder of the error system.

use super::settings::{ExplicitSettings, JournalChoice, RecordHook};
#[cfg(feature = "alerts")]
use crate::alerts::AlertsConfigBuilder;
#[cfg(feature = "health")]
use crate::health::HealthConfigBuilder;
#[cfg(feature = "journal")]
use crate::monitor::journal::JournalConfigBuilder;
use crate::monitor::{ErrorRecord, MonitorConfigBuilder, RecordAction, journal::Journal};
#[cfg(feature = "config")]
use std::path::PathBuf;
use std::{sync::Arc, time::Duration};

/// The error system as a whole. It is configured with [`builder`](Self::builder).
#[derive(Debug)]
pub enum ErrorSystem {}

impl ErrorSystem {
    /// Returns a builder with the defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// let guard = gardefou::ErrorSystem::builder().service("orders").release("1.4.2").init()?;
    /// let other = gardefou::ErrorSystem::builder().service("billing").init();
    /// assert!(other.is_err(), "the first configuration stays in force");
    /// # drop(guard);
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    pub fn builder() -> ErrorSystemBuilder {
        ErrorSystemBuilder::default()
    }
}

/// Configures the whole system. A setting that is not set keeps its default, or the value of an
/// earlier initialisation.
///
/// # Defaults
///
/// * `health`: the defaults of [`HealthConfig`](crate::health::HealthConfig).
/// * `monitor`: [`MonitorConfig::default`](crate::monitor::MonitorConfig::default).
/// * `journal`: none.
/// * `alerts`: none.
/// * `shutdown_deadline`: 5 s; from 0 to 1 h.
/// * `service`, `release`, `environment`: none; from 1 to 200 bytes each.
/// * `before_record`: none.
/// * `panic_hook`: off.
/// * `strict`: off.
///
/// # Examples
///
/// ```standalone_crate
/// use gardefou::{ErrorSystem, health::HealthConfig, monitor::{MonitorConfig, journal::JournalConfig}};
/// use std::time::Duration;
///
/// # let folder = std::env::temp_dir().join(format!("gardefou-builder-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # std::env::set_current_dir(&folder).unwrap();
/// let guard = ErrorSystem::builder()
///     .health(HealthConfig::builder().period(Duration::from_secs(15)))
///     .monitor(MonitorConfig::builder().recent_events(500))
///     .journal(JournalConfig::builder("logs/errors"))
///     .shutdown_deadline(Duration::from_secs(2))
///     .init()?;
/// assert!(guard.warnings().is_empty());
/// # drop(guard);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), gardefou::InitError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a configuration does nothing until `init`"]
pub struct ErrorSystemBuilder {
    pub(crate) settings: ExplicitSettings,
    pub(crate) strict: bool,
    #[cfg(feature = "config")]
    pub(crate) config_file: Option<PathBuf>,
    /// Whether settings of guards are looked for in the environment also without a file.
    #[cfg(feature = "config")]
    pub(crate) reads_variables: bool,
    /// Whether the file is read again when it changes.
    #[cfg(feature = "config-watch")]
    pub(crate) watch_config: bool,
}

impl ErrorSystemBuilder {
    /// Configures health checks.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorSystem, health, health::HealthConfig};
    ///
    /// let config = HealthConfig::builder().background(false).failure_threshold(1);
    /// let guard = ErrorSystem::builder().health(config).init()?;
    /// health().register_check("queue", || false).unwrap();
    /// health().run_all_checks();
    /// assert!(!health().health_status().passed()["queue"], "the first failure counts");
    /// # drop(guard);
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    #[cfg(feature = "health")]
    pub fn health(mut self, config: HealthConfigBuilder) -> Self {
        self.settings.health = Some(config);
        self
    }

    /// Configures the monitor.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, ErrorSystem, error_monitor, monitor::MonitorConfig, report};
    ///
    /// let guard = ErrorSystem::builder().monitor(MonitorConfig::builder().recent_events(2)).init()?;
    /// (0..3).for_each(|n| report(&AppError::new(ErrorCode::SYNC_ERROR, format!("{n} ms late"))));
    /// let stats = error_monitor().stats();
    /// assert_eq!((stats.total_errors, stats.recent_errors.len()), (3, 2));
    /// # drop(guard);
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    pub fn monitor(mut self, config: MonitorConfigBuilder) -> Self {
        self.settings.monitor = Some(config);
        self
    }

    /// Keeps errors and changes of health in a journal of files.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, ErrorSystem, error_monitor, monitor::journal::{JournalConfig, Query}, report};
    ///
    /// # let folder = std::env::temp_dir().join(format!("gardefou-journal-{}", std::process::id()));
    /// let guard = ErrorSystem::builder().journal(JournalConfig::builder(&folder)).init()?;
    /// report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// assert!(guard.shutdown().is_clean(), "everything is on disk");
    /// let page = error_monitor().journal().unwrap().query(&Query::default()).unwrap();
    /// assert_eq!(page.records[0].message, "late");
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    #[cfg(feature = "journal")]
    pub fn journal(mut self, config: JournalConfigBuilder) -> Self {
        self.settings.journal = Some(JournalChoice::File(config));
        self
    }

    /// Keeps errors and changes of health in another kind of journal.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, ErrorSystem, monitor::journal::MemoryJournal, report};
    /// use std::sync::Arc;
    ///
    /// let journal = Arc::new(MemoryJournal::new());
    /// let guard = ErrorSystem::builder().journal_in(journal.clone()).init()?;
    /// report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// assert!(journal.records().iter().any(|record| record.message == "late"));
    /// # drop(guard);
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    pub fn journal_in(mut self, journal: Arc<dyn Journal>) -> Self {
        self.settings.journal = Some(JournalChoice::Other(journal));
        self
    }

    /// Lets all [shared](crate::breaker::BreakerBuilder::shared) circuit breakers of the process share their state with
    /// those of the same name in other processes.
    ///
    /// The start does not wait for the store, nor does a call through a closed circuit. Health warns while
    /// the store does not answer.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use gardefou::{ErrorSystem, fleet::{Fleet, MemoryStore}};
    ///
    /// let fleet = Fleet::builder("checkout").store(MemoryStore::new());
    /// let guard = ErrorSystem::builder().fleet(fleet).init()?;
    /// assert!(guard.warnings().is_empty());
    /// # drop(guard);
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    #[cfg(feature = "fleet")]
    pub fn fleet(mut self, fleet: crate::fleet::FleetBuilder) -> Self {
        self.settings.fleet = Some(fleet);
        self
    }

    /// Sends notifications about errors, circuit breakers and changes of health.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorSystem, alerts::{AlertsConfig, CallbackChannel}, health::HealthConfig};
    ///
    /// let channel = CallbackChannel::new("pager", |notification| {
    ///     println!("{}", notification.title);
    ///     Ok(())
    /// });
    /// let alerts = AlertsConfig::builder().channel(channel);
    /// // Without checks in the background there is nothing to notify about.
    /// let health = HealthConfig::builder().background(false);
    /// let guard = ErrorSystem::builder().alerts(alerts).health(health).init()?;
    /// let report = guard.shutdown();
    /// assert_eq!(report.part("alerts").map(|part| part.sent), Some(0));
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    #[cfg(feature = "alerts")]
    pub fn alerts(mut self, config: AlertsConfigBuilder) -> Self {
        self.settings.alerts = Some(config);
        self
    }

    /// Sets the name of the program, for example `orders`; each record from now on carries it as
    /// `service`.
    ///
    /// Each record names the program that it comes from: service, release, environment, and the
    /// name of the machine, which is read once. See [`Origin`](crate::monitor::Origin).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, ErrorSystem, error_monitor};
    ///
    /// let guard = ErrorSystem::builder().service("orders").init()?;
    /// error_monitor().record(&AppError::new(ErrorCode::SYNC_ERROR, "out of step"));
    /// let record = &error_monitor().stats().recent_errors[0];
    /// assert_eq!(record.origin.as_ref().unwrap().service.as_deref(), Some("orders"));
    /// # drop(guard);
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.settings.service = Some(name.into());
        self
    }

    /// Sets the version of the program, for example `1.4.2`; each record carries it as `release`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, ErrorSystem, error_monitor};
    ///
    /// let guard = ErrorSystem::builder().release("1.4.2").init()?;
    /// error_monitor().record(&AppError::new(ErrorCode::SYNC_ERROR, "out of step"));
    /// let record = &error_monitor().stats().recent_errors[0];
    /// assert_eq!(record.origin.as_ref().unwrap().release.as_deref(), Some("1.4.2"));
    /// # drop(guard);
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    pub fn release(mut self, version: impl Into<String>) -> Self {
        self.settings.release = Some(version.into());
        self
    }

    /// Sets where the program runs, for example `production`; each record carries it as
    /// `environment`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, ErrorSystem, error_monitor};
    ///
    /// let guard = ErrorSystem::builder().environment("staging").init()?;
    /// error_monitor().record(&AppError::new(ErrorCode::SYNC_ERROR, "out of step"));
    /// let record = &error_monitor().stats().recent_errors[0];
    /// assert_eq!(record.origin.as_ref().unwrap().environment.as_deref(), Some("staging"));
    /// # drop(guard);
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.settings.environment = Some(name.into());
        self
    }

    /// Sets a function that may change or drop each record before it is logged, counted, journalled
    /// or passed to alerts: see [`MonitorConfigBuilder::before_record`], whose function it
    /// replaces.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use gardefou::{AppError, ErrorCode, ErrorSystem, error_monitor, monitor::RecordAction};
    ///
    /// let guard = ErrorSystem::builder()
    ///     .before_record(|record| match record.error_code.as_str() {
    ///         "TIMEOUT_ERROR" => RecordAction::Drop,
    ///         _ => RecordAction::Keep,
    ///     })
    ///     .init()?;
    /// gardefou::report(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// assert_eq!(error_monitor().stats().total_errors, 1);
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    pub fn before_record(
        mut self,
        hook: impl Fn(&mut ErrorRecord) -> RecordAction + Send + Sync + 'static,
    ) -> Self {
        self.settings.before_record = Some(RecordHook(Arc::new(hook)));
        self
    }

    /// Sets the time limit of the shutdown. A quarter of what the health checks leave of it is
    /// reserved for the journal, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::ErrorSystem;
    /// use std::time::Duration;
    ///
    /// let guard = ErrorSystem::builder().shutdown_deadline(Duration::from_secs(2)).init()?;
    /// assert!(guard.shutdown().elapsed() < Duration::from_secs(2));
    /// let days = Duration::from_secs(7 * 86_400);
    /// assert!(ErrorSystem::builder().shutdown_deadline(days).init().is_err(), "at most 1 h");
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.settings.shutdown_deadline = Some(deadline);
        self
    }

    /// Reports uncaught panics as errors with the code `PANIC_ERROR` at the level critical: logged,
    /// counted, in the journal and in alerts before the thread unwinds, or the process aborts.
    ///
    /// The previous hook, for example the one that prints to stderr, runs first. A panic that a
    /// boundary, an attribute with `catch_panics`, or a health check catches is not reported twice.
    /// Another thread makes the report, outside of the spans of the panicking thread, which waits
    /// for it at most a second. The hook does nothing while the system is down.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorSystem, error_monitor};
    ///
    /// let guard = ErrorSystem::builder().panic_hook(true).init()?;
    /// assert!(std::thread::spawn(|| panic!("no rows")).join().is_err());
    /// assert_eq!(error_monitor().stats().error_counts["PANIC_ERROR"], 1);
    /// # drop(guard);
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    pub fn panic_hook(mut self, on: bool) -> Self {
        self.settings.panic_hook = Some(on);
        self
    }

    /// Makes conflicts errors instead of warnings: error codes that share a number, checks that
    /// cannot be registered, breakers with two configurations.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use gardefou::{AppError, ErrorSystem, InitError, with_circuit_breaker};
    ///
    /// #[with_circuit_breaker(name = "accounts", failure_threshold = 3)]
    /// fn balance() -> Result<u64, AppError> {
    ///     Ok(10)
    /// }
    ///
    /// #[with_circuit_breaker(name = "accounts", failure_threshold = 5)]
    /// fn owner() -> Result<String, AppError> {
    ///     Ok("ann".to_owned())
    /// }
    ///
    /// let refused = ErrorSystem::builder().strict(true).init();
    /// assert!(matches!(refused, Err(InitError::Clash { .. })));
    /// assert_eq!(ErrorSystem::builder().init()?.warnings().len(), 1);
    /// # Ok::<(), InitError>(())
    /// ```
    pub fn strict(mut self, on: bool) -> Self {
        self.strict = on;
        self
    }

    /// Names a configuration file, whose settings replace those of the code, as environment
    /// variables replace those of the file: see [`config`](crate::config) and the
    /// [guide](crate::guide::configuration).
    ///
    /// [`init`](Self::init) reads it, and [`reload`](super::ErrorSystemGuard::reload) reads it again.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use gardefou::{ErrorSystem, retry::Retry};
    ///
    /// # let path = std::env::temp_dir().join(format!("gardefou-file-{}.toml", std::process::id()));
    /// std::fs::write(&path, "[retry.\"http-*\"]\nmax_retries = 7").unwrap();
    /// let system = ErrorSystem::builder().config_file(&path).init()?;
    /// let retry = Retry::builder().name("http-client").max_retries(2).build()?;
    /// assert_eq!(retry.config().max_attempts.get(), 8);
    /// # drop(system);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[cfg(feature = "config")]
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_file = Some(path.into());
        self
    }

    /// Reads the configuration file again whenever it changes, as
    /// [`reload`](super::ErrorSystemGuard::reload) does; off by default.
    ///
    /// A change is read once the folder of the file was quiet for 100 ms, and only if the contents of
    /// the file differ from what was read last. A file that is replaced by another one of its name,
    /// directly or through a link, is a change. Where the folder cannot be watched, the system starts
    /// nevertheless, with a [warning](super::ErrorSystemGuard::warnings).
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use gardefou::ErrorSystem;
    ///
    /// # let path = std::env::temp_dir().join(format!("gardefou-watch-{}.toml", std::process::id()));
    /// std::fs::write(&path, "").unwrap();
    /// let system = ErrorSystem::builder().config_file(&path).watch_config(true).init()?;
    /// assert!(system.warnings().is_empty());
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    #[cfg(feature = "config-watch")]
    pub fn watch_config(mut self, on: bool) -> Self {
        self.watch_config = on;
        self
    }
}
