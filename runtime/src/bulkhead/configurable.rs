//! Settings of bulkheads by name.

use super::{builder::BulkheadBuilder, handle::Bulkhead, inner::Inner, state_word::MAX_LIMIT};
use crate::{
    error::ConfigError,
    overrides::{Configurable, Plan, Setting, setting, span_setting},
};
use std::{sync::Arc, time::Duration};

const SETTINGS: &[Setting<BulkheadBuilder>] = &[
    setting!(Count max_concurrent: "How many calls may run at once; 16."),
    setting!(Duration max_wait: "How long a call waits for a slot; 0s: not at all."),
    setting!(Count max_queue: "How many calls may wait at once; max_concurrent. Needs a max_wait."),
    setting!(Flag adaptive: "Whether the limit adapts between min and max; false."),
    setting!(Count min: "The lowest limit that adapts; 1."),
    setting!(Count max: "The highest limit that adapts; 200."),
    span_setting(),
];

impl Configurable for BulkheadBuilder {
    const SECTION: &'static str = "bulkhead";

    type Target = Inner;

    fn settings() -> &'static [Setting<Self>] {
        SETTINGS
    }

    fn plausible(name: &str) -> Vec<Self> {
        let waiting = Bulkhead::builder(name).max_wait(Duration::from_secs(1));
        let adaptive = waiting.clone().adaptive(true).max(MAX_LIMIT);
        vec![Bulkhead::builder(name), waiting, adaptive]
    }

    fn make_room_for(&mut self, _: &str) {}

    fn problems(&self) -> Option<ConfigError> {
        self.resolve().err()
    }

    fn plan(self, before: &Self, target: &Arc<Inner>) -> Result<Plan, ConfigError> {
        let (new, old) = (self.resolve()?, before.resolve()?);
        let mut config = target.config.get().clone();
        // How a limit adapts is a part of the bulkhead.
        let is_adaptive = config.adaptive;
        let inner = Arc::clone(target);
        (config.max_wait, config.max_queue) = (new.max_wait, new.max_queue);
        let limit = (new.max_concurrent != old.max_concurrent && !is_adaptive)
            .then_some(new.max_concurrent);
        config.max_concurrent = limit.unwrap_or(config.max_concurrent);
        let plan = Plan::new({
            let inner = Arc::clone(&inner);
            move || inner.config.replace(config)
        });
        let plan = plan
            .later("bulkhead.adaptive", new.adaptive != old.adaptive)
            .later("bulkhead.min", new.min != old.min)
            .later("bulkhead.max", new.max != old.max)
            .later(
                "bulkhead.max_concurrent",
                is_adaptive && new.max_concurrent != old.max_concurrent,
            );
        Ok(match limit {
            // It wakes calls that wait, whose wakers are foreign code.
            Some(limit) => plan.then(move || inner.set_limit(limit)),
            None => plan,
        })
    }
}
