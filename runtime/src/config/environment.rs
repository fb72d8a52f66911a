//! Settings of guards in environment variables.
//!
//! `GARDEFOU_BREAKER__PAYMENTS_API__FAILURE_THRESHOLD=3` is about every breaker whose name reads
//! `PAYMENTS_API` in capitals, with `_` for each character that a variable cannot have.

use super::{
    catalogue::{GUARDS, VARIABLE_PREFIXES},
    problem::Problem,
    reader::{located, of_guard},
    suggest::nearest,
    value::{self, WrongValue},
};
use crate::overrides::{Assignment, Kind, Override, Pattern, Place, SettingInfo};
use std::{borrow::Cow, collections::BTreeMap};
use toml::de::DeValue;

/// Reads the variables that are about guards, and what is wrong with them.
pub(crate) fn read(variables: &BTreeMap<String, String>) -> (Vec<Override>, Vec<Problem>) {
    let mut sections: BTreeMap<(&'static str, String), Override> = BTreeMap::new();
    let mut problems = Vec::new();
    for (variable, text) in variables {
        let about = VARIABLE_PREFIXES
            .iter()
            .find_map(|(prefix, section)| Some((*section, variable.strip_prefix(prefix)?)));
        let Some((section, rest)) = about else {
            continue;
        };
        let place = Place::Variable(variable.as_str().into());
        match assignment(section, rest, text, &place) {
            Ok((name, assignment)) => {
                let new = || Override {
                    section,
                    pattern: Pattern::Variable(name.clone()),
                    assignments: Vec::new(),
                    place,
                };
                let one = sections.entry((section, name.clone())).or_insert_with(new);
                one.assignments.push(assignment);
            }
            Err(problem) => problems.push(*problem),
        }
    }
    for section in sections.values() {
        let guard = GUARDS.iter().find(|guard| guard.name == section.section);
        let found = guard
            .map(|guard| (guard.check)(section))
            .unwrap_or_default();
        for (setting, err) in found {
            let place = section.place_of(setting).unwrap_or(&section.place);
            problems.push(of_guard(
                None,
                section.section,
                section.pattern.text(),
                place,
                setting,
                &err,
            ));
        }
    }
    (sections.into_values().collect(), problems)
}

/// Returns the name and the setting of one variable.
fn assignment(
    section: &'static str,
    rest: &str,
    text: &str,
    place: &Place,
) -> Result<(String, Assignment), Box<Problem>> {
    let wrong =
        |field: &str, rule: String| Box::new(located(None, place, section, field, rule, false));
    let Some((name, setting)) = rest.rsplit_once("__").filter(|(name, _)| !name.is_empty()) else {
        let rule = "must have the name of a guard and a setting, for example \
                    GARDEFOU_BREAKER__PAYMENTS__FAILURE_THRESHOLD";
        return Err(wrong("the variable", rule.to_owned()));
    };
    let guard = GUARDS.iter().find(|guard| guard.name == section);
    let known = guard.map(|guard| (guard.settings)()).unwrap_or_default();
    let setting = setting.to_lowercase();
    let Some(info) = known.iter().find(|info| info.name == setting) else {
        let mut problem = wrong(&setting, format!("is no setting of [{section}.*]"));
        let meant = nearest(&setting, known.iter().map(|info| info.name));
        problem.suggestion = meant.map(str::to_owned);
        return Err(problem);
    };
    if let Some(rule) = info.problem() {
        return Err(wrong(info.name, rule));
    }
    match read_text(info, text.trim()) {
        Ok(value) => {
            let assignment = Assignment {
                name: info.name,
                value,
                place: place.clone(),
            };
            Ok((name.to_owned(), assignment))
        }
        Err(WrongValue { rule, .. }) => {
            let mut problem = wrong(info.name, rule);
            problem.value = Some(crate::name::shown(text));
            Err(problem)
        }
    }
}

/// Reads a value that has no quotes: what is a number or a flag where the setting takes one.
fn read_text(info: &SettingInfo, text: &str) -> Result<crate::overrides::Value, WrongValue> {
    let as_text = DeValue::String(Cow::Borrowed(text));
    if matches!(
        info.kind,
        Kind::Text | Kind::Choice(_) | Kind::Rate | Kind::Window
    ) {
        return value::read(info.kind, &as_text);
    }
    let parsed = DeValue::parse(text).ok();
    let parsed = parsed.and_then(|parsed| value::read(info.kind, parsed.get_ref()).ok());
    parsed.map_or_else(|| value::read(info.kind, &as_text), Ok)
}
