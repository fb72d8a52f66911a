//! Times and durations of arguments.

use gardefou::time::{SharedClock, Timestamp};
use std::time::Duration;

/// Returns the present time.
pub(crate) fn now() -> Timestamp {
    SharedClock::default().wall().into()
}

/// Parses a point in time: RFC 3339, a UTC day, or an age.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, &'static str> {
    parse_time_at(text, now())
}

fn parse_time_at(text: &str, now: Timestamp) -> Result<Timestamp, &'static str> {
    let rule = "must be a time such as 2026-03-01T07:05:09Z, a day such as 2026-03-01, or an age of at most 100 years such as 90s, 15m, 2h, 7d or 2w";
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let time = match age(text) {
        Some(age) => now.as_unix_millis().checked_sub(age),
        None => with_offset(text),
    };
    time.map(Timestamp::from_unix_millis).ok_or(rule)
}

/// Parses a number and its unit, in milliseconds.
fn age(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    let age = number.parse::<i64>().ok()?.checked_mul(seconds * 1000)?;
    (age <= 36_525 * 86_400_000).then_some(age)
}

/// Parses the forms of RFC 3339 that a [`Timestamp`] does not write: any fraction, lower case, an
/// offset.
fn with_offset(text: &str) -> Option<i64> {
    if !text.is_ascii() || text.len() < 20 {
        return None;
    }
    let text = text.to_ascii_uppercase();
    let (text, offset) = match text.strip_suffix('Z') {
        Some(rest) => (rest, 0),
        None => {
            let (rest, zone) = text.split_at(text.len() - 6);
            let (sign, zone) = zone.split_at(1);
            let (hours, minutes) = zone.split_once(':')?;
            let (hours, minutes) = (two_digits(hours, 23)?, two_digits(minutes, 59)?);
            let sign = match sign {
                "+" => 1,
                "-" => -1,
                _ => return None,
            };
            (rest, sign * (hours * 60 + minutes) * 60_000)
        }
    };
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let millis: i64 = format!("{fraction:0<3}")[..3].parse().ok()?;
    let time: Timestamp = format!("{seconds}Z").parse().ok()?;
    Some(time.as_unix_millis() + millis - offset)
}

fn two_digits(text: &str, max: i64) -> Option<i64> {
    let is_digits = text.len() == 2 && text.bytes().all(|c| c.is_ascii_digit());
    text.parse().ok().filter(|n| is_digits && *n <= max)
}

/// Parses a duration.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    let rule = "must be a number and a unit, from 1ms to 1h, for example 500ms, 3s or 1m";
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(rule),
    };
    let millis = number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(millis));
    let is_legal = |millis: &u64| (1..=3_600_000).contains(millis);
    millis
        .filter(is_legal)
        .map(Duration::from_millis)
        .ok_or(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_772_348_709_000;

    fn parsed(text: &str) -> Option<String> {
        let time = parse_time_at(text, Timestamp::from_unix_millis(NOW));
        time.ok().map(|time| time.to_string())
    }

    #[test]
    fn times_days_offsets_and_ages_are_times() {
        for (text, expected) in [
            ("2026-03-01", "2026-03-01T00:00:00.000Z"),
            ("2026-03-01T07:05:09Z", "2026-03-01T07:05:09.000Z"),
            ("2026-03-01t07:05:09.2504z", "2026-03-01T07:05:09.250Z"),
            ("2026-03-01T07:05:09.5+02:00", "2026-03-01T05:05:09.500Z"),
            ("2026-03-01T00:05:09-01:30", "2026-03-01T01:35:09.000Z"),
            ("0s", "2026-03-01T07:05:09.000Z"),
            ("90s", "2026-03-01T07:03:39.000Z"),
            ("15m", "2026-03-01T06:50:09.000Z"),
            ("2h", "2026-03-01T05:05:09.000Z"),
            ("7d", "2026-02-22T07:05:09.000Z"),
            ("2w", "2026-02-15T07:05:09.000Z"),
        ] {
            assert_eq!(parsed(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in [
            "",
            "h",
            "2",
            "-2h",
            "2 h",
            "2H",
            "1.5h",
            "99999999999999999999d",
            "36526d",
            "yesterday",
            "2026-02-30",
            "2026-3-1",
            "2026-03-01T07:05:09",
            "2026-03-01T07:05:09.Z",
            "2026-03-01T07:05:09+2:00",
            "2026-03-01T07:05:09+24:00",
            "2026-03-01T07:05:09*02:00",
            "2026-03-01T07:05:09é+02:00",
            "2026-03-01T25:05:09+02:00",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn durations_have_a_unit_and_a_range() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("3s"), Ok(Duration::from_secs(3)));
        assert_eq!(parse_duration("1h"), Ok(Duration::from_secs(3600)));
        for text in ["", "3", "0s", "61m", "-1s", "1.5s", "18446744073709551615h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
