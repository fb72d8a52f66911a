//! The alerting of the process, for whoever reports on it.

use super::{dispatcher::Dispatcher, status::AlertsStatus};
use crate::{scope, sync::Mutex};
use std::sync::{Arc, LazyLock, Weak, atomic::Ordering};

#[derive(Default)]
struct Running(Mutex<Vec<Weak<Dispatcher>>>);

static OF_PROCESS: LazyLock<Running> = LazyLock::new(Running::default);

/// Adds alerting that was started, to the list of the test scope under way or of the process.
pub(super) fn add(dispatcher: &Arc<Dispatcher>) {
    with_list(|running| {
        let mut list = running.0.lock();
        list.retain(|dispatcher| dispatcher.strong_count() > 0);
        list.push(Arc::downgrade(dispatcher));
    });
}

/// Returns the state of each alerting that was started and not stopped, oldest first.
pub(crate) fn statuses() -> Vec<AlertsStatus> {
    let dispatchers: Vec<Arc<Dispatcher>> =
        with_list(|running| running.0.lock().iter().filter_map(Weak::upgrade).collect());
    dispatchers
        .iter()
        .filter(|dispatcher| !dispatcher.closing.load(Ordering::Relaxed))
        .map(|dispatcher| dispatcher.status())
        .collect()
}

fn with_list<T>(look: impl FnOnce(&Running) -> T) -> T {
    match scope::part(|_| Running::default()) {
        Some(list) => look(&list),
        None => look(&OF_PROCESS),
    }
}
