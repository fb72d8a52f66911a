//! Reads a file: its sections, and what is wrong with it.

use super::{
    catalogue::{GUARDS, GuardSection, SYSTEM, SystemSection},
    problem::Problem,
    source::Source,
    suggest::nearest,
    value::{self, WrongValue},
};
use crate::{
    error::ConfigError,
    overrides::{Assignment, Kind, Override, Pattern, Place, SettingInfo},
};
use std::ops::Range;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// What a file says.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) overrides: Vec<Override>,
    pub(crate) variables: Vec<FileVariable>,
    /// Where the sections of the system begin.
    pub(crate) headers: Vec<(&'static str, Place)>,
}

/// A setting of the system, as the environment variable of the same meaning.
#[derive(Clone)]
pub(crate) struct FileVariable {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    pub(crate) place: Place,
}

/// Reads a file, and returns all problems that can be found without the other settings of the
/// system.
pub(crate) fn read(source: &Source) -> (Contents, Vec<Problem>) {
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    let mut reader = Reader {
        source,
        contents: Contents::default(),
        problems: Vec::new(),
    };
    for err in errors {
        let span = err.span().unwrap_or(0..0);
        let place = source.place(span.clone());
        let rule = format!("is no TOML: {}", err.message());
        let mut problem = reader.located(&place, "", "", rule);
        problem.rule.insert_str(0, "the text ");
        reader.problems.push(problem);
    }
    let torn: Vec<_> = reader.problems.iter().map(|problem| problem.line).collect();
    reader.document(document.get_ref());
    // What is left of a line that is no TOML has no meaning.
    let mut is_first = torn.len();
    reader.problems.retain(|problem| {
        let is_syntax = is_first > 0;
        is_first = is_first.saturating_sub(1);
        is_syntax || !torn.contains(&problem.line)
    });
    // Sections are sorted by name so far.
    reader
        .contents
        .overrides
        .sort_by_key(|section| start(&section.place));
    for section in &reader.contents.overrides {
        let guard = GUARDS.iter().find(|guard| guard.name == section.section);
        let problems = guard
            .map(|guard| (guard.check)(section))
            .unwrap_or_default();
        for (setting, err) in problems {
            let place = section.place_of(setting).unwrap_or(&section.place);
            let problem = of_guard(
                Some(source),
                section.section,
                section.pattern.text(),
                place,
                setting,
                &err,
            );
            if !torn.contains(&problem.line) {
                reader.problems.push(problem);
            }
        }
    }
    (reader.contents, reader.problems)
}

fn start(place: &Place) -> usize {
    match place {
        Place::File { start, .. } => *start,
        Place::Variable(_) => usize::MAX,
    }
}

/// Makes the problem that a setting of guards has.
pub(crate) fn of_guard(
    source: Option<&Source>,
    section: &str,
    name: &str,
    place: &Place,
    setting: &str,
    err: &ConfigError,
) -> Problem {
    let section = header(section, name);
    let mut problem = located(source, place, &section, setting, err.rule(), true);
    problem.value = Some(err.value().to_owned());
    problem
}

/// Returns the header of the section of some guards without its brackets.
pub(super) fn header(section: &str, name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(is_bare) {
        format!("{section}.{name}")
    } else {
        format!("{section}.{name:?}")
    }
}

/// Makes a problem of a place.
pub(crate) fn located(
    source: Option<&Source>,
    place: &Place,
    section: &str,
    field: &str,
    rule: impl Into<String>,
    is_known: bool,
) -> Problem {
    let mut problem = Problem {
        file: place.to_string(),
        line: None,
        columns: None,
        section: section.to_owned(),
        field: field.to_owned(),
        value: None,
        rule: rule.into(),
        suggestion: None,
        line_text: None,
    };
    if let Place::File {
        file,
        line,
        start,
        end,
    } = place
    {
        problem.file = file.to_string();
        problem.line = Some(*line);
        problem.columns = source.map(|source| source.columns(*start, *end));
        problem.line_text = source.map(|source| source.shown_line(*start, is_known));
    }
    problem
}

