//! Settings of timeouts by name.

use super::{
    builder::TimeoutBuilder,
    handle::{Timeout, TimeoutInner, TimeoutTerms},
};
use crate::{
    error::ConfigError,
    overrides::{Configurable, Setting, setting, span_setting},
    time::Tick,
};
use std::{sync::Arc, time::Duration};

const SETTINGS: &[Setting<TimeoutBuilder>] = &[
    setting!(Duration limit: "How long a call may take."),
    span_setting(),
];

impl Configurable for TimeoutBuilder {
    const SECTION: &'static str = "timeout";

    type Target = TimeoutInner;

    type Change = Duration;

    fn settings() -> &'static [Setting<Self>] {
        SETTINGS
    }

    fn plausible(name: &str) -> Vec<Self> {
        // A limit has no default: it is in the code, or in the section.
        vec![Timeout::builder(name.to_owned()).limit(Duration::MAX)]
    }

    fn problems(&self) -> Option<ConfigError> {
        self.resolve().err()
    }

    fn change(&self, _: &Self) -> Result<Duration, ConfigError> {
        self.resolve()
    }

    fn apply_at(_: Tick, limit: &Duration, inner: &Arc<TimeoutInner>) {
        inner.terms.replace(TimeoutTerms::new(*limit));
    }
}
