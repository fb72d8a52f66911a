//! Attempt under way.

use super::{
    current::CURRENT,
    series::{PackedSeries, Series},
};

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
/// Loops by hand around [`Run`](crate::retry::Run) have no attempt, because the library does not
/// see where one begins.
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

/// Returns the series of attempts under way.
#[inline]
pub(crate) fn series() -> Series {
    CURRENT.with(|current| current.series.get()).unpack()
}

/// Returns the series of attempts under way, packed.
pub(crate) fn packed_series() -> PackedSeries {
    CURRENT.with(|current| current.series.around())
}
