//! The registry of started alerting, for health reports and dashboards.

use super::{dispatcher::Dispatcher, status::AlertsStatus};
use crate::{scope, sync::Mutex};
use std::sync::{Arc, LazyLock, Weak, atomic::Ordering};

#[derive(Default)]
struct Registry(Mutex<Vec<Weak<Dispatcher>>>);

static OF_PROCESS: LazyLock<Registry> = LazyLock::new(Registry::default);

/// Adds started alerting to the registry of the test scope under way, or of the process.
pub(super) fn add(dispatcher: &Arc<Dispatcher>) {
    with_registry(|registry| {
        let mut list = registry.0.lock();
        list.retain(|dispatcher| dispatcher.strong_count() > 0);
        list.push(Arc::downgrade(dispatcher));
    });
}

/// Returns the status of each alerting that was started and not stopped, oldest first; inside of a
/// test scope, of each that was started in the scope.
///
/// # Examples
///
/// ```
/// use gardefou::alerts::{Alerts, AlertsConfig, LogChannel, statuses};
/// use std::time::Duration;
///
/// let config = AlertsConfig::builder().background(false).channel(LogChannel::new());
/// let alerts = Alerts::start(config.build()?)?;
/// assert_eq!(statuses()[0].channels[0].name, "log");
/// alerts.shutdown(Duration::from_secs(1));
/// assert!(statuses().is_empty());
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[must_use]
pub fn statuses() -> Vec<AlertsStatus> {
    let dispatchers: Vec<Arc<Dispatcher>> =
        with_registry(|registry| registry.0.lock().iter().filter_map(Weak::upgrade).collect());
    dispatchers
        .iter()
        .filter(|dispatcher| !dispatcher.closing.load(Ordering::Relaxed))
        .map(|dispatcher| dispatcher.status())
        .collect()
}

fn with_registry<T>(read: impl FnOnce(&Registry) -> T) -> T {
    match scope::part(|_| Registry::default()) {
        Some(registry) => read(&registry),
        None => read(&OF_PROCESS),
    }
}
