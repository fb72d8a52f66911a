//! Every guard injects right before its operation, in sync and async code.

use gardefou::{
    AppError, ErrorCode, Rejection,
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    chaos::{self, ChaosGuard},
    error::Policy,
    fallback::Fallback,
    hedge::Hedge,
    pipeline::Pipeline,
    rate_limit::RateLimiter,
    retry::Retry,
    testing::Scope,
    timeout::Timeout,
};
use std::{cell::Cell, time::Duration};

#[derive(Debug)]
struct Wrapped(Rejection);

impl From<Rejection> for Wrapped {
    fn from(rejection: Rejection) -> Self {
        Self(rejection)
    }
}

fn all(policy: Option<Policy>) -> ChaosGuard {
    let rule = chaos::inject("guard").error(1.0);
    let rule = match policy {
        Some(policy) => rule.policy(policy),
        None => rule,
    };
    rule.start().unwrap()
}

/// Checks that a guard fails a call once while a rule is on, and never runs the operation then.
macro_rules! injects {
    ($($name:ident, $policy:expr, $error:ty, $build:expr, $call:expr, $call_async:expr;)+) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            let scope = Scope::new();
            let _entered = scope.enter();
            let guard = $build;
            let ran = Cell::new(0);
            let op = || {
                ran.set(ran.get() + 1);
                Ok::<_, $error>(42)
            };
            assert!(matches!(($call)(&guard, &op), Ok(42)));
            let rule = all($policy);
            assert!(($call)(&guard, &op).is_err());
            assert!(($call_async)(&guard, &op).await.is_err());
            assert_eq!((ran.get(), rule.status().injected.errors), (1, 2));
            drop(rule);
            assert!(matches!(($call)(&guard, &op), Ok(42)));
            assert!(matches!(($call_async)(&guard, &op).await, Ok(42)));
            assert_eq!(ran.get(), 3);
        }
    )+};
}

injects! {
    timeout, Some(Policy::Timeout), Wrapped,
        Timeout::builder("guard").limit(Duration::from_secs(1)).build().unwrap(),
        |guard: &Timeout, op: &dyn Fn() -> Result<u32, Wrapped>| guard.call(op),
        async |guard: &Timeout, op: &dyn Fn() -> Result<u32, Wrapped>| guard.call_async(async || op()).await;
    breaker, Some(Policy::CircuitBreaker), Wrapped,
        CircuitBreaker::builder("guard").build().unwrap(),
        |guard: &CircuitBreaker, op: &dyn Fn() -> Result<u32, Wrapped>| guard.call(op),
        async |guard: &CircuitBreaker, op: &dyn Fn() -> Result<u32, Wrapped>| guard.call_async(async || op()).await;
    bulkhead, Some(Policy::Bulkhead), Wrapped,
        Bulkhead::builder("guard").max_concurrent(1).build().unwrap(),
        |guard: &Bulkhead, op: &dyn Fn() -> Result<u32, Wrapped>| guard.call(op),
        async |guard: &Bulkhead, op: &dyn Fn() -> Result<u32, Wrapped>| guard.call_async(async || op()).await;
    rate_limiter, Some(Policy::RateLimit), Wrapped,
        RateLimiter::builder("guard").rate("100/s").build().unwrap(),
        |guard: &RateLimiter, op: &dyn Fn() -> Result<u32, Wrapped>| guard.call(op),
        async |guard: &RateLimiter, op: &dyn Fn() -> Result<u32, Wrapped>| guard.call_async(async || op()).await;
    retry, Some(Policy::Retry), AppError,
        Retry::builder().name("guard").max_attempts(1).build().unwrap(),
        |guard: &Retry, op: &dyn Fn() -> Result<u32, AppError>| guard.call(op),
        async |guard: &Retry, op: &dyn Fn() -> Result<u32, AppError>| guard.call_async(async || op()).await;
    retry_with_state, Some(Policy::Retry), AppError,
        Retry::builder().name("guard").max_attempts(1).build().unwrap(),
        |guard: &Retry, op: &dyn Fn() -> Result<u32, AppError>| guard.call(op),
        async |guard: &Retry, op: &dyn Fn() -> Result<u32, AppError>| {
            guard.call_with_state_async((), async |()| ((), op())).await
        };
    retry_in_a_pipeline, Some(Policy::Retry), Wrapped,
        Pipeline::builder("any").retry(Retry::builder().name("guard").max_attempts(1)).build().unwrap(),
        |guard: &Pipeline, op: &dyn Fn() -> Result<u32, Wrapped>| guard.call(op),
        async |guard: &Pipeline, op: &dyn Fn() -> Result<u32, Wrapped>| guard.call_async(async || op()).await;
}

