//! Settings of breakers by name.

use super::{
    builder::BreakerBuilder,
    config::{BreakerConfig, WindowKind},
    handle::CircuitBreaker,
    keyed::KeyedRecipe,
    locked::Locked,
    partial_config::{ExplicitSettings, MAX_WINDOW_CALLS},
    shell::Shell,
    state::Effects,
};
use crate::{
    error::ConfigError,
    event::{CircuitState, audit_configuration},
    keyed::Keyed,
    overrides::{
        Configurable, ConfigurableByKey, Configured, Kind, LivingGuard, Override, Setting, Value,
        configured, remember, remember_keyed, setting, span_setting,
    },
    store_loss::StoreLoss,
    time::{Tick, parse_duration},
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

    /// Brings a circuit into a state that it is held in, or closes it where it is held in none any
    /// longer.
    fn hold_at(now: Tick, held: Option<Self>, locked: &mut Locked) -> Effects {
        match held {
            Some(Self::ForcedOpen) => locked.machine.force_open_at(now),
            Some(Self::Disabled) => locked.disable_at(now),
            None => locked.machine.reset_at(now),
        }
    }

    /// Returns the state of a circuit that is held.
    pub(super) fn state(self) -> CircuitState {
        match self {
            Self::ForcedOpen => CircuitState::ForcedOpen,
            Self::Disabled => CircuitState::Disabled,
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
    Setting::new(
        "shared",
        Kind::Flag,
        "Whether the breaker shares its state with those of the same name in other processes, where there is a fleet; false.",
        |mut builder: BreakerBuilder, value: &Value| {
            if let Value::Flag(shared) = value {
                builder.settings.shared = Some(*shared);
            }
            builder
        },
    )
    .needing("fleet", cfg!(feature = "fleet")),
    Setting::new(
        "on_store_loss",
        Kind::Choice(STORE_LOSSES),
        "What a shared breaker does while the store of its fleet does not answer: local decides alone, open rejects every call, closed none; local.",
        |mut builder: BreakerBuilder, value: &Value| {
            if let Value::Text(name) = value {
                builder.settings.on_store_loss = StoreLoss::from_name(name);
            }
            builder
        },
    )
    .needing("fleet", cfg!(feature = "fleet")),
    span_setting(),
];

const STORE_LOSSES: &[&str] = &[
    StoreLoss::Local.name(),
    StoreLoss::Open.name(),
    StoreLoss::Closed.name(),
];

impl Configurable for BreakerBuilder {
    const SECTION: &'static str = "breaker";

    type Target = Shell;

    type Change = Change;

    fn settings() -> &'static [Setting<Self>] {
        SETTINGS
    }

    fn plausible(name: &str) -> Vec<Self> {
        let defaults = CircuitBreaker::builder(name);
        let mut other = CircuitBreaker::builder(name)
            .recovery_timeout(Duration::from_nanos(1))
            .count_window(MAX_WINDOW_CALLS)
            .slow_call(Duration::from_secs(1));
        other.settings.shared = Some(true);
        vec![defaults, other]
    }

    fn make_room_for(&mut self, setting: &str, value: &Value) {
        match (setting, value) {
            ("window" | "count_window" | "time_window", _) => {
                (self.settings.count_window, self.settings.time_window) = (None, None);
            }
            // What a breaker does without its store means nothing where it has none.
            ("shared", Value::Flag(false)) => self.settings.on_store_loss = None,
            _ => {}
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

    fn change(&self, before: &Self) -> Result<Change, ConfigError> {
        Ok(Change {
            config: self.resolve()?,
            explicit: self.settings.explicit(),
            held: (self.held != before.held).then_some(self.held),
        })
    }

    fn now(shell: &Shell) -> Tick {
        shell.clock.now()
    }

    fn apply_at(now: Tick, change: &Change, shell: &Arc<Shell>) {
        shell.change(|locked| {
            locked.explicit = change.explicit;
            locked.machine.reconfigure_at(now, change.config.clone());
            let held = change.held.map(|held| Held::hold_at(now, held, locked));
            #[cfg(feature = "fleet")]
            locked.note_settings();
            held.unwrap_or_default()
        });
    }

    fn publish(_: &Change, shell: &Arc<Shell>) {
        #[cfg(feature = "fleet")]
        super::shared_breakers::follow_settings(shell);
        shell.publish_changes();
    }

    fn audit(change: &Change, name: &str) {
        if let Some(held) = change.held {
            audit(name, held);
        }
    }
}

/// The settings of a breaker that is in use.
pub(crate) struct Change {
    config: BreakerConfig,
    explicit: ExplicitSettings,
    /// The state that the circuit is held in from now on, or in none, where that changes.
    held: Option<Option<Held>>,
}

impl ConfigurableByKey for BreakerBuilder {
    type Guard = CircuitBreaker;

    fn recipe_like(&self, other: &KeyedRecipe) -> Result<KeyedRecipe, ConfigError> {
        Ok(other.with_settings_of(self, self.resolve()?))
    }

    fn target_of(breaker: &CircuitBreaker) -> &Arc<Shell> {
        breaker.shell()
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
        let name = breaker.name();
        if let Some(held) = self.configured.builder.held {
            hold(breaker, held);
            audit(name, Some(held));
        }
        remember(LivingGuard::new(
            name,
            self.code,
            self.configured,
            breaker.shell(),
        ));
    }

    /// Remembers the breakers by key that were made, if they are the ones that the name has.
    pub(super) fn remember_keyed(
        self,
        shared: &Keyed<CircuitBreaker>,
        made: &Keyed<CircuitBreaker>,
    ) {
        let held = self.configured.builder.held;
        if held.is_some() && shared.is_same_as(made) {
            audit(shared.name(), held);
        }
        remember_keyed(self.code, self.configured, shared, made);
    }
}

/// Holds a circuit that was just made.
pub(super) fn hold(breaker: &CircuitBreaker, held: Held) {
    match held {
        Held::ForcedOpen => breaker.force_open(),
        Held::Disabled => breaker.disable(),
    }
}

fn audit(name: &str, held: Option<Held>) {
    let state = held.map_or("closed", Held::name);
    audit_configuration(&format!("circuit breaker {name}: {state}"), Ok(()));
}
