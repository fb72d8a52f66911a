//! Outcomes, and openings by one instance or by all together.

use super::world::{World, plain};
use crate::{
    breaker::{CircuitState, TransitionReason},
    fleet::Action,
    rng::Rng,
    sync::global::Mutex,
};
use std::{sync::Arc, time::Duration};

#[test]
fn opening_on_one_instance_is_known_to_idle_ones_within_250_ms_without_updates() {
    for seed in 0..50 {
        let mut world = World::new(5, plain);
        // At any moment between two reads.
        world.pass(Duration::from_millis(1000 + seed * 10));
        world.fail(0, 5);
        assert_eq!(world.state(0), CircuitState::Open, "it decides alone");
        let limit = Duration::from_millis(250);
        world.wait_for(limit, |world| world.all_are(CircuitState::Open));
        let snapshot = world.instances[1].breaker.snapshot();
        assert_eq!(
            snapshot.opened_by.as_deref(),
            Some("opened by instance i0 of the fleet")
        );
    }
}

#[test]
fn opening_is_known_at_once_where_changes_are_published() {
    let mut world = World::new(5, plain);
    world.publishes = true;
    for instance in &mut world.instances {
        instance.driver.set_listening(true);
    }
    world.pass(Duration::from_secs(7));
    let sent = world.instances[4].sent.len();
    world.fail(0, 5);
    world.settle();
    assert!(world.all_are(CircuitState::Open));
    assert_eq!(world.instances[4].sent.len(), sent, "no read was needed");
    // An idle instance with updates reads every five seconds.
    let reads = world.instances[4].sent.iter();
    let reads = reads.filter(|(at, _)| *at > Duration::from_secs(1));
    assert_eq!(reads.count(), 1);
}

#[test]
fn failures_of_several_instances_open_the_circuit_together() {
    let mut world = World::new(5, plain);
    for index in 0..5 {
        world.fail(index, 1);
        assert_eq!(world.state(index), CircuitState::Closed);
    }
    let took = world.wait_for(Duration::from_millis(350), |world| {
        world.all_are(CircuitState::Open)
    });
    assert!(took >= Duration::from_millis(10), "{took:?}");
}

#[test]
fn event_of_an_opening_by_the_fleet_has_its_reason() {
    let mut world = World::new(2, plain);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let of_events = Arc::clone(&seen);
    let _subscription =
        world.instances[1]
            .breaker
            .observe(move |event: &crate::event::Event<'_>| {
                if let crate::event::Event::Breaker(event) = event
                    && let crate::event::BreakerEventKind::Transition { reason, to, .. } =
                        event.kind
                {
                    of_events.lock().push((reason, to));
                }
            });
    world.fail(0, 5);
    world.pass(Duration::from_millis(300));
    let expected = [(TransitionReason::Fleet, CircuitState::Open)];
    assert_eq!(*seen.lock(), expected);
}

/// An instance whose own network is broken: the others get answers.
#[test]
fn failures_of_one_instance_do_not_open_the_circuit_while_others_succeed() {
    let mut world = World::new(5, plain);
    for _ in 0..3000 {
        world.fail(0, 1);
        for index in 1..5 {
            world.succeed(index, 1);
            assert_eq!(world.state(index), CircuitState::Closed);
        }
        world.step();
    }
    assert_ne!(world.state(0), CircuitState::Closed, "it is open by itself");
}

/// The same instance opens the circuit of all once none of the others gets an answer.
#[test]
fn opening_that_others_contradicted_counts_when_they_stop() {
    let mut world = World::new(3, plain);
    world.succeed(1, 1);
    world.step();
    world.fail(0, 5);
    world.pass(Duration::from_millis(500));
    assert_eq!(world.state(1), CircuitState::Closed);
    let limit = Duration::from_millis(1000);
    world.wait_for(limit, |world| world.all_are(CircuitState::Open));
}

#[test]
fn failure_rate_counts_the_calls_of_all_instances() {
    let mut world = World::new(4, |builder| {
        plain(builder)
            .failure_rate(0.5)
            .min_calls(20)
            .time_window(Duration::from_secs(10))
    });
    world.succeed(0, 1);
    world.pass(Duration::from_millis(300));
    // Each instance has too few calls to know a rate.
    for index in 0..4 {
        world.succeed(index, 2);
        world.fail(index, 3);
        assert_eq!(world.state(index), CircuitState::Closed);
    }
    let limit = Duration::from_millis(350);
    world.wait_for(limit, |world| world.all_are(CircuitState::Open));
}

