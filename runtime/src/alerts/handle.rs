//! Alerting, started.

use super::{AlertsConfig, AlertsStatus, Notice, NoticeKind, core::Core, lane::Item};
use crate::{
    ConfigError,
    error::redact,
    event::{self, AlertLevel, Event, Subscription, names},
    monitor::error_monitor,
    scope::Captured,
    time::{Tick, Timestamp},
};
use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

/// Alerting, started; dropping it stops it within 5 seconds.
///
/// Events are judged on the thread that causes them, in well under a microsecond for what is held back; notices are
/// delivered by threads of each channel's own. Nothing that happens on those threads leads to another notice.
#[must_use = "dropping it stops alerting"]
pub struct Alerts {
    core: Arc<Core>,
    subscription: Option<Subscription>,
}

/// What stopping came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flushed {
    /// Notices that arrived since alerting was started.
    pub sent: u64,
    /// Notices that are kept in the journal, for the next start.
    pub kept: u64,
    /// Notices that are lost, because there was no journal to keep them.
    pub lost: u64,
    /// Whether every notice arrived, or was given up for a reason, before the deadline.
    pub in_time: bool,
}

/// How long dropping waits.
const ON_DROP: Duration = Duration::from_secs(5);
/// The longest that a thread waits before it looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl Alerts {
    /// Starts alerting for all events of the process.
    ///
    /// # Errors
    ///
    /// The name of a channel is not one that a circuit breaker can have.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, alerts::{Alerts, AlertsConfig, CallbackChannel}};
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (sender, notices) = mpsc::channel();
    /// let channel = CallbackChannel::new("example", move |notice| {
    ///     let _ = sender.send(notice.title.clone());
    ///     Ok(())
    /// });
    /// let alerts = Alerts::start(AlertsConfig::builder().channel(channel).build()?)?;
    /// gardefou::report(&AppError::new(ErrorCode::DB_CONNECTION_ERROR, "no route to the database"));
    /// assert!(alerts.flush(Duration::from_secs(5)).in_time);
    /// assert_eq!(notices.recv()?, "DB_CONNECTION_ERROR: no route to the database");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(config: AlertsConfig) -> Result<Self, ConfigError> {
        // First in the list of observers: an error is counted before anybody is told.
        let _ = error_monitor();
        let core = Arc::new(Core::new(config)?);
        if core.config.background {
            start_threads(&core);
        }
        let observer = Arc::clone(&core);
        let subscription = event::subscribe(move |event: &Event<'_>| observer.on_event(event));
        Ok(Self { core, subscription: Some(subscription) })
    }

    /// Tells how alerting is doing.
    #[must_use]
    pub fn status(&self) -> AlertsStatus {
        self.core.status()
    }

    /// Sends a notice to every channel, past all rules and limits, to see whether it arrives.
    pub fn test(&self) {
        for channel in 0..self.core.lanes.len() {
            let mut notice = Notice::new(NoticeKind::Test, AlertLevel::Info, "test", "a test of this channel");
            notice.source = super::notice::one_line(&self.core.config.source(), 100);
            notice.timestamp = Timestamp::from(self.core.clock().wall());
            self.core.send(channel, Item::new(Arc::new(notice), Vec::new(), false, self.core.clock().now()));
        }
    }

    /// Does what is due now, without threads of its own: see [`background`](super::AlertsConfigBuilder::background).
    /// Returns when something is due next.
    pub fn run(&self) -> Option<Tick> {
        loop {
            let (mut next, mut moved) = self.core.tick();
            for channel in 0..self.core.lanes.len() {
                loop {
                    match self.core.step(channel) {
                        Ok(()) => moved = true,
                        Err(until) => {
                            next = next.into_iter().chain(until).min();
                            break;
                        }
                    }
                }
            }
            // What arrived may be outdated already: then the next word is due at once.
            if !moved {
                return next;
            }
        }
    }

    /// Waits until every notice has arrived or was given up, at most for `deadline`.
    pub fn flush(&self, deadline: Duration) -> Flushed {
        let clock = self.core.clock();
        let until = clock.now().after(deadline);
        if !self.core.config.background {
            self.run();
        }
        let mut seen = self.core.change();
        while self.core.config.background && clock.now() < until {
            // What arrived may be outdated already: then the next word is due at once.
            if self.core.is_settled() && !self.core.tick().1 && self.core.is_settled() {
                break;
            }
            self.core.wait_beyond(seen, until.since(clock.now()).min(Duration::from_millis(100)));
            seen = self.core.change();
        }
        let status = self.status();
        Flushed { sent: status.sent, kept: status.kept, lost: status.lost, in_time: self.core.is_idle() }
    }

    /// Stops alerting: what waits is sent within the deadline, and what is left goes to the journal.
    ///
    /// What was held back and not told yet is told too, without waiting for its time: a summary of each group, or a
    /// digest where those are too many.
    pub fn shutdown(mut self, deadline: Duration) -> Flushed {
        self.stop(deadline)
    }

    fn stop(&mut self, deadline: Duration) -> Flushed {
        if self.subscription.take().is_none() {
            return Flushed::default();
        }
        self.core.tick();
        self.core.close();
        let flushed = self.flush(deadline);
        self.core.closing.store(true, Ordering::Relaxed);
        for (channel, lane) in self.core.lanes.iter().enumerate() {
            for item in lane.drain() {
                self.core.give_up(channel, &item);
            }
        }
        self.core.announce();
        let status = self.status();
        Flushed { sent: status.sent, kept: status.kept, lost: status.lost, ..flushed }
    }
}

impl Drop for Alerts {
    fn drop(&mut self) {
        self.stop(ON_DROP);
    }
}

/// Starts one thread that watches the time, and one for each channel. They end when alerting is stopped, or at once
/// when it is gone.
fn start_threads(core: &Arc<Core>) {
    spawn(core, "gardefou-alerts", |core| Err(core.tick().0));
    for channel in 0..core.lanes.len() {
        let name = format!("gardefou-alert-{}", redact::name(core.lanes[channel].name()));
        spawn(core, &name, move |core| core.step(channel));
    }
}

fn spawn(core: &Arc<Core>, name: &str, work: impl Fn(&Core) -> Result<(), Option<Tick>> + Send + 'static) {
    let core = Arc::clone(core);
    // A NUL in a name is refused by the system.
    let name = name.replace('\0', " ");
    let scope = Captured::current();
    let started = thread::Builder::new().name(name).spawn(move || {
        let _entered = scope.enter();
        while !core.closing.load(Ordering::Relaxed) {
            let seen = core.change();
            let Err(until) = work(&core) else { continue };
            let now = core.clock().now();
            let wait = until.map_or(LOOK_AGAIN, |until| until.since(now)).min(LOOK_AGAIN);
            core.wait_beyond(seen, wait.max(Duration::from_millis(1)));
        }
    });
    if let Err(err) = started {
        tracing::error!(target: names::TARGET_ALERT, error = %err, "alerting has no thread");
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alerts").field("config", &self.core.config).finish_non_exhaustive()
    }
}
