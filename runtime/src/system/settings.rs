//! Settings of the error system: those that are set explicitly, and what they resolve to.

#[cfg(feature = "alerts")]
use crate::alerts::{AlertsConfig, AlertsConfigBuilder};
#[cfg(feature = "health")]
use crate::health::{HealthConfig, HealthConfigBuilder};
#[cfg(feature = "journal")]
use crate::monitor::journal::{FileJournal, JournalConfig, JournalConfigBuilder};
use crate::{
    error::ConfigError,
    event::BeforeRecord,
    monitor::{MonitorConfig, MonitorConfigBuilder, Origin, journal::Journal},
};
use std::{fmt, sync::Arc, time::Duration};

/// The settings that are set explicitly; `None` for the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExplicitSettings {
    #[cfg(feature = "health")]
    pub(crate) health: Option<HealthConfigBuilder>,
    pub(crate) monitor: Option<MonitorConfigBuilder>,
    pub(crate) journal: Option<JournalChoice>,
    #[cfg(feature = "alerts")]
    pub(crate) alerts: Option<AlertsConfigBuilder>,
    pub(crate) shutdown_deadline: Option<Duration>,
    pub(crate) panic_hook: Option<bool>,
    pub(crate) service: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) before_record: Option<RecordHook>,
}

/// The function that may change or drop each record.
#[derive(Clone)]
pub(crate) struct RecordHook(pub(super) BeforeRecord);

impl fmt::Debug for RecordHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordHook")
    }
}

/// The journal to use.
#[derive(Clone, Debug)]
pub(crate) enum JournalChoice {
    #[cfg(feature = "journal")]
    File(JournalConfigBuilder),
    Other(Arc<dyn Journal>),
}

/// All settings, validated, with the defaults for those that are not set.
pub(crate) struct Settings {
    #[cfg(feature = "health")]
    pub(crate) health: HealthConfig,
    pub(crate) monitor: MonitorConfig,
    pub(crate) journal: Option<ResolvedJournal>,
    #[cfg(feature = "alerts")]
    pub(crate) alerts: Option<AlertsConfig>,
    pub(crate) panic_hook: bool,
    pub(crate) origin: Origin,
}

pub(crate) enum ResolvedJournal {
    #[cfg(feature = "journal")]
    File(JournalConfig),
    Other(Arc<dyn Journal>),
}

impl ResolvedJournal {
    pub(crate) fn open(self) -> Arc<dyn Journal> {
        match self {
            #[cfg(feature = "journal")]
            Self::File(config) => Arc::new(FileJournal::open(config)),
            Self::Other(journal) => journal,
        }
    }
}

impl ExplicitSettings {
    /// Fills in the defaults.
    ///
    /// # Errors
    ///
    /// Returns an error that names every illegal setting of every part.
    pub(crate) fn resolve(&self) -> Result<Settings, ConfigError> {
        let mut problems = Vec::new();
        #[cfg(feature = "health")]
        let health = self.health.clone().unwrap_or_default().build();
        #[cfg(feature = "health")]
        let health = health.map_err(|err| problems.push(err)).unwrap_or_default();
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
            Some(JournalChoice::Other(journal)) => {
                Some(ResolvedJournal::Other(Arc::clone(journal)))
            }
            #[cfg(feature = "journal")]
            Some(JournalChoice::File(config)) => match config.clone().build() {
                Ok(config) => Some(ResolvedJournal::File(config)),
                Err(err) => {
                    problems.push(err);
                    None
                }
            },
        };
        #[cfg(feature = "alerts")]
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
                #[cfg(feature = "health")]
                health,
                monitor,
                journal,
                #[cfg(feature = "alerts")]
                alerts,
                panic_hook,
                origin,
            }),
        }
    }

    /// Returns the names of the settings that are set here and different in `other`.
    pub(crate) fn differences(&self, other: &Self) -> Vec<&'static str> {
        fn differ<T>(ours: &Option<T>, theirs: &Option<T>, equal: impl Fn(&T, &T) -> bool) -> bool {
            ours.as_ref()
                .is_some_and(|ours| !theirs.as_ref().is_some_and(|theirs| equal(ours, theirs)))
        }
        // Configurations that hold functions and clocks are compared by their `Debug` texts.
        fn same_text(a: &impl fmt::Debug, b: &impl fmt::Debug) -> bool {
            format!("{a:?}") == format!("{b:?}")
        }
        let same_journal = |a: &JournalChoice, b: &JournalChoice| match (a, b) {
            #[cfg(feature = "journal")]
            (JournalChoice::File(a), JournalChoice::File(b)) => same_text(a, b),
            (JournalChoice::Other(a), JournalChoice::Other(b)) => Arc::ptr_eq(a, b),
            #[cfg(feature = "journal")]
            _ => false,
        };
        #[cfg(feature = "alerts")]
        let same_alerts = |a: &AlertsConfigBuilder, b: &AlertsConfigBuilder| {
            a.clone().build().ok() == b.clone().build().ok()
        };
        let same_hook = |a: &RecordHook, b: &RecordHook| Arc::ptr_eq(&a.0, &b.0);
        let same_name = String::eq;
        let all = [
            #[cfg(feature = "health")]
            ("health", differ(&self.health, &other.health, PartialEq::eq)),
            ("monitor", differ(&self.monitor, &other.monitor, same_text)),
            (
                "journal",
                differ(&self.journal, &other.journal, same_journal),
            ),
            #[cfg(feature = "alerts")]
            ("alerts", differ(&self.alerts, &other.alerts, same_alerts)),
            (
                "shutdown_deadline",
                differ(
                    &self.shutdown_deadline,
                    &other.shutdown_deadline,
                    PartialEq::eq,
                ),
            ),
            ("service", differ(&self.service, &other.service, same_name)),
            ("release", differ(&self.release, &other.release, same_name)),
            (
                "environment",
                differ(&self.environment, &other.environment, same_name),
            ),
            (
                "before_record",
                differ(&self.before_record, &other.before_record, same_hook),
            ),
            (
                "panic_hook",
                differ(&self.panic_hook, &other.panic_hook, PartialEq::eq),
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
