//! Shared rate limiters of several instances.

use super::limit_world::{Fault, STEP, World};
use crate::{
    fleet::{Fleet, MemoryStore, Reply, Store, StoreError},
    rate_limit::{RateLimiter, StoreLoss},
    rng::Rng,
    time::ManualClock,
};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// In no window of time the calls of all instances are more than the burst and the rate: a bucket that leaks at the rate,
/// filled by each call, never holds more than the burst.
#[test]
fn fleet_never_exceeds_burst_and_rate() {
    let mut fullest: f64 = 0.0;
    for seed in 0..60 {
        let mut rng = Rng::seeded(seed);
        let mut below = |most: u64| rng.next_u64() % most;
        let rate = [
            (10, SECOND),
            (100, SECOND),
            (1000, SECOND),
            (60, 60 * SECOND),
            (3, SECOND),
        ][below(5) as usize];
        let burst = [1, 2, 5, 20, 100, 400][below(6) as usize];
        // Without the store no call runs: it decides about each of them.
        let mut world = World::new(1 + below(5) as usize, rate, burst, StoreLoss::Open, seed);
        world.latency = [1, 20, 120, 400][below(4) as usize] * STEP;
        for _ in 0..12 {
            match below(10) {
                0 => world.start(),
                1 if world.instances.len() > 1 => {
                    // Killed, with all that it holds.
                    let gone = below(world.instances.len() as u64) as usize;
                    world.instances.swap_remove(gone);
                }
                2 => world.fault = Fault::Lossy,
                3 => world.fault = Fault::Cut,
                _ => world.fault = Fault::None,
            }
            for instance in &mut world.instances {
                let per_second = f64::from(rate.0) / rate.1.as_secs_f64();
                instance.demand = [0.0, 0.1, 0.5, 2.0, 10.0][below(5) as usize] * per_second;
            }
            if below(6) == 0 {
                // Long enough that what instances hold expires.
                world.clock.advance(14 * SECOND);
                world.now += 14 * SECOND;
            }
            world.pass(SECOND * (1 + below(2) as u32));
            assert!(
                world.highest <= f64::from(burst) + 1e-6,
                "{} calls, at most {burst} at {rate:?}; seed {seed}",
                world.highest
            );
        }
        fullest = fullest.max(world.highest / f64::from(burst));
    }
    assert!(fullest > 0.9, "the limit is never reached: {fullest}");
}

#[test]
fn permits_of_a_killed_instance_count_as_used() {
    let mut world = World::new(2, (100, 3600 * SECOND), 100, StoreLoss::Open, 3);
    world.pass(5 * SECOND);
    let held = world.instances[0].limiter.snapshot().available;
    assert!(held >= 12, "{held}");
    (0..held).for_each(|_| assert!(world.call(0)));
    // Before it reports them.
    world.instances.remove(0);
    world.pass(14 * SECOND);
    world.instances[0].demand = 100.0;
    world.pass(10 * SECOND);
    assert!((98.0..=100.0).contains(&world.highest), "{}", world.highest);
}

#[test]
fn steady_demand_of_all_instances_uses_nine_tenths_of_the_limit() {
    for instances in [1, 2, 3, 8, 20] {
        for (rate, burst) in [
            (20, 20),
            (100, 100),
            (1000, 1000),
            (40, 20),
            (200, 100),
            (1000, 500),
        ] {
            let mut world = World::new(instances, (rate, SECOND), burst, StoreLoss::Local, 7);
            world.set_demand(2.0 * f64::from(rate) / instances as f64);
            world.pass(3 * SECOND);
            let admitted = world.admitted_in(10 * SECOND);
            let limit = u64::from(rate) * 10;
            let what = format!("{instances} instances at {rate}/s, burst {burst}");
            // Where there are some permits for each.
            if burst < 4 * instances as u32 {
                assert!(admitted * 10 >= limit * 5, "{admitted} of {limit}: {what}");
                continue;
            }
            assert!(admitted * 10 >= limit * 9, "{admitted} of {limit}: {what}");
            let fewest = world.instances.iter().map(|it| it.admitted).min().unwrap();
            let share = world.admitted() / instances as u64;
            assert!(fewest * 4 >= share, "{fewest} of {share}: {what}");
        }
    }
}

