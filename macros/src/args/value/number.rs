//! Integers, seeds, and numbers with a fraction.

use super::{Value, typed::literal};
use crate::{diag::Diag, groups::ungrouped};
use std::{fmt::Display, ops::RangeInclusive};
use syn::{Expr, Lit};

/// Parses an integer within a range.
pub(crate) fn integer(
    key: &str,
    expr: Expr,
    range: RangeInclusive<u32>,
    diag: &mut Diag,
) -> Option<Value<u32>> {
    let expr = ungrouped(expr);
    let Some((negative, lit)) = literal(&expr) else {
        return Value::unknown(expr);
    };
    match lit {
        Lit::Int(_) if negative => diag.at(&expr, format!("`{key}` must not be negative")),
        Lit::Int(int) if !matches!(int.suffix(), "" | "u32") => {
            diag.at(
                &expr,
                format!(
                    "`{key}` takes an integer of type `u32`: remove `{}`",
                    int.suffix()
                ),
            );
        }
        Lit::Int(int) => match int.base10_parse::<u32>() {
            Err(_) => diag.at(&expr, format!("`{key}` is out of range for `u32`")),
            Ok(known) if known < *range.start() => {
                diag.at(&expr, format!("`{key}` must be at least {}", range.start()));
            }
            Ok(known) if known > *range.end() => {
                diag.at(&expr, format!("`{key}` must be at most {}", range.end()));
            }
            Ok(known) => return Value::known(known, expr),
        },
        Lit::Str(text) if text.value().trim().parse::<u32>().is_ok() => {
            diag.at(
                &expr,
                format!("`{key}` takes an integer: remove the quotes"),
            );
        }
        _ => diag.at(&expr, format!("`{key}` takes an integer")),
    }
    None
}

/// Parses the seed of a random number generator.
pub(crate) fn seed(key: &str, expr: Expr, diag: &mut Diag) -> Option<Value<u64>> {
    let expr = ungrouped(expr);
    let Some((negative, lit)) = literal(&expr) else {
        return Value::unknown(expr);
    };
    match lit {
        Lit::Int(_) if negative => diag.at(&expr, format!("`{key}` must not be negative")),
        Lit::Int(int) if matches!(int.suffix(), "" | "u64") => match int.base10_parse::<u64>() {
            Ok(known) => return Value::known(known, expr),
            Err(_) => diag.at(&expr, format!("`{key}` is out of range for `u64`")),
        },
        _ => diag.at(&expr, format!("`{key}` takes an integer of type `u64`")),
    }
    None
}

/// Parses a number with or without a fraction; `rule` describes what `allowed` accepts.
pub(crate) fn number(
    key: &str,
    expr: Expr,
    allowed: impl Fn(f64) -> bool,
    rule: impl Display,
    diag: &mut Diag,
) -> Option<Value<f64>> {
    let expr = ungrouped(expr);
    let Some((negative, lit)) = literal(&expr) else {
        return Value::unknown(expr);
    };
    let known = match lit {
        Lit::Int(int) => int.base10_parse::<f64>().ok(),
        Lit::Float(float) => float.base10_parse::<f64>().ok(),
        _ => None,
    };
    match (known, lit) {
        (Some(_), _) if negative => diag.at(&expr, format!("`{key}` must not be negative")),
        (Some(known), _) if !allowed(known) => diag.at(&expr, format!("`{key}` {rule}")),
        (Some(known), _) => return Value::known(known, expr),
        (None, Lit::Str(text)) if text.value().trim().parse::<f64>().is_ok() => {
            diag.at(&expr, format!("`{key}` takes a number: remove the quotes"));
        }
        _ => diag.at(&expr, format!("`{key}` takes a number")),
    }
    None
}
