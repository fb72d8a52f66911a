//! Rules, which select the events that lead to notifications.

use super::problems::Problems;
use crate::{
    error::ErrorCode,
    event::{ErrorEvent, GuardName, Severity},
};
use std::{fmt, time::Duration};

/// A rule that selects events for notifications, and the channels that they go to.
///
/// # Defaults
///
/// All channels; errors of every code and operation; level error and above for errors and rates,
/// info and above for breakers and health checks; no notification when errors have stopped.
///
/// # Errors
///
/// [`AlertsConfigBuilder::build`](super::AlertsConfigBuilder::build) checks rules: values outside
/// their range, channels that it does not have, and settings of another kind of rule.
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
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Rule {
    pub(super) name: Name,
    pub(super) trigger: Trigger,
    pub(super) min_level: Severity,
    codes: Vec<ErrorCode>,
    operations: Vec<Name>,
    /// The breakers or checks that it watches; all of them where it names none.
    only: Vec<Name>,
    min_calls: Option<u64>,
    pub(super) channels: Vec<Name>,
    pub(super) inhibited_by: Vec<Name>,
    pub(super) recovery_after: Option<Duration>,
}

/// A name whose `Debug` form is redacted.
type Name = GuardName<String>;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trigger {
    Immediate,
    Rate {
        count: usize,
        window: Duration,
    },
    Ratio {
        breaker: Name,
        share: f64,
        window: Duration,
    },
    Breakers,
    Health,
}

impl Rule {
    fn new(name: impl Into<String>, trigger: Trigger, min_level: Severity) -> Self {
        Self {
            name: GuardName(name.into()),
            trigger,
            min_level,
            codes: Vec::new(),
            operations: Vec::new(),
            only: Vec::new(),
            min_calls: None,
            channels: Vec::new(),
            inhibited_by: Vec::new(),
            recovery_after: None,
        }
    }

