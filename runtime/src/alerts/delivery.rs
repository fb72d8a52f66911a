//! Delivery on one channel, behind a queue and a circuit breaker.

use super::{
    channel::{Channel, DeliveryError},
    config::AlertsConfig,
    notification::Notification,
    queue::{Deliverer, Item, Queue, Step},
    status::ChannelStatus,
};
use crate::{
    boundary::panic,
    breaker::CircuitBreaker,
    error::{ConfigError, redact},
    event::CircuitState,
    panics,
    sync::Mutex,
    time::{SharedClock, Tick},
};
use std::{cell::Cell, sync::Arc, time::Duration};

/// A channel with its queue and its circuit breaker.
pub(super) struct Delivery {
    channel: Arc<dyn Channel>,
    breaker: CircuitBreaker,
    clock: SharedClock,
    pub(super) queue: Mutex<Queue>,
}

impl Delivery {
    pub(super) fn new(
        channel: &Arc<dyn Channel>,
        config: &AlertsConfig,
    ) -> Result<Self, ConfigError> {
        // Five failures in a row, then a probe a minute: the defaults of every breaker.
        let breaker = CircuitBreaker::builder(format!("alert channel {}", channel.name()))
            .clock_or(&config.clock)
            .build()?;
        Ok(Self {
            channel: Arc::clone(channel),
            breaker,
            clock: config.clock.clone(),
            queue: Mutex::new(Queue::new(config.limits)),
        })
    }

    pub(super) fn name(&self) -> &str {
        self.channel.name()
    }

    /// Queues a notification, or returns it if there is no room.
    #[expect(
        clippy::result_large_err,
        reason = "the item itself is given back, not an error made"
    )]
    pub(super) fn push(&self, item: Item) -> Result<(), Item> {
        self.queue.lock().push(item)
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

    #[expect(
        clippy::result_large_err,
        reason = "a step that ends here, not an error"
    )]
    fn begin(&self, by: Deliverer) -> Result<(Arc<Notification>, u64), Step> {
        let now = self.clock.now();
        let is_open = || self.breaker.state() == CircuitState::Open;
        self.queue.lock().ready_at(now, is_open)?;
        // Not under the lock: the breaker's observers are the user's code. Another thread may begin
        // meanwhile; the first notification is taken only with the permit in hand.
        let permit = self.breaker.try_acquire();
        let mut queue = self.queue.lock();
        let permit = match permit {
            Ok(permit) => permit,
            Err(rejection) => {
                let wait = rejection
                    .retry_after()
                    .unwrap_or(Duration::from_secs(1))
                    .max(Duration::from_millis(10));
                return Err(queue.postpone(now.after(wait)));
            }
        };
        queue
            .begin_at(self.clock.now(), permit, by)
            .map_err(|permit| {
                drop(queue);
                permit.ignore();
                Step::Idle
            })
    }

    fn end(
        &self,
        turn: u64,
        notification: &Notification,
        delivered: Result<(), DeliveryError>,
    ) -> Step {
        let (now, wall, is_delivered) = (
            self.clock.now(),
            self.clock.wall().into(),
            delivered.is_ok(),
        );
        let mut queue = self.queue.lock();
        let Some((step, permit)) = queue.end_at(now, wall, turn, delivered) else {
            return queue.end_abandoned_at(now, notification, is_delivered);
        };
        drop(queue);
        step.end_permit(permit);
        step
    }

    /// Abandons an attempt that exceeds its limit, or gives up what waits behind it for too long.
    ///
    /// Returns the outcomes, and whether another worker has to take the place of the hanging one.
    pub(super) fn watch(&self) -> (Vec<Step>, bool) {
        let (now, wall) = (self.clock.now(), self.clock.wall().into());
        let mut queue = self.queue.lock();
        let Some((step, permit, by)) = queue.abandon_at(now, wall) else {
            return (queue.expire_at(now, wall), false);
        };
        drop(queue);
        step.end_permit(permit);
        (vec![step], by == Deliverer::Worker)
    }

    /// Returns when [`watch`](Self::watch) may have something to do next.
    pub(super) fn next_watch(&self) -> Option<Tick> {
        self.queue.lock().next_watch_at(self.clock.now())
    }

    /// Takes everything that waits, and a copy of what is being delivered.
    pub(super) fn drain(&self) -> Vec<Item> {
        self.queue.lock().drain()
    }

    pub(super) fn status(&self) -> ChannelStatus {
        // Outside of the lock: the breaker has its own.
        let circuit = self.breaker.state();
        let name = redact::name(self.name()).into_owned();
        let queue = self.queue.lock();
        queue.status_at(self.clock.now(), name, circuit)
    }
}

thread_local! {
    static DELIVERS: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread as delivering, until it is dropped. Events on it lead to no notification, or
/// alerting would feed itself.
pub(super) struct Delivering(bool);

impl Delivering {
    pub(super) fn begin() -> Self {
        Self(DELIVERS.with(|flag| flag.replace(true)))
    }

    /// Returns `true` if this thread delivers.
    pub(super) fn is_under_way() -> bool {
        // A thread that is ending has no flag any more, and delivers nothing.
        DELIVERS.try_with(Cell::get).unwrap_or(false)
    }
}

impl Drop for Delivering {
    fn drop(&mut self) {
        DELIVERS.with(|flag| flag.set(self.0));
    }
}
