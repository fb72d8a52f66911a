//! The system while it is up.

use super::settings::ExplicitSettings;
#[cfg(feature = "alerts")]
use crate::alerts::{Alerts, AlertsStatus};
#[cfg(feature = "chaos")]
use crate::chaos::ChaosGuard;
#[cfg(feature = "fleet")]
use crate::fleet::Fleet;
#[cfg(all(feature = "config", feature = "journal"))]
use crate::monitor::journal::FileJournal;
use crate::{
    monitor::{error_monitor, journal::Journal},
    sync::Mutex,
};
#[cfg(all(feature = "config", feature = "journal"))]
use std::sync::Weak;
use std::{
    panic::Location,
    sync::{Arc, LazyLock},
};

pub(super) struct RunningSystem {
    pub(super) settings: ExplicitSettings,
    /// What the settings were read from.
    #[cfg(feature = "config")]
    pub(super) configuration: Option<Arc<super::configuration::Configuration>>,
    /// Watches the file.
    #[cfg(feature = "config-watch")]
    pub(super) watch: Option<super::watch::Watch>,
    /// Where the system was initialised.
    pub(super) place: &'static Location<'static>,
    pub(super) guards: usize,
    pub(super) parts: Parts,
}

/// The parts that the shutdown ends.
#[derive(Default)]
pub(super) struct Parts {
    #[cfg(feature = "alerts")]
    pub(super) alerts: Option<Alerts>,
    pub(super) journal: Option<Arc<dyn Journal>>,
    /// The same, where it is one of files.
    #[cfg(all(feature = "config", feature = "journal"))]
    pub(super) file_journal: Weak<FileJournal>,
    #[cfg(feature = "chaos")]
    pub(super) chaos: Vec<ChaosGuard>,
    /// Ends when it is dropped.
    #[cfg(feature = "fleet")]
    pub(super) fleet: Option<Fleet>,
}

/// `None` while the system is down. Locked during start and shutdown, so that no thread finds it
/// half up; others wait at most for the deadline of the shutdown. Nothing is logged under the lock.
pub(super) static RUNNING: LazyLock<Mutex<Option<RunningSystem>>> =
    LazyLock::new(|| Mutex::new(None));

/// The journal of a system that was shut down, which keeps the records of later errors until the
/// next start.
pub(super) static LEFT_BEHIND: LazyLock<Mutex<Option<Arc<dyn Journal>>>> =
    LazyLock::new(|| Mutex::new(None));

/// Removes the journal from the monitor, unless the program has replaced it.
pub(super) fn remove_journal(ours: Option<&Arc<dyn Journal>>) {
    let current = error_monitor().journal();
    if let (Some(ours), Some(current)) = (ours, current)
        && Arc::ptr_eq(ours, &current)
    {
        error_monitor().take_journal();
    }
}

/// Returns the status of alerting if it is up.
#[cfg(feature = "alerts")]
pub(super) fn alerts_status() -> Option<AlertsStatus> {
    RUNNING
        .lock()
        .as_ref()
        .and_then(|running| running.parts.alerts.as_ref())
        .map(Alerts::status)
}
