//! Settings of retry budgets by name.

use super::{
    builder::RetryBudgetBuilder,
    handle::{BudgetInner, RetryBudget},
};
use crate::{
    error::ConfigError,
    overrides::{Configurable, Plan, Setting, setting},
};
use std::sync::Arc;

const SETTINGS: &[Setting<RetryBudgetBuilder>] = &[
    setting!(Number ratio: "How many retries each call adds to the budget, from 0 to 1000; 0.2."),
    setting!(Count floor: "How many retries a second are granted in any case; 10."),
    setting!(Count burst: "How many retries the budget holds at most; 100."),
];

impl Configurable for RetryBudgetBuilder {
    const SECTION: &'static str = "budget";

    type Target = BudgetInner;

    fn settings() -> &'static [Setting<Self>] {
        SETTINGS
    }

    fn plausible(name: &str) -> Vec<Self> {
        vec![RetryBudget::builder().name(name)]
    }

    fn make_room_for(&mut self, _: &str) {}

    fn problems(&self) -> Option<ConfigError> {
        self.resolve().err()
    }

    fn plan(self, _: &Self, target: &Arc<BudgetInner>) -> Result<Plan, ConfigError> {
        let config = self.resolve()?.config;
        let inner = Arc::clone(target);
        Ok(Plan::new(move || inner.reconfigure(config)))
    }
}
