//! The queue of lines that wait to be written, and what became of those that were: no lock and no
//! file.

use crate::time::Tick;
use std::{io, mem, time::Duration};

/// Lines in the order in which they were pushed and are written, so that a number is enough to tell
/// which ones are written: all up to `written`.
#[derive(Debug)]
pub(super) struct CommitQueue {
    /// Complete lines that no batch has taken.
    lines: Vec<u8>,
    /// The number of the last line that was pushed.
    pushed: u64,
    /// The number of the last line that was written.
    written: u64,
    /// The number of the last batch.
    batches: u64,
    /// How many bytes the batch under way has; `None` if no write is under way.
    under_way: Option<usize>,
    /// Threads that wait for the next batch.
    followers: Vec<Follower>,
    /// Failed batches that followers have yet to read.
    failures: Vec<Failure>,
    /// After a failure nothing is tried before this tick: a full disk stays full for a while, and
    /// each attempt delays its caller.
    not_before: Tick,
    /// How many bytes may be in `lines` and under way together.
    room: usize,
    /// An empty buffer for the lines after the next batch.
    spare: Vec<u8>,
}

/// A thread that waits until a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Follower {
    pub(super) line: u64,
    /// How many records the status counts as failed if the line is not written.
    pub(super) records: u64,
}

/// The lines of one write.
#[derive(Debug)]
pub(super) struct Batch {
    number: u64,
    pub(super) lines: Vec<u8>,
    /// The number of its last line.
    last: u64,
    followers: Vec<Follower>,
}

/// A batch of which lines were left over.
#[derive(Debug)]
struct Failure {
    batch: u64,
    /// The number of the last line that was written all the same.
    written: u64,
    /// How many followers have not read it.
    unread: usize,
    error: io::Error,
}

/// How a batch that left lines over counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    /// How many of its lines were written.
    pub(super) written: u64,
    /// How many records failed, of the leader and of the followers.
    pub(super) failed: u64,
    /// Whether the line of the leader was left over.
    pub(super) has_leader_failed: bool,
}

const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);
/// The largest buffer that is kept for a later batch: memory of a burst is released.
const MAX_SPARE: usize = 64 * 1024;

impl CommitQueue {
    pub(super) fn new(room: usize) -> Self {
        Self {
            lines: Vec::new(),
            pushed: 0,
            written: 0,
            batches: 0,
            under_way: None,
            followers: Vec::new(),
            failures: Vec::new(),
            not_before: Tick::ZERO,
            room,
            spare: Vec::new(),
        }
    }

    /// Returns how many lines were pushed and are not written.
    pub(super) fn waiting(&self) -> u64 {
        self.pushed - self.written
    }

    /// Returns the number of the last line.
    pub(super) fn last(&self) -> u64 {
        self.pushed
    }

    pub(super) fn is_written(&self, line: u64) -> bool {
        line <= self.written
    }

    pub(super) fn is_write_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Returns `true` if nothing is to be tried yet.
    pub(super) fn is_paused_at(&self, now: Tick) -> bool {
        now < self.not_before
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns `true` if so much waits that it is to be written.
    pub(super) fn is_half_full(&self) -> bool {
        self.lines.len() >= self.room / 2
    }

    /// Returns `true` if a line fits. A single line that is too large is accepted: the next write
    /// takes it.
    pub(super) fn has_room(&self, line: &[u8]) -> bool {
        let taken = self.lines.len() + self.under_way.unwrap_or(0);
        taken == 0 || taken + line.len() <= self.room
    }

    /// Adds a line and returns its number.
    pub(super) fn push(&mut self, line: &[u8]) -> u64 {
        self.lines.extend_from_slice(line);
        self.pushed += 1;
        self.pushed
    }

    /// Adds a follower of the next batch, which takes its line or finds that it is written; returns
    /// the number of that batch.
    pub(super) fn follow(&mut self, me: Follower) -> u64 {
        self.followers.push(me);
        self.batches + 1
    }

    /// Removes a follower that waits no longer.
    pub(super) fn leave(&mut self, me: Follower) {
        if let Some(at) = self.followers.iter().position(|it| *it == me) {
            self.followers.swap_remove(at);
        }
    }

    /// Begins a write of all lines.
    pub(super) fn take(&mut self) -> Batch {
        let spare = mem::take(&mut self.spare);
        let lines = mem::replace(&mut self.lines, spare);
        self.under_way = Some(lines.len());
        self.batches += 1;
        Batch {
            number: self.batches,
            lines,
            last: self.pushed,
            followers: mem::take(&mut self.followers),
        }
    }

    /// Ends a write of a whole batch; returns how many lines it had.
    pub(super) fn succeed(&mut self, mut batch: Batch) -> u64 {
        self.under_way = None;
        if batch.lines.capacity() <= MAX_SPARE {
            batch.lines.clear();
            self.spare = batch.lines;
        }
        if self.followers.is_empty() {
            batch.followers.clear();
            self.followers = batch.followers;
        }
        batch.last - mem::replace(&mut self.written, batch.last)
    }

    /// Ends a write of which so many bytes of whole lines were written: the others return to the
    /// front, and each follower among them reads the error.
    #[cold]
    pub(super) fn fail_at(
        &mut self,
        batch: &Batch,
        bytes: usize,
        error: &io::Error,
        leader: Option<Follower>,
        now: Tick,
    ) -> Counted {
        self.under_way = None;
        self.not_before = now.after(PAUSE_AFTER_FAILURE);
        let (whole, left) = batch.lines.split_at(bytes);
        let written = whole.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.written += written;
        self.lines = [left, &self.lines].concat();

        let is_left = |it: &&Follower| it.line > self.written;
        let followers = batch.followers.iter().filter(is_left);
        let unread = followers.clone().count();
        let leader = leader.as_ref().filter(is_left);
        let failed = followers.chain(leader).map(|it| it.records).sum();
        if unread > 0 {
            self.failures.push(Failure {
                batch: batch.number,
                written: self.written,
                unread,
                error: again(error),
            });
        }
        Counted {
            written,
            failed,
            has_leader_failed: leader.is_some(),
        }
    }

    /// Returns the error of a batch for one of its followers, once, if its line was left over.
    pub(super) fn take_error(&mut self, batch: u64, line: u64) -> Option<io::Error> {
        let is_mine = |it: &Failure| it.batch == batch && line > it.written;
        let at = self.failures.iter().position(is_mine)?;
        self.failures[at].unread -= 1;
        Some(match self.failures[at].unread {
            0 => self.failures.swap_remove(at).error,
            _ => again(&self.failures[at].error),
        })
    }
}

#[cfg(test)]
impl CommitQueue {
    /// Returns `true` if every follower of a failed batch has read its error.
    pub(super) fn has_no_unread_failure(&self) -> bool {
        self.failures.is_empty() && self.followers.is_empty()
    }
}

/// Makes one more error of the same cause: each record of a batch gets one of its own.
fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