#[test]
fn busy_instance_among_idle_ones_gets_nearly_the_whole_limit() {
    for (idle, burst) in [(1, 200), (4, 200), (19, 200), (1, 100), (4, 100), (19, 100)] {
        let mut world = World::new(idle + 1, (200, SECOND), burst, StoreLoss::Local, 7);
        world.pass(2 * SECOND);
        world.instances[0].demand = 1000.0;
        world.pass(3 * SECOND);
        let admitted = world.admitted_in(10 * SECOND);
        assert!(
            admitted >= 1800,
            "{admitted} of 2000 beside {idle}, burst {burst}"
        );
        // The idle ones can admit calls at once.
        assert!((1..=idle).all(|index| world.call(index)));
    }
}

#[test]
fn demand_below_the_limit_is_admitted_wholly() {
    let mut world = World::new(4, (400, SECOND), 400, StoreLoss::Local, 3);
    world.pass(SECOND);
    world.set_demand(70.0);
    world.pass(20 * SECOND);
    let rejected: u64 = world.instances.iter().map(|it| it.rejected).sum();
    assert_eq!(rejected, 0, "of {}", world.admitted());
}

#[test]
fn operations_are_ten_a_second_at_most_whatever_the_demand() {
    let mut world = World::new(3, (100, SECOND), 100, StoreLoss::Local, 3);
    world.latency = STEP;
    world.instances[0].demand = 20_000.0;
    world.instances[1].demand = 1.0;
    world.pass(10 * SECOND);
    for instance in &world.instances[..2] {
        for (index, begin) in instance.sent.iter().enumerate() {
            let window = instance.sent[index..].iter();
            let count = window.take_while(|at| **at < *begin + SECOND).count();
            assert!(count <= 16, "{count} in a second");
        }
    }
    assert!(
        world.instances[0].sent.len() <= 107,
        "{}",
        world.instances[0].sent.len()
    );
    // An idle one renews what it holds.
    assert!(
        world.instances[2].sent.len() <= 6,
        "{}",
        world.instances[2].sent.len()
    );
}

#[test]
fn instance_gives_back_what_it_does_not_use() {
    let mut world = World::new(2, (100, SECOND), 100, StoreLoss::Local, 3);
    world.instances[0].demand = 500.0;
    world.pass(3 * SECOND);
    world.instances[0].demand = 0.0;
    world.pass(3 * SECOND);
    let available = world.instances[0].limiter.snapshot().available;
    assert_eq!(available, 100 / 4 / 2);
    // So nearly everything else is there for the other one, though not at once.
    world.instances[1].demand = 1000.0;
    let admitted = world.admitted_in(SECOND);
    assert!(admitted >= 150, "{admitted}");
}

#[test]
fn rejection_suggests_a_wait_and_the_call_is_admitted_after_some_of_them() {
    let mut world = World::new(2, (10, SECOND), 2, StoreLoss::Local, 3);
    world.pass(SECOND);
    for _ in 0..20 {
        let limiter = world.instances[0].limiter.clone();
        let mut tries = 0;
        while let Err(rejection) = limiter.try_acquire() {
            let wait = rejection.retry_after().unwrap();
            assert!(wait >= 100 * STEP && wait <= SECOND, "{wait:?}");
            tries += 1;
            assert!(tries < 20);
            world.pass(wait);
        }
    }
    let limiter = &world.instances[0].limiter;
    assert_eq!(
        limiter.try_acquire_n(3).unwrap_err().retry_after(),
        None,
        "more than the burst"
    );
}

#[test]
fn instance_without_the_store_uses_its_share() {
    let mut world = World::new(4, (100, SECOND), 100, StoreLoss::Local, 3);
    world.set_demand(1000.0);
    world.pass(2 * SECOND);
    world.fault = Fault::Cut;
    world.pass(3 * SECOND);
    let before: Vec<u64> = world.instances.iter().map(|it| it.admitted).collect();
    world.pass(10 * SECOND);
    for (instance, before) in world.instances.iter().zip(before) {
        let admitted = instance.admitted - before;
        assert!((240..=260).contains(&admitted), "{admitted} of 250");
        assert!(!instance.driver.status().is_healthy());
    }
    // The store decides again.
    world.fault = Fault::None;
    world.pass(10 * SECOND);
    world.instances[1..]
        .iter_mut()
        .for_each(|it| it.demand = 0.0);
    world.pass(3 * SECOND);
    let admitted = world.admitted_in(10 * SECOND);
    assert!(
        (900..=1100).contains(&admitted),
        "{admitted} of one instance"
    );
}

