//! Several fleets of this process, each in the place of an instance.

use crate::servers::{PATIENCE, Server, wait_until};
use gardefou::{
    breaker::{CircuitBreaker, CircuitState, TransitionReason},
    event::BreakerEventKind,
    fleet::Fleet,
    rate_limit::RateLimiter,
};
use gardefou_redis::RedisStore;
use std::{
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

pub(crate) struct Instance {
    pub(crate) breaker: CircuitBreaker,
    pub(crate) fleet: Fleet,
    /// The changes of state.
    pub(crate) changes: Receiver<(CircuitState, TransitionReason)>,
}

impl Instance {
    pub(crate) fn start(url: &str, name: &str, recovery: Duration) -> Self {
        let (sender, changes) = channel();
        let breaker = CircuitBreaker::builder("payments")
            .failure_threshold(3)
            .recovery_timeout(recovery)
            // A probe that is held hangs for no test.
            .half_open_timeout(PATIENCE)
            .on_transition(move |event| {
                if let BreakerEventKind::Transition { to, reason, .. } = event.kind {
                    let _ = sender.send((to, reason));
                }
            })
            .build()
            .unwrap();
        let store = RedisStore::builder(url).build().unwrap();
        let fleet = Fleet::builder("checkout").instance(name).store(store);
        let fleet = fleet.lease_time(Duration::from_secs(3)).start().unwrap();
        fleet.join(&breaker);
        Self {
            breaker,
            fleet,
            changes,
        }
    }

    pub(crate) fn wait_for(&self, state: CircuitState) -> TransitionReason {
        loop {
            let (to, reason) = self.changes.recv_timeout(PATIENCE).unwrap();
            if to == state {
                return reason;
            }
        }
    }

    pub(crate) fn fail(&self) {
        for _ in 0..3 {
            if let Ok(permit) = self.breaker.try_acquire() {
                permit.failure();
            }
        }
    }

    /// Calls until a probe is admitted.
    pub(crate) fn probe(&self) -> gardefou::breaker::Permit {
        let mut permit = None;
        wait_until("a probe", || {
            permit = self.breaker.try_acquire().ok();
            permit.is_some()
        });
        permit.unwrap()
    }

    pub(crate) fn wait_until_listening(&self) {
        wait_until("updates arrive", || {
            let status = self.fleet.status();
            status.is_listening && status.operations > 0
        });
    }
}

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn opening_and_closing_of_one_instance_are_those_of_all() {
    let Some(server) = Server::start() else {
        return;
    };
    let recovery = Duration::from_millis(300);
    let instances = ["a", "b", "c"].map(|name| Instance::start(&server.url(), name, recovery));
    instances.iter().for_each(Instance::wait_until_listening);
    for round in 0..5 {
        instances[0].fail();
        let reason = instances[0].wait_for(CircuitState::Open);
        assert_eq!(reason, TransitionReason::ConsecutiveFailures);
        for other in &instances[1..] {
            assert_eq!(other.wait_for(CircuitState::Open), TransitionReason::Fleet);
        }
        let cause = instances[1].breaker.snapshot().opened_by;
        assert_eq!(cause.as_deref(), Some("opened by instance a of the fleet"));
        // Another one probes, and fails in every other round.
        if round % 2 == 1 {
            instances[1].probe().failure();
            assert_eq!(
                instances[1].wait_for(CircuitState::Open),
                TransitionReason::ProbeFailed
            );
        }
        instances[2].probe().success();
        for instance in &instances {
            instance.wait_for(CircuitState::Closed);
        }
    }
    for instance in &instances {
        let status = instance.fleet.status();
        assert_eq!((status.failures, status.last_error), (0, None));
    }
}

/// How long it takes until an opening is known to the others. The limit is that of a machine that does nothing else: it is
/// checked by the step that sets the variable, with open times that leave every operation its turn. Shorter ones let an
/// opening follow upon the closing before at once.
#[test]
fn opening_is_known_within_a_quarter_of_a_second() {
    let Some(server) = Server::start() else {
        return;
    };
    let measures = std::env::var_os("GARDEFOU_TEST_MEASURE").is_some();
    let (rounds, recovery) = if measures { (100, 400) } else { (20, 20) };
    let recovery = Duration::from_millis(recovery);
    let instances = ["a", "b", "c"].map(|name| Instance::start(&server.url(), name, recovery));
    instances.iter().for_each(Instance::wait_until_listening);
    let mut times = Vec::new();
    for _ in 0..rounds {
        #[expect(clippy::disallowed_methods, reason = "measures the real time")]
        let begin = Instant::now();
        instances[0].fail();
        for other in &instances[1..] {
            other.wait_for(CircuitState::Open);
            times.push(begin.elapsed());
        }
        instances[0].probe().success();
        for instance in &instances {
            instance.wait_for(CircuitState::Closed);
        }
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    eprintln!(
        "opening known: p50 {:?}, p99 {:?}, most {:?}",
        at(50),
        at(99),
        at(100)
    );
    if measures {
        assert!(at(99) < Duration::from_millis(250), "{:?}", at(99));
    }
}

#[test]
fn scripts_that_were_flushed_are_loaded_again() {
    let Some(server) = Server::start() else {
        return;
    };
    let instances = ["a", "b"].map(|name| Instance::start(&server.url(), name, LONG));
    instances.iter().for_each(Instance::wait_until_listening);
    let mut connection = server.connect();
    let () = redis::cmd("SCRIPT")
        .arg("FLUSH")
        .query(&mut connection)
        .unwrap();
    instances[0].fail();
    assert_eq!(
        instances[1].wait_for(CircuitState::Open),
        TransitionReason::Fleet
    );
    assert_eq!(instances[0].fleet.status().failures, 0);
}

#[test]
fn state_that_was_evicted_is_closed() {
    let Some(server) = Server::start() else {
        return;
    };
    let instances = ["a", "b"].map(|name| Instance::start(&server.url(), name, LONG));
    instances.iter().for_each(Instance::wait_until_listening);
    instances[0].fail();
    instances[1].wait_for(CircuitState::Open);
    let mut connection = server.connect();
    let deleted: u32 = redis::cmd("DEL")
        .arg("gardefou:{checkout/payments}:v1:circuit")
        .query(&mut connection)
        .unwrap();
    assert_eq!(deleted, 1);
    assert_eq!(
        instances[1].wait_for(CircuitState::Closed),
        TransitionReason::Fleet
    );
    assert_eq!(
        instances[0].breaker.state(),
        CircuitState::Open,
        "it saw the failures"
    );
}

#[test]
fn keys_and_messages_of_another_version_change_nothing() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut connection = server.connect();
    let other = "gardefou:{checkout/payments}:v2:circuit";
    let () = redis::cmd("SET")
        .arg(other)
        .arg("of a later version")
        .query(&mut connection)
        .unwrap();
    let instances = ["a", "b"].map(|name| Instance::start(&server.url(), name, LONG));
    instances.iter().for_each(Instance::wait_until_listening);
    let update = "9999999999999\n1\n60000\n0\nz\ncheckout\npayments";
    for (channel, message) in [
        ("gardefou:v2:updates", update),
        ("gardefou:v1:updates", "what a later version says"),
    ] {
        let heard: u32 = redis::cmd("PUBLISH")
            .arg(channel)
            .arg(message)
            .query(&mut connection)
            .unwrap();
        assert_eq!(heard, if channel.contains("v1") { 2 } else { 0 });
    }
    // A change that comes after them.
    instances[0].fail();
    assert_eq!(
        instances[1].wait_for(CircuitState::Open),
        TransitionReason::Fleet
    );
    assert_eq!(
        instances[0].wait_for(CircuitState::Open),
        TransitionReason::ConsecutiveFailures
    );
    let kept: String = redis::cmd("GET").arg(other).query(&mut connection).unwrap();
    assert_eq!(kept, "of a later version");
}

#[test]
fn key_of_another_type_is_an_error_that_one_breaker_has() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut connection = server.connect();
    let key = "gardefou:{checkout/payments}:v1:circuit";
    let () = redis::cmd("SET")
        .arg(key)
        .arg("no hash")
        .query(&mut connection)
        .unwrap();
    let instance = Instance::start(&server.url(), "a", LONG);
    let search = CircuitBreaker::builder("search").build().unwrap();
    instance.fleet.join(&search);
    wait_until("an error", || {
        let status = instance.fleet.status();
        status.operations > 3 && status.failures > 3
    });
    assert!(
        instance.fleet.status().is_healthy(),
        "the other breaker has its store"
    );
    instance.fail();
    assert_eq!(
        instance.breaker.state(),
        CircuitState::Open,
        "it decides alone"
    );
}

