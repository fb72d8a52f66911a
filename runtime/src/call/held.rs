//! Slots of half-open breakers that enclosing calls hold.

use super::current::CURRENT;
use crate::sync::{AtomicU32, Ordering};
use std::{cell::RefCell, sync::Arc};

/// A slot of a half-open breaker that a call holds: one call of the same breaker further in may run on it at a time.
#[derive(Debug)]
pub(crate) struct Slot {
    breaker: usize,
    generation: u64,
    is_lent: AtomicU32,
}

thread_local! {
    static SLOTS: RefCell<Vec<Arc<Slot>>> = const { RefCell::new(Vec::new()) };
}

impl Slot {
    pub(crate) fn new(breaker: usize, generation: u64) -> Arc<Self> {
        Arc::new(Self { breaker, generation, is_lent: AtomicU32::new(0) })
    }

    /// Takes the slot that an enclosing call holds of this breaker, if no other call runs on it.
    #[inline]
    pub(crate) fn borrow(breaker: usize, generation: u64) -> Option<Arc<Self>> {
        if CURRENT.with(|current| current.has_slots.get()) { borrow(breaker, generation) } else { None }
    }

    /// Gives a borrowed slot back.
    pub(crate) fn give_back(&self) {
        self.is_lent.store(0, Ordering::Release);
    }

    /// The slots that calls under way hold.
    #[inline]
    pub(super) fn held() -> Vec<Arc<Self>> {
        if CURRENT.with(|current| current.has_slots.get()) {
            SLOTS.try_with(|slots| slots.borrow().clone()).unwrap_or_default()
        } else {
            Vec::new()
        }
    }
}

#[cold]
fn borrow(breaker: usize, generation: u64) -> Option<Arc<Slot>> {
    let free = |slot: &&Arc<Slot>| {
        slot.breaker == breaker
            && slot.generation == generation
            // Acquire pairs with the Release of the one that gives it back; two calls further in may run at once.
            && slot.is_lent.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
    };
    SLOTS.try_with(|slots| slots.borrow().iter().rev().find(free).cloned()).ok().flatten()
}

/// Slots under way, until this is dropped.
#[must_use]
pub(crate) struct EnteredSlots {
    before: usize,
    outer: Option<Vec<Arc<Slot>>>,
}

impl EnteredSlots {
    /// Lets calls further in find a slot.
    pub(crate) fn add(slot: Arc<Slot>) -> Self {
        let before = SLOTS.try_with(|slots| {
            let mut slots = slots.borrow_mut();
            slots.push(slot);
            slots.len() - 1
        });
        CURRENT.with(|current| current.has_slots.set(true));
        Self { before: before.unwrap_or(0), outer: None }
    }

    /// Lets calls find these slots and no others.
    pub(super) fn replace(with: Vec<Arc<Slot>>) -> Self {
        CURRENT.with(|current| current.has_slots.set(!with.is_empty()));
        let outer = SLOTS.try_with(|slots| slots.replace(with)).ok();
        Self { before: 0, outer }
    }
}

impl Drop for EnteredSlots {
    fn drop(&mut self) {
        let _ = SLOTS.try_with(|slots| {
            let mut slots = slots.borrow_mut();
            match self.outer.take() {
                Some(outer) => *slots = outer,
                None => slots.truncate(self.before),
            }
            CURRENT.with(|current| current.has_slots.set(!slots.is_empty()));
        });
    }
}
