//! The settings of a breaker, as a plain value that was validated once.

use crate::{ConfigError, time::Tick};
use std::time::Duration;

/// The settings of a circuit breaker, with every default filled in.
///
/// It is what a builder resolves to, what a snapshot shows, and what two declarations of one name are compared by.
///
/// # Defaults
///
/// | field | default | legal range |
/// | --- | --- | --- |
/// | `failure_threshold` | 5 failures in a row; off where a window is set and this is not | 1 or more |
/// | `recovery_timeout` | 60 s | above zero |
/// | `half_open_max_calls` | 2 | 1 or more |
/// | `success_threshold` | 1 | 1 or more |
/// | `recovery_backoff` | 1.0 (the open time does not grow) | 1 to 1000 |
/// | `max_recovery_timeout` | 1 h, or `recovery_timeout` where that is longer | `recovery_timeout` or more |
/// | `recovery_jitter` | 0.0 | 0 to 1 |
/// | `half_open_timeout` | `recovery_timeout` | above zero |
/// | `window` | none; the last 100 calls where a rate is set and no window | 1 to 1,000,000 calls, 1 ms or more |
/// | `failure_rate` | 0.5 where a window is set | above 0, up to 1 |
/// | `min_calls` | 10, or the whole count window where that is smaller | 1 up to the count window |
/// | `slow_call` | off | above zero |
/// | `slow_rate` | 0.5 where `slow_call` is set | above 0, up to 1 |
/// | `abandoned_after` | 1 s | any; zero counts every dropped call |
/// | `shadow` | false | |
///
/// A value outside its range is a [`ConfigError`] of the builder.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BreakerConfig {
    /// How many failures in a row open the circuit; `None` where only rates count.
    pub failure_threshold: Option<u32>,
    /// How long the circuit stays open the first time.
    pub recovery_timeout: Duration,
    /// How many probes may run at once while the circuit is half-open.
    pub half_open_max_calls: u32,
    /// How many probes must succeed to close the circuit.
    pub success_threshold: u32,
    /// By what the open time grows each time that recovery fails.
    pub recovery_backoff: f64,
    /// What the open time never exceeds, backoff and jitter included.
    pub max_recovery_timeout: Duration,
    /// The largest random part that is added to an open time, as a fraction of it.
    pub recovery_jitter: f64,
    /// How long the circuit stays half-open at most.
    pub half_open_timeout: Duration,
    /// Over which calls the rates are taken.
    pub window: Option<WindowKind>,
    /// The share of failures that opens the circuit; `None` where it is not looked at.
    pub failure_rate: Option<f64>,
    /// How many calls the window must hold before a rate means anything.
    pub min_calls: u32,
    /// The duration above which a call is slow.
    pub slow_call: Option<Duration>,
    /// The share of slow calls that opens the circuit; `None` where it is not looked at.
    pub slow_rate: Option<f64>,
    /// How long an asynchronous call must have been pending for its drop to count as a failure.
    pub abandoned_after: Duration,
    /// Whether the breaker only counts and tells, and never rejects.
    pub shadow: bool,
}

/// What a window holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WindowKind {
    /// The last so many calls.
    Calls(u32),
    /// The calls of the last while, in ten steps.
    Time(Duration),
}

/// What a builder was told, before defaults and rules.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) failure_threshold: Option<u32>,
    pub(super) recovery_timeout: Option<Duration>,
    pub(super) half_open_max_calls: Option<u32>,
    pub(super) success_threshold: Option<u32>,
    pub(super) recovery_backoff: Option<f64>,
    pub(super) max_recovery_timeout: Option<Duration>,
    pub(super) recovery_jitter: Option<f64>,
    pub(super) half_open_timeout: Option<Duration>,
    pub(super) count_window: Option<u32>,
    pub(super) time_window: Option<Duration>,
    pub(super) failure_rate: Option<f64>,
    pub(super) min_calls: Option<u32>,
    pub(super) slow_call: Option<Duration>,
    pub(super) slow_rate: Option<f64>,
    pub(super) abandoned_after: Option<Duration>,
    pub(super) shadow: bool,
}

