//! Guards in use that were made by name.

use super::{
    guard::{Configurable, Plan, Subject, overlaid},
    ignored::{Ignored, ignored},
    overrides::{Configured, Override, Overrides},
    setting::Place,
};
use crate::{error::ConfigError, sync::global::Mutex};
use std::sync::{Arc, Weak};

/// A guard in use, or the guards by key of one name, which this does not keep in use.
pub(crate) struct LivingGuard<B: Configurable, S = Weak<<B as Configurable>::Target>> {
    name: Box<str>,
    /// The settings of the code alone.
    code: B,
    subject: S,
    /// The settings in force: those of the code, and the sections over them.
    applied: Mutex<(B, Vec<Arc<Override>>)>,
}

impl<B: Configurable> LivingGuard<B> {
    /// Neither `code` nor the builder of `configured` may keep the guard in use.
    pub(crate) fn new(
        name: &str,
        code: B,
        configured: Configured<B>,
        target: &Arc<B::Target>,
    ) -> Self {
        Self::of_subject(name, code, configured, Arc::downgrade(target))
    }
}

impl<B: Configurable, S: Subject<B>> LivingGuard<B, S> {
    /// As `new`, for any subject.
    pub(crate) fn of_subject(name: &str, code: B, configured: Configured<B>, subject: S) -> Self {
        Self {
            name: name.into(),
            code,
            subject,
            applied: Mutex::new((configured.builder, configured.sections)),
        }
    }
}

/// A guard in use, of any kind.
pub(super) trait Living: Send + Sync {
    fn is_alive(&self) -> bool;

    /// Prepares the change to other overrides; `None` where nothing changes for this guard.
    fn prepare(self: Arc<Self>, overrides: &Overrides) -> Result<Option<Plan>, Refused>;
}

/// Why overrides cannot be applied to a guard in use.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) section: &'static str,
    pub(crate) name: String,
    /// Each problem, the setting that it is about, and where its value stands.
    pub(crate) problems: Vec<(Option<Place>, &'static str, ConfigError)>,
}

impl<B: Configurable, S: Subject<B>> Living for LivingGuard<B, S> {
    fn is_alive(&self) -> bool {
        self.subject.is_alive()
    }

    fn prepare(self: Arc<Self>, overrides: &Overrides) -> Result<Option<Plan>, Refused> {
        let sections = overrides.matching(B::SECTION, &self.name);
        let (before, old) = self.applied.lock().clone();
        if values(&old) == values(&sections) {
            return Ok(None);
        }
        let builder = overlaid(&self.code, &sections);
        let planned = match builder.problems() {
            Some(err) => Err(err),
            None => self.subject.plan(&self.name, &builder, &before),
        };
        let plan = planned.map_err(|err| refused::<B>(&self.name, &sections, &err))?;
        let ignored = ignored(&self.name, &self.code, &sections);
        // Two threads may prepare the same change, where a guard was just made.
        let is_due = move || {
            let mut applied = self.applied.lock();
            let is_due = values(&applied.1) != values(&sections);
            *applied = (builder, sections);
            is_due
        };
        Ok(plan.map(|plan| {
            plan.if_due(is_due)
                .publish_before(move || ignored.iter().for_each(Ignored::report))
        }))
    }
}

/// Returns what sections set, wherever it stands.
fn values(sections: &[Arc<Override>]) -> Vec<(&'static str, &super::Value)> {
    let all = sections.iter().flat_map(|section| &section.assignments);
    all.map(|one| (one.name, &one.value)).collect()
}

fn refused<B: Configurable>(name: &str, sections: &[Arc<Override>], err: &ConfigError) -> Refused {
    let problems = err.problems().map(|problem| {
        // The most specific section that has the setting.
        let found = sections.iter().rev().find_map(|section| {
            let setting = B::setting_of(problem.field, section);
            Some((section.place_of(setting)?, setting))
        });
        let place = found.map(|(place, _)| place);
        let place = place.or(sections.last().map(|section| &section.place));
        let setting = found.map_or(problem.field, |(_, setting)| setting);
        (place.cloned(), setting, ConfigError::from(problem.clone()))
    });
    Refused {
        section: B::SECTION,
        name: name.to_owned(),
        problems: problems.collect(),
    }
}
