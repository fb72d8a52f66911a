//! Rules, which select the events that lead to notifications.

use crate::{
    error::{ConfigError, ErrorCode},
    event::{ErrorEvent, Severity, Shown},
};
use std::{fmt, time::Duration};

/// A rule that selects events for notifications, and the channels that they go to.
///
/// # Defaults
///
/// All channels; errors of every code and operation; level error and above for errors and rates,
/// info and above for breakers and health checks; no notification when errors have stopped.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, alerts::Rule, event::Severity};
/// use std::time::Duration;
///
/// let rules = [
///     Rule::immediate("critical errors").min_level(Severity::Critical),
///     Rule::rate("database trouble", 20, Duration::from_secs(60)).code(ErrorCode::DB_CONNECTION_ERROR).channel("ops"),
///     Rule::ratio("payments fail", "payments", 0.5, Duration::from_secs(300)).min_calls(50),
///     Rule::breakers("circuits"),
///     Rule::health("health"),
/// ];
/// assert_eq!(rules[1].name(), "database trouble");
/// ```
#[derive(Clone, PartialEq)]
#[must_use]
pub struct Rule {
    pub(super) name: String,
    pub(super) trigger: Trigger,
    pub(super) min_level: Severity,
    pub(super) codes: Vec<ErrorCode>,
    pub(super) operations: Vec<String>,
    pub(super) channels: Vec<String>,
    pub(super) inhibited_by: Vec<String>,
    pub(super) recovery_after: Option<Duration>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("name", &Shown(&self.name))
            .field("trigger", &self.trigger)
            .field("min_level", &self.min_level)
            .field("codes", &self.codes)
            .field("operations", &shown(&self.operations))
            .field("channels", &shown(&self.channels))
            .field("inhibited_by", &shown(&self.inhibited_by))
            .field("recovery_after", &self.recovery_after)
            .finish()
    }
}

impl fmt::Debug for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Immediate => f.write_str("Immediate"),
            Self::Rate { count, window } => f
                .debug_struct("Rate")
                .field("count", count)
                .field("window", window)
                .finish(),
            Self::Ratio {
                breaker,
                share,
                window,
                min_calls,
            } => f
                .debug_struct("Ratio")
                .field("breaker", &Shown(breaker))
                .field("share", share)
                .field("window", window)
                .field("min_calls", min_calls)
                .finish(),
            Self::Breakers { names } => f
                .debug_struct("Breakers")
                .field("names", &shown(names))
                .finish(),
            Self::Health { checks } => f
                .debug_struct("Health")
                .field("checks", &shown(checks))
                .finish(),
        }
    }
}

fn shown(names: &[String]) -> Vec<Shown<'_>> {
    names.iter().map(|name| Shown(name)).collect()
}

#[derive(Clone, PartialEq)]
pub(super) enum Trigger {
    Immediate,
    Rate {
        count: usize,
        window: Duration,
    },
    Ratio {
        breaker: String,
        share: f64,
        window: Duration,
        min_calls: u64,
    },
    Breakers {
        names: Vec<String>,
    },
    Health {
        checks: Vec<String>,
    },
}

impl Trigger {
    /// Returns `true` if it watches the circuit breaker of this name.
    pub(super) fn watches_breaker(&self, name: &str) -> bool {
        matches!(self, Self::Breakers { names } if names.is_empty() || names.iter().any(|it| it == name))
    }

    /// Returns `true` if it watches the health check of this name.
    pub(super) fn watches_check(&self, name: &str) -> bool {
        matches!(self, Self::Health { checks } if checks.is_empty() || checks.iter().any(|it| it == name))
    }
}

impl Rule {
    fn new(name: impl Into<String>, trigger: Trigger, min_level: Severity) -> Self {
        Self {
            name: name.into(),
            trigger,
            min_level,
            codes: Vec::new(),
            operations: Vec::new(),
            channels: Vec::new(),
            inhibited_by: Vec::new(),
            recovery_after: None,
        }
    }

    /// Makes a rule for each error of the minimum level.
    pub fn immediate(name: impl Into<String>) -> Self {
        Self::new(name, Trigger::Immediate, Severity::Error)
    }

    /// Makes a rule for `count` errors within a sliding window; a recovery notification follows when
    /// there are fewer.
    ///
    /// Errors of an operation behind an open circuit are not counted for the rule, but as inhibited.
    pub fn rate(name: impl Into<String>, count: usize, window: Duration) -> Self {
        Self::new(name, Trigger::Rate { count, window }, Severity::Error)
    }

