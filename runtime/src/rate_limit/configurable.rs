//! Settings of rate limiters by name.

use super::{builder::RateLimiterBuilder, handle::RateLimiter, inner::Inner};
use crate::{
    error::ConfigError,
    overrides::{Configurable, Kind, Plan, Setting, Value, setting, span_setting},
};
use std::sync::Arc;

const SETTINGS: &[Setting<RateLimiterBuilder>] = &[
    Setting::new(
        "rate",
        Kind::Rate,
        "How many calls in which time, for example \"100/s\".",
        |builder, value| match value {
            Value::Text(text) => builder.rate(text),
            _ => builder,
        },
    ),
    setting!(Count burst: "How many calls are let through at once after a pause; the number of calls of the rate."),
    setting!(Duration max_wait: "How long a call waits for its permit; 0s: not at all."),
    span_setting(),
];

impl Configurable for RateLimiterBuilder {
    const SECTION: &'static str = "rate_limit";

    type Target = Inner;

    fn settings() -> &'static [Setting<Self>] {
        SETTINGS
    }

    fn plausible(name: &str) -> Vec<Self> {
        // A rate has no default: it is in the code, or in the section.
        vec![RateLimiter::builder(name).rate("100/s")]
    }

    fn make_room_for(&mut self, _: &str) {}

    fn problems(&self) -> Option<ConfigError> {
        self.resolve().err()
    }

    fn plan(self, before: &Self, target: &Arc<Inner>) -> Result<Plan, ConfigError> {
        let (new, old) = (self.resolve()?, before.resolve()?);
        // Here, since it is read without a lock.
        let now = target.clock.now();
        let inner = Arc::clone(target);
        Ok(Plan::new(move || {
            inner.max_wait.replace(new.max_wait);
            if new.settings != old.settings {
                inner.change_terms(now, new.settings, new.quota);
            }
        }))
    }
}
