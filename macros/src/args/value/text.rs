//! Names of operations and guards.

use super::Value;
use crate::{args::Args, diag::Diag, groups::ungrouped};
use proc_macro2::Span;
use syn::{Expr, ExprLit, Lit};

/// The longest name, in bytes.
pub(crate) const MAX_NAME: usize = 128;

/// Parses a name: a string literal, or a path to a constant `&str`.
pub(crate) fn name(key: &str, expr: Expr, diag: &mut Diag) -> Option<Value<String>> {
    name_up_to(MAX_NAME, key, expr, diag)
}

/// Parses a name of at most `max` bytes.
pub(crate) fn name_up_to(
    max: usize,
    key: &str,
    expr: Expr,
    diag: &mut Diag,
) -> Option<Value<String>> {
    let expr = ungrouped(expr);
    match &expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => {
            let known = text.value();
            if known.trim().is_empty() {
                diag.at(text, format!("`{key}` must not be empty"));
            } else if known.len() > max {
                diag.at(
                    text,
                    format!(
                        "`{key}` must be at most {max} bytes long; this one has {}",
                        known.len()
                    ),
                );
            } else if known.chars().any(char::is_control) {
                diag.at(text, format!("`{key}` must not contain control characters"));
            } else {
                return Value::known(known, expr);
            }
        }
        Expr::Path(_) => return Value::unknown(expr),
        _ => diag.at(
            &expr,
            format!("`{key}` must be a string literal, or a path to a `const` of type `&str`"),
        ),
    }
    None
}

/// Takes the required key `name`; reports `missing` if it is not given.
pub(crate) fn required_name(
    args: &mut Args,
    missing: &str,
    diag: &mut Diag,
) -> Option<Value<String>> {
    match args.take("name") {
        Some(value) => name("name", value, diag),
        None => {
            if !args.was_meant("name") {
                diag.at_span(Span::call_site(), missing);
            }
            None
        }
    }
}
