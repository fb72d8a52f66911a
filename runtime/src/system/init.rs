//! Bringing the system up once, and down once.

use super::{
    ErrorSystemBuilder, ErrorSystemGuard, FlushReport, InitError, InitWarning, PartReport,
    ShutdownReport,
    builder::{JournalSetting, Settings, Wishes},
    panic_hook,
    within::within,
};
#[cfg(feature = "async")]
use crate::boundary;
use crate::{
    alerts::{Alerts, AlertsStatus, Flushed},
    error::{code_clashes, coding_clashes},
    event::{self, names::TARGET_SYSTEM, text},
    guarded::{BreakerClash, GuardedFunction, breaker_clashes},
    health::{health_check, refused_static_checks},
    monitor::{self, error_monitor, journal::Journal},
    panics,
    scope::Captured,
    sync::Mutex,
    time::SharedClock,
};
use std::{
    error::Error,
    panic::Location,
    sync::{Arc, LazyLock},
    time::Duration,
};

/// Initialises the error system with its defaults, or joins the one that is up.
///
/// Call it at the start of `main` and keep the guard. It marks the program as ready, runs health
/// checks in the background, and reports what clashes. It never panics, works from any thread,
/// inside and outside of a runtime, and as often as one likes: the system goes down with the last
/// guard. Everything works before it and without it, with defaults.
///
/// # Errors
///
/// None today: joining asks for no settings. A configuration of one's own goes through
/// [`ErrorSystem::builder`](super::ErrorSystem::builder).
///
/// # Examples
///
/// ```
/// let _guard = gardefou::init_error_system()?;
/// assert!(gardefou::init_error_system().is_ok());
/// # Ok::<(), gardefou::InitError>(())
/// ```
#[track_caller]
pub fn init_error_system() -> Result<ErrorSystemGuard, InitError> {
    init(&ErrorSystemBuilder::default())
}

/// The system while it is up.
struct Running {
    wishes: Wishes,
    place: &'static Location<'static>,
    guards: usize,
    parts: Parts,
}

/// What was brought up and is to be brought down.
#[derive(Default)]
struct Parts {
    alerts: Option<Alerts>,
    journal: Option<Arc<dyn Journal>>,
}

/// `None` while the system is down. Held while it goes up or down, so that nobody finds it half up;
/// who asks then waits for at most the shutdown's deadline. Nothing is logged under it.
static STATE: LazyLock<Mutex<Option<Running>>> = LazyLock::new(|| Mutex::new(None));

#[track_caller]
pub(crate) fn init(builder: &ErrorSystemBuilder) -> Result<ErrorSystemGuard, InitError> {
    // What is brought up belongs to the process.
    let _outside = Captured::outside();
    let settings = builder.wishes.settings()?;
    let place = Location::caller();
    // Settings of attributes may be computed by code of the user's, which may panic.
    let mut warnings = panics::catch(clashes).unwrap_or_else(|_| {
        let text =
            "the settings of an attribute panic when they are computed: clashes are not looked for"
                .to_owned();
        vec![InitWarning::Part { text }]
    });
    if builder.strict && !warnings.is_empty() {
        return Err(InitError::Clash { warnings });
    }
    let is_first = {
        let mut state = STATE.lock();
        match &mut *state {
            Some(running) => {
                let differing = builder.wishes.differences(&running.wishes);
                if !differing.is_empty() {
                    return Err(InitError::AlreadyInitialised {
                        first: running.place,
                        settings: differing,
                    });
                }
                running.guards += 1;
                false
            }
            None => {
                let parts = bring_up(settings)?;
                warnings.extend(parts.journal.as_deref().and_then(unwritable));
                *state = Some(Running {
                    wishes: builder.wishes.clone(),
                    place,
                    guards: 1,
                    parts,
                });
                true
            }
        }
    };
    if is_first {
        for warning in &warnings {
            if tracing::enabled!(target: TARGET_SYSTEM, tracing::Level::WARN) {
                tracing::warn!(target: TARGET_SYSTEM, "{warning}");
            } else {
                event::to_stderr(format_args!("{warning}"));
            }
        }
        tracing::info!(target: TARGET_SYSTEM, file = place.file(), line = place.line(), "error system initialised");
    }
    Ok(ErrorSystemGuard::new(warnings))
}

