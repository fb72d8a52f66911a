//! Which attempt of which retry runs.

use super::current::CURRENT;
use std::{cell::Cell, panic::Location};

/// An attempt of a retry: its index and how many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Which attempt this is, counted from 0.
    pub index: u32,
    /// How many attempts there may be.
    pub max_attempts: u32,
}

impl Attempt {
    pub(crate) const fn new(index: u32, max_attempts: u32) -> Self {
        Self {
            index,
            max_attempts,
        }
    }

    /// Returns `true` if no other attempt can follow.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::Retry, time::ManualClock};
    ///
    /// let retry = Retry::builder().max_retries(2).clock(ManualClock::new()).build()?;
    /// let from = retry.call_with(|attempt| if attempt.is_last() { Ok("the fallback") } else { Err("primary down") });
    /// assert_eq!(from, Ok("the fallback"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.index.saturating_add(1) >= self.max_attempts
    }
}

/// Returns the attempt under way: that of the innermost retry around the caller, or `None` outside
/// of every retry.
///
/// Loops that are written by hand around [`Run`](crate::retry::Run) have no attempt, since the
/// library does not see where one begins.
///
/// # Examples
///
/// ```
/// use gardefou::{call, retry};
///
/// #[retry(max_retries = 1, initial_delay = 0)]
/// fn fetch() -> Result<u32, String> {
///     let attempt = call::attempt().expect("a retry is under way");
///     if attempt.is_last() { Ok(attempt.index) } else { Err("connection reset".into()) }
/// }
///
/// assert_eq!(fetch(), Ok(1));
/// ```
#[must_use]
pub fn attempt() -> Option<Attempt> {
    let series = series();
    (series.max_attempts != 0).then_some(Attempt::new(series.index, series.max_attempts))
}

/// What the current frame knows of the retry around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Series {
    pub(crate) index: u32,
    /// Zero outside of every retry.
    pub(crate) max_attempts: u32,
    /// Whether the attempt of a retry further out may be followed by another one.
    outer_is_provisional: bool,
    /// Where the retry was built.
    pub(crate) place: Option<&'static Location<'static>>,
}

impl Series {
    /// Returns `true` if what happens now may be undone by another attempt.
    pub(crate) const fn is_provisional(self) -> bool {
        self.outer_is_provisional || self.index.saturating_add(1) < self.max_attempts
    }

    /// The attempt, counted from 1, and how many there may be.
    pub(crate) const fn number(self) -> Option<(u32, u32)> {
        if self.max_attempts == 0 {
            None
        } else {
            Some((self.index.saturating_add(1), self.max_attempts))
        }
    }
}

/// A [`Series`] in two words: entering an attempt that succeeds costs a few loads and stores.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packed {
    /// The limit in the upper half; in the lower one the index, with the highest bit for a
    /// provisional attempt around.
    numbers: u64,
    place: Option<&'static Location<'static>>,
}

const OUTER: u64 = 1 << 31;
/// Indices beyond it are shown as this one.
const LAST_INDEX: u32 = u32::MAX >> 1;

impl Packed {
    pub(super) const NONE: Self = Self {
        numbers: 0,
        place: None,
    };

    #[inline]
    pub(super) fn new(
        index: u32,
        max_attempts: u32,
        place: &'static Location<'static>,
        outer: Self,
    ) -> Self {
        let provisional = if outer.is_none() || !outer.unpack().is_provisional() {
            0
        } else {
            OUTER
        };
        let numbers =
            u64::from(max_attempts) << 32 | provisional | u64::from(index.min(LAST_INDEX));
        Self {
            numbers,
            place: Some(place),
        }
    }

    #[inline]
    pub(crate) const fn is_none(self) -> bool {
        self.numbers == 0
    }

    pub(crate) const fn unpack(self) -> Series {
        Series {
            index: self.numbers as u32 & LAST_INDEX,
            max_attempts: (self.numbers >> 32) as u32,
            outer_is_provisional: self.numbers & OUTER != 0,
            place: self.place,
        }
    }
}

/// The [`Packed`] series of a thread, word by word: what is written as two words and read as one of
/// twice the size makes the processor wait. The words stand apart, so that the compiler does not
/// join them.
#[derive(Debug)]
#[repr(C)]
pub(super) struct SeriesCell {
    numbers: Cell<u64>,
    apart: u64,
    place: Cell<Option<&'static Location<'static>>>,
}

impl SeriesCell {
    pub(super) const fn new() -> Self {
        Self {
            numbers: Cell::new(0),
            apart: 0,
            place: Cell::new(None),
        }
    }

    #[inline]
    pub(super) fn get(&self) -> Packed {
        Packed {
            numbers: self.numbers.get(),
            place: self.place.get(),
        }
    }

    #[inline]
    pub(super) fn replace(&self, series: Packed) -> Packed {
        Packed {
            numbers: self.numbers.replace(series.numbers),
            place: self.place.replace(series.place),
        }
    }
}

/// Returns the series of attempts under way.
#[inline]
pub(crate) fn series() -> Series {
    CURRENT.with(|current| current.series.get()).unpack()
}
