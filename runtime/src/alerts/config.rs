//! The configuration of alerting.

use super::{
    channel::{Channel, LogChannel},
    problems::Problems,
    rule::Rule,
};
use crate::{
    error::ConfigError,
    event::{Severity, Shown},
    monitor::{ErrorMonitor, Origin},
    name,
    time::{Clock, SharedClock},
};
use std::{fmt, sync::Arc, time::Duration};

/// The configuration of alerting: channels, rules and limits.
///
/// # Defaults
///
/// | setter | default | range |
/// | --- | --- | --- |
/// | `channel` | the log | 1 to 64, each name once, 1 to 100 bytes of printable characters |
/// | `rule` | errors at once, breakers, health checks | |
/// | `throttle` | 300 s | 1 second to 1 day |
/// | `escalate_after` | 100 held back | at least 2, or `None` |
/// | `max_per_minute` | 20 for each channel | 1 to 10,000 |
/// | `queue` | 256 notifications for each channel | 1 to 10,000 |
/// | `max_attempts` | 4 for each notification | 1 to 100 |
/// | `initial_delay` | 1 s, doubled each time, at most 60 s, with full jitter | 0 to 60 s |
/// | `give_up_after` | 10 minutes | 1 second to 1 day |
/// | `delivery_timeout` | 90 s | 1 second to 1 hour |
/// | `source` | the [service](crate::system::ErrorSystemBuilder::service), else the name of the executable | |
/// | `background` | on | |
/// | `monitor` | that of the process | |
#[derive(Clone)]
pub struct AlertsConfig {
    pub(super) channels: Vec<Arc<dyn Channel>>,
    pub(super) rules: Vec<Rule>,
    pub(super) limits: Limits,
    pub(super) source: Option<String>,
    pub(super) background: bool,
    pub(super) clock: SharedClock,
    pub(super) monitor: Option<ErrorMonitor>,
}

/// The limits on notifications and their delivery.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    pub(super) throttle: Duration,
    pub(super) escalate_after: Option<u64>,
    pub(super) max_per_minute: u64,
    pub(super) queue: usize,
    pub(super) max_attempts: u32,
    pub(super) initial_delay: Duration,
    pub(super) give_up_after: Duration,
    pub(super) delivery_timeout: Duration,
}

/// Collects the settings of an [`AlertsConfig`].
#[derive(Clone, Debug)]
#[must_use]
pub struct AlertsConfigBuilder(AlertsConfig);

impl AlertsConfig {
    /// Starts from the defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::AlertsConfig;
    ///
    /// assert_eq!(AlertsConfig::builder().build()?, AlertsConfig::default());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder() -> AlertsConfigBuilder {
        AlertsConfigBuilder::default()
    }

    /// The name of the program in notifications.
    pub(super) fn source(&self) -> String {
        let of_service = || Origin::current()?.service.clone();
        let of_program = || {
            let program = std::env::args_os().next().map(std::path::PathBuf::from)?;
            Some(program.file_stem()?.to_string_lossy().into_owned())
        };
        self.source
            .clone()
            .or_else(of_service)
            .or_else(of_program)
            .unwrap_or_default()
    }

    /// Returns this configuration with the rules and the throttle of another one.
    #[cfg(feature = "config")]
    pub(super) fn with_rules_and_throttle_of(&self, other: &Self) -> Self {
        let mut config = self.clone();
        config.rules.clone_from(&other.rules);
        config.limits.throttle = other.limits.throttle;
        config
    }

    pub(super) fn channel_names(&self) -> Vec<&str> {
        self.channels.iter().map(Channel::name).collect()
    }
}

impl Default for AlertsConfigBuilder {
    /// Starts from the defaults.
    fn default() -> Self {
        // `build` adds the log and the default rules, unless the program adds its own.
        Self(AlertsConfig {
            channels: Vec::new(),
            rules: Vec::new(),
            ..AlertsConfig::default()
        })
    }
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            channels: default_channels(),
            rules: default_rules(),
            limits: Limits {
                // As in the Python original.
                throttle: Duration::from_secs(300),
                escalate_after: Some(100),
                max_per_minute: 20,
                queue: 256,
                max_attempts: 4,
                initial_delay: Duration::from_secs(1),
                give_up_after: Duration::from_secs(600),
                // Beyond the longest limit that the channels of the library have themselves.
                delivery_timeout: Duration::from_secs(90),
            },
            source: None,
            background: true,
            clock: SharedClock::default(),
            monitor: None,
        }
    }
}

/// The longest name of a channel, in bytes: the name of its circuit breaker is longer.
const LONGEST_NAME: usize = 100;

fn default_channels() -> Vec<Arc<dyn Channel>> {
    vec![Arc::new(LogChannel::new())]
}

