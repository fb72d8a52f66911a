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

/// Result of a [flush](super::ErrorSystemGuard::flush) or a
/// [shutdown](super::ErrorSystemGuard::shutdown) of the error system.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorSystem, monitor::journal::MemoryJournal};
/// use std::{sync::Arc, time::Duration};
///
/// let guard = ErrorSystem::builder().journal_in(Arc::new(MemoryJournal::new())).init()?;
/// assert_eq!(guard.flush(Duration::from_secs(2)).guards_left(), 1);
/// let report = guard.shutdown();
/// assert_eq!((report.guards_left(), report.is_clean()), (0, true));
/// assert!(report.to_string().starts_with("the error system was shut down in"));
/// # Ok::<(), gardefou::InitError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemReport {
    pub(super) parts: Vec<PartReport>,
    pub(super) elapsed: Duration,
    pub(super) guards_left: usize,
}

impl SystemReport {
    /// Makes the report of a release that shuts nothing down.
    pub(super) fn still_up(guards_left: usize) -> Self {
        Self {
            parts: Vec::new(),
            elapsed: Duration::ZERO,
            guards_left,
        }
    }

    /// Returns the parts in the order in which they were flushed or shut down: `rollbacks`, if some
    /// still ran; `health`, at a shutdown; `alerts` and `journal`, if they are configured. There are
    /// none where a guard is released and others keep the system up.
    ///
    /// # Examples
    ///
    /// ```
    /// let report = gardefou::init_error_system()?.shutdown();
    /// assert!(report.parts().iter().all(|part| part.in_time));
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    #[must_use]
    pub fn parts(&self) -> &[PartReport] {
        &self.parts
    }

    /// Returns the part of this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, ErrorSystem, monitor::journal::MemoryJournal, report};
    /// use std::{sync::Arc, time::Duration};
    ///
    /// let guard = ErrorSystem::builder().journal_in(Arc::new(MemoryJournal::new())).init()?;
    /// report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let flushed = guard.flush(Duration::from_secs(2));
    /// assert_eq!(flushed.part("journal").map(|part| part.sent), Some(1));
    /// assert_eq!(flushed.part("alerts"), None);
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&PartReport> {
        self.parts.iter().find(|part| part.part == name)
    }

    /// Returns the duration of the flush or shutdown.
    ///
    /// # Examples
    ///
    /// ```
    /// let _guard = gardefou::init_error_system()?;
    /// let other = gardefou::init_error_system()?;
    /// assert!(other.shutdown().elapsed().is_zero(), "nothing was shut down");
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns how many guards still keep the system up; 0 if it is down.
    ///
    /// # Examples
    ///
    /// ```
    /// let (first, second) = (gardefou::init_error_system()?, gardefou::init_error_system()?);
    /// assert_eq!(first.shutdown().guards_left(), 1);
    /// assert_eq!(second.shutdown().guards_left(), 0);
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    #[must_use]
    pub fn guards_left(&self) -> usize {
        self.guards_left
    }

    /// Returns `true` if every part ended in time and nothing was lost so far.
    ///
    /// # Examples
    ///
    /// ```
    /// let guard = gardefou::init_error_system()?;
    /// assert!(guard.flush(std::time::Duration::from_secs(2)).is_clean());
    /// # Ok::<(), gardefou::InitError>(())
    /// ```
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.parts
            .iter()
            .all(|part| part.in_time && part.dropped == 0)
    }
}

impl fmt::Display for SystemReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.guards_left {
            0 => write!(f, "the error system was shut down in {:.1?}", self.elapsed)?,
            1 => f.write_str("the error system is up, held by 1 guard")?,
            guards => write!(f, "the error system is up, held by {guards} guards")?,
        }
        for PartReport {
            part,
            sent,
            kept,
            dropped,
            in_time,
        } in &self.parts
        {
            let late = if *in_time { "" } else { ", not in time" };
            write!(
                f,
                "; {part}: {sent} sent, {kept} kept, {dropped} dropped{late}"
            )?;
        }
        Ok(())
    }
}
