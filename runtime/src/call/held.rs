//! Slots of half-open breakers that calls under way hold.

use super::current::CURRENT;
use std::cell::RefCell;

/// A slot of a half-open breaker that a call holds: a call of the same breaker further in may run
/// on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// The address of the breaker.
    breaker: usize,
    generation: u64,
    id: u64,
}

thread_local! {
    /// Those of the calls under way on this thread, the innermost last.
    static SLOTS: RefCell<Vec<Slot>> = const { RefCell::new(Vec::new()) };
}

/// Lets calls further in find a slot, until what this returns is dropped. Without an `id`, it gets
/// a fresh one.
#[cold]
pub(crate) fn hold(breaker: usize, generation: u64, id: Option<u64>) -> HeldSlot {
    CURRENT.with(|current| {
        let id = id.unwrap_or_else(|| current.fresh());
        current.has_slots.set(true);
        let _ = SLOTS.try_with(|slots| {
            slots.borrow_mut().push(Slot {
                breaker,
                generation,
                id,
            });
        });
    });
    HeldSlot(())
}

/// Returns the identity of the innermost slot of a breaker that a call under way holds.
#[inline]
pub(crate) fn slot_of(breaker: usize, generation: u64) -> Option<u64> {
    if CURRENT.with(|current| current.has_slots.get()) {
        find(breaker, generation)
    } else {
        None
    }
}

#[cold]
fn find(breaker: usize, generation: u64) -> Option<u64> {
    let is_it = |slot: &&Slot| slot.breaker == breaker && slot.generation == generation;
    SLOTS
        .try_with(|slots| slots.borrow().iter().rev().find(is_it).map(|slot| slot.id))
        .ok()
        .flatten()
}

/// A slot under way, until this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct HeldSlot(());

impl Drop for HeldSlot {
    #[inline]
    fn drop(&mut self) {
        let_go();
    }
}

#[cold]
#[inline(never)]
fn let_go() {
    let _ = SLOTS.try_with(|slots| {
        let mut slots = slots.borrow_mut();
        slots.pop();
        CURRENT.with(|current| current.has_slots.set(!slots.is_empty()));
    });
}

/// All slots of the calls under way.
#[inline]
pub(super) fn all() -> Vec<Slot> {
    if CURRENT.with(|current| current.has_slots.get()) {
        SLOTS
            .try_with(|slots| slots.borrow().clone())
            .unwrap_or_default()
    } else {
        Vec::new()
    }
}

/// Other slots under way, until this is dropped.
#[must_use]
pub(super) struct EnteredSlots(Vec<Slot>);

impl EnteredSlots {
    /// Lets calls find these slots and no others.
    pub(super) fn enter(slots: Vec<Slot>) -> Self {
        Self(replace(slots))
    }
}

impl Drop for EnteredSlots {
    fn drop(&mut self) {
        replace(std::mem::take(&mut self.0));
    }
}

fn replace(with: Vec<Slot>) -> Vec<Slot> {
    CURRENT.with(|current| {
        // Mostly there are none, before and after.
        if !current.has_slots.get() && with.is_empty() {
            return Vec::new();
        }
        current.has_slots.set(!with.is_empty());
        SLOTS
            .try_with(|slots| slots.replace(with))
            .unwrap_or_default()
    })
}
