//! Overrides, and how a guard that is made takes them.

use super::{
    guard::{Configurable, overlaid},
    ignored::{Ignored, ignored},
    pattern::Pattern,
    setting::{Assignment, Place},
    state,
};
use crate::{
    error::{ConfigError, redact},
    event::names::TARGET_CONFIG,
};
use std::sync::Arc;

/// What one section says about the guards of some names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Override {
    pub(crate) section: &'static str,
    pub(crate) pattern: Pattern,
    pub(crate) assignments: Vec<Assignment>,
    /// Where the section begins.
    pub(crate) place: Place,
}

impl Override {
    /// Returns where a setting stands, or else where the section begins.
    pub(crate) fn place_of(&self, setting: &str) -> Option<&Place> {
        let found = self.assignments.iter().find(|all| all.name == setting);
        found.map(|assignment| &assignment.place)
    }

    /// Returns the problems that the settings have wherever they are applied, each with the setting
    /// that it is about.
    pub(crate) fn problems<B: Configurable>(&self) -> Vec<(&'static str, ConfigError)> {
        let name = match &self.pattern {
            Pattern::Exact(name) => name,
            _ => "any",
        };
        let section = [Arc::new(self.clone())];
        let of_builder = |builder: B| -> Vec<(&'static str, ConfigError)> {
            let Some(err) = overlaid(&builder, &section).problems() else {
                return Vec::new();
            };
            let problems = err.problems().map(|problem| {
                let setting = B::setting_of(problem.field, self);
                (setting, ConfigError::from(problem.clone()))
            });
            problems.collect()
        };
        let mut builders = B::plausible(name).into_iter();
        let mut problems = builders.next().map(of_builder).unwrap_or_default();
        for builder in builders {
            let others = of_builder(builder);
            // A rule may name a setting of the builder: then it reads another way.
            let is_same = |(setting, err): &(&str, ConfigError)| {
                let mut others = others.iter().filter(|(other, _)| other == setting);
                others.any(|(_, other)| other.rule() == err.rule())
            };
            let same: Vec<_> = problems
                .iter()
                .filter(|one| is_same(one))
                .map(|(setting, _)| *setting)
                .collect();
            problems.retain(|one| {
                let is_there = others.iter().any(|(other, _)| *other == one.0);
                is_there && (is_same(one) || !same.contains(&one.0))
            });
        }
        problems
    }
}

impl<B: Clone> Configured<B> {
    /// Returns a builder as the code has it.
    pub(crate) fn unchanged(code: &B) -> Self {
        Self {
            builder: code.clone(),
            sections: Vec::new(),
        }
    }
}

/// All overrides, the less specific ones first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Overrides(Vec<Arc<Override>>);

impl Overrides {
    /// Of two sections that are as specific as each other, the later one wins.
    pub(crate) fn new(mut all: Vec<Override>) -> Self {
        // Stable. Texts do not count: of two patterns of one length the later one comes last.
        let rank = |pattern: &Pattern| match pattern {
            Pattern::Glob { len, .. } => (0, *len),
            Pattern::Exact(_) => (1, 0),
            Pattern::Variable(_) => (2, 0),
        };
        all.sort_by_key(|section| rank(&section.pattern));
        Self(all.into_iter().map(Arc::new).collect())
    }

    /// Returns `true` if a section has the setting.
    #[cfg(feature = "config-spans")]
    pub(super) fn set(&self, setting: &str) -> bool {
        let mut all = self.0.iter().flat_map(|section| &section.assignments);
        all.any(|assignment| assignment.name == setting)
    }

    /// Returns the sections about one guard, the most specific one last.
    pub(crate) fn matching(&self, section: &str, name: &str) -> Vec<Arc<Override>> {
        let is_about = |one: &&Arc<Override>| one.section == section && one.pattern.matches(name);
        self.0.iter().filter(is_about).cloned().collect()
    }
}

/// A builder with the settings of the overrides in place of the code's, and the sections that they
/// are from.
pub(crate) struct Configured<B> {
    pub(crate) builder: B,
    pub(super) sections: Vec<Arc<Override>>,
}

/// Returns the builder of a guard with the settings of the overrides in place of the code's.
///
/// Where both together break a rule, the code's stay, and an error is logged: a file does not keep a
/// guard from being made.
pub(crate) fn configured<B: Configurable>(name: &str, code: &B) -> Configured<B> {
    let sections = state::sections_of(B::SECTION, name);
    if sections.is_empty() {
        return Configured::unchanged(code);
    }
    let builder = overlaid(code, &sections);
    ignored(name, code, &sections)
        .iter()
        .for_each(Ignored::report);
    match builder.problems() {
        None => Configured { builder, sections },
        // Then the code's settings are reported by the builder itself.
        Some(_) if code.problems().is_some() => Configured::unchanged(code),
        Some(err) => {
            report(B::SECTION, name, &sections, &err);
            Configured::unchanged(code)
        }
    }
}

#[cold]
fn report(section: &'static str, name: &str, sections: &[Arc<Override>], err: &ConfigError) {
    let place = sections.last().map(|section| section.place.to_string());
    let (name, place) = (redact::name(name), place.unwrap_or_default());
    tracing::error!(
        target: TARGET_CONFIG,
        "{place}: the settings of {section} `{name}` do not fit those of the code, which stay: {err}"
    );
}
