//! What a scrape reads of a budget.

use super::{default, handle, handle::RetryBudget, keyed};
use crate::{keyed::InstanceId, registry::ByName};

/// The numbers of one budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BudgetReading {
    pub(crate) instance: InstanceId,
    /// Without the key; [`DEFAULT`] for the default budget.
    pub(crate) name: Box<str>,
    /// How many retries the calls so far allow.
    pub(crate) available: u64,
    pub(crate) burst: u32,
}

/// What the default budget is shown as.
const DEFAULT: &str = "_DEFAULT";

impl BudgetReading {
    fn new(budget: &RetryBudget) -> Self {
        let (name, inner) = (&budget.0.name, &budget.0);
        Self {
            instance: name.instance(),
            name: if name.is_empty() {
                DEFAULT
            } else {
                name.unkeyed()
            }
            .into(),
            available: inner.tokens.available_now(),
            burst: inner.config.get().burst,
        }
    }
}

/// Reads each budget that has a name, those of keys included, and the default one, without a lock that
/// a call waits for.
pub(crate) fn readings() -> Vec<BudgetReading> {
    let mut all = ByName::current(&handle::NAMED).all();
    all.append(&mut ByName::current(&keyed::NAMED).guards_of_keys());
    all.extend(default::used());
    all.iter().map(BudgetReading::new).collect()
}
