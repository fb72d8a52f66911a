//! Flush and shutdown of the error system, and the guard that begins them.

use super::{
    init_error::InitWarning,
    panic_hook,
    report::{PartReport, SystemReport},
    running::{LEFT_BEHIND, Parts, RUNNING},
    time_limit::run_with_limit,
};
#[cfg(feature = "alerts")]
use crate::alerts::{Alerts, AlertsStatus, Flushed};
#[cfg(feature = "async")]
use crate::boundary;
#[cfg(feature = "health")]
use crate::health::health;
use crate::{
    event::{self, names::TARGET_SYSTEM},
    monitor::{error_monitor, journal::Journal},
    scope::Captured,
    time::SharedClock,
};
use std::{sync::Arc, time::Duration};

/// Keeps the error system up; dropping the last one shuts it down in order, within the
/// [deadline](super::ErrorSystemBuilder::shutdown_deadline).
///
/// Bind it in `main`: `let _guard = gardefou::init_error_system()?;`. The shutdown has four steps:
///
/// 1. It waits at most 30 s for rollbacks of dropped transactions that run as tasks. Inside a
///    current-thread runtime it cannot, since the tasks run only when the thread is free: drop the
///    guard after such a runtime, or await the tasks first.
/// 2. Readiness becomes fail, and the background runner of health checks stops.
/// 3. Queued notifications are sent.
/// 4. The journal is flushed.
///
/// Guarded functions go on working after that, and the system can be initialised again.
#[derive(Debug)]
#[must_use = "dropping the guard shuts the error system down: bind it to a name, for example `_guard`"]
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

    /// Adds and logs a warning about a part that did not start.
    #[cfg(feature = "config-watch")]
    pub(super) fn with_warning(mut self, text: String) -> Self {
        tracing::warn!(target: TARGET_SYSTEM, "{text}");
        self.warnings.push(InitWarning::Part { text });
        self
    }

    /// Returns the conflicts that were found at the start. Each was also logged.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// gardefou::error_codes! {
    ///     /// Of one crate.
    ///     pub NO_STOCK = 7001, http = 409;
    /// }
    /// mod other {
    ///     gardefou::error_codes! {
    ///         /// Of another crate.
    ///         pub NO_COURIER = 7001, http = 503;
    ///     }
    /// }
    ///
    /// let guard = gardefou::init_error_system()?;
    /// assert!(guard.warnings()[0].to_string().contains("NO_COURIER"), "one number, two codes");
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    #[must_use]
    pub fn warnings(&self) -> &[InitWarning] {
        &self.warnings
    }

    /// Returns the status of alerting if it was configured.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorSystem, alerts::AlertsConfig};
    ///
    /// let guard = ErrorSystem::builder().alerts(AlertsConfig::builder()).init()?;
    /// assert!(guard.alerts_status().is_some());
    /// drop(guard);
    /// assert!(gardefou::init_error_system()?.alerts_status().is_none(), "not configured");
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    #[cfg(feature = "alerts")]
    #[must_use]
    pub fn alerts_status(&self) -> Option<AlertsStatus> {
        super::running::alerts_status()
    }

    /// Sends queued notifications and writes queued records within the deadline; everything goes on
    /// running. For the end of a unit of work after which the process may be stopped, for example a
    /// call of a serverless function.
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
    pub fn flush(&self, deadline: Duration) -> SystemReport {
        flush_all(deadline)
    }

    /// Releases this guard, shuts the system down if it was the last one, and returns a report.
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
    pub fn shutdown(mut self) -> SystemReport {
        self.released = true;
        release()
    }
}

impl Drop for ErrorSystemGuard {
    fn drop(&mut self) {
        if !self.released {
            release();
        }
    }
}

/// Flushes alerts and journal, and leaves everything up.
fn flush_all(deadline: Duration) -> SystemReport {
    let _outside = Captured::outside();
    let clock = SharedClock::default();
    let begin = clock.now();
    let until = begin.after(deadline);
    let state = RUNNING.lock();
    let running = state.as_ref();
    let guards_left = running.map_or(0, |running| running.guards);
    #[cfg(feature = "alerts")]
    let alerts = running
        .and_then(|running| running.parts.alerts.as_ref())
        .map(Alerts::flusher);
    // The flush itself runs outside of the lock, which others wait for.
    drop(state);
    let journal = error_monitor().journal();
    let mut parts = Vec::new();
    #[cfg(feature = "alerts")]
    if let Some(flush) = alerts {
        parts.push(alerts_report(flush(share_alerts_report(
            deadline,
            journal.is_some(),
        ))));
    }
    if let Some(journal) = journal {
        parts.push(flush(&journal, until.since(clock.now())));
    }
    SystemReport {
        parts,
        elapsed: clock.now().since(begin),
        guards_left,
    }
}

/// Returns the share of alerting in the time that is left: a channel that hangs must leave the
/// journal time to write.
#[cfg(feature = "alerts")]
fn share_alerts_report(left: Duration, has_journal: bool) -> Duration {
    if has_journal {
        left - left / SHARE_OF_THE_JOURNAL
    } else {
        left
    }
}

#[cfg(feature = "alerts")]
fn alerts_report(
    Flushed {
        sent,
        kept,
        lost,
        in_time,
        ..
    }: Flushed,
) -> PartReport {
    PartReport {
        part: "alerts",
        sent,
        kept,
        dropped: lost,
        in_time,
    }
}

