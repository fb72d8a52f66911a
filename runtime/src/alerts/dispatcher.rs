//! The dispatcher: from events to notifications, and from notifications to the outboxes of channels.

use super::{
    breaker_calls::BreakerCalls,
    config::AlertsConfig,
    delivery::Delivering,
    outbox::{Outbox, Turn},
    plan::Plan,
    planner::Planner,
    queue::{Deliverer, Item},
    status::{AlertsStatus, ChannelStatus},
};
use crate::{
    error::{ConfigError, Rejection, View},
    event::{ErrorEvent, Event, HealthEvent},
    monitor::{ErrorMonitor, ErrorRecord, error_monitor},
    revised::Revised,
    sync::Mutex,
    time::{SharedClock, Tick},
    worker::Wakeup,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Alerting, shared by the threads that report and those that deliver.
pub(super) struct Dispatcher {
    pub(super) config: Revised<AlertsConfig>,
    /// Whose groups, records and journal these are.
    monitor: ErrorMonitor,
    planner: Arc<Mutex<Planner>>,
    /// Locked before the planner.
    breakers: Mutex<BreakerCalls>,
    /// One for each channel.
    pub(super) outboxes: Vec<Outbox>,
    /// Notified of everything that may be work for a thread.
    pub(super) signal: Arc<Wakeup>,
    pub(super) closing: AtomicBool,
    /// How many threads are between taking up some work and recording its outcome.
    busy: AtomicUsize,
}

/// Counts this thread as busy, until it is dropped.
struct Busy<'a>(&'a AtomicUsize);

impl<'a> Busy<'a> {
    fn begin(busy: &'a AtomicUsize) -> Self {
        busy.fetch_add(1, Ordering::SeqCst);
        Self(busy)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Returns `true` for an event that can lead to a notification, on a thread on which it can.
pub(super) fn is_of_interest(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Error(_) | Event::Breaker(_) | Event::Health(_)
    ) && !Delivering::is_under_way()
}

impl Dispatcher {
    pub(super) fn new(config: AlertsConfig) -> Result<Self, ConfigError> {
        let monitor = config
            .monitor
            .clone()
            .unwrap_or_else(|| error_monitor().clone());
        let planner = Planner::new_at(config.clock.now(), &config, monitor.journal().is_some());
        let planner = Arc::new(Mutex::new(planner));
        let breakers = BreakerCalls::begin(&config.rules);
        let outboxes: Result<Vec<Outbox>, ConfigError> = config
            .channels
            .iter()
            .map(|channel| Outbox::new(channel, &config, monitor.clone(), Arc::clone(&planner)))
            .collect();
        Ok(Self {
            planner,
            breakers: Mutex::new(breakers),
            outboxes: outboxes?,
            monitor,
            config: Revised::new(config),
            signal: Arc::default(),
            closing: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
        })
    }

    pub(super) fn clock(&self) -> &SharedClock {
        &self.config.get().clock
    }

    /// See [`Alerts::set_rules_and_throttle`](super::Alerts).
    #[cfg(feature = "config")]
    pub(super) fn set_rules_and_throttle(&self, wanted: &AlertsConfig) {
        let now = self.clock().now();
        let config = self.config.get().with_rules_and_throttle_of(wanted);
        let mut breakers = self.breakers.lock();
        let kept = self.planner.lock().follow_at(now, &config);
        breakers.follow(&kept, &config.rules);
        self.config.replace(config);
        drop(breakers);
        // Something may be due at another time.
        self.signal.notify();
    }

    pub(super) fn on_event(&self, event: &Event<'_>) {
        if self.closing.load(Ordering::Relaxed) {
            return;
        }
        let now = self.clock().now();
        match event {
            // A pending error is settled later; one whose attempt was retried brings no
            // notification.
            Event::Error(error) => self.on_error(now, event, error),
            Event::Breaker(breaker) => {
                if self.changed(event).is_none() {
                    self.planner.lock().evaluator.record_breaker(breaker);
                    return;
                }
                let plans = self.planner.lock().on_breaker_at(now, breaker);
                self.dispatch(plans, None);
            }
            Event::Health(health) => {
                let Some(record) = self.changed(event) else {
                    return;
                };
                let health = HealthEvent {
                    level: record.map_or(health.level, |record| record.level),
                    ..*health
                };
                let plans = self.planner.lock().on_health_at(now, &health);
                self.dispatch(plans, None);
            }
            Event::Provisional(_)
            | Event::Notification(_)
            | Event::Retry(_)
            | Event::Transaction(_)
            | Event::Audit(_) => {}
        }
    }

    /// Returns the record of an event where a hook may have changed it; `None` if the hook dropped it.
    fn changed(&self, event: &Event<'_>) -> Option<Option<Arc<ErrorRecord>>> {
        let recorder = self.monitor.recorder();
        match recorder.has_before() && event.has_record() {
            true => event.record_by(recorder).map(Some),
            false => Some(None),
        }
    }

    fn on_error(&self, now: Tick, event: &Event<'_>, error: &ErrorEvent<'_>) {
        let Some(changed) = self.changed(event) else {
            return;
        };
        let recorder = self.monitor.recorder();
        let behind = View::from_ref(error.error).rejection().map(Rejection::name);
        // Not under the lock: a monitor's grouping is the user's code.
        let (error, fingerprint) = match &changed {
            Some(record) => (error.as_in(record), record.fingerprint),
            None => (*error, event.stamp_by(recorder).fingerprint),
        };
        let planned = (self.planner.lock()).on_error_at(now, &error, fingerprint, behind);
        if !planned.is_empty() {
            let record = changed.or_else(|| event.record_by(recorder));
            self.dispatch(planned, record.as_deref());
        }
    }

