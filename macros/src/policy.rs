//! The arguments of the attributes as values: every key read, what contradicts told.

use crate::{
    args::{
        Args,
        value::{self, Value},
    },
    diag::Diag,
};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use std::time::Duration;
use syn::{Expr, ExprLit, Ident, Lit, Path, spanned::Spanned};

/// A call of a builder's setter: the key as the user wrote it, so that what fails points there, and
/// its arguments.
struct Setter {
    name: Ident,
    value: TokenStream,
}

/// What a builder is told, in the order of writing.
#[derive(Default)]
pub(crate) struct Setters(Vec<Setter>);

impl Setters {
    fn push(&mut self, key: &Ident, name: &str, value: TokenStream) {
        self.0.push(Setter {
            name: Ident::new(name, crate::model::at(key)),
            value,
        });
    }

    /// The calls, to stand behind a builder.
    pub(crate) fn calls(&self) -> TokenStream {
        let calls = self
            .0
            .iter()
            .map(|Setter { name, value }| quote_spanned!(name.span()=> .#name(#value)));
        quote!(#(#calls)*)
    }
}

/// What `#[enhanced_error_handling]` was told.
pub(crate) struct Handling {
    pub(crate) code: Option<Expr>,
    pub(crate) level: Option<TokenStream>,
    pub(crate) rethrow: bool,
    pub(crate) fallback: Option<Expr>,
    pub(crate) catch_panics: bool,
    pub(crate) capture: Vec<Ident>,
}

impl Handling {
    pub(crate) fn of(args: &mut Args, krate: &Path, diag: &mut Diag) -> Self {
        let code = args
            .take("error_code")
            .and_then(|value| value::code("error_code", value, diag));
        let level = args
            .take("log_level")
            .and_then(|value| log_level("log_level", value, krate, diag));
        let rethrow = args.take("rethrow");
        let rethrow = rethrow.map(|value| (value.span(), value::flag("rethrow", value, diag)));
        let catch_panics = args
            .take("catch_panics")
            .and_then(|value| value::flag("catch_panics", value, diag));
        let fallback = args.take_with_key("fallback");
        if let Some((key, _)) = &fallback
            && !matches!(rethrow, Some((_, Some(false) | None)))
        {
            diag.at(key, "`fallback` is only used with `rethrow = false`");
        }
        let mut capture: Vec<Ident> = Vec::new();
        let listed = args.take_list("capture");
        if let Some((key, items)) = &listed
            && items.is_empty()
        {
            diag.at(
                key,
                "`capture` lists no argument: name some, `capture(a, b)`, or remove it",
            );
        }
        for item in listed.into_iter().flat_map(|(_, items)| items) {
            match value::plain(item) {
                Expr::Path(path)
                    if path
                        .path
                        .get_ident()
                        .is_some_and(|ident| !capture.contains(ident)) =>
                {
                    capture.extend(path.path.get_ident().cloned());
                }
                Expr::Path(path) if path.path.get_ident().is_some() => {
                    diag.at(path, "this argument is captured twice");
                }
                other => diag.at(other, "`capture` takes names of arguments: `capture(a, b)`"),
            }
        }
        Self {
            code,
            level,
            rethrow: rethrow.and_then(|(_, flag)| flag).unwrap_or(true),
            fallback: fallback.map(|(_, value)| value::plain(value)),
            catch_panics: catch_panics.unwrap_or(false),
            capture,
        }
    }
}

/// What `#[log_sensitive_operations]` was told.
pub(crate) struct Audit {
    pub(crate) name: TokenStream,
    pub(crate) user: Option<Expr>,
    pub(crate) success_level: Option<TokenStream>,
    pub(crate) error_level: Option<TokenStream>,
}

impl Audit {
    pub(crate) fn of(args: &mut Args, krate: &Path, diag: &mut Diag) -> Self {
        let name = match args.take("name") {
            Some(value) => value::name("name", value, diag),
            None => {
                if !args.was_meant("name") {
                    diag.at_span(
                        proc_macro2::Span::call_site(),
                        "the name of the operation is missing: write `#[log_sensitive_operations(\"...\")]`",
                    );
                }
                None
            }
        };
        let mut level = |key: &'static str| {
            args.take(key)
                .and_then(|value| log_level(key, value, krate, diag))
        };
        let (success_level, error_level) = (level("success_level"), level("error_level"));
        let user = args.take("user").map(value::plain);
        let name = name.map_or_else(TokenStream::new, |name| name.text_tokens(krate));
        Self {
            name,
            user,
            success_level,
            error_level,
        }
    }
}

/// The levels that a text may name, and their variants.
const LEVELS: &[(&str, &str)] = &[
    ("trace", "Trace"),
    ("debug", "Debug"),
    ("info", "Info"),
    ("warn", "Warn"),
    ("warning", "Warn"),
    ("error", "Error"),
    ("critical", "Critical"),
];

/// A level as a text, or as a path to a `LogLevel`.
pub(crate) fn log_level(
    key: &str,
    expr: Expr,
    krate: &Path,
    diag: &mut Diag,
) -> Option<TokenStream> {
    let names: Vec<&str> = LEVELS.iter().map(|(name, _)| *name).collect();
    // Levels are often written in capitals.
    let lower = match value::plain(expr) {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            attrs,
        }) => {
            let lower = syn::LitStr::new(&text.value().to_lowercase(), text.span());
            Expr::Lit(ExprLit {
                lit: Lit::Str(lower),
                attrs,
            })
        }
        other => other,
    };
    let level = value::choice(key, lower, &names, diag)?;
    let expr = &level.expr;
    Some(match &level.known {
        Some(known) => {
            let (_, variant) = LEVELS.iter().find(|(name, _)| name == known)?;
            let variant = Ident::new(variant, proc_macro2::Span::mixed_site());
            quote!(#krate::__private::LogLevel::#variant)
        }
        None => quote_spanned!(crate::model::at(expr)=> #krate::__private::typed::log_level(#expr)),
    })
}

/// What `#[with_circuit_breaker]` was told.
pub(crate) struct Breaker {
    pub(crate) name: TokenStream,
    pub(crate) setters: Setters,
    pub(crate) failure_if: Option<Expr>,
    pub(crate) ignore_if: Option<Expr>,
    pub(crate) fallback: Option<Expr>,
}

/// The runtime's default, which another key may contradict.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(60);

/// What was written for a key, and where.
struct Seen<T>(Option<(Ident, Option<T>)>);

impl<T: Copy> Seen<T> {
    fn known(&self) -> Option<T> {
        self.0.as_ref().and_then(|(_, known)| *known)
    }

    fn key(&self) -> Option<&Ident> {
        self.0.as_ref().map(|(key, _)| key)
    }
}

/// The seed of an attribute's random numbers; where there is a retry and a breaker, both take it.
#[derive(Clone)]
pub(crate) struct Seed {
    key: Ident,
    value: TokenStream,
}

impl Seed {
    pub(crate) fn of(args: &mut Args, krate: &Path, diag: &mut Diag) -> Option<Self> {
        let (key, expr) = args.take_with_key("seed")?;
        let value = value::seed("seed", expr, diag)?.tokens(krate);
        Some(Self { key, value })
    }

    fn push_to(&self, setters: &mut Setters) {
        setters.push(&self.key, "seed", self.value.clone());
    }
}

impl Breaker {
    pub(crate) fn of(args: &mut Args, seed: Option<&Seed>, krate: &Path, diag: &mut Diag) -> Self {
        let name = match args.take("name") {
            Some(value) => value::name("name", value, diag),
            None => {
                if !args.was_meant("name") {
                    diag.at_span(
                        proc_macro2::Span::call_site(),
                        "`name` is missing: write `name = \"...\"`, the name of the breaker",
                    );
                }
                None
            }
        };
        let mut setters = Setters::default();
        let mut count = |key: &'static str, diag: &mut Diag| {
            let Some((ident, expr)) = args.take_with_key(key) else {
                return Seen(None);
            };
            let value = value::integer(key, expr, 1..=u32::MAX, diag);
            if let Some(value) = &value {
                setters.push(&ident, key, value.positive_tokens(krate));
            }
            Seen(Some((ident, value.and_then(|value| value.known))))
        };
        count("failure_threshold", diag);
        let half_open = count("half_open_max_calls", diag);
        let successes = count("success_threshold", diag);
        let min_calls = count("min_calls", diag);
        let mut time = |key: &'static str, zero_is_fine: bool, diag: &mut Diag| {
            let Some((ident, expr)) = args.take_with_key(key) else {
                return Seen(None);
            };
            let value = value::duration(key, expr, zero_is_fine, diag);
            if let Some(value) = &value {
                setters.push(&ident, key, value.tokens(krate));
            }
            Seen(Some((ident, value.and_then(|value| value.known))))
        };
        let recovery = time("recovery_timeout", false, diag);
        let max_recovery = time("max_recovery_timeout", false, diag);
        time("half_open_timeout", false, diag);
        let slow_call = time("slow_call", false, diag);
        time("abandoned_after", true, diag);
        let mut rate =
            |key: &'static str, rule: &str, allowed: &dyn Fn(f64) -> bool, diag: &mut Diag| {
                let Some((ident, expr)) = args.take_with_key(key) else {
                    return Seen(None);
                };
                let value = value::number(key, expr, allowed, rule, diag);
                if let Some(value) = &value {
                    setters.push(&ident, key, value.tokens(krate));
                }
                Seen(Some((ident, value.and_then(|value| value.known))))
            };
        let share = |rate: f64| rate > 0.0 && rate <= 1.0;
        let failure_rate = rate(
            "failure_rate",
            "must be above 0 and at most 1, as a share of the calls",
            &share,
            diag,
        );
        let slow_rate = rate(
            "slow_rate",
            "must be above 0 and at most 1, as a share of the calls",
            &share,
            diag,
        );
        let growth = |factor: f64| (1.0..=1000.0).contains(&factor);
        rate("recovery_backoff", "must be 1 to 1000", &growth, diag);
        let part = |fraction: f64| (0.0..=1.0).contains(&fraction);
        rate(
            "recovery_jitter",
            "must be 0 to 1, as a share of the open time",
            &part,
            diag,
        );
        if let Some((key, expr)) = args.take_with_key("shadow")
            && let Some(shadow) = value::flag("shadow", expr, diag)
        {
            setters.push(&key, "shadow", quote!(#shadow));
        }
        if let Some((key, expr)) = args.take_with_key("control")
            && let Some(control) = control(expr, krate, diag)
        {
            setters.push(&key, "control", control);
        }
        if let Some(seed) = seed {
            seed.push_to(&mut setters);
        }

        let windows: Vec<_> = WINDOWS
            .iter()
            .filter_map(|key| Some((*key, args.take_with_key(key)?)))
            .collect();
        let rated = !windows.is_empty() || failure_rate.0.is_some() || slow_call.0.is_some();
        let mut window = None;
        for (place, (name, (key, value))) in windows.into_iter().enumerate() {
            if place > 0 {
                diag.at(&key, "a breaker has one window: give one of `window`, `count_window` and `time_window`");
            }
            let read = match name {
                "count_window" => Window::of_calls(value, krate, diag),
                "time_window" => Window::of_time(name, value, krate, diag),
                _ => window_of(value, krate, diag),
            };
            if let Some(read) = read {
                setters.push(&key, read.setter, read.value);
                window.get_or_insert((name, key, read.calls));
            }
        }
        // By default a rate is one of the last 100 calls, so any of these brings a window along.
        if let Some(key) = min_calls.key()
            && !rated
            && !args.was_meant("window")
        {
            diag.at(key, "`min_calls` needs `window`, of whose calls it is the minimum: `window = \"100 calls\"`");
        }
        if let Some((name, key, calls)) = &window {
            if failure_rate.0.is_none() && slow_rate.0.is_none() && slow_call.0.is_none() {
                diag.at(key, format!("`{name}` needs a rate: `failure_rate = 0.5`, or `slow_call` with `slow_rate`"));
            }
            if let (Some(calls), Some(min), Some(key)) = (calls, min_calls.known(), min_calls.key())
                && min > *calls
            {
                diag.at(
                    key,
                    format!(
                        "`min_calls = {min}` is more than the {calls} calls that `{name}` holds"
                    ),
                );
            }
        }
        if let (Some(key), None) = (slow_rate.key(), slow_call.key()) {
            diag.at(
                key,
                "`slow_rate` needs `slow_call`, the duration above which a call is slow",
            );
        }
        if let (Some(half_open), Some(successes), Some(key)) =
            (half_open.known(), successes.known(), half_open.key())
            && half_open < successes
        {
            diag.at(
                key,
                format!("`half_open_max_calls = {half_open}` is below `success_threshold = {successes}`: one round of probes could not close the circuit"),
            );
        }
        if let (Some(max), Some(key)) = (max_recovery.known(), max_recovery.key()) {
            match recovery.known() {
                Some(first) if max < first => {
                    diag.at(
                        key,
                        "`max_recovery_timeout` is shorter than `recovery_timeout`",
                    );
                }
                None if recovery.0.is_none()
                    && max < RECOVERY_TIMEOUT
                    && !args.was_meant("recovery_timeout") =>
                {
                    diag.at(key, "`max_recovery_timeout` is shorter than `recovery_timeout`, which is 60 s where it is not given");
                }
                _ => {}
            }
        }
        let failure_if = args
            .take("failure_if")
            .and_then(|value| value::callback("failure_if", value, diag));
        let ignore_if = args
            .take("ignore_if")
            .and_then(|value| value::callback("ignore_if", value, diag));
        let fallback = args
            .take("fallback")
            .and_then(|value| value::callback("fallback", value, diag));
        let name = name.map_or_else(TokenStream::new, |name| name.text_tokens(krate));
        Self {
            name,
            setters,
            failure_if,
            ignore_if,
            fallback,
        }
    }
}

/// A path to a `ManualControl`, or to what derefs to one.
fn control(expr: Expr, krate: &Path, diag: &mut Diag) -> Option<TokenStream> {
    match value::plain(expr) {
        Expr::Path(path) => {
            let krate = crate::model::path_at(krate, &path);
            Some(
                quote_spanned!(crate::model::at(&path)=> #krate::__private::typed::control(&#path)),
            )
        }
        other => {
            diag.at(
                other,
                "`control` takes a path to a `static` that holds a `ManualControl`, for example a `LazyLock`",
            );
            None
        }
    }
}

/// The keys that give a breaker its window.
const WINDOWS: &[&str] = &["window", "count_window", "time_window"];

/// The largest count window.
const MAX_WINDOW_CALLS: u32 = 1_000_000;

struct Window {
    setter: &'static str,
    value: TokenStream,
    calls: Option<u32>,
}

impl Window {
    /// The last so many calls.
    fn of_calls(expr: Expr, krate: &Path, diag: &mut Diag) -> Option<Self> {
        let calls = value::integer("count_window", expr, 1..=MAX_WINDOW_CALLS, diag)?;
        Some(Self {
            setter: "count_window",
            value: calls.positive_tokens(krate),
            calls: calls.known,
        })
    }

    /// The calls of the last while.
    fn of_time(key: &str, expr: Expr, krate: &Path, diag: &mut Diag) -> Option<Self> {
        let span = value::duration(key, expr, false, diag)?;
        Some(Self {
            setter: "time_window",
            value: span.tokens(krate),
            calls: None,
        })
    }
}

/// `"100 calls"`, a duration such as `"60s"`, a number of calls, or an expression of type
/// `Duration`.
fn window_of(expr: Expr, krate: &Path, diag: &mut Diag) -> Option<Window> {
    let expr = value::plain(expr);
    if let Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    }) = &expr
    {
        let written = text.value();
        let calls = written
            .trim()
            .strip_suffix("calls")
            .or_else(|| written.trim().strip_suffix("call"));
        if let Some(calls) = calls {
            return match calls.trim().replace('_', "").parse::<u32>() {
                Ok(calls) if (1..=MAX_WINDOW_CALLS).contains(&calls) => Some(Window {
                    setter: "count_window",
                    value: quote_spanned!(text.span()=> #calls),
                    calls: Some(calls),
                }),
                _ => {
                    diag.at(
                        text,
                        "`window` holds 1 to 1,000,000 calls, as \"100 calls\"",
                    );
                    None
                }
            };
        }
        if written.trim().replace('_', "").parse::<f64>().is_ok() {
            let trimmed = written.trim();
            diag.at(
                text,
                format!("`window = \"{trimmed}\"` has no unit; did you mean \"{trimmed} calls\" or \"{trimmed}s\"?"),
            );
            return None;
        }
    } else if let Expr::Lit(ExprLit {
        lit: Lit::Int(int), ..
    }) = &expr
    {
        let int = int.base10_digits();
        diag.at(
            &expr,
            format!("`window` takes a text with a unit: \"{int} calls\" or \"{int}s\""),
        );
        return None;
    }
    if let Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    }) = &expr
        && let written = text.value()
        && let Some((number, unit)) = written.trim().split_once(' ')
        && number.parse::<u32>().is_ok()
        && crate::args::nearest(unit.trim(), ["calls"]).is_some()
    {
        diag.at(
            text,
            format!(
                "`window` has the unknown unit `{}`; did you mean \"{number} calls\"?",
                unit.trim()
            ),
        );
        return None;
    }
    Window::of_time("window", expr, krate, diag)
}

