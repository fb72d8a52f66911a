//! A configuration file that was read and checked.

use super::{builder::ErrorSystemBuilder, env::configure_from, without_effect};
use crate::{
    config::{
        ConfigFileError, FileVariable, Problem, Source, VARIABLE_PREFIXES, located, of_guard, read,
        read_variables, setting_of,
    },
    error::ConfigError,
    overrides::{self, Change, Override, Overrides, Place, Refused, Turn},
};
use std::{collections::BTreeMap, ffi::OsString, fmt, fs, path::Path};

/// A configuration file in which nothing is wrong.
///
/// [`ErrorSystemBuilder::config_file`] reads one when the system starts; this type is for programs
/// that check a file, for tests, and for those that do without the error system.
///
/// # Examples
///
/// ```
/// use gardefou::{circuit_breakers, system::ConfigFile, testing::Scope};
///
/// let scope = Scope::new();
/// let _entered = scope.enter();
/// ConfigFile::parse("gardefou.toml", "[breaker.\"pay*\"]\nfailure_threshold = 2")?.apply()?;
/// let breaker = circuit_breakers().get_or_create("payments", |code| code.failure_threshold(9))?;
/// assert_eq!(breaker.config().failure_threshold, Some(2));
/// # Ok::<(), gardefou::AppError>(())
/// ```
#[derive(Clone)]
pub struct ConfigFile {
    source: Source,
    guards: Vec<Override>,
    variables: Vec<FileVariable>,
    headers: Vec<(&'static str, Place)>,
    /// The variables of the environment that are about the system.
    environment: BTreeMap<String, OsString>,
}

/// What [`ConfigFile::apply`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// How many guards in use have other settings now. The guards by key of one name count as one.
    pub guards: usize,
}

impl ConfigFile {
    /// Reads and checks the text of a file; `name` is how problems refer to it.
    ///
    /// Settings of the system are checked as if nothing was set in the code and in the environment,
    /// except that these may have what a file leaves out: the folder of a journal, and the URL, the
    /// key or the password of a channel.
    ///
    /// # Errors
    ///
    /// Every problem: text that is no TOML, sections, settings and values that are not known or out
    /// of their range, settings that need another one, and those of a feature that is off.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::system::ConfigFile;
    ///
    /// assert!(ConfigFile::parse("gardefou.toml", "[retry.\"http-*\"]\nmax_retries = 5").is_ok());
    /// assert!(ConfigFile::parse("gardefou.toml", "[retry.\"http-*\"]\nmax_retries = 5.5").is_err());
    /// ```
    pub fn parse(name: impl AsRef<str>, text: &str) -> Result<Self, ConfigFileError> {
        let (file, mut problems) = Self::parse_part(name.as_ref(), text);
        if let Err(err) = file.configured(ErrorSystemBuilder::default()) {
            let complete = |err: &ConfigError| !may_be_elsewhere(err.rule());
            let of_system = file.problems_of(&err, complete);
            problems.extend(of_system);
        }
        ConfigFileError::new(problems).map_or(Ok(file), Err)
    }

    /// Reads a file without a look at the settings of the system.
    fn parse_part(name: &str, text: &str) -> (Self, Vec<Problem>) {
        // Written by some editors of Windows.
        let source = Source::new(name, text.strip_prefix('\u{feff}').unwrap_or(text));
        let (contents, problems) = read(&source);
        let file = Self {
            source,
            guards: contents.overrides,
            variables: contents.variables,
            headers: contents.headers,
            environment: BTreeMap::new(),
        };
        (file, problems)
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), and a file that cannot be read, that is not UTF-8, or larger than
    /// 4 MiB.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::system::ConfigFile;
    ///
    /// # let folder = std::env::temp_dir().join(format!("gardefou-config-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// let path = folder.join("gardefou.toml");
    /// std::fs::write(&path, "[timeout.report]\nlimit = \"2s\"").unwrap();
    /// assert!(ConfigFile::read(&path).is_ok());
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// ```
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ConfigFileError> {
        let (name, text) = read_text(path.as_ref())?;
        Self::parse(name, &text)
    }

    /// Reads a file together with settings of the code and variables, each of which comes first.
    ///
    /// Returns the file and the settings of the system.
    pub(crate) fn with_environment(
        name: &str,
        text: &str,
        code: ErrorSystemBuilder,
        variables: BTreeMap<String, OsString>,
    ) -> Result<(Self, ErrorSystemBuilder), ConfigFileError> {
        let (mut file, mut problems) = Self::parse_part(name, text);
        let (about_guards, about_system) = apart(variables);
        let (guards, more) = read_variables(&about_guards);
        problems.extend(more);
        file.guards.extend(guards);
        file.environment = about_system;
        match (file.configure(code), ConfigFileError::new(problems)) {
            (Ok(builder), None) => Ok((file, builder)),
            (Ok(_), Some(err)) => Err(err),
            (Err(mut more), err) => {
                more.extend(err.into_iter().flat_map(|err| err.problems().to_vec()));
                Err(ConfigFileError::new(more).unwrap_or_else(|| without_place(name)))
            }
        }
    }

