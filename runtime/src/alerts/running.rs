//! The alerting of the process, for whoever reports on it.

use super::{AlertsStatus, core::Core};
use crate::{scope, sync::Mutex};
use std::sync::{Arc, LazyLock, Weak, atomic::Ordering};

#[derive(Default)]
struct Running(Mutex<Vec<Weak<Core>>>);

static OF_PROCESS: LazyLock<Running> = LazyLock::new(Running::default);

/// Adds alerting that was started, to the list of the test scope under way or of the process.
pub(super) fn add(core: &Arc<Core>) {
    with_list(|running| {
        let mut list = running.0.lock();
        list.retain(|core| core.strong_count() > 0);
        list.push(Arc::downgrade(core));
    });
}

/// Returns the state of each alerting that was started and not stopped, oldest first.
pub(crate) fn statuses() -> Vec<AlertsStatus> {
    let cores: Vec<Arc<Core>> =
        with_list(|running| running.0.lock().iter().filter_map(Weak::upgrade).collect());
    cores
        .iter()
        .filter(|core| !core.closing.load(Ordering::Relaxed))
        .map(|core| core.status())
        .collect()
}

fn with_list<T>(look: impl FnOnce(&Running) -> T) -> T {
    match scope::part(|_| Running::default()) {
        Some(list) => look(&list),
        None => look(&OF_PROCESS),
    }
}
