//! Series of attempts around a frame, packed for the thread-local.

use std::{cell::Cell, panic::Location};

/// The retry around the current frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Series {
    pub(crate) index: u32,
    /// Zero outside of every retry.
    pub(crate) max_attempts: u32,
    /// Whether another attempt of an outer retry may follow.
    outer_is_provisional: bool,
    /// Where the retry was built.
    pub(crate) place: Option<&'static Location<'static>>,
}

impl Series {
    /// Returns `true` if another attempt may follow, of this retry or of an outer one.
    pub(crate) const fn is_provisional(self) -> bool {
        self.outer_is_provisional || self.index.saturating_add(1) < self.max_attempts
    }

    /// Returns the attempt, counted from 1, and how many there may be.
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
pub(crate) struct PackedSeries {
    /// The limit in the upper half; in the lower one the index, with the highest bit for a
    /// provisional attempt around.
    numbers: u64,
    place: Option<&'static Location<'static>>,
}

const OUTER: u64 = 1 << 31;
/// Indices beyond it are shown as this one.
const LAST_INDEX: u32 = u32::MAX >> 1;

impl PackedSeries {
    pub(super) const NONE: Self = Self {
        numbers: 0,
        place: None,
    };

    /// The first attempt of a retry, outside of every other one.
    pub(crate) const fn first(max_attempts: u32, place: &'static Location<'static>) -> Self {
        Self {
            numbers: (max_attempts as u64) << 32,
            place: Some(place),
        }
    }

    /// Returns the attempt `index` of the retry whose [`first`](Self::first) this is.
    #[inline]
    pub(super) const fn at(self, index: u32) -> Self {
        let index = if index < LAST_INDEX {
            index
        } else {
            LAST_INDEX
        };
        Self {
            numbers: self.numbers | index as u64,
            ..self
        }
    }

    /// Returns the same series, inside of an attempt of `outer`.
    pub(super) const fn inside(self, outer: Self) -> Self {
        if outer.unpack().is_provisional() {
            self.provisional()
        } else {
            self
        }
    }

    /// Returns the same series, inside of something that may make another attempt.
    #[inline]
    pub(super) const fn provisional(self) -> Self {
        Self {
            numbers: self.numbers | OUTER,
            ..self
        }
    }

    #[inline]
    pub(crate) const fn is_none(self) -> bool {
        self.numbers == 0
    }

    /// Returns `true` if both are the same attempt of the same retry, or none, whatever else around
    /// them may make another attempt.
    pub(crate) fn is_same_attempt(self, other: Self) -> bool {
        let address = |series: Self| series.place.map(std::ptr::from_ref);
        let numbers = self.numbers & !OUTER;
        // Outside of every retry the place is any retry's.
        numbers == other.numbers & !OUTER && (numbers == 0 || address(self) == address(other))
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

/// The [`PackedSeries`] series of a thread, word by word: what is written as two words and read as
/// one of twice the size makes the processor wait. The words are separated, so that the compiler
/// does not join them.
#[derive(Debug)]
#[repr(C)]
pub(super) struct SeriesCell {
    numbers: Cell<u64>,
    apart: u64,
    /// Any retry's outside of every retry: leaving the outermost one does not write it.
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
    pub(super) fn get(&self) -> PackedSeries {
        PackedSeries {
            numbers: self.numbers.get(),
            place: self.place.get(),
        }
    }

    #[inline]
    pub(super) fn set(&self, series: PackedSeries) {
        self.numbers.set(series.numbers);
        self.place.set(series.place);
    }

    #[inline]
    pub(super) fn replace(&self, series: PackedSeries) -> PackedSeries {
        let outer = self.get();
        self.set(series);
        outer
    }

    /// Returns the series under way, or [`PackedSeries::NONE`] with one load.
    #[inline]
    pub(super) fn around(&self) -> PackedSeries {
        if self.numbers.get() == 0 {
            PackedSeries::NONE
        } else {
            self.get()
        }
    }

    /// Returns to what was around an attempt.
    #[inline]
    pub(super) fn leave(&self, outer: PackedSeries) {
        self.numbers.set(outer.numbers);
        if !outer.is_none() {
            self.place.set(outer.place);
        }
    }
}
