//! One channel with its queue, its tries and its circuit breaker.

use super::{AlertsConfig, Channel, DeliveryError, Notice, throttle::Key};
use crate::{
    ConfigError,
    breaker::CircuitBreaker,
    error::ErrorId,
    event::CircuitState,
    panics,
    retry::{Backoff, Delays},
    sync::Mutex,
    time::{Clock, SharedClock, Tick},
};
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, SystemTime},
};

pub(super) struct Lane {
    channel: Arc<dyn Channel>,
    breaker: CircuitBreaker,
    backoff: Backoff,
    clock: SharedClock,
    max_queue: usize,
    max_tries: u32,
    give_up_after: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Item>,
    /// The notice that is being delivered, and whether a shutdown gave up waiting for it.
    in_delivery: Option<(Item, bool)>,
    not_before: Tick,
    counts: LaneCounts,
    last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct LaneCounts {
    sent: u64,
    tries: u64,
    failed: u64,
}

/// A notice on its way.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) notice: Arc<Notice>,
    /// The slots that wait to hear whether it arrived.
    pub(super) settles: Arc<[Key]>,
    /// It comes from the journal, which knows it already.
    pub(super) replayed: bool,
    tries: u32,
    delays: Option<Delays>,
    born: Tick,
}

/// What a step came to.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing waits.
    Idle,
    /// Nothing can be done before that tick.
    Wait(Tick),
    /// A notice arrived.
    Arrived(Item),
    /// A notice will be tried again.
    TriedInVain { error: DeliveryError },
    /// A notice is given up.
    GivenUp(Item, DeliveryError),
}

/// How one channel is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelStatus {
    /// The channel's name.
    pub name: String,
    /// Notices that arrived.
    pub sent: u64,
    /// Tries, those in vain included.
    pub tries: u64,
    /// Notices that were given up.
    pub failed: u64,
    /// Notices that wait.
    pub waiting: usize,
    /// The state of the channel's circuit breaker.
    pub circuit: CircuitState,
    /// Why the last try was in vain.
    pub last_error: Option<String>,
}

/// A clock that is shared, where one is wanted as such.
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
    pub(super) fn new(notice: Arc<Notice>, settles: Vec<Key>, replayed: bool, born: Tick) -> Self {
        Self { notice, settles: settles.into(), replayed, tries: 0, delays: None, born }
    }
}

impl Lane {
    pub(super) fn new(channel: &Arc<dyn Channel>, config: &AlertsConfig) -> Result<Self, ConfigError> {
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
            state: Mutex::default(),
        })
    }

    pub(super) fn name(&self) -> &str {
        self.channel.name()
    }

    /// Puts a notice into the queue, or gives it back if there is no room.
    #[expect(clippy::result_large_err, reason = "the item itself is given back, not an error made")]
    pub(super) fn push(&self, item: Item) -> Result<(), Item> {
        let mut state = self.state.lock();
        if state.queue.len() >= self.max_queue {
            return Err(item);
        }
        state.queue.push_back(item);
        Ok(())
    }

    /// The identities of the notices that wait or are being delivered.
    pub(super) fn waiting(&self) -> Vec<ErrorId> {
        let state = self.state.lock();
        let in_delivery = state.in_delivery.iter().map(|(item, _)| item.notice.id);
        state.queue.iter().map(|item| item.notice.id).chain(in_delivery).collect()
    }

    /// Does what can be done now: at most one try.
    pub(super) fn step(&self) -> Step {
        let now = self.clock.now();
        let mut item = {
            let mut state = self.state.lock();
            let Some(first) = state.queue.front() else { return Step::Idle };
            let is_stale = now.since(first.born) >= self.give_up_after;
            if now < state.not_before && !is_stale {
                return Step::Wait(state.not_before);
            }
            let Some(item) = state.queue.pop_front() else { return Step::Idle };
            if is_stale && (item.tries > 0 || self.breaker.state() == CircuitState::Open) {
                state.counts.failed += 1;
                let error = DeliveryError::temporary("it waited too long for the channel");
                return Step::GivenUp(item, error);
            }
            item
        };
        let permit = match self.breaker.try_acquire() {
            Ok(permit) => permit,
            Err(rejection) => {
                let wait = rejection.retry_after().unwrap_or(Duration::from_secs(1)).max(Duration::from_millis(10));
                let mut state = self.state.lock();
                state.queue.push_front(item);
                state.not_before = now.after(wait);
                return Step::Wait(state.not_before);
            }
        };
        item.tries += 1;
        {
            let mut state = self.state.lock();
            state.counts.tries += 1;
            state.in_delivery = Some((item.clone(), false));
        }
        let delivered = panics::catch(|| self.channel.deliver(&item.notice));
        let delivered = delivered.unwrap_or_else(|_| Err(DeliveryError::permanent("the channel panicked")));
        let now = self.clock.now();
        let mut state = self.state.lock();
        let was_given_up = state.in_delivery.take().is_some_and(|(_, given_up)| given_up);
        match delivered {
            Ok(()) => {
                state.counts.sent += 1;
                state.not_before = Tick::ZERO;
                drop(state);
                permit.success();
                Step::Arrived(item)
            }
            Err(error) => {
                state.last_error = Some(super::notice::one_line(&error.to_string(), 500));
                let is_last = error.is_permanent() || item.tries >= self.max_tries;
                if is_last && !was_given_up {
                    state.counts.failed += 1;
                } else if !is_last && !was_given_up {
                    let delays = item.delays.get_or_insert_with(|| self.backoff.delays());
                    let delay = delays.next().unwrap_or_default().max(error.wait().unwrap_or_default());
                    state.not_before = now.after(delay);
                    state.queue.push_front(item.clone());
                }
                drop(state);
                // That a notice was refused says nothing about whether the channel works.
                if error.is_permanent() {
                    permit.ignore();
                } else {
                    permit.failure_because(&error);
                }
                match is_last && !was_given_up {
                    true => Step::GivenUp(item, error),
                    false => Step::TriedInVain { error },
                }
            }
        }
    }

    /// Takes everything that waits; what is being delivered is marked as given up, and given too.
    pub(super) fn drain(&self) -> Vec<Item> {
        let mut state = self.state.lock();
        let mut items: Vec<Item> = state.queue.drain(..).collect();
        if let Some((item, given_up)) = &mut state.in_delivery
            && !*given_up
        {
            *given_up = true;
            items.push(item.clone());
        }
        items
    }

    pub(super) fn is_idle(&self) -> bool {
        let state = self.state.lock();
        state.queue.is_empty() && state.in_delivery.is_none()
    }

    pub(super) fn status(&self) -> ChannelStatus {
        let state = self.state.lock();
        ChannelStatus {
            name: self.name().to_owned(),
            sent: state.counts.sent,
            tries: state.counts.tries,
            failed: state.counts.failed,
            waiting: state.queue.len() + usize::from(state.in_delivery.is_some()),
            circuit: self.breaker.state(),
            last_error: state.last_error.clone(),
        }
    }
}
