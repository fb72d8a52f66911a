//! Asynchronous calls, completed and dropped.

use crate::support::{MINUTE, SECOND, bench, listen};
use gardefou::{
    AppError, ErrorCode, breaker::CircuitBreaker, breaker::CircuitState::*, time::Clock,
};
use gardefou_tests::testkit::{poll::poll_once, runtime::one_thread};
use std::{
    future::{pending, ready},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
    time::Duration,
};

fn hang() -> impl Future<Output = Result<(), AppError>> {
    pending()
}

#[test]
fn call_that_hung_before_it_was_dropped_is_a_failure() {
    let svc = bench(|b| b.failure_threshold(3).abandoned_after(SECOND));
    let (_subscription, events) = listen(&svc.breaker);
    for _ in 0..3 {
        let mut call = Box::pin(svc.breaker.call_async(hang));
        assert!(poll_once(call.as_mut()).is_pending());
        svc.pass(SECOND);
    }
    let counts = svc.breaker.snapshot().counts;
    assert_eq!(
        (svc.state(), counts.failure, counts.abandoned),
        (Open, 3, 3)
    );
    assert_eq!(
        *events.lock().unwrap(),
        [
            "abandoned",
            "abandoned",
            "abandoned",
            "closed>open consecutive_failures"
        ]
    );
    let cause = svc.breaker.try_acquire().unwrap_err().cause().unwrap();
    assert_eq!(cause, "dropped after it had been pending for 1.0s");
}

#[test]
fn call_that_is_dropped_sooner_counts_as_nothing() {
    let svc = bench(|b| b.failure_threshold(1).abandoned_after(SECOND));
    {
        let mut call = pin!(svc.breaker.call_async(hang));
        assert!(poll_once(call.as_mut()).is_pending());
        svc.pass(SECOND - Duration::from_nanos(1));
    }
    drop(svc.breaker.call_async(hang));
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().counts.total()),
        (Closed, 0)
    );
}

#[test]
fn calls_dropped_while_others_succeed_count_as_nothing() {
    let svc = bench(|b| b.failure_threshold(5).abandoned_after(SECOND));
    for _ in 0..20 {
        let mut slow = Box::pin(svc.breaker.call_async(hang));
        assert!(poll_once(slow.as_mut()).is_pending());
        svc.pass(SECOND);
        assert!(svc.breaker.call(|| Ok::<_, AppError>(())).is_ok());
        svc.pass(SECOND / 2);
    }
    let counts = svc.breaker.snapshot().counts;
    assert_eq!(
        (
            svc.state(),
            counts.failure,
            counts.abandoned,
            counts.success
        ),
        (Closed, 0, 0, 20)
    );
}

#[test]
fn success_before_the_call_was_pending_excuses_no_drop() {
    let svc = bench(|b| b.failure_threshold(1).abandoned_after(SECOND));
    svc.script("SSS");
    let mut call = Box::pin(svc.breaker.call_async(hang));
    assert!(poll_once(call.as_mut()).is_pending());
    svc.pass(SECOND);
    drop(call);
    assert_eq!(svc.state(), Open);
}

#[test]
fn other_failures_meanwhile_do_not_excuse_a_hung_call() {
    let svc = bench(|b| b.failure_threshold(3).abandoned_after(SECOND));
    let mut call = Box::pin(svc.breaker.call_async(hang));
    assert!(poll_once(call.as_mut()).is_pending());
    svc.script("FF");
    svc.pass(SECOND);
    drop(call);
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().counts.abandoned),
        (Open, 1)
    );
}

#[test]
fn successes_on_other_threads_excuse_a_dropped_call() {
    let svc = bench(|b| b.failure_threshold(1));
    let mut call = Box::pin(svc.breaker.call_async(hang));
    assert!(poll_once(call.as_mut()).is_pending());
    let permit = svc.breaker.try_acquire().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| svc.script("S"));
    });
    svc.pass(SECOND);
    drop((call, permit));
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().counts.failure),
        (Closed, 0)
    );
}

#[test]
fn timed_call_that_hangs_is_abandoned_too() {
    let svc = bench(|b| b.failure_threshold(1).slow_call(10 * SECOND));
    let mut call = Box::pin(svc.breaker.call_async(hang));
    assert!(poll_once(call.as_mut()).is_pending());
    svc.pass(2 * SECOND);
    drop(call);
    let seen = svc.breaker.snapshot();
    assert_eq!(
        (seen.state, seen.counts.abandoned, seen.counts.slow),
        (Open, 1, 0)
    );
    assert_eq!(
        seen.opened_by.as_deref(),
        Some("dropped after it had been pending for 2.0s")
    );
}

