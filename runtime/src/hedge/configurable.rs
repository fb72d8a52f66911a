//! Settings of hedges by name.

use super::{
    builder::HedgeBuilder,
    config::HedgeConfig,
    handle::Hedge,
    inner::{HedgeInner, HedgeTerms},
};
use crate::{
    error::ConfigError,
    overrides::{Configurable, Setting, Value, setting, span_setting},
    time::Tick,
};
use std::{sync::Arc, time::Duration};

const SETTINGS: &[Setting<HedgeBuilder>] = &[
    setting!(Duration after: "How long an attempt runs before another one starts beside it."),
    setting!(Number quantile: "The quantile of recent latencies after which another attempt starts, above 0 and below 1."),
    setting!(Count max_hedges: "How many further attempts there may be, from 0 to 10; 1."),
    span_setting(),
];

impl Configurable for HedgeBuilder {
    const SECTION: &'static str = "hedge";

    type Target = HedgeInner;

    /// `None` where nothing changes: a quantile that was measured stays.
    type Change = Option<HedgeConfig>;

    fn settings() -> &'static [Setting<Self>] {
        SETTINGS
    }

    fn plausible(name: &str) -> Vec<Self> {
        // A delay has no default: it is in the code, or in the section.
        vec![Hedge::builder(name.to_owned()).after(Duration::from_secs(1))]
    }

    fn make_room_for(&mut self, setting: &str, _: &Value) {
        if matches!(setting, "after" | "quantile") {
            self.unset_delay();
        }
    }

    fn problems(&self) -> Option<ConfigError> {
        self.resolve().err()
    }

    fn change(&self, before: &Self) -> Result<Option<HedgeConfig>, ConfigError> {
        let (new, old) = (self.resolve()?, before.resolve()?);
        Ok(Some(new).filter(|new| *new != old))
    }

    fn apply_at(_: Tick, change: &Option<HedgeConfig>, inner: &Arc<HedgeInner>) {
        if let Some(config) = change {
            inner.terms.replace(HedgeTerms::new(*config));
        }
    }
}
