//! What the store learns late, and what it does not answer for one breaker alone.

use super::world::{World, plain};
use crate::{
    breaker::{CircuitBreaker, CircuitState, FleetChange, LocalPhase, LocalState, Permit},
    fleet::{
        Action, Driver, Fleet, Lease, MemoryStore, ProbeOutcome, Reply, SharedPhase, SharedState,
        Store, StoreError,
        member::{Conditions, Member, Next},
    },
    rng::Rng,
    time::{ManualClock, Tick},
};
use std::time::Duration;

/// Lets the circuit of all open, and the first instance begin a probe.
fn probing(world: &mut World) -> Permit {
    world.fail(0, 5);
    world.pass(Duration::from_millis(300));
    assert!(world.all_are(CircuitState::Open));
    world.clock.advance(Duration::from_secs(45));
    assert!(world.admit(0).is_none(), "no lease yet");
    world.settle();
    world.admit(0).expect("the lease")
}

fn wait_until_the_store_is_back(world: &mut World) {
    world.wait_for(Duration::from_secs(7), |world| {
        world.instances[0].driver.status().is_healthy()
    });
}

#[test]
fn outcome_of_an_earlier_probe_says_nothing_of_the_present_state() {
    let mut world = World::new(2, plain);
    let permit = probing(&mut world);
    world.instances[0].is_cut = true;
    permit.failure();
    // It recovers alone.
    world.pass(Duration::from_secs(12));
    world.succeed(0, 1);
    assert_eq!(world.state(0), CircuitState::Closed);
    world.instances[0].is_cut = false;
    wait_until_the_store_is_back(&mut world);
    for _ in 0..150 {
        world.step();
        assert_eq!(world.state(0), CircuitState::Closed, "at {:?}", world.now);
    }
    assert!(world.is_closed_in_store());
}

#[test]
fn success_of_an_earlier_probe_closes_nothing() {
    let mut world = World::new(2, plain);
    let permit = probing(&mut world);
    world.instances[0].is_cut = true;
    permit.success();
    world.step();
    assert_eq!(world.state(0), CircuitState::Closed);
    world.fail(0, 5);
    assert_eq!(world.state(0), CircuitState::Open);
    world.pass(Duration::from_secs(2));
    world.instances[0].is_cut = false;
    world.instances[0].sent.clear();
    wait_until_the_store_is_back(&mut world);
    world.pass(Duration::from_millis(300));
    assert_eq!(world.state(0), CircuitState::Open);
    let sent = world.instances[0].sent.iter();
    let settled: Vec<_> = sent
        .filter_map(|(_, operation)| match operation.action {
            Action::Settle { outcome, .. } => Some(outcome),
            _ => None,
        })
        .collect();
    assert_eq!(settled, [ProbeOutcome::Released]);
}

/// The other one closed the circuit of the fleet before this one opened.
#[test]
fn closing_that_is_older_than_an_opening_does_not_end_it() {
    let mut world = World::new(2, |builder| {
        builder.recovery_timeout(Duration::from_secs(40))
    });
    let permit = probing(&mut world);
    world.instances[0].is_cut = true;
    permit.success();
    world.step();
    // The lease of this one ends.
    let probe = loop {
        world.step();
        if let Some(probe) = world.admit(1) {
            break probe;
        }
    };
    probe.success();
    world.pass(Duration::from_millis(100));
    assert!(world.is_closed_in_store());
    world.fail(0, 5);
    assert_eq!(world.state(0), CircuitState::Open);
    // Longer than it repeats that it is open.
    world.pass(Duration::from_secs(3));
    world.instances[0].is_cut = false;
    for _ in 0..1000 {
        world.step();
        assert_eq!(world.state(0), CircuitState::Open, "at {:?}", world.now);
    }
    assert!(world.instances[0].driver.status().is_healthy());
}

/// The reply to a later operation says that the fleet is open.
#[test]
fn closing_that_is_later_than_an_opening_ends_it() {
    let mut world = World::new(2, |builder| {
        builder.recovery_timeout(Duration::from_secs(40))
    });
    let permit = probing(&mut world);
    world.instances[0].is_cut = true;
    permit.success();
    world.fail(0, 5);
    world.pass(Duration::from_secs(2));
    world.instances[0].is_cut = false;
    wait_until_the_store_is_back(&mut world);
    world.pass(Duration::from_millis(300));
    assert_eq!(world.state(0), CircuitState::Open);
    let probe = loop {
        world.step();
        if let Some(probe) = world.admit(1) {
            break probe;
        }
    };
    probe.success();
    world.pass(Duration::from_millis(300));
    assert_eq!(world.states(), [CircuitState::Closed; 2]);
}

