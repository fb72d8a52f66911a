//! Rate: how many calls in which time.

use crate::{
    error::ConfigError,
    name,
    time::{parse_digits, parse_duration, parse_unit, saturating_nanos},
};
use std::{fmt, str::FromStr, time::Duration};

/// How many calls in which time, for example 100 in a second.
///
/// Its text is the number of calls, a slash and the time: `100/s`, `600/m`, `10/h`, `5/d`, `1/500ms`,
/// `20/1m30s`. Units are `ns`, `us`, `ms`, `s`, `m` (or `min`), `h` and `d`; a unit alone is one of it.
/// Blanks around the slash and `_` in numbers are allowed.
///
/// Permits come one by one: at a rate of `60/m` one each second. The time between two of them is
/// rounded up to a whole nanosecond, so that the limit is never exceeded; at a million calls a
/// second that makes at most 0.1 %.
///
/// # Examples
///
/// ```
/// use gardefou::rate_limit::Rate;
/// use std::time::Duration;
///
/// let rate: Rate = "600/m".parse()?;
/// assert_eq!(rate, Rate::per_minute(600));
/// assert_eq!((rate.count(), rate.period()), (600, Duration::from_secs(60)));
/// assert_eq!("1 / 500ms".parse(), Ok(Rate::every(Duration::from_millis(500))));
/// assert_eq!(rate.to_string(), "600/m");
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    count: u32,
    period: Duration,
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

impl Rate {
    /// Makes the rate of `count` calls in each `period`.
    ///
    /// The builder of a limiter checks it: at least one call, and from one in 292 years to one each
    /// nanosecond.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::Rate;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Rate::new(20, Duration::from_secs(90)).to_string(), "20/90s");
    /// ```
    #[must_use]
    pub const fn new(count: u32, period: Duration) -> Self {
        Self { count, period }
    }

    /// Makes the rate of `count` calls a second.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::Rate;
    ///
    /// assert_eq!("100/s".parse(), Ok(Rate::per_second(100)));
    /// ```
    #[must_use]
    pub const fn per_second(count: u32) -> Self {
        Self::new(count, SECOND)
    }

    /// Makes the rate of `count` calls a minute.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::Rate;
    ///
    /// assert_eq!("600/m".parse(), Ok(Rate::per_minute(600)));
    /// ```
    #[must_use]
    pub const fn per_minute(count: u32) -> Self {
        Self::new(count, MINUTE)
    }

    /// Makes the rate of `count` calls an hour.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::Rate;
    ///
    /// assert_eq!("10/h".parse(), Ok(Rate::per_hour(10)));
    /// ```
    #[must_use]
    pub const fn per_hour(count: u32) -> Self {
        Self::new(count, HOUR)
    }

    /// Makes the rate of one call in each `period`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::Rate;
    /// use std::time::Duration;
    ///
    /// assert_eq!("1/500ms".parse(), Ok(Rate::every(Duration::from_millis(500))));
    /// ```
    #[must_use]
    pub const fn every(period: Duration) -> Self {
        Self::new(1, period)
    }

    /// Returns the number of calls.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::Rate;
    ///
    /// assert_eq!(Rate::per_second(100).count(), 100);
    /// ```
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Returns the time in which so many calls are let through.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::Rate;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Rate::per_minute(600).period(), Duration::from_secs(60));
    /// ```
    #[must_use]
    pub const fn period(self) -> Duration {
        self.period
    }

    /// Returns the nanoseconds between two calls, at least 1, or the rule that the rate breaks.
    pub(super) fn interval(self) -> Result<u64, &'static str> {
        let period = saturating_nanos(self.period);
        match u64::from(self.count) {
            0 => Err("must be at least 1 call"),
            _ if period > u64::MAX / 2 => Err("must be over a time of at most 292 years"),
            count if period < count => Err("must be at most 1 call in each nanosecond"),
            count => Ok(period.div_ceil(count)),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, period } = *self;
        match period {
            SECOND => write!(f, "{count}/s"),
            MINUTE => write!(f, "{count}/m"),
            HOUR => write!(f, "{count}/h"),
            DAY => write!(f, "{count}/d"),
            _ => write!(f, "{count}/{period:?}"),
        }
    }
}

impl FromStr for Rate {
    type Err = ConfigError;

