//! Latency, hangs and panics.

use gardefou::{
    AppError, ErrorCode, breaker::CircuitBreaker, bulkhead::Bulkhead, chaos, error::Policy,
    rate_limit::RateLimiter, retry::Retry, testing::Scope, timeout::Timeout,
};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};
use tokio::time::{Instant, timeout as tokio_timeout};

const LATENCY: Duration = Duration::from_millis(500);

fn limit(seconds: u64) -> Timeout {
    Timeout::builder("slow")
        .limit(Duration::from_secs(seconds))
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn latency_delays_an_async_call_by_a_timer_and_then_runs_it() {
    let rule = chaos::inject("slow-async")
        .latency(1.0, LATENCY)
        .start()
        .unwrap();
    let breaker = CircuitBreaker::builder("slow-async").build().unwrap();
    let began = Instant::now();
    let value = breaker.call_async(async || Ok::<_, AppError>(began.elapsed()));
    assert_eq!(value.await.unwrap(), LATENCY);
    let bulkhead = Bulkhead::builder("slow-async")
        .max_concurrent(1)
        .build()
        .unwrap();
    let value = bulkhead.call_async(async || Ok::<_, AppError>(began.elapsed()));
    assert_eq!(value.await.unwrap(), 2 * LATENCY);
    let limiter = RateLimiter::builder("slow-async")
        .rate("9/s")
        .build()
        .unwrap();
    let value = limiter.call_async(async || Ok::<_, AppError>(began.elapsed()));
    assert_eq!(value.await.unwrap(), 3 * LATENCY);
    let retry = Retry::builder().name("slow-async").build().unwrap();
    let value = retry.call_async(async || Ok::<_, String>(began.elapsed()));
    assert_eq!(value.await.unwrap(), 4 * LATENCY, "of any type of errors");
    assert_eq!(rule.status().injected.latencies, 4);
}

#[test]
fn latency_blocks_a_sync_call_on_its_clock_and_then_runs_it() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let _rule = chaos::inject("slow").latency(1.0, LATENCY).start().unwrap();
    let start = scope.now();
    let value = limit(2).call(|| Ok::<_, AppError>(scope.now().since(start)));
    assert_eq!(value.unwrap(), LATENCY);
}

#[tokio::test(start_paused = true)]
async fn timeout_cuts_off_its_own_hang_and_that_of_a_guard_inside() {
    let rule = chaos::inject("slow").hang(1.0).start().unwrap();
    let began = Instant::now();
    let error = limit(2)
        .call_async(async || Ok::<_, AppError>(()))
        .await
        .unwrap_err();
    assert!(error.is(ErrorCode::TIMEOUT_ERROR));
    assert_eq!(error.to_string(), "timeout `slow` cut off the call");
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    drop(rule);
    let _rule = chaos::inject("hangs").hang(1.0).start().unwrap();
    let breaker = CircuitBreaker::builder("hangs").build().unwrap();
    let inner = async || breaker.call_async(async || Ok::<_, AppError>(())).await;
    assert!(limit(1).call_async(inner).await.is_err());
    assert_eq!(
        breaker.snapshot().counts.failure,
        1,
        "a call that timed out"
    );
}

#[tokio::test(start_paused = true)]
async fn attempt_timeout_cuts_off_the_hang_of_each_attempt() {
    let rule = chaos::inject("hung-attempts").hang(1.0).start().unwrap();
    let retry = Retry::builder()
        .name("hung-attempts")
        .max_retries(2)
        .attempt_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    let ran = Cell::new(false);
    let outcome = retry.call_async(async || {
        ran.set(true);
        Ok::<_, AppError>(())
    });
    assert!(outcome.await.unwrap_err().is(ErrorCode::TIMEOUT_ERROR));
    assert_eq!((ran.get(), rule.status().injected.hangs), (false, 3));
}

#[tokio::test(start_paused = true)]
async fn hang_without_a_limit_lasts_until_the_caller_leaves_and_holds_nothing_then() {
    let _rule = chaos::inject("hung").hang(1.0).start().unwrap();
    let bulkhead = Bulkhead::builder("hung").max_concurrent(1).build().unwrap();
    let day = Duration::from_secs(86_400);
    let hung = bulkhead.call_async(async || Ok::<_, AppError>(()));
    assert!(tokio_timeout(day, hung).await.is_err());
    assert!(bulkhead.try_acquire().is_ok());
}

#[test]
fn hang_blocks_until_the_deadline_and_fails_then() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let rule = chaos::inject("slow").hang(1.0).start().unwrap();
    let start = scope.now();
    let error = limit(7).call(|| Ok::<_, AppError>(())).unwrap_err();
    assert!(error.is(ErrorCode::TIMEOUT_ERROR));
    assert_eq!(error.details()["chaos"], true);
    assert_eq!(scope.now().since(start), Duration::from_secs(7));
    assert_eq!(rule.status().injected.hangs, 1);
}

#[test]
fn hang_without_a_deadline_ends_after_half_a_minute() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let _rule = chaos::inject("slow").hang(1.0).start().unwrap();
    let limiter = RateLimiter::builder("slow").rate("9/s").build().unwrap();
    let start = scope.now();
    assert!(limiter.call(|| Ok::<_, AppError>(())).is_err());
    assert_eq!(scope.now().since(start), Duration::from_secs(30));
}

#[test]
fn injected_panic_unwinds_through_the_guards_which_count_it_and_give_back_what_they_hold() {
    let _rule = chaos::inject("panics").panic(1.0).start().unwrap();
    let breaker = CircuitBreaker::builder("panics")
        .failure_threshold(1)
        .build()
        .unwrap();
    let call = || breaker.call(|| Ok::<_, AppError>(()));
    let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    assert_eq!(
        payload.downcast_ref::<String>().unwrap(),
        "panic injected by chaos at `panics`"
    );
    assert_eq!(breaker.snapshot().counts.failure, 1);
    let bulkhead = Bulkhead::builder("panics")
        .max_concurrent(1)
        .build()
        .unwrap();
    let call = || bulkhead.call(|| Ok::<_, AppError>(()));
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    assert!(bulkhead.try_acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn injected_panic_of_an_async_call_comes_from_its_future() {
    let rule = chaos::inject("panics-async").panic(1.0).start().unwrap();
    let breaker = CircuitBreaker::builder("panics-async").build().unwrap();
    let task = {
        let breaker = breaker.clone();
        tokio::spawn(async move { breaker.call_async(async || Ok::<_, AppError>(())).await })
    };
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(breaker.snapshot().counts.failure, 1);
    assert_eq!(rule.status().injected.panics, 1);
    assert_eq!(rule.status().policy, None::<Policy>);
}
