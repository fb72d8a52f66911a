//! An expression to a checked value: literals are checked here, all else by the compiler against a
//! typed function.

use super::{
    duration::{self, NotADuration},
    nearest,
};
use crate::diag::Diag;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use std::{fmt::Display, ops::RangeInclusive, time::Duration};
use syn::{Expr, ExprLit, ExprUnary, Lit, Path, UnOp, spanned::Spanned};

/// A value that is known while compiling, with the expression that the user wrote, or only that
/// expression.
#[derive(Clone)]
pub(crate) struct Value<T> {
    pub(crate) known: Option<T>,
    pub(crate) expr: Expr,
}

/// Takes off the parentheses, and the invisible groups that `macro_rules!` leaves around what it
/// passes on.
pub(crate) fn plain(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => plain(*group.expr),
        Expr::Paren(paren) => plain(*paren.expr),
        other => other,
    }
}

/// A literal, and whether a minus stands before it.
fn literal(expr: &Expr) -> Option<(bool, &Lit)> {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => Some((false, lit)),
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => match &**expr {
            Expr::Lit(ExprLit { lit, .. }) => Some((true, lit)),
            Expr::Group(group) => match &*group.expr {
                Expr::Lit(ExprLit { lit, .. }) => Some((true, lit)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// How long a name may be, in bytes.
pub(crate) const MAX_NAME: usize = 128;

/// A name: a string literal, or a path to a constant `&str`.
pub(crate) fn name(key: &str, expr: Expr, diag: &mut Diag) -> Option<Value<String>> {
    name_up_to(MAX_NAME, key, expr, diag)
}

/// A name of at most so many bytes.
pub(crate) fn name_up_to(
    max: usize,
    key: &str,
    expr: Expr,
    diag: &mut Diag,
) -> Option<Value<String>> {
    let expr = plain(expr);
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
                        "`{key}` must be at most {max} bytes long; this has {}",
                        known.len()
                    ),
                );
            } else if known.chars().any(char::is_control) {
                diag.at(
                    text,
                    format!("`{key}` must be printable: it holds a control character"),
                );
            } else {
                return Some(Value {
                    known: Some(known),
                    expr,
                });
            }
        }
        Expr::Path(_) => return Some(Value { known: None, expr }),
        _ => diag.at(
            &expr,
            format!("`{key}` must be a string literal, or a path to a `const` of type `&str`"),
        ),
    }
    None
}

