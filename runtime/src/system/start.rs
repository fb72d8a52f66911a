//! Start of the error system.

use super::{
    init_error::{InitError, InitWarning},
    panic_hook,
    running::{LEFT_BEHIND, Parts, RUNNING, RunningSystem, remove_journal},
    settings::{ExplicitSettings, ResolvedJournal, Settings},
    shutdown::ErrorSystemGuard,
};
#[cfg(feature = "alerts")]
use crate::alerts::Alerts;
#[cfg(feature = "chaos")]
use crate::chaos::Injection;
#[cfg(feature = "fleet")]
use crate::fleet::{Fleet, FleetBuilder};
#[cfg(feature = "health")]
use crate::health::{health, refused_static_checks};
#[cfg(any(feature = "metrics", feature = "opentelemetry"))]
use crate::telemetry;
use crate::{
    error::{ConfigError, code_clashes, coding_clashes},
    event::{self, names::TARGET_SYSTEM, text},
    guarded::{BreakerClash, GuardedFunction, breaker_clashes},
    monitor::{self, journal::Journal},
    panics,
    scope::Captured,
};
use std::{error::Error, panic::Location, sync::Arc};

/// Initialises the error system with its defaults, or joins the one that is up.
///
/// Call it at the start of `main` and keep the guard. It marks the program as ready, runs health
/// checks in the background, and reports conflicts. It never panics, works from any thread, inside
/// and outside of a runtime, and any number of times: the last guard shuts the system down.
/// Everything works before it and without it, with defaults.
///
/// # Errors
///
/// None today: joining sets nothing. Other settings go through
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
    start(&ExplicitSettings::default(), false)
}

/// Starts the system, or joins it if it is up.
#[track_caller]
pub(super) fn start(
    explicit: &ExplicitSettings,
    strict: bool,
) -> Result<ErrorSystemGuard, InitError> {
    // The parts belong to the process.
    let _outside = Captured::outside();
    let settings = explicit.resolve()?;
    let place = Location::caller();
    // The user's code may compute settings of attributes, and panic.
    let mut warnings = panics::catch(clashes).unwrap_or_else(|_| {
        let text =
            "the settings of an attribute panic when they are computed: clashes are not looked for"
                .to_owned();
        vec![InitWarning::Part { text }]
    });
    if strict && !warnings.is_empty() {
        return Err(InitError::Clash { warnings });
    }
    let is_first = {
        let mut state = RUNNING.lock();
        match &mut *state {
            Some(running) => {
                let differing = explicit.differences(&running.settings);
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
                #[cfg(feature = "fleet")]
                let fleet = (explicit.fleet.clone())
                    .map(FleetBuilder::start)
                    .transpose()?;
                let parts = bring_up(settings)?;
                #[cfg(feature = "fleet")]
                let parts = {
                    // Breakers join once nothing else can fail.
                    fleet.iter().for_each(Fleet::take_all_in);
                    Parts { fleet, ..parts }
                };
                warnings.extend(parts.journal.as_deref().and_then(unwritable));
                *state = Some(RunningSystem {
                    settings: explicit.clone(),
                    #[cfg(feature = "config")]
                    configuration: None,
                    #[cfg(feature = "config-watch")]
                    watch: None,
                    place,
                    guards: 1,
                    parts,
                });
                true
            }
        }
    };
    if is_first {
        #[cfg(feature = "chaos")]
        warnings.extend(start_chaos(&explicit.chaos));
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

/// Starts the observers first, so that they get the events of the parts after them.
fn bring_up(settings: Settings) -> Result<Parts, InitError> {
    settings.origin.on_this_host().set();
    let monitor = monitor::configure(settings.monitor);
    #[cfg(any(feature = "metrics", feature = "opentelemetry"))]
    telemetry::configure_names(settings.telemetry_names);
    remove_journal(LEFT_BEHIND.lock().take().as_ref());
    let opened = settings.journal.map(ResolvedJournal::open);
    #[cfg(all(feature = "config", feature = "journal"))]
    let file_journal = opened
        .as_ref()
        .map(|it| it.files.clone())
        .unwrap_or_default();
    let journal = opened.map(|it| it.journal);
    if let Some(journal) = &journal {
        monitor.set_journal(Arc::clone(journal));
    }
    #[cfg(feature = "alerts")]
    let alerts = settings
        .alerts
        .map(Alerts::start)
        .transpose()
        .map_err(|err| given_up(journal.as_ref(), err))?;
    #[cfg(feature = "health")]
    if let Err(err) = health().configure(settings.health) {
        #[cfg(feature = "alerts")]
        drop(alerts);
        return Err(given_up(journal.as_ref(), err));
    }
    #[cfg(feature = "health")]
    health().mark_started();
    if settings.panic_hook {
        panic_hook::activate();
    }
    Ok(Parts {
        #[cfg(feature = "alerts")]
        alerts,
        journal,
        #[cfg(all(feature = "config", feature = "journal"))]
        file_journal,
        #[cfg(feature = "chaos")]
        chaos: Vec::new(),
        #[cfg(feature = "fleet")]
        fleet: None,
    })
}

/// Starts the rules of fault injection, once the system is up: each is logged.
#[cfg(feature = "chaos")]
fn start_chaos(rules: &[Injection]) -> Vec<InitWarning> {
    let (mut started, mut warnings) = (Vec::new(), Vec::new());
    for rule in rules {
        match rule.clone().start() {
            Ok(guard) => started.push(guard),
            Err(err) => warnings.push(InitWarning::Part {
                text: text::for_sink(&err, 1024),
            }),
        }
    }
    let mut state = RUNNING.lock();
    let ended = match &mut *state {
        Some(running) => std::mem::replace(&mut running.parts.chaos, started),
        // Another thread has shut the system down meanwhile.
        None => started,
    };
    drop(state);
    drop(ended);
    warnings
}

/// Undoes a start that failed.
fn given_up(journal: Option<&Arc<dyn Journal>>, err: ConfigError) -> InitError {
    remove_journal(journal);
    err.into()
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

/// Returns the conflicts between declarations of the program.
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
    #[cfg(feature = "health")]
    let checks = refused_static_checks()
        .iter()
        .map(|text| InitWarning::HealthCheck { text: text.clone() });
    let mappings = coding_clashes()
        .into_iter()
        .map(|clash| InitWarning::ErrorCode {
            text: clash.to_string(),
        });
    let declared = codes.chain(mappings);
    #[cfg(feature = "health")]
    let declared = declared.chain(checks);
    declared.chain(breakers).collect()
}
