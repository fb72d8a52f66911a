//! Settings of timeouts by name.

use super::{
    builder::TimeoutBuilder,
    handle::{Timeout, TimeoutInner, TimeoutTerms},
};
use crate::{
    error::ConfigError,
    overrides::{Configurable, Plan, Setting, setting, span_setting},
};
use std::{sync::Arc, time::Duration};

const SETTINGS: &[Setting<TimeoutBuilder>] = &[
    setting!(Duration limit: "How long a call may take."),
    span_setting(),
];

impl Configurable for TimeoutBuilder {
    const SECTION: &'static str = "timeout";

    type Target = TimeoutInner;

    fn settings() -> &'static [Setting<Self>] {
        SETTINGS
    }

    fn plausible(name: &str) -> Vec<Self> {
        // A limit has no default: it is in the code, or in the section.
        vec![Timeout::builder(name.to_owned()).limit(Duration::MAX)]
    }

    fn make_room_for(&mut self, _: &str) {}

    fn problems(&self) -> Option<ConfigError> {
        self.resolve().err()
    }

    fn plan(self, _: &Self, target: &Arc<TimeoutInner>) -> Result<Plan, ConfigError> {
        let limit = self.resolve()?;
        let inner = Arc::clone(target);
        Ok(Plan::new(move || {
            inner.terms.replace(TimeoutTerms::new(limit));
        }))
    }
}
