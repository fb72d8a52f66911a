//! The thread's part: which frame is current, and letters to frames that stand on this thread's
//! stack.

use super::{
    attempt::SeriesCell,
    ended::EndedBy,
    inside::{Inside, Letter},
    reported::Reported,
};
use crate::{
    Rejection,
    event::pending::{self, Held, Settlement},
};
use std::{
    cell::{Cell, RefCell},
    sync::atomic::{AtomicU64, Ordering},
};

/// What a thread knows of the call under way. Without a destructor, so that access is plain loads
/// and stores.
pub(super) struct Current {
    /// The frame that is current: [`NONE`], [`UNNAMED`], or its identity.
    pub(super) frame: Cell<u64>,
    /// The next identity. Frames, rejections and letters draw from one sequence, so that of two of
    /// them that were made on one thread the greater one is the later one.
    next: Cell<u64>,
    /// Whether [`LETTERS`] may hold something.
    has_letters: Cell<bool>,
    pub(super) has_deadline: Cell<bool>,
    pub(super) has_values: Cell<bool>,
    pub(super) has_slots: Cell<bool>,
    pub(super) series: SeriesCell,
    /// Who drops the future that is being dropped.
    pub(super) ended_by: Cell<EndedBy>,
    /// The rejection that is being turned into an error; zero where none is.
    converting: Cell<u64>,
    /// Rejections that were made outside of every frame and were not dropped since; the oldest
    /// makes room.
    rootless_rejections: [Cell<u64>; ROOTLESS],
    /// Breakers that counted an outcome outside of every frame, and when; the oldest makes room.
    rootless_outcomes: [Cell<(usize, u64)>; ROOTLESS],
}

/// How many rejections and outcomes a thread remembers outside of every frame. Only what happened
/// inside of one sync call of a breaker is ever asked for.
const ROOTLESS: usize = 8;

/// No frame is current.
pub(super) const NONE: u64 = 0;
/// A frame is current to which nothing was sent so far. It gets an identity with its first letter,
/// so that a call in which nothing happens costs none.
pub(super) const UNNAMED: u64 = 1;

thread_local! {
    pub(super) static CURRENT: Current = const {
        Current {
            frame: Cell::new(NONE),
            next: Cell::new(0),
            has_letters: Cell::new(false),
            has_deadline: Cell::new(false),
            has_values: Cell::new(false),
            has_slots: Cell::new(false),
            series: SeriesCell::new(),
            ended_by: Cell::new(EndedBy::Caller),
            converting: Cell::new(0),
            rootless_rejections: [const { Cell::new(0) }; ROOTLESS],
            rootless_outcomes: [const { Cell::new((0, 0)) }; ROOTLESS],
        }
    };
    static LETTERS: RefCell<Vec<Addressed>> = const { RefCell::new(Vec::new()) };
}

/// A letter to a frame whose body or poll stands on this thread's stack.
struct Addressed {
    to: u64,
    at: u64,
    letter: Letter,
}

/// Each thread takes so many identities at a time, so that making one writes no word that threads
/// share.
const STRETCH: u64 = 1 << 32;

impl Current {
    /// Makes an identity: unique in the process, greater than every earlier one of this thread and
    /// than [`UNNAMED`].
    #[inline]
    pub(super) fn fresh(&self) -> u64 {
        let next = self.next.get();
        let identity = if next.is_multiple_of(STRETCH) {
            first_of_a_stretch()
        } else {
            next
        };
        self.next.set(identity + 1);
        identity
    }

    /// Gives the current frame an identity, unless it has one; [`NONE`] without a frame.
    pub(super) fn name(&self) -> u64 {
        if self.frame.get() == UNNAMED {
            self.frame.set(self.fresh());
        }
        self.frame.get()
    }

    /// Moves the letters that are addressed to a frame into it.
    pub(super) fn collect(&self, inside: &mut Inside) {
        if !self.has_letters.get() {
            return;
        }
        // A thread that is ending has no letters any more.
        let _ = LETTERS.try_with(|letters| {
            let (mut letters, frame) = (letters.borrow_mut(), inside.id);
            for Addressed { letter, .. } in letters.extract_if(.., |letter| letter.to == frame) {
                inside.add(letter);
            }
            self.has_letters.set(!letters.is_empty());
        });
    }
}

