//! What a policy implements so that its guards can be configured by name.

use super::{
    overrides::Override,
    setting::{Setting, Value},
};
use crate::{error::ConfigError, time::Tick};
use std::sync::{Arc, Weak};

/// The builder of a guard, or the part of it that has names.
pub(crate) trait Configurable: Clone + Send + Sync + 'static {
    /// The section of a file, for example `breaker`.
    const SECTION: &'static str;

    /// What all handles of a guard share.
    type Target: Send + Sync + 'static;

    /// A change of guards in use that breaks no rule.
    type Change: Send + Sync + 'static;

    fn settings() -> &'static [Setting<Self>];

    /// Returns builders that code can plausibly have, the one with the defaults first. A section is
    /// wrong where its settings break a rule in each of them.
    fn plausible(name: &str) -> Vec<Self>;

    /// Unsets what cannot stand beside a setting, before that is set: the last section of two wins.
    fn make_room_for(&mut self, _setting: &str, _value: &Value) {}

    /// Returns why a setting has no effect on guards of this code; `None` if it has one.
    fn without_effect(&self, _setting: &str) -> Option<&'static str> {
        None
    }

    /// Returns what is wrong with the builder.
    fn problems(&self) -> Option<ConfigError>;

    /// Returns the setting that a problem with this field is about, where they have two names.
    fn setting_of(field: &'static str, _: &Override) -> &'static str {
        field
    }

    /// Returns the change that leads from other settings to these.
    ///
    /// # Errors
    ///
    /// The rules that the settings break.
    fn change(&self, before: &Self) -> Result<Self::Change, ConfigError>;

    /// Returns the time by the clock of a guard, for a change that needs it. Without a lock, since a
    /// clock can be the user's code.
    fn now(_: &Self::Target) -> Tick {
        Tick::ZERO
    }

    /// Changes a guard in use. Under a lock: this calls no code of the user's.
    fn apply_at(now: Tick, change: &Self::Change, target: &Arc<Self::Target>);

    /// Publishes what a change caused, for example to observers. Without a lock.
    fn publish(_: &Self::Change, _: &Arc<Self::Target>) {}

    /// Publishes an audit event where the change of the guards of a name is one. Without a lock.
    fn audit(_: &Self::Change, _name: &str) {}
}

/// What a section is about: a guard, or the guards by key of one name. It keeps neither in use.
pub(crate) trait Subject<B: Configurable>: Send + Sync + 'static {
    fn is_alive(&self) -> bool;

    /// Prepares a change; `None` where the subject is gone.
    ///
    /// # Errors
    ///
    /// The rules that the settings break; nothing is changed then.
    fn plan(&self, name: &str, settings: &B, before: &B) -> Result<Option<Plan>, ConfigError>;
}

impl<B: Configurable> Subject<B> for Weak<B::Target> {
    fn is_alive(&self) -> bool {
        self.strong_count() > 0
    }

    fn plan(&self, name: &str, settings: &B, before: &B) -> Result<Option<Plan>, ConfigError> {
        let Some(target) = self.upgrade() else {
            return Ok(None);
        };
        let change = Arc::new(settings.change(before)?);
        let (now, name) = (B::now(&target), name.to_owned());
        let (same_change, same_target) = (Arc::clone(&change), Arc::clone(&target));
        let apply = move || B::apply_at(now, &same_change, &same_target);
        let publish = move || {
            B::publish(&change, &target);
            B::audit(&change, &name);
        };
        Ok(Some(Plan::new(apply, publish)))
    }
}

/// A change that is valid and not made yet.
pub(crate) struct Plan {
    apply: Box<dyn FnOnce() + Send>,
    publish: Publish,
    is_due: Box<dyn FnOnce() -> bool + Send>,
}

/// The part of a change that can call the user's code.
pub(super) type Publish = Box<dyn FnOnce() + Send>;

impl Plan {
    /// `apply` runs under a lock, and calls no code of the user's; `publish` runs after it, without
    /// the lock.
    pub(super) fn new(
        apply: impl FnOnce() + Send + 'static,
        publish: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self {
            apply: Box::new(apply),
            publish: Box::new(publish),
            is_due: Box::new(|| true),
        }
    }

    /// Makes the change only if it is due, which is asked under the lock.
    pub(super) fn if_due(self, is_due: impl FnOnce() -> bool + Send + 'static) -> Self {
        Self {
            is_due: Box::new(is_due),
            ..self
        }
    }

    /// Publishes something else before what the change caused.
    pub(super) fn publish_before(self, before: impl FnOnce() + Send + 'static) -> Self {
        let publish = self.publish;
        Self {
            publish: Box::new(move || {
                before();
                publish();
            }),
            ..self
        }
    }

    /// Makes the change, and returns what publishes it; `None` where it is not due any more.
    pub(super) fn apply(self) -> Option<Publish> {
        (self.is_due)().then(|| {
            (self.apply)();
            self.publish
        })
    }
}

/// Applies sections to a builder, the most specific one last.
pub(super) fn overlaid<B: Configurable>(code: &B, sections: &[Arc<Override>]) -> B {
    let mut builder = code.clone();
    for section in sections {
        for assignment in &section.assignments {
            builder.make_room_for(assignment.name, &assignment.value);
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
