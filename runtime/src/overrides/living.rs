//! Guards in use that were made by name.

use super::{
    guard::{Configurable, Plan, overlaid},
    overrides::{Configured, Override, Overrides},
    setting::Place,
};
use crate::{error::ConfigError, sync::global::Mutex};
use std::sync::{
    Arc, Weak,
    atomic::{AtomicU64, Ordering},
};

/// A guard in use, which this does not keep in use.
pub(crate) struct LivingGuard<B: Configurable> {
    name: Box<str>,
    /// The settings of the code alone.
    code: B,
    target: Weak<B::Target>,
    /// The settings in force: those of the code, and the sections over them.
    applied: Mutex<(B, Vec<Arc<Override>>)>,
    /// How many changes had a part that runs without a lock: of two at once, that of the later one
    /// counts.
    thens: AtomicU64,
}

impl<B: Configurable> LivingGuard<B> {
    /// Neither `code` nor the builder of `configured` may keep the guard in use.
    pub(crate) fn new(
        name: &str,
        code: B,
        configured: Configured<B>,
        target: &Arc<B::Target>,
    ) -> Self {
        Self {
            name: name.into(),
            code,
            target: Arc::downgrade(target),
            applied: Mutex::new((configured.builder, configured.sections)),
            thens: AtomicU64::new(0),
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

impl<B: Configurable> Living for LivingGuard<B> {
    fn is_alive(&self) -> bool {
        self.target.strong_count() > 0
    }

    fn prepare(self: Arc<Self>, overrides: &Overrides) -> Result<Option<Plan>, Refused> {
        let Some(target) = self.target.upgrade() else {
            return Ok(None);
        };
        let sections = overrides.matching(B::SECTION, &self.name);
        let (before, old) = self.applied.lock().clone();
        if values(&old) == values(&sections) {
            return Ok(None);
        }
        let builder = overlaid(&self.code, &sections);
        let planned = match builder.problems() {
            Some(err) => Err(err),
            None => builder.clone().plan(&before, &target),
        };
        let plan = planned.map_err(|err| refused::<B>(&self.name, &sections, &err))?;
        let has_then = plan.has_then();
        let number = Arc::new(AtomicU64::new(0));
        let (latest, mine) = (Arc::clone(&self), Arc::clone(&number));
        // Relaxed: changes are applied under one lock, and the number is for whoever comes last.
        let plan = plan
            .then_if(move || latest.thens.load(Ordering::Relaxed) == mine.load(Ordering::Relaxed));
        Ok(Some(plan.before_apply(move || {
            if has_then {
                let count = self.thens.fetch_add(1, Ordering::Relaxed) + 1;
                number.store(count, Ordering::Relaxed);
            }
            *self.applied.lock() = (builder, sections);
        })))
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
