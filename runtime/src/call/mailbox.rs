//! Messages to a frame, and the mailbox for those from other stacks: spawned tasks and threads.

use super::{deadline::Deadline, reported::Reported};
use crate::{error::Rejection, event::pending::Held, sync::Mutex};
use std::sync::Arc;

/// A message of a guard to the frame around it.
#[derive(Debug)]
pub(super) enum Message {
    /// An error was reported and leaves the guard.
    Reported(Box<Reported>),
    /// An error was reported that waits for the outcome of the attempt.
    Pending(Held),
    /// A policy rejected a call. The rejection is a copy. `is_kept` is false if the type of the
    /// error that it became kept nothing of it.
    Rejected {
        number: u64,
        rejection: Rejection,
        is_kept: bool,
    },
    /// A rejection was dropped.
    Dropped(u64),
    /// A breaker, known by its address, counted an outcome.
    Recorded(usize),
    /// The circuit of a breaker was open when a call through it failed: until then, or until it is
    /// closed by hand.
    Open(Option<Deadline>),
    /// A blocking call succeeded after its time limit.
    Late,
    /// A mailbox was opened for work on other stacks.
    Mailbox(Arc<Mailbox>),
}

/// The mailbox of spawned work, for messages to the frame of its [`Context`](super::Context).
#[derive(Debug)]
pub(super) struct Mailbox(Mutex<State>);

#[derive(Debug)]
enum State {
    Open(Vec<Message>),
    /// The frame has ended.
    Closed,
}

/// How many messages wait at most; further ones are returned to the sender.
const LIMIT: usize = 1024;

impl Mailbox {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State::Open(Vec::new())))
    }

    /// Sends a message; returns it if the frame has ended, or too many wait.
    pub(super) fn send(&self, message: Message) -> Result<(), Message> {
        match &mut *self.0.lock() {
            State::Open(waiting) if waiting.len() < LIMIT => {
                waiting.push(message);
                Ok(())
            }
            _ => Err(message),
        }
    }

    /// Takes the waiting messages.
    pub(super) fn take(&self) -> Vec<Message> {
        match &mut *self.0.lock() {
            State::Open(waiting) => std::mem::take(waiting),
            State::Closed => Vec::new(),
        }
    }

    /// Takes the waiting messages, and refuses later ones.
    pub(super) fn close(&self) -> Vec<Message> {
        match std::mem::replace(&mut *self.0.lock(), State::Closed) {
            State::Open(waiting) => waiting,
            State::Closed => Vec::new(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(*self.0.lock(), State::Closed)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_in_order_and_once() {
        let mailbox = Mailbox::new();
        for number in 0..3 {
            assert!(mailbox.send(Message::Dropped(number)).is_ok());
        }
        let taken = mailbox.take();
        assert!(matches!(
            taken[..],
            [
                Message::Dropped(0),
                Message::Dropped(1),
                Message::Dropped(2)
            ]
        ));
        assert!(mailbox.take().is_empty() && !mailbox.is_closed());
    }

    #[test]
    fn message_beyond_the_bound_is_returned_until_others_are_taken() {
        let mailbox = Mailbox::new();
        for _ in 0..LIMIT {
            assert!(mailbox.send(Message::Recorded(1)).is_ok());
        }
        assert!(matches!(
            mailbox.send(Message::Recorded(2)),
            Err(Message::Recorded(2))
        ));
        assert_eq!(mailbox.take().len(), LIMIT);
        assert!(mailbox.send(Message::Recorded(2)).is_ok());
    }

    #[test]
    fn closed_mailbox_returns_messages() {
        let mailbox = Mailbox::new();
        assert!(mailbox.send(Message::Dropped(1)).is_ok());
        assert!(matches!(mailbox.close()[..], [Message::Dropped(1)]));
        assert!(mailbox.is_closed());
        assert!(matches!(
            mailbox.send(Message::Dropped(2)),
            Err(Message::Dropped(2))
        ));
        assert!(mailbox.close().is_empty() && mailbox.take().is_empty());
    }
}
