//! Durations: seconds as a number, or a string such as `250ms`, `30s` and `1m30s`.

use super::{Value, typed::literal};
use crate::{diag::Diag, groups::ungrouped};
use quote::quote;
use std::time::Duration;
use syn::{Expr, Lit};

/// The units in messages.
pub(super) const UNIT_NAMES: &str = "`ns`, `us`, `ms`, `s`, `m`, `h` and `d`";

/// Parses a duration: seconds as a number, a string such as `"1m30s"`, or an expression of type
/// `Duration`.
pub(crate) fn duration(
    key: &str,
    expr: Expr,
    zero_is_fine: bool,
    diag: &mut Diag,
) -> Option<Value<Duration>> {
    let expr = ungrouped(expr);
    let Some((negative, lit)) = literal(&expr) else {
        return Value::unknown(expr);
    };
    let (parsed, suffix) = match lit {
        Lit::Int(int) => (parse_seconds(int.base10_digits()), int.suffix()),
        Lit::Float(float) => (parse_seconds(float.base10_digits()), float.suffix()),
        Lit::Str(text) => (parse(&text.value()), ""),
        _ => {
            return diag.refuse(
                &expr,
                format!(
                    "`{key}` takes a duration: seconds as a number, or a string such as \"30s\""
                ),
            );
        }
    };
    let written = match lit {
        Lit::Str(text) => text.value(),
        other => quote!(#other).to_string(),
    };
    match parsed {
        _ if negative => diag.at(&expr, format!("`{key}` must not be negative")),
        _ if !matches!(suffix, "" | "f64" | "u64" | "u32") => {
            diag.at(
                &expr,
                format!("`{key}` takes a duration with a unit as a string: \"{written}\""),
            );
        }
        Err(NotADuration::NoUnit) => {
            // The number does not show which one was meant: a guess would often be wrong by a
            // factor of a thousand.
            let forms = format!("\"{written}ms\", \"{written}s\"");
            diag.at(
                &expr,
                format!(
                    "`{key} = \"{written}\"` has no unit: write {forms} or use another of {UNIT_NAMES}"
                ),
            );
        }
        Err(NotADuration::Unit(unit)) => {
            diag.at(
                &expr,
                format!("`{key}` has the unknown unit `{unit}`; units are {UNIT_NAMES}"),
            );
        }
        Err(NotADuration::Malformed) => {
            diag.at(
                &expr,
                format!("`{key}` takes a duration such as \"250ms\", \"30s\" or \"1m30s\""),
            );
        }
        Err(NotADuration::Order) => {
            diag.at(
                &expr,
                format!(
                    "`{key}` has its units out of order: write the longest first, for example \"1m30s\""
                ),
            );
        }
        Err(NotADuration::TooLong) => {
            diag.at(&expr, format!("`{key}` is out of range for `Duration`"));
        }
        Ok(known) if known.is_zero() && !zero_is_fine => {
            diag.at(&expr, format!("`{key}` must be longer than zero"));
        }
        Ok(known) => return Value::known(known, expr),
    }
    None
}

/// Why a string is not a duration.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotADuration {
    /// A bare number.
    NoUnit,
    /// A unit that does not exist.
    Unit(String),
    /// A unit that is not shorter than the one before it.
    Order,
    /// Anything else.
    Malformed,
    /// Longer than `Duration` holds.
    TooLong,
}

const UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Parses one or more numbers, each with its unit, with blanks between them allowed.
pub(super) fn parse(text: &str) -> Result<Duration, NotADuration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(NotADuration::Malformed);
    }
    let (mut total, mut last) = (Duration::ZERO, u64::MAX);
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let number = number.replace('_', "");
        let letters = after.trim_start();
        let unit_end = letters
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(letters.len());
        let (unit, next) = letters.split_at(unit_end);
        if number.is_empty() {
            return Err(NotADuration::Malformed);
        }
        if unit.is_empty() {
            let bare = next.is_empty() && total.is_zero() && number.parse::<f64>().is_ok();
            return Err(if bare {
                NotADuration::NoUnit
            } else {
                NotADuration::Malformed
            });
        }
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let (_, nanos) = known.ok_or_else(|| NotADuration::Unit(unit.to_owned()))?;
        if *nanos >= last {
            return Err(NotADuration::Order);
        }
        last = *nanos;
        total = total
            .checked_add(scaled(&number, *nanos)?)
            .ok_or(NotADuration::TooLong)?;
        rest = next.trim_start();
    }
    Ok(total)
}

/// Parses a decimal number of seconds, as in an integer or float literal.
fn parse_seconds(digits: &str) -> Result<Duration, NotADuration> {
    match digits.parse::<f64>() {
        // A float literal may have an exponent; the result is rounded to the nanosecond.
        Ok(seconds) if digits.contains(['e', 'E']) => {
            Duration::try_from_secs_f64(seconds).map_err(|_| NotADuration::TooLong)
        }
        _ => scaled(digits, 1_000_000_000),
    }
}

/// Multiplies a decimal number by a unit, exactly; fractions of a nanosecond are dropped.
fn scaled(number: &str, unit_nanos: u64) -> Result<Duration, NotADuration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(NotADuration::Malformed);
    }
    let whole: u128 = if whole.is_empty() {
        0
    } else {
        whole.parse().map_err(|_| NotADuration::TooLong)?
    };
    let mut nanos = whole
        .checked_mul(u128::from(unit_nanos))
        .ok_or(NotADuration::TooLong)?;
    let mut digit_nanos = u128::from(unit_nanos);
    for digit in fraction.bytes() {
        digit_nanos /= 10;
        nanos += u128::from(digit - b'0') * digit_nanos;
    }
    let seconds = u64::try_from(nanos / 1_000_000_000).map_err(|_| NotADuration::TooLong)?;
    let rest = u32::try_from(nanos % 1_000_000_000).map_err(|_| NotADuration::TooLong)?;
    Ok(Duration::new(seconds, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_are_summed() {
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("1h 2m 3s"), Ok(Duration::from_secs(3723)));
        assert_eq!(parse("1_000 µs"), Ok(Duration::from_millis(1)));
    }

    #[test]
    fn malformed_durations_are_rejected_with_the_reason() {
        assert_eq!(parse("30"), Err(NotADuration::NoUnit));
        assert_eq!(
            parse("30 parsecs"),
            Err(NotADuration::Unit("parsecs".into()))
        );
        assert_eq!(parse(""), Err(NotADuration::Malformed));
        assert_eq!(parse("-3s"), Err(NotADuration::Malformed));
        assert_eq!(parse("1.2.3s"), Err(NotADuration::Malformed));
        assert_eq!(parse("1m30"), Err(NotADuration::Malformed));
        assert_eq!(parse("1s1m"), Err(NotADuration::Order));
        assert_eq!(parse("1s 1s"), Err(NotADuration::Order));
        assert_eq!(parse("99999999999999999999d"), Err(NotADuration::TooLong));
    }

    #[test]
    fn seconds_are_exact_to_the_nanosecond() {
        assert_eq!(parse_seconds("0.1"), Ok(Duration::from_millis(100)));
        assert_eq!(parse_seconds("60"), Ok(Duration::from_secs(60)));
        assert_eq!(parse_seconds("1e-3"), Ok(Duration::from_millis(1)));
    }
}
