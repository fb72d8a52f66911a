//! The lease of the probe.

use super::world::{STEP, World, plain};
use crate::{
    breaker::{CircuitState, Permit},
    fleet::{Action, ProbeOutcome},
    rng::Rng,
};
use std::time::Duration;

/// Opens the circuit of all instances, and lets the open time pass while calls are rejected.
fn opened(instances: usize) -> World {
    let mut world = World::new(instances, plain);
    world.fail(0, 5);
    world.pass(Duration::from_millis(300));
    assert!(world.all_are(CircuitState::Open));
    world
}

fn reject_all(world: &World) {
    for index in 0..world.instances.len() {
        assert!(world.admit(index).is_none());
    }
}

fn wait_for_a_probe(world: &mut World, limit: Duration) -> (usize, Permit) {
    let begin = world.now;
    loop {
        for index in 0..world.instances.len() {
            if let Some(permit) = world.admit(index) {
                return (index, permit);
            }
        }
        assert!(world.now - begin < limit, "no probe within {limit:?}");
        world.step();
    }
}

#[test]
fn one_probe_runs_in_the_whole_fleet_and_its_success_closes_all() {
    let mut world = opened(8);
    reject_all(&world);
    let (owner, permit) = wait_for_a_probe(&mut world, Duration::from_secs(12));
    for _ in 0..900 {
        // Longer than a lease: the owner extends it.
        for index in 0..8 {
            assert!(
                world.admit(index).is_none(),
                "a second probe runs on {index}"
            );
        }
        world.step();
    }
    permit.success();
    assert_eq!(world.state(owner), CircuitState::Closed);
    let took = world.wait_for(Duration::from_millis(250), |world| {
        world.all_are(CircuitState::Closed)
    });
    assert!(took > Duration::ZERO);
}

#[test]
fn failed_probe_opens_all_again_for_longer() {
    let mut world = World::new(4, |builder| plain(builder).recovery_backoff(3.0));
    world.fail(0, 5);
    world.pass(Duration::from_millis(300));
    reject_all(&world);
    let (_, permit) = wait_for_a_probe(&mut world, Duration::from_secs(12));
    permit.failure();
    world.pass(Duration::from_millis(300));
    assert!(world.all_are(CircuitState::Open));
    for instance in &world.instances {
        let snapshot = instance.breaker.snapshot();
        assert_eq!(snapshot.failed_recoveries, 1);
        assert!(snapshot.remaining.unwrap() > Duration::from_secs(29));
    }
    // Whoever probes next knows how often recovery has failed.
    reject_all(&world);
    let (_, permit) = wait_for_a_probe(&mut world, Duration::from_secs(40));
    permit.failure();
    world.pass(Duration::from_millis(300));
    for instance in &world.instances {
        let snapshot = instance.breaker.snapshot();
        assert_eq!(snapshot.failed_recoveries, 2);
        assert!(snapshot.remaining.unwrap() > Duration::from_secs(89));
    }
}

#[test]
fn lease_of_a_killed_owner_expires() {
    let mut world = opened(3);
    reject_all(&world);
    let (owner, permit) = wait_for_a_probe(&mut world, Duration::from_secs(12));
    // Killed: it neither ends its probe nor extends its lease.
    std::mem::forget(permit);
    let killed = world.instances.remove(owner);
    let at = world.now;
    world.pass(Duration::from_millis(500));
    for index in 0..2 {
        assert!(world.admit(index).is_none());
    }
    let (_, permit) = wait_for_a_probe(&mut world, Duration::from_secs(6));
    let took = world.now - at;
    assert!(
        took >= Duration::from_secs(4),
        "{took:?}: the lease was good still"
    );
    permit.success();
    world.pass(Duration::from_millis(250));
    assert!(world.all_are(CircuitState::Closed));
    drop(killed);
}

#[test]
fn lease_that_is_not_used_goes_to_an_instance_with_calls() {
    let mut world = opened(2);
    // The first one had a call that was rejected, and no other after it.
    assert!(world.admit(0).is_none());
    world.pass(Duration::from_secs(12));
    assert!(world.instances[0].driver.status().leases > 0);
    let begin = world.now;
    let permit = loop {
        if let Some(permit) = world.admit(1) {
            break permit;
        }
        assert!(world.now - begin < Duration::from_secs(12), "never");
        world.step();
    };
    permit.success();
    world.pass(Duration::from_millis(250));
    assert!(world.all_are(CircuitState::Closed));
}

