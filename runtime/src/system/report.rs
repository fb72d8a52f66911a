//! Reports of a flush and of a shutdown.

use std::{fmt, time::Duration};

/// Result of the flush or shutdown of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartReport {
    /// The part, for example `health`, `alerts` or `journal`; `rollbacks` where rollbacks of
    /// dropped transactions still ran as tasks.
    pub part: &'static str,
    /// How many of its entries were delivered or written.
    pub sent: u64,
    /// How many are kept for the next start.
    pub kept: u64,
    /// How many are lost.
    pub dropped: u64,
    /// Whether the part ended within the deadline.
    pub in_time: bool,
}

/// Result of a flush of the error system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlushReport {
    pub(crate) parts: Vec<PartReport>,
    pub(crate) elapsed: Duration,
}

impl FlushReport {
    /// Returns the parts in the order in which they were flushed: `alerts` and `journal`, if they are
    /// configured.
    #[must_use]
    pub fn parts(&self) -> &[PartReport] {
        &self.parts
    }

    /// Returns the part of this name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&PartReport> {
        self.parts.iter().find(|part| part.part == name)
    }

    /// Returns the duration of the flush.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns `true` if every part was flushed in time and nothing was lost so far.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.parts
            .iter()
            .all(|part| part.in_time && part.dropped == 0)
    }
}

/// Result of a shutdown of the error system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutdownReport {
    pub(crate) parts: Vec<PartReport>,
    pub(crate) elapsed: Duration,
    pub(crate) guards_left: usize,
}

impl ShutdownReport {
    /// Makes the report of a release that shuts nothing down.
    pub(super) fn still_up(guards_left: usize) -> Self {
        Self {
            parts: Vec::new(),
            elapsed: Duration::ZERO,
            guards_left,
        }
    }

    /// Returns the parts in the order in which they were shut down; none while other guards keep
    /// the system up.
    #[must_use]
    pub fn parts(&self) -> &[PartReport] {
        &self.parts
    }

    /// Returns the part of this name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&PartReport> {
        self.parts.iter().find(|part| part.part == name)
    }

    /// Returns the duration of the shutdown.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns how many guards still keep the system up; 0 if it is down.
    #[must_use]
    pub fn guards_left(&self) -> usize {
        self.guards_left
    }

    /// Returns `true` if every part ended in time and nothing was lost.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.parts
            .iter()
            .all(|part| part.in_time && part.dropped == 0)
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.guards_left > 0 {
            return write!(
                f,
                "the error system stays up for {} other guards",
                self.guards_left
            );
        }
        write!(f, "the error system was shut down in {:.1?}", self.elapsed)?;
        for part in &self.parts {
            let PartReport {
                part,
                sent,
                kept,
                dropped,
                in_time,
            } = part;
            let late = if *in_time { "" } else { ", not in time" };
            write!(
                f,
                "; {part}: {sent} sent, {kept} kept, {dropped} dropped{late}"
            )?;
        }
        Ok(())
    }
}