    /// Adds the settings of environment variables, such as
    /// `GARDEFOU_BREAKER__PAYMENTS__FAILURE_THRESHOLD`, which replace those of the file.
    ///
    /// # Errors
    ///
    /// Every variable that begins with `GARDEFOU_` and is wrong, and every setting of the file that
    /// does not fit one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{circuit_breakers, system::ConfigFile, testing::Scope};
    ///
    /// let scope = Scope::new();
    /// let _entered = scope.enter();
    /// let file = ConfigFile::parse("gardefou.toml", "[breaker.payments]\nfailure_threshold = 2")?;
    /// let name = "GARDEFOU_BREAKER__PAYMENTS__FAILURE_THRESHOLD";
    /// file.variables([(name.to_owned(), "7".into())])?.apply()?;
    /// let breaker = circuit_breakers().get_or_create("payments", |code| code)?;
    /// assert_eq!(breaker.config().failure_threshold, Some(7));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn variables(
        self,
        variables: impl IntoIterator<Item = (String, OsString)>,
    ) -> Result<Self, ConfigFileError> {
        let all = self
            .environment
            .clone()
            .into_iter()
            .chain(variables)
            .collect();
        let code = ErrorSystemBuilder::default();
        let Source { name, text, .. } = &self.source;
        Self::with_environment(name, text, code, all).map(|(file, _)| file)
    }

    /// Puts the settings of guards in force: for those that are made by name from now on, and for
    /// those in use, whose state is kept. Those of an earlier file that are not in this one end. In
    /// a [test scope](crate::testing::Scope) it is about the guards of the scope.
    ///
    /// Settings of the system are applied by its start and its
    /// [reload](super::ErrorSystemGuard::reload) alone. Of two changes at the same time, the one that
    /// began later takes effect; an earlier one that ends after it changes nothing.
    ///
    /// # Errors
    ///
    /// Every setting that does not fit those that the code has for a guard in use. Nothing is
    /// changed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{bulkhead::{Bulkhead, bulkheads}, system::ConfigFile, testing::Scope};
    ///
    /// let scope = Scope::new();
    /// let _entered = scope.enter();
    /// let bulkhead = Bulkhead::builder("db").max_concurrent(8).build_shared()?;
    /// let running = bulkhead.try_acquire()?;
    /// let applied = ConfigFile::parse("gardefou.toml", "[bulkhead.db]\nmax_concurrent = 1")?.apply()?;
    /// assert_eq!(applied.guards, 1);
    /// assert!(bulkhead.try_acquire().is_err(), "the call that runs still counts");
    /// ConfigFile::parse("gardefou.toml", "")?.apply()?;
    /// assert!(bulkhead.try_acquire().is_ok(), "the limit of the code again");
    /// # drop(running);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn apply(&self) -> Result<Applied, ConfigFileError> {
        match self.apply_in(Turn::begin(), || ())? {
            Change::Made { guards } => Ok(Applied { guards }),
            Change::Superseded => Ok(Applied::default()),
        }
    }

    /// Applies the file as the change of a turn. `commit` runs in the same go, under a lock: it calls
    /// no code of the user's.
    pub(super) fn apply_in(
        &self,
        turn: Turn,
        commit: impl FnOnce(),
    ) -> Result<Change, ConfigFileError> {
        match overrides::replace(turn, Overrides::new(self.guards.clone()), commit) {
            Ok(change) => {
                if let Change::Made { .. } = change {
                    without_effect::warn(&self.guards);
                }
                Ok(change)
            }
            Err(refusals) => {
                let problems = refusals
                    .iter()
                    .flat_map(|refused| self.refused(refused))
                    .collect();
                Err(ConfigFileError::new(problems)
                    .unwrap_or_else(|| without_place(&self.source.name)))
            }
        }
    }

    fn refused(&self, refused: &Refused) -> Vec<Problem> {
        let Refused {
            section,
            name,
            problems,
        } = refused;
        let nowhere = || self.source.place(0..0);
        let problem = |(place, setting, err): &(Option<Place>, &'static str, ConfigError)| {
            let place = place.clone().unwrap_or_else(nowhere);
            of_guard(Some(&self.source), section, name, &place, setting, err)
        };
        problems.iter().map(problem).collect()
    }

    /// Returns the settings of the system: those of the code, of the file over them, and of the
    /// environment over both.
    fn configure(&self, code: ErrorSystemBuilder) -> Result<ErrorSystemBuilder, Vec<Problem>> {
        self.configured(code)
            .map_err(|err| self.problems_of(&err, |_| true))
    }

    fn configured(&self, code: ErrorSystemBuilder) -> Result<ErrorSystemBuilder, ConfigError> {
        configure_from(code, self.values())
    }

    /// Returns the settings of the system as variables: those of the file, and of the environment over
    /// them.
    pub(super) fn values(&self) -> BTreeMap<String, OsString> {
        let of_file = self.variables.iter();
        let mut values: BTreeMap<String, OsString> = of_file
            .map(|variable| (variable.name.to_owned(), variable.text.clone().into()))
            .collect();
        values.extend(self.environment.clone());
        values
    }

    fn problems_of(
        &self,
        err: &ConfigError,
        counts: impl Fn(&ConfigError) -> bool,
    ) -> Vec<Problem> {
        let problems = err
            .problems()
            .cloned()
            .map(ConfigError::from)
            .filter(counts);
        problems.filter_map(|err| self.of_system(&err)).collect()
    }

    /// Makes the problem that a variable has: with the line of its setting, unless the environment
    /// has it.
    fn of_system(&self, err: &ConfigError) -> Option<Problem> {
        let name = err.field();
        let rule = in_words_of_a_file(err.rule());
        if name == "environment variable" {
            let place = Place::Variable(err.value().into());
            return Some(located(
                None,
                &place,
                "",
                "the variable",
                "is no setting",
                false,
            ));
        }
        let Some((section, info)) = setting_of(name) else {
            // Of the parts, alerts alone have fields without a variable, such as two channels of one
            // name.
            let alerts = |(header, _): &&(&str, Place)| header.starts_with("alerts");
            let (header, place) = self.headers.iter().find(alerts)?;
            return Some(located(Some(&self.source), place, header, name, rule, true));
        };
        let of_file = self.variables.iter().find(|variable| variable.name == name);
        let header = self
            .headers
            .iter()
            .find(|(header, _)| *header == section.name);
        let place = if self.environment.contains_key(name) {
            Place::Variable(name.into())
        } else {
            let place = of_file.map(|variable| &variable.place);
            place.or(header.map(|(_, place)| place))?.clone()
        };
        let source = Some(&self.source);
        let mut problem = located(source, &place, section.name, info.name, rule, true);
        // The problems of secrets have no value.
        let is_set = of_file.is_some() || self.environment.contains_key(name);
        problem.value = (is_set && !err.value().starts_with('('))
            .then(|| err.value().to_owned())
            .filter(|_| info.kind != overrides::Kind::Secret);
        Some(problem)
    }
}

