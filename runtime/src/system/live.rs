//! Settings of the system that change while it is up.

#[cfg(feature = "journal")]
use super::settings::JournalChoice;
use super::{running::RunningSystem, settings::ExplicitSettings};
#[cfg(feature = "health")]
use crate::health::{HealthConfig, health};
use crate::monitor;
#[cfg(feature = "journal")]
use crate::monitor::journal::JournalConfig;
#[cfg(any(feature = "metrics", feature = "opentelemetry"))]
use crate::telemetry;

/// Returns `true` if a section is about a part that is up, and that is to be, or about one that is
/// neither.
pub(super) fn has_part(running: &RunningSystem, section: &str, wanted: &ExplicitSettings) -> bool {
    match section {
        #[cfg(feature = "alerts")]
        "alerts" => running.parts.alerts.is_some() == wanted.alerts.is_some(),
        #[cfg(feature = "journal")]
        "journal" => {
            let folder = wanted.journal_config().map(|it| it.in_folder().to_owned());
            let of_running = running.parts.file_journal.upgrade();
            of_running.map(|journal| journal.folder().to_owned()) == folder
        }
        _ => {
            let _ = (running, wanted);
            true
        }
    }
}

/// Applies what differs from the settings in force, and can be changed. The settings were checked.
/// Nothing is logged: the system is locked.
pub(super) fn apply(running: &mut RunningSystem, wanted: &ExplicitSettings) {
    let mut changed = running.settings.differences(wanted);
    changed.extend(wanted.differences(&running.settings));
    let Ok(settings) = wanted.resolve() else {
        return;
    };
    running.settings.shutdown_deadline = wanted.shutdown_deadline;
    #[cfg(any(feature = "metrics", feature = "opentelemetry"))]
    {
        telemetry::configure_names(wanted.telemetry_names);
        running.settings.telemetry_names = wanted.telemetry_names;
    }
    if changed.contains(&"monitor") {
        monitor::configure(settings.monitor);
        running.settings.monitor.clone_from(&wanted.monitor);
    }
    #[cfg(feature = "health")]
    if changed.contains(&"health") {
        // Whether there is a thread for them is decided at the start.
        let config = HealthConfig {
            background: health().config().background,
            ..settings.health
        };
        // Refused for a clock alone, which the start has refused before.
        let _ = health().configure(config);
        running.settings.health.clone_from(&wanted.health);
    }
    #[cfg(feature = "journal")]
    if changed.contains(&"journal")
        && has_part(running, "journal", wanted)
        && let (Some(journal), Some(limits)) = (
            running.parts.file_journal.upgrade(),
            wanted.journal_config(),
        )
    {
        journal.set_limits(&limits);
        running.settings.journal.clone_from(&wanted.journal);
    }
    #[cfg(feature = "alerts")]
    if changed.contains(&"alerts")
        && let (Some(alerts), Some(config)) = (&running.parts.alerts, settings.alerts)
    {
        alerts.set_rules_and_throttle(&config);
        running.settings.alerts.clone_from(&wanted.alerts);
    }
}

impl ExplicitSettings {
    /// Returns the configuration of the journal of files, if there is to be one.
    #[cfg(feature = "journal")]
    fn journal_config(&self) -> Option<JournalConfig> {
        match &self.journal {
            Some(JournalChoice::File(config)) => config.clone().build().ok(),
            _ => None,
        }
    }
}