/// A driver with two breakers, for the first of which the store has no answer.
struct Partial {
    clock: ManualClock,
    driver: Driver,
    store: MemoryStore,
    fails: bool,
}

impl Partial {
    fn pass(&mut self, time: Duration) {
        let step = Duration::from_millis(50);
        for _ in 0..time.as_millis() / step.as_millis() {
            self.clock.advance(step);
            let batch = self.driver.take();
            let mut replies = self.store.run(batch.operations());
            for (reply, operation) in replies.iter_mut().zip(batch.operations()) {
                if self.fails && *operation.breaker == *"payments" {
                    *reply = Err(StoreError::new("CLUSTERDOWN"));
                }
            }
            self.driver.complete(batch, replies);
        }
    }
}

#[test]
fn breaker_for_which_alone_the_store_has_no_answer_decides_alone() {
    let clock = ManualClock::new();
    let breaker = |name| {
        let builder = CircuitBreaker::builder(name).clock(clock.clone());
        plain(builder).build().unwrap()
    };
    let (payments, search) = (breaker("payments"), breaker("search"));
    let driver = Fleet::builder("checkout")
        .clock(clock.clone())
        .probe_wait(Duration::ZERO)
        .driver();
    let mut world = Partial {
        driver: driver.unwrap(),
        store: MemoryStore::with_clock(clock.clone()),
        clock: clock.clone(),
        fails: true,
    };
    world.driver.join(&payments);
    world.driver.join(&search);
    world.pass(Duration::from_secs(3));
    assert!(world.driver.status().is_healthy(), "it answers for search");
    // Twice, since a transition ends what was granted.
    for _ in 0..2 {
        (0..5).for_each(|_| payments.try_acquire().unwrap().failure());
        assert_eq!(payments.state(), CircuitState::Open);
        world.pass(Duration::from_secs(11));
        let probe = payments.try_acquire().expect("a probe needs no lease");
        assert!(search.try_acquire().is_ok());
        probe.success();
        assert_eq!(payments.state(), CircuitState::Closed);
        world.pass(Duration::from_millis(100));
    }
    // Not ten tries a second.
    let before = world.driver.status().failures;
    world.pass(Duration::from_secs(60));
    let tries = world.driver.status().failures - before;
    assert!((10..=30).contains(&tries), "{tries} in a minute");
    // It is back: a probe needs the lease.
    (0..5).for_each(|_| payments.try_acquire().unwrap().failure());
    world.fails = false;
    world.pass(Duration::from_secs(12));
    assert!(payments.try_acquire().is_err());
    world.pass(Duration::from_millis(200));
    assert!(payments.try_acquire().is_ok());
}

/// As where an observer hangs on the thread of the fleet.
#[test]
fn breaker_whose_fleet_does_not_look_decides_alone() {
    let mut world = World::new(1, plain);
    world.fail(0, 5);
    world.pass(Duration::from_millis(300));
    world.clock.advance(Duration::from_secs(12));
    assert!(world.admit(0).is_none(), "it asks for the lease");
    world.clock.advance(Duration::from_millis(900));
    assert!(world.admit(0).is_none(), "and waits");
    world.clock.advance(Duration::from_millis(200));
    assert!(world.admit(0).is_some(), "for a second");
}

#[test]
fn lease_that_comes_with_the_news_of_an_open_fleet_is_used_at_once() {
    let breaker = plain(CircuitBreaker::builder("payments")).build().unwrap();
    let mut member = Member::new(Duration::from_secs(5), Rng::seeded(1));
    let mut local = LocalState {
        generation: 3,
        phase: LocalPhase::HalfOpen { is_running: false },
        ..breaker.shell().local_state().unwrap()
    };
    let conditions = Conditions {
        send_at: Tick::ZERO,
        is_listening: true,
    };
    let now = Tick::from_nanos(1_000_000_000);
    let first = member.next_at(now, &local, conditions);
    assert_eq!(first, Next::Send(Action::Read));
    assert_eq!(member.failed_at(now, &Action::Read), None);
    let now = now.after(Duration::from_millis(200));
    local.demand += 1;
    let next = member.next_at(now, &local, conditions);
    assert_eq!(next, Next::Send(Action::Lease));
    let reply = Reply {
        state: SharedState {
            epoch: 7,
            phase: SharedPhase::HalfOpen,
            reopened: 0,
            by: Some("other".into()),
        },
        lease: Some(Lease::Granted),
        permits: None,
        has_changed: false,
    };
    let changes = member.replied_at(now, &local, &Action::Lease, &reply);
    let time = Some(Duration::from_secs(5));
    assert_eq!(changes, [FleetChange::Probe { time }]);
}
