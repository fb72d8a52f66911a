//! Tick: a point on a clock's monotonic time line.

use std::time::Duration;

/// A point in monotonic time: whole nanoseconds since an origin that the clock chose.
///
/// Ticks of one clock can be compared and subtracted; those of different clocks have nothing to do
/// with each other. One fits an atomic word, and 64 bits last for 584 years. All arithmetic
/// saturates.
///
/// # Examples
///
/// ```
/// use gardefou::time::Tick;
/// use std::time::Duration;
///
/// let start = Tick::from_nanos(5);
/// let later = start.after(Duration::from_nanos(10));
/// assert_eq!(later.since(start), Duration::from_nanos(10));
/// assert_eq!(start.since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(u64);

impl Tick {
    /// The clock's origin.
    pub const ZERO: Self = Self(0);
    /// The last tick there is: "never" for a deadline.
    pub const MAX: Self = Self(u64::MAX);

    /// Makes the tick that lies `nanos` nanoseconds after the clock's origin.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::Tick;
    /// use std::time::Duration;
    ///
    /// let tick = Tick::from_nanos(5);
    /// assert_eq!(tick.since(Tick::ZERO), Duration::from_nanos(5));
    /// ```
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns the nanoseconds since the clock's origin.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::Tick;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Tick::ZERO.after(Duration::from_micros(3)).as_nanos(), 3000);
    /// ```
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns the tick that lies `duration` later, or [`Tick::MAX`] where that is past the end of
    /// time.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::Tick;
    /// use std::time::Duration;
    ///
    /// let deadline = Tick::from_nanos(5).after(Duration::from_nanos(10));
    /// assert_eq!(deadline, Tick::from_nanos(15));
    /// assert_eq!(deadline.after(Duration::MAX), Tick::MAX);
    /// ```
    #[must_use]
    pub const fn after(self, duration: Duration) -> Self {
        self.after_nanos(saturating_nanos(duration))
    }

    /// As [`after`](Self::after), for nanoseconds.
    pub(crate) const fn after_nanos(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// Returns the time from `earlier` to this tick, or zero where `earlier` is the later one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::Tick;
    /// use std::time::Duration;
    ///
    /// let (start, end) = (Tick::from_nanos(5), Tick::from_nanos(15));
    /// assert_eq!(end.since(start), Duration::from_nanos(10));
    /// assert_eq!(start.since(end), Duration::ZERO);
    /// ```
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Returns the nanoseconds of a duration, or `u64::MAX` (584 years) for a longer one.
pub(crate) const fn saturating_nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos > u64::MAX as u128 {
        u64::MAX
    } else {
        nanos as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_the_end_of_time() {
        assert_eq!(Tick::from_nanos(1).after(Duration::MAX), Tick::MAX);
        assert_eq!(Tick::MAX.after(Duration::from_nanos(1)), Tick::MAX);
    }
}
