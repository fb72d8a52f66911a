//! Settings of breakers by name.

use super::{
    builder::BreakerBuilder, config::WindowKind, handle::CircuitBreaker,
    partial_config::MAX_WINDOW_CALLS, shell::Shell,
};
use crate::{
    error::ConfigError,
    event::audit_configuration,
    overrides::{
        Configurable, Configured, Kind, LivingGuard, Override, Plan, Setting, Value, configured,
        remember, setting, span_setting,
    },
    time::parse_duration,
};
use std::{sync::Arc, time::Duration};

/// A state in which a configuration holds a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    ForcedOpen,
    Disabled,
}

impl Held {
    const NAMES: &[&str] = &[Self::ForcedOpen.name(), Self::Disabled.name()];

    const fn name(self) -> &'static str {
        match self {
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let all = [Self::ForcedOpen, Self::Disabled];
        all.into_iter().find(|held| held.name() == name)
    }
}

/// Parses `100 calls` or a time such as `60s`, as the key `window` of the attribute does.
pub(crate) fn parse_window(text: &str) -> Option<WindowKind> {
    let text = text.trim();
    let calls = text
        .strip_suffix("calls")
        .or_else(|| text.strip_suffix("call"));
    match calls {
        Some(calls) => {
            let calls = calls.trim().replace('_', "").parse().ok()?;
            Some(WindowKind::Calls(calls))
        }
        None => parse_duration(text).map(WindowKind::Time),
    }
}

const SETTINGS: &[Setting<BreakerBuilder>] = &[
    setting!(Count failure_threshold: "How many failures in a row open the circuit; 5 unless a window is set."),
    setting!(Duration recovery_timeout: "How long the circuit stays open before it admits probes; 60s."),
    setting!(Count half_open_max_calls: "How many probes may run at once while the circuit is half-open; 2."),
    setting!(Count success_threshold: "How many probes must succeed to close the circuit; 1."),
    setting!(Number recovery_backoff: "By what the open time grows each time that recovery fails, from 1 to 1000; 1."),
    setting!(Duration max_recovery_timeout: "What the open time never exceeds; 1h, or recovery_timeout where that is longer."),
    setting!(Number recovery_jitter: "How much of an open time is at most added to it at random, from 0 to 1; 0."),
    setting!(Duration half_open_timeout: "The limit of the half-open state; recovery_timeout."),
    Setting::new(
        "window",
        Kind::Window,
        "Over what rates are computed: a number of calls, for example \"100 calls\", or a time, for example \"60s\".",
        |builder, value| match value {
            Value::Text(text) => match parse_window(text) {
                Some(WindowKind::Calls(calls)) => builder.count_window(calls),
                Some(WindowKind::Time(span)) => builder.time_window(span),
                None => builder,
            },
            _ => builder,
        },
    ),
    setting!(Count count_window: "The number of calls over which rates are computed, from 1 to 1000000."),
    setting!(Duration time_window: "The time over which rates are computed, at least 1ms."),
    setting!(Number failure_rate: "The share of failures that opens the circuit, above 0 and at most 1; 0.5 where a window is set."),
    setting!(Count min_calls: "How many calls the window must hold before a rate is known; 10."),
    setting!(Duration slow_call: "The duration above which a call is slow; off."),
    setting!(Number slow_rate: "The share of slow calls that opens the circuit; 0.5 where slow_call is set."),
    setting!(Duration abandoned_after: "How long an asynchronous call must have been pending for its drop to count as a failure; 1s."),
    setting!(Flag timed: "Whether calls are timed, for a histogram in metrics; false."),
    setting!(Flag shadow: "Whether the breaker only counts and emits events, and never rejects; false."),
    Setting::new(
        "state",
        Kind::Choice(Held::NAMES),
        "Holds the circuit in a state for as long as this line is there: forced_open rejects every call, disabled none.",
        |mut builder, value| {
            if let Value::Text(name) = value {
                builder.held = Held::from_name(name);
            }
            builder
        },
    ),
    span_setting(),
];

