//! Timestamp: a point in wall-clock time, as RFC 3339.

use crate::digits::{as_text, decimal};
use std::{
    error::Error,
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

/// A point in time in UTC, exact to the millisecond; its text is RFC 3339, for example
/// `2026-03-01T07:05:09.250Z`.
///
/// Texts of equal length sort as the points in time do. Years before 0 and after 9999 are not
/// representable: times outside are moved to the nearest that is.
///
/// # Examples
///
/// ```
/// use gardefou::time::Timestamp;
/// use std::time::{Duration, SystemTime};
///
/// let stamp = Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_millis(951_782_400_250));
/// assert_eq!(stamp.to_string(), "2000-02-29T00:00:00.250Z");
/// assert_eq!(stamp.day(), "2000-02-29");
/// assert_eq!("2000-02-29T00:00:00.250Z".parse(), Ok(stamp));
/// assert_eq!(Timestamp::from(SystemTime::from(stamp)), stamp);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Since 1970-01-01T00:00:00Z, negative before it.
    millis: i64,
}

const MILLIS_PER_DAY: i64 = 86_400_000;
/// 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z.
const FIRST: i64 = -62_167_219_200_000;
const LAST: i64 = 253_402_300_799_999;

impl Timestamp {
    /// Makes the point in time that lies `millis` milliseconds after the Unix epoch.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_unix_millis(1500).to_string(), "1970-01-01T00:00:01.500Z");
    /// assert_eq!(Timestamp::from_unix_millis(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
    /// ```
    #[must_use]
    pub fn from_unix_millis(millis: i64) -> Self {
        Self {
            millis: millis.clamp(FIRST, LAST),
        }
    }

    /// Returns the milliseconds since the Unix epoch.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::Timestamp;
    ///
    /// let stamp: Timestamp = "1970-01-01T00:00:01.500Z".parse()?;
    /// assert_eq!(stamp.as_unix_millis(), 1500);
    /// # Ok::<(), gardefou::time::InvalidTimestamp>(())
    /// ```
    #[must_use]
    pub const fn as_unix_millis(self) -> i64 {
        self.millis
    }

    /// Returns the UTC day, for example `2026-03-01`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::Timestamp;
    ///
    /// let stamp: Timestamp = "2026-03-01T07:05:09Z".parse()?;
    /// assert_eq!(stamp.day(), "2026-03-01");
    /// assert_eq!(stamp.day().parse(), Ok(Timestamp::from_unix_millis(1_772_323_200_000)), "the start of the day");
    /// # Ok::<(), gardefou::time::InvalidTimestamp>(())
    /// ```
    #[must_use]
    pub fn day(self) -> String {
        as_text(&self.to_ascii()[..10]).to_owned()
    }

    /// Returns the time from `earlier` to this one, or zero where `earlier` is the later one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::Timestamp;
    /// use std::time::Duration;
    ///
    /// let (start, end): (Timestamp, Timestamp) = ("2026-03-01".parse()?, "2026-03-02T00:00:05Z".parse()?);
    /// assert_eq!(end.since(start), Duration::from_secs(86_405));
    /// assert_eq!(start.since(end), Duration::ZERO);
    /// # Ok::<(), gardefou::time::InvalidTimestamp>(())
    /// ```
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let millis = self.millis.saturating_sub(earlier.millis);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

impl Timestamp {
    /// Returns the text, which is ASCII.
    fn to_ascii(self) -> [u8; 24] {
        let (year, month, day) = civil_from_days(self.millis.div_euclid(MILLIS_PER_DAY));
        let of_day = self.millis.rem_euclid(MILLIS_PER_DAY);
        let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
        let (second, milli) = (of_day / 1000 % 60, of_day % 1000);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let places = [0..4, 5..7, 8..10, 11..13, 14..16, 17..19, 20..23];
        let numbers = [year, month, day, hour, minute, second, milli];
        for (place, number) in places.into_iter().zip(numbers) {
            // From year 0 to 9999, and all others are small.
            decimal(number.unsigned_abs() as u32, &mut text[place]);
        }
        text
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let whole = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_unix_millis(match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => whole(after),
            Err(before) => whole(before.duration()).saturating_neg(),
        })
    }
}

impl From<Timestamp> for SystemTime {
    fn from(stamp: Timestamp) -> Self {
        let (epoch, distance) = (
            Self::UNIX_EPOCH,
            Duration::from_millis(stamp.millis.unsigned_abs()),
        );
        let time = match stamp.millis {
            ..0 => epoch.checked_sub(distance),
            _ => epoch.checked_add(distance),
        };
        // Not every system has all of these years.
        time.unwrap_or(epoch)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(as_text(&self.to_ascii()))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.as_bytes()).ok_or(InvalidTimestamp)
    }
}

