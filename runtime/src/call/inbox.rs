//! Inbox of a frame: the messages of the guards inside it.

use super::{
    deadline::Deadline,
    mailbox::{Mailbox, Message},
    reported::Reported,
};
use crate::{error::Rejection, event::pending::Held};
use std::{mem::take, sync::Arc, time::Duration};

/// The identity of a frame to which nothing was sent so far. It gets its own with its first
/// message, so that a call in which nothing happens costs none.
pub(super) const UNNAMED: u64 = 1;

/// The inbox of a frame, made for the first message; its guard keeps a note and texts here too.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// The frame's identity: [`UNNAMED`] until something was sent to it.
    pub(super) id: u64,
    /// Kept for the guard; see [`Frame::note`](super::Frame::note).
    pub(super) note: u64,
    /// Kept for the guard; see [`Frame::texts`](super::Frame::texts).
    pub(super) texts: Vec<String>,
    reported: Vec<Reported>,
    pending: Vec<Held>,
    rejections: Vec<(u64, Rejection, bool)>,
    dropped: Vec<u64>,
    recorded: Vec<usize>,
    is_late: bool,
    open: Vec<Option<Deadline>>,
    mailboxes: Vec<Arc<Mailbox>>,
}

/// How many messages of one kind an inbox keeps; the oldest makes room. Pending errors are all
/// kept, because they must be settled, and mailboxes as long as their work can send.
const LIMIT: usize = 1024;

fn keep<T>(all: &mut Vec<T>, one: T) {
    if all.len() >= LIMIT {
        all.remove(0);
    }
    all.push(one);
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            id: UNNAMED,
            note: 0,
            texts: Vec::new(),
            reported: Vec::new(),
            pending: Vec::new(),
            rejections: Vec::new(),
            dropped: Vec::new(),
            recorded: Vec::new(),
            is_late: false,
            open: Vec::new(),
            mailboxes: Vec::new(),
        }
    }
}

impl Inbox {
    pub(super) fn add(&mut self, message: Message) {
        match message {
            Message::Reported(reported) => keep(&mut self.reported, *reported),
            Message::Pending(held) => self.pending.push(held),
            Message::Rejected {
                number,
                rejection,
                is_kept,
            } => {
                // From another stack, it may arrive after the rejection was dropped here.
                if is_kept
                    && let Some(at) = self.dropped.iter().position(|dropped| *dropped == number)
                {
                    self.dropped.remove(at);
                    return;
                }
                keep(&mut self.rejections, (number, rejection, is_kept));
            }
            Message::Dropped(number) => {
                let before = self.rejections.len();
                self.rejections
                    .retain(|(n, _, is_kept)| *n != number || !*is_kept);
                if self.rejections.len() == before {
                    // Perhaps an outer frame has it.
                    keep(&mut self.dropped, number);
                }
            }
            Message::Recorded(breaker) => {
                if !self.recorded.contains(&breaker) {
                    keep(&mut self.recorded, breaker);
                }
            }
            Message::Open(until) => keep(&mut self.open, until),
            Message::Late => self.is_late = true,
            Message::Mailbox(mailbox) => {
                self.mailboxes.push(mailbox);
                if self.mailboxes.len().is_multiple_of(LIMIT) {
                    self.close_unused_mailboxes();
                }
            }
        }
    }

    /// Adds the messages that other stacks have sent so far.
    pub(super) fn read_mailboxes(&mut self) {
        let mut opened = Vec::new();
        // A mailbox may hold another one: that of work which spawned work.
        while let Some(mailbox) = self.mailboxes.pop() {
            mailbox
                .take()
                .into_iter()
                .for_each(|message| self.add(message));
            opened.push(mailbox);
        }
        opened.reverse();
        self.mailboxes = opened;
    }

    /// Closes the mailboxes to which no work can send any more.
    fn close_unused_mailboxes(&mut self) {
        let unused: Vec<_> = self
            .mailboxes
            .extract_if(.., |mailbox| Arc::strong_count(mailbox) == 1)
            .collect();
        for mailbox in unused {
            mailbox
                .close()
                .into_iter()
                .for_each(|message| self.add(message));
        }
    }

    /// Adds the messages of other stacks, and refuses later ones.
    pub(super) fn close_mailboxes(&mut self) {
        while let Some(mailbox) = self.mailboxes.pop() {
            mailbox
                .close()
                .into_iter()
                .for_each(|message| self.add(message));
        }
    }

