//! The handle of started alerting.

use super::{
    config::AlertsConfig,
    delivery::Delivering,
    dispatcher::{Dispatcher, is_of_interest},
    notification::{Notification, NotificationKind, one_line},
    outbox::Turn,
    queue::{Deliverer, Item},
    registry,
    status::AlertsStatus,
    worker::{self, tick},
};
use crate::{
    error::ConfigError,
    event::{self, Event, Severity, Subscription},
    fork::PerProcess,
    monitor::error_monitor,
    time::{Tick, Timestamp},
};
use std::{fmt, sync::Arc, time::Duration};

/// Started alerting; dropping it stops it within 5 seconds.
///
/// Events are evaluated on the thread that causes them, in well under a microsecond for what is held
/// back; each channel delivers on threads of its own. Events on those threads lead to no notification.
#[must_use = "dropping it stops alerting"]
pub struct Alerts {
    dispatchers: Arc<Dispatchers>,
    subscription: Option<Subscription>,
}

/// The dispatcher of this process, and of those that it was forked from.
type Dispatchers = PerProcess<Arc<Dispatcher>>;

/// Returns the dispatcher of this process. A forked process starts anew: what waits is the parent's
/// to deliver, and the parent's threads do not run here.
fn dispatcher_of(dispatchers: &Dispatchers) -> &Arc<Dispatcher> {
    dispatchers.get(|inherited| {
        // An error that is reported meanwhile would lead here again.
        let _delivering = Delivering::begin();
        inherited.leave_to_parent();
        // The configuration was valid before.
        let Ok(dispatcher) = Dispatcher::new(inherited.config.get().clone()) else {
            return Arc::clone(inherited);
        };
        let dispatcher = Arc::new(dispatcher);
        bring_up(&dispatcher);
        dispatcher
    })
}

fn bring_up(dispatcher: &Arc<Dispatcher>) {
    if dispatcher.config.get().background {
        worker::start(dispatcher);
    }
    registry::add(dispatcher);
}

/// The outcome of a flush or a shutdown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flushed {
    /// Notifications that were delivered since alerting was started.
    pub sent: u64,
    /// Notifications that are kept in the journal, for the next start.
    pub kept: u64,
    /// Notifications that are lost, because there was no journal to keep them.
    pub lost: u64,
    /// Whether every notification was delivered or given up before the deadline.
    pub in_time: bool,
}

/// The deadline of a drop.
const ON_DROP: Duration = Duration::from_secs(5);
/// How long a flush waits for a change before it checks without one.
const MAX_FLUSH_WAIT: Duration = Duration::from_millis(100);