const FAILURE_THRESHOLD: u32 = 5;
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(60);
const HALF_OPEN_MAX_CALLS: u32 = 2;
const MAX_RECOVERY_TIMEOUT: Duration = Duration::from_secs(3600);
const MAX_BACKOFF: f64 = 1000.0;
const WINDOW_CALLS: u32 = 100;
const MAX_WINDOW_CALLS: u32 = 1_000_000;
const MIN_TIME_WINDOW: Duration = Duration::from_millis(1);
const RATE: f64 = 0.5;
const MIN_CALLS: u32 = 10;
const ABANDONED_AFTER: Duration = Duration::from_secs(1);

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: Some(FAILURE_THRESHOLD),
            recovery_timeout: RECOVERY_TIMEOUT,
            half_open_max_calls: HALF_OPEN_MAX_CALLS,
            success_threshold: 1,
            recovery_backoff: 1.0,
            max_recovery_timeout: MAX_RECOVERY_TIMEOUT,
            recovery_jitter: 0.0,
            half_open_timeout: RECOVERY_TIMEOUT,
            window: None,
            failure_rate: None,
            min_calls: MIN_CALLS,
            slow_call: None,
            slow_rate: None,
            abandoned_after: ABANDONED_AFTER,
            shadow: false,
        }
    }
}

impl BreakerConfig {
    /// Returns how long the circuit stays open when recovery has failed `reopened` times already; `fraction` in
    /// `[0, 1)` is the random part of the jitter.
    pub(super) fn open_time(&self, reopened: u32, fraction: f64) -> Duration {
        if reopened == 0 && self.recovery_jitter == 0.0 {
            return self.recovery_timeout;
        }
        let growth = self.recovery_backoff.powi(reopened.try_into().unwrap_or(i32::MAX));
        let seconds = self.recovery_timeout.as_secs_f64() * growth * (1.0 + self.recovery_jitter * fraction);
        // The cap comes last; what no duration can hold is above every cap.
        Duration::try_from_secs_f64(seconds).map_or(self.max_recovery_timeout, |d| d.min(self.max_recovery_timeout))
    }

    /// Returns the end of an open time that starts now.
    pub(super) fn open_until(&self, now: Tick, reopened: u32, fraction: f64) -> Tick {
        now.after(self.open_time(reopened, fraction))
    }
}

impl Draft {
    /// Returns the draft that resolves to this configuration again.
    pub(super) fn of(config: &BreakerConfig) -> Self {
        let (count_window, time_window) = match config.window {
            // The window that only serves slow calls is a default, not a wish for a failure rate.
            Some(_) if config.failure_rate.is_none() => (None, None),
            None => (None, None),
            Some(WindowKind::Calls(calls)) => (Some(calls), None),
            Some(WindowKind::Time(span)) => (None, Some(span)),
        };
        // What equals its default is left open, so that it follows when that on which it depends is changed.
        let mut draft = Self {
            failure_threshold: config.failure_threshold,
            recovery_timeout: Some(config.recovery_timeout),
            half_open_max_calls: Some(config.half_open_max_calls),
            success_threshold: Some(config.success_threshold),
            recovery_backoff: Some(config.recovery_backoff),
            recovery_jitter: Some(config.recovery_jitter),
            count_window,
            time_window,
            failure_rate: config.failure_rate,
            slow_call: config.slow_call,
            abandoned_after: Some(config.abandoned_after),
            shadow: config.shadow,
            ..Self::default()
        };
        let default = draft.resolve(&mut Vec::new());
        let unless = |differs: bool| differs.then_some(());
        draft.max_recovery_timeout =
            unless(default.max_recovery_timeout != config.max_recovery_timeout).map(|()| config.max_recovery_timeout);
        draft.half_open_timeout =
            unless(default.half_open_timeout != config.half_open_timeout).map(|()| config.half_open_timeout);
        draft.min_calls = unless(default.min_calls != config.min_calls).map(|()| config.min_calls);
        draft.slow_rate = config.slow_rate.filter(|_| default.slow_rate != config.slow_rate);
        draft.failure_threshold =
            config.failure_threshold.filter(|&n| draft.failure_rate.is_some() || n != FAILURE_THRESHOLD);
        draft
    }

