//! Explicit settings of a breaker, and the rules that resolve them to a configuration.

use super::config::{
    ABANDONED_AFTER, BreakerConfig, FAILURE_THRESHOLD, HALF_OPEN_MAX_CALLS, MAX_RECOVERY_TIMEOUT,
    MIN_CALLS, RECOVERY_TIMEOUT, WindowKind,
};
use crate::{error::ConfigError, name, store_loss::StoreLoss};
use std::{fmt::Debug, time::Duration};

/// The settings that a builder was given, before defaults and rules.
#[derive(Clone, Debug, Default)]
pub(super) struct PartialConfig {
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
    pub(super) shadow: Option<bool>,
    pub(super) timed: Option<bool>,
    pub(super) shared: Option<bool>,
    pub(super) on_store_loss: Option<StoreLoss>,
    pub(super) cleared: Cleared,
}

/// The settings that a change unsets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cleared {
    pub(super) failure_threshold: bool,
    pub(super) window: bool,
    pub(super) slow_call: bool,
}

/// Which settings of a configuration are explicit, and not defaults, a bit for each. A breaker keeps
/// them apart, for when it is reconfigured.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ExplicitSettings(u32);

impl ExplicitSettings {
    fn with(self, setting: Setting, is_set: bool) -> Self {
        Self(self.0 | u32::from(is_set) << setting as u32)
    }

    fn has(self, setting: Setting) -> bool {
        self.0 & 1 << setting as u32 != 0
    }
}

/// Lists all settings once, so that none is forgotten; the windows are one value of a configuration.
macro_rules! settings {
    ($($setting:ident),*) => {
        #[expect(non_camel_case_types, reason = "named as the settings")]
        enum Setting {
            $($setting,)*
            count_window,
            time_window,
        }

        impl PartialConfig {
            /// Returns which settings are set.
            pub(super) fn explicit(&self) -> ExplicitSettings {
                ExplicitSettings::default()
                    $(.with(Setting::$setting, self.$setting.is_some()))*
                    .with(Setting::count_window, self.count_window.is_some())
                    .with(Setting::time_window, self.time_window.is_some())
            }

            /// Returns the settings that resolve to this configuration again, of which `explicit`
            /// were set.
            pub(super) fn of(config: &BreakerConfig, explicit: ExplicitSettings) -> Self {
                let (calls, span) = match config.window {
                    Some(WindowKind::Calls(calls)) => (Some(calls), None),
                    Some(WindowKind::Time(span)) => (None, Some(span)),
                    None => (None, None),
                };
                Self {
                    $($setting: Option::from(config.$setting).filter(|_| explicit.has(Setting::$setting)),)*
                    count_window: calls.filter(|_| explicit.has(Setting::count_window)),
                    time_window: span.filter(|_| explicit.has(Setting::time_window)),
                    cleared: Cleared::default(),
                }
            }

            fn filled_by(self, change: &Self) -> Self {
                Self {
                    $($setting: change.$setting.or(self.$setting),)*
                    count_window: change.count_window.or(self.count_window),
                    time_window: change.time_window.or(self.time_window),
                    cleared: Cleared::default(),
                }
            }
        }
    };
}

settings!(
    failure_threshold,
    recovery_timeout,
    half_open_max_calls,
    success_threshold,
    recovery_backoff,
    max_recovery_timeout,
    recovery_jitter,
    half_open_timeout,
    failure_rate,
    min_calls,
    slow_call,
    slow_rate,
    abandoned_after,
    shadow,
    timed,
    shared,
    on_store_loss
);

const MAX_BACKOFF: f64 = 1000.0;
const WINDOW_CALLS: u32 = 100;
pub(super) const MAX_WINDOW_CALLS: u32 = 1_000_000;
const MIN_TIME_WINDOW: Duration = Duration::from_millis(1);
const RATE: f64 = 0.5;

impl PartialConfig {
    /// Returns the settings after a change: those of the change, and the earlier ones that it does
    /// not set.
    pub(super) fn changed_by(self, change: &Self) -> Self {
        let mut old = self;
        if change.cleared.window || change.count_window.is_some() || change.time_window.is_some() {
            (old.count_window, old.time_window) = (None, None);
        }
        if change.cleared.window {
            (old.failure_rate, old.min_calls) = (None, None);
        }
        if change.cleared.slow_call {
            (old.slow_call, old.slow_rate) = (None, None);
        }
        if change.cleared.failure_threshold {
            old.failure_threshold = None;
        }
        let mut new = old.filled_by(change);
        if change.cleared.slow_call && !new.is_rated() {
            // The minimum of a window that only the slow calls had.
            new.min_calls = change.min_calls;
        }
        new
    }

    fn is_rated(&self) -> bool {
        self.count_window.is_some() || self.time_window.is_some() || self.failure_rate.is_some()
    }

