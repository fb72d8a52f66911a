//! Settings of the error system: those that are set explicitly, and what they resolve to.

#[cfg(feature = "alerts")]
use crate::alerts::{AlertsConfig, AlertsConfigBuilder};
#[cfg(feature = "chaos")]
use crate::chaos::Injection;
#[cfg(feature = "fleet")]
use crate::fleet::FleetBuilder;
#[cfg(feature = "health")]
use crate::health::{HealthConfig, HealthConfigBuilder};
#[cfg(feature = "journal")]
use crate::monitor::journal::{FileJournal, JournalConfig, JournalConfigBuilder};
use crate::{
    error::ConfigError,
    event::BeforeRecord,
    monitor::{MonitorConfig, MonitorConfigBuilder, Origin, journal::Journal},
};
#[cfg(all(feature = "config", feature = "journal"))]
use std::sync::Weak;
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
    /// How many values a label of a metric may have.
    #[cfg(any(feature = "metrics", feature = "opentelemetry"))]
    pub(crate) telemetry_names: Option<u32>,
    pub(crate) shutdown_deadline: Option<Duration>,
    pub(crate) panic_hook: Option<bool>,
    pub(crate) service: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) before_record: Option<RecordHook>,
    /// Rules of fault injection, which are valid.
    #[cfg(feature = "chaos")]
    pub(crate) chaos: Vec<Injection>,
    #[cfg(feature = "fleet")]
    pub(crate) fleet: Option<FleetBuilder>,
}

/// The function that may change or drop each record.
#[derive(Clone)]
pub(crate) struct RecordHook(pub(super) BeforeRecord);

impl PartialEq for RecordHook {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

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

impl PartialEq for JournalChoice {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            #[cfg(feature = "journal")]
            (Self::File(ours), Self::File(theirs)) => same_text(ours, theirs),
            (Self::Other(ours), Self::Other(theirs)) => Arc::ptr_eq(ours, theirs),
            #[cfg(feature = "journal")]
            _ => false,
        }
    }
}

/// All settings, validated, with the defaults for those that are not set.
pub(crate) struct Settings {
    #[cfg(feature = "health")]
    pub(crate) health: HealthConfig,
    pub(crate) monitor: MonitorConfig,
    pub(crate) journal: Option<ResolvedJournal>,
    #[cfg(feature = "alerts")]
    pub(crate) alerts: Option<AlertsConfig>,
    #[cfg(any(feature = "metrics", feature = "opentelemetry"))]
    pub(crate) telemetry_names: Option<u32>,
    pub(crate) panic_hook: bool,
    pub(crate) origin: Origin,
}

pub(crate) enum ResolvedJournal {
    #[cfg(feature = "journal")]
    File(JournalConfig),
    Other(Arc<dyn Journal>),
}

/// A journal that is open.
pub(crate) struct OpenJournal {
    pub(crate) journal: Arc<dyn Journal>,
    /// The same, where it is one of files.
    #[cfg(all(feature = "config", feature = "journal"))]
    pub(crate) files: Weak<FileJournal>,
}

impl ResolvedJournal {
    pub(crate) fn open(self) -> OpenJournal {
        match self {
            #[cfg(feature = "journal")]
            Self::File(config) => {
                let journal = Arc::new(FileJournal::open(config));
                OpenJournal {
                    #[cfg(feature = "config")]
                    files: Arc::downgrade(&journal),
                    journal,
                }
            }
            Self::Other(journal) => OpenJournal {
                journal,
                #[cfg(all(feature = "config", feature = "journal"))]
                files: Weak::new(),
            },
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
        let health =
            (self.health.clone().unwrap_or_default().build()).and_then(HealthConfig::for_existing);
        #[cfg(feature = "health")]
        let health = health.map_err(|err| problems.push(err)).unwrap_or_default();
        let mut monitor = self.monitor.clone().unwrap_or_default();
        if let Some(RecordHook(hook)) = self.before_record.clone() {
            monitor = monitor.before_record(move |record| hook(record));
        }
        let monitor = monitor.build().map_err(|err| problems.push(err));
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
        if let Some(deadline) = self.shutdown_deadline
            && deadline > LONGEST_SHUTDOWN
        {
            problems.push(ConfigError::new(
                "shutdown_deadline",
                format_args!("{deadline:?}"),
                "must be at most 1 hour",
            ));
        }
        for (field, text) in [
            ("service", &self.service),
            ("release", &self.release),
            ("environment", &self.environment),
        ] {
            let Some(text) = text else { continue };
            if text.trim().is_empty() || text.len() > LONGEST_NAME {
                problems.push(ConfigError::new(
                    field,
                    format_args!("{text:?}"),
                    "must be from 1 to 200 bytes",
                ));
            }
        }
        let (service, release) = (self.service.as_deref(), self.release.as_deref());
        let origin = Origin::new(service, release, self.environment.as_deref());
        match ConfigError::join(problems) {
            Some(err) => Err(err),
            None => Ok(Settings {
                #[cfg(feature = "health")]
                health,
                monitor: monitor.unwrap_or_default(),
                journal,
                #[cfg(feature = "alerts")]
                alerts,
                #[cfg(any(feature = "metrics", feature = "opentelemetry"))]
                telemetry_names: self.telemetry_names,
                panic_hook: self.panic_hook.unwrap_or_default(),
                origin,
            }),
        }
    }

    /// Returns the names of the settings that are set here and different in `other`.
    pub(crate) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let all = [
            #[cfg(feature = "health")]
            ("health", self.differs(other, |all| &all.health)),
            (
                "monitor",
                self.monitor.is_some() && !same_text(&self.monitor, &other.monitor),
            ),
            ("journal", self.differs(other, |all| &all.journal)),
            #[cfg(feature = "alerts")]
            ("alerts", {
                let built = |all: &Self| all.alerts.clone().map(|config| config.build().ok());
                self.alerts.is_some() && built(self) != built(other)
            }),
            #[cfg(any(feature = "metrics", feature = "opentelemetry"))]
            ("telemetry", self.differs(other, |all| &all.telemetry_names)),
            (
                "shutdown_deadline",
                self.differs(other, |all| &all.shutdown_deadline),
            ),
            ("service", self.differs(other, |all| &all.service)),
            ("release", self.differs(other, |all| &all.release)),
            ("environment", self.differs(other, |all| &all.environment)),
            (
                "before_record",
                self.differs(other, |all| &all.before_record),
            ),
            #[cfg(feature = "chaos")]
            ("chaos", !self.chaos.is_empty() && self.chaos != other.chaos),
            #[cfg(feature = "fleet")]
            (
                "fleet",
                self.fleet.is_some() && !same_text(&self.fleet, &other.fleet),
            ),
            ("panic_hook", self.differs(other, |all| &all.panic_hook)),
        ];
        all.into_iter()
            .filter_map(|(name, differs)| differs.then_some(name))
            .collect()
    }

    /// Returns `true` if a setting is set here and different in `other`.
    fn differs<T: PartialEq>(&self, other: &Self, get: fn(&Self) -> &Option<T>) -> bool {
        get(self).is_some() && get(self) != get(other)
    }
}

/// Compares configurations that hold functions and clocks.
fn same_text<T: fmt::Debug>(a: &T, b: &T) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

const LONGEST_NAME: usize = 200;
const LONGEST_SHUTDOWN: Duration = Duration::from_secs(3600);
