//! Letters from work that does not stand on its frame's stack: tasks that were spawned, and other
//! threads.

use super::inside::Letter;
use crate::sync::Mutex;

/// Where spawned work leaves letters for the frame whose [`Context`](super::Context) it was given.
#[derive(Debug)]
pub(super) struct Mailbox(Mutex<State>);

#[derive(Debug)]
enum State {
    Open(Vec<Letter>),
    /// The frame has ended.
    Closed,
}

/// How many letters wait at most; further ones are given back.
const MOST: usize = 1024;

impl Mailbox {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State::Open(Vec::new())))
    }

    /// Leaves a letter; gives it back where the frame has ended, or too many wait.
    pub(super) fn leave(&self, letter: Letter) -> Result<(), Letter> {
        match &mut *self.0.lock() {
            State::Open(waiting) if waiting.len() < MOST => {
                waiting.push(letter);
                Ok(())
            }
            _ => Err(letter),
        }
    }

    /// Takes what waits.
    pub(super) fn take(&self) -> Vec<Letter> {
        match &mut *self.0.lock() {
            State::Open(waiting) => std::mem::take(waiting),
            State::Closed => Vec::new(),
        }
    }

    /// Takes what waits, and gives back whatever comes later.
    pub(super) fn close(&self) -> Vec<Letter> {
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
    fn letters_are_taken_in_their_order_and_once() {
        let mailbox = Mailbox::new();
        for number in 0..3 {
            assert!(mailbox.leave(Letter::Dropped(number)).is_ok());
        }
        let taken = mailbox.take();
        assert!(matches!(
            taken[..],
            [Letter::Dropped(0), Letter::Dropped(1), Letter::Dropped(2)]
        ));
        assert!(mailbox.take().is_empty() && !mailbox.is_closed());
    }

    #[test]
    fn letter_beyond_the_bound_is_given_back_until_others_are_taken() {
        let mailbox = Mailbox::new();
        for _ in 0..MOST {
            assert!(mailbox.leave(Letter::Recorded(1)).is_ok());
        }
        assert!(matches!(
            mailbox.leave(Letter::Recorded(2)),
            Err(Letter::Recorded(2))
        ));
        assert_eq!(mailbox.take().len(), MOST);
        assert!(mailbox.leave(Letter::Recorded(2)).is_ok());
    }

    #[test]
    fn closed_mailbox_gives_letters_back() {
        let mailbox = Mailbox::new();
        assert!(mailbox.leave(Letter::Dropped(1)).is_ok());
        assert!(matches!(mailbox.close()[..], [Letter::Dropped(1)]));
        assert!(mailbox.is_closed());
        assert!(matches!(
            mailbox.leave(Letter::Dropped(2)),
            Err(Letter::Dropped(2))
        ));
        assert!(mailbox.close().is_empty() && mailbox.take().is_empty());
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::thread;
    use std::sync::Arc;

    #[test]
    fn loom_letter_is_either_taken_or_given_back() {
        loom::model(|| {
            let mailbox = Arc::new(Mailbox::new());
            let senders: Vec<_> = (0..2)
                .map(|number| {
                    let mailbox = Arc::clone(&mailbox);
                    thread::spawn(move || mailbox.leave(Letter::Dropped(number)).is_err())
                })
                .collect();
            let taken = mailbox.take().len() + mailbox.close().len();
            let given_back = senders
                .into_iter()
                .filter_map(|sender| sender.join().ok())
                .filter(|back| *back)
                .count();
            assert_eq!(taken + given_back, 2);
            assert!(mailbox.is_closed() && mailbox.take().is_empty());
        });
    }
}
