//! How a retry sees that an attempt was rejected, whatever the function's error type made of the rejection.
//!
//! An error type of the user's own may show its rejection to nobody: `#[error(transparent)]` hides it behind its
//! source, a plain enum has no sources at all. So each thread keeps a note of the last rejection that was made on it.
//! The note goes with the rejection: where the error that holds it is dropped, because the function went on without the
//! policy, the attempt was not rejected. A retry forgets the note before each attempt (an asynchronous one before each
//! poll, as other tasks run on the thread in between) and reads it right after.

use super::Policy;
use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

thread_local! {
    // Without destructors, so that they are plain loads and stores, also while a thread ends.
    static LAST: Cell<u64> = const { Cell::new(NOTHING) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

const NOTHING: u64 = 0;
/// The last rejection became an error that did not keep it.
const NOT_KEPT: u64 = u64::MAX;
/// Each thread numbers so many rejections at a time, so that rejecting writes no word that threads share.
const STRETCH: u64 = 1 << 32;

/// The part of a rejection by which the note finds it again: its number, or zero, above the policy's.
///
/// One word for both, because a rejection is moved as a whole right after it was written: what is written in parts and
/// read whole makes the processor wait for longer than all the rest takes.
#[derive(Debug)]
pub(super) struct Mark(u64);

impl Mark {
    /// The mark of a rejection that is made here and now.
    #[inline]
    pub(super) fn here(policy: Policy) -> Self {
        let mark = next_number() << POLICY_BITS | policy as u64;
        LAST.set(mark);
        Self(mark)
    }

    /// The mark of one that no note is made of.
    pub(super) const fn unnoted(policy: Policy) -> Self {
        Self(policy as u64)
    }

    pub(super) fn policy(&self) -> Policy {
        let number = self.0 & ((1 << POLICY_BITS) - 1);
        Policy::ALL.into_iter().find(|policy| *policy as u64 == number).unwrap_or(Policy::CircuitBreaker)
    }

    #[inline]
    pub(super) fn kept(&self) -> Kept {
        Kept(self.0)
    }
}

const POLICY_BITS: u32 = 4;

impl Clone for Mark {
    /// A copy is for looking at: dropping it says nothing about the error that holds the rejection itself.
    fn clone(&self) -> Self {
        Self::unnoted(self.policy())
    }
}

impl Drop for Mark {
    #[inline]
    fn drop(&mut self) {
        forget_if(self.0);
    }
}

/// Forgets the note if it is of that mark; one without a number was never noted. By value and out of line: what is
/// returned beside a rejection can then stay in registers where it is dropped.
#[cold]
#[inline(never)]
fn forget_if(mark: u64) {
    if LAST.get() == mark {
        LAST.set(NOTHING);
    }
}

/// Remembers a rejection while it becomes an error.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Kept(u64);

impl Kept {
    /// Notes that the error that the rejection became is what the caller gets, whether it holds the rejection or not.
    #[inline]
    pub(crate) fn as_error(self) {
        if LAST.get() != self.0 && self.0 >> POLICY_BITS != 0 {
            LAST.set(NOT_KEPT);
        }
    }
}

/// Forgets the note, because an attempt begins, or goes on after others had the thread.
#[inline]
pub(crate) fn forget() {
    LAST.set(NOTHING);
}

/// Tells whether the attempt that has just ended with an error was rejected.
pub(crate) fn is_rejected() -> bool {
    LAST.get() != NOTHING
}

#[inline]
fn next_number() -> u64 {
    static STRETCHES: AtomicU64 = AtomicU64::new(0);
    let mut next = NEXT.get();
    if next.is_multiple_of(STRETCH) {
        // Relaxed: the numbers only have to differ.
        next = STRETCHES.fetch_add(STRETCH, Ordering::Relaxed) + 1;
    }
    NEXT.set(next + 1);
    next
}