impl serde_core::Serialize for Timestamp {
    fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(as_text(&self.to_ascii()))
    }
}

/// A text is not a UTC time such as `2026-03-01T07:05:09.250Z`; seconds may lack their fraction,
/// and a day alone is its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidTimestamp;

impl fmt::Display for InvalidTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a time is written as 2026-03-01T07:05:09.250Z, 2026-03-01T07:05:09Z or 2026-03-01",
        )
    }
}

impl Error for InvalidTimestamp {}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let number = |at: usize, len: usize| -> Option<i64> {
        let digits = text.get(at..at + len)?;
        digits.iter().try_fold(0, |n, c| {
            c.is_ascii_digit().then(|| n * 10 + i64::from(c - b'0'))
        })
    };
    let is = |at: usize, c: u8| text.get(at) == Some(&c);
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let days = days_from_civil(year, month, day);
    let dated = is(4, b'-') && is(7, b'-') && civil_from_days(days) == (year, month, day);
    let of_day = match text.len() {
        10 => 0,
        20 | 24 => {
            let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
            let milli = if text.len() == 24 && is(19, b'.') {
                number(20, 3)?
            } else {
                0
            };
            let shaped = is(10, b'T') && is(13, b':') && is(16, b':') && is(text.len() - 1, b'Z');
            let whole = text.len() == 20 || is(19, b'.');
            if !(shaped && whole && hour < 24 && minute < 60 && second < 60) {
                return None;
            }
            ((hour * 60 + minute) * 60 + second) * 1000 + milli
        }
        _ => return None,
    };
    dated.then(|| Timestamp::from_unix_millis(days * MILLIS_PER_DAY + of_day))
}

/// Days since 1970-01-01 to year, month and day of the Gregorian calendar.
///
/// Years are counted from 1 March, so that the leap day is the last of its year and every cycle of
/// 400 years (146,097 days) looks the same.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let from_march_0 = days + 719_468;
    let (cycle, of_cycle) = (
        from_march_0.div_euclid(146_097),
        from_march_0.rem_euclid(146_097),
    );
    let of_cycle_year = (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * of_cycle_year + of_cycle_year / 4 - of_cycle_year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (
        cycle * 400 + of_cycle_year + i64::from(month <= 2),
        month,
        day,
    )
}

/// The inverse of [`civil_from_days`]; a day that does not exist gives some other day.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (cycle, of_cycle_year) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    let of_cycle = of_cycle_year * 365 + of_cycle_year / 4 - of_cycle_year / 100 + of_year;
    cycle * 146_097 + of_cycle - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_eight_centuries_round_trips_in_order() {
        let (start, end) = (days_from_civil(1600, 1, 1), days_from_civil(2400, 12, 31));
        let mut before = String::new();
        for day in start..=end {
            let stamp = Timestamp::from_unix_millis(day * MILLIS_PER_DAY);
            assert_eq!(stamp.day().parse(), Ok(stamp));
            assert!(stamp.day() > before, "{} after {before}", stamp.day());
            before = stamp.day();
        }
        assert_eq!(end - start, 292_559);
        assert_eq!(before, "2400-12-31");
    }

    #[test]
    fn malformed_timestamps_are_refused() {
        let odd = [
            "",
            "2026",
            "2026-02-30",
            "2026-13-01",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00,250Z",
            "+026-01-01",
            "2026-01-01T00:00:00.2501Z",
            "é026-01-1",
        ];
        for text in odd {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text}");
        }
    }

    #[test]
    fn conversion_to_system_time_is_the_inverse() {
        for millis in [FIRST, -1001, -1, 0, 1, 951_782_400_250, LAST] {
            let stamp = Timestamp::from_unix_millis(millis);
            assert_eq!(Timestamp::from(SystemTime::from(stamp)), stamp);
        }
    }

    #[test]
    fn times_before_the_epoch_and_beyond_the_calendar_have_texts() {
        assert_eq!(
            Timestamp::from_unix_millis(-1).to_string(),
            "1969-12-31T23:59:59.999Z"
        );
        assert_eq!(
            Timestamp::from_unix_millis(i64::MAX).to_string(),
            "9999-12-31T23:59:59.999Z"
        );
        assert_eq!(
            Timestamp::from_unix_millis(i64::MIN).to_string(),
            "0000-01-01T00:00:00.000Z"
        );
    }
}
