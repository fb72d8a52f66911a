//! Stores that are lost, slow, or forget.

use super::world::{World, plain};
use crate::{
    breaker::{CircuitState, Link, StoreLoss},
    fleet::{Action, Fleet, SharedPhase, SharedState, Store, Update, link::FleetLink},
    time::SharedClock,
};
use std::{sync::Arc, time::Duration};

fn cut(world: &mut World, is_cut: bool) {
    for instance in &mut world.instances {
        instance.is_cut = is_cut;
    }
}

#[test]
fn without_a_store_each_instance_decides_alone() {
    let mut world = World::new(2, plain);
    cut(&mut world, true);
    world.pass(Duration::from_secs(2));
    assert!(!world.instances[0].driver.status().is_healthy());
    world.fail(0, 5);
    assert_eq!(world.states(), [CircuitState::Open, CircuitState::Closed]);
    world.pass(Duration::from_millis(10_100));
    let permit = world.admit(0).expect("a probe needs no lease");
    permit.success();
    assert_eq!(world.state(0), CircuitState::Closed);
    // A few tries, and not ten a second.
    let sent = world.instances[0].sent.iter();
    let sent = sent.filter(|(at, _)| *at > Duration::from_secs(3)).count();
    assert!((1..=6).contains(&sent), "{sent} operations in 9 s");
    cut(&mut world, false);
    let back = world.wait_for(Duration::from_secs(6), |world| {
        world
            .instances
            .iter()
            .all(|instance| instance.driver.status().is_healthy())
    });
    assert!(back > Duration::ZERO);
    world.fail(0, 5);
    world.wait_for(Duration::from_millis(250), |world| {
        world.all_are(CircuitState::Open)
    });
}

#[test]
fn store_that_never_answered_is_lost_after_a_second() {
    let mut world = World::new(0, plain);
    world.start();
    cut(&mut world, true);
    world.pass(Duration::from_millis(900));
    assert!(world.instances[0].driver.status().is_healthy(), "not yet");
    world.pass(Duration::from_millis(200));
    let status = world.instances[0].driver.status();
    assert!(!status.is_healthy());
    assert_eq!(status.last_error.as_deref(), Some("connection refused"));
}

#[test]
fn store_that_was_not_asked_is_not_lost() {
    let mut world = World::new(0, |builder| {
        plain(builder).shared(true).on_store_loss(StoreLoss::Open)
    });
    let mut driver = Fleet::builder("checkout")
        .clock(world.clock.clone())
        .driver()
        .unwrap();
    for _ in 0..50 {
        world.clock.advance(Duration::from_millis(100));
        assert!(driver.take().operations().is_empty(), "no breaker yet");
        assert!(driver.status().is_healthy());
    }
    world.start();
    let instance = &mut world.instances[0];
    driver.join(&instance.breaker);
    let batch = driver.take();
    assert!(!batch.operations().is_empty());
    assert!(world.admit(0).is_some(), "before the first reply");
    let replies = world.store.run(batch.operations());
    driver.complete(batch, replies);
    assert!(driver.status().is_healthy());
    assert!(world.admit(0).is_some());
}

/// A batch without a reply: the store hangs.
#[test]
fn store_that_hangs_is_lost_after_a_second() {
    let mut world = World::new(1, plain);
    world.fail(0, 5);
    let instance = &mut world.instances[0];
    let hanging = instance.driver.take();
    assert!(!hanging.operations().is_empty());
    world.clock.advance(Duration::from_millis(10_050));
    assert!(world.admit(0).is_some(), "a probe needs no lease");
    let instance = &mut world.instances[0];
    assert!(instance.driver.pass_time(false).operations().is_empty());
    assert!(!instance.driver.status().is_healthy());
    let replies = world.store.run(hanging.operations());
    instance.driver.complete(hanging, replies);
    assert!(instance.driver.status().is_healthy());
}

#[test]
fn guard_may_reject_while_the_store_is_lost() {
    let mut world = World::new(1, |builder| {
        plain(builder).shared(true).on_store_loss(StoreLoss::Open)
    });
    cut(&mut world, true);
    world.pass(Duration::from_secs(2));
    for _ in 0..1000 {
        assert!(world.admit(0).is_none(), "at {:?}", world.now);
        world.step();
    }
    let cause = world.instances[0].breaker.snapshot().opened_by;
    assert_eq!(cause.as_deref(), Some("the store of the fleet is lost"));
    cut(&mut world, false);
    world.pass(Duration::from_secs(7));
    let permit = world.admit(0).or_else(|| {
        world.pass(Duration::from_millis(100));
        world.admit(0)
    });
    permit.expect("the store is back").success();
    assert_eq!(world.state(0), CircuitState::Closed);
}

