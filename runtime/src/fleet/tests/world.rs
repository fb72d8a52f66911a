//! A fleet in one thread, on virtual time.

use crate::{
    breaker::{BreakerBuilder, CircuitBreaker, CircuitState, Permit},
    fleet::{
        Action, Batch, Driver, Fleet, MemoryStore, Operation, SharedPhase, Store, StoreError,
        Update,
    },
    time::ManualClock,
};
use std::time::Duration;

pub(super) const STEP: Duration = Duration::from_millis(10);

pub(super) struct Instance {
    pub(super) breaker: CircuitBreaker,
    pub(super) driver: Driver,
    /// Whether the store cannot be reached.
    pub(super) is_cut: bool,
    /// When operations were sent, and what they were.
    pub(super) sent: Vec<(Duration, Operation)>,
}

pub(super) struct World {
    pub(super) clock: ManualClock,
    /// The time since the beginning.
    pub(super) now: Duration,
    pub(super) store: MemoryStore,
    pub(super) instances: Vec<Instance>,
    /// Whether changes are published.
    pub(super) publishes: bool,
    configure: fn(BreakerBuilder) -> BreakerBuilder,
}

impl World {
    pub(super) fn new(instances: usize, configure: fn(BreakerBuilder) -> BreakerBuilder) -> Self {
        let clock = ManualClock::new();
        let mut world = Self {
            now: Duration::ZERO,
            store: MemoryStore::with_clock(clock.clone()),
            clock,
            instances: Vec::new(),
            publishes: false,
            configure,
        };
        for _ in 0..instances {
            world.start();
        }
        world.pass(Duration::from_millis(300));
        world
    }

    /// Starts another instance.
    pub(super) fn start(&mut self) -> usize {
        let index = self.instances.len();
        let builder = CircuitBreaker::builder("payments")
            .clock(self.clock.clone())
            .seed(index as u64);
        let breaker = (self.configure)(builder).build().unwrap();
        let driver = Fleet::builder("checkout")
            .instance(format!("i{index}"))
            .clock(self.clock.clone())
            .seed(index as u64)
            .probe_wait(Duration::ZERO)
            .driver();
        let mut driver = driver.unwrap();
        driver.join(&breaker);
        driver.set_listening(self.publishes);
        self.instances.push(Instance {
            breaker,
            driver,
            is_cut: false,
            sent: Vec::new(),
        });
        index
    }

    /// Lets all instances do what is due, until nothing is.
    pub(super) fn settle(&mut self) {
        loop {
            let mut is_quiet = true;
            for index in 0..self.instances.len() {
                is_quiet &= self.exchange(index) == 0;
            }
            if is_quiet {
                return;
            }
        }
    }

    /// Lets one instance do what is due; returns how many operations it sent.
    pub(super) fn exchange(&mut self, index: usize) -> usize {
        let instance = &mut self.instances[index];
        let batch: Batch = instance.driver.take();
        let sent = batch.operations().to_vec();
        let replies = if instance.is_cut {
            let refused = || Err(StoreError::new("connection refused"));
            sent.iter().map(|_| refused()).collect()
        } else {
            self.store.run(&sent)
        };
        let changed: Vec<Update> = replies
            .iter()
            .flatten()
            .filter(|reply| reply.has_changed)
            .map(|reply| Update {
                fleet: "checkout".into(),
                breaker: "payments".into(),
                state: reply.state.clone(),
            })
            .collect();
        instance.driver.complete(batch, replies);
        let now = self.now;
        let count = sent.len();
        instance
            .sent
            .extend(sent.into_iter().map(|operation| (now, operation)));
        if self.publishes {
            for update in &changed {
                self.instances
                    .iter_mut()
                    .filter(|other| !other.is_cut)
                    .for_each(|other| other.driver.deliver(update));
            }
        }
        count
    }

    pub(super) fn step(&mut self) {
        self.clock.advance(STEP);
        self.now += STEP;
        self.settle();
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
        }
    }

    /// Waits until a condition holds; returns how long it took.
    pub(super) fn wait_for(&mut self, limit: Duration, holds: impl Fn(&Self) -> bool) -> Duration {
        let begin = self.now;
        while !holds(self) {
            assert!(self.now - begin < limit, "not within {limit:?}");
            self.step();
        }
        self.now - begin
    }

    /// Returns `true` if the circuit of the fleet is closed.
    pub(super) fn is_closed_in_store(&self) -> bool {
        let read = Operation {
            fleet: "checkout".into(),
            breaker: "payments".into(),
            instance: "test".into(),
            longest_open: Duration::from_secs(3600),
            lease_time: Duration::from_secs(5),
            action: Action::Read,
        };
        let replies = self.store.run(&[read]);
        replies[0].as_ref().unwrap().state.phase == SharedPhase::Closed
    }

    pub(super) fn state(&self, index: usize) -> CircuitState {
        self.instances[index].breaker.state()
    }

    pub(super) fn states(&self) -> Vec<CircuitState> {
        (0..self.instances.len())
            .map(|index| self.state(index))
            .collect()
    }

    pub(super) fn all_are(&self, state: CircuitState) -> bool {
        self.states().iter().all(|each| *each == state)
    }

    pub(super) fn admit(&self, index: usize) -> Option<Permit> {
        self.instances[index].breaker.try_acquire().ok()
    }

    pub(super) fn fail(&self, index: usize, calls: u32) {
        for _ in 0..calls {
            if let Some(permit) = self.admit(index) {
                permit.failure();
            }
        }
    }

    pub(super) fn succeed(&self, index: usize, calls: u32) {
        for _ in 0..calls {
            if let Some(permit) = self.admit(index) {
                permit.success();
            }
        }
    }
}

/// Five failures in a row, and ten seconds open.
pub(super) fn plain(builder: BreakerBuilder) -> BreakerBuilder {
    builder.recovery_timeout(Duration::from_secs(10))
}