    /// Parses a text such as `100/s`.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let malformed = || {
            let rule = "must be a number of calls, a slash and a time, for example \"100/s\" or \"1/500ms\"";
            ConfigError::new("rate", name::shown(text), rule)
        };
        let (count, period) = text.split_once('/').ok_or_else(malformed)?;
        let count = parse_digits(count.trim()).ok_or_else(malformed)?;
        let count = u32::try_from(count).map_err(|_| {
            let rule = format!("must be at most {} calls", u32::MAX);
            ConfigError::new("rate", name::shown(text), rule)
        })?;
        let period = period.trim();
        let period = parse_unit(period)
            .or_else(|| parse_duration(period))
            .ok_or_else(malformed)?;
        Ok(Self { count, period })
    }
}

/// How the rate of a limiter is given: as a [`Rate`], or as its text.
#[derive(Clone, Debug)]
pub struct RateSetting(pub(super) Result<Rate, ConfigError>);

impl From<Rate> for RateSetting {
    fn from(rate: Rate) -> Self {
        Self(Ok(rate))
    }
}

impl From<&str> for RateSetting {
    fn from(text: &str) -> Self {
        Self(text.parse())
    }
}

impl From<String> for RateSetting {
    fn from(text: String) -> Self {
        Self(text.parse())
    }
}

impl From<&String> for RateSetting {
    fn from(text: &String) -> Self {
        Self(text.parse())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_a_count_a_slash_and_a_time() {
        let ms = Duration::from_millis;
        for (text, count, period) in [
            ("100/s", 100, SECOND),
            ("600/m", 600, MINUTE),
            ("600/min", 600, MINUTE),
            ("10/h", 10, HOUR),
            ("5/d", 5, DAY),
            ("1/500ms", 1, ms(500)),
            (" 1_000 / 1.5 s ", 1000, ms(1500)),
            ("20/1m30s", 20, ms(90_000)),
            ("7/1h 2m", 7, ms(3_720_000)),
            ("3/10us", 3, Duration::from_micros(10)),
            ("3/10µs", 3, Duration::from_micros(10)),
            ("1/ns", 1, Duration::from_nanos(1)),
            ("0/s", 0, SECOND),
            ("1/0s", 1, Duration::ZERO),
        ] {
            assert_eq!(text.parse(), Ok(Rate::new(count, period)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_form() {
        for text in [
            "",
            "100",
            "/s",
            "100/",
            "-1/s",
            "1.5/s",
            "100/parsec",
            "100/30",
            "100/1s1m",
            "100/1s1s",
            "100/1s1000",
            "100/s/s",
            "100/.s",
            "100/1.s",
            "100/1.2.3s",
            "_1/s",
            "1/_1s",
            "1 per 500ms",
            "100/99999999999999999999999999999999999999999d",
            "100/s s",
        ] {
            let err = text.parse::<Rate>().unwrap_err();
            assert_eq!(err.field(), "rate", "{text}");
            assert!(err.rule().contains("\"100/s\""), "{text}: {err}");
        }
        let err = "5000000000/s".parse::<Rate>().unwrap_err();
        assert_eq!(
            err.to_string(),
            "`rate` = \"5000000000/s\": must be at most 4294967295 calls"
        );
    }

    #[test]
    fn interval_is_rounded_up_and_has_a_range() {
        assert_eq!(Rate::per_second(3).interval(), Ok(333_333_334));
        assert_eq!(Rate::per_second(1_000_000_000).interval(), Ok(1));
        assert_eq!(Rate::per_second(600_000_000).interval(), Ok(2));
        let century = Duration::from_secs(100 * 365 * 86_400);
        assert_eq!(
            Rate::every(century).interval(),
            Ok(3_153_600_000_000_000_000)
        );
        assert!(Rate::per_second(0).interval().is_err());
        assert!(Rate::per_second(1_000_000_001).interval().is_err());
        assert!(Rate::every(Duration::ZERO).interval().is_err());
        assert!(Rate::every(Duration::MAX).interval().is_err());
        assert!(Rate::every(3 * century).interval().is_err());
    }

    proptest! {
        #[test]
        fn every_rate_is_read_back_from_its_text(count: u32, nanos: u64) {
            for period in [Duration::from_nanos(nanos), Duration::from_secs(nanos), DAY] {
                let rate = Rate::new(count, period);
                prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            }
        }

        #[test]
        fn any_text_parses_or_is_refused(text in ".{0,20}|[0-9_. ]{1,12}/[0-9_. ]{0,12}(d|h|m|s|ms|us|ns)?") {
            let _ = text.parse::<Rate>();
        }
    }
}
