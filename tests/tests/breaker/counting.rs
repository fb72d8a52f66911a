//! Outcomes that take no lock: they decide as if each had.

use crate::support::{Bench, SECOND, bench};
use gardefou::{
    AppError, ErrorCode,
    breaker::{
        BreakerBuilder,
        CircuitState::{Closed, Open},
    },
};
use std::{
    sync::mpsc::{Sender, channel},
    thread,
};

/// Makes calls that succeed on a thread of their own each.
fn succeed_on_threads(svc: &Bench, threads: u32, calls: u32) {
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                (0..calls).for_each(|_| svc.breaker.call(|| Ok::<_, AppError>(())).unwrap());
            });
        }
    });
}

fn fail() -> Result<(), AppError> {
    Err(AppError::new(ErrorCode::TIMEOUT_ERROR, "slow"))
}

/// Windows by count and by time that keep all calls of a test.
fn windows() -> [fn(BreakerBuilder) -> BreakerBuilder; 2] {
    [|b| b.count_window(5000), |b| b.time_window(1000 * SECOND)]
}

#[test]
fn successes_of_all_threads_are_in_the_window() {
    for window in windows() {
        let svc = bench(|b| window(b).failure_rate(0.5).min_calls(10));
        for round in 1..=3 {
            succeed_on_threads(&svc, 4, 250);
            assert!(svc.breaker.call(fail).is_err());
            let seen = svc.breaker.snapshot();
            assert_eq!(
                (seen.window_calls, seen.counts.success),
                (round * 1001, round * 1000)
            );
            assert_eq!(seen.failure_rate, Some(1.0 / 1001.0));
            svc.pass(SECOND);
        }
    }
}

#[test]
fn success_on_another_thread_ends_a_row_of_failures() {
    let svc = bench(|b| b.failure_threshold(3));
    for _ in 0..100 {
        svc.script("FF");
        succeed_on_threads(&svc, 1, 1);
        assert_eq!(svc.breaker.snapshot().consecutive_failures, 0);
    }
    svc.script("FF");
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().consecutive_failures),
        (Closed, 2)
    );
    svc.script("F");
    assert_eq!(svc.state(), Open);
}

#[test]
fn successes_on_other_threads_dilute_a_rate_exactly() {
    for window in windows() {
        let svc = bench(|b| window(b).failure_rate(0.5).min_calls(10));
        succeed_on_threads(&svc, 5, 10);
        // 50 successes: the fiftieth failure is half of all calls.
        svc.script(&"F".repeat(49));
        assert_eq!(svc.state(), Closed);
        svc.script("F");
        assert_eq!(svc.state(), Open);
    }
}

#[test]
fn successes_of_an_ended_state_are_not_in_the_window_of_the_next_one() {
    for window in windows() {
        let svc = bench(|b| window(b).min_calls(10));
        let before = svc.breaker.try_acquire().unwrap();
        succeed_on_threads(&svc, 2, 100);
        svc.breaker.reset();
        before.success();
        svc.script("S");
        assert_eq!(svc.breaker.snapshot().window_calls, 1);
    }
}

#[test]
fn successes_before_a_change_of_the_window_are_in_the_new_one() {
    let svc = bench(|b| b.count_window(100).min_calls(10));
    succeed_on_threads(&svc, 1, 60);
    svc.breaker.reconfigure(|b| b.count_window(50)).unwrap();
    assert_eq!(svc.breaker.snapshot().window_calls, 50);
    succeed_on_threads(&svc, 1, 60);
    svc.breaker.reconfigure(|b| b.count_window(80)).unwrap();
    assert_eq!(
        svc.breaker.snapshot().window_calls,
        50,
        "what has left does not return"
    );
}

#[test]
fn each_step_of_a_time_window_has_its_successes() {
    let svc = bench(|b| b.time_window(10 * SECOND).min_calls(1000));
    for step in 1..=10 {
        succeed_on_threads(&svc, 2, step);
        svc.pass(SECOND);
    }
    // The step of the present second is the eleventh: the first one has left.
    let mut left: u64 = (2..=10).map(|step| 2 * step).sum();
    for step in 2..=11 {
        assert_eq!(svc.breaker.snapshot().window_calls, left);
        svc.pass(SECOND);
        left = left.saturating_sub(2 * step);
    }
}

