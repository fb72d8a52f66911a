//! One channel with its queue, its attempts and its circuit breaker.

use super::{
    AlertsConfig, Channel, DeliveryError, Notification,
    status::{ChannelStatus, LossCounts, Reason},
    throttle::Key,
};
use crate::{
    ConfigError,
    boundary::panic,
    breaker::{CircuitBreaker, Permit},
    error::{ErrorId, redact},
    event::CircuitState,
    panics,
    retry::{Backoff, Delays},
    sync::Mutex,
    time::{Clock, SharedClock, Tick, Timestamp},
};
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, SystemTime},
};

pub(super) struct Delivery {
    channel: Arc<dyn Channel>,
    breaker: CircuitBreaker,
    backoff: Backoff,
    clock: SharedClock,
    max_queue: usize,
    max_tries: u32,
    give_up_after: Duration,
    delivery_timeout: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Item>,
    attempt: Option<DeliveryAttempt>,
    /// The number of the latest delivery, by which a thread that comes back knows whether it is
    /// still its own.
    turn: u64,
    /// Deliveries that were abandoned and still block their threads.
    abandoned: usize,
    not_before: Tick,
    counts: DeliveryCounts,
    last_error: Option<String>,
    failing_since: Option<Timestamp>,
}

/// A delivery under way.
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
struct DeliveryCounts {
    sent: u64,
    tries: u64,
    failed: u64,
    kept: u64,
    lost: LossCounts,
}

/// The thread that makes a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deliverer {
    /// A thread of the channel. Once its delivery is abandoned, another one takes its place.
    Worker,
    /// The thread of a caller.
    Caller,
}

/// A notification on its way.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) notification: Arc<Notification>,
    /// The slots that wait for its outcome.
    pub(super) settles: Arc<[Key]>,
    /// It comes from the journal, which has it already.
    pub(super) replayed: bool,
    /// Whether there is a record of it in the journal.
    pub(super) record: Recorded,
    tries: u32,
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
    /// Nothing waits, or another thread is at it.
    Idle,
    /// Nothing can be done before that tick.
    Wait(Tick),
    /// A notification arrived; `late` if it had been given up or queued again meanwhile.
    Arrived { item: Item, late: bool },
    /// An attempt failed; another one follows.
    AttemptFailed { error: DeliveryError },
    /// A notification is given up.
    GivenUp {
        item: Item,
        error: DeliveryError,
        reason: Reason,
    },
    /// A delivery that was abandoned has ended. With success, it has the notification, and whether
    /// it had been given up.
    CameBack { arrived: Option<(Item, bool)> },
}

/// Abandoned deliveries that one channel may have; each blocks a thread until it ends.
const MAX_ABANDONED: usize = 2;

/// A shared clock as a [`Clock`].
#[derive(Clone, Debug)]
struct Handle(SharedClock);

impl Clock for Handle {
    fn now(&self) -> Tick {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) {
        self.0.sleep(duration);
    }

    fn wall(&self) -> SystemTime {
        self.0.wall()
    }
}

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
            tries: 0,
            delays: None,
            born,
        }
    }
}

impl Delivery {
    pub(super) fn new(
        channel: &Arc<dyn Channel>,
        config: &AlertsConfig,
    ) -> Result<Self, ConfigError> {
        // Five failures in a row, then a probe a minute: the defaults of every breaker.
        let breaker = CircuitBreaker::builder(format!("alert channel {}", channel.name()))
            .clock(Handle(config.clock.clone()))
            .build()?;
        Ok(Self {
            channel: Arc::clone(channel),
            breaker,
            backoff: Backoff::exponential(config.first_delay).max_delay(Duration::from_secs(60)),
            clock: config.clock.clone(),
            max_queue: config.queue,
            max_tries: config.max_tries,
            give_up_after: config.give_up_after,
            delivery_timeout: config.delivery_timeout,
            state: Mutex::default(),
        })
    }

    pub(super) fn name(&self) -> &str {
        self.channel.name()
    }