/// Releases one guard; the last one shuts the system down.
fn release() -> SystemReport {
    let _outside = Captured::outside();
    // Before the lock, since rollbacks are the user's code.
    let is_last = RUNNING
        .lock()
        .as_ref()
        .is_some_and(|running| running.guards == 1);
    let rollbacks = if is_last { wait_for_rollbacks() } else { None };
    // Dropped after the lock, since the end of each rule is logged.
    #[cfg(feature = "chaos")]
    let _rules;
    let report = {
        let mut state = RUNNING.lock();
        let Some(running) = &mut *state else {
            return SystemReport::still_up(0);
        };
        running.guards -= 1;
        if running.guards > 0 {
            return SystemReport::still_up(running.guards);
        }
        let parts = std::mem::take(&mut running.parts);
        #[cfg(feature = "chaos")]
        let parts = {
            let mut parts = parts;
            _rules = std::mem::take(&mut parts.chaos);
            parts
        };
        let deadline = running.settings.shutdown_deadline;
        let mut report = shut_down(parts, deadline.unwrap_or(DEFAULT_DEADLINE));
        report.parts.splice(0..0, rollbacks);
        *state = None;
        report
    };
    tracing::info!(target: TARGET_SYSTEM, "{report}");
    report
}

/// Ends the parts: readiness first, so that no new work comes; the journal last, so that it records
/// what the other parts report.
fn shut_down(up: Parts, deadline: Duration) -> SystemReport {
    let clock = SharedClock::default();
    let begin = clock.now();
    let until = begin.after(deadline);
    let mut parts = Vec::new();
    #[cfg(feature = "health")]
    parts.push(stop_health(until.since(clock.now())));
    // Errors that wait for the outcome of their attempt are settled now.
    event::pending::settle_all();
    let journal = error_monitor().journal();
    #[cfg(feature = "alerts")]
    if let Some(alerts) = up.alerts {
        let limit = share_alerts_report(until.since(clock.now()), journal.is_some());
        parts.push(alerts_report(alerts.shutdown(limit)));
    }
    if let Some(journal) = journal {
        parts.push(flush(&journal, until.since(clock.now())));
    }
    // Breakers decide alone from here on; a thread that waits for the store ends by itself.
    #[cfg(feature = "fleet")]
    drop(up.fleet);
    panic_hook::deactivate();
    *LEFT_BEHIND.lock() = up.journal;
    SystemReport {
        parts,
        elapsed: clock.now().since(begin),
        guards_left: 0,
    }
}

/// Makes readiness fail, and stops the background runner.
#[cfg(feature = "health")]
#[cfg_attr(
    not(feature = "async"),
    expect(unused_variables, reason = "only async checks are waited for")
)]
fn stop_health(limit: Duration) -> PartReport {
    let health = health();
    health.mark_stopping();
    #[cfg(feature = "async")]
    let in_time = health.wait_for_async(limit.min(LONGEST_WAIT_FOR_CHECKS));
    #[cfg(not(feature = "async"))]
    let in_time = true;
    PartReport {
        part: "health",
        sent: 0,
        kept: 0,
        // A hung check is on its own thread, which ends with the process.
        dropped: health.hanging() as u64,
        in_time,
    }
}

fn flush(journal: &Arc<dyn Journal>, limit: Duration) -> PartReport {
    let theirs = Arc::clone(journal);
    let flushed = run_with_limit(limit, move || {
        let flushed = theirs.flush().is_ok();
        (flushed, theirs.status())
    });
    match flushed {
        Some((flushed, status)) => PartReport {
            part: "journal",
            sent: status.written,
            kept: if flushed { status.waiting } else { 0 },
            dropped: status.lost + if flushed { 0 } else { status.waiting },
            in_time: true,
        },
        // The state of the journal is behind a lock that hangs too.
        None => PartReport {
            part: "journal",
            sent: 0,
            kept: 0,
            dropped: 0,
            in_time: false,
        },
    }
}

/// Waits for rollbacks that run as tasks; returns `None` if there are none.
#[cfg(feature = "async")]
fn wait_for_rollbacks() -> Option<PartReport> {
    let (ended, left) = boundary::wait_for_rollbacks(LONGEST_ROLLBACK);
    let (sent, dropped) = (ended as u64, left as u64);
    (sent + dropped > 0).then_some(PartReport {
        part: "rollbacks",
        sent,
        kept: 0,
        dropped,
        in_time: dropped == 0,
    })
}

#[cfg(not(feature = "async"))]
fn wait_for_rollbacks() -> Option<PartReport> {
    None
}

/// How long the shutdown waits for rollbacks.
#[cfg(feature = "async")]
const LONGEST_ROLLBACK: Duration = Duration::from_secs(30);

const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

/// The journal has at least a quarter of what the health checks leave of the deadline.
#[cfg(feature = "alerts")]
const SHARE_OF_THE_JOURNAL: u32 = 4;

/// Async checks end as soon as they are cancelled, unless they block their thread.
#[cfg(all(feature = "async", feature = "health"))]
const LONGEST_WAIT_FOR_CHECKS: Duration = Duration::from_millis(200);