/// A hedge asks for each attempt, and starts another one where one fails.
#[tokio::test(start_paused = true)]
async fn hedge() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let hedge = Hedge::builder("guard")
        .after(Duration::from_secs(1))
        .max_hedges(1)
        .build()
        .unwrap();
    let rule = all(None);
    let op = async || Ok::<_, AppError>(1);
    assert_eq!(
        hedge.call_async(op).await.unwrap_err().details()["chaos"],
        true
    );
    assert!(rule.status().injected.errors > 0);
    drop(rule);
    let rule = chaos::inject("guard").hang(1.0).start().unwrap();
    let hung = hedge.call_async(op);
    assert!(
        tokio::time::timeout(Duration::from_secs(9), hung)
            .await
            .is_err()
    );
    assert_eq!(rule.status().injected.hangs, 2);
    drop(rule);
    assert_eq!(hedge.call_async(op).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn retry_with_a_limit_of_each_attempt() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let retry = Retry::builder()
        .name("guard")
        .max_attempts(1)
        .attempt_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    let rule = all(Some(Policy::Retry));
    let outcome = retry.call_async(async || Ok::<_, Wrapped>(1)).await;
    assert_eq!(outcome.unwrap_err().0.policy(), Policy::Chaos);
    assert_eq!(rule.status().injected.errors, 1);
}

#[tokio::test(start_paused = true)]
async fn fallback_gives_its_value_in_place_of_an_injected_error() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let fallback = Fallback::new("guard").unwrap();
    let rule = all(None);
    let ran = Cell::new(false);
    let op = || {
        ran.set(true);
        Ok::<_, AppError>(1)
    };
    assert_eq!(fallback.call(op, |_| 7).unwrap(), 7);
    let value = fallback.call_async(async || op(), async |_: &AppError| 8);
    assert_eq!(value.await.unwrap(), 8);
    assert_eq!((ran.get(), rule.status().injected.errors), (false, 2));
    assert_eq!(scope.records().len(), 2);
    assert!(scope.records().iter().all(|it| it.details["chaos"] == true));
}

#[test]
fn rule_of_a_policy_leaves_other_guards_of_the_name_alone() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = CircuitBreaker::builder("guard").build().unwrap();
    let rule = all(Some(Policy::Timeout));
    assert!(breaker.call(|| Ok::<_, Wrapped>(())).is_ok());
    assert_eq!(rule.status().calls, 0);
    drop(rule);
    let other = chaos::inject("guards").error(1.0).start().unwrap();
    assert!(breaker.call(|| Ok::<_, Wrapped>(())).is_ok());
    assert_eq!(other.status().calls, 0);
}

/// Without a policy every guard of the name is asked, the outermost one first.
#[test]
fn guards_of_one_name_around_one_call_are_each_asked() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = CircuitBreaker::builder("guard").build().unwrap();
    let timeout = Timeout::builder("guard")
        .limit(Duration::from_secs(1))
        .build()
        .unwrap();
    let rule = chaos::inject("guard")
        .latency(1.0, Duration::from_millis(5))
        .start()
        .unwrap();
    let start = scope.now();
    let outcome = timeout.call(|| breaker.call(|| Ok::<_, AppError>(1)));
    assert_eq!(outcome.unwrap(), 1);
    assert_eq!(rule.status().injected.latencies, 2);
    assert_eq!(scope.now().since(start), Duration::from_millis(10));
}

#[test]
fn bulkhead_and_limiter_take_their_permit_before_the_fault_and_give_it_back() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let bulkhead = Bulkhead::builder("guard")
        .max_concurrent(1)
        .build()
        .unwrap();
    let limiter = RateLimiter::builder("guard")
        .rate("2/s")
        .burst(2)
        .build()
        .unwrap();
    let rule = all(None);
    for _ in 0..3 {
        let error = bulkhead.call(|| Ok::<_, Wrapped>(())).unwrap_err();
        assert_eq!(error.0.policy(), Policy::Chaos);
    }
    let errors = [(); 3].map(|()| limiter.call(|| Ok::<_, Wrapped>(())).unwrap_err());
    assert_eq!(
        errors.map(|error| error.0.policy()),
        [Policy::Chaos, Policy::Chaos, Policy::RateLimit]
    );
    drop(rule);
    assert!(bulkhead.try_acquire().is_ok());
}

#[test]
fn code_of_an_error_is_that_of_an_external_service_by_default() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = CircuitBreaker::builder("guard").build().unwrap();
    let _rule = all(None);
    let error = breaker.call(|| Ok::<_, AppError>(())).unwrap_err();
    assert!(error.is(ErrorCode::EXTERNAL_SERVICE_ERROR));
}