    /// Puts a notification into the queue, or gives it back if there is no room.
    #[expect(
        clippy::result_large_err,
        reason = "the item itself is given back, not an error made"
    )]
    pub(super) fn push(&self, item: Item) -> Result<(), Item> {
        let mut state = self.state.lock();
        if state.queue.len() >= self.max_queue {
            return Err(item);
        }
        state.queue.push_back(item);
        Ok(())
    }

    /// The identities of the notifications that wait or are being delivered.
    pub(super) fn waiting(&self) -> Vec<ErrorId> {
        let state = self.state.lock();
        let in_delivery = state
            .attempt
            .iter()
            .map(|attempt| attempt.item.notification.id);
        state
            .queue
            .iter()
            .map(|item| item.notification.id)
            .chain(in_delivery)
            .collect()
    }

    /// Does what can be done now: at most one attempt, on this thread.
    pub(super) fn step(&self, by: Deliverer) -> Step {
        let (notification, turn) = match self.begin(by) {
            Ok(begun) => begun,
            Err(step) => return step,
        };
        panics::watch();
        let delivered = panics::catch(|| self.channel.deliver(&notification));
        let delivered = delivered.unwrap_or_else(|payload| {
            panic::report(&payload, self.name(), "gardefou::alerts");
            Err(DeliveryError::permanent(format!("the channel {payload}")))
        });
        self.end(turn, &notification, delivered)
    }

    /// Takes the first notification from the queue and enters it as the delivery under way.
    #[expect(
        clippy::result_large_err,
        reason = "a step that ends here, not an error"
    )]
    fn begin(&self, by: Deliverer) -> Result<(Arc<Notification>, u64), Step> {
        let now = self.clock.now();
        let mut state = self.state.lock();
        if state.attempt.is_some() {
            return Err(Step::Idle);
        }
        let Some(first) = state.queue.front() else {
            return Err(Step::Idle);
        };
        let is_stale = now.since(first.born) >= self.give_up_after;
        if now < state.not_before && !is_stale {
            return Err(Step::Wait(state.not_before));
        }
        let Some(mut item) = state.queue.pop_front() else {
            return Err(Step::Idle);
        };
        if is_stale && (item.tries > 0 || self.breaker.state() == CircuitState::Open) {
            state.counts.failed += 1;
            let error = DeliveryError::temporary("it waited too long for the channel");
            return Err(Step::GivenUp {
                item,
                error,
                reason: Reason::Expired,
            });
        }
        drop(state);
        // Not under the lock: the breaker's observers are the user's code.
        let permit = self.breaker.try_acquire();
        let mut state = self.state.lock();
        let permit = match permit {
            Ok(permit) => permit,
            Err(rejection) => {
                let wait = rejection
                    .retry_after()
                    .unwrap_or(Duration::from_secs(1))
                    .max(Duration::from_millis(10));
                state.queue.push_front(item);
                state.not_before = now.after(wait);
                return Err(Step::Wait(state.not_before));
            }
        };
        if state.attempt.is_some() {
            // Another thread was faster. Its item is the older one.
            state.queue.push_front(item);
            drop(state);
            permit.ignore();
            return Err(Step::Idle);
        }
        item.tries += 1;
        state.counts.tries += 1;
        state.turn += 1;
        let turn = state.turn;
        let notification = Arc::clone(&item.notification);
        state.attempt = Some(DeliveryAttempt {
            item,
            turn,
            since: self.clock.now(),
            permit,
            by,
            given_up: false,
        });
        Ok((notification, turn))
    }

    /// Notes the outcome of a delivery.
    fn end(
        &self,
        turn: u64,
        notification: &Notification,
        delivered: Result<(), DeliveryError>,
    ) -> Step {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let own = state.attempt.take_if(|attempt| attempt.turn == turn);
        let Some(DeliveryAttempt {
            item,
            permit,
            given_up,
            ..
        }) = own
        else {
            drop(state);
            return self.end_abandoned(notification, delivered.is_ok());
        };
        match delivered {
            Ok(()) => {
                state.arrived();
                drop(state);
                permit.success();
                Step::Arrived {
                    item,
                    late: given_up,
                }
            }
            Err(error) => {
                let step = self.fail(&mut state, item, now, error, given_up);
                drop(state);
                step.note_in(permit)
            }
        }
    }

    /// Notes the outcome of a delivery that the watch had taken from its thread.
    fn end_abandoned(&self, notification: &Notification, arrived: bool) -> Step {
        let mut state = self.state.lock();
        state.abandoned = state.abandoned.saturating_sub(1);
        if !arrived {
            return Step::CameBack { arrived: None };
        }
        state.arrived();
        let queued = state
            .queue
            .iter()
            .position(|item| item.notification.id == notification.id);
        let item = queued.and_then(|at| state.queue.remove(at));
        let late = item.is_none();
        let born = self.clock.now();
        let item = item
            .unwrap_or_else(|| Item::new(Arc::new(notification.clone()), Vec::new(), false, born));
        Step::CameBack {
            arrived: Some((item, late)),
        }
    }

    /// Notes a failed attempt: the notification is queued again, or given up.
    fn fail(
        &self,
        state: &mut State,
        mut item: Item,
        now: Tick,
        error: DeliveryError,
        given_up: bool,
    ) -> Step {
        state.note_failure(error.with_causes(), self.clock.wall().into());
        let is_last = error.is_permanent() || item.tries >= self.max_tries;
        if given_up {
            return Step::AttemptFailed { error };
        }
        if is_last {
            state.counts.failed += 1;
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
        let delays = item.delays.get_or_insert_with(|| self.backoff.delays());
        let delay = delays
            .next()
            .unwrap_or_default()
            .max(error.wait().unwrap_or_default());
        state.not_before = now.after(delay);
        state.queue.push_front(item);
        Step::AttemptFailed { error }
    }

    /// Looks for a delivery that takes longer than it may, and takes it from its thread: it counts
    /// as a failed attempt. Where too many threads hang already, it stays, and what waits behind it
    /// for too long is given up instead.
    ///
    /// Returns what was done, and whether another worker has to take the place of the one that
    /// hangs.
    pub(super) fn watch(&self) -> (Vec<Step>, bool) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let limit = self.delivery_timeout;
        let may_abandon = state.abandoned < MAX_ABANDONED;
        let is_over = |attempt: &mut DeliveryAttempt| now.since(attempt.since) >= limit;
        let hanging = state
            .attempt
            .take_if(|attempt| is_over(attempt) && may_abandon);
        if let Some(DeliveryAttempt {
            item,
            permit,
            given_up,
            by,
            ..
        }) = hanging
        {
            state.abandoned += 1;
            let error =
                DeliveryError::temporary(format!("the channel did not answer within {limit:?}"));
            let step = self.fail(&mut state, item, now, error, given_up);
            drop(state);
            return (vec![step.note_in(permit)], by == Deliverer::Worker);
        }
        if !state.attempt.as_mut().is_some_and(is_over) {
            return (Vec::new(), false);
        }
        let text = format!("the channel did not answer within {limit:?}");
        state.note_failure(text.clone(), self.clock.wall().into());
        let mut steps = Vec::new();
        while let Some(item) = state
            .queue
            .pop_front_if(|item| now.since(item.born) >= self.give_up_after)
        {
            state.counts.failed += 1;
            let error = DeliveryError::temporary(text.clone());
            steps.push(Step::GivenUp {
                item,
                error,
                reason: Reason::Expired,
            });
        }
        (steps, false)
    }

    /// When [`watch`](Self::watch) may have something to do next.
    pub(super) fn next_watch(&self) -> Option<Tick> {
        let state = self.state.lock();
        let attempt = state.attempt.as_ref()?;
        let limit = attempt.since.after(self.delivery_timeout);
        if self.clock.now() < limit || state.abandoned < MAX_ABANDONED {
            return Some(limit);
        }
        state
            .queue
            .front()
            .map(|item| item.born.after(self.give_up_after))
    }

    /// Notes that the channel cannot deliver at all.
    pub(super) fn note_failure(&self, text: String) {
        self.state
            .lock()
            .note_failure(text, self.clock.wall().into());
    }

    /// Counts a notification that was given up.
    pub(super) fn count_given_up(&self, reason: Reason, kept: bool) {
        let counts = &mut self.state.lock().counts;
        match kept {
            true => counts.kept += 1,
            false => counts.lost.add(reason),
        }
    }

    /// Takes everything that waits; the delivery under way is marked as given up, and included.
    pub(super) fn drain(&self) -> Vec<Item> {
        let mut state = self.state.lock();
        let mut items: Vec<Item> = state.queue.drain(..).collect();
        if let Some(attempt) = &mut state.attempt
            && !attempt.given_up
        {
            attempt.given_up = true;
            items.push(attempt.item.clone());
        }
        items
    }

    pub(super) fn is_idle(&self) -> bool {
        let state = self.state.lock();
        state.queue.is_empty() && state.attempt.is_none()
    }

    pub(super) fn status(&self) -> ChannelStatus {
        // Outside of the lock: the breaker has its own.
        let circuit = self.breaker.state();
        let state = self.state.lock();
        let delivering_for = state
            .attempt
            .as_ref()
            .map(|attempt| self.clock.now().since(attempt.since));
        ChannelStatus {
            name: redact::name(self.name()).into_owned(),
            sent: state.counts.sent,
            tries: state.counts.tries,
            failed: state.counts.failed,
            waiting: state.queue.len() + usize::from(state.attempt.is_some()),
            circuit,
            last_error: state.last_error.clone(),
            failing_since: state.failing_since,
            delivering_for,
            is_hanging: delivering_for.is_some_and(|time| time >= self.delivery_timeout),
            abandoned: state.abandoned,
            kept: state.counts.kept,
            lost: state.counts.lost,
        }
    }
}

impl State {
    fn arrived(&mut self) {
        self.counts.sent += 1;
        self.not_before = Tick::ZERO;
        self.failing_since = None;
    }

    fn note_failure(&mut self, text: String, at: Timestamp) {
        self.last_error = Some(text);
        self.failing_since.get_or_insert(at);
    }
}

impl Step {
    /// Ends the permit of a failed attempt. That a notification was refused shows nothing about
    /// whether the channel works.
    fn note_in(self, permit: Permit) -> Self {
        match &self {
            Self::AttemptFailed { error } | Self::GivenUp { error, .. }
                if !error.is_permanent() =>
            {
                permit.failure_because(error);
            }
            _ => permit.ignore(),
        }
        self
    }
}