    /// Returns the errors that were reported inside the frame, oldest first.
    pub(crate) fn reported(&self) -> &[Reported] {
        &self.reported
    }

    /// Takes the errors that were reported inside the frame.
    pub(crate) fn take_reported(&mut self) -> Vec<Reported> {
        take(&mut self.reported)
    }

    /// Takes the errors that wait to be settled.
    pub(crate) fn take_pending(&mut self) -> Vec<Held> {
        take(&mut self.pending)
    }

    /// Returns the latest rejection of an inner policy that is not dropped, or whose error type
    /// kept nothing of it.
    pub(crate) fn rejection(&self) -> Option<&Rejection> {
        self.rejections.last().map(|(_, rejection, _)| rejection)
    }

    /// Returns `true` if one of those rejections ends a series of attempts.
    pub(crate) fn stops_retries(&self) -> bool {
        (self.rejections.iter()).any(|(_, rejection, _)| !rejection.policy().admits_again())
    }

    /// Returns the longest time until a policy that rejected a call admits one again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let rejections = self.rejections.iter();
        rejections
            .filter_map(|(_, rejection, _)| rejection.retry_after())
            .max()
    }

    /// Returns `true` if the circuit of a breaker inside will still be open when `delay` is over.
    pub(crate) fn is_open_after(&self, delay: Duration) -> bool {
        let mut open = self.open.iter();
        open.any(|until| until.as_ref().is_none_or(|until| until.remaining() > delay))
    }

    /// Returns `true` if the breaker at this address counted an outcome inside.
    #[cfg(any(test, feature = "async"))]
    pub(crate) fn has_recorded(&self, breaker: usize) -> bool {
        self.recorded.contains(&breaker)
    }

    /// Returns `true` if a call inside succeeded after its time limit.
    #[cfg(feature = "async")]
    pub(crate) fn is_late(&self) -> bool {
        self.is_late
    }

    /// Forgets the errors that were reported, the rejections that were made and the circuits that
    /// were open inside the frame: they do not leave it.
    pub(crate) fn forget_errors(&mut self) {
        self.reported.clear();
        self.rejections.clear();
        self.open.clear();
    }

    /// Takes the messages for the outer frame: all but the mailboxes.
    pub(super) fn take_messages(&mut self) -> impl Iterator<Item = Message> + use<> {
        let reported = take(&mut self.reported)
            .into_iter()
            .map(|reported| Message::Reported(Box::new(reported)));
        let pending = take(&mut self.pending).into_iter().map(Message::Pending);
        let rejections =
            take(&mut self.rejections)
                .into_iter()
                .map(|(number, rejection, is_kept)| Message::Rejected {
                    number,
                    rejection,
                    is_kept,
                });
        let dropped = take(&mut self.dropped).into_iter().map(Message::Dropped);
        let recorded = take(&mut self.recorded).into_iter().map(Message::Recorded);
        let open = take(&mut self.open).into_iter().map(Message::Open);
        let late = take(&mut self.is_late).then_some(Message::Late);
        reported
            .chain(pending)
            .chain(rejections)
            .chain(dropped)
            .chain(recorded)
            .chain(open)
            .chain(late)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// A call that passes its context to task after task keeps their messages, and not a mailbox
    /// for each.
    #[test]
    fn mailboxes_of_finished_work_are_closed() {
        let mut inbox = Inbox::default();
        let mut under_way = Vec::new();
        for number in 0..3 * LIMIT {
            let mailbox = Arc::new(Mailbox::new());
            assert!(mailbox.send(Message::Recorded(number % 500)).is_ok());
            if number % 100 == 0 {
                under_way.push(Arc::clone(&mailbox));
            }
            inbox.add(Message::Mailbox(mailbox));
        }
        assert!(inbox.mailboxes.len() < LIMIT, "{}", inbox.mailboxes.len());
        assert!((0..500).all(|number| number % 100 == 0 || inbox.has_recorded(number)));
        assert!(under_way.iter().all(|mailbox| !mailbox.is_closed()));
        inbox.close_mailboxes();
        assert!((0..500).all(|number| inbox.has_recorded(number)));
        assert!(under_way.iter().all(|mailbox| mailbox.is_closed()));
    }
}
