//! Reloads when the configuration file changes.

use super::configuration::{reload, text_of};
use crate::{
    system::ReloadError,
    worker::{self, Next, Wakeup},
};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// A file that is watched until this is dropped.
pub(super) struct Watch {
    wakeup: Arc<Wakeup>,
    _watcher: RecommendedWatcher,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.wakeup.stop();
    }
}

/// How long the folder must be quiet before the file is read: an editor writes a file in several
/// steps.
const QUIET: Duration = Duration::from_millis(100);
/// How many of these waits there are at most, where the folder never is.
const MOST_WAITS: u32 = 50;
/// Nothing happens without a change.
const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);

impl Watch {
    /// Watches the folder of a file, since editors and orchestrators replace files by others of the
    /// same name.
    ///
    /// # Errors
    ///
    /// The reason why the system does not watch it.
    pub(super) fn start(path: &Path) -> Result<Self, String> {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        let wakeup = Arc::new(Wakeup::default());
        let on_event = {
            let wakeup = Arc::clone(&wakeup);
            move |event: notify::Result<notify::Event>| {
                // Reading the file is an event too.
                if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                    wakeup.notify();
                }
            }
        };
        let mut watcher = notify::recommended_watcher(on_event).map_err(|err| err.to_string())?;
        let watched = watcher.watch(folder, RecursiveMode::NonRecursive);
        watched.map_err(|err| err.to_string())?;
        let mut changes = Changes {
            path: path.to_owned(),
            last: None,
            wakeup: Arc::clone(&wakeup),
        };
        worker::spawn("gardefou-config", &wakeup, move || changes.turn())
            .map_err(|err| err.to_string())?;
        Ok(Self {
            wakeup,
            _watcher: watcher,
        })
    }
}

/// The thread that reads the file again.
struct Changes {
    path: PathBuf,
    /// What was read last, right or wrong; `None` for a file that could not be read.
    last: Option<String>,
    wakeup: Arc<Wakeup>,
}

impl Changes {
    fn turn(&mut self) -> Next {
        let mut seen = self.wakeup.changes();
        let is_new = |last: &Option<String>, now: &Option<String>| last != now;
        if !is_new(&self.last, &self.text()) {
            return Next::Wait(FOREVER);
        }
        for _ in 0..MOST_WAITS {
            if !self.wakeup.wait_beyond(seen, QUIET) {
                break;
            }
            seen = self.wakeup.changes();
        }
        // Compared by their contents, so that one wrong file is one event.
        let now = self.text();
        if is_new(&self.last, &now) {
            self.last = now;
            if let Err(ReloadError::NoFile) = reload() {
                return Next::End;
            }
        }
        Next::Wait(FOREVER)
    }

    fn text(&self) -> Option<String> {
        Some(text_of(Some(&self.path)).ok()?.1)
    }
}