    /// Fills in the defaults and collects every rule that the result breaks.
    pub(super) fn resolve(&self, problems: &mut Vec<ConfigError>) -> BreakerConfig {
        let mut rule = |holds: bool, field: &'static str, value: &dyn std::fmt::Debug, text: &str| {
            if !holds {
                problems.push(ConfigError::new(field, format_args!("{value:?}"), text));
            }
        };
        let explicit_window = match (self.count_window, self.time_window) {
            (Some(calls), None) => Some(WindowKind::Calls(calls)),
            (None, Some(span)) => Some(WindowKind::Time(span)),
            (None, None) => None,
            (Some(calls), Some(span)) => {
                rule(
                    false,
                    "time_window",
                    &span,
                    "must not be set together with `count_window`: a breaker has one window",
                );
                Some(WindowKind::Calls(calls))
            }
        };
        let rated = explicit_window.is_some() || self.failure_rate.is_some();
        let window = explicit_window.or((rated || self.slow_call.is_some()).then_some(WindowKind::Calls(WINDOW_CALLS)));
        let window_calls = match window {
            Some(WindowKind::Calls(calls)) => calls,
            _ => u32::MAX,
        };
        let recovery_timeout = self.recovery_timeout.unwrap_or(RECOVERY_TIMEOUT);
        let config = BreakerConfig {
            failure_threshold: self.failure_threshold.or((!rated).then_some(FAILURE_THRESHOLD)),
            recovery_timeout,
            half_open_max_calls: self.half_open_max_calls.unwrap_or(HALF_OPEN_MAX_CALLS),
            success_threshold: self.success_threshold.unwrap_or(1),
            recovery_backoff: self.recovery_backoff.unwrap_or(1.0),
            max_recovery_timeout: self.max_recovery_timeout.unwrap_or(MAX_RECOVERY_TIMEOUT.max(recovery_timeout)),
            recovery_jitter: self.recovery_jitter.unwrap_or(0.0),
            half_open_timeout: self.half_open_timeout.unwrap_or(recovery_timeout),
            window,
            failure_rate: self.failure_rate.or(rated.then_some(RATE)),
            min_calls: self.min_calls.unwrap_or(MIN_CALLS.min(window_calls)),
            slow_call: self.slow_call,
            slow_rate: self.slow_rate.or(self.slow_call.map(|_| RATE)),
            abandoned_after: self.abandoned_after.unwrap_or(ABANDONED_AFTER),
            shadow: self.shadow,
        };

        let is_rate = |rate: f64| rate > 0.0 && rate <= 1.0;
        if let Some(calls) = config.failure_threshold {
            rule(calls >= 1, "failure_threshold", &calls, "must be at least 1");
        }
        rule(!recovery_timeout.is_zero(), "recovery_timeout", &recovery_timeout, "must be longer than zero");
        rule(config.half_open_max_calls >= 1, "half_open_max_calls", &config.half_open_max_calls, "must be at least 1");
        rule(config.success_threshold >= 1, "success_threshold", &config.success_threshold, "must be at least 1");
        let backoff = config.recovery_backoff;
        rule((1.0..=MAX_BACKOFF).contains(&backoff), "recovery_backoff", &backoff, "must be from 1 to 1000");
        let longest = config.max_recovery_timeout;
        rule(longest >= recovery_timeout, "max_recovery_timeout", &longest, "must be at least `recovery_timeout`");
        let jitter = config.recovery_jitter;
        rule((0.0..=1.0).contains(&jitter), "recovery_jitter", &jitter, "must be from 0 to 1");
        let half_open = config.half_open_timeout;
        rule(!half_open.is_zero(), "half_open_timeout", &half_open, "must be longer than zero");
        if let Some(calls) = self.count_window {
            let legal = (1..=MAX_WINDOW_CALLS).contains(&calls);
            rule(legal, "count_window", &calls, "must be from 1 to 1000000 calls");
        }
        if let Some(span) = self.time_window {
            rule(span >= MIN_TIME_WINDOW, "time_window", &span, "must be at least 1 ms");
        }
        if let Some(rate) = self.failure_rate {
            rule(is_rate(rate), "failure_rate", &rate, "must be above 0 and at most 1");
        }
        if let Some(rate) = self.slow_rate {
            rule(is_rate(rate), "slow_rate", &rate, "must be above 0 and at most 1");
            rule(self.slow_call.is_some(), "slow_rate", &rate, "must come with `slow_call`, which says what is slow");
        }
        if let Some(limit) = self.slow_call {
            rule(!limit.is_zero(), "slow_call", &limit, "must be longer than zero");
        }
        if let Some(calls) = self.min_calls {
            rule(calls >= 1, "min_calls", &calls, "must be at least 1");
            rule(window.is_some(), "min_calls", &calls, "must come with a window or a rate, whose minimum it is");
            rule(calls <= window_calls, "min_calls", &calls, "must be at most the calls that the window holds");
        }
        config
    }
}

/// The longest name a breaker may have, in bytes.
const MAX_NAME: usize = 128;

/// Checks a breaker's name: 1 to 128 bytes, none of them a control character.
pub(super) fn check_name(name: &str, problems: &mut Vec<ConfigError>) {
    if name.trim().is_empty() {
        problems.push(ConfigError::new("name", format_args!("{name:?}"), "must not be empty"));
    }
    if name.len() > MAX_NAME {
        let shown: String = name.chars().take(32).collect();
        let rule = "must be at most 128 bytes long";
        problems.push(ConfigError::new("name", format_args!("{shown:?}... ({} bytes)", name.len()), rule));
    } else if name.chars().any(char::is_control) {
        problems.push(ConfigError::new("name", format_args!("{name:?}"), "must hold printable characters only"));
    }
}
