//! What happened inside of a frame.

use super::{current, mailbox::Mailbox, reported::Reported};
use crate::{Rejection, event::pending::Held};
use std::{mem::take, sync::Arc};

/// A message of a guard further in to the frame around it.
#[derive(Debug)]
pub(super) enum Letter {
    /// An error was reported and leaves the guard.
    Reported(Box<Reported>),
    /// An error was reported that waits for what becomes of the attempt.
    Pending(Held),
    /// A policy rejected a call. The rejection is a copy; it is kept as long as the error that it
    /// became holds it, or was not kept at all by the error's type.
    Rejected {
        number: u64,
        rejection: Rejection,
        is_kept: bool,
    },
    /// A rejection was dropped.
    Dropped(u64),
    /// A breaker, known by its address, counted an outcome.
    Recorded(usize),
    /// A mailbox was opened for work on other stacks.
    Mailbox(Arc<Mailbox>),
}

/// What happened inside of a frame; made when the first letter comes.
#[derive(Debug)]
pub(crate) struct Inside {
    /// The frame's identity: [`UNNAMED`](current::UNNAMED) until something was sent to it.
    pub(super) id: u64,
    /// The guard's own; see [`Frame::note`](super::Frame::note).
    pub(super) note: u64,
    /// The guard's own; see [`Frame::texts`](super::Frame::texts).
    pub(super) texts: Vec<String>,
    reported: Vec<Reported>,
    pending: Vec<Held>,
    rejections: Vec<(u64, Rejection, bool)>,
    dropped: Vec<u64>,
    recorded: Vec<usize>,
    mailboxes: Vec<Arc<Mailbox>>,
}

/// How many letters of one kind a frame keeps; the oldest makes room. Pending errors are kept all,
/// for they must be settled, and mailboxes as long as something can come by them.
const MOST: usize = 1024;

fn keep<T>(all: &mut Vec<T>, one: T) {
    if all.len() >= MOST {
        all.remove(0);
    }
    all.push(one);
}

impl Default for Inside {
    fn default() -> Self {
        Self {
            id: current::UNNAMED,
            note: 0,
            texts: Vec::new(),
            reported: Vec::new(),
            pending: Vec::new(),
            rejections: Vec::new(),
            dropped: Vec::new(),
            recorded: Vec::new(),
            mailboxes: Vec::new(),
        }
    }
}

impl Inside {
    pub(super) fn add(&mut self, letter: Letter) {
        match letter {
            Letter::Reported(reported) => keep(&mut self.reported, *reported),
            Letter::Pending(held) => self.pending.push(held),
            Letter::Rejected {
                number,
                rejection,
                is_kept,
            } => {
                // From another stack, it may come after it was dropped here.
                if is_kept
                    && let Some(at) = self.dropped.iter().position(|dropped| *dropped == number)
                {
                    self.dropped.remove(at);
                    return;
                }
                keep(&mut self.rejections, (number, rejection, is_kept));
            }
            Letter::Dropped(number) => {
                let before = self.rejections.len();
                self.rejections
                    .retain(|(n, _, is_kept)| *n != number || !*is_kept);
                if self.rejections.len() == before {
                    // Perhaps a frame further out has it.
                    keep(&mut self.dropped, number);
                }
            }
            Letter::Recorded(breaker) => {
                if !self.recorded.contains(&breaker) {
                    keep(&mut self.recorded, breaker);
                }
            }
            Letter::Mailbox(mailbox) => {
                self.mailboxes.push(mailbox);
                if self.mailboxes.len().is_multiple_of(MOST) {
                    self.close_unused_mailboxes();
                }
            }
        }
    }

    /// Takes in what came from other stacks so far.
    pub(super) fn open_mailboxes(&mut self) {
        let mut opened = Vec::new();
        // One may hold another one: that of work which spawned work.
        while let Some(mailbox) = self.mailboxes.pop() {
            mailbox
                .take()
                .into_iter()
                .for_each(|letter| self.add(letter));
            opened.push(mailbox);
        }
        opened.reverse();
        self.mailboxes = opened;
    }

