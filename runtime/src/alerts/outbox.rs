//! The outbox of one channel: a notification has a record in the journal from the moment at which it
//! is queued, and is delivered until it is settled.

use super::{
    backlog::{Backlog, JournalEntry},
    channel::{Channel, with_causes},
    config::AlertsConfig,
    delivery::Delivery,
    history::History,
    notification::Notification,
    planner::Planner,
    published::{PublishedState, RestoredState},
    queue::{Deliverer, Item, Recorded, Step},
    status::{ChannelStatus, Reason},
    subject::Settlement,
};
use crate::{
    error::{ConfigError, redact},
    event::{self, Event, NotificationEvent, NotificationOutcome, RecordSlot, names, text},
    monitor::{ErrorMonitor, journal::JournalError},
    panics,
    sync::Mutex,
    time::{SharedClock, Tick, Timestamp},
};
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The delivery of one channel, and its records in the journal.
pub(super) struct Outbox {
    delivery: Delivery,
    backlog: Backlog,
    clock: SharedClock,
    /// Whose journal it is.
    monitor: ErrorMonitor,
    /// Whose slots wait for settlements.
    planner: Arc<Mutex<Planner>>,
    /// Relaxed: it is shown, nothing is decided by it.
    replayed: AtomicU64,
    /// When a failure was logged last.
    last_logged: Mutex<Option<Tick>>,
}

/// The outcome of a thread's turn for one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Something was done: there may be more to do.
    Done,
    /// Something was done, by an attempt that was abandoned meanwhile: another worker has this
    /// one's place.
    Replaced,
    /// Nothing can be done before a change, or before that tick.
    Wait(Option<Tick>),
}

const LOG_INTERVAL: Duration = Duration::from_secs(60);

