//! What a policy implements so that its guards can be configured by name.

use super::{overrides::Override, setting::Setting};
use crate::error::ConfigError;
use std::sync::Arc;

/// The builder of a guard, or the part of it that has names.
pub(crate) trait Configurable: Clone + Send + Sync + 'static {
    /// The section of a file, for example `breaker`.
    const SECTION: &'static str;

    /// What all handles of a guard share.
    type Target: Send + Sync + 'static;

    fn settings() -> &'static [Setting<Self>];

    /// Returns builders that code can plausibly have, the one with the defaults first. A section is
    /// wrong where its settings break a rule in each of them.
    fn plausible(name: &str) -> Vec<Self>;

    /// Unsets what cannot stand beside a setting, before that is set: the last section of two wins.
    fn make_room_for(&mut self, setting: &str);

    /// Returns what is wrong with the builder.
    fn problems(&self) -> Option<ConfigError>;

    /// Returns the setting that a problem with this field is about, where they have two names.
    fn setting_of(field: &'static str, _: &Override) -> &'static str {
        field
    }

    /// Prepares a change of a guard that is in use.
    ///
    /// # Errors
    ///
    /// Returns the rules that the settings break; nothing is changed then.
    fn plan(self, before: &Self, target: &Arc<Self::Target>) -> Result<Plan, ConfigError>;
}

/// A change of a guard that is valid and not made yet.
pub(crate) struct Plan {
    apply: Vec<Box<dyn FnOnce() + Send>>,
    then: Option<Then>,
    /// The settings that only guards have which are made later.
    pub(super) later: Vec<&'static str>,
}

/// The part of a change that can call the user's code.
pub(super) type Then = Box<dyn FnOnce() + Send>;

impl Plan {
    /// `apply` runs under a lock, and calls no code of the user's.
    pub(crate) fn new(apply: impl FnOnce() + Send + 'static) -> Self {
        Self {
            apply: vec![Box::new(apply)],
            then: None,
            later: Vec::new(),
        }
    }

    /// Adds what runs after the change, without a lock.
    pub(crate) fn then(mut self, then: impl FnOnce() + Send + 'static) -> Self {
        self.then = Some(Box::new(then));
        self
    }

    /// Adds a setting that changed and cannot be changed while the guard is in use.
    pub(crate) fn later(mut self, setting: &'static str, is_changed: bool) -> Self {
        self.later.extend(is_changed.then_some(setting));
        self
    }

    pub(super) fn has_then(&self) -> bool {
        self.then.is_some()
    }

    /// Runs what comes after the change only where this still holds then.
    pub(super) fn then_if(mut self, holds: impl FnOnce() -> bool + Send + 'static) -> Self {
        self.then = self.then.map(|then| -> Then {
            Box::new(move || {
                if holds() {
                    then();
                }
            })
        });
        self
    }

    pub(super) fn before_apply(mut self, also: impl FnOnce() + Send + 'static) -> Self {
        self.apply.insert(0, Box::new(also));
        self
    }

    pub(super) fn apply(self) -> Option<Then> {
        self.apply.into_iter().for_each(|apply| apply());
        self.then
    }
}

/// Applies sections to a builder, the most specific one last.
pub(super) fn overlaid<B: Configurable>(code: &B, sections: &[Arc<Override>]) -> B {
    let mut builder = code.clone();
    for section in sections {
        for assignment in &section.assignments {
            builder.make_room_for(assignment.name);
        }
        builder = set_all(builder, section);
    }
    builder
}

/// Sets what one section has.
fn set_all<B: Configurable>(builder: B, section: &Override) -> B {
    section
        .assignments
        .iter()
        .fold(builder, |builder, assignment| {
            let named = |setting: &&Setting<B>| setting.info.name == assignment.name;
            match B::settings().iter().find(named) {
                Some(setting) => setting.set(builder, &assignment.value),
                None => builder,
            }
        })
}