impl Alerts {
    /// Starts alerting for all events of the process.
    ///
    /// # Errors
    ///
    /// A channel returns another name than it did when [`build`](super::AlertsConfigBuilder::build)
    /// checked it, and that one is not valid.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, CallbackChannel}};
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (sender, notifications) = mpsc::channel();
    /// let channel = CallbackChannel::new("example", move |notification| {
    ///     let _ = sender.send(notification.title.clone());
    ///     Ok(())
    /// });
    /// let alerts = Alerts::start(AlertsConfig::builder().channel(channel).build()?)?;
    /// gardefou::report(&AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no route to the database"));
    /// assert!(alerts.flush(Duration::from_secs(5)).in_time);
    /// assert_eq!(notifications.recv()?, "DB_CONNECTION_ERROR: no route to the database");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(config: AlertsConfig) -> Result<Self, ConfigError> {
        // First in the list of observers: an error is counted before a notification is sent.
        let _ = error_monitor();
        let dispatcher = Arc::new(Dispatcher::new(config)?);
        bring_up(&dispatcher);
        let dispatchers = Arc::new(PerProcess::new(dispatcher));
        let observer = Arc::clone(&dispatchers);
        let subscription = event::subscribe(move |event: &Event<'_>| {
            if is_of_interest(event) {
                dispatcher_of(&observer).on_event(event);
            }
        });
        Ok(Self {
            dispatchers,
            subscription: Some(subscription),
        })
    }

    fn dispatcher(&self) -> &Arc<Dispatcher> {
        dispatcher_of(&self.dispatchers)
    }

    /// Returns what was delivered, what was not, and the state of every channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig};
    ///
    /// let alerts = Alerts::start(AlertsConfig::builder().background(false).build()?)?;
    /// alerts.test();
    /// assert_eq!((alerts.status().sent, alerts.status().channels[0].waiting), (0, 1));
    /// alerts.run();
    /// assert_eq!((alerts.status().sent, alerts.status().channels[0].waiting), (1, 0));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> AlertsStatus {
        self.dispatcher().status()
    }

    /// Sends a test notification to every channel, past all rules and limits.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::{Alerts, AlertsConfig, CallbackChannel, Rule};
    /// # let (sender, titles) = std::sync::mpsc::channel();
    /// # let ops = CallbackChannel::new("ops", move |sent| Ok(sender.send(sent.title.clone()).unwrap()));
    /// let config = AlertsConfig::builder().channel(ops).rule(Rule::health("health checks"));
    /// let alerts = Alerts::start(config.build()?)?;
    /// alerts.test();
    /// assert_eq!(titles.recv()?, "a test of this channel");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn test(&self) {
        let dispatcher = self.dispatcher();
        for channel in 0..dispatcher.outboxes.len() {
            let mut notification = Notification::new(
                NotificationKind::Test,
                Severity::Info,
                "test",
                "a test of this channel",
            );
            notification.source = one_line(&dispatcher.config.get().source(), 100);
            notification.timestamp = Timestamp::from(dispatcher.clock().wall());
            let now = dispatcher.clock().now();
            let item = Item::new(Arc::new(notification), Vec::new(), false, now);
            dispatcher.send(channel, item);
        }
    }

    /// Does what is due now on this thread, for alerting without
    /// [`background`](super::AlertsConfigBuilder::background) threads. Returns when something is due
    /// next, if anything is.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{alerts::{Alerts, AlertsConfig}, time::{Clock, ManualClock}};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::new();
    /// let config = AlertsConfig::builder().background(false).clock(clock.clone());
    /// let alerts = Alerts::start(config.build()?)?;
    /// assert_eq!(alerts.run(), None);
    /// alerts.mute(Duration::from_secs(60));
    /// assert_eq!(alerts.run(), Some(clock.now().after(Duration::from_secs(60))));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn run(&self) -> Option<Tick> {
        run(self.dispatcher())
    }

    /// Waits until every notification was delivered or given up, at most for `deadline`, both on the
    /// clock of alerting and in real time. What is held back, by a throttle for example, is not
    /// sent earlier.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig};
    /// use std::time::Duration;
    ///
    /// let alerts = Alerts::start(AlertsConfig::default())?;
    /// alerts.test();
    /// let flushed = alerts.flush(Duration::from_secs(5));
    /// assert_eq!((flushed.sent, flushed.in_time), (1, true));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn flush(&self, deadline: Duration) -> Flushed {
        flush(self.dispatcher(), deadline)
    }

    /// Returns [`flush`](Self::flush) as a function that does not borrow this.
    pub(crate) fn flusher(&self) -> impl FnOnce(Duration) -> Flushed + use<> {
        let dispatcher = Arc::clone(self.dispatcher());
        move |deadline| flush(&dispatcher, deadline)
    }

    /// Holds back every notification for `time`, for example while a service is down on purpose.
    /// When that is over, or after [`unmute`](Self::unmute), each channel gets one notification
    /// that sums up what was held back, if anything was: its first 50 problems, each with its
    /// number, and states as they are then.
    ///
    /// A later call sets another end. [Test notifications](Self::test) are sent all the same; a
    /// restart ends it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, CallbackChannel}};
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (sender, titles) = mpsc::channel();
    /// let channel = CallbackChannel::new("ops", move |notification| Ok(sender.send(notification.title.clone()).unwrap()));
    /// let alerts = Alerts::start(AlertsConfig::builder().background(false).channel(channel).build()?)?;
    /// alerts.mute(Duration::from_secs(1800));
    /// gardefou::report(&AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no route to the database"));
    /// alerts.run();
    /// assert!(titles.try_recv().is_err());
    /// alerts.unmute();
    /// alerts.run();
    /// assert!(titles.recv()?.ends_with("1 notification held back"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mute(&self, time: Duration) {
        self.dispatcher().mute(time);
    }

    /// Ends [`mute`](Self::mute) before its time.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Alerts, AlertsConfig};
    /// use std::time::Duration;
    ///
    /// let alerts = Alerts::start(AlertsConfig::builder().background(false).build()?)?;
    /// alerts.mute(Duration::from_secs(1800));
    /// assert!(alerts.status().muted_for.is_some());
    /// alerts.unmute();
    /// assert_eq!(alerts.status().muted_for, None);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn unmute(&self) {
        self.dispatcher().mute(Duration::ZERO);
    }

    /// Stops alerting: what waits is sent within the deadline, and the rest goes to the journal.
    ///
    /// What was held back is sent too, before its time: a summary of each group, or a digest where
    /// those are too many.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig}};
    /// # use std::time::Duration;
    /// let alerts = Alerts::start(AlertsConfig::default())?;
    /// for text in ["late", "late again"] {
    ///     gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, text));
    /// }
    /// let flushed = alerts.shutdown(Duration::from_secs(5));
    /// assert_eq!((flushed.sent, flushed.lost), (2, 0)); // the first error, and a summary with the second
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn shutdown(mut self, deadline: Duration) -> Flushed {
        self.stop(deadline)
    }

    fn stop(&mut self, deadline: Duration) -> Flushed {
        if self.subscription.take().is_none() {
            return Flushed::default();
        }
        // A forked process that never used it has nothing to send.
        let Some(dispatcher) = self.dispatchers.existing() else {
            return Flushed::default();
        };
        tick(dispatcher);
        dispatcher.close();
        let in_time = flush(dispatcher, deadline).in_time;
        dispatcher.shut_down();
        outcome(dispatcher, in_time)
    }
}

