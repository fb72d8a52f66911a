//! Settings of rate limiters by name.

use super::{builder::RateLimiterBuilder, handle::RateLimiter, inner::Inner, keyed::KeyedRecipe};
use crate::{
    error::ConfigError,
    overrides::{Configurable, ConfigurableByKey, Kind, Setting, Value, setting, span_setting},
    time::Tick,
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
    setting!(Flag timed: "Whether calls that are admitted are timed, for a histogram in metrics; false."),
    span_setting(),
];

impl Configurable for RateLimiterBuilder {
    const SECTION: &'static str = "rate_limit";

    type Target = Inner;

    type Change = Change;

    fn settings() -> &'static [Setting<Self>] {
        SETTINGS
    }

    fn plausible(name: &str) -> Vec<Self> {
        // A rate has no default: it is in the code, or in the section.
        vec![RateLimiter::builder(name).rate("100/s")]
    }

    fn problems(&self) -> Option<ConfigError> {
        self.resolve().err()
    }

    fn change(&self, before: &Self) -> Result<Change, ConfigError> {
        let (new, old) = (self.resolve()?, before.resolve()?);
        let is_other_rate = new.settings != old.settings;
        Ok(Change { new, is_other_rate })
    }

    fn now(inner: &Inner) -> Tick {
        inner.clock.now()
    }

    fn apply_at(now: Tick, change: &Change, inner: &Arc<Inner>) {
        let Change { new, is_other_rate } = change;
        inner.max_wait.replace(new.max_wait);
        inner.word.time_calls(new.timed);
        if *is_other_rate {
            inner.change_terms(now, new.settings, new.quota);
        }
    }
}

/// The settings of a limiter that is in use.
pub(crate) struct Change {
    new: KeyedRecipe,
    /// Whether the rate or the burst is another one: a rate that was set by hand stays otherwise.
    is_other_rate: bool,
}

impl ConfigurableByKey for RateLimiterBuilder {
    type Guard = RateLimiter;

    fn recipe_like(&self, other: &KeyedRecipe) -> Result<KeyedRecipe, ConfigError> {
        let clock = other.clock.clone();
        Ok(KeyedRecipe {
            clock,
            ..self.resolve()?
        })
    }

    fn target_of(limiter: &RateLimiter) -> &Arc<Inner> {
        &limiter.0
    }
}