/// What listens first, so that it hears of all that follows.
fn bring_up(settings: Settings) -> Result<Parts, InitError> {
    settings.origin.on_this_host().set();
    let monitor = monitor::configure(settings.monitor);
    take_away(LEFT_BEHIND.lock().take().as_ref());
    let journal = settings.journal.map(JournalSetting::open);
    if let Some(journal) = &journal {
        monitor.set_journal(Arc::clone(journal));
    }
    let rest = settings
        .alerts
        .map(Alerts::start)
        .transpose()
        .map_err(InitError::from)
        .and_then(|alerts| {
            health_check().configure(settings.health)?;
            Ok(alerts)
        });
    match rest {
        Ok(alerts) => {
            health_check().mark_started();
            if settings.panic_hook {
                panic_hook::activate();
            }
            Ok(Parts { alerts, journal })
        }
        Err(err) => {
            take_away(journal.as_ref());
            Err(err)
        }
    }
}

/// Checks the journal at the start, when a warning is most likely to be read.
fn unwritable(journal: &dyn Journal) -> Option<InitWarning> {
    let checked = panics::catch(|| journal.check());
    let why = match checked {
        Ok(Ok(())) => return None,
        Ok(Err(err)) => err
            .source()
            .map_or_else(|| err.to_string(), |source| format!("{err}: {source}")),
        Err(_) => "the journal panics when it is checked".to_owned(),
    };
    Some(InitWarning::Part {
        text: text::for_sink(&why, 1024),
    })
}

/// The journal of a system that is down: it goes on with what is reported after that, until there
/// is another system.
static LEFT_BEHIND: LazyLock<Mutex<Option<Arc<dyn Journal>>>> = LazyLock::new(|| Mutex::new(None));

/// Takes the journal away again, unless the program has put another one in its place.
fn take_away(ours: Option<&Arc<dyn Journal>>) {
    let current = error_monitor().journal();
    if let (Some(ours), Some(current)) = (ours, current)
        && Arc::ptr_eq(ours, &current)
    {
        error_monitor().take_journal();
    }
}

/// Everything in the program that works, but not as somebody meant it.
fn clashes() -> Vec<InitWarning> {
    let breakers = breaker_clashes().into_iter().map(|(name, BreakerClash { first, second })| {
        let place =
            |function: &GuardedFunction| format!("`{}` ({}:{})", function.name(), function.file(), function.line());
        let (first, second) = (place(first), place(second));
        let text = format!(
            "the circuit breaker `{name}` is configured differently by {first} and {second}: the one that is called \
             first counts"
        );
        InitWarning::Breaker { text }
    });
    let codes = code_clashes()
        .into_iter()
        .map(|clash| InitWarning::ErrorCode {
            text: clash.to_string(),
        });
    let checks = refused_static_checks()
        .iter()
        .map(|text| InitWarning::HealthCheck { text: text.clone() });
    let mappings = coding_clashes()
        .into_iter()
        .map(|clash| InitWarning::ErrorCode {
            text: clash.to_string(),
        });
    codes
        .chain(mappings)
        .chain(checks)
        .chain(breakers)
        .collect()
}

/// How alerting is doing, if it is up.
pub(crate) fn alerts_status() -> Option<AlertsStatus> {
    STATE
        .lock()
        .as_ref()
        .and_then(|running| running.parts.alerts.as_ref())
        .map(Alerts::status)
}

/// Sends and writes what waits, and leaves everything up.
pub(crate) fn flush_all(deadline: Duration) -> FlushReport {
    let _outside = Captured::outside();
    let clock = SharedClock::default();
    let begin = clock.now();
    let until = begin.after(deadline);
    // Not under the lock, which others wait for.
    let alerts = STATE
        .lock()
        .as_ref()
        .and_then(|running| running.parts.alerts.as_ref())
        .map(Alerts::flusher);
    let journal = error_monitor().journal();
    let mut parts = Vec::new();
    if let Some(flush) = alerts {
        parts.push(of_alerts(flush(share_of_alerts(
            deadline,
            journal.is_some(),
        ))));
    }
    if let Some(journal) = journal {
        parts.push(flush(&journal, until.since(clock.now())));
    }
    FlushReport {
        parts,
        elapsed: clock.now().since(begin),
    }
}

