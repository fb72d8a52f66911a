//! Interleavings of two or three threads, explored by loom:
//! `RUSTFLAGS="--cfg loom" cargo test -p gardefou --lib --no-default-features loom`.

use crate::{
    breaker::{
        builder::BreakerBuilder,
        cause::CauseText,
        counters::{Counter, Counters},
        handle::{BreakerSubscription, CircuitBreaker},
        shell::Shell,
    },
    classify::Verdict,
    event::{BreakerEventKind, CircuitState, Event},
    rng::Rng,
    time::{ManualClock, SharedClock},
};
use ::loom::thread;
use std::{
    panic::Location,
    sync::{Arc, Mutex},
    time::Duration,
};

const SECOND: Duration = Duration::from_secs(1);

struct Watched {
    clock: ManualClock,
    breaker: CircuitBreaker,
    changes: Arc<Mutex<Vec<(CircuitState, CircuitState)>>>,
    _subscription: BreakerSubscription,
}

fn watched(configure: impl FnOnce(BreakerBuilder) -> BreakerBuilder) -> Watched {
    let clock = ManualClock::new();
    let builder = configure(CircuitBreaker::builder("loom"));
    let config = builder.resolve().unwrap();
    let shared_clock = SharedClock::new(clock.clone());
    let shell = Shell::new(
        "loom".into(),
        config,
        builder.explicit(),
        shared_clock,
        Rng::seeded(1),
        Location::caller(),
    );
    let breaker = CircuitBreaker::from_shell(shell);
    let changes = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&changes);
    let _subscription = breaker.observe(move |event: &Event<'_>| {
        if let Event::Breaker(event) = event
            && let BreakerEventKind::Transition { from, to, .. } = event.kind
        {
            sink.lock().unwrap().push((from, to));
        }
    });
    Watched {
        clock,
        breaker,
        changes,
        _subscription,
    }
}

fn changes(watched: &Watched) -> Vec<(CircuitState, CircuitState)> {
    watched.changes.lock().unwrap().clone()
}

/// Explores with a bound on preemptions, beyond which they rarely find more.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    explore_within(3, model);
}

fn explore_within(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = ::loom::model::Builder::new();
    // The environment takes precedence.
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.check(model);
}

#[test]
fn two_threads_at_the_threshold_open_once() {
    explore(|| {
        let life = watched(|b| b.failure_threshold(2));
        let fail = |breaker: CircuitBreaker| {
            move || {
                if let Ok(admission) = breaker.shell().admit() {
                    breaker.shell().fail(admission, CauseText::EMPTY);
                }
            }
        };
        let other = thread::spawn(fail(life.breaker.clone()));
        fail(life.breaker.clone())();
        fail(life.breaker.clone())();
        other.join().unwrap();
        assert_eq!(changes(&life), [(CircuitState::Closed, CircuitState::Open)]);
        let seen = life.breaker.snapshot();
        assert_eq!(seen.state, CircuitState::Open);
        assert_eq!(
            seen.counts.failure, 2,
            "a third one came too late or was rejected"
        );
    });
}

/// Makes the calls of a script; those that are rejected are over.
fn script(breaker: &CircuitBreaker, letters: &str) {
    let shell = breaker.shell();
    for letter in letters.chars() {
        match (shell.admit(), letter) {
            (Ok(admission), 'S') => shell.succeed(admission),
            (Ok(admission), _) => shell.settle(admission, Verdict::Failure, |_| Ok(())),
            (Err(_), _) => {}
        }
    }
}

#[test]
fn row_of_failures_over_two_threads_is_never_longer_than_an_order_allows() {
    explore_within(2, || {
        let life = watched(|b| b.failure_threshold(4));
        life.breaker.shell().make_rows();
        let breaker = life.breaker.clone();
        let other = thread::spawn(move || script(&breaker, "FSF"));
        script(&life.breaker, "FF");
        other.join().unwrap();
        let seen = life.breaker.snapshot();
        // At most three failures are on one side of the success.
        assert_eq!(seen.state, CircuitState::Closed);
        assert!((1..=3).contains(&seen.consecutive_failures));
        assert_eq!((seen.counts.success, seen.counts.failure), (1, 4));
        script(&life.breaker, "SF");
        assert_eq!(life.breaker.snapshot().consecutive_failures, 1);
    });
}

