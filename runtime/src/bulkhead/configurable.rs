//! Settings of bulkheads by name.

use super::{
    aimd::Aimd, builder::BulkheadBuilder, config::BulkheadConfig, handle::Bulkhead, inner::Inner,
    keyed::KeyedRecipe, state_word::MAX_LIMIT,
};
use crate::{
    error::ConfigError,
    overrides::{Configurable, ConfigurableByKey, Setting, Value, setting, span_setting},
    time::Tick,
};
use std::{sync::Arc, time::Duration};

const SETTINGS: &[Setting<BulkheadBuilder>] = &[
    setting!(Count max_concurrent: "How many calls may run at once; 16."),
    setting!(Duration max_wait: "How long a call waits for a slot; 0s: not at all."),
    setting!(Count max_queue: "How many calls may wait at once; max_concurrent. Needs a max_wait."),
    setting!(Flag adaptive: "Whether the limit adapts between min and max; false."),
    setting!(Count min: "The lowest limit that adapts; 1."),
    setting!(Count max: "The highest limit that adapts; 200."),
    setting!(Flag timed: "Whether it is measured how long slots are held, for a histogram in metrics; false."),
    span_setting(),
];

impl Configurable for BulkheadBuilder {
    const SECTION: &'static str = "bulkhead";

    type Target = Inner;

    type Change = Change;

    fn settings() -> &'static [Setting<Self>] {
        SETTINGS
    }

    fn plausible(name: &str) -> Vec<Self> {
        let waiting = Bulkhead::builder(name).max_wait(Duration::from_secs(1));
        let adaptive = waiting.clone().adaptive(true).max(MAX_LIMIT);
        vec![Bulkhead::builder(name), waiting, adaptive]
    }

    fn make_room_for(&mut self, setting: &str, value: &Value) {
        if (setting, value) == ("adaptive", &Value::Flag(false)) {
            self.unset_bounds();
        }
    }

    fn problems(&self) -> Option<ConfigError> {
        self.resolve().err()
    }

    fn change(&self, before: &Self) -> Result<Change, ConfigError> {
        let (new, old) = (self.resolve()?, before.resolve()?);
        let is_other = |part: fn(&BulkheadConfig) -> u32| part(&new) != part(&old);
        let starts_anew = new.adaptive != old.adaptive || is_other(|config| config.max_concurrent);
        let has_other_bounds = new.adaptive && (is_other(|it| it.min) || is_other(|it| it.max));
        Ok(Change {
            limit: starts_anew.then_some(new.max_concurrent),
            has_other_limit: starts_anew || has_other_bounds,
            config: new,
        })
    }

    fn apply_at(_: Tick, change: &Change, inner: &Arc<Inner>) {
        if change.has_other_limit {
            inner.change_limit(Aimd::of(&change.config), change.limit);
        }
        inner.time_calls(change.config.timed);
        inner.config.replace(change.config.clone());
    }

    fn publish(change: &Change, inner: &Arc<Inner>) {
        if change.has_other_limit {
            // Wakes calls that wait, whose wakers are foreign code.
            inner.hand_on();
        }
    }
}

/// The settings of a bulkhead that is in use.
pub(crate) struct Change {
    config: BulkheadConfig,
    /// The limit, where it is another one, or where the limit begins or ends to adapt; one that was
    /// set by hand or that was learnt stays otherwise.
    limit: Option<u32>,
    /// Whether the limit or the bounds in which it adapts change.
    has_other_limit: bool,
}

impl ConfigurableByKey for BulkheadBuilder {
    type Guard = Bulkhead;

    fn recipe_like(&self, other: &KeyedRecipe) -> Result<KeyedRecipe, ConfigError> {
        let config = self.resolve()?;
        Ok(other.with_config(config))
    }

    fn target_of(bulkhead: &Bulkhead) -> &Arc<Inner> {
        &bulkhead.0
    }
}
