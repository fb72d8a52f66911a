//! Current frame of a thread, and messages to the frames on its stack.

use super::{
    deadline::{Deadline, DeadlineWord, NO_DEADLINE},
    inbox::{Inbox, UNNAMED},
    mailbox::Message,
    reported::Reported,
    series::SeriesCell,
};
use crate::{
    error::Rejection,
    event::pending::{self, Held, Settlement},
};
use std::{
    cell::{Cell, RefCell},
    sync::atomic::{AtomicU64, Ordering},
};

/// The call under way on a thread. Without a destructor, so that access is plain loads and stores.
pub(super) struct Current {
    /// The frame that is current: [`NONE`], [`UNNAMED`], or its identity.
    pub(super) frame: Cell<u64>,
    /// The next identity. Frames, rejections and messages draw from one sequence, so that of two
    /// made on one thread the greater one is the later one.
    next: Cell<u64>,
    /// Whether [`MESSAGES`] may hold something.
    has_messages: Cell<bool>,
    pub(super) deadline: Cell<DeadlineWord>,
    pub(super) has_values: Cell<bool>,
    pub(super) has_slots: Cell<bool>,
    pub(super) series: SeriesCell,
    /// The rejection that is being turned into an error; zero where none is.
    converting: Cell<u64>,
    /// Rejections that were made outside of every frame and were not dropped since; the oldest
    /// makes room.
    rootless_rejections: [Cell<u64>; ROOTLESS],
    /// Breakers that counted an outcome outside of every frame, and when; the oldest makes room.
    rootless_outcomes: [Cell<(usize, u64)>; ROOTLESS],
    /// When a call last succeeded after its time limit outside of every frame.
    rootless_late: Cell<u64>,
}

/// How many rejections and outcomes a thread keeps outside of every frame. Only those inside one
/// sync call of a breaker are ever read.
const ROOTLESS: usize = 8;

/// No frame is current.
pub(super) const NONE: u64 = 0;

thread_local! {
    pub(super) static CURRENT: Current = const {
        Current {
            frame: Cell::new(NONE),
            next: Cell::new(0),
            has_messages: Cell::new(false),
            deadline: Cell::new(NO_DEADLINE),
            has_values: Cell::new(false),
            has_slots: Cell::new(false),
            series: SeriesCell::new(),
            converting: Cell::new(0),
            rootless_rejections: [const { Cell::new(0) }; ROOTLESS],
            rootless_outcomes: [const { Cell::new((0, 0)) }; ROOTLESS],
            rootless_late: Cell::new(0),
        }
    };
    static MESSAGES: RefCell<Vec<Addressed>> = const { RefCell::new(Vec::new()) };
}

/// A message to a frame whose body or poll is on this thread's stack.
struct Addressed {
    to: u64,
    at: u64,
    message: Message,
}

/// How many identities a thread takes at a time, so that making one writes no word that threads
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

    /// Moves the messages that are addressed to a frame into it.
    pub(super) fn collect(&self, inbox: &mut Inbox) {
        if !self.has_messages.get() {
            return;
        }
        // A thread that is ending has no messages any more.
        let _ = MESSAGES.try_with(|messages| {
            let (mut messages, frame) = (messages.borrow_mut(), inbox.id);
            for Addressed { message, .. } in messages.extract_if(.., |message| message.to == frame)
            {
                inbox.add(message);
            }
            self.has_messages.set(!messages.is_empty());
        });
    }
}

#[cold]
fn first_of_a_stretch() -> u64 {
    static STRETCHES: AtomicU64 = AtomicU64::new(0);
    // Relaxed: the identities only have to differ. The first identity after a stretch takes the
    // next one.
    STRETCHES.fetch_add(STRETCH, Ordering::Relaxed) + UNNAMED + 1
}

