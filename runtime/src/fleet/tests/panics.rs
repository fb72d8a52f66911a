//! Log subscribers that panic.

use super::world::{World, plain};
use crate::breaker::{CircuitState, StoreLoss};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};
use tracing::{Event, Metadata, Subscriber, span, subscriber::with_default};

/// A log that panics.
struct Panics;

impl Subscriber for Panics {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {
        panic!("the disk is full");
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn log_that_panics_disturbs_no_fleet() {
    let mut world = World::new(3, |builder| {
        plain(builder).shared(true).on_store_loss(StoreLoss::Closed)
    });
    with_default(Panics, || {
        for instance in &mut world.instances {
            instance.is_cut = true;
        }
        world.pass(Duration::from_secs(2));
        assert!(world.all_are(CircuitState::Disabled));
        for instance in &mut world.instances {
            instance.is_cut = false;
        }
        world.pass(Duration::from_secs(7));
        assert!(world.all_are(CircuitState::Closed));
        // What a call logs on its own thread is another matter.
        let _ = catch_unwind(AssertUnwindSafe(|| world.fail(0, 5)));
        world.pass(Duration::from_millis(300));
        assert!(world.all_are(CircuitState::Open));
    });
}

#[test]
fn log_that_panics_at_the_end_of_a_fleet_is_contained_too() {
    let mut world = World::new(1, |builder| {
        plain(builder).shared(true).on_store_loss(StoreLoss::Closed)
    });
    world.instances[0].is_cut = true;
    world.pass(Duration::from_secs(2));
    assert_eq!(world.state(0), CircuitState::Disabled);
    let instance = world.instances.remove(0);
    with_default(Panics, || drop(instance.driver));
    assert_eq!(instance.breaker.state(), CircuitState::Closed);
}
