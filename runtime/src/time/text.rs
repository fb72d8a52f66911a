//! Durations as texts, for example `250ms` or `1m30s`.

use std::time::Duration;

/// The units, longest first, and their nanoseconds.
const UNITS: [(&str, u128); 9] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// Parses a unit without a number, which stands for one of it.
pub(crate) fn parse_unit(text: &str) -> Option<Duration> {
    let (_, nanos) = UNITS.iter().find(|(unit, _)| *unit == text)?;
    from_nanos(*nanos)
}

/// Parses a time such as `500ms` or `1m30s`: numbers with their units, the longest first. The
/// attributes parse the same texts at compile time.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let (mut rest, mut total, mut last) = (text.trim(), 0u128, u128::MAX);
    while !rest.is_empty() {
        let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == '_';
        let (number, after) = rest.split_at(rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_alphabetic());
        let (unit, next) = after.split_at(end.unwrap_or(after.len()));
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
        if *nanos >= last {
            return None;
        }
        last = *nanos;
        total = total.checked_add(scaled(number, *nanos)?)?;
        rest = next.trim_start();
    }
    (last != u128::MAX).then(|| from_nanos(total))?
}

/// Multiplies a decimal number by a unit, exactly; fractions of a nanosecond are dropped.
fn scaled(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let mut nanos = parse_digits(whole)?.checked_mul(unit)?;
    let mut unit_of_digit = unit;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    for digit in fraction.bytes() {
        unit_of_digit /= 10;
        nanos = nanos.checked_add(u128::from(digit - b'0') * unit_of_digit)?;
    }
    Some(nanos)
}

/// Parses an integer, in which `_` may stand between digits.
pub(crate) fn parse_digits(text: &str) -> Option<u128> {
    let is_digits = text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_');
    // A longer number saturates: it is out of every range.
    is_digits.then(|| text.replace('_', "").parse().unwrap_or(u128::MAX))
}

fn from_nanos(nanos: u128) -> Option<Duration> {
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
    Some(Duration::new(seconds, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, nanos) in [
            ("250ms", 250_000_000),
            ("1m30s", 90_000_000_000),
            (" 1.5 s ", 1_500_000_000),
            ("1_000us", 1_000_000),
        ] {
            assert_eq!(
                parse_duration(text),
                Some(Duration::from_nanos(nanos)),
                "{text}"
            );
        }
        for text in ["", "s", "5", "1s1m", "1 week", "-1s", "1e3s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
