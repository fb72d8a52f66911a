//! Settings of retry budgets by name.

use super::{
    builder::RetryBudgetBuilder,
    config::RetryBudgetConfig,
    handle::{BudgetInner, RetryBudget},
    keyed::KeyedRecipe,
};
use crate::{
    error::ConfigError,
    overrides::{Configurable, ConfigurableByKey, Setting, setting},
    time::Tick,
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

    type Change = RetryBudgetConfig;

    fn settings() -> &'static [Setting<Self>] {
        SETTINGS
    }

    fn plausible(name: &str) -> Vec<Self> {
        vec![RetryBudget::builder().name(name)]
    }

    fn problems(&self) -> Option<ConfigError> {
        self.resolve().err()
    }

    fn change(&self, _: &Self) -> Result<RetryBudgetConfig, ConfigError> {
        Ok(self.resolve()?.config)
    }

    fn apply_at(_: Tick, config: &RetryBudgetConfig, inner: &Arc<BudgetInner>) {
        inner.reconfigure(*config);
    }
}

impl ConfigurableByKey for RetryBudgetBuilder {
    type Guard = RetryBudget;

    fn recipe_like(&self, other: &KeyedRecipe) -> Result<KeyedRecipe, ConfigError> {
        let clock = other.clock.clone();
        Ok(KeyedRecipe {
            clock,
            ..self.resolve()?
        })
    }

    fn target_of(budget: &RetryBudget) -> &Arc<BudgetInner> {
        &budget.0
    }
}