/// Takes the messages that were addressed to a frame since a mark; earlier ones belong to outer
/// calls on this stack.
pub(super) fn messages_to(frame: u64, since: Mark) -> Vec<Message> {
    CURRENT.with(|current| {
        let take = |messages: &RefCell<Vec<Addressed>>| {
            let mut messages = messages.borrow_mut();
            let taken = messages
                .extract_if(.., |sent| sent.to == frame && sent.at >= since.0)
                .map(|sent| sent.message);
            let taken: Vec<_> = taken.collect();
            current.has_messages.set(!messages.is_empty());
            taken
        };
        if current.has_messages.get() {
            MESSAGES.try_with(take).unwrap_or_default()
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

impl Inbox {
    /// Forwards all messages to the current frame.
    pub(crate) fn forward(&mut self) {
        self.take_messages().for_each(send);
    }
}

/// Sends a message to the current frame.
///
/// Without a frame it is dropped; but an error that waits for an attempt is settled where no
/// attempt is under way.
#[cold]
pub(super) fn send(message: Message) {
    let sent = CURRENT.try_with(|current| {
        let (to, at) = (current.name(), current.fresh());
        match message {
            Message::Pending(held)
                if to == NONE || !current.series.get().unpack().is_provisional() =>
            {
                return pending::settle(held, Settlement::Error);
            }
            Message::Recorded(breaker) if to == NONE => return record_rootless(current, breaker),
            Message::Late if to == NONE => return current.rootless_late.set(at),
            _ if to == NONE => return,
            _ => {}
        }
        let _ = MESSAGES.try_with(|messages| {
            let mut messages = messages.borrow_mut();
            if let Message::Recorded(breaker) = message {
                // The latest outcome of a breaker replaces earlier ones.
                messages.retain(|sent| {
                    sent.to != to || !matches!(sent.message, Message::Recorded(b) if b == breaker)
                });
            }
            messages.push(Addressed { to, at, message });
            current.has_messages.set(true);
        });
    });
    // A thread that is ending has no frames any more.
    let _ = sent;
}

/// Posts an error that was reported and leaves the frame that did so.
pub(crate) fn post_reported(reported: Reported) {
    send(Message::Reported(Box::new(reported)));
}

/// Posts an error that waits for the outcome of the attempt in which it was reported.
pub(crate) fn post_pending(held: Held) {
    send(Message::Pending(held));
}

/// Notes that a breaker counted the outcome of a call, so that an outer call of the same breaker
/// does not count it again.
#[inline]
pub(crate) fn record_outcome(breaker: usize) {
    let is_noted = CURRENT.with(|current| {
        let latest = &current.rootless_outcomes[0];
        let is_again = current.frame.get() == NONE && latest.get().0 == breaker;
        if is_again {
            latest.set((breaker, current.fresh()));
        }
        is_again
    });
    if !is_noted {
        send(Message::Recorded(breaker));
    }
}

/// Posts that a call through a breaker failed whose circuit is open, so that a retry around it does
/// not wait for an attempt that would be rejected.
#[cold]
pub(crate) fn post_open(until: Option<Deadline>) {
    send(Message::Open(until));
}

/// Posts that a blocking call succeeded after its time limit.
pub(crate) fn post_late() {
    send(Message::Late);
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
        // What is noted again is found in the first place.
        entry.swap(&current.rootless_outcomes[0]);
    }
}

/// A moment on this thread, which separates events inside a sync call from earlier ones. Taking one
/// is a load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(u64);

/// Takes a mark.
#[inline]
pub(crate) fn mark() -> Mark {
    CURRENT.with(|current| Mark(current.next.get()))
}

/// Returns `true` if the thread has drawn no identity since a mark: nothing happened that a frame or an
/// outer call has to know.
#[inline]
pub(crate) fn is_latest(mark: Mark) -> bool {
    CURRENT.with(|current| current.next.get() == mark.0)
}

/// What happened in the current frame since a mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Since {
    /// An inner policy rejected a call, and the rejection is not dropped.
    pub(crate) rejected: bool,
    /// The same breaker counted the outcome of an inner call.
    pub(crate) recorded: bool,
    /// An inner call succeeded after its time limit.
    pub(crate) late: bool,
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
                late: current.rootless_late.get() >= mark.0.max(1),
            };
        }
        let mut since = Since::default();
        let _ = MESSAGES.try_with(|messages| {
            for sent in messages
                .borrow()
                .iter()
                .filter(|sent| sent.to == frame && sent.at >= mark.0)
            {
                match &sent.message {
                    Message::Rejected { .. } => since.rejected = true,
                    Message::Recorded(b) => since.recorded |= *b == breaker,
                    Message::Late => since.late = true,
                    _ => {}
                }
            }
        });
        since
    })
}

/// The number of a rejection, by which its frame knows it, with a tag of its owner in the lowest
/// bits; a number of zero is known to no frame.
///
/// One word for both, because a rejection is moved as a whole right after it was written: what is
/// written in parts and read whole makes the processor wait for longer than all the rest takes.
#[derive(Debug)]
pub(crate) struct RejectionNumber(u64);

const TAG_BITS: u32 = 4;

impl RejectionNumber {
    /// The number of a rejection that no frame knows.
    pub(crate) const fn unknown(tag: u8) -> Self {
        Self(tag as u64)
    }

    /// Numbers a rejection that is made in the current frame.
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

    /// Sends a copy of the rejection to the current frame.
    #[inline]
    pub(crate) fn announce(&self, copy: impl FnOnce() -> Rejection) {
        if self.0 >> TAG_BITS != 0 && is_in_call() {
            send(Message::Rejected {
                number: self.0,
                rejection: copy(),
                is_kept: true,
            });
        }
    }

    /// Begins to turn the rejection into the error of the caller. If it is dropped before
    /// [`end`](Conversion::end), the error type keeps nothing of it, and is a rejection
    /// nevertheless.
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

#[inline]
fn note_rootless(current: &Current, number: u64) {
    let first = &current.rootless_rejections[0];
    if first.get() == 0 {
        // Usually the one before it was dropped.
        first.set(number);
    } else {
        note_in_place_of_oldest(current, number);
    }
}

#[cold]
fn note_in_place_of_oldest(current: &Current, number: u64) {
    if let Some(oldest) = current
        .rootless_rejections
        .iter()
        .min_by_key(|entry| entry.get())
    {
        oldest.set(number);
    }
}

impl Drop for RejectionNumber {
    #[inline]
    fn drop(&mut self) {
        if self.0 >> TAG_BITS != 0 {
            dropped(self.0);
        }
    }
}

/// Notifies the frames that a rejection was dropped: the function went on without it.
///
/// By value and out of line: a value that is returned beside a rejection can then stay in registers
/// where the rejection is dropped.
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
        if current.frame.get() == NONE && !current.has_messages.get() {
            return;
        }
        let of_it = |sent: &Addressed| matches!(sent.message, Message::Rejected { number: n, .. } if n == number);
        // A removed message is dropped after the borrow.
        let taken = MESSAGES.try_with(|messages| {
            let mut messages = messages.borrow_mut();
            let place = messages.iter().rposition(of_it)?;
            if let (true, Message::Rejected { is_kept, .. }) = (is_forgotten, &mut messages[place].message) {
                *is_kept = false;
                return Some(None);
            }
            let taken = messages.remove(place);
            current.has_messages.set(!messages.is_empty());
            Some(Some(taken))
        });
        if let Ok(None) = taken {
            // A frame has it already, or one that has ended had it.
            send(Message::Dropped(number));
        }
    });
}