#[cold]
fn first_of_a_stretch() -> u64 {
    static STRETCHES: AtomicU64 = AtomicU64::new(0);
    // Relaxed: the identities only have to differ. The first one of a stretch asks for the next
    // stretch.
    STRETCHES.fetch_add(STRETCH, Ordering::Relaxed) + UNNAMED + 1
}

/// Takes the letters that were addressed to a frame since a mark; earlier ones are of calls further
/// out on this stack.
pub(super) fn letters_to(frame: u64, since: Mark) -> Vec<Letter> {
    CURRENT.with(|current| {
        let take = |letters: &RefCell<Vec<Addressed>>| {
            let mut letters = letters.borrow_mut();
            let taken = letters
                .extract_if(.., |sent| sent.to == frame && sent.at >= since.0)
                .map(|sent| sent.letter);
            let taken: Vec<_> = taken.collect();
            current.has_letters.set(!letters.is_empty());
            taken
        };
        if current.has_letters.get() {
            LETTERS.try_with(take).unwrap_or_default()
        } else {
            Vec::new()
        }
    })
}

/// Returns the identity of the current frame, and gives it one where it has none; [`NONE`] without
/// a frame.
#[cfg(feature = "async")]
pub(crate) fn current_frame() -> u64 {
    CURRENT.with(Current::name)
}

/// Returns `true` inside of a frame.
#[inline]
pub(crate) fn is_in_call() -> bool {
    CURRENT.with(|current| current.frame.get() != NONE)
}

/// Sends a letter to the current frame.
///
/// Without one it goes nowhere; but an error that waits for an attempt is settled where no attempt
/// is under way.
#[cold]
pub(super) fn send(letter: Letter) {
    let sent = CURRENT.try_with(|current| {
        let (to, at) = (current.name(), current.fresh());
        match letter {
            Letter::Pending(held)
                if to == NONE || !current.series.get().unpack().is_provisional() =>
            {
                return pending::settle(held, Settlement::Error);
            }
            Letter::Recorded(breaker) if to == NONE => return record_rootless(current, breaker),
            _ if to == NONE => return,
            _ => {}
        }
        let _ = LETTERS.try_with(|letters| {
            let mut letters = letters.borrow_mut();
            if let Letter::Recorded(breaker) = letter {
                // The latest one says it all.
                letters.retain(|sent| {
                    sent.to != to || !matches!(sent.letter, Letter::Recorded(b) if b == breaker)
                });
            }
            letters.push(Addressed { to, at, letter });
            current.has_letters.set(true);
        });
    });
    // A thread that is ending has no frames any more.
    let _ = sent;
}

/// Posts an error that was reported and leaves the frame that did so.
pub(crate) fn post_reported(reported: Reported) {
    send(Letter::Reported(Box::new(reported)));
}

/// Posts an error that waits for what becomes of the attempt in which it was reported.
pub(crate) fn post_pending(held: Held) {
    send(Letter::Pending(held));
}

/// Notes that a breaker counted the outcome of a call, so that an entry of the same breaker further
/// out does not count it again.
pub(crate) fn record_outcome(breaker: usize) {
    send(Letter::Recorded(breaker));
}

fn record_rootless(current: &Current, breaker: usize) {
    let now = current.fresh();
    let oldest = current
        .rootless_outcomes
        .iter()
        .min_by_key(|entry| entry.get().1);
    let same = current
        .rootless_outcomes
        .iter()
        .find(|entry| entry.get().0 == breaker);
    if let Some(entry) = same.or(oldest) {
        entry.set((breaker, now));
    }
}

/// A moment on this thread, which separates what happened inside of a sync call from what came
/// before. Taking one is a load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(u64);

/// Takes a mark.
#[inline]
pub(crate) fn mark() -> Mark {
    CURRENT.with(|current| Mark(current.next.get()))
}

/// What happened in the current frame since a mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Since {
    /// A policy further in rejected a call, and the rejection still is.
    pub(crate) rejected: bool,
    /// The same breaker counted the outcome of a call further in.
    pub(crate) recorded: bool,
}