    /// Closes the mailboxes into which nobody can leave anything any more.
    fn close_unused_mailboxes(&mut self) {
        let unused: Vec<_> = self
            .mailboxes
            .extract_if(.., |mailbox| Arc::strong_count(mailbox) == 1)
            .collect();
        for mailbox in unused {
            mailbox
                .close()
                .into_iter()
                .for_each(|letter| self.add(letter));
        }
    }

    /// Takes in what came from other stacks, of which no more is taken from now on.
    pub(super) fn close_mailboxes(&mut self) {
        while let Some(mailbox) = self.mailboxes.pop() {
            mailbox
                .close()
                .into_iter()
                .for_each(|letter| self.add(letter));
        }
    }

    /// Takes the errors that were reported inside.
    pub(crate) fn take_reported(&mut self) -> Vec<Reported> {
        take(&mut self.reported)
    }

    /// Takes the errors that wait to be settled.
    pub(crate) fn take_pending(&mut self) -> Vec<Held> {
        take(&mut self.pending)
    }

    /// Returns the latest rejection of a policy further in that still is, or that an error type
    /// kept nothing of.
    pub(crate) fn rejection(&self) -> Option<&Rejection> {
        self.rejections.last().map(|(_, rejection, _)| rejection)
    }

    /// Returns `true` if the breaker at this address counted an outcome inside.
    #[cfg(feature = "async")]
    pub(crate) fn has_recorded(&self, breaker: usize) -> bool {
        self.recorded.contains(&breaker)
    }

    /// Forgets the errors that were reported and the rejections that were made inside: what leaves
    /// the frame is none of them.
    pub(crate) fn forget_errors(&mut self) {
        self.reported.clear();
        self.rejections.clear();
    }

    /// Hands everything on to the current frame.
    pub(crate) fn forward(&mut self) {
        self.take_letters().for_each(current::send);
    }

    /// Takes what the frame around this one is to have: all but the mailboxes.
    pub(super) fn take_letters(&mut self) -> impl Iterator<Item = Letter> + use<> {
        let reported = take(&mut self.reported)
            .into_iter()
            .map(|reported| Letter::Reported(Box::new(reported)));
        let pending = take(&mut self.pending).into_iter().map(Letter::Pending);
        let rejections =
            take(&mut self.rejections)
                .into_iter()
                .map(|(number, rejection, is_kept)| Letter::Rejected {
                    number,
                    rejection,
                    is_kept,
                });
        let dropped = take(&mut self.dropped).into_iter().map(Letter::Dropped);
        let recorded = take(&mut self.recorded).into_iter().map(Letter::Recorded);
        reported
            .chain(pending)
            .chain(rejections)
            .chain(dropped)
            .chain(recorded)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// A call that hands its context to task after task keeps what they say, and not a mailbox for
    /// each.
    #[test]
    fn mailboxes_of_work_that_is_done_are_closed() {
        let mut inside = Inside::default();
        let mut under_way = Vec::new();
        for number in 0..3 * MOST {
            let mailbox = Arc::new(Mailbox::new());
            assert!(mailbox.leave(Letter::Recorded(number % 500)).is_ok());
            if number % 100 == 0 {
                under_way.push(Arc::clone(&mailbox));
            }
            inside.add(Letter::Mailbox(mailbox));
        }
        assert!(inside.mailboxes.len() < MOST, "{}", inside.mailboxes.len());
        assert!((0..500).all(|number| number % 100 == 0 || inside.has_recorded(number)));
        assert!(under_way.iter().all(|mailbox| !mailbox.is_closed()));
        inside.close_mailboxes();
        assert!((0..500).all(|number| inside.has_recorded(number)));
        assert!(under_way.iter().all(|mailbox| mailbox.is_closed()));
    }
}
