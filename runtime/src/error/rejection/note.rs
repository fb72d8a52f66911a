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

/// What a thread notes.
struct Note {
    last: Cell<u64>,
    /// The number of the next rejection.
    next: Cell<u64>,
}

thread_local! {
    // Without a destructor, so that it is plain loads and stores, also while a thread ends; one for both cells, so that
    // their place is looked up once.
    static NOTE: Note = const { Note { last: Cell::new(NOTHING), next: Cell::new(0) } };
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
        NOTE.with(|note| {
            let mark = note.number() << POLICY_BITS | policy as u64;
            note.last.set(mark);
            Self(mark)
        })
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
    NOTE.with(|note| {
        if note.last.get() == mark {
            note.last.set(NOTHING);
        }
    });
}

/// Remembers a rejection while it becomes an error.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Kept(u64);

impl Kept {
    /// Notes that the error that the rejection became is what the caller gets, whether it holds the rejection or not.
    #[inline]
    pub(crate) fn as_error(self) {
        if self.0 >> POLICY_BITS != 0 {
            NOTE.with(|note| {
                if note.last.get() != self.0 {
                    note.last.set(NOT_KEPT);
                }
            });
        }
    }
}

/// Forgets the note, because an attempt begins, or goes on after others had the thread.
#[inline]
pub(crate) fn forget() {
    NOTE.with(|note| note.last.set(NOTHING));
}

/// Tells whether the attempt that has just ended with an error was rejected.
pub(crate) fn is_rejected() -> bool {
    NOTE.with(|note| note.last.get() != NOTHING)
}

impl Note {
    #[inline]
    fn number(&self) -> u64 {
        let next = self.next.get();
        // The first one of a stretch is not given out: it says that a stretch is to be taken.
        let number = if next.is_multiple_of(STRETCH) { first_of_a_stretch() } else { next };
        self.next.set(number + 1);
        number
    }
}

#[cold]
fn first_of_a_stretch() -> u64 {
    static STRETCHES: AtomicU64 = AtomicU64::new(0);
    // Relaxed: the numbers only have to differ.
    STRETCHES.fetch_add(STRETCH, Ordering::Relaxed) + 1
}