#[test]
fn nested_success_is_in_the_window_once() {
    for window in windows() {
        let svc = bench(window);
        for calls in 1..=20 {
            let inner = || svc.breaker.call(|| Ok::<_, AppError>(()));
            svc.breaker.call(|| inner().and_then(|()| inner())).unwrap();
            // The two inner ones count.
            assert_eq!(svc.breaker.snapshot().window_calls, 2 * calls);
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn nested_async_success_is_in_the_window_once() {
    for window in windows() {
        let svc = bench(window);
        for calls in 1..=20 {
            let inner = || svc.breaker.call_async(|| async { Ok::<_, AppError>(()) });
            svc.breaker.call_async(inner).await.unwrap();
            assert_eq!(svc.breaker.snapshot().window_calls, calls);
        }
    }
}

/// Threads that make one call each time they are asked, so that calls have one order.
struct Callers {
    asks: Vec<Sender<bool>>,
    done: std::sync::mpsc::Receiver<()>,
}

impl Callers {
    fn new(svc: &Bench, threads: usize) -> Self {
        let (finished, done) = channel();
        let asks = (0..threads).map(|_| {
            let (ask, asked) = channel();
            let (breaker, finished) = (svc.breaker.clone(), finished.clone());
            thread::spawn(move || {
                for succeeds in asked {
                    let outcome = breaker.call(|| if succeeds { Ok(()) } else { fail() });
                    assert_eq!(outcome.is_ok(), succeeds);
                    finished.send(()).unwrap();
                }
            });
            ask
        });
        Self {
            asks: asks.collect(),
            done,
        }
    }

    fn call(&self, thread: usize, succeeds: bool) {
        self.asks[thread].send(succeeds).unwrap();
        self.done.recv().unwrap();
    }
}

/// Draws a number below a limit.
fn draw(state: &mut u64, below: u64) -> u64 {
    // Knuth, The Art of Computer Programming, volume 2, 3.3.4: the multiplier of MMIX.
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

#[test]
fn row_of_failures_over_threads_in_one_order_is_exact() {
    let mut state = 1;
    for threshold in [15, 16, 17, 40, 200, 1000] {
        let svc = bench(|b| b.failure_threshold(threshold));
        let callers = Callers::new(&svc, 3);
        let (mut row, mut failures, mut openings) = (0, 0, 0);
        for step in 0..12_000 {
            // Successes in a hundred calls.
            let share = [0, 5, 0, 1][(step / (2 * threshold) % 4) as usize];
            let succeeds = draw(&mut state, 100) < share;
            callers.call(draw(&mut state, 3) as usize, succeeds);
            (row, failures) = if succeeds {
                (0, failures)
            } else {
                (row + 1, failures + 1)
            };
            if draw(&mut state, 50) == 0 {
                let seen = svc.breaker.snapshot();
                assert_eq!(
                    (seen.consecutive_failures, seen.counts.failure),
                    (row % threshold, failures)
                );
            }
            assert_eq!(
                svc.state() == Open,
                row == threshold,
                "{row} of {threshold}"
            );
            if row == threshold {
                svc.breaker.reset();
                (row, openings) = (0, openings + 1);
            }
        }
        assert!(openings > 0, "a history without an opening proves little");
    }
}

#[test]
fn row_of_failures_opens_at_most_a_call_per_thread_late() {
    const THREADS: u64 = 4;
    for threshold in [16, 17, 100, 1000, 10_000] {
        let svc = bench(|b| b.failure_threshold(threshold));
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    while svc.state() == Closed {
                        assert!(svc.breaker.call(fail).is_err());
                    }
                });
            }
        });
        let failures = svc.breaker.snapshot().counts.failure;
        let allowed = u64::from(threshold)..=u64::from(threshold) + THREADS;
        assert!(
            allowed.contains(&failures),
            "{failures} failures for {threshold}"
        );
    }
}

#[test]
fn threshold_that_is_lowered_holds_for_every_thread() {
    let svc = bench(|b| b.failure_threshold(10_000));
    let callers = Callers::new(&svc, 2);
    for _ in 0..50 {
        callers.call(0, false);
        callers.call(1, false);
    }
    svc.breaker
        .reconfigure(|b| b.failure_threshold(102))
        .unwrap();
    callers.call(1, false);
    assert_eq!(svc.state(), Closed);
    callers.call(0, false);
    assert_eq!(svc.state(), Open);
}

#[test]
fn failure_that_takes_no_lock_is_the_latest() {
    let svc = bench(|b| b.failure_threshold(10_000));
    let mut texts = Vec::new();
    for n in 0..30 {
        let failing = || {
            Err::<(), _>(AppError::new(
                ErrorCode::TIMEOUT_ERROR,
                format!("number {n}"),
            ))
        };
        assert!(svc.breaker.call(failing).is_err());
        let last = svc.breaker.snapshot().last_failure.unwrap();
        assert_eq!(last.at, svc.breaker.snapshot().taken_at, "of this moment");
        texts.push(last.cause.unwrap());
        svc.pass(SECOND / 10);
    }
    texts.dedup();
    assert_eq!(texts.len(), 3, "a text a second: {texts:?}");
}
