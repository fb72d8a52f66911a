//! Breakers whose clock is exchanged or set back, for example by tests that pause the time of
//! tokio.

use gardefou::{
    breaker::{CircuitBreaker, CircuitState},
    time::{Clock, Tick},
};
use gardefou_tests::testkit::runtime::one_thread;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const HOUR: Duration = Duration::from_secs(3600);

/// Runs a test under tokio's paused clock, an hour ahead of the real one.
fn an_hour_ahead(test: impl FnOnce()) {
    let runtime = one_thread();
    runtime.block_on(async {
        tokio::time::advance(HOUR).await;
        test();
    });
}

fn fails(breaker: &CircuitBreaker) {
    breaker.try_acquire().unwrap().failure();
}

#[test]
fn circuit_opened_under_paused_time_is_probed_under_the_real_one() {
    let breaker = CircuitBreaker::builder("time lines: open")
        .failure_threshold(2)
        .recovery_timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    an_hour_ahead(|| {
        (0..2).for_each(|_| fails(&breaker));
        assert_eq!(breaker.state(), CircuitState::Open);
        assert!(
            breaker.try_acquire().is_err(),
            "the time line on which it was opened"
        );
    });
    breaker.try_acquire().unwrap().success();
    assert_eq!(breaker.state(), CircuitState::Closed);
    // From now on the breaker measures by the real clock.
    (0..2).for_each(|_| fails(&breaker));
    assert!(breaker.try_acquire().is_err());
    an_hour_ahead(|| assert!(breaker.try_acquire().is_ok()));
}

#[test]
fn failures_under_paused_time_are_not_in_the_window_of_the_real_one() {
    let breaker = CircuitBreaker::builder("time lines: window")
        .time_window(Duration::from_secs(60))
        .failure_rate(0.5)
        .min_calls(4)
        .build()
        .unwrap();
    an_hour_ahead(|| (0..3).for_each(|_| fails(&breaker)));
    fails(&breaker);
    assert_eq!(breaker.state(), CircuitState::Closed);
    (0..3).for_each(|_| fails(&breaker));
    assert_eq!(breaker.state(), CircuitState::Open);
}

/// A clock that a test sets, also back; queued readings come first.
#[derive(Clone, Debug, Default)]
struct Settable(Arc<AtomicU64>, Arc<Mutex<Vec<u64>>>);

impl Settable {
    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for Settable {
    fn now(&self) -> Tick {
        let seconds = self
            .1
            .lock()
            .unwrap()
            .pop()
            .unwrap_or_else(|| self.0.load(Ordering::Relaxed));
        Tick::from_nanos(seconds * 1_000_000_000)
    }

    fn sleep(&self, _: Duration) {}
}

/// A thread that read the clock before another thread opened the circuit.
#[test]
fn reading_that_was_late_does_not_end_the_open_time() {
    let clock = Settable::default();
    clock.set(1000);
    let breaker = CircuitBreaker::builder("time lines: late")
        .clock(clock.clone())
        .failure_threshold(1)
        .build()
        .unwrap();
    fails(&breaker);
    clock.1.lock().unwrap().push(999);
    assert!(breaker.try_acquire().is_err());
    assert!(clock.1.lock().unwrap().is_empty() && breaker.state() == CircuitState::Open);
    clock.set(999);
    assert!(breaker.try_acquire().is_ok());
}

#[test]
fn limit_of_a_half_open_state_is_measured_again() {
    let clock = Settable::default();
    clock.set(100_000);
    let breaker = CircuitBreaker::builder("time lines: half-open")
        .clock(clock.clone())
        .failure_threshold(1)
        .recovery_timeout(Duration::from_secs(30))
        .half_open_timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    fails(&breaker);
    clock.set(100_030);
    breaker.try_acquire().unwrap().ignore();
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    clock.set(50);
    let hangs = breaker.try_acquire().unwrap();
    clock.set(50 + 60);
    assert!(breaker.try_acquire().is_err(), "the probe hangs");
    assert_eq!(breaker.state(), CircuitState::Open);
    drop(hangs);
}

#[test]
fn shorter_limit_leaves_that_of_a_half_open_state_as_it_is() {
    let clock = Settable::default();
    let breaker = CircuitBreaker::builder("time lines: shorter")
        .clock(clock.clone())
        .failure_threshold(1)
        .recovery_timeout(Duration::from_secs(30))
        .half_open_timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    fails(&breaker);
    clock.set(30);
    let hangs = breaker.try_acquire().unwrap();
    breaker
        .reconfigure(|now| now.half_open_timeout(Duration::from_secs(1)))
        .unwrap();
    clock.set(31);
    breaker.try_acquire().unwrap().ignore();
    clock.set(32);
    breaker.try_acquire().unwrap().ignore();
    assert_eq!(
        breaker.state(),
        CircuitState::HalfOpen,
        "its limit was set when it began"
    );
    clock.set(90);
    assert!(breaker.try_acquire().is_err(), "the probe hangs");
    drop(hangs);
}
