//! The state in a store, on clocks that jump.

use crate::{
    breaker::BreakerConfig,
    fleet::{
        Action, Lease, Operation, ProbeOutcome, Report, Rule, SharedPhase, circuit::SharedCircuit,
    },
};
use std::time::Duration;

const HOUR: u64 = 3_600_000;
const START: u64 = 1_000 * HOUR;

fn operation(instance: &str, action: Action) -> Operation {
    Operation {
        fleet: "checkout".into(),
        breaker: "payments".into(),
        instance: instance.into(),
        longest_open: Duration::from_secs(60),
        lease_time: Duration::from_secs(5),
        action,
    }
}

fn failures(instance: &str, calls: u64) -> Operation {
    let report = Report {
        success: 0,
        failure: calls,
        slow: 0,
        row: u32::try_from(calls).unwrap(),
        rule: Rule::of(&BreakerConfig::default()),
        open_for: Duration::from_secs(30),
    };
    operation(instance, Action::Report(report))
}

fn settle(instance: &str, outcome: ProbeOutcome) -> Operation {
    let open_for = Duration::from_secs(40);
    operation(instance, Action::Settle { outcome, open_for })
}

fn opened() -> SharedCircuit {
    let mut circuit = SharedCircuit::default();
    let reply = circuit.apply_at(START, &failures("a", 5));
    assert!(reply.has_changed);
    circuit
}

fn remaining(circuit: &mut SharedCircuit, now: u64) -> u64 {
    match circuit
        .apply_at(now, &operation("b", Action::Read))
        .state
        .phase
    {
        SharedPhase::Open { remaining } => remaining.as_millis() as u64,
        SharedPhase::HalfOpen => 0,
        SharedPhase::Closed => panic!("closed"),
    }
}

#[test]
fn clock_that_is_set_back_never_makes_an_open_time_longer_than_the_longest() {
    let mut circuit = opened();
    assert_eq!(remaining(&mut circuit, START), 30_000);
    // A replica took over whose clock is an hour behind.
    let back = START - HOUR;
    assert_eq!(remaining(&mut circuit, back), 60_000);
    // And the time runs: the bound was applied once, not at each look.
    assert_eq!(remaining(&mut circuit, back + 59_000), 1_000);
    assert_eq!(remaining(&mut circuit, back + 60_000), 0);
}

#[test]
fn clock_that_is_set_forward_ends_an_open_time() {
    let mut circuit = opened();
    assert_eq!(remaining(&mut circuit, START + HOUR), 0);
}

#[test]
fn clock_that_is_set_back_never_makes_a_lease_longer() {
    let mut circuit = opened();
    let now = START + 30_000;
    let granted = circuit.apply_at(now, &operation("a", Action::Lease));
    assert_eq!(granted.lease, Some(Lease::Granted));
    let held = circuit.apply_at(now, &operation("b", Action::Lease));
    assert_eq!(held.lease, Some(Lease::Held(Duration::from_secs(5))));
    let back = now - HOUR;
    // Open again for a while, as the clock has not come to the end; then the lease is held for five seconds at most.
    let denied = circuit.apply_at(back, &operation("b", Action::Lease));
    assert_eq!(denied.lease, None);
    let later = back + 60_000;
    let granted = circuit.apply_at(later, &operation("b", Action::Lease));
    assert_eq!(granted.lease, Some(Lease::Granted));
}

#[test]
fn operation_of_an_instance_with_shorter_leases_cuts_none() {
    let mut circuit = opened();
    let now = START + 30_000;
    circuit.apply_at(now, &operation("a", Action::Lease));
    for action in [Action::Read, Action::Lease] {
        let mut other = operation("b", action);
        other.lease_time = Duration::from_secs(1);
        circuit.apply_at(now, &other);
    }
    let denied = circuit.apply_at(now + 4_000, &operation("b", Action::Lease));
    assert_eq!(denied.lease, Some(Lease::Held(Duration::from_secs(1))));
}

#[test]
fn epoch_grows_with_each_change_whatever_the_clock_says() {
    let mut circuit = opened();
    let mut epochs = vec![circuit.state_at(START).epoch];
    let mut now = START;
    for _ in 0..10 {
        now -= 2 * HOUR;
        circuit.apply_at(now, &operation("a", Action::Read));
        now += 60_000;
        circuit.apply_at(now, &operation("a", Action::Lease));
        circuit.apply_at(now, &settle("a", ProbeOutcome::Failure));
        epochs.push(circuit.state_at(now).epoch);
    }
    assert!(epochs.is_sorted_by(|a, b| a < b), "{epochs:?}");
}

#[test]
fn only_the_owner_of_the_lease_settles() {
    let mut circuit = opened();
    let now = START + 30_000;
    circuit.apply_at(now, &operation("a", Action::Lease));
    assert!(
        !circuit
            .apply_at(now, &settle("b", ProbeOutcome::Success))
            .has_changed
    );
    // The lease of `a` ends, and `b` takes it: `a` comes too late.
    let now = now + 5_000;
    let taken = circuit.apply_at(now, &operation("b", Action::Lease));
    assert_eq!(taken.lease, Some(Lease::Granted));
    assert!(
        !circuit
            .apply_at(now, &settle("a", ProbeOutcome::Failure))
            .has_changed
    );
    let closed = circuit.apply_at(now, &settle("b", ProbeOutcome::Success));
    assert_eq!(closed.state.phase, SharedPhase::Closed);
    assert!(closed.has_changed);
    // Nothing is left to settle.
    assert!(
        !circuit
            .apply_at(now, &settle("b", ProbeOutcome::Failure))
            .has_changed
    );
}

#[test]
fn released_lease_is_free_at_once() {
    let mut circuit = opened();
    let now = START + 30_000;
    circuit.apply_at(now, &operation("a", Action::Lease));
    circuit.apply_at(now, &settle("a", ProbeOutcome::Released));
    let granted = circuit.apply_at(now, &operation("b", Action::Lease));
    assert_eq!(granted.lease, Some(Lease::Granted));
}

#[test]
fn state_that_nobody_asks_for_expires() {
    let mut circuit = SharedCircuit::default();
    assert!(circuit.has_expired_at(START), "never written");
    circuit.apply_at(START, &failures("a", 1));
    assert!(!circuit.has_expired_at(START + 60_000));
    assert!(circuit.has_expired_at(START + HOUR));
}

#[test]
fn open_time_of_a_report_is_bounded() {
    let mut circuit = SharedCircuit::default();
    let mut report = failures("a", 5);
    if let Action::Report(report) = &mut report.action {
        report.open_for = Duration::MAX;
    }
    let remaining_of = Duration::from_secs(60);
    let reply = circuit.apply_at(START, &report);
    assert_eq!(
        reply.state.phase,
        SharedPhase::Open {
            remaining: remaining_of
        }
    );
    assert_eq!(remaining(&mut circuit, START), 60_000);
}