struct Reader<'a> {
    source: &'a Source,
    contents: Contents,
    problems: Vec<Problem>,
}

type Table<'a> = DeTable<'a>;
type Entry<'a, 'i> = (
    &'a Spanned<std::borrow::Cow<'i, str>>,
    &'a Spanned<DeValue<'i>>,
);

impl Reader<'_> {
    fn located(
        &self,
        place: &Place,
        section: &str,
        field: &str,
        rule: impl Into<String>,
    ) -> Problem {
        located(Some(self.source), place, section, field, rule, true)
    }

    /// Adds a problem with a name that is not known.
    fn unknown(
        &mut self,
        span: Range<usize>,
        section: &str,
        name: &str,
        rule: String,
        meant: Option<String>,
    ) {
        let place = self.source.place(span);
        let field = crate::error::redact::text(name);
        let mut problem = located(Some(self.source), &place, section, &field, rule, false);
        problem.suggestion = meant;
        self.problems.push(problem);
    }

    fn document(&mut self, document: &Table<'_>) {
        for (key, value) in document {
            let name = &**key.get_ref();
            let guard = GUARDS.iter().find(|guard| guard.name == name);
            let system = SYSTEM.iter().find(|section| section.name == name);
            match (guard, system, value.get_ref().as_table()) {
                (Some(guard), _, Some(table)) => self.guards(guard, table),
                (None, Some(section), Some(table)) => self.system(section, (key, value), table),
                (Some(guard), _, None) => {
                    let rule = format!("must be a section, for example `[{}.\"*\"]`", guard.name);
                    self.unknown(key.span(), name, name, rule, None);
                }
                (None, Some(_), None) => {
                    let rule = format!("must be a section, written `[{name}]`");
                    self.unknown(key.span(), name, name, rule, None);
                }
                (None, None, _) => {
                    let guards = GUARDS.iter().map(|guard| guard.name);
                    let known = guards.chain(SYSTEM.iter().map(|section| section.name));
                    let meant = nearest(name, known).map(str::to_owned);
                    let meant = meant.or_else(|| is_mail(name).then(|| "alerts.mail".to_owned()));
                    self.unknown(key.span(), "", name, "is no section".to_owned(), meant);
                }
            }
        }
    }

    /// Reads the sections of guards of one kind.
    fn guards(&mut self, guard: &GuardSection, names: &Table<'_>) {
        let settings = (guard.settings)();
        for (key, value) in names {
            let name = &**key.get_ref();
            let Some(table) = value.get_ref().as_table() else {
                let is_setting = settings.iter().any(|info| info.name == name);
                let rule = if is_setting {
                    format!(
                        "must stand under the name of a {}, or under `[{}.\"*\"]` for all",
                        guard.noun, guard.name
                    )
                } else {
                    format!(
                        "must be a section with the settings of the {} of that name",
                        guard.noun
                    )
                };
                self.unknown(key.span(), guard.name, name, rule, None);
                continue;
            };
            let mut assignments = Vec::new();
            let section = header(guard.name, name);
            for entry in table {
                let group = format!("[{}.*]", guard.name);
                if let Some((info, value, place)) = self.setting(&section, &group, &settings, entry)
                {
                    assignments.push(Assignment {
                        name: info.name,
                        value,
                        place,
                    });
                }
            }
            assignments.sort_by_key(|assignment| start(&assignment.place));
            self.contents.overrides.push(Override {
                section: guard.name,
                pattern: Pattern::parse(name),
                assignments,
                place: self.source.place(key.span()),
            });
        }
    }

    /// Reads a section of the system, and those in it.
    fn system(
        &mut self,
        section: &'static SystemSection,
        (key, _): Entry<'_, '_>,
        table: &Table<'_>,
    ) {
        let place = self.source.place(key.span());
        self.contents.headers.push((section.name, place));
        let settings: Vec<_> = section.settings.iter().map(|(_, info)| *info).collect();
        for entry in table {
            let (key, value) = entry;
            let path = format!("{}.{}", section.name, key.get_ref());
            let inner = SYSTEM.iter().find(|section| section.name == path);
            match (inner, value.get_ref().as_table()) {
                (Some(inner), Some(table)) => self.system(inner, entry, table),
                (Some(inner), None) => {
                    let rule = format!("must be a section, written `[{}]`", inner.name);
                    self.unknown(key.span(), section.name, key.get_ref(), rule, None);
                }
                (None, Some(_)) => {
                    let prefix = format!("{}.", section.name);
                    let inner = SYSTEM
                        .iter()
                        .filter_map(|section| section.name.strip_prefix(&*prefix));
                    let meant = nearest(key.get_ref(), inner).map(|name| format!("{prefix}{name}"));
                    self.unknown(
                        key.span(),
                        section.name,
                        &path,
                        "is no section".to_owned(),
                        meant,
                    );
                }
                (None, None) => {
                    let group = format!("[{}]", section.name);
                    let Some((info, value, place)) =
                        self.setting(section.name, &group, &settings, entry)
                    else {
                        continue;
                    };
                    let variable = section
                        .settings
                        .iter()
                        .find(|(_, other)| other.name == info.name);
                    self.contents
                        .variables
                        .extend(variable.map(|(name, _)| FileVariable {
                            name,
                            text: value::as_variable(&value),
                            place,
                        }));
                }
            }
        }
    }

    /// Reads one setting; `group` is what has the known ones.
    fn setting(
        &mut self,
        section: &str,
        group: &str,
        known: &[SettingInfo],
        (key, value): Entry<'_, '_>,
    ) -> Option<(SettingInfo, crate::overrides::Value, Place)> {
        let name = &**key.get_ref();
        let Some(info) = known.iter().find(|info| info.name == name) else {
            let mut rule = format!("is no setting of {group}");
            if value.get_ref().is_table() {
                rule += ": a name with a dot stands in quotes";
            }
            let names = known.iter().map(|info| info.name);
            let meant = nearest(name, names).map(str::to_owned);
            self.unknown(key.span(), section, name, rule, meant);
            return None;
        };
        if let Some(rule) = info.problem() {
            let place = self.source.place(key.span());
            self.problems
                .push(self.located(&place, section, name, rule));
            return None;
        }
        let place = self.source.place(value.span());
        match value::read(info.kind, value.get_ref()) {
            Ok(value) => Some((*info, value, place)),
            Err(WrongValue { rule, suggestion }) => {
                let mut problem = self.located(&place, section, name, rule);
                let is_public = info.kind != Kind::Secret;
                problem.value = is_public.then(|| value::shown(value.get_ref()));
                problem.suggestion = suggestion.filter(|_| is_public);
                self.problems.push(problem);
                None
            }
        }
    }
}

