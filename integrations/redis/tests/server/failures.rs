//! Servers that crash, hang, or were never there.

use crate::{
    fleets::Instance,
    servers::{Server, free_port, program, wait_until},
};
use gardefou::{
    breaker::{CircuitState, TransitionReason},
    fleet::{Action, Operation, Store},
};
use gardefou_redis::RedisStore;
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

#[test]
fn server_that_becomes_a_replica_is_lost_until_it_is_a_master_again() {
    let Some(server) = Server::start() else {
        return;
    };
    let instances = ["a", "b"].map(|name| Instance::start(&server.url(), name, LONG));
    instances.iter().for_each(Instance::wait_until_listening);
    let role = |host: &str, port: &str| {
        let mut command = redis::cmd("REPLICAOF");
        command
            .arg(host)
            .arg(port)
            .exec(&mut server.connect())
            .unwrap();
    };
    // Of a master that is away: it refuses to write, and answers what reads.
    role("127.0.0.1", "1");
    for instance in &instances {
        wait_until("the store is lost", || {
            !instance.fleet.status().is_healthy()
        });
        let failures = instance.fleet.status().failures;
        assert!(failures > 0);
        let reason = instance.fleet.status().last_error.unwrap();
        assert!(reason.contains("read only replica"), "{reason}");
        // Not for a moment alone: what reads fails too, again and again.
        wait_until("operations fail", || {
            assert!(!instance.fleet.status().is_healthy());
            instance.fleet.status().failures >= failures + 3
        });
        instance.fail();
        assert_eq!(
            instance.wait_for(CircuitState::Open),
            TransitionReason::ConsecutiveFailures
        );
        instance.breaker.reset();
    }
    role("NO", "ONE");
    for instance in &instances {
        wait_until("the store is back", || instance.fleet.status().is_healthy());
        wait_until("updates arrive again", || {
            instance.fleet.status().is_listening
        });
        let status = instance.fleet.status();
        wait_until("operations succeed again", || {
            instance.fleet.status().operations > status.operations
        });
        assert_eq!(instance.fleet.status().failures, status.failures);
    }
}

#[test]
fn link_to_a_server_that_refuses_to_write_is_replaced() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = RedisStore::builder(server.url()).build().unwrap();
    let read = [Operation {
        fleet: "checkout".into(),
        breaker: "payments".into(),
        instance: "a".into(),
        longest_open: LONG,
        lease_time: LONG,
        action: Action::Read,
    }];
    let accepted = || {
        let info: String = redis::cmd("INFO")
            .arg("stats")
            .query(&mut server.connect())
            .unwrap();
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix("total_connections_received:"));
        line.unwrap().parse::<u32>().unwrap()
    };
    assert!(store.run(&read)[0].is_ok());
    let set = |to: [&str; 2]| redis::cmd("REPLICAOF").arg(&to).exec(&mut server.connect());
    set(["127.0.0.1", "1"]).unwrap();
    let before = accepted();
    for _ in 0..3 {
        assert!(store.run(&read)[0].is_err());
    }
    // Two new ones after the first failure, and that which asks.
    assert_eq!(accepted(), before + 3);
    set(["NO", "ONE"]).unwrap();
    assert!(store.run(&read)[0].is_ok());
    let before = accepted();
    assert!(store.run(&read)[0].is_ok());
    assert_eq!(accepted(), before + 1);
}
