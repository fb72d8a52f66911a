//! A store of fleets that can be lost.

use gardefou::fleet::{MemoryStore, Operation, Reply, Store, StoreError, Updates};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A store in memory; clones are one store.
#[derive(Clone, Debug, Default)]
pub struct LosableStore {
    /// What stays there while the store is lost.
    pub memory: MemoryStore,
    is_lost: Arc<AtomicBool>,
}

impl LosableStore {
    /// Lets every operation fail from now on, or succeed again.
    pub fn lose(&self, is_lost: bool) {
        self.is_lost.store(is_lost, Ordering::Relaxed);
    }
}

impl Store for LosableStore {
    fn run(&self, operations: &[Operation]) -> Vec<Result<Reply, StoreError>> {
        if self.is_lost.load(Ordering::Relaxed) {
            let lost = || Err(StoreError::new("connection refused"));
            return operations.iter().map(|_| lost()).collect();
        }
        self.memory.run(operations)
    }

    fn subscribe(&self, updates: Updates) {
        self.memory.subscribe(updates);
    }
}
