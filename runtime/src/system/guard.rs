//! The value that keeps the system up.

use super::{FlushReport, InitWarning, ShutdownReport, init};
use crate::alerts::AlertsStatus;
use std::time::Duration;

/// Keeps the error system up; dropping the last one shuts it down in order, within the
/// [deadline](super::ErrorSystemBuilder::shutdown_deadline).
///
/// Bind it in `main`: `let _guard = gardefou::init_error_system()?;`. The order of the end: first
/// it waits for rollbacks of dropped transactions that run as tasks, for at most 30 s (not inside a
/// current-thread runtime, whose tasks run only when its thread is free: drop the guard after such
/// a runtime, or await before it what you start); readiness turns to fail and the background runner
/// stops, then what waits to be sent is sent, last the journal is flushed. Guarded functions go on
/// working after that, and the system can be initialised again.
#[derive(Debug)]
#[must_use = "dropping the guard shuts the error system down: bind it to a name, as `_guard`"]
pub struct ErrorSystemGuard {
    warnings: Vec<InitWarning>,
    released: bool,
}

impl ErrorSystemGuard {
    pub(crate) fn new(warnings: Vec<InitWarning>) -> Self {
        Self {
            warnings,
            released: false,
        }
    }

    /// Returns what was found at the start that works, but not as somebody meant it. Each was also
    /// logged.
    #[must_use]
    pub fn warnings(&self) -> &[InitWarning] {
        &self.warnings
    }

    /// Tells how alerting is doing, if it was configured.
    #[must_use]
    pub fn alerts_status(&self) -> Option<AlertsStatus> {
        init::alerts_status()
    }

    /// Sends what waits to be sent and writes what waits to be written, within the deadline;
    /// everything goes on running. For the end of a unit of work after which the process may be
    /// stopped, for example a call of a serverless function.
    ///
    /// Notifications that a throttle or a mute holds back are not sent earlier. An error inside an
    /// attempt of a retry that still runs stays pending; its record is in the journal.
    ///
    /// # Examples
    ///
    /// ```
    /// let guard = gardefou::init_error_system()?;
    /// let report = guard.flush(std::time::Duration::from_secs(2));
    /// assert!(report.is_clean());
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    pub fn flush(&self, deadline: Duration) -> FlushReport {
        init::flush_all(deadline)
    }

    /// Gives this guard back and tells what the shutdown came to, if it was the last one.
    ///
    /// # Examples
    ///
    /// ```
    /// let guard = gardefou::init_error_system()?;
    /// let report = guard.shutdown();
    /// assert_eq!(report.guards_left(), 0);
    /// assert!(report.is_clean(), "{report}");
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    pub fn shutdown(mut self) -> ShutdownReport {
        self.released = true;
        init::release()
    }
}

impl Drop for ErrorSystemGuard {
    fn drop(&mut self) {
        if !self.released {
            init::release();
        }
    }
}
