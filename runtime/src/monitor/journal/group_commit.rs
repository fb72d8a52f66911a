//! Group commit: the lines that several threads append at the same time are one write.
//!
//! A thread leaves its line in a queue. If no write is under way it becomes the *leader*: it takes
//! all lines of the queue, writes them without the lock of the queue, and publishes what became of
//! them. A thread that finds a write under way is a *follower*: it waits until a write has covered
//! its line, or leads the next one. No urgent append returns before its line is written or has
//! failed.

use super::{
    commit_queue::{CommitQueue, Follower},
    error::JournalError,
    status::{StatusTracker, WriteOutcome},
};
use crate::{
    panics,
    sync::{
        AtomicU64, Ordering,
        global::{Condvar, Mutex, MutexGuard},
    },
    time::{Tick, Timestamp},
};
use std::{hint, io, thread};

/// A queue of lines, and the sink that one thread at a time writes them to.
#[derive(Debug)]
pub(super) struct GroupCommit<S> {
    locked: Mutex<Locked>,
    /// How many writes have ended. Stored under the lock. Relaxed: a thread that reads a change
    /// takes the lock before it does anything else.
    ended: AtomicU64,
    /// Notified when a write has ended and a thread sleeps.
    write_ended: Condvar,
    /// Taken without the other lock.
    sink: Mutex<S>,
}

#[derive(Debug)]
struct Locked {
    queue: CommitQueue,
    /// How many threads wait on the condition variable.
    sleeping: u32,
}

/// What became of the lines of a batch.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// How many bytes of whole lines were written; ignored without an error.
    pub(super) bytes: usize,
    /// Why the rest was not.
    pub(super) error: Option<io::Error>,
}

/// When something is appended, by both clocks, which are read before any lock is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) tick: Tick,
    pub(super) wall: Timestamp,
}

/// What an append needs besides its line.
pub(super) struct Pass<'p, S> {
    pub(super) now: Now,
    pub(super) tracker: &'p StatusTracker,
    pub(super) write: Write<'p, S>,
}

/// Writes the lines of a batch to the sink.
type Write<'p, S> = &'p dyn Fn(&mut S, &[u8], Now) -> Written;

/// How often a follower looks whether the write has ended, and after that how often it gives up its
/// core before it sleeps. A write to the page cache takes a microsecond or two, while falling
/// asleep and waking up take ten.
const SPINS: u32 = 100;
const YIELDS: u32 = 8;

impl<S> GroupCommit<S> {
    /// Makes an empty queue, in which so many bytes may wait.
    pub(super) fn new(sink: S, room: usize) -> Self {
        Self {
            locked: Mutex::new(Locked {
                queue: CommitQueue::new(room),
                sleeping: 0,
            }),
            ended: AtomicU64::new(0),
            write_ended: Condvar::new(),
            sink: Mutex::new(sink),
        }
    }

