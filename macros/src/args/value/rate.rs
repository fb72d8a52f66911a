//! Rates: a string such as `100/s` and `1/500ms`.

use super::{
    duration::{NotADuration, UNIT_NAMES, parse},
    typed::literal,
};
use crate::{
    diag::Diag,
    groups::ungrouped,
    span::{at, path_at},
};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use std::time::Duration;
use syn::{Expr, Lit, Path};

/// Parses a rate: a string such as `"100/s"`, or an expression of a type that the builder's setter
/// takes. Returns the argument of the setter.
pub(crate) fn rate(key: &str, expr: Expr, krate: &Path, diag: &mut Diag) -> Option<TokenStream> {
    let expr = ungrouped(expr);
    let Some((_, lit)) = literal(&expr) else {
        let span = at(&expr);
        let krate = path_at(krate, &expr);
        return Some(quote_spanned!(span=> #krate::__private::typed::rate(#expr)));
    };
    let Lit::Str(text) = lit else {
        return diag.refuse(
            &expr,
            format!("`{key}` takes a rate as a string, for example \"100/s\" or \"1/500ms\""),
        );
    };
    let written = text.value();
    let problem = match parsed(&written) {
        Ok((count, period)) => {
            let (seconds, nanos) = (period.as_secs(), period.subsec_nanos());
            return Some(quote! {
                #krate::__private::Rate::new(#count, #krate::__private::Duration::new(#seconds, #nanos))
            });
        }
        Err(NotARate::Unit(unit)) => {
            format!("`{key}` has the unknown unit `{unit}`; units are {UNIT_NAMES}")
        }
        Err(NotARate::Malformed) => format!(
            "`{key} = \"{written}\"` must be a number of calls, a slash and a time, for example \"100/s\" or \"1/500ms\""
        ),
        Err(NotARate::Rule(rule)) => format!("`{key} = \"{written}\"` must be {rule}"),
    };
    diag.refuse(text, problem)
}

/// Why a string is not a rate.
#[derive(Debug, PartialEq, Eq)]
enum NotARate {
    /// A unit that does not exist.
    Unit(String),
    /// The value breaks this rule.
    Rule(&'static str),
    /// Anything else.
    Malformed,
}

/// The longest time of a rate: half of what 64 bits of nanoseconds hold.
const LONGEST: u128 = u64::MAX as u128 / 2;

/// Parses a number of calls, a slash and a time, in which a unit alone is one of it.
fn parsed(text: &str) -> Result<(u32, Duration), NotARate> {
    let (count, period) = text.split_once('/').ok_or(NotARate::Malformed)?;
    let count = count.trim();
    let is_number = count.starts_with(|c: char| c.is_ascii_digit())
        && count
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_');
    if !is_number {
        return Err(NotARate::Malformed);
    }
    let count = count.replace('_', "").parse::<u32>();
    let count = count.map_err(|_| NotARate::Rule("at most 4294967295 calls"))?;
    let period = period.trim();
    let parsed = if period.starts_with(char::is_alphabetic) {
        parse(&format!("1{period}"))
    } else {
        parse(period)
    };
    let period = match parsed {
        Ok(period) => period,
        Err(NotADuration::Unit(unit)) => return Err(NotARate::Unit(unit)),
        Err(NotADuration::TooLong) => Duration::MAX,
        Err(_) => return Err(NotARate::Malformed),
    };
    match period.as_nanos() {
        _ if count == 0 => Err(NotARate::Rule("at least 1 call")),
        nanos if nanos > LONGEST => Err(NotARate::Rule("over a time of at most 292 years")),
        nanos if nanos < u128::from(count) => {
            Err(NotARate::Rule("at most 1 call in each nanosecond"))
        }
        _ => Ok((count, period)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The runtime parses the same texts; its tests have the same list.
    #[test]
    fn texts_are_a_count_a_slash_and_a_time() {
        let ms = Duration::from_millis;
        for (text, count, period) in [
            ("100/s", 100, ms(1000)),
            ("600/m", 600, ms(60_000)),
            ("600/min", 600, ms(60_000)),
            ("10/h", 10, ms(3_600_000)),
            ("5/d", 5, ms(86_400_000)),
            ("1/500ms", 1, ms(500)),
            (" 1_000 / 1.5 s ", 1000, ms(1500)),
            ("20/1m30s", 20, ms(90_000)),
            ("7/1h 2m", 7, ms(3_720_000)),
            ("3/10us", 3, Duration::from_micros(10)),
            ("3/10µs", 3, Duration::from_micros(10)),
            ("1/ns", 1, Duration::from_nanos(1)),
        ] {
            assert_eq!(parsed(text), Ok((count, period)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        for text in [
            "",
            "100",
            "/s",
            "100/",
            "-1/s",
            "1.5/s",
            "100/30",
            "100/1s1m",
            "100/1s1s",
            "100/1s1000",
            "100/s/s",
            "100/.s",
            "100/1.2.3s",
            "_1/s",
            "1 per 500ms",
        ] {
            assert_eq!(parsed(text), Err(NotARate::Malformed), "{text}");
        }
        assert_eq!(parsed("100/parsec"), Err(NotARate::Unit("parsec".into())));
        let rule = |text| match parsed(text) {
            Err(NotARate::Rule(rule)) => rule,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(rule("0/s"), "at least 1 call");
        assert_eq!(rule("5000000000/s"), "at most 4294967295 calls");
        assert_eq!(rule("1/0s"), "at most 1 call in each nanosecond");
        assert_eq!(rule("2/ns"), "at most 1 call in each nanosecond");
        assert_eq!(rule("1/110000d"), "over a time of at most 292 years");
        assert_eq!(
            rule("1/99999999999999999999999d"),
            "over a time of at most 292 years"
        );
    }
}
