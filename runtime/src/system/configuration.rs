//! Configuration files of the error system: read at the start, and again on request.

#[cfg(feature = "config-watch")]
use super::watch::Watch;
use super::{
    builder::ErrorSystemBuilder,
    config_file::{Applied, ConfigFile, read_text},
    env::settings_of_process,
    init_error::InitError,
    running::RUNNING,
    shutdown::ErrorSystemGuard,
    start,
};
use crate::{
    config::ConfigFileError,
    event::{audit_configuration, names::TARGET_CONFIG, text},
    scope::Captured,
};
use std::{collections::BTreeMap, error::Error, ffi::OsString, fmt, path::PathBuf, sync::Arc};

/// What the system was configured from. It holds secrets, and so is not `Debug`.
pub(super) struct Loaded {
    /// The settings of the code alone.
    code: ErrorSystemBuilder,
    text: String,
    /// The environment variables that are settings.
    variables: Variables,
}

type Variables = BTreeMap<String, OsString>;

/// Settings that were read, and not applied yet.
struct Reading {
    file: ConfigFile,
    /// All settings of the system: the code's, the file's over them, the environment's over both.
    merged: ErrorSystemBuilder,
    text: String,
    variables: Variables,
}

/// How problems refer to a configuration that is in environment variables alone.
const NO_FILE: &str = "environment";

pub(super) fn text_of(path: Option<&PathBuf>) -> Result<(String, String), ConfigFileError> {
    match path {
        Some(path) => read_text(path),
        None => Ok((NO_FILE.to_owned(), String::new())),
    }
}

fn read(code: &ErrorSystemBuilder) -> Result<Reading, ConfigFileError> {
    let (name, text) = text_of(code.config_file.as_ref())?;
    let variables = settings_of_process();
    let (file, merged) =
        ConfigFile::with_environment(&name, &text, code.clone(), variables.clone())?;
    Ok(Reading {
        file,
        merged,
        text,
        variables,
    })
}

/// Starts the system with the settings of the code, of its file, and of the environment.
#[track_caller]
pub(super) fn start(code: ErrorSystemBuilder) -> Result<ErrorSystemGuard, InitError> {
    // Guards in test scopes have configurations of their own.
    let _outside = Captured::outside();
    if code.config_file.is_none() && !code.reads_variables {
        return start::start(&code.settings, code.strict);
    }
    let read = read(&code)?;
    let guard = start::start(&read.merged.settings, read.merged.strict)?;
    read.file.apply()?;
    let loaded = Arc::new(Loaded {
        code,
        text: read.text,
        variables: read.variables,
    });
    #[cfg(feature = "config-watch")]
    let watched = loaded.code.config_file.clone();
    #[cfg(feature = "config-watch")]
    let watched = watched.filter(|_| loaded.code.watch_config);
    if let Some(running) = &mut *RUNNING.lock() {
        running.loaded = Some(loaded);
    }
    #[cfg(feature = "config-watch")]
    let guard = match watched.map(|path| (Watch::start(&path), path)) {
        Some((Ok(watch), _)) => {
            if let Some(running) = &mut *RUNNING.lock() {
                running.watch = Some(watch);
            }
            guard
        }
        Some((Err(why), path)) => {
            let text = format!("{}: the file is not watched: {why}", path.display());
            guard.with_warning(text)
        }
        None => guard,
    };
    Ok(guard)
}

/// What a reload did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reloaded {
    /// Whether the file or the environment had changed; if not, nothing was done.
    pub changed: bool,
    /// How many guards in use have other settings now.
    pub guards: usize,
    /// The settings that changed and that hold for guards which are made from now on, for example
    /// `bulkhead.adaptive`.
    pub later: Vec<String>,
    /// The parts of the system whose settings changed and hold from the next start on, for example
    /// `journal`.
    pub at_restart: Vec<&'static str>,
}

/// Why a configuration was not read again. The one before stays in force.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReloadError {
    /// The system was started without a configuration file, or is down.
    NoFile,
    /// The file cannot be used. The error has every problem.
    Invalid(ConfigFileError),
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoFile => "the error system has no configuration file",
            Self::Invalid(_) => "the configuration cannot be used, and the one before stays",
        })
    }
}

