//! The rules that are on: those of the process, and those of each test scope.

use super::{fault::Fault, rule::Rule};
use crate::{error::Policy, scope, sync::global::RwLock};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

/// The rules of the process, or of a test scope.
#[derive(Debug, Default)]
pub(super) struct Rules(RwLock<Vec<Arc<Rule>>>);

/// How many rules are on, in the process and in all test scopes. Relaxed: a thread for which a rule
/// must be on is ordered after its start by other means, for example by being spawned, and the rules
/// themselves are behind a lock.
static ON: AtomicUsize = AtomicUsize::new(0);

static OF_PROCESS: OnceLock<Arc<Rules>> = OnceLock::new();

/// Returns `true` if any rule is on.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed) != 0
}

impl Rules {
    /// Returns the rules of the test scope that this thread is in, or else those of the process.
    pub(super) fn current() -> Arc<Self> {
        scope::part(|_| Self::default())
            .unwrap_or_else(|| Arc::clone(OF_PROCESS.get_or_init(Arc::default)))
    }

    /// As [`current`](Self::current), if there were any rules.
    fn stored() -> Option<Arc<Self>> {
        if scope::is_entered() {
            scope::stored()
        } else {
            OF_PROCESS.get().cloned()
        }
    }

    pub(super) fn add(&self, rule: &Arc<Rule>) {
        let mut rules = self.0.write();
        rules.push(Arc::clone(rule));
        ON.fetch_add(1, Ordering::Relaxed);
    }

    /// Removes a rule, and returns `true` if it was on.
    pub(super) fn remove(&self, rule: &Arc<Rule>) -> bool {
        let mut rules = self.0.write();
        let Some(at) = rules.iter().position(|known| Arc::ptr_eq(known, rule)) else {
            return false;
        };
        rules.remove(at);
        ON.fetch_sub(1, Ordering::Relaxed);
        true
    }

    pub(super) fn take_all(&self) -> Vec<Arc<Rule>> {
        let mut rules = self.0.write();
        ON.fetch_sub(rules.len(), Ordering::Relaxed);
        std::mem::take(&mut *rules)
    }

    pub(super) fn all(&self) -> Vec<Arc<Rule>> {
        self.0.read().clone()
    }
}

impl Drop for Rules {
    fn drop(&mut self) {
        self.take_all();
    }
}

/// A fault that a call gets.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) rule: Arc<Rule>,
    pub(super) index: u64,
    pub(super) fault: Fault,
}

/// Asks the rules for a guard in the order in which they began, until one has a fault for the call.
#[cold]
#[inline(never)]
pub(super) fn draw(policy: Option<Policy>, name: &str) -> Option<Drawn> {
    let rules = Rules::stored()?;
    let rules = rules.0.read();
    let mut asked = rules.iter().filter(|rule| rule.is_for(policy, name));
    asked.find_map(|rule| {
        let (index, fault) = rule.draw()?;
        Some(Drawn {
            rule: Arc::clone(rule),
            index,
            fault,
        })
    })
}