fn default_rules() -> Vec<Rule> {
    vec![
        Rule::immediate("errors").min_level(Severity::Error),
        Rule::breakers("circuit breakers"),
        Rule::health("health checks"),
    ]
}

impl fmt::Debug for AlertsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channels: Vec<_> = self.channel_names().into_iter().map(Shown).collect();
        f.debug_struct("AlertsConfig")
            .field("channels", &channels)
            .field("rules", &self.rules)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl PartialEq for AlertsConfig {
    /// Two configurations are equal if they have the same channels (by name), settings and monitor,
    /// whatever their clocks.
    fn eq(&self, other: &Self) -> bool {
        // In full, so that a new setting is not forgotten here.
        let Self {
            channels: _,
            rules,
            limits,
            source,
            background,
            clock: _,
            monitor,
        } = self;
        self.channel_names() == other.channel_names()
            && (rules, limits, source, background)
                == (
                    &other.rules,
                    &other.limits,
                    &other.source,
                    &other.background,
                )
            && monitor.as_ref().map(address_of) == other.monitor.as_ref().map(address_of)
    }
}

/// The address that all clones of a monitor share.
fn address_of(monitor: &ErrorMonitor) -> usize {
    std::ptr::from_ref(monitor.recorder()).addr()
}

impl AlertsConfigBuilder {
    /// Replaces a channel of the same name, or adds one.
    #[cfg_attr(
        not(any(feature = "alert-email", feature = "alert-webhook")),
        expect(dead_code, reason = "no channel has settings")
    )]
    pub(crate) fn replace_channel(mut self, channel: impl Channel) -> Self {
        self.0
            .channels
            .retain(|known| known.name() != channel.name());
        self.channel(channel)
    }

    /// Replaces a rule of the same name, or adds one.
    pub(crate) fn replace_rule(mut self, rule: Rule) -> Self {
        self.0.rules.retain(|known| known.name != rule.name);
        self.rule(rule)
    }

    /// Adds a channel. Without one, notifications go to the log.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig, CallbackChannel, LogChannel};
    ///
    /// let pager = CallbackChannel::new("pager", |notification| Ok(println!("{}", notification.title)));
    /// let config = AlertsConfig::builder().channel(LogChannel::new()).channel(pager).build()?;
    /// let alerts = Alerts::start(config)?;
    /// let names = alerts.status().channels.into_iter().map(|channel| channel.name);
    /// assert!(names.eq(["log", "pager"]));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn channel(mut self, channel: impl Channel) -> Self {
        self.0.channels.push(Arc::new(channel));
        self
    }

    /// Adds a rule. Without one there are three: errors of level error and above, circuit breakers, and
    /// health checks.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, Rule}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// let config = AlertsConfig::builder().rule(Rule::rate("storm", 2, Duration::from_secs(60)));
    /// # let config = config.background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.build()?)?;
    /// for sent in [0, 1] {
    ///     gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    ///     alerts.run();
    ///     assert_eq!(alerts.status().sent, sent); // no rule for single errors
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rule(mut self, rule: Rule) -> Self {
        self.0.rules.push(rule);
        self
    }

    /// Sets the interval in which one problem leads to one notification on one channel; further
    /// occurrences are counted.
    ///
    /// For a circuit, a check, a rate or a ratio, a failure after a recovery is sent at once; a
    /// recovery is sent once in an interval. A state that changes more often is sent at the end of the
    /// interval, as it is then.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// let config = AlertsConfig::builder().throttle(Duration::from_secs(60));
    /// # let config = config.background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.build()?)?;
    /// for _ in 0..5 {
    ///     gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// }
    /// alerts.run();
    /// assert_eq!((alerts.status().sent, alerts.status().suppressed), (1, 4));
    /// clock.advance(Duration::from_secs(60));
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 2); // with the number of those four
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn throttle(mut self, interval: Duration) -> Self {
        self.0.limits.throttle = interval;
        self
    }

    /// Sets how many occurrences must be held back for an early notification, the next one at ten times
    /// as many; `None` for none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// let config = AlertsConfig::builder().escalate_after(Some(3));
    /// # let config = config.background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.build()?)?;
    /// for sent in [1, 1, 1, 2] {
    ///     gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    ///     alerts.run();
    ///     assert_eq!(alerts.status().sent, sent);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn escalate_after(mut self, held_back: Option<u64>) -> Self {
        self.0.limits.escalate_after = held_back;
        self
    }

    /// Sets how many notifications a channel gets within a minute; further ones are collected in a
    /// digest, which is sent when the minute is over.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, CallbackChannel}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # let (sender, titles) = std::sync::mpsc::channel();
    /// # let ops = CallbackChannel::new("ops", move |sent| Ok(sender.send(sent.title.clone()).unwrap()));
    /// let config = AlertsConfig::builder().channel(ops).max_per_minute(1);
    /// # let config = config.background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.build()?)?;
    /// for code in [ErrorCode::SYNC_ERROR, ErrorCode::DB_QUERY_ERROR, ErrorCode::DB_WRITE_ERROR] {
    ///     gardefou::report(&AppError::new(code, "late"));
    /// }
    /// alerts.run();
    /// assert!(titles.try_iter().eq(["SYNC_ERROR: late"]));
    /// clock.advance(Duration::from_secs(60));
    /// alerts.run();
    /// assert!(titles.try_iter().eq(["2 more notifications within a minute"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_per_minute(mut self, notifications: u64) -> Self {
        self.0.limits.max_per_minute = notifications;
        self
    }

    /// Sets how many notifications may wait for one channel; further ones go to the journal.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// let config = AlertsConfig::builder().queue(1);
    /// # let config = config.background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.build()?)?;
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// gardefou::report(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// let status = alerts.status();
    /// assert_eq!(status.channels[0].waiting, 1);
    /// assert_eq!(status.channels[0].lost.queue_full, 1); // there is no journal
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn queue(mut self, notifications: usize) -> Self {
        self.0.limits.queue = notifications;
        self
    }

    /// Sets how many attempts one notification gets, the first one included. A permanent failure has
    /// no second one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// let down = CallbackChannel::new("ops", |_| Err(DeliveryError::transient("connection refused")));
    /// let config = AlertsConfig::builder().channel(down).max_attempts(2).initial_delay(Duration::ZERO);
    /// # let config = config.background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.build()?)?;
    /// alerts.test();
    /// alerts.run();
    /// let ops = &alerts.status().channels[0];
    /// assert_eq!((ops.attempts, ops.lost.exhausted), (2, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.0.limits.max_attempts = attempts;
        self
    }

    /// Sets the wait after the first failure; it doubles each time, up to 60 s, with full jitter.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError}, time::{Clock, ManualClock}};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// let down = CallbackChannel::new("ops", |_| Err(DeliveryError::transient("connection refused")));
    /// let config = AlertsConfig::builder().channel(down).initial_delay(Duration::from_secs(10));
    /// # let config = config.background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.build()?)?;
    /// alerts.test();
    /// let next = alerts.run().expect("another attempt");
    /// assert!(next > clock.now() && next <= clock.now().after(Duration::from_secs(10)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        self.0.limits.initial_delay = delay;
        self
    }

    /// Sets how long a notification waits for a channel whose circuit is open before it goes to the
    /// journal.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// let down = CallbackChannel::new("ops", |_| Err(DeliveryError::transient("connection refused")));
    /// let config = AlertsConfig::builder().channel(down).give_up_after(Duration::from_secs(60));
    /// # let config = config.background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.build()?)?;
    /// alerts.test();
    /// alerts.run();
    /// clock.advance(Duration::from_secs(60));
    /// alerts.run();
    /// let ops = &alerts.status().channels[0];
    /// assert_eq!((ops.attempts, ops.lost.expired), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn give_up_after(mut self, wait: Duration) -> Self {
        self.0.limits.give_up_after = wait;
        self
    }

    /// Sets how long one attempt to deliver a notification may take, from 1 second to 1 hour; 90 s
    /// by default.
    ///
    /// A longer one counts as a failed attempt, and another thread continues with the channel's
    /// queue: see [`Channel`]. The limit holds where threads deliver, that is with
    /// [`background`](Self::background).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, CallbackChannel}, time::ManualClock};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// # use std::sync::{Mutex, mpsc};
    /// # let (begun, begins) = mpsc::channel();
    /// # let (release, released) = mpsc::channel::<()>();
    /// # let released = Mutex::new(released);
    /// # let hanging = CallbackChannel::new("ops", move |_| {
    /// #     begun.send(()).unwrap();
    /// #     let _ = released.lock().unwrap().recv();
    /// #     Ok(())
    /// # });
    /// let config = AlertsConfig::builder().channel(hanging).delivery_timeout(Duration::from_secs(30));
    /// # let config = config.clock(clock.clone());
    /// let alerts = Alerts::start(config.build()?)?;
    /// alerts.test();
    /// begins.recv()?;
    /// clock.advance(Duration::from_secs(30));
    /// alerts.flush(Duration::ZERO);
    /// let ops = &alerts.status().channels[0];
    /// assert_eq!(ops.abandoned, 1);
    /// assert_eq!(ops.last_error.as_deref(), Some("the channel did not answer within 30s"));
    /// # drop(release);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delivery_timeout(mut self, limit: Duration) -> Self {
        self.0.limits.delivery_timeout = limit;
        self
    }

    /// Sets the name of the program in notifications.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::{Alerts, AlertsConfig, CallbackChannel};
    /// # let (sender, sources) = std::sync::mpsc::channel();
    /// let ops = CallbackChannel::new("ops", move |notification| {
    ///     let _ = sender.send(notification.source.clone());
    ///     Ok(())
    /// });
    /// let config = AlertsConfig::builder().channel(ops).source("shop").background(false);
    /// let alerts = Alerts::start(config.build()?)?;
    /// alerts.test();
    /// alerts.run();
    /// assert_eq!(sources.recv()?, "shop");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn source(mut self, name: impl Into<String>) -> Self {
        self.0.source = Some(name.into());
        self
    }

    /// Sets whether threads deliver; without them, call [`run`](super::Alerts::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig};
    ///
    /// let alerts = Alerts::start(AlertsConfig::builder().background(false).build()?)?;
    /// alerts.test();
    /// assert_eq!(alerts.status().sent, 0);
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn background(mut self, on: bool) -> Self {
        self.0.background = on;
        self
    }

    /// Sets the monitor whose grouping, `before_record` hook and journal are used. Notifications that
    /// could not be delivered are kept in its journal for the next start.
    ///
    /// Rules still evaluate every event of the process.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig}};
    /// use gardefou::{event::RecordAction, monitor::{ErrorMonitor, MonitorConfig}};
    ///
    /// let hook = MonitorConfig::builder().before_record(|record| match &*record.error_code {
    ///     "SYNC_ERROR" => RecordAction::Drop,
    ///     _ => RecordAction::Keep,
    /// });
    /// let config = AlertsConfig::builder().monitor(ErrorMonitor::new(hook.build()?));
    /// # let config = config.background(false);
    /// let alerts = Alerts::start(config.build()?)?;
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// gardefou::report(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full"));
    /// alerts.run();
    /// assert_eq!(alerts.status().sent, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn monitor(mut self, monitor: ErrorMonitor) -> Self {
        self.0.monitor = Some(monitor);
        self
    }

    /// Sets the clock by which intervals are measured.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{alerts::{Alerts, AlertsConfig}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let (clock, hour) = (ManualClock::new(), Duration::from_secs(3600));
    /// let alerts = Alerts::start(AlertsConfig::builder().clock(clock.clone()).build()?)?;
    /// alerts.mute(hour);
    /// assert_eq!(alerts.status().muted_for, Some(hour));
    /// clock.advance(hour);
    /// assert_eq!(alerts.status().muted_for, None);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = SharedClock::new(clock);
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Every setting that cannot work, in one error.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{AlertsConfig, Rule};
    /// use std::time::Duration;
    ///
    /// let config = AlertsConfig::builder().throttle(Duration::ZERO).rule(Rule::breakers("circuits").channel("pager"));
    /// let err = config.build().unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["throttle", "channel"]); // there is no channel `pager`
    /// ```
    pub fn build(self) -> Result<AlertsConfig, ConfigError> {
        let mut config = self.0;
        if config.channels.is_empty() {
            config.channels = default_channels();
        }
        if config.rules.is_empty() {
            config.rules = default_rules();
        }
        let mut problems = Problems::default();
        let names = config.channel_names();
        problems.check_range("channel", names.len(), 1..=64);
        for (at, name) in names.iter().enumerate() {
            if let Some(problem) = name::problem("channel", name, LONGEST_NAME) {
                problems.push(problem);
            } else if names[..at].contains(name) {
                problems.add("channel", name, "must have a name of its own");
            }
        }
        let (second, day) = (Duration::from_secs(1), Duration::from_secs(86_400));
        let limits = config.limits;
        problems.check_range("throttle", limits.throttle, second..=day);
        if limits.escalate_after.is_some_and(|count| count < 2) {
            let count = limits.escalate_after.unwrap_or_default();
            problems.add("escalate_after", count, "must be at least 2");
        }
        problems.check_range("max_per_minute", limits.max_per_minute, 1..=10_000);
        problems.check_range("queue", limits.queue, 1..=10_000);
        problems.check_range("max_attempts", limits.max_attempts, 1..=100);
        problems.check_range(
            "initial_delay",
            limits.initial_delay,
            Duration::ZERO..=60 * second,
        );
        problems.check_range("give_up_after", limits.give_up_after, second..=day);
        problems.check_range(
            "delivery_timeout",
            limits.delivery_timeout,
            second..=3600 * second,
        );
        for rule in &config.rules {
            rule.check(&names, &mut problems);
        }
        problems.join().map(|()| config)
    }
}