    /// Fills in the defaults and collects every broken rule.
    pub(super) fn resolve(&self, problems: &mut Vec<ConfigError>) -> BreakerConfig {
        let mut rules = Rules(problems);
        let explicit_window = match (self.count_window, self.time_window) {
            (Some(calls), None) => Some(WindowKind::Calls(calls)),
            (None, Some(span)) => Some(WindowKind::Time(span)),
            (None, None) => None,
            (Some(calls), Some(span)) => {
                let rule = "must not be set together with `count_window`: a breaker has one window";
                rules.check(false, "time_window", &span, rule);
                Some(WindowKind::Calls(calls))
            }
        };
        let rated = self.is_rated();
        let window = explicit_window
            .or((rated || self.slow_call.is_some()).then_some(WindowKind::Calls(WINDOW_CALLS)));
        let window_calls = match window {
            Some(WindowKind::Calls(calls)) => calls,
            _ => u32::MAX,
        };
        let recovery_timeout = self.recovery_timeout.unwrap_or(RECOVERY_TIMEOUT);
        let config = BreakerConfig {
            failure_threshold: self
                .failure_threshold
                .or((!rated).then_some(FAILURE_THRESHOLD)),
            recovery_timeout,
            half_open_max_calls: self.half_open_max_calls.unwrap_or(HALF_OPEN_MAX_CALLS),
            success_threshold: self.success_threshold.unwrap_or(1),
            recovery_backoff: self.recovery_backoff.unwrap_or(1.0),
            max_recovery_timeout: self
                .max_recovery_timeout
                .unwrap_or(MAX_RECOVERY_TIMEOUT.max(recovery_timeout)),
            recovery_jitter: self.recovery_jitter.unwrap_or(0.0),
            half_open_timeout: self.half_open_timeout.unwrap_or(recovery_timeout),
            window,
            failure_rate: self.failure_rate.or(rated.then_some(RATE)),
            min_calls: self.min_calls.unwrap_or(MIN_CALLS.min(window_calls)),
            slow_call: self.slow_call,
            slow_rate: self.slow_rate.or(self.slow_call.map(|_| RATE)),
            abandoned_after: self.abandoned_after.unwrap_or(ABANDONED_AFTER),
            shadow: self.shadow.unwrap_or(false),
            timed: self.timed.unwrap_or(false),
            shared: self.shared.unwrap_or(false),
            on_store_loss: self.on_store_loss.unwrap_or_default(),
        };

        rules.at_least_one("failure_threshold", self.failure_threshold);
        rules.above_zero("recovery_timeout", self.recovery_timeout);
        rules.at_least_one("half_open_max_calls", self.half_open_max_calls);
        rules.at_least_one("success_threshold", self.success_threshold);
        if let (Some(probes @ 1..), Some(successes)) =
            (self.half_open_max_calls, self.success_threshold)
        {
            let rule = "must be at least `success_threshold`, so that one round of probes can close the circuit";
            rules.check(probes >= successes, "half_open_max_calls", &probes, rule);
        }
        let (backoff, jitter) = (config.recovery_backoff, config.recovery_jitter);
        let is_legal = (1.0..=MAX_BACKOFF).contains(&backoff);
        rules.check(
            is_legal,
            "recovery_backoff",
            &backoff,
            "must be from 1 to 1000",
        );
        let longest = config.max_recovery_timeout;
        let rule = "must be at least `recovery_timeout`";
        rules.check(
            longest >= recovery_timeout,
            "max_recovery_timeout",
            &longest,
            rule,
        );
        let is_legal = (0.0..=1.0).contains(&jitter);
        rules.check(is_legal, "recovery_jitter", &jitter, "must be from 0 to 1");
        rules.above_zero("half_open_timeout", self.half_open_timeout);
        if let Some(calls) = self.count_window {
            let is_legal = (1..=MAX_WINDOW_CALLS).contains(&calls);
            let rule = "must be from 1 to 1000000 calls";
            rules.check(is_legal, "count_window", &calls, rule);
        }
        if let Some(span) = self.time_window {
            let rule = "must be at least 1 ms";
            rules.check(span >= MIN_TIME_WINDOW, "time_window", &span, rule);
        }
        rules.rate("failure_rate", self.failure_rate);
        rules.rate("slow_rate", self.slow_rate);
        if let Some(rate) = self.slow_rate {
            let rule = "must come with `slow_call`, the limit above which a call is slow";
            rules.check(self.slow_call.is_some(), "slow_rate", &rate, rule);
        }
        rules.above_zero("slow_call", self.slow_call);
        if let Some(loss) = self.on_store_loss {
            let rule = "must come with `shared`: only a shared breaker has a store";
            rules.check(config.shared, "on_store_loss", &loss, rule);
        }
        rules.at_least_one("min_calls", self.min_calls);
        if let Some(calls) = self.min_calls {
            let rule = "must come with a window or a rate, whose minimum it is";
            rules.check(window.is_some(), "min_calls", &calls, rule);
            let rule = "must be at most the calls that the window holds";
            rules.check(calls <= window_calls, "min_calls", &calls, rule);
        }
        config
    }
}

/// The rules of the settings, and the problems where one is broken.
struct Rules<'a>(&'a mut Vec<ConfigError>);

impl Rules<'_> {
    fn check(&mut self, holds: bool, field: &'static str, value: &dyn Debug, rule: &str) {
        if !holds {
            let problem = ConfigError::new(field, format_args!("{value:?}"), rule);
            self.0.push(problem);
        }
    }

    fn at_least_one(&mut self, field: &'static str, calls: Option<u32>) {
        self.check(calls != Some(0), field, &0, "must be at least 1");
    }

    fn above_zero(&mut self, field: &'static str, limit: Option<Duration>) {
        let zero = Duration::ZERO;
        self.check(
            limit != Some(zero),
            field,
            &zero,
            "must be longer than zero",
        );
    }

    fn rate(&mut self, field: &'static str, rate: Option<f64>) {
        let rate = rate.unwrap_or(RATE);
        let is_legal = rate > 0.0 && rate <= 1.0;
        self.check(is_legal, field, &rate, "must be above 0 and at most 1");
    }
}

/// The longest name a breaker may have, in bytes.
const LONGEST_NAME: usize = 128;

/// Checks a breaker's name: 1 to 128 bytes of printable characters.
pub(super) fn check_name(name: &str, problems: &mut Vec<ConfigError>) {
    problems.extend(name::problem("name", name, LONGEST_NAME));
}
