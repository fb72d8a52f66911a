//! The status of alerting and of its channels.

use crate::{event::CircuitState, time::Timestamp};
use std::time::Duration;

/// The state of alerting: what was delivered, what was not, and every channel.
///
/// # Examples
///
/// ```
/// use gardefou::alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError};
///
/// let refused = || DeliveryError::transient("connection refused");
/// let config = AlertsConfig::builder().background(false).channel(CallbackChannel::new("ops", move |_| Err(refused())));
/// let alerts = Alerts::start(config.build()?)?;
/// assert!(alerts.status().is_healthy());
/// alerts.test();
/// alerts.run();
/// let status = alerts.status();
/// assert!(!status.is_healthy());
/// assert_eq!(status.channels[0].last_error.as_deref(), Some("connection refused"));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertsStatus {
    /// Notifications that were delivered, on all channels.
    pub sent: u64,
    /// Occurrences that were held back by the throttle.
    pub suppressed: u64,
    /// Errors that rules did not count because a circuit was open.
    pub inhibited: u64,
    /// Notifications that were given up and are kept in the journal.
    pub kept: u64,
    /// Notifications that were given up with no journal to keep them.
    pub lost: u64,
    /// Notifications of an earlier time that were delivered after all.
    pub replayed: u64,
    /// How long notifications are still held back by [`mute`](super::Alerts::mute); `None` where
    /// they are not.
    pub muted_for: Option<Duration>,
    /// Each channel.
    pub channels: Vec<ChannelStatus>,
}

impl AlertsStatus {
    /// Returns `true` if every channel is healthy: see [`ChannelStatus::is_healthy`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError, LogChannel};
    ///
    /// let down = CallbackChannel::new("ops", |_| Err(DeliveryError::transient("connection refused")));
    /// let config = AlertsConfig::builder().channel(LogChannel::new()).channel(down).background(false);
    /// let alerts = Alerts::start(config.build()?)?;
    /// assert!(alerts.status().is_healthy()); // nothing failed yet
    /// alerts.test();
    /// alerts.run();
    /// assert!(!alerts.status().is_healthy()); // one channel of two
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.channels.iter().all(ChannelStatus::is_healthy)
    }
}

/// The state of one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelStatus {
    /// The channel's name, redacted.
    pub name: String,
    /// Notifications that were delivered.
    pub sent: u64,
    /// Attempts to deliver one, failed ones included.
    pub attempts: u64,
    /// Notifications that were given up after they were taken from the queue.
    pub failed: u64,
    /// Notifications that wait or are being delivered.
    pub waiting: usize,
    /// The state of the channel's circuit breaker.
    pub circuit: CircuitState,
    /// Why the last failed attempt failed, with its causes, outermost first.
    pub last_error: Option<String>,
    /// Since when attempts fail: the first failure after the last delivery. `None` if the last attempt
    /// succeeded.
    pub failing_since: Option<Timestamp>,
    /// For how long the delivery under way has been running; `None` while there is none.
    pub delivering_for: Option<Duration>,
    /// Whether that is longer than
    /// [`delivery_timeout`](super::AlertsConfigBuilder::delivery_timeout).
    pub is_hanging: bool,
    /// Deliveries that were abandoned at that limit and still block a thread; at most 2.
    pub abandoned: usize,
    /// Notifications that were given up and are kept in the journal.
    pub kept: u64,
    /// Notifications that were given up with no journal to keep them, by reason.
    pub lost: LossCounts,
}

impl ChannelStatus {
    /// Returns `true` if the last attempt succeeded, or there was none, and no delivery hangs.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError, LogChannel};
    ///
    /// let down = CallbackChannel::new("ops", |_| Err(DeliveryError::transient("connection refused")));
    /// let config = AlertsConfig::builder().channel(LogChannel::new()).channel(down).background(false);
    /// let alerts = Alerts::start(config.build()?)?;
    /// alerts.test();
    /// alerts.run();
    /// let [log, ops] = &alerts.status().channels[..] else { unreachable!() };
    /// assert!(log.is_healthy() && !ops.is_healthy());
    /// assert!(ops.failing_since.is_some());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.failing_since.is_none() && !self.is_hanging
    }
}

/// Notifications that are lost, by the reason why they were given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LossCounts {
    /// The queue of the channel was full.
    pub queue_full: u64,
    /// The receiver refused it permanently.
    pub refused: u64,
    /// Every attempt failed.
    pub exhausted: u64,
    /// It waited longer than [`give_up_after`](super::AlertsConfigBuilder::give_up_after).
    pub expired: u64,
    /// Alerting was stopped before it could be delivered.
    pub shutdown: u64,
}

impl LossCounts {
    /// Returns the sum of all reasons.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError};
    ///
    /// let refusing = CallbackChannel::new("ops", |_| Err(DeliveryError::permanent("no such room")));
    /// let config = AlertsConfig::builder().channel(refusing).background(false);
    /// let alerts = Alerts::start(config.build()?)?;
    /// alerts.test();
    /// alerts.run();
    /// let lost = alerts.status().channels[0].lost;
    /// assert_eq!((lost.refused, lost.total()), (1, 1));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.queue_full + self.refused + self.exhausted + self.expired + self.shutdown
    }

    /// Each reason with its count, in the order of the fields.
    pub(crate) fn entries(&self) -> [(&'static str, u64); 5] {
        [
            ("queue_full", self.queue_full),
            ("refused", self.refused),
            ("exhausted", self.exhausted),
            ("expired", self.expired),
            ("shutdown", self.shutdown),
        ]
    }

    pub(super) fn add(&mut self, reason: Reason) {
        let count = match reason {
            Reason::QueueFull => &mut self.queue_full,
            Reason::Refused => &mut self.refused,
            Reason::Exhausted => &mut self.exhausted,
            Reason::Expired => &mut self.expired,
            Reason::Shutdown => &mut self.shutdown,
        };
        *count += 1;
    }
}

/// Why a notification was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    QueueFull,
    Refused,
    Exhausted,
    Expired,
    Shutdown,
}
