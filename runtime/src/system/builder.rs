//! The configuration of the whole.

use super::{ErrorSystemGuard, InitError, init};
use crate::{
    alerts::{AlertsConfig, AlertsConfigBuilder},
    error::ConfigError,
    event::BeforeRecord,
    health::HealthConfig,
    monitor::{
        ErrorRecord, MonitorConfig, MonitorConfigBuilder, Origin, RecordAction,
        journal::{FileJournal, Journal, JournalConfig, JournalConfigBuilder},
    },
};
use std::{fmt, sync::Arc, time::Duration};

/// The error system as a whole; a name for [`builder`](Self::builder).
#[derive(Debug)]
pub enum ErrorSystem {}

impl ErrorSystem {
    /// Begins a configuration of the whole system.
    pub fn builder() -> ErrorSystemBuilder {
        ErrorSystemBuilder::default()
    }
}

/// Configures the whole system; every setting that is left out keeps its default, or what an
/// earlier initialisation chose.
///
/// # Defaults
///
/// * `health`: [`HealthConfig::default`].
/// * `monitor`: [`MonitorConfig::default`].
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
/// let guard = ErrorSystem::builder()
///     .health(HealthConfig::default().period(Duration::from_secs(15)))
///     .monitor(MonitorConfig::builder().recent_events(500))
///     .journal(JournalConfig::builder("logs/errors"))
///     .shutdown_deadline(Duration::from_secs(2))
///     .init()?;
/// assert!(guard.warnings().is_empty());
/// # Ok::<(), gardefou::InitError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a configuration does nothing until `init`"]
pub struct ErrorSystemBuilder {
    pub(crate) wishes: Wishes,
    pub(crate) strict: bool,
}

/// What was asked for; `None` where nothing was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) health: Option<HealthConfig>,
    pub(crate) monitor: Option<MonitorConfigBuilder>,
    pub(crate) journal: Option<JournalWish>,
    pub(crate) alerts: Option<AlertsConfigBuilder>,
    pub(crate) shutdown_deadline: Option<Duration>,
    pub(crate) panic_hook: Option<bool>,
    pub(crate) service: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) before_record: Option<RecordHook>,
}

/// A function of the program that sees each record first.
#[derive(Clone)]
pub(crate) struct RecordHook(BeforeRecord);

impl fmt::Debug for RecordHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordHook")
    }
}

/// Where errors are to be kept.
#[derive(Clone, Debug)]
pub(crate) enum JournalWish {
    File(JournalConfigBuilder),
    Other(Arc<dyn Journal>),
}

/// All that was asked for, found legal.
pub(crate) struct Settings {
    pub(crate) health: HealthConfig,
    pub(crate) monitor: MonitorConfig,
    pub(crate) journal: Option<JournalSetting>,
    pub(crate) alerts: Option<AlertsConfig>,
    pub(crate) panic_hook: bool,
    pub(crate) origin: Origin,
}

pub(crate) enum JournalSetting {
    File(JournalConfig),
    Other(Arc<dyn Journal>),
}

impl JournalSetting {
    pub(crate) fn open(self) -> Arc<dyn Journal> {
        match self {
            Self::File(config) => Arc::new(FileJournal::open(config)),
            Self::Other(journal) => journal,
        }
    }
}

impl ErrorSystemBuilder {
    /// Sets how health checks run.
    pub fn health(mut self, config: HealthConfig) -> Self {
        self.wishes.health = Some(config);
        self
    }

    /// Sets how much the monitor keeps in memory.
    pub fn monitor(mut self, config: MonitorConfigBuilder) -> Self {
        self.wishes.monitor = Some(config);
        self
    }

    /// Keeps errors, and changes of health, in files of a folder.
    pub fn journal(mut self, config: JournalConfigBuilder) -> Self {
        self.wishes.journal = Some(JournalWish::File(config));
        self
    }