    /// Locks the sink; waits for a write that is under way.
    pub(super) fn sink(&self) -> MutexGuard<'_, S> {
        self.sink.lock()
    }

    /// Adds a line. Returns once it is written if it `is_urgent` or if much waits, and otherwise
    /// once it is in the queue.
    ///
    /// # Errors
    ///
    /// The line waits, since nothing can be written now, or it found no room and is lost.
    pub(super) fn append(
        &self,
        line: &[u8],
        is_urgent: bool,
        pass: &Pass<'_, S>,
    ) -> Result<(), JournalError> {
        let mut locked = self.locked.lock();
        while !locked.queue.has_room(line) {
            // A write makes room, unless it fails.
            if locked.queue.is_write_under_way() {
                locked = self.wait(locked);
            } else if locked.queue.is_empty() || locked.queue.is_paused_at(pass.now.tick) {
                drop(locked);
                return Err(pass.tracker.refuse());
            } else {
                let _ = self.lead(locked, None, pass);
                locked = self.locked.lock();
            }
        }
        let line = locked.queue.push(line);
        pass.tracker.set_waiting(locked.queue.waiting());
        if !is_urgent && !locked.queue.is_half_full() {
            return Ok(());
        }
        self.commit(locked, Follower { line, records: 1 }, pass)
    }

    /// Writes all lines that wait now.
    ///
    /// # Errors
    ///
    /// They cannot be written now, and still wait.
    pub(super) fn flush(&self, pass: &Pass<'_, S>) -> Result<(), JournalError> {
        let locked = self.locked.lock();
        let line = locked.queue.last();
        self.commit(locked, Follower { line, records: 0 }, pass)
    }

    /// Returns once the line of `me` is written, or an attempt to write it has failed.
    fn commit<'q>(
        &'q self,
        mut locked: MutexGuard<'q, Locked>,
        me: Follower,
        pass: &Pass<'_, S>,
    ) -> Result<(), JournalError> {
        let mut batch = None;
        loop {
            let queue = &mut locked.queue;
            if let Some(batch) = batch
                && let Some(error) = queue.take_error(batch, me.line)
            {
                return Err(JournalError::new("append a record", error));
            }
            if queue.is_written(me.line) {
                return Ok(());
            }
            if queue.is_write_under_way() {
                batch = batch.or_else(|| Some(queue.follow(me)));
                locked = self.wait(locked);
                continue;
            }
            if batch.is_some() {
                queue.leave(me);
            }
            if queue.is_paused_at(pass.now.tick) {
                drop(locked);
                let paused = WriteOutcome::<io::Error>::Paused;
                return pass.tracker.record_write(paused, pass.now.wall, me.records);
            }
            return self.lead(locked, Some(me), pass);
        }
    }

    /// Writes all lines of the queue; returns what became of the line of `me`.
    fn lead(
        &self,
        mut locked: MutexGuard<'_, Locked>,
        me: Option<Follower>,
        pass: &Pass<'_, S>,
    ) -> Result<(), JournalError> {
        let (now, tracker) = (pass.now, pass.tracker);
        let batch = locked.queue.take();
        drop(locked);
        // If it never came back, all others would wait for ever.
        let write = || (pass.write)(&mut self.sink.lock(), &batch.lines, now);
        let written = panics::catch(write).unwrap_or_else(|_| Written {
            bytes: 0,
            error: Some(io::Error::other("a write panicked")),
        });

        let mut locked = self.locked.lock();
        let (mine, change) = match written.error {
            None => {
                let written = WriteOutcome::Written::<io::Error>(locked.queue.succeed(batch));
                (Ok(()), tracker.track_write(&written, now.wall, 0))
            }
            Some(error) => {
                let queue = &mut locked.queue;
                let counted = queue.fail_at(&batch, written.bytes, &error, me, now.tick);
                let failed = WriteOutcome::Failed(counted.written, &error);
                let change = tracker.track_write(&failed, now.wall, counted.failed);
                // Without a line of its own, it led for the room of one.
                let mine = if counted.has_leader_failed || me.is_none() {
                    Err(JournalError::new("append a record", error))
                } else {
                    Ok(())
                };
                (mine, change)
            }
        };
        // Followers and the status learn of it together.
        tracker.set_waiting(locked.queue.waiting());
        let ended = self.ended.load(Ordering::Relaxed).wrapping_add(1);
        self.ended.store(ended, Ordering::Relaxed);
        let is_awaited = locked.sleeping > 0;
        drop(locked);
        if is_awaited {
            self.write_ended.notify_all();
        }
        // Foreign code runs here, and may append in turn.
        tracker.log(change);
        mine
    }

    /// Waits until a write has ended.
    #[cold]
    fn wait<'q>(&'q self, locked: MutexGuard<'q, Locked>) -> MutexGuard<'q, Locked> {
        let seen = self.ended.load(Ordering::Relaxed);
        let has_ended = || self.ended.load(Ordering::Relaxed) != seen;
        drop(locked);
        for turn in 0..SPINS + YIELDS {
            if has_ended() {
                return self.locked.lock();
            }
            if turn < SPINS {
                hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
        let mut locked = self.locked.lock();
        while !has_ended() {
            locked.sleeping += 1;
            locked = self.write_ended.wait(locked);
            locked.sleeping -= 1;
        }
        locked
    }
}

#[cfg(test)]
#[path = "tests/group_commit.rs"]
pub(super) mod tests;
