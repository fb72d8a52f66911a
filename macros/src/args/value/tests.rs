use super::{duration, integer};
use crate::diag::Diag;
use syn::{Expr, parse_quote};

fn problem<T>(parse: impl FnOnce(&mut Diag) -> Option<T>) -> String {
    let mut diag = Diag::default();
    assert!(parse(&mut diag).is_none());
    diag.texts().join("\n")
}

#[test]
fn invalid_integers_are_reported_with_the_reason() {
    let check = |expr: Expr| problem(|diag| integer("failure_threshold", expr, 1..=u32::MAX, diag));
    assert_eq!(
        check(parse_quote!("3")),
        "`failure_threshold` takes an integer: remove the quotes"
    );
    assert_eq!(
        check(parse_quote!(-3)),
        "`failure_threshold` must not be negative"
    );
    assert_eq!(
        check(parse_quote!(0)),
        "`failure_threshold` must be at least 1"
    );
    assert_eq!(
        check(parse_quote!(99999999999)),
        "`failure_threshold` is out of range for `u32`"
    );
    assert_eq!(
        check(parse_quote!(1.5)),
        "`failure_threshold` takes an integer"
    );
}

#[test]
fn missing_unit_is_reported_with_the_known_units() {
    let text = problem(|diag| duration("initial_delay", parse_quote!("100"), true, diag));
    let units = "`ns`, `us`, `ms`, `s`, `m`, `h` and `d`";
    let expected = format!(
        "`initial_delay = \"100\"` has no unit: write \"100ms\", \"100s\" or use another of {units}"
    );
    assert_eq!(text, expected);
    let text = problem(|diag| duration("recovery_timeout", parse_quote!(30s), true, diag));
    assert_eq!(
        text,
        "`recovery_timeout` takes a duration with a unit as a string: \"30s\""
    );
}

#[test]
fn separators_and_bases_are_parsed() {
    let mut diag = Diag::default();
    let read = |expr: Expr, diag: &mut Diag| {
        integer("n", expr, 1..=u32::MAX, diag).and_then(|value| value.known)
    };
    assert_eq!(read(parse_quote!(1_000), &mut diag), Some(1000));
    assert_eq!(read(parse_quote!(0x10), &mut diag), Some(16));
    assert!(diag.is_empty());
}
