//! From events to notifications, and from notifications to channels.

use super::{
    AlertsConfig, Notification,
    backlog::{Backlog, JournalEntry},
    breaker_calls::CallCounter,
    channel::with_causes,
    delivery::{Deliverer, Delivery, Item, Recorded, Step},
    history::History,
    plan::Plan,
    planner::{Breakers, Planner},
    published::PublishedState,
    rule::Trigger,
    status::{AlertsStatus, ChannelStatus, Reason},
    subject::Settlement,
};
use crate::{
    ConfigError,
    breaker::circuit_breakers,
    error::{Rejection, View, redact},
    event::{
        self, CircuitState, ErrorEvent, Event, HealthEvent, NotificationEvent, NotificationOutcome,
        RecordSlot, Severity, names, text,
    },
    monitor::{ErrorMonitor, ErrorRecord, error_monitor, journal::JournalError},
    panics,
    sync::Mutex,
    time::{SharedClock, Tick, Timestamp},
};
use std::{
    cell::Cell,
    error::Error,
    io,
    sync::{
        Arc, Condvar, Mutex as StdMutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

pub(super) struct Dispatcher {
    pub(super) config: AlertsConfig,
    /// Whose groups, records and journal these are.
    monitor: ErrorMonitor,
    planner: Mutex<Planner>,
    /// The breakers that ratios are of, by the place of the rule.
    ratios: Mutex<Ratios>,
    pub(super) deliveries: Vec<Delivery>,
    /// What the journal has of each delivery.
    backlogs: Vec<Backlog>,
    counts: Counts,
    /// When a failure of each delivery was logged last.
    last_complaints: Vec<Mutex<Option<Tick>>>,
    /// Counts changes, for the threads that wait for one.
    changes: StdMutex<u64>,
    changed: Condvar,
    pub(super) closing: AtomicBool,
    /// How many threads are between taking something up and noting what came of it.
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

/// The outcome of a thread's turn for one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Something was done: there may be more to do.
    Done,
    /// Something was done, by a delivery that was abandoned meanwhile: another worker has this
    /// one's place.
    Replaced,
    /// Nothing can be done before a change, or before that tick.
    Wait(Option<Tick>),
}

/// What each ratio has seen of its breaker.
struct Ratios(Vec<CallCounter>);

impl Breakers for Ratios {
    fn calls(&mut self, rule: usize, name: &str) -> (u64, u64) {
        self.0[rule].count(name)
    }

    fn state(&self, name: &str) -> Option<(CircuitState, bool)> {
        let breaker = circuit_breakers().get(name)?;
        Some((breaker.state(), breaker.ended_here().0 > 0))
    }
}

/// All relaxed: they are shown, nothing is decided by them.
#[derive(Default)]
struct Counts {
    replayed: AtomicU64,
}

thread_local! {
    /// Set while this thread delivers: what happens then is no reason for a notification, or alerting
    /// would feed itself.
    static DELIVERS: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread as one that delivers, until it is dropped.
pub(super) struct Delivering(bool);

impl Delivering {
    pub(super) fn begin() -> Self {
        Self(DELIVERS.with(|flag| flag.replace(true)))
    }
}

/// Returns `true` for an event that alerting looks at, and on a thread on which it counts.
pub(super) fn is_of_interest(event: &Event<'_>) -> bool {
    // A thread that is ending has no flag any more, and delivers nothing.
    matches!(
        event,
        Event::Error(_) | Event::Breaker(_) | Event::Health(_)
    ) && !DELIVERS.try_with(Cell::get).unwrap_or(false)
}

impl Drop for Delivering {
    fn drop(&mut self) {
        DELIVERS.with(|flag| flag.set(self.0));
    }
}

impl Dispatcher {
    pub(super) fn new(config: AlertsConfig) -> Result<Self, ConfigError> {
        let monitor = config
            .monitor
            .clone()
            .unwrap_or_else(|| error_monitor().clone());
        let planner = Planner::new_at(config.clock.now(), &config, monitor.journal().is_some());
        let ratios = Ratios(
            config
                .rules
                .iter()
                .map(|rule| match &rule.trigger {
                    Trigger::Ratio { breaker, .. } => CallCounter::begin(breaker),
                    _ => CallCounter::default(),
                })
                .collect(),
        );
        let deliveries: Result<Vec<Delivery>, ConfigError> = config
            .channels
            .iter()
            .map(|channel| Delivery::new(channel, &config))
            .collect();
        let deliveries = deliveries?;
        Ok(Self {
            planner: Mutex::new(planner),
            ratios: Mutex::new(ratios),
            backlogs: deliveries
                .iter()
                .map(|delivery| Backlog::new(delivery.name()))
                .collect(),
            last_complaints: deliveries.iter().map(|_| Mutex::default()).collect(),
            deliveries,
            monitor,
            config,
            counts: Counts::default(),
            changes: StdMutex::new(0),
            changed: Condvar::new(),
            closing: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
        })
    }

    pub(super) fn clock(&self) -> &SharedClock {
        &self.config.clock
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
                let plans = match self.level_of(event) {
                    Some(_) => self.planner.lock().on_breaker_at(now, breaker),
                    None => {
                        self.planner.lock().note_breaker(breaker);
                        return;
                    }
                };
                self.carry_out(plans, None);
            }
            Event::Health(health) => {
                let Some(level) = self.level_of(event) else {
                    return;
                };
                let health = HealthEvent {
                    level: level.unwrap_or(health.level),
                    ..*health
                };
                let plans = self.planner.lock().on_health_at(now, &health);
                self.carry_out(plans, None);
            }
            Event::Provisional(_)
            | Event::Notification(_)
            | Event::Retry(_)
            | Event::Transaction(_)
            | Event::Audit(_) => {}
        }
    }

    /// The level that a hook gave an event; `None` if the hook dropped it.
    fn level_of(&self, event: &Event<'_>) -> Option<Option<Severity>> {
        let recorder = self.monitor.recorder();
        if !recorder.has_before() || !event.has_record() {
            return Some(None);
        }
        event.record_by(recorder).map(|record| Some(record.level))
    }

    fn on_error(&self, now: Tick, event: &Event<'_>, error: &ErrorEvent<'_>) {
        let recorder = self.monitor.recorder();
        let changed = if recorder.has_before() {
            // Without one, the hook dropped it.
            let Some(record) = event.record_by(recorder) else {
                return;
            };
            Some(record)
        } else {
            None
        };
        let behind = View::from_ref(error.error).rejection().map(Rejection::name);
        let plans = match &changed {
            Some(record) => self.planner.lock().on_error_at(
                now,
                &error.as_in(record),
                record.fingerprint,
                behind,
            ),
            None => self.planner.lock().on_error_at(
                now,
                error,
                event.stamp_by(recorder).fingerprint,
                behind,
            ),
        };
        if !plans.is_empty() {
            let record = changed.or_else(|| event.record_by(recorder));
            self.carry_out(plans, record.as_deref());
        }
    }

    /// Tells what the passing of time makes due. Gives when something is due next, and whether
    /// anything was now.
    pub(super) fn tick(&self) -> (Option<Tick>, bool) {
        let _delivering = Delivering::begin();
        let _busy = Busy::begin(&self.busy);
        let now = self.clock().now();
        let mut ratios = self.ratios.lock();
        let mut planner = self.planner.lock();
        let plans = planner.tick_at(now, &mut *ratios);
        let next = planner.next_due();
        drop((planner, ratios));
        let next = next
            .into_iter()
            .chain(self.deliveries.iter().filter_map(Delivery::next_watch))
            .min();
        let is_due = !plans.is_empty();
        self.carry_out(plans, None);
        (next, is_due)
    }

    /// Tells what was held back, because there will be no later.
    pub(super) fn close(&self) {
        let _delivering = Delivering::begin();
        let plans = self.planner.lock().close_at(self.clock().now());
        self.carry_out(plans, None);
    }

    fn carry_out(&self, plans: Vec<Plan>, record: Option<&ErrorRecord>) {
        for plan in plans {
            let (key, mut plan) = (plan.key, plan);
            if plan.in_digest {
                // A digest of many groups must not hold the records of all of them.
                self.planner
                    .lock()
                    .remember(key, &Arc::new(plan.into_line(record)));
                continue;
            }
            let (settles, states) = (
                std::mem::take(&mut plan.settles),
                std::mem::take(&mut plan.states),
            );
            let notification = Arc::new(plan.into_notification(
                record,
                &self.config.source(),
                self.clock().wall().into(),
            ));
            if settles.contains(&key) {
                self.planner.lock().remember(key, &notification);
            }
            self.send(
                key.channel,
                Item::new(notification, settles, false, self.clock().now()),
                &states,
            );
        }
    }

    /// Queues a notification, which the journal has from then on.
    pub(super) fn send(&self, channel: usize, mut item: Item, states: &[PublishedState]) {
        item.record = match self.monitor.journal() {
            None => Recorded::No,
            Some(_) if self.write(channel, &item.notification, JournalEntry::Queued(states)) => {
                Recorded::Yes
            }
            Some(_) => Recorded::Maybe,
        };
        if let Err(item) = self.deliveries[channel].push(item) {
            self.give_up(channel, &item, Reason::QueueFull);
            self.backlogs[channel].miss_one();
        }
        self.announce();
    }

    /// Does what can be done now for one channel, on this thread.
    pub(super) fn step(&self, channel: usize, by: Deliverer) -> Turn {
        let _delivering = Delivering::begin();
        let _busy = Busy::begin(&self.busy);
        let delivery = &self.deliveries[channel];
        if self.backlogs[channel].take_due() && self.look_back(channel) {
            return Turn::Done;
        }
        let turn = match delivery.step(by) {
            // What happens now comes first.
            Step::Idle if self.replay(channel) => Turn::Done,
            Step::Idle => Turn::Wait(None),
            Step::Wait(until) => Turn::Wait(Some(until)),
            step => {
                let turn = if matches!(step, Step::CameBack { .. }) {
                    Turn::Replaced
                } else {
                    Turn::Done
                };
                self.note(channel, step);
                turn
            }
        };
        if !matches!(turn, Turn::Wait(_)) {
            self.announce();
        }
        turn
    }

    /// Carries out what the outcome of a delivery leads to.
    fn note(&self, channel: usize, step: Step) {
        let delivery = &self.deliveries[channel];
        match step {
            Step::Idle | Step::Wait(_) | Step::CameBack { arrived: None } => {}
            Step::Arrived { item, late }
            | Step::CameBack {
                arrived: Some((item, late)),
            } => {
                // First, since a process that is killed before this delivers it again.
                let is_kept = item.replayed || late || item.record != Recorded::No;
                if is_kept && !self.write(channel, &item.notification, JournalEntry::Delivered) {
                    self.backlogs[channel].stop_looking();
                }
                self.settle(&item, Settlement::Delivered);
                self.publish(channel, &item.notification, NotificationOutcome::Delivered);
                self.backlogs[channel].works();
                if item.replayed {
                    self.counts.replayed.fetch_add(1, Ordering::Relaxed);
                }
                tracing::debug!(
                    target: names::TARGET_ALERT, channel = &*redact::name(delivery.name()), notification.id = %item.notification.id, "notification sent"
                );
            }
            Step::AttemptFailed { error } => {
                self.complain(
                    channel,
                    &error,
                    "a notification could not be sent; it is tried again",
                );
            }
            Step::GivenUp {
                item,
                error,
                reason,
            } => {
                let what = match (self.give_up(channel, &item, reason), error.is_permanent()) {
                    (false, _) => "a notification could not be sent, and no journal keeps it",
                    (true, true) => "a notification was refused; it is kept, but not sent again",
                    (true, false) => "a notification could not be sent; it is kept for later",
                };
                self.complain(channel, &error, what);
                if error.is_permanent() {
                    // It stays in the journal for people to see, but is not sent again.
                    self.write(channel, &item.notification, JournalEntry::Refused);
                } else {
                    self.backlogs[channel].miss();
                }
            }
        }
    }

    /// Looks for deliveries that take longer than they may. Returns the channels that need another
    /// worker.
    pub(super) fn watch(&self) -> Vec<usize> {
        let _delivering = Delivering::begin();
        let _busy = Busy::begin(&self.busy);
        let mut orphans = Vec::new();
        for channel in 0..self.deliveries.len() {
            let (steps, is_orphan) = self.deliveries[channel].watch();
            let has_steps = !steps.is_empty();
            steps.into_iter().for_each(|step| self.note(channel, step));
            orphans.extend(is_orphan.then_some(channel));
            if has_steps {
                self.announce();
            }
        }
        orphans
    }

    /// Notes that a thread could not be spawned: nothing is delivered on these channels.
    pub(super) fn note_missing_thread(
        &self,
        channels: impl IntoIterator<Item = usize>,
        error: &io::Error,
    ) {
        for channel in channels {
            self.deliveries[channel]
                .note_failure(format!("failed to spawn the alerting thread: {error}"));
            self.complain(channel, error, "failed to spawn the alerting thread");
        }
    }

    fn settle(&self, item: &Item, settled: Settlement) {
        if item.settles.is_empty() {
            return;
        }
        let now = self.clock().now();
        let mut planner = self.planner.lock();
        for key in item.settles.iter() {
            planner.settle_at(now, *key, settled);
        }
    }

    /// Keeps a notification that did not arrive; tells whether it is safe.
    pub(super) fn give_up(&self, channel: usize, item: &Item, reason: Reason) -> bool {
        let kept = item.replayed
            || self.write(channel, &item.notification, JournalEntry::Undelivered)
            || item.record == Recorded::Yes;
        // One that the receiver refused is kept for people to see, and never sent again.
        self.settle(
            item,
            if kept && reason != Reason::Refused {
                Settlement::Kept
            } else {
                Settlement::Dropped
            },
        );
        if !kept || !item.replayed {
            self.deliveries[channel].count_given_up(reason, kept);
        }
        let outcome = if kept {
            NotificationOutcome::Kept
        } else {
            NotificationOutcome::Lost
        };
        self.publish(channel, &item.notification, outcome);
        kept
    }

    /// Passes what became of a notification to observers.
    fn publish(&self, channel: usize, notification: &Notification, outcome: NotificationOutcome) {
        event::emit(|| {
            Event::Notification(NotificationEvent {
                id: notification.id,
                kind: notification.kind.name(),
                channel: self.deliveries[channel].name(),
                rule: &notification.rule,
                title: &notification.title,
                level: notification.level,
                fingerprint: notification.fingerprint,
                error: notification.error.as_ref().map(|record| record.id),
                outcome,
                record: RecordSlot::default(),
            })
        });
    }

    /// Writes to the journal what became of a notification; returns whether that has it.
    fn write(&self, channel: usize, notification: &Notification, entry: JournalEntry<'_>) -> bool {
        let Some(journal) = self.monitor.journal() else {
            return false;
        };
        self.backlogs[channel].write(&*journal, notification, entry, self.clock().wall().into())
    }

    /// Reads what the journal has for a channel. Returns `true` if that was the first time since
    /// the start.
    fn look_back(&self, channel: usize) -> bool {
        let read = self.monitor.journal().map(|journal| {
            panics::catch(|| {
                self.backlogs[channel].look_back(&*journal, || self.deliveries[channel].waiting())
            })
            .unwrap_or_else(|_| Err(JournalError::new("read notifications", "it panicked")))
        });
        let found = match read {
            None => History::default(),
            Some(Ok(found)) => found,
            Some(Err(err)) => {
                self.complain(
                    channel,
                    &err,
                    "what could not be sent earlier cannot be read",
                );
                History::default()
            }
        };
        self.backlogs[channel].set_undelivered(found.undelivered);
        let (now, wall) = (self.clock().now(), Timestamp::from(self.clock().wall()));
        let restored = found.restored.into_iter().map(|restored| {
            let age = wall.since(restored.at);
            (restored, age)
        });
        let mut planner = self.planner.lock();
        let is_first = planner.unread.waits_for(channel);
        let plans = planner.restore_at(now, channel, restored.collect());
        drop(planner);
        self.carry_out(plans, None);
        is_first
    }

    /// Takes up the oldest notification of an earlier time; returns whether there was one, or may be.
    fn replay(&self, channel: usize) -> bool {
        match self.backlogs[channel].next() {
            // Should there be no room, the journal still has it.
            Ok(notification) => self.deliveries[channel]
                .push(Item::new(
                    notification,
                    Vec::new(),
                    true,
                    self.clock().now(),
                ))
                .is_ok(),
            Err(has_more) => has_more,
        }
    }

    /// Ends this copy of the parent's alerting, in a process that was forked.
    pub(super) fn leave_to_parent(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.backlogs.iter().for_each(Backlog::leave_to_parent);
    }

    /// Lets other processes take over what the channels could not deliver. One in the middle of a
    /// delivery keeps its claim until that is over.
    pub(super) fn release(&self) {
        let idle = self
            .deliveries
            .iter()
            .zip(&self.backlogs)
            .filter(|(delivery, _)| delivery.is_idle());
        idle.for_each(|(_, backlog)| backlog.release(self.monitor.journal()));
    }

    /// Logs a failure of a channel, at most once a minute; to the standard error where no
    /// subscriber takes it.
    fn complain(&self, channel: usize, error: &(dyn Error + 'static), what: &str) {
        let now = self.clock().now();
        let mut last = self.last_complaints[channel].lock();
        let is_time = last.is_none_or(|last| now.since(last) >= Duration::from_secs(60));
        if is_time {
            *last = Some(now);
        }
        drop(last);
        if is_time {
            let (channel, error) = (
                redact::name(self.deliveries[channel].name()),
                with_causes(error),
            );
            if tracing::enabled!(target: names::TARGET_ALERT, tracing::Level::ERROR) {
                tracing::error!(target: names::TARGET_ALERT, channel = &*channel, error, "{what}");
            } else {
                // A program without a log would never learn that nobody is alerted.
                let channel = text::for_sink(&channel, 200);
                event::to_stderr(format_args!("alert channel `{channel}`: {what}: {error}"));
            }
        }
    }

    /// Wakes whoever waits for a change.
    pub(super) fn announce(&self) {
        *self.changes.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// The number of the latest change, to be waited beyond.
    pub(super) fn change(&self) -> u64 {
        *self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is a change after `seen`, at most for `timeout`; returns whether there is
    /// one.
    pub(super) fn wait_beyond(&self, seen: u64, timeout: Duration) -> bool {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(changes, timeout, |now| *now == seen);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Holds back all notifications for a time, or lets them through again.
    pub(super) fn mute(&self, time: Duration) {
        self.planner.lock().mute_at(self.clock().now(), time);
        self.announce();
    }

    /// Tells whether nothing waits, and what became of everything is known.
    pub(super) fn is_settled(&self) -> bool {
        // In this order: a delivery is idle before it is noted what came of its last notification.
        self.is_idle() && self.busy.load(Ordering::SeqCst) == 0
    }

    pub(super) fn is_idle(&self) -> bool {
        let is_read = self.planner.lock().unread.is_empty();
        is_read
            && self.deliveries.iter().all(Delivery::is_idle)
            && self.backlogs.iter().all(Backlog::is_idle)
    }

    pub(super) fn status(&self) -> AlertsStatus {
        let planner = self.planner.lock();
        let (suppressed, inhibited) = (planner.suppressed, planner.inhibited);
        let muted_for = planner.muted_at(self.clock().now());
        drop(planner);
        let channels: Vec<ChannelStatus> = self.deliveries.iter().map(Delivery::status).collect();
        AlertsStatus {
            sent: channels.iter().map(|channel| channel.sent).sum(),
            suppressed,
            inhibited,
            kept: channels.iter().map(|channel| channel.kept).sum(),
            lost: channels.iter().map(|channel| channel.lost.total()).sum(),
            replayed: self.counts.replayed.load(Ordering::Relaxed),
            muted_for,
            channels,
        }
    }
}