#[cfg(feature = "config")]
impl Alerts {
    /// Takes over the rules and the throttle of another configuration. States and counts stay; an
    /// interval that runs already ends when it was to end.
    pub(crate) fn set_rules_and_throttle(&self, wanted: &AlertsConfig) {
        self.dispatcher().set_rules_and_throttle(wanted);
    }
}

impl Drop for Alerts {
    fn drop(&mut self) {
        self.stop(ON_DROP);
    }
}

fn flush(dispatcher: &Arc<Dispatcher>, deadline: Duration) -> Flushed {
    let clock = dispatcher.clock();
    let until = clock.now().after(deadline);
    // On a clock that stands still the deadline never passes: then the time counts that this thread
    // has waited without a change.
    let mut waited = Duration::ZERO;
    match dispatcher.config.get().background {
        true => drop(tick(dispatcher)),
        false => drop(run(dispatcher)),
    }
    let mut seen = dispatcher.signal.changes();
    while dispatcher.config.get().background && clock.now() < until && waited < deadline {
        // A delivered notification may be outdated already: then the next one is due at once.
        if dispatcher.is_settled() && !tick(dispatcher).1 && dispatcher.is_settled() {
            break;
        }
        let wait = until
            .since(clock.now())
            .min(deadline - waited)
            .min(MAX_FLUSH_WAIT);
        if !dispatcher.signal.wait_beyond(seen, wait) {
            waited += wait;
        }
        seen = dispatcher.signal.changes();
    }
    outcome(dispatcher, dispatcher.is_idle())
}

fn outcome(dispatcher: &Dispatcher, in_time: bool) -> Flushed {
    let status = dispatcher.status();
    Flushed {
        sent: status.sent,
        kept: status.kept,
        lost: status.lost,
        in_time,
    }
}

/// Does what is due now, on this thread.
fn run(dispatcher: &Arc<Dispatcher>) -> Option<Tick> {
    loop {
        let (mut next, mut moved) = tick(dispatcher);
        for channel in 0..dispatcher.outboxes.len() {
            loop {
                match dispatcher.step(channel, Deliverer::Caller) {
                    Turn::Done | Turn::Replaced => moved = true,
                    Turn::Wait(until) => {
                        next = next.into_iter().chain(until).min();
                        break;
                    }
                }
            }
        }
        // A delivered notification may be outdated already: then the next one is due at once.
        if !moved {
            return next;
        }
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alerts")
            .field(
                "config",
                &self
                    .dispatchers
                    .existing()
                    .map(|dispatcher| dispatcher.config.get()),
            )
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alerts::CallbackChannel,
        monitor::{ErrorMonitor, MonitorConfig},
    };
    use std::sync::{atomic::Ordering, mpsc};

    /// Simulated: the value of another process id stands for the parent's.
    #[test]
    fn forked_process_delivers_its_own_notifications_on_its_own_threads() {
        let (sender, titles) = mpsc::channel();
        let channel = CallbackChannel::new("forked", move |notification| {
            sender.send(notification.title.clone()).unwrap();
            Ok(())
        });
        let monitor = ErrorMonitor::new(MonitorConfig::default());
        let config = AlertsConfig::builder()
            .channel(channel)
            .monitor(monitor)
            .build()
            .unwrap();
        // Its threads do not run.
        let parent = Arc::new(Dispatcher::new(config).unwrap());
        let notification = Notification::new(
            NotificationKind::Test,
            Severity::Info,
            "rule",
            "of the parent",
        );
        parent.send(
            0,
            Item::new(Arc::new(notification), Vec::new(), false, Tick::ZERO),
        );
        let child = Alerts {
            dispatchers: Arc::new(Dispatchers::inherited(Arc::clone(&parent))),
            subscription: None,
        };
        child.test();
        assert!(child.flush(Duration::from_secs(60)).in_time);
        assert_eq!(
            titles.try_iter().collect::<Vec<_>>(),
            ["a test of this channel"]
        );
        assert_eq!(
            (child.status().sent, parent.status().channels[0].waiting),
            (1, 1)
        );
        assert!(
            parent.closing.load(Ordering::Relaxed),
            "its copy here is closed"
        );
        child.dispatcher().closing.store(true, Ordering::Relaxed);
        child.dispatcher().signal.notify();
    }
}
