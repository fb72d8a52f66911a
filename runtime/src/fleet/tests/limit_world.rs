//! Shared rate limiters on virtual time, behind a store that answers late, loses replies and goes away.

use crate::{
    fleet::{Batch, Driver, Fleet, MemoryStore, Reply, Store, StoreError},
    rate_limit::{RateLimiter, RateLimiterBuilder, StoreLoss},
    rng::Rng,
    time::ManualClock,
};
use std::time::Duration;

pub(super) const STEP: Duration = Duration::from_millis(1);

/// Operations that are on their way to the store, and back.
struct Transit {
    arrives_at: Duration,
    returns_at: Duration,
    batch: Batch,
    replies: Option<Vec<Result<Reply, StoreError>>>,
}

pub(super) struct Instance {
    pub(super) limiter: RateLimiter,
    pub(super) driver: Driver,
    transit: Option<Transit>,
    /// How many calls it has in a second.
    pub(super) demand: f64,
    owed: f64,
    /// When operations were sent.
    pub(super) sent: Vec<Duration>,
    pub(super) admitted: u64,
    pub(super) rejected: u64,
}

/// What the store does to operations.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fault {
    None,
    /// Nothing arrives.
    Cut,
    /// Now and then an operation, or its reply, is lost.
    Lossy,
}

pub(super) struct World {
    pub(super) clock: ManualClock,
    pub(super) now: Duration,
    store: MemoryStore,
    pub(super) instances: Vec<Instance>,
    /// How long a message takes at most.
    pub(super) latency: Duration,
    pub(super) fault: Fault,
    rng: Rng,
    started: usize,
    rate: (u32, Duration),
    burst: u32,
    loss: StoreLoss,
    /// A bucket that leaks at the rate: with each call that is admitted in any instance.
    level: f64,
    leaked_at: Duration,
    pub(super) highest: f64,
}

impl World {
    pub(super) fn new(
        instances: usize,
        rate: (u32, Duration),
        burst: u32,
        loss: StoreLoss,
        seed: u64,
    ) -> Self {
        let clock = ManualClock::new();
        let mut world = Self {
            store: MemoryStore::with_clock(clock.clone()),
            clock,
            now: Duration::ZERO,
            instances: Vec::new(),
            latency: Duration::from_millis(5),
            fault: Fault::None,
            rng: Rng::seeded(seed),
            started: 0,
            rate,
            burst,
            loss,
            level: 0.0,
            leaked_at: Duration::ZERO,
            highest: 0.0,
        };
        (0..instances).for_each(|_| world.start());
        world
    }

    pub(super) fn start(&mut self) {
        let index = self.started;
        self.started += 1;
        let rate = crate::rate_limit::Rate::new(self.rate.0, self.rate.1);
        let builder: RateLimiterBuilder = RateLimiter::builder("geocoder")
            .rate(rate)
            .burst(self.burst)
            .clock(self.clock.clone())
            .shared(true)
            .on_store_loss(self.loss);
        // Joined by hand, and by no other fleet.
        let limiter = builder.build().unwrap();
        let driver = Fleet::builder("checkout")
            .instance(format!("i{index}"))
            .clock(self.clock.clone())
            .seed(index as u64)
            .driver();
        let mut driver = driver.unwrap();
        driver.join_limiter(&limiter);
        self.instances.push(Instance {
            limiter,
            driver,
            transit: None,
            demand: 0.0,
            owed: 0.0,
            sent: Vec::new(),
            admitted: 0,
            rejected: 0,
        });
    }

    fn random_latency(&mut self) -> Duration {
        self.latency.mul_f64(self.rng.next_fraction())
    }

    /// Moves operations, and lets each instance send what is due.
    fn exchange(&mut self) {
        for index in 0..self.instances.len() {
            let (there, back) = (self.random_latency(), self.random_latency());
            let fate = match self.fault {
                Fault::None => 1.0,
                Fault::Cut => 0.0,
                Fault::Lossy => self.rng.next_fraction(),
            };
            let now = self.now;
            let instance = &mut self.instances[index];
            if let Some(transit) = &mut instance.transit {
                if transit.replies.is_none() && now >= transit.arrives_at {
                    let operations = transit.batch.operations();
                    let lost = || Err(StoreError::new("lost"));
                    // It does not arrive, or the reply does not.
                    let replies = (fate >= 0.2).then(|| self.store.run(operations));
                    transit.replies = Some(match replies {
                        Some(replies) if fate >= 0.4 => replies,
                        _ => operations.iter().map(|_| lost()).collect(),
                    });
                }
                if transit.replies.is_some() && now >= transit.returns_at {
                    let transit = instance.transit.take().unwrap();
                    instance
                        .driver
                        .complete(transit.batch, transit.replies.unwrap());
                }
            }
            if instance.transit.is_none() {
                let batch = instance.driver.take();
                if batch.operations().is_empty() {
                    instance.driver.complete(batch, Vec::new());
                } else {
                    instance.sent.push(now);
                    instance.transit = Some(Transit {
                        arrives_at: now + there,
                        returns_at: now + there + back,
                        batch,
                        replies: None,
                    });
                }
            }
        }
    }

    pub(super) fn call(&mut self, index: usize) -> bool {
        let instance = &mut self.instances[index];
        if instance.limiter.try_acquire().is_err() {
            instance.rejected += 1;
            return false;
        }
        instance.admitted += 1;
        let rate = f64::from(self.rate.0) / self.rate.1.as_secs_f64();
        let passed = (self.now - self.leaked_at).as_secs_f64();
        self.level = (self.level - passed * rate).max(0.0) + 1.0;
        self.leaked_at = self.now;
        self.highest = self.highest.max(self.level);
        true
    }

    fn step(&mut self) {
        self.clock.advance(STEP);
        self.now += STEP;
        self.exchange();
        for index in 0..self.instances.len() {
            let instance = &mut self.instances[index];
            instance.owed += instance.demand * STEP.as_secs_f64();
            while self.instances[index].owed >= 1.0 {
                self.instances[index].owed -= 1.0;
                self.call(index);
            }
        }
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
        }
    }

    pub(super) fn admitted(&self) -> u64 {
        self.instances
            .iter()
            .map(|instance| instance.admitted)
            .sum()
    }

    /// Returns how many calls were admitted in so much time.
    pub(super) fn admitted_in(&mut self, time: Duration) -> u64 {
        let before = self.admitted();
        self.pass(time);
        self.admitted() - before
    }

    pub(super) fn set_demand(&mut self, demand: f64) {
        self.instances
            .iter_mut()
            .for_each(|instance| instance.demand = demand);
    }
}