fn is_mail(name: &str) -> bool {
    ["mail", "email", "smtp", "webhook"].contains(&name)
}

#[cfg(all(test, not(feature = "fleet")))]
mod tests {
    use super::*;
    use crate::config::environment;

    #[test]
    fn setting_whose_feature_is_off_is_a_problem_that_names_it() {
        let text = "[breaker.payments]\nfailure_threshold = 3\nshared = true\non_store_loss = 7\n";
        let (contents, problems) = read(&Source::new("gardefou.toml", text));
        let mut found: Vec<_> = problems
            .iter()
            .map(|problem| (problem.line, &*problem.field, &*problem.rule))
            .collect();
        found.sort();
        let rule = "needs the feature `fleet` of gardefou";
        assert_eq!(
            found,
            [(Some(3), "shared", rule), (Some(4), "on_store_loss", rule)]
        );
        assert_eq!(contents.overrides[0].assignments.len(), 1);
        let name = "GARDEFOU_BREAKER__PAYMENTS__SHARED";
        let variables = [(name.to_owned(), "true".to_owned())].into();
        let (sections, problems) = environment::read(&variables);
        assert!(sections.is_empty());
        assert_eq!(
            (&*problems[0].file, &*problems[0].rule),
            (&*format!("environment variable {name}"), rule)
        );
    }
}