#[test]
fn call_that_pends_through_changes_of_state_still_ends_in_its_own_generation() {
    let svc = bench(|b| b.failure_threshold(2));
    let mut call = Box::pin(svc.breaker.call_async(hang));
    assert!(poll_once(call.as_mut()).is_pending());
    for _ in 0..1000 {
        svc.breaker.force_open();
        svc.breaker.reset();
    }
    svc.script("F");
    svc.pass(2 * SECOND);
    drop(call);
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().counts.failure),
        (Closed, 1),
        "its verdict came too late"
    );
}

#[test]
fn only_the_time_since_it_was_first_pending_counts() {
    let svc = bench(|b| b.failure_threshold(1).abandoned_after(SECOND));
    {
        let mut call = pin!(svc.breaker.call_async(|| {
            let clock = svc.clock.clone();
            async move {
                clock.advance(10 * SECOND);
                pending::<Result<(), AppError>>().await
            }
        }));
        assert!(poll_once(call.as_mut()).is_pending());
    }
    assert_eq!(
        svc.state(),
        Closed,
        "it worked for ten seconds and then was pending for none"
    );
}

#[test]
fn permit_held_for_long_and_dropped_counts_as_abandoned() {
    let svc = bench(|b| b.failure_threshold(1));
    let permit = svc.breaker.try_acquire().unwrap();
    svc.pass(SECOND);
    drop(permit);
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().counts.abandoned),
        (Open, 1)
    );
}

#[test]
fn dropped_probe_future_gives_its_slot_back() {
    let svc = bench(|b| b.failure_threshold(1).half_open_max_calls(1));
    svc.script("F");
    svc.pass(MINUTE);
    for _ in 0..10 {
        let mut call = pin!(svc.breaker.call_async(hang));
        assert!(poll_once(call.as_mut()).is_pending());
    }
    svc.script("S");
    assert_eq!(svc.state(), Closed);
}

/// A clock that counts how often it is read.
#[derive(Debug, Default)]
struct Counting(AtomicUsize);

impl Clock for &'static Counting {
    fn now(&self) -> gardefou::time::Tick {
        self.0.fetch_add(1, Ordering::Relaxed);
        gardefou::time::Tick::ZERO
    }

    fn sleep(&self, _: Duration) {}
}

#[test]
fn future_that_is_ready_at_once_reads_no_clock() {
    static CLOCK: Counting = Counting(AtomicUsize::new(0));
    let breaker = CircuitBreaker::builder("svc")
        .clock(&CLOCK)
        .build()
        .unwrap();
    let before = CLOCK.0.load(Ordering::Relaxed);
    let mut call = pin!(breaker.call_async(|| ready(Ok::<_, AppError>(1))));
    assert!(matches!(poll_once(call.as_mut()), Poll::Ready(Ok(1))));
    assert_eq!(breaker.call(|| Ok::<_, AppError>(2)).unwrap(), 2);
    assert_eq!(CLOCK.0.load(Ordering::Relaxed), before);
    breaker.open_for(SECOND);
    let before = CLOCK.0.load(Ordering::Relaxed);
    assert!(breaker.call(|| Ok::<_, AppError>(2)).is_err());
    assert_eq!(
        CLOCK.0.load(Ordering::Relaxed),
        before + 1,
        "a rejected one reads it once"
    );
}

#[test]
fn panic_in_a_future_is_one_failure_even_where_it_is_caught_before_the_drop() {
    let svc = bench(|b| b);
    let mut call = Box::pin(svc.breaker.call_async(|| async {
        assert!(std::hint::black_box(false), "boom");
        Ok::<_, AppError>(())
    }));
    let polled = std::panic::catch_unwind(AssertUnwindSafe(|| poll_once(call.as_mut()).is_ready()));
    assert!(polled.is_err());
    drop(call);
    assert_eq!(svc.breaker.snapshot().counts.failure, 1);
}

#[test]
fn panic_while_the_future_is_made_is_a_failure() {
    let svc = bench(|b| b);
    let mut call = pin!(
        svc.breaker
            .call_async(|| -> std::future::Ready<Result<(), AppError>> { panic!("boom") })
    );
    let polled = std::panic::catch_unwind(AssertUnwindSafe(|| poll_once(call.as_mut()).is_ready()));
    assert!(polled.is_err());
    assert_eq!(svc.breaker.snapshot().counts.failure, 1);
}

