//! Log levels.

use crate::{args::value, diag::Diag, groups::ungrouped, span::at};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Path};

/// The names of levels in strings.
pub(crate) const LEVELS: &[&str] = &[
    "trace", "debug", "info", "warn", "warning", "error", "critical",
];

/// Returns the variant of `LogLevel` that one of [`LEVELS`] names.
pub(crate) fn variant_of(level: &str) -> Ident {
    let variant = match level {
        "trace" => "Trace",
        "debug" => "Debug",
        "info" => "Info",
        "warn" | "warning" => "Warn",
        "critical" => "Critical",
        _ => "Error",
    };
    Ident::new(variant, Span::mixed_site())
}

/// Parses a level: a string, or a path to a `LogLevel`.
pub(super) fn log_level(
    key: &str,
    expr: Expr,
    krate: &Path,
    diag: &mut Diag,
) -> Option<TokenStream> {
    // Levels are often written in capitals.
    let lower = match ungrouped(expr) {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            attrs,
        }) => {
            let lower = LitStr::new(&text.value().to_lowercase(), text.span());
            Expr::Lit(ExprLit {
                lit: Lit::Str(lower),
                attrs,
            })
        }
        other => other,
    };
    let level = value::choice(key, lower, LEVELS, diag)?;
    let expr = &level.expr;
    Some(match &level.known {
        Some(known) => {
            let variant = variant_of(known);
            quote!(#krate::__private::LogLevel::#variant)
        }
        None => quote_spanned!(at(expr)=> #krate::__private::typed::log_level(#expr)),
    })
}
