//! Configuration files of the error system: read at the start, and again on request.

#[cfg(feature = "config-watch")]
use super::watch::Watch;
use super::{
    builder::ErrorSystemBuilder,
    config_file::{ConfigFile, read_text},
    env::settings_of_process,
    init_error::InitError,
    live,
    running::RUNNING,
    settings::ExplicitSettings,
    shutdown::ErrorSystemGuard,
    start,
};
use crate::{
    config::{ConfigFileError, is_live, setting_of},
    event::{audit_configuration, names::TARGET_CONFIG, text},
    overrides::{self, Change, Turn},
    scope::Captured,
    sync::Mutex,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    ffi::OsString,
    fmt,
    path::PathBuf,
    sync::Arc,
};

/// The configuration of the running system. It holds secrets, and so is not `Debug`.
pub(super) struct Configuration {
    /// The settings of the code alone.
    code: ErrorSystemBuilder,
    /// The settings of the system at its start.
    first: Variables,
    /// What was read last. No other lock is taken while this one is held.
    latest: Mutex<Arc<Loaded>>,
}

/// What a configuration was read from, and the settings of the system in it.
pub(super) struct Loaded {
    text: String,
    /// The environment variables that are settings.
    variables: Variables,
    /// The settings of the system as variables: the file's, and the environment's over them.
    values: Variables,
    /// The same over those of the code.
    pub(super) settings: ExplicitSettings,
}

type Variables = BTreeMap<String, OsString>;

impl Configuration {
    pub(super) fn latest(&self) -> Arc<Loaded> {
        Arc::clone(&self.latest.lock())
    }
}

/// How problems refer to a configuration that is in environment variables alone.
const NO_FILE: &str = "environment";

pub(super) fn text_of(path: Option<&PathBuf>) -> Result<(String, String), ConfigFileError> {
    match path {
        Some(path) => read_text(path),
        None => Ok((NO_FILE.to_owned(), String::new())),
    }
}

/// Checks a file and the environment as a whole, without applying anything.
fn check(
    code: &ErrorSystemBuilder,
    (name, text): (&str, String),
    variables: Variables,
) -> Result<(ConfigFile, bool, Loaded), ConfigFileError> {
    let (file, merged) =
        ConfigFile::with_environment(name, &text, code.clone(), variables.clone())?;
    let loaded = Loaded {
        text,
        variables,
        values: file.values(),
        settings: merged.settings,
    };
    Ok((file, merged.strict, loaded))
}

/// Starts the system with the settings of the code, of its file, and of the environment.
#[track_caller]
pub(super) fn start(code: ErrorSystemBuilder) -> Result<ErrorSystemGuard, InitError> {
    // Guards in test scopes have configurations of their own.
    let _outside = Captured::outside();
    if code.config_file.is_none() && !code.reads_variables {
        return start::start(&code.settings, code.strict);
    }
    let turn = Turn::begin();
    let (name, text) = text_of(code.config_file.as_ref())?;
    let (file, strict, loaded) = check(&code, (&name, text), settings_of_process())?;
    let guard = start::start(&loaded.settings, strict)?;
    file.apply_in(turn, || ())?;
    #[cfg(feature = "config-watch")]
    let watched = code.config_file.clone().filter(|_| code.watch_config);
    if let Some(running) = &mut *RUNNING.lock() {
        // Who joins a system does not start it: what waits for a start goes on waiting.
        let first = running.configuration.as_ref().map(|it| it.first.clone());
        running.configuration = Some(Arc::new(Configuration {
            code,
            first: first.unwrap_or_else(|| loaded.values.clone()),
            latest: Mutex::new(Arc::new(loaded)),
        }));
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
    /// Whether this changed anything. Nothing is done where the file and the environment did not
    /// change, and where a reload that began later was done first.
    pub changed: bool,
    /// How many guards in use have other settings now. The guards by key of one name count as one.
    pub guards: usize,
    /// The settings that are not as they were at the start and that hold from the next start on, for
    /// example `journal.folder`, sorted.
    pub at_restart: Vec<String>,
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
    /// Settings that are no longer in the file go back to those of the code. So do guards by key, and
    /// the settings of the system that can change while it is up; the others hold from the next start
    /// on, and are named by [`Reloaded::at_restart`].
    ///
    /// Of two reloads at the same time, the one that began later takes effect, whichever ends first.
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
    // Before the file is read: whoever begins later reads what is written later.
    let turn = Turn::begin();
    let configuration = {
        let state = RUNNING.lock();
        let configuration = state.as_ref().and_then(|it| it.configuration.clone());
        configuration.ok_or(ReloadError::NoFile)?
    };
    let name = match &configuration.code.config_file {
        Some(path) => path.display().to_string(),
        None => NO_FILE.to_owned(),
    };
    let outcome = reload_in(turn, &configuration);
    let operation = format!("reload {name}");
    match &outcome {
        Ok(Reloaded { changed: false, .. }) => {}
        Ok(done) => {
            if !done.at_restart.is_empty() {
                let settings = done.at_restart.join(", ");
                tracing::warn!(target: TARGET_CONFIG, "{name}: changes of {settings} hold from the next start on");
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

fn reload_in(turn: Turn, configuration: &Arc<Configuration>) -> Result<Reloaded, ConfigFileError> {
    let (name, text) = text_of(configuration.code.config_file.as_ref())?;
    let variables = settings_of_process();
    loop {
        let latest = configuration.latest();
        if text != latest.text || variables != latest.variables {
            break;
        }
        let is_latest = || Arc::ptr_eq(&configuration.latest.lock(), &latest);
        if overrides::keep(turn, is_latest) {
            return Ok(Reloaded::default());
        }
    }
    let (file, _, loaded) = check(&configuration.code, (&name, text), variables)?;
    let loaded = Arc::new(loaded);
    let commit = || *configuration.latest.lock() = Arc::clone(&loaded);
    let Change::Made { guards } = file.apply_in(turn, commit)? else {
        return Ok(Reloaded::default());
    };
    let is_same_part = |section: &str| match &mut *RUNNING.lock() {
        Some(running) => live::has_part(running, section, &loaded.settings),
        None => true,
    };
    bring_up_to_date(configuration);
    let is_live = |section: &str, name: &str| is_live(name) && is_same_part(section);
    let (first, now) = (&configuration.first, &loaded.values);
    let at_restart = changed_settings(first, now, is_live);
    Ok(Reloaded {
        changed: true,
        guards,
        at_restart,
    })
}

/// Applies the latest settings to the running system. Whichever of several reloads comes last here
/// applies what was read last, and the others do the same before.
fn bring_up_to_date(configuration: &Arc<Configuration>) {
    if let Some(running) = &mut *RUNNING.lock() {
        let current = running.configuration.as_ref();
        if current.is_some_and(|current| Arc::ptr_eq(current, configuration)) {
            live::apply(running, &configuration.latest().settings);
        }
    }
}

/// Returns the settings that differ and that `is_live` is false for, sorted.
fn changed_settings(
    first: &Variables,
    now: &Variables,
    is_live: impl Fn(&str, &str) -> bool,
) -> Vec<String> {
    let names: BTreeSet<_> = first.keys().chain(now.keys()).collect();
    let changed = names
        .into_iter()
        .filter(|name| first.get(*name) != now.get(*name));
    let shown = |name: &String| match setting_of(name) {
        Some((section, _)) if is_live(section.name, name) => None,
        Some((section, info)) => Some(format!("{}.{}", section.name, info.name)),
        None => Some(name.clone()),
    };
    let mut settings: Vec<_> = changed.filter_map(shown).collect();
    settings.sort_unstable();
    settings
}