#[tokio::test(start_paused = true)]
async fn hung_backend_under_an_outer_timeout_opens_the_circuit() {
    let breaker = CircuitBreaker::builder("svc")
        .failure_threshold(3)
        .build()
        .unwrap();
    for _ in 0..3 {
        assert!(
            tokio::time::timeout(5 * SECOND, breaker.call_async(hang))
                .await
                .is_err()
        );
    }
    let rejected = tokio::time::timeout(5 * SECOND, breaker.call_async(hang)).await;
    assert!(
        rejected
            .unwrap()
            .unwrap_err()
            .is(ErrorCode::CIRCUIT_OPEN_ERROR)
    );
}

#[tokio::test(start_paused = true)]
async fn async_calls_run_on_the_clock_of_tokio() {
    let breaker = CircuitBreaker::builder("svc")
        .failure_threshold(1)
        .build()
        .unwrap();
    let failed = breaker
        .call_async(|| async { Err::<(), _>(AppError::new(ErrorCode::TIMEOUT_ERROR, "late")) })
        .await;
    assert!(failed.is_err());
    assert_eq!(breaker.state(), Open);
    tokio::time::advance(MINUTE).await;
    assert_eq!(
        breaker
            .call_async(|| async { Ok::<_, AppError>(7) })
            .await
            .unwrap(),
        7
    );
    assert_eq!(breaker.state(), Closed);
}

#[test]
fn futures_and_handles_cross_threads() {
    fn crosses<T: Send + Sync>(_: &T) {}
    fn moves<T: Send>(_: &T) {}
    let svc = bench(|b| b);
    crosses(&svc.breaker);
    crosses(&svc.breaker.try_acquire().unwrap());
    moves(&svc.breaker.call_async(|| ready(Ok::<_, AppError>(()))));
}

/// For example where an argument of the guarded function panics.
#[test]
fn admission_that_leads_to_no_call_takes_no_slot() {
    let svc = bench(|b| b.failure_threshold(1).half_open_max_calls(1));
    svc.script("F");
    svc.breaker.half_open().unwrap();
    let admitted = svc.breaker.admit().unwrap();
    assert!(svc.breaker.admit().is_err());
    drop(admitted);
    svc.script("S");
    assert_eq!(svc.state(), Closed);
}

#[test]
fn debug_shows_name_and_state() {
    let breaker = CircuitBreaker::builder("shown").build().unwrap();
    assert_eq!(
        format!("{breaker:?}"),
        r#"CircuitBreaker { name: "shown", state: Closed }"#
    );
}

#[test]
fn guard_adds_few_bytes_to_a_future() {
    fn size_of_output<F: FnOnce() -> T, T>(_: &F) -> usize {
        size_of::<T>()
    }
    let svc = bench(|b| b);
    let inner = || async { ready(Ok::<u8, AppError>(1)).await };
    let admitted = svc.breaker.admit().unwrap();
    let guarded = admitted.guard(gardefou::breaker::ErrorClassifier, inner());
    let added = size_of_val(&guarded) - size_of_output(&inner);
    assert!(added <= 64, "{added} bytes");
    assert_eq!(size_of::<CircuitBreaker>(), size_of::<usize>());
}

/// The last destructors of a thread run when other thread-locals are gone, for example the paused
/// clock of tokio.
#[test]
fn call_in_the_last_destructors_of_a_thread_counts() {
    struct AtTheEnd(CircuitBreaker, Option<gardefou::breaker::Permit>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            drop(self.1.take());
            let _ = self
                .0
                .call(|| Err::<(), _>(AppError::new(ErrorCode::SYNC_ERROR, "late")));
        }
    }
    thread_local! {
        static KEPT: std::cell::RefCell<Option<AtTheEnd>> = const { std::cell::RefCell::new(None) };
    }
    // From the first pause of the process on, tokio's clock reads the thread's runtime.
    let paused = one_thread();
    drop(paused);
    let breaker = CircuitBreaker::builder("thread-end").build().unwrap();
    let ours = breaker.clone();
    let thread = std::thread::spawn(move || {
        // Registered before the first reading of the clock, and so dropped after its thread-local.
        KEPT.set(Some(AtTheEnd(ours.clone(), None)));
        let permit = ours.try_acquire().unwrap();
        KEPT.with_borrow_mut(|kept| kept.as_mut().unwrap().1 = Some(permit));
        let _ = ours.snapshot();
    });
    thread.join().unwrap();
    assert_eq!(breaker.snapshot().counts.failure, 1);
}