#[test]
fn policies_without_the_store() {
    for (loss, expected) in [(StoreLoss::Open, 0), (StoreLoss::Closed, 10_000)] {
        let mut world = World::new(2, (100, SECOND), 100, loss, 3);
        world.set_demand(500.0);
        world.pass(2 * SECOND);
        world.fault = Fault::Cut;
        world.pass(3 * SECOND);
        assert_eq!(world.admitted_in(10 * SECOND), expected, "{loss}");
        world.fault = Fault::None;
        world.pass(6 * SECOND);
        let admitted = world.admitted_in(10 * SECOND);
        assert!((900..=1100).contains(&admitted), "{loss}: {admitted}");
    }
}

#[test]
fn first_calls_need_no_store_and_are_charged_later() {
    let mut world = World::new(1, (100, SECOND), 100, StoreLoss::Local, 3);
    for _ in 0..60 {
        assert!(world.call(0));
    }
    world.start();
    world.pass(100 * STEP);
    let held: u32 = world
        .instances
        .iter()
        .map(|it| it.limiter.snapshot().available)
        .sum();
    assert!(held <= 60, "{held}");
    world.set_demand(10_000.0);
    world.pass(SECOND);
    assert!(world.highest <= 101.0, "{}", world.highest);
}

#[test]
fn store_that_knows_nothing_of_limits_is_lost_for_them_alone() {
    struct Breakers(MemoryStore);
    impl Store for Breakers {
        fn run(&self, operations: &[crate::fleet::Operation]) -> Vec<Result<Reply, StoreError>> {
            let each = |operation: &crate::fleet::Operation| match operation.action {
                crate::fleet::Action::Take(_) => Err(StoreError::new("it knows no limits")),
                _ => self.0.run(std::slice::from_ref(operation)).remove(0),
            };
            operations.iter().map(each).collect()
        }
    }
    let clock = ManualClock::new();
    let store = Breakers(MemoryStore::with_clock(clock.clone()));
    let limiter = RateLimiter::builder("geocoder")
        .rate("10/s")
        .clock(clock.clone())
        .build()
        .unwrap();
    let breaker = crate::breaker::CircuitBreaker::builder("geocoder").clock(clock.clone());
    let breaker = breaker.build().unwrap();
    let driver = Fleet::builder("checkout").clock(clock.clone()).driver();
    let mut driver = driver.unwrap();
    driver.join(&breaker);
    driver.join_limiter(&limiter);
    let mut admitted = 0;
    for _ in 0..3000 {
        clock.advance(STEP);
        let batch = driver.take();
        let replies = store.run(batch.operations());
        driver.complete(batch, replies);
        admitted += u32::from(limiter.try_acquire().is_ok());
    }
    assert!((39..=41).contains(&admitted), "{admitted}");
    let status = driver.status();
    assert_eq!(
        (status.breakers, status.limiters, status.is_healthy()),
        (1, 1, true)
    );
    assert!(status.failures > 0);
}

#[test]
fn end_of_a_fleet_leaves_each_limiter_its_share() {
    let mut world = World::new(4, (100, SECOND), 100, StoreLoss::Local, 3);
    world.set_demand(1000.0);
    world.pass(2 * SECOND);
    let limiter = world.instances.remove(0).limiter;
    let available = limiter.snapshot().available;
    assert!((1..=25).contains(&available), "{available}");
    world.clock.advance(10 * SECOND);
    assert_eq!(limiter.snapshot().available, 25);
}

#[test]
fn changed_rate_holds_for_the_fleet_and_without_it() {
    let mut world = World::new(1, (100, SECOND), 100, StoreLoss::Local, 3);
    world.instances[0].demand = 1000.0;
    world.pass(2 * SECOND);
    world.instances[0].limiter.set_rate("300/s").unwrap();
    world.pass(SECOND);
    let admitted = world.admitted_in(5 * SECOND);
    assert!((1350..=1500).contains(&admitted), "{admitted}");
    world.fault = Fault::Cut;
    world.pass(3 * SECOND);
    let admitted = world.admitted_in(5 * SECOND);
    assert!((1490..=1510).contains(&admitted), "{admitted}");
}