    /// Sends what the passing of time makes due. Returns when something is due next, and whether
    /// anything was now.
    pub(super) fn tick(&self) -> (Option<Tick>, bool) {
        let _delivering = Delivering::begin();
        let _busy = Busy::begin(&self.busy);
        let now = self.clock().now();
        let mut breakers = self.breakers.lock();
        let mut planner = self.planner.lock();
        let plans = planner.tick_at(now, &mut *breakers);
        let next = planner.next_due();
        drop((planner, breakers));
        let next = next
            .into_iter()
            .chain(self.outboxes.iter().filter_map(Outbox::next_watch))
            .min();
        let is_due = !plans.is_empty();
        self.dispatch(plans, None);
        (next, is_due)
    }

    /// Sends everything that was held back, whatever the time.
    pub(super) fn close(&self) {
        let _delivering = Delivering::begin();
        let plans = self.planner.lock().close_at(self.clock().now());
        self.dispatch(plans, None);
    }

    fn dispatch(&self, plans: Vec<Plan>, record: Option<&ErrorRecord>) {
        for mut plan in plans {
            let key = plan.key;
            if plan.in_digest {
                // A digest of many groups must not hold the records of all of them.
                let line = Arc::new(plan.into_line(record));
                self.planner.lock().limiter.remember(key, &line);
                continue;
            }
            let settles = std::mem::take(&mut plan.settles);
            let states = std::mem::take(&mut plan.states);
            let notification = Arc::new(plan.into_notification(
                record,
                &self.config.get().source(),
                self.clock().wall().into(),
            ));
            if settles.contains(&key) {
                self.planner.lock().limiter.remember(key, &notification);
            }
            let item = Item::new(notification, settles, false, self.clock().now());
            self.outboxes[key.channel].send(item, &states);
            self.signal.notify();
        }
    }

    /// Queues a notification for one channel.
    pub(super) fn send(&self, channel: usize, item: Item) {
        self.outboxes[channel].send(item, &[]);
        self.signal.notify();
    }

    /// Does what can be done now for one channel, on this thread.
    pub(super) fn step(&self, channel: usize, by: Deliverer) -> Turn {
        let _delivering = Delivering::begin();
        let _busy = Busy::begin(&self.busy);
        let outbox = &self.outboxes[channel];
        if let Some(restored) = outbox.read_due() {
            let now = self.clock().now();
            let plans = self.planner.lock().restore_at(now, channel, restored);
            if let Some(plans) = plans {
                self.dispatch(plans, None);
                return Turn::Done;
            }
        }
        let turn = outbox.step(by);
        if !matches!(turn, Turn::Wait(_)) {
            self.signal.notify();
        }
        turn
    }

    /// Abandons delivery attempts that exceed their limit. Returns the channels that need another
    /// worker.
    pub(super) fn watch(&self) -> Vec<usize> {
        let _delivering = Delivering::begin();
        let _busy = Busy::begin(&self.busy);
        let mut orphans = Vec::new();
        for (channel, outbox) in self.outboxes.iter().enumerate() {
            let (has_steps, is_orphan) = outbox.watch();
            orphans.extend(is_orphan.then_some(channel));
            if has_steps {
                self.signal.notify();
            }
        }
        orphans
    }

    /// Holds back all notifications for a time, or passes them again.
    pub(super) fn mute(&self, time: Duration) {
        let now = self.clock().now();
        self.planner.lock().limiter.mute_at(now, time);
        self.signal.notify();
    }

    /// Stops: what waits is given up, and what is not delivered is left to other processes.
    pub(super) fn shut_down(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.outboxes.iter().for_each(Outbox::shut_down);
        self.signal.notify();
        self.outboxes.iter().for_each(Outbox::release);
    }

    /// Ends this copy of the parent's alerting, in a process that was forked.
    pub(super) fn leave_to_parent(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.outboxes.iter().for_each(Outbox::leave_to_parent);
    }

    /// Returns `true` if nothing waits, and the outcome of everything is recorded.
    pub(super) fn is_settled(&self) -> bool {
        // In this order: an outbox is idle before the outcome of its last notification is recorded.
        self.is_idle() && self.busy.load(Ordering::SeqCst) == 0
    }

    pub(super) fn is_idle(&self) -> bool {
        let is_restored = self.planner.lock().is_restored();
        is_restored && self.outboxes.iter().all(Outbox::is_idle)
    }

    pub(super) fn status(&self) -> AlertsStatus {
        let planner = self.planner.lock();
        let (suppressed, inhibited) = (planner.limiter.suppressed, planner.evaluator.inhibited);
        let muted_for = planner.limiter.muted_at(self.clock().now());
        drop(planner);
        let channels: Vec<ChannelStatus> = self.outboxes.iter().map(Outbox::status).collect();
        AlertsStatus {
            sent: channels.iter().map(|channel| channel.sent).sum(),
            suppressed,
            inhibited,
            kept: channels.iter().map(|channel| channel.kept).sum(),
            lost: channels.iter().map(|channel| channel.lost.total()).sum(),
            replayed: self.outboxes.iter().map(Outbox::replayed).sum(),
            muted_for,
            channels,
        }
    }
}