    /// Keeps errors, and changes of health, in a journal of another kind.
    pub fn journal_in(mut self, journal: Arc<dyn Journal>) -> Self {
        self.wishes.journal = Some(JournalWish::Other(journal));
        self
    }

    /// Sends notifications of errors, circuits and changes of health.
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
    /// // Without checks in the background there is nothing to tell.
    /// let health = HealthConfig::default().background(false);
    /// let guard = ErrorSystem::builder().alerts(alerts).health(health).init()?;
    /// let report = guard.shutdown();
    /// assert_eq!(report.part("alerts").map(|part| part.sent), Some(0));
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    pub fn alerts(mut self, config: AlertsConfigBuilder) -> Self {
        self.wishes.alerts = Some(config);
        self
    }

    /// Sets the name of the program, for example `orders`; each record from now on carries it as
    /// `service`.
    ///
    /// Each record names the program that it comes from: service, release, environment, and the
    /// name of the machine, which is read once. See [`Origin`].
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
        self.wishes.service = Some(name.into());
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
        self.wishes.release = Some(version.into());
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
        self.wishes.environment = Some(name.into());
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
        self.wishes.before_record = Some(RecordHook(Arc::new(hook)));
        self
    }

    /// Sets how long the guard may take to shut everything down. Where there is a journal, a
    /// quarter of what the health checks leave of it is kept for that.
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.wishes.shutdown_deadline = Some(deadline);
        self
    }

    /// Reports uncaught panics as errors with the code `PANIC_ERROR` at the level critical: logged,
    /// counted, in the journal and in alerts before the thread unwinds, or the process aborts.
    ///
    /// The hook that was there before, for example the one that prints to stderr, runs first. A
    /// panic that a boundary, an attribute with `catch_panics`, or a health check catches is not
    /// reported twice. The report is made by a thread of its own, for which the panicking thread
    /// waits for at most a second; it knows no span of the latter. The hook rests while the system
    /// is down.
    pub fn panic_hook(mut self, on: bool) -> Self {
        self.wishes.panic_hook = Some(on);
        self
    }

    /// Makes clashes (error codes with one number, checks that cannot be registered, breakers with
    /// two configurations) errors instead of warnings.
    pub fn strict(mut self, on: bool) -> Self {
        self.strict = on;
        self
    }

    /// Initialises the system as [`init_error_system`](crate::init_error_system) does, with these
    /// settings.
    ///
    /// # Errors
    ///
    /// [`InitError`]: settings that are illegal, all of them; settings that differ from those of an earlier
    /// initialisation whose guard is still alive; clashes, if [`strict`](Self::strict) is on.
    #[track_caller]
    pub fn init(self) -> Result<ErrorSystemGuard, InitError> {
        init::init(&self)
    }
}

impl Wishes {
    /// Finds every problem of every part.
    pub(crate) fn settings(&self) -> Result<Settings, ConfigError> {
        let mut problems = Vec::new();
        let health = self.health.clone().unwrap_or_default();
        problems.extend(health.validate().err());
        let mut monitor = self.monitor.clone().unwrap_or_default();
        if let Some(RecordHook(hook)) = self.before_record.clone() {
            monitor = monitor.before_record(move |record| hook(record));
        }
        let monitor = monitor.build();
        let monitor = monitor
            .map_err(|err| problems.push(err))
            .unwrap_or_default();
        let journal = match &self.journal {
            None => None,
            Some(JournalWish::Other(journal)) => Some(JournalSetting::Other(Arc::clone(journal))),
            Some(JournalWish::File(config)) => match config.clone().build() {
                Ok(config) => Some(JournalSetting::File(config)),
                Err(err) => {
                    problems.push(err);
                    None
                }
            },
        };
        let alerts = self
            .alerts
            .clone()
            .and_then(|config| config.build().map_err(|err| problems.push(err)).ok());
        if let Some(deadline) = self
            .shutdown_deadline
            .filter(|deadline| *deadline > LONGEST_SHUTDOWN)
        {
            problems.push(ConfigError::new(
                "shutdown_deadline",
                format_args!("{deadline:?}"),
                "must be at most 1 hour",
            ));
        }
        let origin = [
            ("service", &self.service),
            ("release", &self.release),
            ("environment", &self.environment),
        ];
        for (field, text) in origin
            .into_iter()
            .filter_map(|(field, text)| Some((field, text.as_deref()?)))
        {
            if text.trim().is_empty() || text.len() > LONGEST_NAME {
                problems.push(ConfigError::new(
                    field,
                    format_args!("{text:?}"),
                    "must be from 1 to 200 bytes",
                ));
            }
        }
        let panic_hook = self.panic_hook.unwrap_or_default();
        let origin = Origin::new(
            self.service.as_deref(),
            self.release.as_deref(),
            self.environment.as_deref(),
        );
        match ConfigError::join(problems) {
            Some(err) => Err(err),
            None => Ok(Settings {
                health,
                monitor,
                journal,
                alerts,
                panic_hook,
                origin,
            }),
        }
    }