#[test]
fn call_that_knows_of_a_row_of_failures_opens_the_circuit() {
    explore_within(2, || {
        let life = watched(|b| b.failure_threshold(4));
        life.breaker.shell().make_rows();
        let breaker = life.breaker.clone();
        let other = thread::spawn(move || script(&breaker, "F"));
        script(&life.breaker, "FFF");
        other.join().unwrap();
        // Until here a thread may not have seen what the other one wrote.
        script(&life.breaker, "F");
        assert_eq!(changes(&life), [(CircuitState::Closed, CircuitState::Open)]);
    });
}

#[test]
fn success_that_takes_no_lock_is_in_the_window_once() {
    explore(|| {
        let life = watched(|b| b.count_window(10).min_calls(10));
        let breaker = life.breaker.clone();
        let other = thread::spawn(move || {
            if let Ok(admission) = breaker.shell().admit() {
                breaker.shell().succeed(admission);
            }
        });
        if let Ok(admission) = life.breaker.shell().admit() {
            life.breaker.shell().fail(admission, CauseText::EMPTY);
        }
        let early = life.breaker.snapshot();
        other.join().unwrap();
        let seen = life.breaker.snapshot();
        assert!((1..=2).contains(&early.window_calls));
        assert_eq!((seen.window_calls, seen.failure_rate), (2, None));
        assert_eq!((seen.counts.success, seen.counts.failure), (1, 1));
    });
}

#[test]
fn call_admitted_before_a_transition_changes_nothing_after_it() {
    explore(|| {
        let life = watched(|b| b.failure_threshold(1).success_threshold(1));
        let breaker = life.breaker.clone();
        let caller = thread::spawn(move || match breaker.shell().admit() {
            Ok(admission) => {
                breaker.shell().succeed(admission);
                true
            }
            Err(_) => false,
        });
        if let Ok(admission) = life.breaker.shell().admit() {
            life.breaker.shell().fail(admission, CauseText::EMPTY);
        }
        let admitted = caller.join().unwrap();
        let seen = life.breaker.snapshot();
        assert_eq!(
            seen.state,
            CircuitState::Open,
            "the success of a closed circuit closes nothing"
        );
        assert_eq!(
            (
                seen.counts.rejected,
                seen.counts.success <= u64::from(admitted)
            ),
            (u64::from(!admitted), true)
        );
    });
}

#[test]
fn success_beside_a_failure_keeps_the_count_of_failures_in_a_row() {
    explore(|| {
        let life = watched(|b| b.failure_threshold(2));
        let breaker = life.breaker.clone();
        let caller = thread::spawn(move || {
            let admission = breaker.shell().admit().unwrap();
            breaker.shell().succeed(admission);
        });
        let admission = life.breaker.shell().admit().unwrap();
        life.breaker.shell().fail(admission, CauseText::EMPTY);
        caller.join().unwrap();
        let seen = life.breaker.snapshot();
        assert_eq!(
            (seen.counts.success, seen.counts.failure, seen.state),
            (1, 1, CircuitState::Closed)
        );
        assert!(seen.consecutive_failures <= 1);
        // Whatever the order was, two more in a row open.
        for _ in 0..2 {
            if let Ok(admission) = life.breaker.shell().admit() {
                life.breaker.shell().fail(admission, CauseText::EMPTY);
            }
        }
        assert_eq!(life.breaker.state(), CircuitState::Open);
    });
}

#[test]
fn one_slot_admits_one_probe() {
    explore(|| {
        let life = watched(|b| b.half_open_max_calls(1).recovery_timeout(SECOND));
        life.breaker.open_for(SECOND);
        life.clock.advance(SECOND);
        let breaker = life.breaker.clone();
        // Both keep what they get: two admissions would be two probes at once.
        let other = thread::spawn(move || breaker.shell().admit().is_ok());
        let mine = life.breaker.shell().admit().is_ok();
        let theirs = other.join().unwrap();
        assert!(mine ^ theirs, "exactly one of two is admitted");
        assert_eq!(changes(&life).len(), 2, "opened once, half-open once");
    });
}