#[test]
fn guard_may_admit_while_the_store_is_lost() {
    let mut world = World::new(1, |builder| {
        plain(builder).shared(true).on_store_loss(StoreLoss::Closed)
    });
    cut(&mut world, true);
    world.pass(Duration::from_secs(2));
    for _ in 0..100 {
        world.admit(0).expect("never rejects").failure();
    }
    cut(&mut world, false);
    world.pass(Duration::from_secs(7));
    assert_eq!(world.state(0), CircuitState::Closed);
    world.fail(0, 5);
    assert_eq!(world.state(0), CircuitState::Open, "it counts again");
}

fn wait_until_the_store_is_back(world: &mut World) {
    cut(world, false);
    world.wait_for(Duration::from_secs(6), |world| {
        let mut instances = world.instances.iter();
        instances.all(|instance| instance.driver.status().is_healthy())
    });
}

#[test]
fn fleet_whose_instances_recovered_without_the_store_opens_together_again() {
    for publishes in [false, true] {
        let mut world = World::new(3, plain);
        world.publishes = publishes;
        world.fail(0, 5);
        world.pass(Duration::from_millis(300));
        assert!(world.all_are(CircuitState::Open));
        cut(&mut world, true);
        world.pass(Duration::from_secs(12));
        (0..3).for_each(|index| world.succeed(index, 1));
        assert!(world.all_are(CircuitState::Closed), "each one alone");
        wait_until_the_store_is_back(&mut world);
        for _ in 0..150 {
            world.step();
            assert!(world.all_are(CircuitState::Closed), "rejects for nothing");
        }
        assert!(world.is_closed_in_store());
        world.fail(0, 5);
        world.wait_for(Duration::from_millis(250), |world| {
            world.all_are(CircuitState::Open)
        });
    }
}

#[test]
fn fleet_that_is_open_still_is_open_everywhere_when_the_store_is_back() {
    for loss in [StoreLoss::Closed, StoreLoss::Local, StoreLoss::Open] {
        let mut world = World::new(2, |builder| {
            builder
                .shared(true)
                .recovery_timeout(Duration::from_secs(60))
        });
        for instance in &world.instances {
            let changed = instance
                .breaker
                .reconfigure(|builder| builder.on_store_loss(loss));
            changed.unwrap();
        }
        world.fail(0, 5);
        world.pass(Duration::from_millis(300));
        assert!(world.all_are(CircuitState::Open));
        cut(&mut world, true);
        world.pass(Duration::from_secs(3));
        if loss == StoreLoss::Closed {
            assert!(world.all_are(CircuitState::Disabled));
        }
        wait_until_the_store_is_back(&mut world);
        world.settle();
        assert!(world.all_are(CircuitState::Open), "{loss:?}");
        let remaining = world.instances[1].breaker.snapshot().remaining;
        assert!(remaining > Some(Duration::from_secs(45)), "{remaining:?}");
    }
}

#[test]
fn breaker_that_a_program_disabled_stays_so_when_the_store_is_back() {
    let mut world = World::new(1, |builder| {
        plain(builder).shared(true).on_store_loss(StoreLoss::Closed)
    });
    cut(&mut world, true);
    world.pass(Duration::from_secs(2));
    assert_eq!(world.state(0), CircuitState::Disabled, "by the fleet");
    world.instances[0].breaker.disable();
    cut(&mut world, false);
    world.pass(Duration::from_secs(7));
    assert!(world.instances[0].driver.status().is_healthy());
    assert_eq!(world.state(0), CircuitState::Disabled);
}

#[test]
fn breaker_that_a_program_forced_stays_so_when_the_store_is_back() {
    let mut world = World::new(1, |builder| {
        plain(builder).shared(true).on_store_loss(StoreLoss::Closed)
    });
    cut(&mut world, true);
    world.pass(Duration::from_secs(2));
    assert_eq!(world.state(0), CircuitState::Disabled);
    world.instances[0].breaker.force_open();
    cut(&mut world, false);
    world.pass(Duration::from_secs(7));
    assert_eq!(world.state(0), CircuitState::ForcedOpen);
}

#[test]
fn state_that_was_evicted_is_closed() {
    let mut world = World::new(3, plain);
    world.fail(0, 5);
    world.pass(Duration::from_millis(300));
    assert!(world.all_are(CircuitState::Open));
    world.store.clear();
    world.pass(Duration::from_millis(300));
    let expected = [
        CircuitState::Open,
        CircuitState::Closed,
        CircuitState::Closed,
    ];
    assert_eq!(world.states(), expected, "what one saw itself stays");
    // It is good for the next opening at once, whose epoch is later than the lost one.
    world.fail(1, 5);
    world.wait_for(Duration::from_millis(250), |world| {
        world.all_are(CircuitState::Open)
    });
}