/// Returns `true` for a rule that needs a setting which belongs into the environment, or which the
/// code often has.
fn may_be_elsewhere(rule: &str) -> bool {
    let needed = rule.strip_prefix("needs ").and_then(setting_of);
    needed.is_some_and(|(section, info)| {
        info.kind == overrides::Kind::Secret || section.name == "journal"
    })
}

/// Replaces the names of variables by those of the settings in a file.
fn in_words_of_a_file(rule: &str) -> String {
    let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
    let (mut words, mut rest) = (String::new(), rule);
    while let Some(at) = rest.find("GARDEFOU_") {
        let (before, from) = rest.split_at(at);
        let (name, after) = from.split_at(from.find(|c| !is_name(c)).unwrap_or(from.len()));
        words += before;
        match setting_of(name) {
            Some((section, info)) => words += &format!("`{}.{}`", section.name, info.name),
            None => words += name,
        }
        rest = after;
    }
    words + rest
}

/// Takes the variables about guards apart from the others; texts that are not UTF-8 are none of
/// theirs.
fn apart(
    variables: BTreeMap<String, OsString>,
) -> (BTreeMap<String, String>, BTreeMap<String, OsString>) {
    let (mut guards, mut system) = (BTreeMap::new(), BTreeMap::new());
    let prefixes = VARIABLE_PREFIXES;
    for (name, value) in variables {
        if prefixes.iter().any(|(prefix, _)| name.starts_with(prefix)) {
            guards.insert(name, value.to_string_lossy().into_owned());
        } else {
            system.insert(name, value);
        }
    }
    (guards, system)
}

/// A larger file is no configuration.
const LONGEST: u64 = 4 << 20;

/// Returns the name of a file as problems show it, and its text.
pub(crate) fn read_text(path: &Path) -> Result<(String, String), ConfigFileError> {
    let name = path.display().to_string();
    let unreadable = |err| ConfigFileError::unreadable(&name, &err);
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > LONGEST {
        let err = std::io::Error::other("it is larger than 4 MiB");
        return Err(unreadable(err));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    Ok((name, text))
}

/// An error whose problems have no place.
fn without_place(name: &str) -> ConfigFileError {
    let err = std::io::Error::other("its settings do not fit the code");
    ConfigFileError::unreadable(name, &err)
}

impl fmt::Debug for ConfigFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without values, some of which are secrets.
        f.debug_struct("ConfigFile")
            .field("name", &self.source.name)
            .field("guards", &self.guards.len())
            .field("variables", &self.variables.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::env::ALL;
    use crate::config::SYSTEM;

    #[test]
    fn every_variable_of_the_system_is_a_setting_of_a_file_except_those_without_one() {
        let in_file: Vec<_> = SYSTEM
            .iter()
            .flat_map(|section| section.settings)
            .map(|(name, _)| *name)
            .collect();
        let mut variables = ALL.to_vec();
        // Faults are injected in tests, and the file does not name itself.
        variables.retain(|name| !["GARDEFOU_CHAOS", "GARDEFOU_CONFIG"].contains(name));
        let (mut in_file, mut variables) = (in_file, variables);
        in_file.sort_unstable();
        variables.sort_unstable();
        assert_eq!(in_file, variables);
    }
}
