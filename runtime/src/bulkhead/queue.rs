//! The queue of calls that wait for a slot: first in, first out, with removal from anywhere in
//! constant time. A plain value without locks and clocks.

/// The place of a waiter in the queue, until it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

/// The waiters, each with a `W` that wakes it.
#[derive(Debug)]
pub(super) struct Queue<W> {
    entries: Vec<Entry<W>>,
    /// The first of the unused entries.
    free: Option<u32>,
    front: Option<u32>,
    back: Option<u32>,
    waiting: u32,
}

#[derive(Debug)]
enum Entry<W> {
    Free {
        next: Option<u32>,
    },
    Waiting {
        waker: W,
        before: Option<u32>,
        behind: Option<u32>,
    },
    /// It has a slot, and does not know it yet.
    Granted,
}

/// What is known of a waiter at its removal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Removed<W> {
    /// It had no slot; its waker comes back, to be dropped outside of the lock.
    Waiting(W),
    /// It had a slot.
    Granted,
}

impl<W> Queue<W> {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: None,
            front: None,
            back: None,
            waiting: 0,
        }
    }

    /// Returns how many wait; those that were granted a slot do not.
    pub(super) fn waiting(&self) -> u32 {
        self.waiting
    }

    /// Adds a waiter at the end. There are at most [`MAX_LIMIT`](super::state_word::MAX_LIMIT)
    /// waiters, and as many that were granted a slot.
    pub(super) fn push(&mut self, waker: W) -> Place {
        let entry = Entry::Waiting {
            waker,
            before: self.back,
            behind: None,
        };
        let index = if let Some(index) = self.free {
            let slot = &mut self.entries[index as usize];
            if let Entry::Free { next } = slot {
                self.free = *next;
            }
            *slot = entry;
            index
        } else {
            self.entries.push(entry);
            (self.entries.len() - 1) as u32
        };
        self.link_behind(self.back, Some(index));
        self.back = Some(index);
        self.waiting += 1;
        Place(index)
    }

    /// Grants a slot to the first waiter, and returns what wakes it.
    pub(super) fn grant_first(&mut self) -> Option<W> {
        let index = self.front?;
        self.unlink(index, Entry::Granted)
    }

    /// Returns the waker of a waiter for a change; `None` once it was granted a slot.
    pub(super) fn waker_mut(&mut self, place: Place) -> Option<&mut W> {
        match &mut self.entries[place.0 as usize] {
            Entry::Waiting { waker, .. } => Some(waker),
            _ => None,
        }
    }

    /// Removes a waiter, whose place is no longer valid.
    pub(super) fn remove(&mut self, place: Place) -> Removed<W> {
        let next = self.free.replace(place.0);
        match self.unlink(place.0, Entry::Free { next }) {
            Some(waker) => Removed::Waiting(waker),
            None => Removed::Granted,
        }
    }

    /// Replaces an entry; one that waits is taken out of the line.
    fn unlink(&mut self, index: u32, by: Entry<W>) -> Option<W> {
        match std::mem::replace(&mut self.entries[index as usize], by) {
            Entry::Waiting {
                waker,
                before,
                behind,
            } => {
                self.link_behind(before, behind);
                self.link_before(behind, before);
                self.waiting -= 1;
                Some(waker)
            }
            _ => None,
        }
    }

    /// Lets `before`, or the front, be followed by `index`.
    fn link_behind(&mut self, before: Option<u32>, index: Option<u32>) {
        match before {
            None => self.front = index,
            Some(before) => {
                if let Entry::Waiting { behind, .. } = &mut self.entries[before as usize] {
                    *behind = index;
                }
            }
        }
    }

    /// Lets `behind`, or the back, follow `index`.
    fn link_before(&mut self, behind: Option<u32>, index: Option<u32>) {
        match behind {
            None => self.back = index,
            Some(behind) => {
                if let Entry::Waiting { before, .. } = &mut self.entries[behind as usize] {
                    *before = index;
                }
            }
        }
    }
}
