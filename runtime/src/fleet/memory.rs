//! A store in memory, for tests and simulations.

use super::{
    circuit::SharedCircuit,
    limit::SharedLimit,
    operation::{Action, Operation, Reply, SharedState, Take},
    store::{Store, StoreError, Update, Updates},
};
use crate::{
    sync::global::Mutex,
    time::{Clock, SharedClock},
};
use std::{collections::HashMap, sync::Arc};

/// A store in the memory of one process: for tests, in which each [`Fleet`](super::Fleet) of the process stands for an
/// instance.
///
/// Clones are one store.
///
/// # Examples
///
/// ```
/// use gardefou::fleet::{Fleet, MemoryStore};
///
/// let store = MemoryStore::new();
/// let one = Fleet::builder("checkout").store(store.clone()).start()?;
/// let other = Fleet::builder("checkout").store(store).start()?;
/// assert_ne!(one.status().instance, other.status().instance);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Shared>);

/// The names of the fleet and of the guard.
type Key = (Arc<str>, Arc<str>);

#[derive(Debug, Default)]
struct Shared {
    clock: SharedClock,
    circuits: Mutex<HashMap<Key, SharedCircuit>>,
    limits: Mutex<HashMap<Key, SharedLimit>>,
    subscribers: Mutex<Vec<Updates>>,
}

impl MemoryStore {
    /// Makes an empty store.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::{MemoryStore, Store};
    ///
    /// assert!(MemoryStore::new().run(&[]).is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an empty store whose time is that of a clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{fleet::MemoryStore, time::ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// let store = MemoryStore::with_clock(clock.clone());
    /// # drop(store);
    /// ```
    #[must_use]
    pub fn with_clock(clock: impl Clock) -> Self {
        Self(Arc::new(Shared {
            clock: SharedClock::new(clock),
            ..Shared::default()
        }))
    }

    /// Forgets everything, as a server does that is restarted or evicts its keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::MemoryStore;
    ///
    /// MemoryStore::new().clear();
    /// ```
    pub fn clear(&self) {
        self.0.circuits.lock().clear();
        self.0.limits.lock().clear();
    }
}

impl MemoryStore {
    fn take_at(&self, now: u64, operation: &Operation, take: &Take) -> Result<Reply, StoreError> {
        let key = (Arc::clone(&operation.fleet), Arc::clone(&operation.breaker));
        let mut limits = self.0.limits.lock();
        let limit = limits.entry(key).or_default();
        let permits = limit.take_at(now, &operation.instance, take);
        let late = || StoreError::new("a later operation of the instance came before it");
        Ok(Reply {
            state: SharedState::UNKNOWN,
            lease: None,
            has_changed: false,
            permits: Some(permits.ok_or_else(late)?),
        })
    }
}

impl Store for MemoryStore {
    fn run(&self, operations: &[Operation]) -> Vec<Result<Reply, StoreError>> {
        let wall = self.0.clock.wall();
        let now = wall
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let micros = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let mut updates = Vec::new();
        let mut circuits = self.0.circuits.lock();
        let replies = operations.iter().map(|operation| {
            if let Action::Take(take) = &operation.action {
                return self.take_at(micros, operation, take);
            }
            let key = (Arc::clone(&operation.fleet), Arc::clone(&operation.breaker));
            let circuit = circuits.entry(key).or_default();
            if circuit.has_expired_at(now) {
                *circuit = SharedCircuit::default();
            }
            let reply = circuit.apply_at(now, operation);
            if reply.has_changed {
                updates.push(Update {
                    fleet: Arc::clone(&operation.fleet),
                    breaker: Arc::clone(&operation.breaker),
                    state: reply.state.clone(),
                });
            }
            Ok(reply)
        });
        let replies = replies.collect();
        drop(circuits);
        if !updates.is_empty() {
            let mut subscribers = self.0.subscribers.lock();
            subscribers.retain(Updates::are_wanted);
            let subscribers = subscribers.clone();
            for update in updates {
                for subscriber in &subscribers {
                    subscriber.deliver(update.clone());
                }
            }
        }
        replies
    }

    fn subscribe(&self, updates: Updates) {
        updates.set_arriving(true);
        self.0.subscribers.lock().push(updates);
    }
}
