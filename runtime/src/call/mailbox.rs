//! Letters from work that does not stand on its frame's stack: tasks that were spawned, and other threads.

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
