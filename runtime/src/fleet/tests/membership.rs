//! Breakers that leave a fleet for another one.

use super::world::{World, plain};
use crate::{
    breaker::{CircuitState, StoreLoss},
    fleet::{Driver, Fleet, SharedPhase, SharedState, Update},
};
use std::time::Duration;

fn another_driver(world: &World, fleet: &str) -> Driver {
    Fleet::builder(fleet)
        .instance("another")
        .clock(world.clock.clone())
        .probe_wait(Duration::ZERO)
        .driver()
        .unwrap()
}

#[test]
fn end_of_a_fleet_leaves_breakers_alone_that_joined_another_one() {
    let mut world = World::new(2, plain);
    let mut second = another_driver(&world, "checkout");
    second.join(&world.instances[1].breaker);
    // The first one is dropped.
    world.instances[1].driver = second;
    world.fail(0, 5);
    world.pass(Duration::from_millis(300));
    assert!(world.all_are(CircuitState::Open));
    world.clock.advance(Duration::from_secs(12));
    assert!(world.admit(0).is_none());
    world.settle();
    let probe = world.admit(0).expect("the lease");
    assert!(world.admit(1).is_none(), "a second probe");
    probe.success();
}

#[test]
fn fleet_does_nothing_to_breakers_that_joined_another_one() {
    let mut world = World::new(1, plain);
    let mut second = another_driver(&world, "search");
    second.join(&world.instances[0].breaker);
    let state = SharedState {
        epoch: u64::MAX,
        phase: SharedPhase::Open {
            remaining: Duration::from_secs(10),
        },
        reopened: 0,
        by: None,
    };
    let update = |fleet: &str| Update {
        fleet: fleet.into(),
        breaker: "payments".into(),
        state: state.clone(),
    };
    let first = &mut world.instances[0].driver;
    first.deliver(&update("checkout"));
    assert_eq!(world.state(0), CircuitState::Closed);
    let first = &mut world.instances[0].driver;
    assert!(first.take().operations().is_empty());
    assert_eq!(first.status().breakers, 0);
    second.deliver(&update("search"));
    assert_eq!(world.state(0), CircuitState::Open);
    // And back again.
    world.instances[0].breaker.reset();
    let first = &mut world.instances[0];
    first.driver.join(&first.breaker);
    assert_eq!(first.driver.take().operations().len(), 1);
    assert!(second.take().operations().is_empty());
}

#[test]
fn breaker_that_one_fleet_disabled_is_closed_when_it_joins_another_one() {
    let mut world = World::new(1, |builder| {
        plain(builder).shared(true).on_store_loss(StoreLoss::Closed)
    });
    world.instances[0].is_cut = true;
    world.pass(Duration::from_secs(2));
    assert_eq!(world.state(0), CircuitState::Disabled);
    let mut second = another_driver(&world, "search");
    second.join(&world.instances[0].breaker);
    assert_eq!(world.state(0), CircuitState::Closed);
    world.pass(Duration::from_secs(2));
    assert_eq!(world.state(0), CircuitState::Closed);
}

/// What is to be done at once must not wait for the next look at the breakers.
#[cfg(feature = "config")]
#[test]
fn change_of_settings_wakes_the_fleet() {
    use crate::{
        breaker::{Link, circuit_breakers},
        system::ConfigFile,
        testing::Scope,
    };
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Link for Counting {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn is_alone(&self) -> bool {
            false
        }

        fn probe_wait(&self) -> Duration {
            Duration::ZERO
        }
    }

    let _entered = Scope::new().enter();
    let breaker = circuit_breakers()
        .get_or_create("payments", |code| code.shared(true))
        .unwrap();
    let link = Arc::new(Counting::default());
    breaker
        .shell()
        .join_fleet(Arc::clone(&link) as Arc<dyn Link>);
    let before = link.0.load(Ordering::Relaxed);
    let text = "[breaker.payments]\non_store_loss = \"open\"";
    let file = ConfigFile::parse("gardefou.toml", text).unwrap();
    assert_eq!(file.apply().unwrap().guards, 1);
    assert_eq!(breaker.config().on_store_loss, StoreLoss::Open);
    assert_eq!(link.0.load(Ordering::Relaxed), before + 1);
}