impl Error for ReloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoFile => None,
            Self::Invalid(err) => Some(err),
        }
    }
}

impl From<ConfigFileError> for ReloadError {
    fn from(err: ConfigFileError) -> Self {
        Self::Invalid(err)
    }
}

impl ErrorSystemGuard {
    /// Reads the configuration file and the environment again.
    ///
    /// Guards that are in use get their new settings and keep their state: an open circuit stays
    /// open, calls in flight are counted, calls in a queue wait on, a limiter keeps its debt.
    /// Settings that are no longer in the file go back to those of the code. Settings of the system
    /// itself hold from the next start on.
    ///
    /// A file in which something is wrong changes nothing. A reload is an audit event, whose outcome
    /// is `succeeded` or `failed`; a file and an environment that did not change are none.
    ///
    /// # Errors
    ///
    /// [`ReloadError::Invalid`] with every problem, and [`ReloadError::NoFile`] for a system that
    /// was started without a file.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use gardefou::{ErrorSystem, circuit_breakers};
    ///
    /// # let path = std::env::temp_dir().join(format!("gardefou-reload-{}.toml", std::process::id()));
    /// std::fs::write(&path, "[breaker.search]\nfailure_threshold = 3").unwrap();
    /// let system = ErrorSystem::builder().config_file(&path).init()?;
    /// let breaker = circuit_breakers().get_or_create("search", |code| code)?;
    /// assert_eq!(breaker.config().failure_threshold, Some(3));
    ///
    /// std::fs::write(&path, "[breaker.search]\nfailure_threshold = 0").unwrap();
    /// assert!(system.reload().is_err());
    /// assert_eq!(breaker.config().failure_threshold, Some(3));
    ///
    /// std::fs::write(&path, "[breaker.search]\nfailure_threshold = 8").unwrap();
    /// assert_eq!(system.reload()?.guards, 1);
    /// assert_eq!(breaker.config().failure_threshold, Some(8));
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn reload(&self) -> Result<Reloaded, ReloadError> {
        reload()
    }
}

/// Reads the configuration of the running system again.
pub(super) fn reload() -> Result<Reloaded, ReloadError> {
    let _outside = Captured::outside();
    let loaded = {
        let state = RUNNING.lock();
        let loaded = state.as_ref().and_then(|running| running.loaded.clone());
        loaded.ok_or(ReloadError::NoFile)?
    };
    let name = match &loaded.code.config_file {
        Some(path) => path.display().to_string(),
        None => NO_FILE.to_owned(),
    };
    let outcome = reload_from(&loaded);
    let operation = format!("reload {name}");
    match &outcome {
        Ok(Reloaded { changed: false, .. }) => {}
        Ok(done) => {
            if !done.at_restart.is_empty() {
                let parts = done.at_restart.join(", ");
                tracing::warn!(target: TARGET_CONFIG, "{name}: changes of {parts} hold from the next start on");
            }
            audit_configuration(&operation, Ok(()));
        }
        Err(err) => {
            let text = text::for_sink(err, text::MAX_MESSAGE);
            audit_configuration(&operation, Err(&text));
        }
    }
    outcome.map_err(ReloadError::Invalid)
}

fn reload_from(loaded: &Arc<Loaded>) -> Result<Reloaded, ConfigFileError> {
    let (_, text) = text_of(loaded.code.config_file.as_ref())?;
    if text == loaded.text && settings_of_process() == loaded.variables {
        return Ok(Reloaded::default());
    }
    let read = read(&loaded.code)?;
    let Applied { guards, later, .. } = read.file.apply()?;
    let new = Arc::new(Loaded {
        code: loaded.code.clone(),
        text: read.text,
        variables: read.variables,
    });
    let mut state = RUNNING.lock();
    let mut at_restart = Vec::new();
    if let Some(running) = &mut *state {
        let (now, wanted) = (&running.settings, &read.merged.settings);
        at_restart = wanted.differences(now);
        at_restart.extend(now.differences(wanted));
        at_restart.sort_unstable();
        at_restart.dedup();
        running.loaded = Some(new);
    }
    Ok(Reloaded {
        changed: true,
        guards,
        later,
        at_restart,
    })
}