impl Outbox {
    pub(super) fn new(
        channel: &Arc<dyn Channel>,
        config: &AlertsConfig,
        monitor: ErrorMonitor,
        planner: Arc<Mutex<Planner>>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            delivery: Delivery::new(channel, config)?,
            backlog: Backlog::new(channel.name()),
            clock: config.clock.clone(),
            monitor,
            planner,
            replayed: AtomicU64::new(0),
            last_logged: Mutex::default(),
        })
    }

    pub(super) fn name(&self) -> &str {
        self.delivery.name()
    }

    /// Queues a notification, which the journal has from then on, with the states that it publishes.
    pub(super) fn send(&self, mut item: Item, states: &[PublishedState]) {
        item.record = match self.monitor.journal() {
            None => Recorded::No,
            Some(_) if self.write(&item.notification, JournalEntry::Queued(states)) => {
                Recorded::Yes
            }
            Some(_) => Recorded::Maybe,
        };
        if let Err(item) = self.delivery.push(item) {
            self.give_up(&item, Reason::QueueFull);
            self.backlog.miss_one();
        }
    }

    /// Does what can be done now, on this thread.
    pub(super) fn step(&self, by: Deliverer) -> Turn {
        match self.delivery.step(by) {
            // What happens now comes first.
            Step::Idle if self.replay() => Turn::Done,
            Step::Idle => Turn::Wait(None),
            Step::Wait(until) => Turn::Wait(Some(until)),
            step => {
                let turn = if matches!(step, Step::AbandonedEnded { .. }) {
                    Turn::Replaced
                } else {
                    Turn::Done
                };
                self.conclude(step);
                turn
            }
        }
    }

    /// Abandons an attempt that exceeds its limit. Returns whether anything was done, and whether
    /// another worker has to take the place of the hanging one.
    pub(super) fn watch(&self) -> (bool, bool) {
        let (steps, is_orphan) = self.delivery.watch();
        let has_steps = !steps.is_empty();
        steps.into_iter().for_each(|step| self.conclude(step));
        (has_steps, is_orphan)
    }

    /// Returns when [`watch`](Self::watch) may have something to do next.
    pub(super) fn next_watch(&self) -> Option<Tick> {
        self.delivery.next_watch()
    }

    /// Carries out what the outcome of an attempt leads to.
    fn conclude(&self, step: Step) {
        match step {
            Step::Idle | Step::Wait(_) | Step::AbandonedEnded { delivered: None } => {}
            Step::Delivered { item, late }
            | Step::AbandonedEnded {
                delivered: Some((item, late)),
            } => self.conclude_delivered(&item, late),
            Step::AttemptFailed { error } => {
                self.log_failure(
                    &error,
                    "a notification could not be sent; it is tried again",
                );
            }
            Step::GivenUp {
                item,
                error,
                reason,
            } => {
                let what = match (self.give_up(&item, reason), error.is_permanent()) {
                    (false, _) => "a notification could not be sent, and no journal keeps it",
                    (true, true) => "a notification was refused; it is kept, but not sent again",
                    (true, false) => "a notification could not be sent; it is kept for later",
                };
                self.log_failure(&error, what);
                if error.is_permanent() {
                    // It stays in the journal for queries, but is not sent again.
                    self.write(&item.notification, JournalEntry::Refused);
                } else {
                    self.backlog.miss();
                }
            }
        }
    }

    fn conclude_delivered(&self, item: &Item, late: bool) {
        // First, since a process that is killed before this delivers it again.
        let has_record = item.replayed || late || item.record != Recorded::No;
        if has_record && !self.write(&item.notification, JournalEntry::Delivered) {
            self.backlog.stop_reading();
        }
        self.settle(item, Settlement::Delivered);
        self.publish(&item.notification, NotificationOutcome::Delivered);
        self.backlog.recover();
        if item.replayed {
            self.replayed.fetch_add(1, Ordering::Relaxed);
        }
        tracing::debug!(
            target: names::TARGET_ALERT, channel = &*redact::name(self.name()), notification.id = %item.notification.id, "notification sent"
        );
    }

    /// Gives up everything that waits.
    pub(super) fn shut_down(&self) {
        for item in self.delivery.drain() {
            self.give_up(&item, Reason::Shutdown);
        }
    }

    /// Gives up a notification that was not delivered. Returns `true` if the journal keeps it.
    fn give_up(&self, item: &Item, reason: Reason) -> bool {
        let is_kept = item.replayed
            || self.write(&item.notification, JournalEntry::Undelivered)
            || item.record == Recorded::Yes;
        // A refused notification is kept for queries, and never sent again.
        let settlement = if is_kept && reason != Reason::Refused {
            Settlement::Kept
        } else {
            Settlement::Dropped
        };
        self.settle(item, settlement);
        if !is_kept || !item.replayed {
            self.delivery.queue.lock().count_given_up(reason, is_kept);
        }
        let outcome = if is_kept {
            NotificationOutcome::Kept
        } else {
            NotificationOutcome::Lost
        };
        self.publish(&item.notification, outcome);
        is_kept
    }

    fn settle(&self, item: &Item, settlement: Settlement) {
        if !item.settles.is_empty() {
            let now = self.clock.now();
            let mut planner = self.planner.lock();
            planner.settle_at(now, &item.settles, settlement);
        }
    }

    /// Passes the outcome of a notification to observers.
    fn publish(&self, notification: &Notification, outcome: NotificationOutcome) {
        event::emit(|| {
            Event::Notification(NotificationEvent {
                id: notification.id,
                kind: notification.kind.name(),
                channel: self.name(),
                rule: &notification.rule,
                title: &notification.title,
                level: notification.level,
                fingerprint: notification.fingerprint,
                error: notification.error.as_ref().map(|record| record.id),
                suppressed: notification.suppressed,
                outcome,
                record: RecordSlot::default(),
            })
        });
    }

    /// Writes a record about a notification. Returns `true` if the journal has it.
    fn write(&self, notification: &Notification, entry: JournalEntry<'_>) -> bool {
        let Some(journal) = self.monitor.journal() else {
            return false;
        };
        let wall = self.clock.wall().into();
        self.backlog.write(&*journal, notification, entry, wall)
    }

    /// Reads the journal where that is due. Returns the states of earlier processes, each with its
    /// age.
    pub(super) fn read_due(&self) -> Option<Vec<(RestoredState, Duration)>> {
        if !self.backlog.take_due() {
            return None;
        }
        let read = self.monitor.journal().map(|journal| {
            panics::catch(|| {
                self.backlog
                    .read(&*journal, || self.delivery.queue.lock().ids())
            })
            .unwrap_or_else(|_| Err(JournalError::new("read notifications", "it panicked")))
        });
        let history = match read {
            None => History::default(),
            Some(Ok(history)) => history,
            Some(Err(err)) => {
                self.log_failure(&err, "failed to read undelivered notifications");
                History::default()
            }
        };
        self.backlog.set_undelivered(history.undelivered);
        let wall = Timestamp::from(self.clock.wall());
        let restored = history.restored.into_iter().map(|restored| {
            let age = wall.since(restored.at);
            (restored, age)
        });
        Some(restored.collect())
    }

    /// Queues the oldest undelivered notification of the journal. Returns `true` if there was one,
    /// or may be.
    fn replay(&self) -> bool {
        match self.backlog.next() {
            // If there is no room, the journal still has it.
            Ok(notification) => self
                .delivery
                .push(Item::new(notification, Vec::new(), true, self.clock.now()))
                .is_ok(),
            Err(has_more) => has_more,
        }
    }

    /// Releases the claims on the journal, so that other processes take over what was not delivered.
    /// In the middle of a delivery they are kept until that ends.
    pub(super) fn release(&self) {
        if self.delivery.queue.lock().is_empty() {
            self.backlog.release(self.monitor.journal());
        }
    }

    /// Ends this copy of the parent's outbox, in a process that was forked.
    pub(super) fn leave_to_parent(&self) {
        self.backlog.leave_to_parent();
    }

    pub(super) fn is_idle(&self) -> bool {
        let is_empty = self.delivery.queue.lock().is_empty();
        is_empty && self.backlog.is_idle()
    }

    pub(super) fn status(&self) -> ChannelStatus {
        self.delivery.status()
    }

    /// Returns how many notifications of an earlier time were delivered.
    pub(super) fn replayed(&self) -> u64 {
        self.replayed.load(Ordering::Relaxed)
    }

    /// Records and logs that a thread could not be spawned: nothing is delivered.
    pub(super) fn record_missing_thread(&self, error: &(dyn Error + 'static)) {
        let what = "failed to spawn the alerting thread";
        let text = format!("{what}: {error}");
        let wall = self.clock.wall().into();
        self.delivery.queue.lock().record_failure(text, wall);
        self.log_failure(error, what);
    }

    /// Logs a failure, at most once a minute; to the standard error where no subscriber takes it.
    fn log_failure(&self, error: &(dyn Error + 'static), what: &str) {
        let now = self.clock.now();
        let mut last = self.last_logged.lock();
        if last.is_some_and(|last| now.since(last) < LOG_INTERVAL) {
            return;
        }
        *last = Some(now);
        drop(last);
        let (channel, error) = (redact::name(self.name()), with_causes(error));
        if tracing::enabled!(target: names::TARGET_ALERT, tracing::Level::ERROR) {
            tracing::error!(target: names::TARGET_ALERT, channel = &*channel, error, "{what}");
        } else {
            // A program without a log would never learn that its alerts do not arrive.
            let channel = text::for_sink(&channel, 200);
            event::to_stderr(format_args!("alert channel `{channel}`: {what}: {error}"));
        }
    }
}
