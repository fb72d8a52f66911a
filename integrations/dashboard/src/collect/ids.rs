//! Ids of guards and checks, which are the same in every sample and show no name.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// What an id stands for. Two kinds may have one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Breaker,
    Bulkhead,
    RateLimiter,
    RetryBudget,
    Retry,
    Check,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Bulkhead => "bulkhead",
            Self::RateLimiter => "rate_limiter",
            Self::RetryBudget => "retry_budget",
            Self::Retry => "retry",
            Self::Check => "check",
        }
    }
}

/// The newest id of the process. A sampler whose sample was given up begins anew, while viewers still
/// have its ids. Relaxed: the number alone matters.
static NEWEST: AtomicU64 = AtomicU64::new(0);

/// Ids by kind and name as it was given, which may contain a secret: two names that are redacted to
/// one text stay apart.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    known: HashMap<(Kind, String), Id>,
    round: u64,
}

#[derive(Debug)]
struct Id {
    number: u64,
    /// The last round in which it was used.
    round: u64,
}

impl Ids {
    /// Begins a round.
    pub(crate) fn begin(&mut self) {
        self.round += 1;
    }

    /// Forgets the ids that were not used in this round.
    pub(crate) fn end(&mut self) {
        let round = self.round;
        self.known.retain(|_, id| id.round == round);
    }

    /// Returns the id of a name.
    pub(crate) fn id(&mut self, kind: Kind, name: &str) -> String {
        let round = self.round;
        let id = self
            .known
            .entry((kind, name.to_owned()))
            .or_insert_with(|| Id {
                number: NEWEST.fetch_add(1, Ordering::Relaxed) + 1,
                round,
            });
        id.round = round;
        text(id.number)
    }

    /// Returns the id of a name that was used in this round.
    pub(crate) fn known(&self, kind: Kind, name: &str) -> Option<String> {
        let id = self.known.get(&(kind, name.to_owned()))?;
        (id.round == self.round).then(|| text(id.number))
    }
}

fn text(number: u64) -> String {
    format!("g{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_while_their_guard_does_and_are_never_used_again() {
        let mut ids = Ids::default();
        ids.begin();
        let first = ids.id(Kind::Breaker, "payments");
        let other = ids.id(Kind::Bulkhead, "payments");
        assert_ne!(first, other);
        ids.end();
        ids.begin();
        assert_eq!(ids.id(Kind::Breaker, "payments"), first);
        assert_eq!(ids.known(Kind::Breaker, "payments"), Some(first.clone()));
        assert_eq!(
            ids.known(Kind::Bulkhead, "payments"),
            None,
            "not in this round"
        );
        ids.end();
        ids.begin();
        ids.end();
        ids.begin();
        assert_ne!(
            ids.id(Kind::Breaker, "payments"),
            first,
            "it was gone meanwhile"
        );
    }
}