/// An integer within a range.
pub(crate) fn integer(
    key: &str,
    expr: Expr,
    range: RangeInclusive<u32>,
    diag: &mut Diag,
) -> Option<Value<u32>> {
    let expr = plain(expr);
    let Some((negative, lit)) = literal(&expr) else {
        return Some(Value { known: None, expr });
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
            Ok(known) => {
                return Some(Value {
                    known: Some(known),
                    expr,
                });
            }
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

/// The seed of a generator of random numbers.
pub(crate) fn seed(key: &str, expr: Expr, diag: &mut Diag) -> Option<Value<u64>> {
    let expr = plain(expr);
    let Some((negative, lit)) = literal(&expr) else {
        return Some(Value { known: None, expr });
    };
    match lit {
        Lit::Int(_) if negative => diag.at(&expr, format!("`{key}` must not be negative")),
        Lit::Int(int) if matches!(int.suffix(), "" | "u64") => match int.base10_parse::<u64>() {
            Ok(known) => {
                return Some(Value {
                    known: Some(known),
                    expr,
                });
            }
            Err(_) => diag.at(&expr, format!("`{key}` is out of range for `u64`")),
        },
        _ => diag.at(&expr, format!("`{key}` takes an integer of type `u64`")),
    }
    None
}

/// A number with or without a fraction, of which `rule` says what it must be.
pub(crate) fn number(
    key: &str,
    expr: Expr,
    allowed: impl Fn(f64) -> bool,
    rule: impl Display,
    diag: &mut Diag,
) -> Option<Value<f64>> {
    let expr = plain(expr);
    let Some((negative, lit)) = literal(&expr) else {
        return Some(Value { known: None, expr });
    };
    let known = match lit {
        Lit::Int(int) => int.base10_parse::<f64>().ok(),
        Lit::Float(float) => float.base10_parse::<f64>().ok(),
        _ => None,
    };
    match (known, lit) {
        (Some(_), _) if negative => diag.at(&expr, format!("`{key}` must not be negative")),
        (Some(known), _) if !allowed(known) => diag.at(&expr, format!("`{key}` {rule}")),
        (Some(known), _) => {
            return Some(Value {
                known: Some(known),
                expr,
            });
        }
        (None, Lit::Str(text)) if text.value().trim().parse::<f64>().is_ok() => {
            diag.at(&expr, format!("`{key}` takes a number: remove the quotes"));
        }
        _ => diag.at(&expr, format!("`{key}` takes a number")),
    }
    None
}

/// The units of durations, as messages list them.
const UNITS: &str = "`ns`, `us`, `ms`, `s`, `m`, `h` and `d`";

/// A duration: seconds as a number, a text such as `"1m30s"`, or an expression of type `Duration`.
pub(crate) fn duration(
    key: &str,
    expr: Expr,
    zero_is_fine: bool,
    diag: &mut Diag,
) -> Option<Value<Duration>> {
    let expr = plain(expr);
    let Some((negative, lit)) = literal(&expr) else {
        return Some(Value { known: None, expr });
    };
    let (parsed, suffix) = match lit {
        Lit::Int(int) => (duration::parse_seconds(int.base10_digits()), int.suffix()),
        Lit::Float(float) => (
            duration::parse_seconds(float.base10_digits()),
            float.suffix(),
        ),
        Lit::Str(text) => (duration::parse(&text.value()), ""),
        _ => {
            diag.at(
                &expr,
                format!("`{key}` takes a duration: seconds as a number, or a text such as \"30s\""),
            );
            return None;
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
                format!("`{key}` takes a duration with a unit as a text: \"{written}\""),
            );
        }
        Err(NotADuration::NoUnit) => {
            // Which one was meant, the number does not show: a guess would often be wrong by a
            // factor of a thousand.
            let forms = format!("\"{written}ms\", \"{written}s\"");
            diag.at(
                &expr,
                format!("`{key} = \"{written}\"` has no unit: write {forms} or another of {UNITS}"),
            );
        }
        Err(NotADuration::Unit(unit)) => {
            diag.at(
                &expr,
                format!("`{key}` has the unknown unit `{unit}`; there are {UNITS}"),
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
                    "`{key}` has its units out of order: the longest comes first, as in \"1m30s\""
                ),
            );
        }
        Err(NotADuration::TooLong) => {
            diag.at(&expr, format!("`{key}` is out of range for `Duration`"));
        }
        Ok(known) if known.is_zero() && !zero_is_fine => {
            diag.at(&expr, format!("`{key}` must be longer than zero"));
        }
        Ok(known) => {
            return Some(Value {
                known: Some(known),
                expr,
            });
        }
    }
    None
}

/// `true` or `false`, which the expansion depends on.
pub(crate) fn flag(key: &str, expr: Expr, diag: &mut Diag) -> Option<bool> {
    match plain(expr) {
        Expr::Lit(ExprLit {
            lit: Lit::Bool(flag),
            ..
        }) => Some(flag.value),
        other => {
            diag.at(other, format!("`{key}` takes `true` or `false`"));
            None
        }
    }
}

/// A path to an error code.
pub(crate) fn code(key: &str, expr: Expr, diag: &mut Diag) -> Option<Expr> {
    match plain(expr) {
        path @ Expr::Path(_) => Some(path),
        other => {
            diag.at(
                other,
                format!("`{key}` takes a path, e.g. `{key} = ErrorCode::TIMEOUT_ERROR`"),
            );
            None
        }
    }
}

/// A path to a function, or a closure.
pub(crate) fn callback(key: &str, expr: Expr, diag: &mut Diag) -> Option<Expr> {
    match plain(expr) {
        fine @ (Expr::Path(_) | Expr::Closure(_)) => Some(fine),
        Expr::Call(call) => {
            diag.at(
                call,
                format!("`{key}` takes a function, not what it returns: a path or a closure"),
            );
            None
        }
        other => {
            diag.at(
                other,
                format!("`{key}` takes a path to a function or a closure"),
            );
            None
        }
    }
}

/// One of a few texts; anything but a literal is left to the compiler.
pub(crate) fn choice(
    key: &str,
    expr: Expr,
    choices: &[&str],
    diag: &mut Diag,
) -> Option<Value<String>> {
    let expr = plain(expr);
    match &expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => {
            let known = text.value();
            if choices.contains(&known.as_str()) {
                return Some(Value {
                    known: Some(known),
                    expr,
                });
            }
            let all: Vec<_> = choices
                .iter()
                .map(|choice| format!("\"{choice}\""))
                .collect();
            let hint = match nearest(&known, choices.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("it is one of {}", all.join(", ")),
            };
            diag.at(text, format!("unknown `{key}` \"{known}\"; {hint}"));
            None
        }
        Expr::Path(_) => match unquoted(&expr, choices) {
            Some(word) => {
                diag.at(
                    &expr,
                    format!("`{key}` takes a text: write it in quotes, `{key} = \"{word}\"`"),
                );
                None
            }
            None => Some(Value { known: None, expr }),
        },
        _ => {
            let all: Vec<_> = choices
                .iter()
                .map(|choice| format!("\"{choice}\""))
                .collect();
            diag.at(&expr, format!("`{key}` takes one of {}", all.join(", ")));
            None
        }
    }
}

