//! Windows of breakers.

use crate::{
    args::{Args, nearest, value},
    diag::Diag,
    groups::ungrouped,
};
use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Path};

/// The keys that set the window.
const KEYS: &[&str] = &["window", "count_window", "time_window"];

/// The largest window, in calls.
const MAX_CALLS: u32 = 1_000_000;

/// A window, as a call of one of the builder's two setters.
pub(super) struct Window {
    pub(super) setter: &'static str,
    pub(super) value: TokenStream,
    /// The number of calls, if that is known at compile time.
    pub(super) calls: Option<u32>,
}

/// Takes the keys that set the window, with their values.
pub(super) fn take_given(args: &mut Args) -> Vec<(&'static str, Ident, Expr)> {
    KEYS.iter()
        .filter_map(|name| {
            let (key, value) = args.take_with_key(name)?;
            Some((*name, key, value))
        })
        .collect()
}

impl Window {
    /// Parses the value of one of the keys.
    pub(super) fn from_key(key: &str, expr: Expr, krate: &Path, diag: &mut Diag) -> Option<Self> {
        match key {
            "count_window" => {
                let calls = value::integer(key, expr, 1..=MAX_CALLS, diag)?;
                Some(Self {
                    setter: "count_window",
                    value: calls.positive_tokens(krate),
                    calls: calls.known,
                })
            }
            "time_window" => Self::from_duration(key, expr, krate, diag),
            _ => Self::from_text(expr, krate, diag),
        }
    }

    fn from_duration(key: &str, expr: Expr, krate: &Path, diag: &mut Diag) -> Option<Self> {
        let span = value::duration(key, expr, false, diag)?;
        Some(Self {
            setter: "time_window",
            value: span.tokens(krate),
            calls: None,
        })
    }

    /// Parses `"100 calls"`, a duration such as `"60s"`, or an expression of type `Duration`.
    fn from_text(expr: Expr, krate: &Path, diag: &mut Diag) -> Option<Self> {
        let expr = ungrouped(expr);
        if let Expr::Lit(ExprLit { lit, .. }) = &expr {
            match lit {
                Lit::Str(text) => {
                    let written = text.value();
                    let written = written.trim();
                    let calls = written
                        .strip_suffix("calls")
                        .or_else(|| written.strip_suffix("call"));
                    if let Some(calls) = calls {
                        return Self::from_calls(calls, text, diag);
                    }
                    if let Some(problem) = wrong_unit(written) {
                        return diag.refuse(text, problem);
                    }
                }
                Lit::Int(int) => {
                    let int = int.base10_digits();
                    return diag.refuse(
                        &expr,
                        format!(
                            "`window` takes a string with a unit: \"{int} calls\" or \"{int}s\""
                        ),
                    );
                }
                _ => {}
            }
        }
        Self::from_duration("window", expr, krate, diag)
    }

    /// Parses the number before `calls`.
    fn from_calls(calls: &str, text: &LitStr, diag: &mut Diag) -> Option<Self> {
        match calls.trim().replace('_', "").parse::<u32>() {
            Ok(calls) if (1..=MAX_CALLS).contains(&calls) => Some(Self {
                setter: "count_window",
                value: quote_spanned!(text.span()=> #calls),
                calls: Some(calls),
            }),
            _ => diag.refuse(
                text,
                "`window` must be 1 to 1,000,000 calls, for example \"100 calls\"",
            ),
        }
    }
}

/// Returns the message about a number without a unit, or with a misspelt `calls`.
fn wrong_unit(written: &str) -> Option<String> {
    if written.replace('_', "").parse::<f64>().is_ok() {
        return Some(format!(
            "`window = \"{written}\"` has no unit; did you mean \"{written} calls\" or \"{written}s\"?"
        ));
    }
    let (number, unit) = written.split_once(' ')?;
    let unit = unit.trim();
    let is_near = number.parse::<u32>().is_ok() && nearest(unit, ["calls"]).is_some();
    is_near.then(|| {
        format!("`window` has the unknown unit `{unit}`; did you mean \"{number} calls\"?")
    })
}