    /// Makes a rule for a share of failed calls through a circuit breaker of that name, within a
    /// window, of at least 20 calls; a recovery notification follows when there are fewer.
    pub fn ratio(
        name: impl Into<String>,
        breaker: impl Into<String>,
        share: f64,
        window: Duration,
    ) -> Self {
        let breaker = breaker.into();
        Self::new(
            name,
            Trigger::Ratio {
                breaker,
                share,
                window,
                min_calls: 20,
            },
            Severity::Error,
        )
    }

    /// Makes a rule for circuit breakers that open or close.
    pub fn breakers(name: impl Into<String>) -> Self {
        Self::new(
            name,
            Trigger::Breakers { names: Vec::new() },
            Severity::Info,
        )
    }

    /// Makes a rule for health checks that change their status.
    pub fn health(name: impl Into<String>) -> Self {
        Self::new(name, Trigger::Health { checks: Vec::new() }, Severity::Info)
    }

    /// Returns the rule's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sets the minimum level of an event.
    pub fn min_level(mut self, level: Severity) -> Self {
        self.min_level = level;
        self
    }

    /// Selects errors with this code; may be called for several.
    pub fn code(mut self, code: ErrorCode) -> Self {
        self.codes.push(code);
        self
    }

    /// Selects errors of this operation; may be called for several.
    pub fn operation(mut self, name: impl Into<String>) -> Self {
        self.operations.push(name.into());
        self
    }

    /// Selects the breaker or check of this name; may be called for several.
    pub fn only(mut self, name: impl Into<String>) -> Self {
        if let Trigger::Breakers { names } | Trigger::Health { checks: names } = &mut self.trigger {
            names.push(name.into());
        }
        self
    }

    /// Sends to this channel instead of all; may be called for several.
    pub fn channel(mut self, name: impl Into<String>) -> Self {
        self.channels.push(name.into());
        self
    }

    /// Counts nothing for this rule while the circuit of that name is open.
    pub fn inhibited_by(mut self, breaker: impl Into<String>) -> Self {
        self.inhibited_by.push(breaker.into());
        self
    }

    /// Sets how many calls a window must hold before a ratio is evaluated.
    pub fn min_calls(mut self, calls: u64) -> Self {
        if let Trigger::Ratio { min_calls, .. } = &mut self.trigger {
            *min_calls = calls;
        }
        self
    }

    /// Sends a recovery notification, at level info, when no error of a group has come for `quiet` since
    /// the last one and since the last notification of it. An error after that is sent at once.
    ///
    /// A group that comes and goes recovers once in a throttle interval: the next recovery is sent when
    /// that is over.
    pub fn recovery_after(mut self, quiet: Duration) -> Self {
        self.recovery_after = Some(quiet);
        self
    }

    pub(super) fn matches(&self, event: &ErrorEvent<'_>) -> bool {
        event.level >= self.min_level
            && (self.codes.is_empty() || self.codes.contains(&event.code))
            && (self.operations.is_empty()
                || self.operations.iter().any(|name| name == event.operation))
    }

    pub(super) fn problems(&self, channels: &[&str]) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        let mut problem = |field, value: String, rule: &str| {
            problems.push(ConfigError::new(
                field,
                format!("{value} (rule `{}`)", self.name),
                rule,
            ));
        };
        let widest = Duration::from_secs(86_400);
        let window_is_fine =
            |window: Duration| window >= Duration::from_secs(1) && window <= widest;
        match &self.trigger {
            Trigger::Rate { count, window } => {
                if !(1..=10_000).contains(count) {
                    problem("count", count.to_string(), "must be from 1 to 10,000");
                }
                if !window_is_fine(*window) {
                    problem(
                        "window",
                        format!("{window:?}"),
                        "must be from 1 second to 1 day",
                    );
                }
            }
            Trigger::Ratio {
                share,
                window,
                min_calls,
                ..
            } => {
                if !(*share > 0.0 && *share <= 1.0) {
                    problem("share", share.to_string(), "must be above 0 and at most 1");
                }
                if !window_is_fine(*window) {
                    problem(
                        "window",
                        format!("{window:?}"),
                        "must be from 1 second to 1 day",
                    );
                }
                if *min_calls == 0 {
                    problem("min_calls", min_calls.to_string(), "must be at least 1");
                }
            }
            Trigger::Immediate | Trigger::Breakers { .. } | Trigger::Health { .. } => {}
        }
        for channel in self
            .channels
            .iter()
            .filter(|name| !channels.contains(&name.as_str()))
        {
            problem("channel", channel.clone(), "must be the name of a channel");
        }
        problems
    }
}
