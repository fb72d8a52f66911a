//! Settings of `#[with_circuit_breaker]`.

use super::{
    key::Key,
    setters::{Given, Reader, Seed, Setters},
    store_loss::store_loss,
    window::{self, Window},
};
use crate::{
    args::{Args, value},
    diag::Diag,
    groups::ungrouped,
    span::{at, path_at},
};
use proc_macro2::TokenStream;
use quote::quote_spanned;
use std::time::Duration;
use syn::{Expr, Ident, Path};

pub(crate) struct Breaker {
    pub(crate) name: TokenStream,
    pub(crate) setters: Setters,
    pub(crate) failure_if: Option<Expr>,
    pub(crate) ignore_if: Option<Expr>,
    pub(crate) fallback: Option<Expr>,
    pub(crate) key: Option<Key>,
}

/// The runtime's default of `recovery_timeout`, which `max_recovery_timeout` may contradict.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(60);

impl Breaker {
    pub(crate) fn from_args(
        args: &mut Args,
        key: Option<Key>,
        seed: Option<&Seed>,
        krate: &Path,
        diag: &mut Diag,
    ) -> Self {
        let missing = "`name` is missing: write `name = \"...\"`, the name of the breaker";
        let name = value::required_name(args, missing, diag);
        let setters = setters(args, key.as_ref(), seed, krate, diag);
        let mut callback = |key: &str| {
            args.take(key)
                .and_then(|value| value::callback(key, value, diag))
        };
        Self {
            name: name.map_or_else(TokenStream::new, |name| name.text_tokens(krate)),
            setters,
            failure_if: callback("failure_if"),
            ignore_if: callback("ignore_if"),
            fallback: callback("fallback"),
            key,
        }
    }
}

fn setters(
    args: &mut Args,
    key: Option<&Key>,
    seed: Option<&Seed>,
    krate: &Path,
    diag: &mut Diag,
) -> Setters {
    let mut reader = Reader::new(args, krate, diag);
    if let Some(key) = key {
        key.push_to(&mut reader.setters);
    }
    reader.count("failure_threshold");
    let half_open = reader.count("half_open_max_calls");
    let successes = reader.count("success_threshold");
    let min_calls = reader.count("min_calls");
    let recovery = reader.duration("recovery_timeout", false);
    let max_recovery = reader.duration("max_recovery_timeout", false);
    reader.duration("half_open_timeout", false);
    let slow_call = reader.duration("slow_call", false);
    reader.duration("abandoned_after", true);
    let share = |rate: f64| rate > 0.0 && rate <= 1.0;
    let of_calls = "must be above 0 and at most 1, as a share of the calls";
    let rates = Rates {
        failure_rate: reader.number("failure_rate", share, of_calls),
        slow_rate: reader.number("slow_rate", share, of_calls),
        slow_call,
        min_calls,
    };
    let growth = |factor: f64| (1.0..=1000.0).contains(&factor);
    reader.number("recovery_backoff", growth, "must be 1 to 1000");
    let part = |fraction: f64| (0.0..=1.0).contains(&fraction);
    let rule = "must be 0 to 1, as a share of the open time";
    reader.number("recovery_jitter", part, rule);
    reader.flag("shadow");
    reader.flag("timed");
    reader.flag("shared");
    reader.value("on_store_loss", store_loss);
    reader.value("control", control);
    reader.callback("on_transition");
    let Reader { mut setters, .. } = reader;
    if let Some(seed) = seed {
        seed.push_to(&mut setters);
    }
    rates.check(args, &mut setters, krate, diag);
    check_probes(&half_open, &successes, diag);
    check_open_times(&recovery, &max_recovery, args, diag);
    setters
}

/// The rates that open the circuit, and the keys that they depend on.
struct Rates {
    failure_rate: Given<f64>,
    slow_rate: Given<f64>,
    slow_call: Given<Duration>,
    min_calls: Given<u32>,
}

impl Rates {
    /// Takes the window, and reports rates without a window and windows without a rate.
    fn check(&self, args: &mut Args, setters: &mut Setters, krate: &Path, diag: &mut Diag) {
        let given = window::take_given(args);
        // A rate has a default window of 100 calls, so each of these implies a window.
        let has_window =
            !given.is_empty() || self.failure_rate.is_given() || self.slow_call.is_given();
        let mut window = None;
        for (index, (name, key, value)) in given.into_iter().enumerate() {
            if index > 0 {
                diag.at(&key, "a breaker has one window: give one of `window`, `count_window` and `time_window`");
            }
            if let Some(read) = Window::from_key(name, value, krate, diag) {
                setters.push(&key, read.setter, read.value);
                window.get_or_insert((name, key, read.calls));
            }
        }
        if let Some(key) = self.min_calls.key()
            && !has_window
            && !args.was_meant("window")
        {
            diag.at(
                key,
                "`min_calls` needs a window: add `window = \"100 calls\"`",
            );
        }
        if let Some((name, key, calls)) = &window {
            self.check_window(name, key, *calls, diag);
        }
        if let (Some(key), None) = (self.slow_rate.key(), self.slow_call.key()) {
            diag.at(
                key,
                "`slow_rate` needs `slow_call`, the duration above which a call is slow",
            );
        }
    }

    fn check_window(&self, name: &str, key: &Ident, calls: Option<u32>, diag: &mut Diag) {
        let has_rate =
            self.failure_rate.is_given() || self.slow_rate.is_given() || self.slow_call.is_given();
        if !has_rate {
            diag.at(
                key,
                format!(
                    "`{name}` needs a rate: `failure_rate = 0.5`, or `slow_call` with `slow_rate`"
                ),
            );
        }
        if let (Some(calls), Some(min), Some(key)) =
            (calls, self.min_calls.known(), self.min_calls.key())
            && min > calls
        {
            diag.at(
                key,
                format!("`min_calls = {min}` is more than the {calls} calls that `{name}` holds"),
            );
        }
    }
}

fn check_probes(half_open: &Given<u32>, successes: &Given<u32>, diag: &mut Diag) {
    if let (Some(half_open), Some(successes), Some(key)) =
        (half_open.known(), successes.known(), half_open.key())
        && half_open < successes
    {
        diag.at(
            key,
            format!("`half_open_max_calls = {half_open}` is below `success_threshold = {successes}`: one round of probes could not close the circuit"),
        );
    }
}

fn check_open_times(
    recovery: &Given<Duration>,
    max_recovery: &Given<Duration>,
    args: &Args,
    diag: &mut Diag,
) {
    let (Some(max), Some(key)) = (max_recovery.known(), max_recovery.key()) else {
        return;
    };
    match recovery.known() {
        Some(first) if max < first => {
            diag.at(
                key,
                "`max_recovery_timeout` is shorter than `recovery_timeout`",
            );
        }
        None if !recovery.is_given()
            && max < RECOVERY_TIMEOUT
            && !args.was_meant("recovery_timeout") =>
        {
            diag.at(key, "`max_recovery_timeout` is shorter than `recovery_timeout`, which is 60 s by default");
        }
        _ => {}
    }
}

/// Parses a path to a `ManualControl`, or to a value that derefs to one.
fn control(expr: Expr, krate: &Path, diag: &mut Diag) -> Option<TokenStream> {
    match ungrouped(expr) {
        Expr::Path(path) => {
            let krate = path_at(krate, &path);
            Some(quote_spanned!(at(&path)=> #krate::__private::typed::control(&#path)))
        }
        other => diag.refuse(
                other,
                "`control` takes a path to a `static` that holds a `ManualControl`, for example a `LazyLock`",
            ),
    }
}
