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
    setting!(Flag timed: "Whether calls are timed, for a histogram in metrics; false."),
    span_setting(),
];

impl Configurable for TimeoutBuilder {
    const SECTION: &'static str = "timeout";

    type Target = TimeoutInner;

    type Change = TimeoutTerms;

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

    fn change(&self, _: &Self) -> Result<TimeoutTerms, ConfigError> {
        self.resolve()
    }

    fn apply_at(_: Tick, terms: &TimeoutTerms, inner: &Arc<TimeoutInner>) {
        if terms.is_timed {
            inner.durations.make(&inner.name);
        }
        inner.terms.replace(*terms);
    }
}
