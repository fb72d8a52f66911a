//! The queue of one channel: the notifications that wait, the delivery attempt under way, and the
//! counts of those that ended. No clock, no lock, no I/O.

use super::{
    channel::{DeliveryError, with_causes},
    config::Limits,
    notification::Notification,
    plan::Key,
    status::{ChannelStatus, LossCounts, Reason},
};
use crate::{
    breaker::Permit,
    error::ErrorId,
    event::CircuitState,
    retry::{Backoff, Delays},
    time::{Tick, Timestamp},
};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// All that changes while a channel delivers.
pub(super) struct Queue {
    limits: Limits,
    waiting: VecDeque<Item>,
    attempt: Option<DeliveryAttempt>,
    /// The number of the latest attempt, by which a thread that returns from the channel knows
    /// whether the attempt is still its own.
    turn: u64,
    /// Attempts that were abandoned and still block their threads.
    abandoned: usize,
    /// Until then nothing is attempted.
    not_before: Tick,
    counts: Counts,
    last_error: Option<String>,
    failing_since: Option<Timestamp>,
}

/// The delivery attempt under way.
struct DeliveryAttempt {
    item: Item,
    turn: u64,
    since: Tick,
    permit: Permit,
    by: Deliverer,
    /// A shutdown gave up waiting for it.
    given_up: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    sent: u64,
    attempts: u64,
    failed: u64,
    kept: u64,
    lost: LossCounts,
}

/// The thread that makes an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deliverer {
    /// A thread of the channel. Once its attempt is abandoned, another one takes its place.
    Worker,
    /// The thread of a caller.
    Caller,
}

/// A notification that is to be delivered.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) notification: Arc<Notification>,
    /// The slots that wait for its settlement.
    pub(super) settles: Arc<[Key]>,
    /// It comes from the journal, which has it already.
    pub(super) replayed: bool,
    /// Whether there is a record of it in the journal.
    pub(super) record: Recorded,
    attempts: u32,
    delays: Option<Delays>,
    born: Tick,
}

/// Whether a notification that was queued has a record in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    /// There is no journal.
    No,
    /// It could not be written, or is written later.
    Maybe,
    Yes,
}

/// The outcome of a step.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing waits, or another thread delivers.
    Idle,
    /// Nothing can be done before that tick.
    Wait(Tick),
    /// A notification was delivered; `late` if it had been given up or queued again meanwhile.
    Delivered { item: Item, late: bool },
    /// An attempt failed; another one follows.
    AttemptFailed { error: DeliveryError },
    /// A notification is given up.
    GivenUp {
        item: Item,
        error: DeliveryError,
        reason: Reason,
    },
    /// An attempt that was abandoned has ended. With success, it has the notification, and whether
    /// it had been given up.
    AbandonedEnded { delivered: Option<(Item, bool)> },
}

const MAX_DELAY: Duration = Duration::from_secs(60);
/// Abandoned attempts that one channel may have; each blocks a thread until it ends.
const MAX_ABANDONED: usize = 2;

impl Item {
    pub(super) fn new(
        notification: Arc<Notification>,
        settles: Vec<Key>,
        replayed: bool,
        born: Tick,
    ) -> Self {
        Self {
            notification,
            settles: settles.into(),
            replayed,
            record: Recorded::No,
            attempts: 0,
            delays: None,
            born,
        }
    }
}

