//! The HTTP header `Retry-After`.

use std::time::{Duration, SystemTime};

/// Returns the wait in the value of a `Retry-After` header, in both its forms: seconds, and an HTTP
/// date.
///
/// `now` is the time at which the response arrived; a date before it is no wait. A value of neither
/// form is `None`.
///
/// # Examples
///
/// ```
/// use gardefou::error::parse_retry_after;
/// use std::time::{Duration, SystemTime};
///
/// // 6 November 1994, 08:49:37
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
/// assert_eq!(parse_retry_after("120", now), Some(Duration::from_secs(120)));
/// assert_eq!(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now), Some(Duration::from_secs(30)));
/// assert_eq!(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
/// assert_eq!(parse_retry_after("soon", now), None);
/// ```
#[must_use]
pub fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // So many digits are a long wait, and no mistake.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_all_three_forms_of_a_date_are_read() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let read = |value| parse_retry_after(value, now).map(|wait| wait.as_secs());
        assert_eq!(
            [read("0"), read(" 7 "), read("007")],
            [Some(0), Some(7), Some(7)]
        );
        assert_eq!(read("99999999999999999999999"), Some(u64::MAX));
        for date in [
            "Sun, 06 Nov 1994 08:50:37 GMT",
            "Sunday, 06-Nov-94 08:50:37 GMT",
            "Sun Nov  6 08:50:37 1994",
        ] {
            assert_eq!(read(date), Some(60), "{date}");
        }
        for odd in [
            "",
            " ",
            "-1",
            "+1",
            "1.5",
            "1s",
            "Sun, 06 Nov 1994",
            "\u{0661}",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
