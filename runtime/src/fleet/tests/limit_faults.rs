//! Shared rate limiters that are made anew, whose fleet hangs, and whose operations are late.

use crate::{
    fleet::{Action, Driver, Fleet, MemoryStore, Operation, Store, operation::Take},
    rate_limit::{RateLimiter, RateLimiterBuilder, StoreLoss},
    time::ManualClock,
};
use std::time::Duration;

struct World {
    clock: ManualClock,
    store: MemoryStore,
    driver: Driver,
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::new();
        let driver = Fleet::builder("checkout").clock(clock.clone()).driver();
        Self {
            store: MemoryStore::with_clock(clock.clone()),
            driver: driver.unwrap(),
            clock,
        }
    }

    /// Makes a limiter, which has permits of the store.
    fn limiter(
        &mut self,
        configure: impl FnOnce(RateLimiterBuilder) -> RateLimiterBuilder,
    ) -> RateLimiter {
        let builder = RateLimiter::builder("geocoder").clock(self.clock.clone());
        let limiter = configure(builder).shared(true).build().unwrap();
        self.driver.join_limiter(&limiter);
        self.exchange();
        limiter
    }

    fn exchange(&mut self) {
        let batch = self.driver.take();
        let replies = self.store.run(batch.operations());
        self.driver.complete(batch, replies);
    }

    fn pass(&mut self, time: Duration) {
        let step = Duration::from_millis(50);
        for _ in 0..time.as_millis() / step.as_millis() {
            self.clock.advance(step);
            self.exchange();
        }
    }
}

fn admitted(limiter: &RateLimiter) -> u32 {
    (0..1000)
        .take_while(|_| limiter.try_acquire().is_ok())
        .count() as u32
}

#[test]
fn limiter_that_is_made_anew_frees_no_permits_that_were_used() {
    let mut world = World::new();
    let mut all = 0;
    for _ in 0..20 {
        let limiter = world.limiter(|builder| builder.rate("100/h"));
        all += admitted(&limiter);
    }
    assert!((50..=100).contains(&all), "{all}");
}

/// As where an observer hangs on the thread of the fleet.
#[test]
fn limiter_whose_fleet_does_not_look_decides_alone() {
    for (loss, expected) in [
        (StoreLoss::Local, 100),
        (StoreLoss::Open, 0),
        (StoreLoss::Closed, 1000),
    ] {
        let mut world = World::new();
        let limiter = world.limiter(|builder| builder.rate("100/s").on_store_loss(loss));
        assert!(admitted(&limiter) > 0);
        // The permits end, and nobody brings others.
        world.clock.advance(Duration::from_secs(20));
        assert_eq!(admitted(&limiter), 0, "{loss:?}: asks for them");
        world.clock.advance(Duration::from_secs(2));
        assert_eq!(admitted(&limiter), expected, "{loss:?}");
        // It is back, and knows of what was used.
        world.pass(Duration::from_secs(1));
        assert!(limiter.snapshot().available <= 100);
        if loss == StoreLoss::Local {
            let mut others = 0;
            for _ in 0..100 {
                world.pass(Duration::from_millis(100));
                others += admitted(&limiter);
            }
            assert!((900..=1100).contains(&others), "{others} in 10 s");
        }
    }
}

#[test]
fn call_of_much_weight_gets_its_permits_at_once_where_they_are_free() {
    let mut world = World::new();
    let limiter = world.limiter(|builder| builder.rate("10/h"));
    for weight in [6, 8] {
        assert!(limiter.try_acquire_n(weight).is_err());
        world.pass(Duration::from_millis(100));
    }
    assert!(limiter.try_acquire_n(8).is_ok());
}

#[test]
fn operation_that_comes_after_a_later_one_changes_nothing() {
    let store = MemoryStore::with_clock(ManualClock::new());
    let run = |instance: &str, number, want| {
        let operation = Operation {
            fleet: "checkout".into(),
            breaker: "geocoder".into(),
            instance: instance.into(),
            longest_open: Duration::ZERO,
            lease_time: Duration::ZERO,
            action: Action::Take(Take {
                number,
                interval: Duration::from_secs(36),
                burst: 100,
                used: 0,
                held: 0,
                want,
                hold_time: Duration::from_secs(12),
            }),
        };
        let mut replies = store.run(&[operation]);
        let reply = replies.remove(0);
        reply.map(|reply| reply.permits.map_or(0, |permits| permits.granted))
    };
    assert_eq!(run("a", 2, 40), Ok(40));
    assert!(run("a", 1, 10).is_err());
    assert!(run("a", 2, 10).is_err(), "twice");
    // Another one gets half of what is free.
    assert_eq!(run("b", 1, 100), Ok(30));
}