#[test]
fn update_that_comes_late_changes_nothing() {
    let mut world = World::new(2, plain);
    world.publishes = true;
    world.fail(0, 5);
    world.settle();
    assert!(world.all_are(CircuitState::Open));
    let old = Update {
        fleet: "checkout".into(),
        breaker: "payments".into(),
        state: SharedState {
            epoch: 1,
            phase: SharedPhase::Closed,
            reopened: 0,
            by: None,
        },
    };
    world.instances[1].driver.deliver(&old);
    assert_eq!(world.state(1), CircuitState::Open);
    let sent = world.instances[1].sent.len();
    world.pass(Duration::from_millis(200));
    assert!(world.instances[1].sent.len() > sent, "it asks the store");
    assert_eq!(world.state(1), CircuitState::Open);
}

/// A reply that left the store before the change that an update has brought already.
#[test]
fn reply_that_an_update_overtook_does_not_close_the_circuit() {
    let mut world = World::new(2, plain);
    world.succeed(1, 1);
    world.clock.advance(Duration::from_millis(200));
    let late = world.instances[1].driver.take();
    assert!(!late.operations().is_empty());
    let replies = world.store.run(late.operations());
    world.clock.advance(Duration::from_secs(2));
    world.fail(0, 5);
    let batch = world.instances[0].driver.take();
    let opened = world.store.run(batch.operations());
    let state = opened[0].as_ref().unwrap().state.clone();
    world.instances[0].driver.complete(batch, opened);
    world.instances[1].driver.deliver(&Update {
        fleet: "checkout".into(),
        breaker: "payments".into(),
        state,
    });
    assert_eq!(world.state(1), CircuitState::Open);
    world.instances[1].driver.complete(late, replies);
    assert_eq!(world.state(1), CircuitState::Open);
    world.pass(Duration::from_millis(200));
    assert_eq!(world.state(1), CircuitState::Open);
}

/// The reply says that the circuit of the fleet is closed, and the update that it is open again since.
#[test]
fn reply_that_an_update_overtook_gives_no_leave_to_probe() {
    let mut world = World::new(2, plain);
    world.fail(0, 5);
    world.pass(Duration::from_millis(300));
    assert!(world.all_are(CircuitState::Open));
    world.clock.advance(Duration::from_secs(12));
    assert!(world.admit(0).is_none());
    world.exchange(0);
    world.succeed(0, 1);
    world.exchange(0);
    assert!(world.is_closed_in_store());
    assert!(world.admit(1).is_none());
    let late = world.instances[1].driver.take();
    assert_eq!(late.operations()[0].action, Action::Lease);
    let replies = world.store.run(late.operations());
    world.clock.advance(Duration::from_millis(200));
    world.fail(0, 5);
    let batch = world.instances[0].driver.take();
    let opened = world.store.run(batch.operations());
    let state = opened[0].as_ref().unwrap().state.clone();
    world.instances[0].driver.complete(batch, opened);
    world.instances[1].driver.deliver(&Update {
        fleet: "checkout".into(),
        breaker: "payments".into(),
        state,
    });
    world.instances[1].driver.complete(late, replies);
    assert!(world.all_are(CircuitState::Open));
    world.clock.advance(Duration::from_secs(12));
    assert!(world.admit(1).is_none(), "a probe without a lease");
    world.settle();
    assert!(world.admit(1).is_some(), "with one");
}

/// The fork is simulated, by the number of another process in place of the parent's.
#[test]
fn breaker_of_a_forked_process_decides_alone() {
    let mut world = World::new(1, plain);
    world.fail(0, 5);
    let breaker = world.instances.remove(0).breaker;
    let clock = SharedClock::new(world.clock.clone());
    for (process, is_admitted) in [(std::process::id(), false), (0, true)] {
        let link = FleetLink::new_in(process, clock.clone(), Duration::ZERO);
        let link = Arc::new(link);
        breaker
            .shell()
            .join_fleet(Arc::clone(&link) as Arc<dyn Link>);
        world.clock.advance(Duration::from_secs(12));
        // As the parent's thread does.
        link.looks();
        let permit = breaker.try_acquire();
        assert_eq!(permit.is_ok(), is_admitted);
        if let Ok(permit) = permit {
            permit.success();
            assert_eq!(breaker.state(), CircuitState::Closed);
        }
    }
}

#[test]
fn breaker_whose_fleet_has_ended_decides_alone() {
    let mut world = World::new(2, plain);
    world.fail(0, 5);
    world.pass(Duration::from_millis(300));
    let breaker = world.instances.remove(1).breaker;
    world.clock.advance(Duration::from_secs(12));
    breaker.try_acquire().expect("no lease").success();
    assert_eq!(breaker.state(), CircuitState::Closed);
}