#[test]
fn dropped_permit_frees_its_slot_for_another_thread() {
    explore(|| {
        let life = watched(|b| b.half_open_max_calls(1));
        life.breaker.force_open();
        life.breaker.half_open().unwrap();
        let breaker = life.breaker.clone();
        let other = thread::spawn(move || {
            if let Ok(permit) = breaker.try_acquire() {
                drop(permit);
            }
        });
        if let Ok(permit) = life.breaker.try_acquire() {
            permit.ignore();
        }
        other.join().unwrap();
        assert!(life.breaker.try_acquire().is_ok(), "no slot leaked");
    });
}

#[test]
fn verdict_that_races_a_reset_never_counts_after_it() {
    explore(|| {
        let life = watched(|b| b.failure_threshold(1));
        let admission = life.breaker.shell().admit().unwrap();
        let breaker = life.breaker.clone();
        let caller = thread::spawn(move || breaker.shell().fail(admission, CauseText::EMPTY));
        life.breaker.reset();
        caller.join().unwrap();
        let seen = life.breaker.snapshot();
        assert_eq!(
            (seen.state, seen.consecutive_failures),
            (CircuitState::Closed, 0)
        );
    });
}

#[test]
fn counters_lose_nothing_and_never_show_too_much() {
    explore(|| {
        let counters = Arc::new(Counters::default());
        let add = |counters: Arc<Counters>| {
            move || {
                counters.add(Counter::Success);
                counters.add(Counter::Success);
            }
        };
        let threads = [
            thread::spawn(add(Arc::clone(&counters))),
            thread::spawn(add(Arc::clone(&counters))),
        ];
        assert!(counters.sum(Counter::Success) <= 4);
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(counters.sum(Counter::Success), 4);
    });
}

#[test]
fn slow_call_that_ends_while_it_is_found_is_counted_once() {
    explore(|| {
        let life = watched(|b| {
            b.slow_call(SECOND)
                .slow_rate(1.0)
                .count_window(10)
                .min_calls(10)
        });
        let admission = life.breaker.shell().admit().unwrap();
        life.clock.advance(2 * SECOND);
        let breaker = life.breaker.clone();
        let ends = thread::spawn(move || breaker.shell().succeed(admission));
        let other = life.breaker.shell().admit().unwrap();
        life.breaker.shell().succeed(other);
        ends.join().unwrap();
        let seen = life.breaker.snapshot();
        assert_eq!(
            (seen.counts.slow, seen.counts.success, seen.window_calls),
            (1, 2, 2)
        );
    });
}

#[test]
fn events_of_two_threads_come_in_one_order() {
    explore(|| {
        let life = watched(|b| b);
        let breaker = life.breaker.clone();
        let other = thread::spawn(move || breaker.force_open());
        life.breaker.disable();
        other.join().unwrap();
        let all = changes(&life);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].1, all[1].0, "each begins where the one before ended");
        assert_eq!(all[1].1, life.breaker.state());
    });
}

/// A fleet whose store answers.
#[cfg(feature = "fleet")]
struct Answering;

#[cfg(feature = "fleet")]
impl crate::breaker::Link for Answering {
    fn wake(&self) {}

    fn is_alone(&self) -> bool {
        false
    }

    fn probe_wait(&self) -> Duration {
        Duration::ZERO
    }
}

#[cfg(feature = "fleet")]
#[test]
fn opening_is_never_taken_for_the_one_that_the_fleet_closed() {
    use crate::breaker::{FleetChange, Link, LocalPhase};

    explore(|| {
        let life = watched(|b| b.failure_threshold(1));
        let link: Arc<dyn Link> = Arc::new(Answering);
        life.breaker.shell().join_fleet(Arc::clone(&link));
        let breaker = life.breaker.clone();
        let other = thread::spawn(move || script(&breaker, "F"));
        // The fleet closes what was closed here before it knew.
        life.breaker.shell().change_by_fleet(&*link, "", |local| {
            (local.phase == LocalPhase::Closed).then_some(FleetChange::Close { held: false })
        });
        other.join().unwrap();
        assert_eq!(life.breaker.snapshot().state, CircuitState::Open);
    });
}

#[test]
fn breaker_that_joins_an_isolated_control_is_isolated() {
    use crate::breaker::ManualControl;

    explore(|| {
        let life = watched(|b| b);
        let control = ManualControl::new();
        let isolates = control.clone();
        let other = thread::spawn(move || isolates.isolate());
        control.join(life.breaker.shell());
        other.join().unwrap();
        assert_eq!(life.breaker.snapshot().state, CircuitState::ForcedOpen);
    });
}