#[test]
fn instance_with_a_call_now_and_then_probes_in_the_end() {
    let mut world = opened(1);
    for _ in 0..3 {
        if let Some(permit) = world.admit(0) {
            permit.success();
            return assert_eq!(world.state(0), CircuitState::Closed);
        }
        // Longer than a lease lasts.
        world.pass(Duration::from_secs(17));
    }
    panic!("the lease is never there when a call comes");
}

#[test]
fn several_probes_close_a_circuit_one_after_another() {
    let mut world = World::new(3, |builder| {
        plain(builder).success_threshold(3).half_open_max_calls(3)
    });
    world.fail(0, 5);
    world.pass(Duration::from_millis(300));
    reject_all(&world);
    let (owner, permit) = wait_for_a_probe(&mut world, Duration::from_secs(12));
    assert!(world.admit(owner).is_none(), "one at a time");
    permit.success();
    for _ in 0..2 {
        let (next, permit) = wait_for_a_probe(&mut world, Duration::from_secs(1));
        assert_eq!(next, owner, "the lease is good still");
        permit.success();
    }
    world.pass(Duration::from_millis(300));
    assert!(world.all_are(CircuitState::Closed));
}

#[test]
fn probe_that_hangs_opens_all_again() {
    let mut world = opened(3);
    reject_all(&world);
    let (owner, _permit) = wait_for_a_probe(&mut world, Duration::from_secs(12));
    // Twice the half-open time, which is the open time: no other call comes to that instance.
    world.pass(Duration::from_millis(20_500));
    assert_eq!(world.state(owner), CircuitState::Open);
    let settled = world.instances[owner].sent.iter().any(|(_, sent)| {
        matches!(
            sent.action,
            Action::Settle {
                outcome: ProbeOutcome::Failure,
                ..
            }
        )
    });
    assert!(settled);
}

/// Random calls, outages and losses of the store: where the store can be reached by all, at most one probe runs.
#[test]
fn never_do_two_probes_run_at_once_under_random_calls() {
    for seed in 0..20 {
        let mut rng = Rng::seeded(seed);
        let mut world = opened(6);
        world.publishes = seed.is_multiple_of(2);
        let mut running: Vec<(usize, Permit, Duration, u64)> = Vec::new();
        let mut is_down = true;
        let mut probes = 0;
        for _ in 0..12_000 {
            if rng.next_u64().is_multiple_of(1500) {
                is_down = !is_down;
            }
            for index in 0..6 {
                if !rng.next_u64().is_multiple_of(10) {
                    continue;
                }
                let before = world.state(index);
                let Some(permit) = world.admit(index) else {
                    continue;
                };
                match before {
                    CircuitState::Closed if is_down => permit.failure(),
                    CircuitState::Closed => permit.success(),
                    // The circuit is open there alone.
                    _ if world.is_closed_in_store() => drop(permit),
                    _ => {
                        probes += 1;
                        let end = world.now + STEP * (1 + rng.next_u64() % 900) as u32;
                        let generation = world.instances[index].breaker.snapshot().generation;
                        running.push((index, permit, end, generation));
                    }
                }
            }
            // A probe that hung may run still: its half-open state is over.
            let alive = running.iter().filter(|(index, _, _, generation)| {
                let snapshot = world.instances[*index].breaker.snapshot();
                snapshot.state == CircuitState::HalfOpen && snapshot.generation == *generation
            });
            let alive: Vec<_> = alive
                .map(|(index, _, _, generation)| (*index, *generation))
                .collect();
            assert!(
                alive.len() <= 1,
                "seed {seed}: two probes at {:?}",
                world.now
            );
            let mut index = 0;
            while index < running.len() {
                if running[index].2 > world.now {
                    index += 1;
                    continue;
                }
                let (_, permit, ..) = running.swap_remove(index);
                match (rng.next_u64() % 8, is_down) {
                    (0, _) => drop(permit),
                    (_, true) => permit.failure(),
                    (_, false) => permit.success(),
                }
            }
            world.step();
        }
        assert!(probes > 2, "seed {seed}: {probes} probes");
    }
}
