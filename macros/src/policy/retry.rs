//! Settings of `#[retry]`.

use super::{
    breaker::Breaker,
    key::Key,
    level::log_level,
    setters::{Reader, Seed, Setters},
};
use crate::{
    args::{Args, value},
    diag::Diag,
    groups::ungrouped,
};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Expr, ExprLit, Ident, Lit, Path};

pub(crate) struct Retry {
    pub(crate) setters: Setters,
    pub(crate) retry_if: Option<Expr>,
    pub(crate) retry_if_result: Option<Expr>,
    pub(crate) delay: Option<Expr>,
    /// The key, if it is given.
    pub(crate) attempt_timeout: Option<Ident>,
    /// The budgets by key, if there are any.
    pub(crate) budgets: Option<Budgets>,
}

/// A budget for each value of an expression.
pub(crate) struct Budgets {
    pub(crate) key: Key,
    /// Their name, or an expression for them; without one they are those of the function alone.
    pub(crate) shared: Option<TokenStream>,
}

/// The longest name of a retry, in bytes.
const MAX_NAME: usize = 100;

const BACKOFFS: &[&str] = &["exponential", "linear", "constant", "decorrelated"];

impl Budgets {
    /// Takes `budget` beside a key. `name` is that of the attribute, under which they are shared
    /// otherwise; `has_breaker` is whether the key chooses a breaker too.
    fn read(
        reader: &mut Reader<'_>,
        key: Key,
        name: Option<TokenStream>,
        has_breaker: bool,
    ) -> Option<Self> {
        let given = reader.args.take_with_key("budget");
        let given = given.map(|(ident, expr)| (ident, ungrouped(expr)));
        let shared = match given {
            None => name,
            Some((ident, expr)) => match value::literal_flag(&expr) {
                Some(true) => name,
                Some(false) if has_breaker => {
                    reader.setters.push(&ident, "budget", quote!(#expr));
                    return None;
                }
                Some(false) => {
                    return reader.diag.refuse(
                        expr,
                        "`budget = false` leaves nothing for `key` to choose: remove one of them",
                    );
                }
                None => Some(budget(expr, reader.krate, reader.diag)?),
            },
        };
        Some(Self { key, shared })
    }
}

impl Retry {
    pub(crate) fn from_args(
        args: &mut Args,
        key: Option<Key>,
        breaker: Option<&Breaker>,
        seed: Option<&Seed>,
        krate: &Path,
        diag: &mut Diag,
    ) -> Self {
        let mut reader = Reader::new(args, krate, diag);
        let mut name = breaker.map(|breaker| breaker.name.clone());
        // With a breaker the name is the breaker's, which was taken before.
        reader.value("name", |expr, krate, diag| {
            let text = value::name_up_to(MAX_NAME, "name", expr, diag)?.text_tokens(krate);
            name = Some(text.clone());
            Some(text)
        });
        let attempt_timeout = setters(&mut reader, seed);
        match breaker {
            // Both are timed, by the key that was taken before.
            Some(breaker) => reader.setters.copy_from(&breaker.setters, "timed"),
            None => reader.flag("timed"),
        }
        let budgets = match key {
            None => {
                reader.value("budget", budget);
                None
            }
            Some(key) => Budgets::read(&mut reader, key, name, breaker.is_some()),
        };
        let Reader { setters, .. } = reader;
        let retry_if = args
            .take("retry_if")
            .and_then(|value| value::callback("retry_if", value, diag));
        let by_result = args.take_with_key("retry_if_result");
        if let (Some(_), Some((key, _))) = (&retry_if, &by_result) {
            diag.at(
                key,
                "`retry_if_result` receives errors too and replaces `retry_if`: give one",
            );
        }
        let retry_if_result =
            by_result.and_then(|(_, value)| value::callback("retry_if_result", value, diag));
        let delay = args.take("delay").and_then(|value| delay(value, diag));
        Self {
            setters,
            retry_if,
            retry_if_result,
            delay,
            attempt_timeout,
            budgets,
        }
    }
}

/// Takes the keys that are setters of the builder; returns that of `attempt_timeout`.
fn setters(reader: &mut Reader<'_>, seed: Option<&Seed>) -> Option<Ident> {
    if let Some(seed) = seed {
        seed.push_to(&mut reader.setters);
    }
    attempts(reader);
    let first = reader.duration("initial_delay", true);
    let max = reader.duration("max_delay", true);
    reader.duration("max_elapsed", false);
    let attempt_timeout = reader.duration("attempt_timeout", false).key().cloned();
    if let (Some(first), Some(max), Some(key)) = (first.known(), max.known(), max.key())
        && max < first
    {
        let message = "`max_delay` is shorter than `initial_delay`";
        reader.diag.at(key, message);
    }
    backoff(reader);
    reader.value("log_level", |expr, krate, diag| {
        log_level("log_level", expr, krate, diag)
    });
    reader.value("jitter", jitter);
    reader.callback("on_retry");
    reader.callback("on_give_up");
    attempt_timeout
}

/// Takes `max_retries` or `max_attempts`.
fn attempts(reader: &mut Reader<'_>) {
    for key in ["max_retries", "max_attempts"] {
        if key == "max_attempts"
            && reader.setters.has("max_retries")
            && let Some((ident, _)) = reader.args.take_with_key(key)
        {
            reader.diag.at(&ident, "`max_attempts` and `max_retries` set the same limit: `max_retries = 3` is `max_attempts = 4`; give one");
        }
        reader.value(key, |expr, krate, diag| {
            // Without retries there is one call; without attempts there would be none.
            let least = u32::from(key == "max_attempts");
            let value = value::integer(key, expr, least..=u32::MAX - 1, diag)?;
            Some(match key {
                "max_attempts" => value.positive_tokens(krate),
                _ => value.tokens(krate),
            })
        });
    }
}

/// Takes `backoff` and `backoff_factor`.
fn backoff(reader: &mut Reader<'_>) {
    let mut kind = None;
    reader.value("backoff", |expr, _, diag| {
        // A string is one of four; any other expression is passed to the builder, for example
        // `Backoff::linear(..)`.
        let mut expr = ungrouped(expr);
        if matches!(expr, Expr::Lit(_)) || value::unquoted(&expr, BACKOFFS).is_some() {
            let value = value::choice("backoff", expr, BACKOFFS, diag)?;
            (kind, expr) = (value.known, value.expr);
        }
        Some(quote!(#expr))
    });
    let allowed = |factor: f64| factor.is_finite() && factor >= 1.0;
    let factor = reader.number("backoff_factor", allowed, "must be at least 1");
    if let (Some(key), Some("constant")) = (factor.key(), kind.as_deref()) {
        let message = "`backoff_factor` has no effect on a constant backoff";
        reader.diag.at(key, message);
    }
}

/// Parses a function that computes delays; a fixed delay has other keys.
fn delay(expr: Expr, diag: &mut Diag) -> Option<Expr> {
    let expr = ungrouped(expr);
    if let Expr::Lit(ExprLit {
        lit: lit @ (Lit::Int(_) | Lit::Float(_) | Lit::Str(_)),
        ..
    }) = &expr
    {
        let text = lit.to_token_stream();
        diag.at(
            &expr,
            format!("`delay` takes a function of the attempt and its error; did you mean `initial_delay = {text}`?"),
        );
        return None;
    }
    value::callback("delay", expr, diag)
}

const JITTERS: &[&str] = &["full", "equal", "none"];

/// Parses `true`, `false`, a fraction, `"full"`, `"equal"`, `"none"`, or an expression of type
/// `Jitter`.
fn jitter(expr: Expr, krate: &Path, diag: &mut Diag) -> Option<TokenStream> {
    let expr = ungrouped(expr);
    let Expr::Lit(ExprLit { lit, .. }) = &expr else {
        if matches!(expr, Expr::Unary(_)) {
            return diag.refuse(expr, "`jitter` must not be negative");
        }
        if value::unquoted(&expr, JITTERS).is_some() {
            value::choice("jitter", expr, JITTERS, diag)?;
            return None;
        }
        return Some(quote!(#expr));
    };
    match lit {
        Lit::Bool(_) => Some(quote!(#expr)),
        Lit::Float(_) | Lit::Int(_) => {
            let share = |fraction: f64| (0.0..=1.0).contains(&fraction);
            let value = value::number(
                "jitter",
                expr,
                share,
                "must be at most 1, as a share of the delay",
                diag,
            )?;
            Some(value.tokens(krate))
        }
        _ => {
            let value = value::choice("jitter", expr, JITTERS, diag)?;
            let variant = match value.known.as_deref() {
                Some("equal") => format_ident!("Equal"),
                Some("none") => format_ident!("None"),
                _ => format_ident!("Full"),
            };
            Some(quote!(#krate::__private::Jitter::#variant))
        }
    }
}

/// Parses the name of a shared budget, a `bool`, or an expression of type `RetryBudget`.
pub(super) fn budget(expr: Expr, _: &Path, diag: &mut Diag) -> Option<TokenStream> {
    let expr = ungrouped(expr);
    match &expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(_), ..
        }) => {
            value::name("budget", expr.clone(), diag)?;
        }
        Expr::Lit(ExprLit {
            lit: Lit::Bool(_), ..
        }) => {}
        Expr::Lit(_) | Expr::Unary(_) => {
            return diag.refuse(
                &expr,
                "`budget` takes the name of a shared budget, a `RetryBudget`, or `false` for none",
            );
        }
        _ => {}
    }
    Some(quote!(#expr))
}