impl Configurable for BreakerBuilder {
    const SECTION: &'static str = "breaker";

    type Target = Shell;

    fn settings() -> &'static [Setting<Self>] {
        SETTINGS
    }

    fn plausible(name: &str) -> Vec<Self> {
        let defaults = CircuitBreaker::builder(name);
        let other = CircuitBreaker::builder(name)
            .recovery_timeout(Duration::from_nanos(1))
            .count_window(MAX_WINDOW_CALLS)
            .slow_call(Duration::from_secs(1));
        vec![defaults, other]
    }

    fn make_room_for(&mut self, setting: &str) {
        if matches!(setting, "window" | "count_window" | "time_window") {
            (self.settings.count_window, self.settings.time_window) = (None, None);
        }
    }

    fn problems(&self) -> Option<ConfigError> {
        self.resolve().err()
    }

    fn setting_of(field: &'static str, section: &Override) -> &'static str {
        let is_window = matches!(field, "count_window" | "time_window");
        if is_window && section.place_of(field).is_none() {
            "window"
        } else {
            field
        }
    }

    fn plan(self, before: &Self, target: &Arc<Shell>) -> Result<Plan, ConfigError> {
        let config = self.resolve()?;
        let now = target.clock.now();
        let (shell, explicit) = (Arc::clone(target), self.settings.explicit());
        let plan = Plan::new(move || {
            shell.step(|locked| {
                locked.explicit = explicit;
                locked.machine.reconfigure_at(now, config);
                ((), Default::default())
            });
        });
        if self.held == before.held {
            return Ok(plan);
        }
        let breaker = CircuitBreaker::from_shared(Arc::clone(target));
        Ok(plan.then(move || hold(&breaker, self.held)))
    }
}

impl BreakerBuilder {
    /// Returns this builder with the settings of the configuration in force.
    pub(super) fn configured(self) -> (Self, ConfiguredBreaker) {
        let code = self.for_configuration();
        let configured = configured(self.name(), &code);
        let builder = self.with_settings_of(&configured.builder);
        (builder, ConfiguredBreaker { code, configured })
    }

    /// Returns a builder with the settings that a file can replace, and nothing that keeps anything
    /// else alive.
    pub(super) fn for_configuration(&self) -> Self {
        let mut builder = CircuitBreaker::builder(self.name());
        builder.settings = self.settings.clone();
        builder.held = self.held;
        builder
    }

    /// Returns this builder with the settings of another one.
    pub(super) fn with_settings_of(mut self, other: &Self) -> Self {
        self.settings = other.settings.clone();
        self.held = other.held;
        self
    }
}

/// The settings of a breaker that is being made: those of the code, and those in force.
pub(super) struct ConfiguredBreaker {
    code: BreakerBuilder,
    configured: Configured<BreakerBuilder>,
}

impl ConfiguredBreaker {
    /// Remembers the breaker that was made, for changes while it is in use.
    pub(super) fn remember(self, breaker: &CircuitBreaker) {
        let held = self.configured.builder.held;
        if held.is_some() {
            hold(breaker, held);
        }
        let name = breaker.name();
        remember(LivingGuard::new(
            name,
            self.code,
            self.configured,
            breaker.shell(),
        ));
    }
}

/// Brings a circuit into the state that a configuration holds it in, or closes it where none does
/// any longer.
pub(super) fn hold(breaker: &CircuitBreaker, held: Option<Held>) {
    match held {
        Some(Held::ForcedOpen) => breaker.force_open(),
        Some(Held::Disabled) => breaker.disable(),
        None => breaker.reset(),
    }
    let state = held.map_or("closed", Held::name);
    audit_configuration(
        &format!("circuit breaker {}: {state}", breaker.name()),
        Ok(()),
    );
}
