//! From events to notices, and from notices to channels.

use super::{
    AlertsConfig, Notice,
    backlog::Backlog,
    channel::with_causes,
    decide::Decider,
    lane::{Item, Lane, Step},
    notice,
    plan::Plan,
    status::{AlertsStatus, ChannelStatus, Reason},
    subject::Settled,
};
use crate::{
    ConfigError,
    breaker::circuit_breakers,
    error::{Rejection, View, redact},
    event::{
        self, AlertLevel, ErrorEvent, Event, HealthEvent, NotificationEvent, NotificationOutcome, RecordSlot, names,
        text,
    },
    monitor::{ErrorMonitor, ErrorRecord, RecordKind, error_monitor},
    sync::Mutex,
    time::{SharedClock, Tick},
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

pub(super) struct Core {
    pub(super) config: AlertsConfig,
    /// Whose groups, records and journal these are.
    monitor: ErrorMonitor,
    decider: Mutex<Decider>,
    pub(super) lanes: Vec<Lane>,
    counts: Counts,
    /// The lanes that should look into the journal for what an earlier time could not deliver.
    replay: Vec<AtomicBool>,
    /// What was found there, for each lane.
    backlogs: Vec<Mutex<Backlog>>,
    /// The lanes that gave something up since their last success.
    has_kept: Vec<AtomicBool>,
    /// When a failure of each lane was logged last.
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

/// All relaxed: they are shown, nothing is decided by them.
#[derive(Default)]
struct Counts {
    replayed: AtomicU64,
}

thread_local! {
    /// Set while this thread delivers: what happens then is no reason for a notice, or alerting would feed itself.
    static DELIVERS: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread as one that delivers, until it is dropped.
pub(super) struct Delivering(bool);

impl Delivering {
    pub(super) fn begin() -> Self {
        Self(DELIVERS.with(|flag| flag.replace(true)))
    }
}

impl Drop for Delivering {
    fn drop(&mut self) {
        DELIVERS.with(|flag| flag.set(self.0));
    }
}

impl Core {
    pub(super) fn new(config: AlertsConfig) -> Result<Self, ConfigError> {
        let decider = Decider::new(&config);
        let lanes: Result<Vec<Lane>, ConfigError> =
            config.channels.iter().map(|channel| Lane::new(channel, &config)).collect();
        let lanes = lanes?;
        Ok(Self {
            decider: Mutex::new(decider),
            replay: lanes.iter().map(|_| AtomicBool::new(true)).collect(),
            backlogs: lanes.iter().map(|_| Mutex::default()).collect(),
            has_kept: lanes.iter().map(|_| AtomicBool::new(false)).collect(),
            last_complaints: lanes.iter().map(|_| Mutex::default()).collect(),
            lanes,
            monitor: config.monitor.clone().unwrap_or_else(|| error_monitor().clone()),
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
        // A thread that is ending has no flag any more, and delivers nothing.
        if DELIVERS.try_with(Cell::get).unwrap_or(false) || self.closing.load(Ordering::Relaxed) {
            return;
        }
        let now = self.clock().now();
        match event {
            // A pending error is settled later; one whose attempt was retried brings no notification.
            Event::Error(error) => self.on_error(now, event, error),
            Event::Breaker(breaker) => {
                let plans = match self.level_of(event) {
                    Some(_) => self.decider.lock().on_breaker_at(now, breaker),
                    None => {
                        self.decider.lock().note_breaker(breaker);
                        return;
                    }
                };
                self.carry_out(plans, None);
            }
            Event::Health(health) => {
                let Some(level) = self.level_of(event) else { return };
                let health = HealthEvent { level: level.unwrap_or(health.level), ..*health };
                let plans = self.decider.lock().on_health_at(now, &health);
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
    fn level_of(&self, event: &Event<'_>) -> Option<Option<AlertLevel>> {
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
            let Some(record) = event.record_by(recorder) else { return };
            Some(record)
        } else {
            None
        };
        let behind = View::of_ref(error.error).rejection().map(Rejection::name);
        let plans = match &changed {
            Some(record) => self.decider.lock().on_error_at(now, &error.as_in(record), record.fingerprint, behind),
            None => self.decider.lock().on_error_at(now, error, event.stamp_by(recorder).fingerprint, behind),
        };
        if !plans.is_empty() {
            let record = changed.or_else(|| event.record_by(recorder));
            self.carry_out(plans, record.as_deref());
        }
    }

    /// Tells what the passing of time makes due. Gives when something is due next, and whether anything was now.
    pub(super) fn tick(&self) -> (Option<Tick>, bool) {
        let _delivering = Delivering::begin();
        let _busy = Busy::begin(&self.busy);
        let calls_of = |name: &str| {
            let counts = circuit_breakers().get(name)?.snapshot().counts;
            Some((counts.success + counts.failure, counts.failure))
        };
        let now = self.clock().now();
        let mut decider = self.decider.lock();
        let plans = decider.tick_at(now, &calls_of);
        let next = decider.next_due();
        drop(decider);
        let next = next.into_iter().chain(self.lanes.iter().filter_map(Lane::next_watch)).min();
        let is_due = !plans.is_empty();
        self.carry_out(plans, None);
        (next, is_due)
    }

    /// Tells what was held back, because there will be no later.
    pub(super) fn close(&self) {
        let _delivering = Delivering::begin();
        let plans = self.decider.lock().close_at(self.clock().now());
        self.carry_out(plans, None);
    }

    fn carry_out(&self, plans: Vec<Plan>, record: Option<&ErrorRecord>) {
        for plan in plans {
            let (key, mut plan) = (plan.key, plan);
            if plan.in_digest {
                // A digest of many groups must not hold the records of all of them.
                self.decider.lock().remember(key, &Arc::new(plan.into_line(record)));
                continue;
            }
            let settles = std::mem::take(&mut plan.settles);
            let notice = Arc::new(plan.into_notice(record, &self.config.source(), self.clock().wall().into()));
            if settles.contains(&key) {
                self.decider.lock().remember(key, &notice);
            }
            self.send(key.channel, Item::new(notice, settles, false, self.clock().now()));
        }
    }

    pub(super) fn send(&self, channel: usize, item: Item) {
        if let Err(item) = self.lanes[channel].push(item) {
            self.give_up(channel, &item, Reason::QueueFull);
            self.has_kept[channel].store(true, Ordering::Relaxed);
        }
        self.announce();
    }

    /// Does what can be done now for one channel. Tells whether to come again at once, and else when.
    pub(super) fn step(&self, channel: usize) -> Result<(), Option<Tick>> {
        let _delivering = Delivering::begin();
        let _busy = Busy::begin(&self.busy);
        let lane = &self.lanes[channel];
        if self.replay[channel].swap(false, Ordering::Relaxed) {
            self.look_back(channel);
        }
        let done = match lane.step() {
            // What happens now comes first.
            Step::Idle if self.replay(channel) => Ok(()),
            Step::Idle => Err(None),
            Step::Wait(until) => Err(Some(until)),
            step => {
                self.note(channel, step);
                Ok(())
            }
        };
        if done.is_ok() {
            self.announce();
        }
        done
    }

    /// Carries out what the outcome of a delivery leads to.
    fn note(&self, channel: usize, step: Step) {
        let lane = &self.lanes[channel];
        match step {
            Step::Idle | Step::Wait(_) | Step::CameBack => {}
            Step::Arrived { item, late } => {
                self.settle(&item, Settled::Arrived);
                self.publish(channel, &item.notice, NotificationOutcome::Delivered);
                // The channel works again: what it missed can follow.
                if self.has_kept[channel].swap(false, Ordering::Relaxed) {
                    self.replay[channel].store(true, Ordering::Relaxed);
                }
                if item.replayed {
                    self.counts.replayed.fetch_add(1, Ordering::Relaxed);
                }
                if (item.replayed || late) && !self.to_journal(channel, &item.notice, RecordKind::Settled) {
                    // Whoever looks again would find it again.
                    self.backlogs[channel].lock().take_more();
                }
                tracing::debug!(
                    target: names::TARGET_ALERT, channel = &*redact::name(lane.name()), notice.id = %item.notice.id, "notice sent"
                );
            }
            Step::AttemptFailed { error } => {
                self.complain(channel, &error, "a notice could not be sent; it is tried again");
            }
            Step::GivenUp { item, error, reason } => {
                let what = match (self.give_up(channel, &item, reason), error.is_permanent()) {
                    (false, _) => "a notice could not be sent, and no journal keeps it",
                    (true, true) => "a notice was refused; it is kept, but not sent again",
                    (true, false) => "a notice could not be sent; it is kept for later",
                };
                self.complain(channel, &error, what);
                if error.is_permanent() {
                    // It stays in the journal for people to see, but is not sent again.
                    self.to_journal(channel, &item.notice, RecordKind::Settled);
                } else {
                    self.has_kept[channel].store(true, Ordering::Relaxed);
                    // The rest would fare no better; the journal has it.
                    *self.backlogs[channel].lock() = Backlog::default();
                }
            }
        }
    }

    /// Looks for deliveries that take longer than they may. Returns the channels that need another thread.
    pub(super) fn watch(&self) -> Vec<usize> {
        let _delivering = Delivering::begin();
        let _busy = Busy::begin(&self.busy);
        let mut orphans = Vec::new();
        for channel in 0..self.lanes.len() {
            let (steps, is_orphan) = self.lanes[channel].watch();
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
    pub(super) fn note_missing_thread(&self, channels: impl IntoIterator<Item = usize>, error: &io::Error) {
        for channel in channels {
            self.lanes[channel].note_failure(format!("failed to spawn the alerting thread: {error}"));
            self.complain(channel, error, "failed to spawn the alerting thread");
        }
    }

    fn settle(&self, item: &Item, settled: Settled) {
        if item.settles.is_empty() {
            return;
        }
        let now = self.clock().now();
        let mut decider = self.decider.lock();
        for key in item.settles.iter() {
            decider.settle_at(now, *key, settled);
        }
    }

    /// Keeps a notice that did not arrive; tells whether it is safe.
    pub(super) fn give_up(&self, channel: usize, item: &Item, reason: Reason) -> bool {
        let kept = item.replayed || self.to_journal(channel, &item.notice, RecordKind::Undelivered);
        // One that the receiver refused is kept for people to see, and never sent again.
        self.settle(item, if kept && reason != Reason::Refused { Settled::Kept } else { Settled::Dropped });
        if !kept || !item.replayed {
            self.lanes[channel].count_given_up(reason, kept);
        }
        let outcome = if kept { NotificationOutcome::Kept } else { NotificationOutcome::Lost };
        self.publish(channel, &item.notice, outcome);
        kept
    }

    /// Passes what became of a notification to observers.
    fn publish(&self, channel: usize, notice: &Notice, outcome: NotificationOutcome) {
        event::emit(|| {
            Event::Notification(NotificationEvent {
                id: notice.id,
                kind: notice.kind.name(),
                channel: self.lanes[channel].name(),
                rule: &notice.rule,
                title: &notice.title,
                level: notice.level,
                fingerprint: notice.fingerprint,
                error: notice.error.as_ref().map(|record| record.id),
                outcome,
                record: RecordSlot::default(),
            })
        });
    }

    fn to_journal(&self, channel: usize, notice: &Notice, kind: RecordKind) -> bool {
        let Some(journal) = self.monitor.journal() else { return false };
        let record = notice::to_record(notice, self.lanes[channel].name(), kind, self.clock().wall().into());
        journal.append(&record).is_ok()
    }

    /// Looks for what the journal has for a channel.
    fn look_back(&self, channel: usize) {
        let Some(journal) = self.monitor.journal() else { return };
        let lane = &self.lanes[channel];
        // As the journal has the name.
        match Backlog::find(&*journal, &redact::name(lane.name()), lane.waiting()) {
            Ok(found) => *self.backlogs[channel].lock() = found,
            Err(err) => self.complain(channel, &err, "what could not be sent earlier cannot be read"),
        }
    }

    /// Takes up the oldest notice of an earlier time; tells whether there was one, or may be.
    fn replay(&self, channel: usize) -> bool {
        let mut backlog = self.backlogs[channel].lock();
        let Some(notice) = backlog.next() else {
            let has_more = backlog.take_more();
            if has_more {
                self.replay[channel].store(true, Ordering::Relaxed);
            }
            return has_more;
        };
        drop(backlog);
        // Should there be no room, the journal still has it.
        let item = Item::new(notice, Vec::new(), true, self.clock().now());
        self.lanes[channel].push(item).is_ok()
    }

    /// Logs a failure of a channel, at most once a minute; to the standard error where no subscriber takes it.
    fn complain(&self, channel: usize, error: &(dyn Error + 'static), what: &str) {
        let now = self.clock().now();
        let mut last = self.last_complaints[channel].lock();
        let is_time = last.is_none_or(|last| now.since(last) >= Duration::from_secs(60));
        if is_time {
            *last = Some(now);
        }
        drop(last);
        if is_time {
            let (channel, error) = (redact::name(self.lanes[channel].name()), with_causes(error));
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

    /// Waits until there is a change after `seen`, at most for `timeout`.
    pub(super) fn wait_beyond(&self, seen: u64, timeout: Duration) {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(changes, timeout, |now| *now == seen);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Tells whether nothing waits, and what became of everything is known.
    pub(super) fn is_settled(&self) -> bool {
        // In this order: a lane is idle before it is noted what came of its last notice.
        self.is_idle() && self.busy.load(Ordering::SeqCst) == 0
    }

    pub(super) fn is_idle(&self) -> bool {
        self.lanes.iter().all(Lane::is_idle) && self.backlogs.iter().all(|backlog| backlog.lock().is_empty())
    }

    pub(super) fn status(&self) -> AlertsStatus {
        let decider = self.decider.lock();
        let (suppressed, inhibited) = (decider.suppressed, decider.inhibited);
        drop(decider);
        let channels: Vec<ChannelStatus> = self.lanes.iter().map(Lane::status).collect();
        AlertsStatus {
            sent: channels.iter().map(|channel| channel.sent).sum(),
            suppressed,
            inhibited,
            kept: channels.iter().map(|channel| channel.kept).sum(),
            lost: channels.iter().map(|channel| channel.lost.total()).sum(),
            replayed: self.counts.replayed.load(Ordering::Relaxed),
            channels,
        }
    }
}
