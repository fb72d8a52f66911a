//! The budget that a guard draws on, and the default one.

use super::{
    config::RetryBudgetConfig,
    handle::{BudgetInner, RetryBudget},
};
use crate::{scope, time::SharedClock};
use std::sync::{Arc, OnceLock};

/// The default budget of the process.
static PROCESS: OnceLock<RetryBudget> = OnceLock::new();

/// The default budget of a test scope.
struct OfScope(RetryBudget);

/// The budget that a guard draws on, if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Payer {
    budget: Option<RetryBudget>,
    /// Whether the budget is the default one of the process, in whose place a test scope has its
    /// own. Looked up at each call and not once: a guard in a static is used in many scopes.
    is_default: bool,
}

impl Payer {
    /// No budget.
    pub(crate) const NONE: Self = Self {
        budget: None,
        is_default: false,
    };

    pub(crate) fn from_budget(budget: RetryBudget) -> Self {
        Self {
            budget: Some(budget),
            is_default: false,
        }
    }

    /// The default budget of a guard with this clock.
    pub(crate) fn default_for(clock: &SharedClock) -> Self {
        if clock.is_system() {
            let process = of_process();
            Self {
                budget: Some(process.clone()),
                is_default: true,
            }
        } else {
            Self::from_budget(with_defaults(clock.clone()))
        }
    }

    /// Returns `true` if a call need not [`deposit`](Self::deposit) anything: without a budget, and
    /// for a full one, which is one load.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        match &self.budget {
            Some(budget) => budget.0.tokens.is_full() && !(self.is_default && scope::is_entered()),
            None => true,
        }
    }

    /// Counts one call.
    #[inline(never)]
    pub(crate) fn deposit(&self) {
        if let Some(scoped) = self.of_scope() {
            scoped.deposit();
        } else if let Some(budget) = &self.budget {
            budget.deposit();
        }
    }

    /// Takes a token; returns `true` without one where there is no budget.
    #[cold]
    pub(crate) fn try_withdraw(&self) -> bool {
        match (self.of_scope(), &self.budget) {
            (Some(scoped), _) => scoped.try_withdraw(),
            (None, Some(budget)) => budget.try_withdraw(),
            (None, None) => true,
        }
    }

    /// Returns the budget on which a call of this thread would draw.
    pub(crate) fn budget(&self) -> Option<RetryBudget> {
        self.of_scope().or_else(|| self.budget.clone())
    }

    fn of_scope(&self) -> Option<RetryBudget> {
        if !self.is_default {
            return None;
        }
        let part = scope::part(|_| OfScope(with_defaults(SharedClock::current())))?;
        Some(part.0.clone())
    }
}

/// Returns the default budget of the process, or of the test scope that this thread is in.
pub(super) fn current() -> RetryBudget {
    scope::part(|_| OfScope(with_defaults(SharedClock::current())))
        .map_or_else(|| of_process().clone(), |scoped| scoped.0.clone())
}

fn of_process() -> &'static RetryBudget {
    PROCESS.get_or_init(|| with_defaults(SharedClock::default()))
}

/// Returns the default budget of the test scope or else of the process, if a guard has used it.
pub(super) fn used() -> Option<RetryBudget> {
    if scope::is_entered() {
        Some(scope::stored::<OfScope>()?.0.clone())
    } else {
        PROCESS.get().cloned()
    }
}

fn with_defaults(clock: SharedClock) -> RetryBudget {
    RetryBudget(Arc::new(BudgetInner::new(
        String::new().into(),
        RetryBudgetConfig::default(),
        clock,
    )))
}