#[test]
fn failure_rate_of_one_instance_is_that_of_few_calls_of_the_fleet() {
    let mut world = World::new(4, |builder| {
        plain(builder)
            .failure_rate(0.5)
            .min_calls(10)
            .count_window(100)
    });
    for _ in 0..200 {
        for index in 1..4 {
            world.succeed(index, 1);
        }
        world.fail(0, 1);
        world.step();
    }
    assert_eq!(world.state(0), CircuitState::Open);
    assert_eq!(world.states()[1..], [CircuitState::Closed; 3]);
}

/// At most ten operations a second on average, and a few more where some go at once.
#[test]
fn operations_are_ten_a_second_at_any_load() {
    let mut rng = Rng::seeded(7);
    let mut world = World::new(3, plain);
    world.publishes = true;
    for _ in 0..6000 {
        for index in 0..3 {
            let calls = rng.next_u64() % 40;
            for _ in 0..calls {
                match rng.next_u64() % 3 {
                    0 => world.succeed(index, 1),
                    _ => world.fail(index, 1),
                }
            }
        }
        world.step();
    }
    for instance in &world.instances {
        let sent: Vec<_> = instance.sent.iter().map(|(at, _)| *at).collect();
        for (index, from) in sent.iter().enumerate() {
            for (more, to) in sent[index..].iter().enumerate() {
                let allowed = (*to - *from).as_millis() / 100 + 6;
                assert!(more as u128 <= allowed, "{more} in {:?}", *to - *from);
            }
        }
        assert!(sent.len() > 300, "the load was real");
    }
    let settled = world.instances.iter().flat_map(|instance| &instance.sent);
    let settled = settled.filter(|(_, sent)| matches!(sent.action, Action::Settle { .. }));
    assert!(settled.count() > 5, "circuits opened and were probed");
}

/// Whatever the load, counts of 100 ms go in one operation.
#[test]
fn outcomes_are_reported_in_batches_that_miss_none() {
    let mut world = World::new(1, plain);
    for _ in 0..1000 {
        world.succeed(0, 37);
        world.step();
    }
    world.pass(Duration::from_millis(200));
    let (mut calls, mut reports) = (0, 0);
    for (_, operation) in &world.instances[0].sent {
        if let Action::Report(report) = &operation.action {
            calls += report.success;
            reports += 1;
        }
    }
    assert_eq!(calls, 37_000);
    assert!((95..=101).contains(&reports), "{reports}");
}

#[test]
fn instance_that_starts_while_the_circuit_is_open_finds_it_open() {
    let mut world = World::new(2, plain);
    world.fail(0, 5);
    world.pass(Duration::from_secs(4));
    let new = world.start();
    world.step();
    assert_eq!(world.state(new), CircuitState::Open);
    let remaining = world.instances[new].breaker.snapshot().remaining.unwrap();
    assert!(
        (Duration::from_secs(5)..Duration::from_secs(7)).contains(&remaining),
        "{remaining:?}"
    );
    // And one that starts when the open time is over does not flood the dependency.
    world.pass(Duration::from_secs(8));
    let late = world.start();
    world.step();
    assert_eq!(world.state(late), CircuitState::HalfOpen);
    assert!(world.admit(late).is_none(), "it has no lease yet");
}

#[test]
fn breakers_of_other_fleets_and_other_names_share_nothing() {
    let mut world = World::new(2, plain);
    let other = crate::breaker::CircuitBreaker::builder("search")
        .clock(world.clock.clone())
        .build()
        .unwrap();
    world.instances[1].driver.join(&other);
    world.fail(0, 5);
    world.pass(Duration::from_millis(300));
    assert_eq!(other.state(), CircuitState::Closed);
    assert!(world.all_are(CircuitState::Open));
}

#[test]
fn state_that_the_program_forces_stays() {
    let mut world = World::new(2, plain);
    world.instances[1].breaker.disable();
    world.fail(0, 5);
    world.pass(Duration::from_millis(300));
    assert_eq!(world.state(1), CircuitState::Disabled);
    world.instances[1].breaker.reset();
    world.pass(Duration::from_millis(300));
    assert_eq!(
        world.state(1),
        CircuitState::Closed,
        "the opening was before the reset"
    );
}