#[test]
fn user_with_the_documented_permissions_does() {
    let Some(server) = Server::start() else {
        return;
    };
    let readme = include_str!("../../README.md");
    let rules = readme.split_once("user needs `").unwrap().1;
    let rules = rules.split_once('`').unwrap().0;
    let mut connection = server.connect();
    let mut command = redis::cmd("ACL");
    command.arg("SETUSER").arg("fleet").arg("on").arg(">secret");
    for rule in rules.split_whitespace() {
        command.arg(rule);
    }
    let () = command.query(&mut connection).unwrap();
    let url = server.url().replace("redis://", "redis://fleet:secret@");
    let instances = ["a", "b"].map(|name| Instance::start(&url, name, LONG));
    instances.iter().for_each(Instance::wait_until_listening);
    instances[0].fail();
    assert_eq!(
        instances[1].wait_for(CircuitState::Open),
        TransitionReason::Fleet
    );
    // Every command of the other script, also those for instances that are gone and for a clock that was set back.
    let limiter = RateLimiter::builder("geocoder")
        .rate("100/h")
        .build()
        .unwrap();
    instances[0].fleet.join_limiter(&limiter);
    wait_until("permits of the store", || {
        limiter.snapshot().available == 25
    });
    let holders = "gardefou:{checkout/geocoder}:v1:limit:holders";
    for (score, name) in [(1.0, "gone"), (1e18, "ahead")] {
        let () = redis::cmd("ZADD")
            .arg(holders)
            .arg(score)
            .arg(name)
            .query(&mut connection)
            .unwrap();
    }
    let operations = instances[0].fleet.status().operations;
    limiter.drain();
    wait_until("permits, of three instances", || {
        limiter.snapshot().available > 0
    });
    let () = redis::cmd("DEL")
        .arg(holders)
        .query(&mut connection)
        .unwrap();
    limiter.drain();
    wait_until("another answer", || {
        instances[0].fleet.status().operations > operations + 4
    });
    assert_eq!(instances[0].fleet.status().failures, 0);
    // And no other user does.
    let wrong = server.url().replace("redis://", "redis://fleet:wrong@");
    let instance = Instance::start(&wrong, "c", LONG);
    wait_until("it is refused", || {
        instance.fleet.status().last_error.is_some()
    });
    let text = format!("{:?}", instance.fleet.status());
    assert!(!text.contains("wrong"), "the password is not shown: {text}");
}