/// Returns what happened in the current frame since `mark`, as far as it concerns a breaker.
#[cold]
pub(crate) fn since(mark: Mark, breaker: usize) -> Since {
    CURRENT.with(|current| {
        let frame = current.frame.get();
        if frame == NONE {
            return Since {
                rejected: current
                    .rootless_rejections
                    .iter()
                    .any(|number| number.get() >> TAG_BITS >= mark.0 && number.get() != 0),
                recorded: current
                    .rootless_outcomes
                    .iter()
                    .any(|e| e.get().0 == breaker && e.get().1 >= mark.0),
            };
        }
        let mut since = Since {
            rejected: false,
            recorded: false,
        };
        let _ = LETTERS.try_with(|letters| {
            for sent in letters
                .borrow()
                .iter()
                .filter(|sent| sent.to == frame && sent.at >= mark.0)
            {
                match &sent.letter {
                    Letter::Rejected { .. } => since.rejected = true,
                    Letter::Recorded(b) => since.recorded |= *b == breaker,
                    _ => {}
                }
            }
        });
        since
    })
}

/// The number of a rejection, by which the frame in which it was made knows it, with a tag of its
/// owner's in the lowest bits; a number of zero is known to no frame.
///
/// One word for both, because a rejection is moved as a whole right after it was written: what is
/// written in parts and read whole makes the processor wait for longer than all the rest takes.
#[derive(Debug)]
pub(crate) struct Number(u64);

const TAG_BITS: u32 = 4;

impl Number {
    /// The number of a rejection that no frame is to know.
    pub(crate) const fn unknown(tag: u8) -> Self {
        Self(tag as u64)
    }

    /// Numbers a rejection that is made here and now.
    #[inline]
    pub(crate) fn here(tag: u8) -> Self {
        CURRENT.with(|current| {
            let number = Self(current.fresh() << TAG_BITS | u64::from(tag));
            if current.frame.get() == NONE {
                note_rootless(current, number.0);
            }
            number
        })
    }

    pub(crate) const fn tag(&self) -> u8 {
        (self.0 & ((1 << TAG_BITS) - 1)) as u8
    }

    /// Lets the current frame know the rejection, of which it is given a copy.
    #[inline]
    pub(crate) fn announce(&self, copy: impl FnOnce() -> Rejection) {
        if self.0 >> TAG_BITS != 0 && is_in_call() {
            send(Letter::Rejected {
                number: self.0,
                rejection: copy(),
                is_kept: true,
            });
        }
    }

    /// Begins to turn the rejection into the error that the caller gets. Where it is dropped before
    /// [`end`](Conversion::end), the error type keeps nothing of it, and still is a rejection.
    #[inline]
    pub(crate) fn convert(&self) -> Conversion {
        CURRENT.with(|current| current.converting.set(self.0));
        Conversion
    }
}

/// A rejection that is being turned into an error.
#[must_use]
pub(crate) struct Conversion;

impl Conversion {
    #[inline]
    #[expect(clippy::unused_self, reason = "what was begun is ended")]
    pub(crate) fn end(self) {
        CURRENT.with(|current| current.converting.set(0));
    }
}

fn note_rootless(current: &Current, number: u64) {
    if let Some(oldest) = current
        .rootless_rejections
        .iter()
        .min_by_key(|entry| entry.get())
    {
        oldest.set(number);
    }
}

impl Drop for Number {
    #[inline]
    fn drop(&mut self) {
        if self.0 >> TAG_BITS != 0 {
            dropped(self.0);
        }
    }
}

/// Lets the frames know that a rejection is no more: the function went on without it.
///
/// By value and out of line: what is returned beside a rejection can then stay in registers where
/// it is dropped.
#[cold]
#[inline(never)]
fn dropped(number: u64) {
    let _ = CURRENT.try_with(|current| {
        let is_forgotten = current.converting.get() == number;
        if let Some(entry) = current.rootless_rejections.iter().find(|entry| entry.get() == number) {
            if !is_forgotten {
                entry.set(0);
            }
            return;
        }
        if current.frame.get() == NONE && !current.has_letters.get() {
            return;
        }
        let of_it = |sent: &Addressed| matches!(sent.letter, Letter::Rejected { number: n, .. } if n == number);
        // What is taken out is dropped after the borrow.
        let taken = LETTERS.try_with(|letters| {
            let mut letters = letters.borrow_mut();
            let place = letters.iter().rposition(of_it)?;
            if let (true, Letter::Rejected { is_kept, .. }) = (is_forgotten, &mut letters[place].letter) {
                *is_kept = false;
                return Some(None);
            }
            let taken = letters.remove(place);
            current.has_letters.set(!letters.is_empty());
            Some(Some(taken))
        });
        if let Ok(None) = taken {
            // A frame has it already, or one that is gone had it.
            send(Letter::Dropped(number));
        }
    });
}