/// What `#[retry]` was told.
pub(crate) struct Retry {
    pub(crate) setters: Setters,
    pub(crate) retry_if: Option<Expr>,
    pub(crate) retry_if_result: Option<Expr>,
    pub(crate) delay: Option<Expr>,
    pub(crate) attempt_timeout: Option<Ident>,
}

/// The longest name of a retry, in bytes.
const MAX_RETRY_NAME: usize = 100;

const BACKOFFS: &[&str] = &["exponential", "linear", "constant", "decorrelated"];

impl Retry {
    pub(crate) fn of(args: &mut Args, seed: Option<&Seed>, krate: &Path, diag: &mut Diag) -> Self {
        let mut setters = Setters::default();
        // Beside a breaker the name is the breaker's, which has taken it.
        if let Some((key, expr)) = args.take_with_key("name")
            && let Some(name) = value::name_up_to(MAX_RETRY_NAME, "name", expr, diag)
        {
            setters.push(&key, "name", name.text_tokens(krate));
        }
        if let Some(seed) = seed {
            seed.push_to(&mut setters);
        }
        for key in ["max_retries", "max_attempts"] {
            let Some((ident, expr)) = args.take_with_key(key) else {
                continue;
            };
            if key == "max_attempts" && setters.0.iter().any(|setter| setter.name == "max_retries")
            {
                diag.at(&ident, "`max_attempts` and `max_retries` say the same thing: `max_retries = 3` is `max_attempts = 4`; give one");
                continue;
            }
            // No retry is one call; no attempt would be none.
            let least = u32::from(key == "max_attempts");
            if let Some(value) = value::integer(key, expr, least..=u32::MAX - 1, diag) {
                let count = match key {
                    "max_attempts" => value.positive_tokens(krate),
                    _ => value.tokens(krate),
                };
                setters.push(&ident, key, count);
            }
        }
        let mut time = |key: &'static str, zero_is_fine: bool, diag: &mut Diag| -> Seen<Duration> {
            let Some((ident, expr)) = args.take_with_key(key) else {
                return Seen(None);
            };
            let value: Option<Value<Duration>> = value::duration(key, expr, zero_is_fine, diag);
            if let Some(value) = &value {
                setters.push(&ident, key, value.tokens(krate));
            }
            Seen(Some((ident, value.and_then(|value| value.known))))
        };
        let first = time("initial_delay", true, diag);
        let max = time("max_delay", true, diag);
        time("max_elapsed", false, diag);
        let attempt_timeout = time("attempt_timeout", false, diag);
        if let (Some(first), Some(max), Some(key)) = (first.known(), max.known(), max.key())
            && max < first
        {
            diag.at(key, "`max_delay` is shorter than `initial_delay`");
        }
        let mut kind = None;
        if let Some((key, expr)) = args.take_with_key("backoff") {
            // A text is one of four; all else is an expression that the builder takes, as
            // `Backoff::linear(..)`.
            let expr = value::plain(expr);
            if matches!(expr, Expr::Lit(_)) || value::unquoted(&expr, BACKOFFS).is_some() {
                if let Some(value) = value::choice("backoff", expr, BACKOFFS, diag) {
                    let expr = &value.expr;
                    setters.push(&key, "backoff", quote!(#expr));
                    kind = value.known;
                }
            } else {
                setters.push(&key, "backoff", quote!(#expr));
            }
        }
        if let Some((key, expr)) = args.take_with_key("backoff_factor") {
            if kind.as_deref() == Some("constant") {
                diag.at(&key, "`backoff_factor` has no effect on a constant backoff");
            }
            let allowed = |factor: f64| factor.is_finite() && factor >= 1.0;
            if let Some(value) =
                value::number("backoff_factor", expr, allowed, "must be at least 1", diag)
            {
                setters.push(&key, "backoff_factor", value.tokens(krate));
            }
        }
        if let Some((key, expr)) = args.take_with_key("log_level")
            && let Some(level) = log_level("log_level", expr, krate, diag)
        {
            setters.push(&key, "log_level", level);
        }
        if let Some((key, expr)) = args.take_with_key("jitter")
            && let Some(value) = jitter(expr, krate, diag)
        {
            setters.push(&key, "jitter", value);
        }
        if let Some((key, expr)) = args.take_with_key("budget")
            && let Some(value) = budget(expr, diag)
        {
            setters.push(&key, "budget", value);
        }
        for name in ["on_retry", "on_give_up"] {
            if let Some((key, expr)) = args.take_with_key(name)
                && let Some(callback) = value::callback(name, expr, diag)
            {
                let there = crate::model::path_at(krate, &callback);
                let place = crate::model::at(&callback);
                let typed = Ident::new(name, place);
                setters.push(
                    &key,
                    name,
                    quote_spanned!(place=> #there::__private::typed::#typed(#callback)),
                );
            }
        }
        let retry_if = args
            .take("retry_if")
            .and_then(|value| value::callback("retry_if", value, diag));
        let by_result = args.take_with_key("retry_if_result");
        if let (Some(_), Some((key, _))) = (&retry_if, &by_result) {
            diag.at(
                key,
                "`retry_if_result` sees errors too, in place of `retry_if`: give one",
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
            attempt_timeout: attempt_timeout.0.map(|(key, _)| key),
        }
    }
}

/// A function that computes delays; a fixed one has other keys.
fn delay(expr: Expr, diag: &mut Diag) -> Option<Expr> {
    let expr = value::plain(expr);
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

/// `true`, `false`, a fraction, `"full"`, `"equal"`, `"none"`, or an expression of type `Jitter`.
fn jitter(expr: Expr, krate: &Path, diag: &mut Diag) -> Option<TokenStream> {
    let expr = value::plain(expr);
    let Expr::Lit(ExprLit { lit, .. }) = &expr else {
        if matches!(expr, Expr::Unary(_)) {
            diag.at(expr, "`jitter` must not be negative");
            return None;
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

/// The name of a budget that the process shares, or an expression of type `RetryBudget`; `None`
/// also for `false`.
fn budget(expr: Expr, diag: &mut Diag) -> Option<TokenStream> {
    let expr = value::plain(expr);
    match &expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(_), ..
        }) => {
            value::name("budget", expr.clone(), diag)?;
        }
        // As where the key is not given.
        Expr::Lit(ExprLit {
            lit: Lit::Bool(has),
            ..
        }) if !has.value => return None,
        Expr::Lit(_) | Expr::Unary(_) => {
            diag.at(
                &expr,
                "`budget` takes the name of a shared budget, a `RetryBudget`, or `false` for none",
            );
            return None;
        }
        _ => {}
    }
    Some(quote!(#expr))
}