#[expect(
    clippy::result_large_err,
    reason = "an item that is given back, or a step that ends here, is not an error"
)]
impl Queue {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            waiting: VecDeque::new(),
            attempt: None,
            turn: 0,
            abandoned: 0,
            not_before: Tick::ZERO,
            counts: Counts::default(),
            last_error: None,
            failing_since: None,
        }
    }

    /// Appends a notification, or returns it if there is no room.
    pub(super) fn push(&mut self, item: Item) -> Result<(), Item> {
        if self.waiting.len() >= self.limits.queue {
            return Err(item);
        }
        self.waiting.push_back(item);
        Ok(())
    }

    /// Returns the notifications that wait or are being delivered.
    pub(super) fn ids(&self) -> Vec<ErrorId> {
        let attempted = self.attempt.iter().map(|attempt| &attempt.item);
        self.waiting
            .iter()
            .chain(attempted)
            .map(|item| item.notification.id)
            .collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.attempt.is_none()
    }

    /// Checks whether an attempt can be made now. The first notification stays where it is, unless
    /// it is given up.
    pub(super) fn ready_at(
        &mut self,
        now: Tick,
        circuit_is_open: impl FnOnce() -> bool,
    ) -> Result<(), Step> {
        let first = self.waiting.front().filter(|_| self.attempt.is_none());
        let Some(first) = first else {
            return Err(Step::Idle);
        };
        let is_stale = self.is_stale_at(now, first);
        if now < self.not_before && !is_stale {
            return Err(Step::Wait(self.not_before));
        }
        if is_stale
            && (first.attempts > 0 || circuit_is_open())
            && let Some(item) = self.waiting.pop_front()
        {
            self.counts.failed += 1;
            let error = DeliveryError::transient("it waited too long for the channel");
            return Err(Step::GivenUp {
                item,
                error,
                reason: Reason::Expired,
            });
        }
        Ok(())
    }

    /// Waits until then, since the circuit breaker rejected an attempt.
    pub(super) fn postpone(&mut self, until: Tick) -> Step {
        self.not_before = until;
        Step::Wait(until)
    }

    /// Begins an attempt with the first notification. Returns it with its turn, or the permit if
    /// another thread was faster.
    pub(super) fn begin_at(
        &mut self,
        now: Tick,
        permit: Permit,
        by: Deliverer,
    ) -> Result<(Arc<Notification>, u64), Permit> {
        let is_due = self.attempt.is_none()
            && (self.waiting.front())
                .is_some_and(|first| now >= self.not_before || self.is_stale_at(now, first));
        if !is_due {
            return Err(permit);
        }
        let Some(mut item) = self.waiting.pop_front() else {
            return Err(permit);
        };
        item.attempts += 1;
        self.counts.attempts += 1;
        self.turn += 1;
        let notification = Arc::clone(&item.notification);
        self.attempt = Some(DeliveryAttempt {
            item,
            turn: self.turn,
            since: now,
            permit,
            by,
            given_up: false,
        });
        Ok((notification, self.turn))
    }

    /// Ends an attempt; `None` if it was abandoned meanwhile.
    pub(super) fn end_at(
        &mut self,
        now: Tick,
        wall: Timestamp,
        turn: u64,
        result: Result<(), DeliveryError>,
    ) -> Option<(Step, Permit)> {
        let own = self.attempt.take_if(|attempt| attempt.turn == turn)?;
        let step = match result {
            Ok(()) => {
                self.record_success();
                Step::Delivered {
                    item: own.item,
                    late: own.given_up,
                }
            }
            Err(error) => self.fail_at(now, wall, own.item, error, own.given_up),
        };
        Some((step, own.permit))
    }

    /// Ends an attempt that was abandoned.
    pub(super) fn end_abandoned_at(
        &mut self,
        now: Tick,
        notification: &Notification,
        is_delivered: bool,
    ) -> Step {
        self.abandoned = self.abandoned.saturating_sub(1);
        if !is_delivered {
            return Step::AbandonedEnded { delivered: None };
        }
        self.record_success();
        let queued = self
            .waiting
            .iter()
            .position(|item| item.notification.id == notification.id);
        let item = queued.and_then(|at| self.waiting.remove(at));
        let late = item.is_none();
        let item = item
            .unwrap_or_else(|| Item::new(Arc::new(notification.clone()), Vec::new(), false, now));
        Step::AbandonedEnded {
            delivered: Some((item, late)),
        }
    }

    /// Abandons an attempt that exceeds its limit: it counts as failed. Where too many threads hang
    /// already, it stays.
    pub(super) fn abandon_at(
        &mut self,
        now: Tick,
        wall: Timestamp,
    ) -> Option<(Step, Permit, Deliverer)> {
        if self.abandoned >= MAX_ABANDONED || !self.is_hanging_at(now) {
            return None;
        }
        let hanging = self.attempt.take()?;
        self.abandoned += 1;
        let error = DeliveryError::transient(self.timeout_text());
        let step = self.fail_at(now, wall, hanging.item, error, hanging.given_up);
        Some((step, hanging.permit, hanging.by))
    }

    /// Gives up the notifications that have waited too long behind an attempt that exceeds its limit.
    pub(super) fn expire_at(&mut self, now: Tick, wall: Timestamp) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.is_hanging_at(now) {
            return steps;
        }
        let text = self.timeout_text();
        self.record_failure(text.clone(), wall);
        while (self.waiting.front()).is_some_and(|item| self.is_stale_at(now, item))
            && let Some(item) = self.waiting.pop_front()
        {
            self.counts.failed += 1;
            steps.push(Step::GivenUp {
                item,
                error: DeliveryError::transient(text.clone()),
                reason: Reason::Expired,
            });
        }
        steps
    }

    /// Returns when [`abandon_at`](Self::abandon_at) or [`expire_at`](Self::expire_at) may have
    /// something to do next.
    pub(super) fn next_watch_at(&self, now: Tick) -> Option<Tick> {
        let limit = (self.attempt.as_ref()?.since).after(self.limits.delivery_timeout);
        if now < limit || self.abandoned < MAX_ABANDONED {
            return Some(limit);
        }
        self.waiting
            .front()
            .map(|item| item.born.after(self.limits.give_up_after))
    }

    /// Takes everything that waits, and a copy of what is being delivered, which counts as given up
    /// from then on.
    pub(super) fn drain(&mut self) -> Vec<Item> {
        let mut items: Vec<Item> = self.waiting.drain(..).collect();
        if let Some(attempt) = &mut self.attempt
            && !attempt.given_up
        {
            attempt.given_up = true;
            items.push(attempt.item.clone());
        }
        items
    }

    /// Counts a notification that was given up.
    pub(super) fn count_given_up(&mut self, reason: Reason, is_kept: bool) {
        match is_kept {
            true => self.counts.kept += 1,
            false => self.counts.lost.add(reason),
        }
    }

    /// Records why the channel does not deliver.
    pub(super) fn record_failure(&mut self, text: String, at: Timestamp) {
        self.last_error = Some(text);
        self.failing_since.get_or_insert(at);
    }

    pub(super) fn status_at(
        &self,
        now: Tick,
        name: String,
        circuit: CircuitState,
    ) -> ChannelStatus {
        let attempt = self.attempt.as_ref();
        ChannelStatus {
            name,
            sent: self.counts.sent,
            attempts: self.counts.attempts,
            failed: self.counts.failed,
            waiting: self.waiting.len() + usize::from(attempt.is_some()),
            circuit,
            last_error: self.last_error.clone(),
            failing_since: self.failing_since,
            delivering_for: attempt.map(|attempt| now.since(attempt.since)),
            is_hanging: self.is_hanging_at(now),
            abandoned: self.abandoned,
            kept: self.counts.kept,
            lost: self.counts.lost,
        }
    }

    /// Ends a failed attempt: the notification is queued again, or given up.
    fn fail_at(
        &mut self,
        now: Tick,
        wall: Timestamp,
        mut item: Item,
        error: DeliveryError,
        given_up: bool,
    ) -> Step {
        self.record_failure(with_causes(&error), wall);
        if given_up {
            return Step::AttemptFailed { error };
        }
        if error.is_permanent() || item.attempts >= self.limits.max_attempts {
            self.counts.failed += 1;
            let reason = if error.is_permanent() {
                Reason::Refused
            } else {
                Reason::Exhausted
            };
            return Step::GivenUp {
                item,
                error,
                reason,
            };
        }
        let initial = self.limits.initial_delay;
        let backoff = || Backoff::exponential(initial).max_delay(MAX_DELAY);
        let delays = item.delays.get_or_insert_with(|| backoff().delays());
        let delay = delays
            .next()
            .unwrap_or_default()
            .max(error.retry_after().unwrap_or_default());
        self.not_before = now.after(delay);
        self.waiting.push_front(item);
        Step::AttemptFailed { error }
    }

    fn record_success(&mut self) {
        self.counts.sent += 1;
        self.not_before = Tick::ZERO;
        self.failing_since = None;
    }

    fn is_stale_at(&self, now: Tick, item: &Item) -> bool {
        now.since(item.born) >= self.limits.give_up_after
    }

    fn is_hanging_at(&self, now: Tick) -> bool {
        let limit = self.limits.delivery_timeout;
        self.attempt
            .as_ref()
            .is_some_and(|attempt| now.since(attempt.since) >= limit)
    }

    fn timeout_text(&self) -> String {
        let limit = self.limits.delivery_timeout;
        format!("the channel did not answer within {limit:?}")
    }
}

impl Step {
    /// Ends the permit of an attempt with this outcome. That a notification was refused shows
    /// nothing about whether the channel works.
    pub(super) fn end_permit(&self, permit: Permit) {
        match self {
            Self::Delivered { .. } => permit.success(),
            Self::AttemptFailed { error } | Self::GivenUp { error, .. }
                if !error.is_permanent() =>
            {
                permit.failure_because(error);
            }
            _ => permit.ignore(),
        }
    }
}
