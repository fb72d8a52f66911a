//! Servers that crash, hang, or were never there.

use crate::{
    fleets::Instance,
    servers::{Server, free_port, program, wait_until},
};
use gardefou::breaker::{CircuitState, TransitionReason};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);

fn reset(instances: &[Instance]) {
    for instance in instances {
        instance.breaker.reset();
    }
}

#[test]
fn server_that_crashes_again_and_again_costs_no_call() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let instances = ["a", "b"].map(|name| Instance::start(&server.url(), name, LONG));
    for _ in 0..5 {
        instances.iter().for_each(Instance::wait_until_listening);
        instances[0].fail();
        instances[1].wait_for(CircuitState::Open);
        server.kill();
        reset(&instances);
        for instance in &instances {
            wait_until("the store is lost", || {
                !instance.fleet.status().is_healthy()
            });
            for _ in 0..1000 {
                instance.breaker.try_acquire().unwrap().success();
            }
        }
        server.restart();
        for instance in &instances {
            wait_until("the store is back", || instance.fleet.status().is_healthy());
            wait_until("updates arrive again", || {
                instance.fleet.status().is_listening
            });
            assert_eq!(instance.breaker.state(), CircuitState::Closed);
        }
        // Successes of before: those of others speak against an opening for a second.
        while instances[0].changes.try_recv().is_ok() {}
        while instances[1].changes.try_recv().is_ok() {}
    }
}

#[test]
fn server_that_hangs_costs_no_call_and_is_used_again_when_it_goes_on() {
    let Some(server) = Server::start() else {
        return;
    };
    let recovery = Duration::from_millis(100);
    let instances = ["a", "b"].map(|name| Instance::start(&server.url(), name, recovery));
    instances.iter().for_each(Instance::wait_until_listening);
    server.signal("STOP");
    for instance in &instances {
        wait_until("the store is lost", || {
            !instance.fleet.status().is_healthy()
        });
        let status = instance.fleet.status();
        assert!(
            status.failures > 0 || status.last_error.is_none(),
            "{status:?}"
        );
        instance.fail();
        assert_eq!(
            instance.wait_for(CircuitState::Open),
            TransitionReason::ConsecutiveFailures
        );
        // Without a lease, since there is none.
        instance.probe().success();
        instance.wait_for(CircuitState::Closed);
    }
    server.signal("CONT");
    for instance in &instances {
        wait_until("the store is back", || instance.fleet.status().is_healthy());
        wait_until("updates arrive again", || {
            instance.fleet.status().is_listening
        });
    }
    instances[0].fail();
    instances[0].wait_for(CircuitState::Open);
    assert_eq!(
        instances[1].wait_for(CircuitState::Open),
        TransitionReason::Fleet
    );
}

#[test]
fn program_starts_before_its_server() {
    let Some(_) = program() else {
        return;
    };
    let port = free_port();
    let instance = Instance::start(&format!("redis://127.0.0.1:{port}/"), "a", LONG);
    instance.fail();
    assert_eq!(instance.breaker.state(), CircuitState::Open);
    wait_until("the store is lost", || {
        !instance.fleet.status().is_healthy()
    });
    let status = instance.fleet.status();
    assert!(status.last_error.is_some(), "{status:?}");
}