    /// Makes a rule for each error of the minimum level.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, Rule}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.rule(Rule::immediate("errors")).build()?)?;
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// gardefou::report(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn immediate(name: impl Into<String>) -> Self {
        Self::new(name, Trigger::Immediate, Severity::Error)
    }

    /// Makes a rule for `count` errors (1 to 10,000) within a sliding window (1 second to 1 day); a
    /// recovery notification follows when there are fewer.
    ///
    /// Errors of an operation behind an open circuit are not counted for the rule, but as inhibited.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, Rule}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// let rule = Rule::rate("storm", 3, Duration::from_secs(60));
    /// let alerts = Alerts::start(config.rule(rule).build()?)?;
    /// for sent in [0, 0, 1] {
    ///     gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    ///     alerts.run();
    ///     assert_eq!(alerts.status().sent, sent);
    /// }
    /// clock.advance(Duration::from_secs(60));
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 2); // the recovery
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rate(name: impl Into<String>, count: usize, window: Duration) -> Self {
        Self::new(name, Trigger::Rate { count, window }, Severity::Error)
    }

    /// Makes a rule for a share of failed calls (above 0, at most 1) through a circuit breaker of that
    /// name, within a window (1 second to 1 day) of at least [`min_calls`](Self::min_calls); a
    /// recovery notification follows when it is lower.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{alerts::{Alerts, AlertsConfig, Rule}, circuit_breakers, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// # let payments = circuit_breakers().get_or_create("payments", |breaker| breaker.failure_threshold(1000))?;
    /// let rule = Rule::ratio("payments fail", "payments", 0.5, Duration::from_secs(60));
    /// let alerts = Alerts::start(config.rule(rule).build()?)?;
    /// for _ in 0..10 {
    ///     payments.try_acquire()?.success();
    ///     payments.try_acquire()?.failure();
    /// }
    /// clock.advance(Duration::from_secs(60));
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 1); // 10 of 20 calls failed
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ratio(
        name: impl Into<String>,
        breaker: impl Into<String>,
        share: f64,
        window: Duration,
    ) -> Self {
        let breaker = GuardName(breaker.into());
        let trigger = Trigger::Ratio {
            breaker,
            share,
            window,
        };
        Self::new(name, trigger, Severity::Error)
    }

    /// Makes a rule for circuit breakers that open or close.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{alerts::{Alerts, AlertsConfig, Rule}, breaker::CircuitBreaker, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.rule(Rule::breakers("circuits")).build()?)?;
    /// let payments = CircuitBreaker::builder("payments").failure_threshold(1).build()?;
    /// payments.try_acquire()?.failure(); // opens
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 1);
    /// payments.reset(); // closes
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn breakers(name: impl Into<String>) -> Self {
        Self::new(name, Trigger::Breakers, Severity::Info)
    }

    /// Makes a rule for health checks that change their status.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{alerts::{Alerts, AlertsConfig, Rule}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.rule(Rule::health("health checks")).build()?)?;
    /// gardefou::health_check().register_check("database", || false)?;
    /// gardefou::health_check().run_check("database")?;
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn health(name: impl Into<String>) -> Self {
        Self::new(name, Trigger::Health, Severity::Info)
    }

    /// Returns the rule's name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::Rule;
    ///
    /// assert_eq!(Rule::immediate("errors").name(), "errors");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sets the minimum level of an event.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, Rule}, error_monitor, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// use gardefou::event::Severity;
    ///
    /// let rule = Rule::immediate("critical errors").min_level(Severity::Critical);
    /// let alerts = Alerts::start(config.rule(rule).build()?)?;
    /// for (level, sent) in [(Severity::Error, 0), (Severity::Critical, 1)] {
    ///     error_monitor().record_at(level, &AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    ///     alerts.run();
    ///     assert_eq!(alerts.status().sent, sent);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn min_level(mut self, level: Severity) -> Self {
        self.min_level = level;
        self
    }

    /// Selects errors with this code; may be called for several. For rules of errors and rates.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, Rule}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// let rule = Rule::immediate("disk").code(ErrorCode::DB_WRITE_ERROR);
    /// let alerts = Alerts::start(config.rule(rule).build()?)?;
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// gardefou::report(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn code(mut self, code: ErrorCode) -> Self {
        self.codes.push(code);
        self
    }

    /// Selects errors of this operation; may be called for several. For rules of errors and rates.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{ErrorCode, alerts::{Alerts, AlertsConfig, Rule}, bail, error_boundary, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.rule(Rule::immediate("imports").operation("import")).build()?)?;
    /// error_boundary!("import", fallback = (), { bail!(ErrorCode::DB_WRITE_ERROR, "disk full") });
    /// error_boundary!("export", fallback = (), { bail!(ErrorCode::DB_WRITE_ERROR, "disk full") });
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn operation(mut self, name: impl Into<String>) -> Self {
        self.operations.push(GuardName(name.into()));
        self
    }

    /// Selects the breaker or check of this name; may be called for several. For rules of breakers
    /// and of checks.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{alerts::{Alerts, AlertsConfig, Rule}, breaker::CircuitBreaker, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.rule(Rule::breakers("circuits").only("payments")).build()?)?;
    /// for name in ["payments", "recommendations"] {
    ///     let breaker = CircuitBreaker::builder(name).failure_threshold(1).build()?;
    ///     breaker.try_acquire()?.failure(); // opens
    /// }
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn only(mut self, name: impl Into<String>) -> Self {
        self.only.push(GuardName(name.into()));
        self
    }

    /// Sends to this channel instead of all; may be called for several.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, CallbackChannel, LogChannel, Rule}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// # let pager = CallbackChannel::new("pager", |_| Ok(()));
    /// let config = config.channel(LogChannel::new()).channel(pager);
    /// let alerts = Alerts::start(config.rule(Rule::immediate("errors").channel("pager")).build()?)?;
    /// gardefou::report(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// alerts.run();
    /// let sent = alerts.status().channels.into_iter().map(|channel| channel.sent);
    /// assert!(sent.eq([0, 1]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn channel(mut self, name: impl Into<String>) -> Self {
        self.channels.push(GuardName(name.into()));
        self
    }

    /// Counts nothing for this rule while the circuit of that name is open; may be called for several.
    /// For rules of errors and rates.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, Rule}, breaker::CircuitBreaker, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.rule(Rule::immediate("errors").inhibited_by("payments")).build()?)?;
    /// let payments = CircuitBreaker::builder("payments").failure_threshold(1).build()?;
    /// payments.try_acquire()?.failure(); // opens
    /// gardefou::report(&AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "no answer"));
    /// alerts.run();
    /// assert_eq!((alerts.status().sent, alerts.status().inhibited), (0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inhibited_by(mut self, breaker: impl Into<String>) -> Self {
        self.inhibited_by.push(GuardName(breaker.into()));
        self
    }

    /// Sets how many calls a window must hold before a ratio is evaluated, at least 1; 20 by default.
    /// For ratios.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{alerts::{Alerts, AlertsConfig, Rule}, circuit_breakers, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// # let payments = circuit_breakers().get_or_create("payments", |breaker| breaker.failure_threshold(1000))?;
    /// let rule = Rule::ratio("payments fail", "payments", 0.5, Duration::from_secs(60)).min_calls(2);
    /// let alerts = Alerts::start(config.rule(rule).build()?)?;
    /// for sent in [0, 1] {
    ///     payments.try_acquire()?.failure();
    ///     clock.advance(Duration::from_secs(10));
    ///     alerts.run();
    ///     assert_eq!(alerts.status().sent, sent);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn min_calls(mut self, calls: u64) -> Self {
        self.min_calls = Some(calls);
        self
    }

    /// Sends a recovery notification, at level info, when no error of a group has come for `quiet` since
    /// the last one and since the last notification of it. An error after that is sent at once.
    ///
    /// A group that comes and goes recovers once in a throttle interval: the next recovery is sent when
    /// that is over. For rules of [errors](Self::immediate); the other kinds send recoveries by
    /// themselves.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, Rule}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// let rule = Rule::immediate("errors").recovery_after(Duration::from_secs(900));
    /// let alerts = Alerts::start(config.rule(rule).build()?)?;
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 1);
    /// clock.advance(Duration::from_secs(900));
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 2); // "stopped: SYNC_ERROR: late"
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recovery_after(mut self, quiet: Duration) -> Self {
        self.recovery_after = Some(quiet);
        self
    }

    pub(super) fn matches(&self, event: &ErrorEvent<'_>) -> bool {
        event.level >= self.min_level
            && (self.codes.is_empty() || self.codes.contains(&event.code))
            && selects(&self.operations, event.operation)
    }

    /// Returns `true` if it watches the circuit breaker of this name.
    pub(super) fn watches_breaker(&self, name: &str) -> bool {
        self.trigger == Trigger::Breakers && selects(&self.only, name)
    }

    /// Returns `true` if it watches the health check of this name.
    pub(super) fn watches_check(&self, name: &str) -> bool {
        self.trigger == Trigger::Health && selects(&self.only, name)
    }

    /// Returns `true` if it sends to the channel of this name.
    pub(super) fn sends_to(&self, channel: &str) -> bool {
        selects(&self.channels, channel)
    }

    /// Returns how many calls the window of a ratio must hold.
    pub(super) fn needed_calls(&self) -> u64 {
        self.min_calls.unwrap_or(20)
    }

    /// The window of a rate or a ratio.
    pub(super) fn window(&self) -> Option<Duration> {
        match self.trigger {
            Trigger::Rate { window, .. } | Trigger::Ratio { window, .. } => Some(window),
            Trigger::Immediate | Trigger::Breakers | Trigger::Health => None,
        }
    }

    /// Checks the settings; `channels` are the names of all channels.
    pub(super) fn check(&self, channels: &[&str], problems: &mut Problems) {
        let mut problem = |field, value: &dyn fmt::Display, rule: &str| {
            let value = format_args!("{value} (rule `{}`)", &*self.name);
            problems.add(field, value, rule);
        };
        match &self.trigger {
            Trigger::Rate { count, .. } if !(1..=10_000).contains(count) => {
                problem("count", count, "must be from 1 to 10,000");
            }
            Trigger::Ratio { share, .. } if !(*share > 0.0 && *share <= 1.0) => {
                problem("share", share, "must be above 0 and at most 1");
            }
            _ => {}
        }
        let (second, day) = (Duration::from_secs(1), Duration::from_secs(86_400));
        if let Some(window) = self.window().filter(|it| !(second..=day).contains(it)) {
            let shown = format_args!("{window:?}");
            problem("window", &shown, "must be from 1 second to 1 day");
        }
        if self.min_calls == Some(0) {
            problem("min_calls", &0, "must be at least 1");
        }
        for channel in &self.channels {
            if !channels.contains(&&**channel) {
                problem("channel", &&**channel, "must be the name of a channel");
            }
        }
        let is_immediate = self.trigger == Trigger::Immediate;
        let is_ratio = matches!(self.trigger, Trigger::Ratio { .. });
        let of_states = matches!(self.trigger, Trigger::Breakers | Trigger::Health);
        let of_errors = !is_ratio && !of_states;
        let recovery_after = self.recovery_after.iter().len();
        for (field, set, has_effect, of) in [
            ("code", self.codes.len(), of_errors, "errors"),
            ("operation", self.operations.len(), of_errors, "errors"),
            ("inhibited_by", self.inhibited_by.len(), of_errors, "errors"),
            ("only", self.only.len(), of_states, "breakers or checks"),
            ("min_calls", self.min_calls.iter().len(), is_ratio, "ratios"),
            (
                "recovery_after",
                recovery_after,
                is_immediate,
                "single errors",
            ),
        ] {
            if set > 0 && !has_effect {
                problem(field, &"(set)", &format!("must belong to a rule of {of}"));
            }
        }
    }
}

/// Returns `true` if a list has the name, or is empty and selects all.
fn selects(names: &[Name], name: &str) -> bool {
    names.is_empty() || names.iter().any(|it| &**it == name)
}
