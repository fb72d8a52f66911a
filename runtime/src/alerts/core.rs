//! From events to notices, and from notices to channels.

use super::{
    AlertsConfig, ChannelStatus, Notice,
    decide::Decider,
    lane::{Item, Lane, Step},
    notice,
    plan::Plan,
    throttle::Throttle,
};
use crate::{
    ConfigError,
    breaker::circuit_breakers,
    error::{Rejection, redact},
    event::{ErrorEvent, Event, names, text},
    monitor::{ErrorRecord, RecordKind, error_monitor, journal::Query},
    sync::Mutex,
    time::{SharedClock, Tick, Timestamp},
};
use std::{
    cell::Cell,
    collections::HashSet,
    sync::{
        Arc, Condvar, Mutex as StdMutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

pub(super) struct Core {
    pub(super) config: AlertsConfig,
    decider: Mutex<Decider>,
    pub(super) lanes: Vec<Lane>,
    counts: Counts,
    /// The lanes that should look into the journal for what an earlier time could not deliver.
    replay: Vec<AtomicBool>,
    /// The lanes that gave something up since their last success.
    has_kept: Vec<AtomicBool>,
    last_complaint: Mutex<Option<Tick>>,
    /// Counts changes, for the threads that wait for one.
    changes: StdMutex<u64>,
    changed: Condvar,
    pub(super) closing: AtomicBool,
}

/// All relaxed: they are shown, nothing is decided by them.
#[derive(Default)]
struct Counts {
    kept: AtomicU64,
    lost: AtomicU64,
    replayed: AtomicU64,
}

/// How alerting is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertsStatus {
    /// Notices that arrived, on all channels.
    pub sent: u64,
    /// Occurrences that were held back because a notice of them had just been sent.
    pub suppressed: u64,
    /// Errors that rules did not count because a circuit was open.
    pub inhibited: u64,
    /// Notices that were given up and are kept in the journal.
    pub kept: u64,
    /// Notices that were given up with no journal to keep them.
    pub lost: u64,
    /// Notices of an earlier time that arrived after all.
    pub replayed: u64,
    /// Each channel.
    pub channels: Vec<ChannelStatus>,
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

/// Notices of an earlier time are looked for among the newest so many of the last day.
const REPLAY_AGE: Duration = Duration::from_secs(86_400);

impl Core {
    pub(super) fn new(config: AlertsConfig) -> Result<Self, ConfigError> {
        let throttle = Throttle::new(config.throttle, config.escalate_after);
        let decider = Decider::new(&config.rules, &config.channel_names(), throttle, config.max_per_minute);
        let lanes: Result<Vec<Lane>, ConfigError> =
            config.channels.iter().map(|channel| Lane::new(channel, &config)).collect();
        let lanes = lanes?;
        Ok(Self {
            decider: Mutex::new(decider),
            replay: lanes.iter().map(|_| AtomicBool::new(true)).collect(),
            has_kept: lanes.iter().map(|_| AtomicBool::new(false)).collect(),
            lanes,
            config,
            counts: Counts::default(),
            last_complaint: Mutex::default(),
            changes: StdMutex::new(0),
            changed: Condvar::new(),
            closing: AtomicBool::new(false),
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
            Event::Error(error) => self.on_error(now, error),
            Event::Breaker(breaker) => {
                let plans = self.decider.lock().on_breaker_at(now, breaker);
                self.carry_out(plans, None);
            }
            Event::Health(health) => {
                let plans = self.decider.lock().on_health_at(now, health);
                self.carry_out(plans, None);
            }
            Event::Retry(_) | Event::Transaction(_) | Event::Audit(_) => {}
        }
    }

    fn on_error(&self, now: Tick, error: &ErrorEvent<'_>) {
        let fingerprint = error_monitor().fingerprint_of(error);
        let levels = error.error.head().into_iter().flat_map(text::levels);
        let rejections = levels.filter_map(|level| level.downcast_ref::<Rejection>());
        let behind = rejections.map(Rejection::name).next();
        let plans = self.decider.lock().on_error_at(now, error, fingerprint, behind);
        if !plans.is_empty() {
            let record = ErrorRecord::of_event(error, self.clock().wall().into(), fingerprint);
            self.carry_out(plans, Some(&record));
        }
    }

    /// What the passing of time makes due.
    pub(super) fn tick(&self) -> Option<Tick> {
        let _delivering = Delivering::begin();
        let calls_of = |name: &str| {
            let counts = circuit_breakers().get(name)?.snapshot().counts;
            Some((counts.success + counts.failure, counts.failure))
        };
        let now = self.clock().now();
        let mut decider = self.decider.lock();
        let plans = decider.tick_at(now, &calls_of);
        let next = decider.next_due();
        drop(decider);
        self.carry_out(plans, None);
        next
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
            let notice = Arc::new(plan.into_notice(record, &self.config.source, self.clock().wall().into()));
            if settles.contains(&key) {
                self.decider.lock().remember(key, &notice);
            }
            self.send(key.channel, Item::new(notice, settles, false, self.clock().now()));
        }
    }

    pub(super) fn send(&self, channel: usize, item: Item) {
        if let Err(item) = self.lanes[channel].push(item) {
            self.give_up(channel, &item);
            self.has_kept[channel].store(true, Ordering::Relaxed);
        }
        self.announce();
    }

    /// Does what can be done now for one channel. Tells whether to come again at once, and else when.
    pub(super) fn step(&self, channel: usize) -> Result<(), Option<Tick>> {
        let _delivering = Delivering::begin();
        let lane = &self.lanes[channel];
        if self.replay[channel].swap(false, Ordering::Relaxed) {
            self.replay(channel);
        }
        let done = match lane.step() {
            Step::Idle => Err(None),
            Step::Wait(until) => Err(Some(until)),
            Step::Arrived(item) => {
                self.settle(&item, true);
                // The channel works again: what it missed can follow.
                if self.has_kept[channel].swap(false, Ordering::Relaxed) {
                    self.replay[channel].store(true, Ordering::Relaxed);
                }
                if item.replayed {
                    self.counts.replayed.fetch_add(1, Ordering::Relaxed);
                    self.to_journal(channel, &item.notice, RecordKind::Settled);
                }
                tracing::debug!(
                    target: names::TARGET_ALERT, channel = &*redact::name(lane.name()), notice.id = %item.notice.id, "notice sent"
                );
                Ok(())
            }
            Step::TriedInVain { error } => {
                self.complain(channel, &error, "a notice could not be sent; it is tried again");
                Ok(())
            }
            Step::GivenUp(item, error) => {
                self.complain(channel, &error, "a notice could not be sent; it is kept for later");
                self.give_up(channel, &item);
                if error.is_permanent() {
                    // It stays in the journal for people to see, but is not sent again.
                    self.to_journal(channel, &item.notice, RecordKind::Settled);
                } else {
                    self.has_kept[channel].store(true, Ordering::Relaxed);
                }
                Ok(())
            }
        };
        if done.is_ok() {
            self.announce();
        }
        done
    }

    fn settle(&self, item: &Item, arrived: bool) {
        if item.settles.is_empty() {
            return;
        }
        let now = self.clock().now();
        let mut decider = self.decider.lock();
        for key in item.settles.iter() {
            decider.settle_at(now, *key, arrived);
        }
    }

    /// Keeps a notice that did not arrive; tells whether it is safe.
    pub(super) fn give_up(&self, channel: usize, item: &Item) -> bool {
        self.settle(item, false);
        let kept = item.replayed || self.to_journal(channel, &item.notice, RecordKind::Undelivered);
        if !kept {
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
        } else if !item.replayed {
            self.counts.kept.fetch_add(1, Ordering::Relaxed);
        }
        kept
    }

    fn to_journal(&self, channel: usize, notice: &Notice, kind: RecordKind) -> bool {
        let Some(journal) = error_monitor().journal() else { return false };
        let record = notice::to_record(notice, self.lanes[channel].name(), kind, self.clock().wall().into());
        journal.append(&record).is_ok()
    }

    /// Puts what the journal has for a channel into its queue, oldest first.
    fn replay(&self, channel: usize) {
        let Some(journal) = error_monitor().journal() else { return };
        let lane = &self.lanes[channel];
        let wall = Timestamp::from(self.clock().wall());
        let age = i64::try_from(REPLAY_AGE.as_millis()).unwrap_or(i64::MAX);
        let since = Timestamp::from_unix_millis(wall.as_unix_millis().saturating_sub(age));
        let of_kind = |kind| journal.query(&Query::new().kind(kind).since(since).limit(Query::MAX_LIMIT));
        let (Ok(undelivered), Ok(settled)) = (of_kind(RecordKind::Undelivered), of_kind(RecordKind::Settled)) else {
            return;
        };
        // As the journal has it.
        let channel = redact::name(lane.name());
        let here = |record: &&ErrorRecord| record.details.get("channel").is_some_and(|name| *name == *channel);
        let mut known: HashSet<_> = settled.records.iter().filter(here).map(|record| record.id).collect();
        known.extend(lane.waiting());
        let mut found: Vec<Notice> = Vec::new();
        for record in undelivered.records.iter().filter(here) {
            if known.insert(record.id) {
                found.extend(record.details.get("notice").cloned().and_then(Notice::of_json));
            }
        }
        found.truncate(lane.room());
        let now = self.clock().now();
        for notice in found.into_iter().rev() {
            // There was room; if it is gone, the journal still has it.
            let _ = lane.push(Item::new(Arc::new(notice), Vec::new(), true, now));
        }
    }

    /// Says in the log that alerting fails, once a minute at most.
    fn complain(&self, channel: usize, error: &dyn std::fmt::Display, what: &str) {
        let now = self.clock().now();
        let mut last = self.last_complaint.lock();
        let is_time = last.is_none_or(|last| now.since(last) >= Duration::from_secs(60));
        if is_time {
            *last = Some(now);
        }
        drop(last);
        if is_time {
            let error = text::for_sink(&error, 500);
            tracing::error!(target: names::TARGET_ALERT, channel = &*redact::name(self.lanes[channel].name()), error, "{what}");
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

    pub(super) fn is_idle(&self) -> bool {
        self.lanes.iter().all(Lane::is_idle)
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
            kept: self.counts.kept.load(Ordering::Relaxed),
            lost: self.counts.lost.load(Ordering::Relaxed),
            replayed: self.counts.replayed.load(Ordering::Relaxed),
            channels,
        }
    }
}
