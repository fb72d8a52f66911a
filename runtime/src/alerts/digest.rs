//! How many notifications a channel may get in a minute, and what comes together when there are more. No
//! clock, no lock.

use super::plan::Key;
use crate::{event::Severity, time::Tick};
use std::time::Duration;

/// The running minute of one channel.
#[derive(Debug, Default)]
pub(super) struct Digest {
    begin: Tick,
    sent: u64,
    parts: Vec<Part>,
    /// Occurrences of which no more is known than that they were.
    nameless: u64,
    /// Since when, and until when, all notifications are held back.
    muted: Option<(Tick, Tick)>,
}

/// A notification that was one too many.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The slot that knows more of it, and waits to hear whether the digest arrived.
    pub(super) key: Option<Key>,
    pub(super) level: Severity,
    /// What to say of it if no slot knows better.
    pub(super) title: Option<String>,
    /// How many were held back before it, if no slot knows better.
    pub(super) held_back: u64,
    /// Whether it is an occurrence itself, and not only the sum of earlier ones.
    pub(super) is_fresh: bool,
}

/// A digest's text has so many lines; what is beyond is counted in one more.
pub(super) const MAX_LINES: usize = 50;
/// Beyond this many, parts are numbers.
const MAX_PARTS: usize = 20_000;
const MINUTE: Duration = Duration::from_secs(60);

impl Digest {
    /// Lets a notification through, if the minute has room for it.
    pub(super) fn admits_at(&mut self, now: Tick, max: u64) -> bool {
        // What was held back goes first.
        self.muted = self
            .muted
            .filter(|(_, until)| now < *until || !self.is_empty());
        if self.muted.is_some() {
            return false;
        }
        if now.since(self.begin) >= MINUTE && self.is_empty() {
            (self.begin, self.sent) = (now, 0);
        }
        let has_room = self.sent < max;
        self.sent += u64::from(has_room);
        has_room
    }

    /// Takes a notification in; tells whether it will have a line of its own, or `None` if it is no more
    /// than a number.
    pub(super) fn add(&mut self, part: Part) -> Option<bool> {
        if self.parts.len() >= MAX_PARTS {
            self.nameless += part.held_back + u64::from(part.is_fresh);
            return None;
        }
        self.parts.push(part);
        Some(self.parts.len() <= MAX_LINES)
    }

    /// Counts what has no name any more.
    pub(super) fn add_nameless(&mut self, occurrences: u64) {
        self.nameless += occurrences;
    }

    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.nameless == 0
    }

    pub(super) fn is_over_at(&self, now: Tick) -> bool {
        match self.muted {
            Some((_, until)) => now >= until,
            None => now.since(self.begin) >= MINUTE,
        }
    }

    /// Holds back all notifications until `time` has passed, in place of an earlier end.
    pub(super) fn mute_at(&mut self, now: Tick, time: Duration) {
        let since = self.muted.map_or(now, |(since, _)| since);
        self.muted = Some((since, now.after(time)));
    }

    /// How long notifications are still held back.
    pub(super) fn muted_at(&self, now: Tick) -> Option<Duration> {
        self.muted
            .map(|(_, until)| until.since(now))
            .filter(|left| !left.is_zero())
    }

    /// Lets notifications through again; returns how long they were held back, if they were.
    pub(super) fn end_mute_at(&mut self, now: Tick) -> Option<Duration> {
        self.muted
            .take()
            .map(|(since, until)| until.min(now).since(since))
    }

    /// Gives what came together; the digest is the first notification of a new minute.
    pub(super) fn take_at(&mut self, now: Tick) -> (Vec<Part>, u64) {
        (self.begin, self.sent) = (now, 1);
        (
            std::mem::take(&mut self.parts),
            std::mem::take(&mut self.nameless),
        )
    }

    /// When the digest is due, if there is to be one.
    pub(super) fn next_due(&self) -> Option<Tick> {
        let of_minute = || (!self.is_empty()).then(|| self.begin.after(MINUTE));
        self.muted.map(|(_, until)| until).or_else(of_minute)
    }
}
