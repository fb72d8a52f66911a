//! The end of everything, in order and in time.

use std::{fmt, time::Duration};

/// What the shutdown of one part came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartReport {
    /// The part, for example `health`, `alerts` or `journal`; `rollbacks` where rollbacks of
    /// dropped transactions still ran as tasks.
    pub part: &'static str,
    /// How many of its entries reached their goal.
    pub sent: u64,
    /// How many are kept for the next start.
    pub kept: u64,
    /// How many are lost.
    pub dropped: u64,
    /// Whether it ended within the deadline.
    pub in_time: bool,
}

/// What a flush of the whole came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlushReport {
    pub(crate) parts: Vec<PartReport>,
    pub(crate) elapsed: Duration,
}

impl FlushReport {
    /// Returns the parts in the order in which they were flushed: `alerts` and `journal`, those of
    /// them that there are.
    #[must_use]
    pub fn parts(&self) -> &[PartReport] {
        &self.parts
    }

    /// Returns the part of that name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&PartReport> {
        self.parts.iter().find(|part| part.part == name)
    }

    /// Returns how long it took.
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

/// What the shutdown of the whole came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutdownReport {
    pub(crate) parts: Vec<PartReport>,
    pub(crate) elapsed: Duration,
    pub(crate) guards_left: usize,
}

impl ShutdownReport {
    /// Returns the parts in the order in which they were shut down; none while other guards keep
    /// the system up.
    #[must_use]
    pub fn parts(&self) -> &[PartReport] {
        &self.parts
    }

    /// Returns the part of that name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&PartReport> {
        self.parts.iter().find(|part| part.part == name)
    }

    /// Returns how long it took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns how many guards still keep the system up; 0 if it was shut down.
    #[must_use]
    pub fn guards_left(&self) -> usize {
        self.guards_left
    }

    /// Tells whether every part ended in time and nothing was lost.
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
