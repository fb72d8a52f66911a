//! Successes that take no lock: they decide as if each had.

use crate::support::{Bench, SECOND, bench};
use gardefou::{
    AppError, ErrorCode,
    breaker::{
        BreakerBuilder,
        CircuitState::{Closed, Open},
    },
};
use std::thread;

/// Makes calls that succeed on a thread of their own each.
fn succeed_on_threads(svc: &Bench, threads: u32, calls: u32) {
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                (0..calls).for_each(|_| svc.breaker.call(|| Ok::<_, AppError>(())).unwrap())
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
