//! Slots of half-open breakers that the calls under way hold.

use super::current::CURRENT;
use std::cell::RefCell;

/// A slot of a half-open breaker that a call holds: an inner call of the same breaker may run on
/// it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProbeSlot {
    /// The address of the breaker.
    breaker: usize,
    generation: u64,
    id: u64,
}

thread_local! {
    /// The slots of the calls under way on this thread, the innermost last.
    static SLOTS: RefCell<Vec<ProbeSlot>> = const { RefCell::new(Vec::new()) };
}

/// Lends a slot to inner calls, until the result is dropped. Without an `id`, it gets a fresh one.
#[cold]
pub(crate) fn hold_slot(breaker: usize, generation: u64, id: Option<u64>) -> HeldSlot {
    CURRENT.with(|current| {
        let id = id.unwrap_or_else(|| current.fresh());
        current.has_slots.set(true);
        let _ = SLOTS.try_with(|slots| {
            slots.borrow_mut().push(ProbeSlot {
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
    let is_it = |slot: &&ProbeSlot| slot.breaker == breaker && slot.generation == generation;
    SLOTS
        .try_with(|slots| slots.borrow().iter().rev().find(is_it).map(|slot| slot.id))
        .ok()
        .flatten()
}

/// A slot that is lent to inner calls, until this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct HeldSlot(());

impl Drop for HeldSlot {
    #[inline]
    fn drop(&mut self) {
        release();
    }
}

#[cold]
#[inline(never)]
fn release() {
    let _ = SLOTS.try_with(|slots| {
        let mut slots = slots.borrow_mut();
        slots.pop();
        CURRENT.with(|current| current.has_slots.set(!slots.is_empty()));
    });
}

/// Returns all slots of the calls under way.
#[inline]
pub(super) fn all() -> Vec<ProbeSlot> {
    if CURRENT.with(|current| current.has_slots.get()) {
        SLOTS
            .try_with(|slots| slots.borrow().clone())
            .unwrap_or_default()
    } else {
        Vec::new()
    }
}

/// The slots of a context on this thread, until this is dropped.
#[must_use]
pub(super) struct EnteredSlots(Vec<ProbeSlot>);

impl EnteredSlots {
    /// Replaces the slots of this thread.
    pub(super) fn enter(slots: Vec<ProbeSlot>) -> Self {
        Self(replace(slots))
    }
}

impl Drop for EnteredSlots {
    fn drop(&mut self) {
        replace(std::mem::take(&mut self.0));
    }
}

fn replace(with: Vec<ProbeSlot>) -> Vec<ProbeSlot> {
    CURRENT.with(|current| {
        // The common case: none before and none after.
        if !current.has_slots.get() && with.is_empty() {
            return Vec::new();
        }
        current.has_slots.set(!with.is_empty());
        SLOTS
            .try_with(|slots| slots.replace(with))
            .unwrap_or_default()
    })
}
