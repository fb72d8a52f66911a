//! Flags, paths, callbacks, and choices between strings.

use super::Value;
use crate::{args::nearest, diag::Diag, groups::ungrouped};
use syn::{Expr, ExprLit, Lit};

/// Parses `true` or `false`, which the expansion depends on.
pub(crate) fn flag(key: &str, expr: Expr, diag: &mut Diag) -> Option<bool> {
    let expr = ungrouped(expr);
    literal_flag(&expr).or_else(|| diag.refuse(expr, format!("`{key}` takes `true` or `false`")))
}

/// Returns the value of `true` or `false`.
pub(crate) fn literal_flag(expr: &Expr) -> Option<bool> {
    match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Bool(flag),
            ..
        }) => Some(flag.value),
        _ => None,
    }
}

/// Parses a path to an error code.
pub(crate) fn code(key: &str, expr: Expr, diag: &mut Diag) -> Option<Expr> {
    match ungrouped(expr) {
        path @ Expr::Path(_) => Some(path),
        other => diag.refuse(
            other,
            format!("`{key}` takes a path, for example `{key} = ErrorCode::TIMEOUT_ERROR`"),
        ),
    }
}

/// Parses a path to a function, or a closure.
pub(crate) fn callback(key: &str, expr: Expr, diag: &mut Diag) -> Option<Expr> {
    match ungrouped(expr) {
        fine @ (Expr::Path(_) | Expr::Closure(_)) => Some(fine),
        Expr::Call(call) => diag.refuse(
            call,
            format!("`{key}` takes a function, not what it returns: a path or a closure"),
        ),
        other => diag.refuse(
            other,
            format!("`{key}` takes a path to a function or a closure"),
        ),
    }
}

/// Parses one of several strings. A path is left to the compiler.
pub(crate) fn choice(
    key: &str,
    expr: Expr,
    choices: &[&str],
    diag: &mut Diag,
) -> Option<Value<String>> {
    let expr = ungrouped(expr);
    match &expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => {
            let known = text.value();
            if choices.contains(&known.as_str()) {
                return Value::known(known, expr);
            }
            let hint = match nearest(&known, choices.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("expected one of {}", quoted(choices)),
            };
            diag.refuse(text, format!("unknown `{key}` \"{known}\"; {hint}"))
        }
        Expr::Path(_) => match unquoted(&expr, choices) {
            Some(word) => diag.refuse(
                &expr,
                format!("`{key}` takes a string: write `{key} = \"{word}\"`"),
            ),
            None => Value::unknown(expr),
        },
        _ => diag.refuse(&expr, format!("`{key}` takes one of {}", quoted(choices))),
    }
}

/// Returns the list of choices, for a message.
fn quoted(choices: &[&str]) -> String {
    format!("\"{}\"", choices.join("\", \""))
}

/// Returns the choice that an expression names without its quotes.
pub(crate) fn unquoted<'a>(expr: &Expr, choices: &[&'a str]) -> Option<&'a str> {
    let Expr::Path(path) = expr else { return None };
    let word = path.path.get_ident()?;
    choices.iter().copied().find(|choice| word == choice)
}
