//! The digest of one channel, which collects the notifications beyond the limit of a minute. No clock,
//! no lock, no I/O.

use super::plan::Key;
use crate::{event::Severity, time::Tick};
use std::time::Duration;

/// The running minute of one channel.
#[derive(Debug, Default)]
pub(super) struct Digest {
    begin: Tick,
    sent: u64,
    parts: Vec<Part>,
    /// Occurrences of which nothing but their number is known.
    nameless: u64,
    /// Start and end of a time in which all notifications are held back.
    muted: Option<(Tick, Tick)>,
}

/// A notification beyond the limit.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The slot that has its line, and waits for the settlement of the digest.
    pub(super) key: Option<Key>,
    pub(super) level: Severity,
    /// Its line, if no slot has one.
    pub(super) title: Option<String>,
    /// How many were held back before it, if no slot has the number.
    pub(super) held_back: u64,
    /// Whether it is about an occurrence of its own, and not only about those that were held back.
    pub(super) is_fresh: bool,
}

/// How many lines a digest has; further parts are counted in one more.
pub(super) const MAX_LINES: usize = 50;
/// Beyond this many, parts are only counted.
const MAX_PARTS: usize = 20_000;
const MINUTE: Duration = Duration::from_secs(60);

impl Digest {
    /// Returns `true` if the minute has room for a notification.
    pub(super) fn admits_at(&mut self, now: Tick, max: u64) -> bool {
        // What was held back is sent first.
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

    /// Adds a notification. Returns whether it will have a line of its own, or `None` if it is only
    /// counted.
    pub(super) fn add(&mut self, part: Part) -> Option<bool> {
        if self.parts.len() >= MAX_PARTS {
            self.nameless += part.held_back + u64::from(part.is_fresh);
            return None;
        }
        self.parts.push(part);
        Some(self.parts.len() <= MAX_LINES)
    }

    /// Counts occurrences without a line.
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

    /// Holds back all notifications until `time` has passed, instead of an earlier end.
    pub(super) fn mute_at(&mut self, now: Tick, time: Duration) {
        let since = self.muted.map_or(now, |(since, _)| since);
        self.muted = Some((since, now.after(time)));
    }

    /// Returns how long all notifications are still held back.
    pub(super) fn muted_at(&self, now: Tick) -> Option<Duration> {
        self.muted
            .map(|(_, until)| until.since(now))
            .filter(|left| !left.is_zero())
    }

    /// Passes notifications again. Returns how long they were held back, if they were.
    pub(super) fn end_mute_at(&mut self, now: Tick) -> Option<Duration> {
        self.muted
            .take()
            .map(|(since, until)| until.min(now).since(since))
    }

    /// Takes the parts; the digest is the first notification of a new minute.
    pub(super) fn take_at(&mut self, now: Tick) -> (Vec<Part>, u64) {
        (self.begin, self.sent) = (now, 1);
        (
            std::mem::take(&mut self.parts),
            std::mem::take(&mut self.nameless),
        )
    }

    /// Returns when the digest is due, if there is to be one.
    pub(super) fn next_due(&self) -> Option<Tick> {
        let of_minute = || (!self.is_empty()).then(|| self.begin.after(MINUTE));
        self.muted.map(|(_, until)| until).or_else(of_minute)
    }
}