/// The word of an expression that is one of a few texts without its quotes.
pub(crate) fn unquoted<'a>(expr: &Expr, choices: &[&'a str]) -> Option<&'a str> {
    let Expr::Path(path) = expr else { return None };
    let word = path.path.get_ident()?;
    choices.iter().copied().find(|choice| word == choice)
}

impl Value<String> {
    /// The expression of type `&'static str`; what is not one is told at the user's tokens.
    pub(crate) fn text_tokens(&self, krate: &Path) -> TokenStream {
        self.typed(krate, "text")
    }
}

impl Value<u32> {
    /// The expression of type `u32`.
    pub(crate) fn tokens(&self, krate: &Path) -> TokenStream {
        self.typed(krate, "count")
    }

    /// The same of a value that is at least 1: a path to a constant that is not does not compile.
    pub(crate) fn positive_tokens(&self, krate: &Path) -> TokenStream {
        match &self.expr {
            Expr::Path(path) if self.known.is_none() => {
                // An item, which the compiler evaluates whether or not the function is called.
                let krate = crate::model::path_at(krate, path);
                quote_spanned!(crate::model::at(path)=> {
                    const COUNT: u32 = #krate::__private::typed::at_least_one(#path);
                    COUNT
                })
            }
            _ => self.tokens(krate),
        }
    }
}

impl Value<u64> {
    /// The expression of type `u64`.
    pub(crate) fn tokens(&self, krate: &Path) -> TokenStream {
        self.typed(krate, "seed")
    }
}

impl Value<f64> {
    /// The expression of type `f64`.
    pub(crate) fn tokens(&self, krate: &Path) -> TokenStream {
        match self.known {
            // An integer literal is a number too.
            Some(known) => {
                let mut literal = proc_macro2::Literal::f64_suffixed(known);
                literal.set_span(self.expr.span());
                quote!(#literal)
            }
            None => self.typed(krate, "number"),
        }
    }
}

impl Value<Duration> {
    /// The expression of type `Duration`.
    pub(crate) fn tokens(&self, krate: &Path) -> TokenStream {
        match self.known {
            Some(known) => {
                let (seconds, nanos) = (known.as_secs(), known.subsec_nanos());
                quote!(#krate::__private::Duration::new(#seconds, #nanos))
            }
            None => self.typed(krate, "duration"),
        }
    }
}

impl<T> Value<T> {
    fn typed(&self, krate: &Path, function: &str) -> TokenStream {
        let expr = &self.expr;
        if self.known.is_some() {
            return quote!(#expr);
        }
        let span = proc_macro2::Span::mixed_site().located_at(expr.span());
        let function = syn::Ident::new(function, span);
        quote_spanned!(span=> #krate::__private::typed::#function(#expr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn problem<T>(parse: impl FnOnce(&mut Diag) -> Option<T>) -> String {
        let mut diag = Diag::default();
        assert!(parse(&mut diag).is_none());
        diag.texts().join("\n")
    }

    #[test]
    fn integers_say_what_is_wrong_with_them() {
        let check =
            |expr: Expr| problem(|diag| integer("failure_threshold", expr, 1..=u32::MAX, diag));
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
    fn a_duration_without_a_unit_is_shown_the_units() {
        let text = problem(|diag| duration("initial_delay", parse_quote!("100"), true, diag));
        let units = "`ns`, `us`, `ms`, `s`, `m`, `h` and `d`";
        let expected = format!(
            "`initial_delay = \"100\"` has no unit: write \"100ms\", \"100s\" or another of {units}"
        );
        assert_eq!(text, expected);
        let text = problem(|diag| duration("recovery_timeout", parse_quote!(30s), true, diag));
        assert_eq!(
            text,
            "`recovery_timeout` takes a duration with a unit as a text: \"30s\""
        );
    }

    #[test]
    fn separators_and_bases_are_read() {
        let mut diag = Diag::default();
        let read = |expr: Expr, diag: &mut Diag| {
            integer("n", expr, 1..=u32::MAX, diag).and_then(|value| value.known)
        };
        assert_eq!(read(parse_quote!(1_000), &mut diag), Some(1000));
        assert_eq!(read(parse_quote!(0x10), &mut diag), Some(16));
        assert!(diag.is_empty());
    }
}