    /// The settings that `self` asks for and `other` has differently.
    pub(crate) fn differences(&self, other: &Self) -> Vec<&'static str> {
        fn differ<T>(wish: Option<&T>, other: Option<&T>, equal: impl Fn(&T, &T) -> bool) -> bool {
            wish.is_some_and(|wish| !other.is_some_and(|other| equal(wish, other)))
        }
        // Configurations that hold functions and clocks have no equality but that of their texts.
        fn same_text(a: &impl fmt::Debug, b: &impl fmt::Debug) -> bool {
            format!("{a:?}") == format!("{b:?}")
        }
        let same_journal = |a: &JournalWish, b: &JournalWish| match (a, b) {
            (JournalWish::File(a), JournalWish::File(b)) => same_text(a, b),
            (JournalWish::Other(a), JournalWish::Other(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        let same_alerts = |a: &AlertsConfigBuilder, b: &AlertsConfigBuilder| {
            a.clone().build().ok() == b.clone().build().ok()
        };
        let same_hook = |a: &RecordHook, b: &RecordHook| Arc::ptr_eq(&a.0, &b.0);
        let deadlines = (
            self.shutdown_deadline.as_ref(),
            other.shutdown_deadline.as_ref(),
        );
        let all = [
            (
                "health",
                differ(self.health.as_ref(), other.health.as_ref(), PartialEq::eq),
            ),
            (
                "monitor",
                differ(self.monitor.as_ref(), other.monitor.as_ref(), same_text),
            ),
            (
                "journal",
                differ(self.journal.as_ref(), other.journal.as_ref(), same_journal),
            ),
            (
                "alerts",
                differ(self.alerts.as_ref(), other.alerts.as_ref(), same_alerts),
            ),
            (
                "shutdown_deadline",
                differ(deadlines.0, deadlines.1, PartialEq::eq),
            ),
            (
                "service",
                differ(self.service.as_ref(), other.service.as_ref(), PartialEq::eq),
            ),
            (
                "release",
                differ(self.release.as_ref(), other.release.as_ref(), PartialEq::eq),
            ),
            (
                "environment",
                differ(
                    self.environment.as_ref(),
                    other.environment.as_ref(),
                    PartialEq::eq,
                ),
            ),
            (
                "before_record",
                differ(
                    self.before_record.as_ref(),
                    other.before_record.as_ref(),
                    same_hook,
                ),
            ),
            (
                "panic_hook",
                differ(
                    self.panic_hook.as_ref(),
                    other.panic_hook.as_ref(),
                    PartialEq::eq,
                ),
            ),
        ];
        all.into_iter()
            .filter(|(_, differs)| *differs)
            .map(|(name, _)| name)
            .collect()
    }
}

const LONGEST_NAME: usize = 200;
const LONGEST_SHUTDOWN: Duration = Duration::from_secs(3600);