/// The time that alerting has: a channel that hangs must not leave the journal without the time to
/// write.
fn share_of_alerts(left: Duration, has_journal: bool) -> Duration {
    if has_journal {
        left - left / SHARE_OF_THE_JOURNAL
    } else {
        left
    }
}

fn of_alerts(
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

/// Gives one guard back; the last one brings the system down.
pub(crate) fn release() -> ShutdownReport {
    let _outside = Captured::outside();
    // Before the lock, as what rolls back is the user's code.
    let is_last = STATE
        .lock()
        .as_ref()
        .is_some_and(|running| running.guards == 1);
    let rollbacks = if is_last { wait_for_rollbacks() } else { None };
    let report = {
        let mut state = STATE.lock();
        let Some(running) = &mut *state else {
            return ShutdownReport {
                parts: Vec::new(),
                elapsed: Duration::ZERO,
                guards_left: 0,
            };
        };
        running.guards -= 1;
        if running.guards > 0 {
            let guards_left = running.guards;
            return ShutdownReport {
                parts: Vec::new(),
                elapsed: Duration::ZERO,
                guards_left,
            };
        }
        let parts = std::mem::take(&mut running.parts);
        let mut report = bring_down(
            parts,
            running.wishes.shutdown_deadline.unwrap_or(DEFAULT_DEADLINE),
        );
        report.parts.splice(0..0, rollbacks);
        *state = None;
        report
    };
    tracing::info!(target: TARGET_SYSTEM, "{report}");
    report
}

/// Out of service first, so that no new work comes; the journal last, so that it hears of all the
/// rest.
fn bring_down(up: Parts, deadline: Duration) -> ShutdownReport {
    let clock = SharedClock::default();
    let begin = clock.now();
    let until = begin.after(deadline);
    let health = health_check();
    health.mark_stopping();
    #[cfg(feature = "async")]
    let in_time = health.wait_for_async(until.since(clock.now()).min(LONGEST_WAIT_FOR_CHECKS));
    #[cfg(not(feature = "async"))]
    let in_time = true;
    // A check that hangs is on a thread of its own, which ends with the process.
    let hanging = health.hanging() as u64;
    let mut parts = vec![PartReport {
        part: "health",
        sent: 0,
        kept: 0,
        dropped: hanging,
        in_time,
    }];
    // What waits for an attempt waits no longer.
    event::pending::settle_all();
    let journal = error_monitor().journal();
    if let Some(alerts) = up.alerts {
        let limit = share_of_alerts(until.since(clock.now()), journal.is_some());
        parts.push(of_alerts(alerts.shutdown(limit)));
    }
    if let Some(journal) = journal {
        parts.push(flush(&journal, until.since(clock.now())));
    }
    panic_hook::deactivate();
    *LEFT_BEHIND.lock() = up.journal;
    ShutdownReport {
        parts,
        elapsed: clock.now().since(begin),
        guards_left: 0,
    }
}

fn flush(journal: &Arc<dyn Journal>, limit: Duration) -> PartReport {
    let theirs = Arc::clone(journal);
    let flushed = within(limit, move || {
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
        // Its state is behind a lock that hangs too: nothing is known but that it was late.
        None => PartReport {
            part: "journal",
            sent: 0,
            kept: 0,
            dropped: 0,
            in_time: false,
        },
    }
}

/// Waits for the rollbacks that go on as tasks; `None` where there are none.
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

/// How long the end of the program waits for what undoes work that was begun.
#[cfg(feature = "async")]
const LONGEST_ROLLBACK: Duration = Duration::from_secs(30);

const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

/// The journal has at least a quarter of what is left of the deadline after the health checks.
const SHARE_OF_THE_JOURNAL: u32 = 4;

/// Async checks end as soon as they are told to, unless they block their thread.
#[cfg(feature = "async")]
const LONGEST_WAIT_FOR_CHECKS: Duration = Duration::from_millis(200);
