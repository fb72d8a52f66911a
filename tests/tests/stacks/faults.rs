//! Faults of `chaos` in calls through layers.

use gardefou::{
    Rejection,
    breaker::{CircuitBreaker, CircuitState},
    bulkhead::Bulkhead,
    chaos::{self, ChaosGuard, InjectedCounts, Injection},
    error::Policy,
    hedge::Hedge,
    integrations::tower::{
        BoxError, BulkheadLayer, CircuitBreakerLayer, HedgeLayer, PipelineLayer, RateLimitLayer,
        RetryIf, RetryLayer, TimeoutLayer,
    },
    pipeline::Pipeline,
    rate_limit::RateLimiter,
    retry::Retry,
    testing::Scope,
    timeout::Timeout,
};
use gardefou_tests::testkit::poll::poll_once;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};
use tower::{Layer, Service, ServiceExt, service_fn, util::BoxCloneService};

const LATENCY: Duration = Duration::from_millis(500);

/// Counts the calls that run, and returns the number of each.
type Echo = BoxCloneService<(), u32, BoxError>;

fn echo() -> Echo {
    let calls = Arc::new(AtomicU32::new(0));
    BoxCloneService::new(service_fn(move |()| {
        let calls = Arc::clone(&calls);
        async move { Ok(calls.fetch_add(1, Ordering::Relaxed)) }
    }))
}

fn layered<L>(layer: L) -> Echo
where
    L: Layer<Echo>,
    L::Service: Service<(), Response = u32, Error = BoxError> + Clone + Send + 'static,
    <L::Service as Service<()>>::Future: Send + 'static,
{
    BoxCloneService::new(layer.layer(echo()))
}

fn breaker() -> CircuitBreaker {
    let breaker = CircuitBreaker::builder("guard").failure_threshold(1);
    breaker.build().unwrap()
}

fn hedge() -> Hedge {
    let hedge = Hedge::builder("guard").after(Duration::from_secs(2));
    hedge.budget(false).build().unwrap()
}

/// A service under each layer, with the kind of its guard, and the faults of a call.
fn layers() -> [(&'static str, Option<Policy>, Echo, u64); 7] {
    let retry = Retry::builder().name("guard").max_attempts(1);
    let limited = Retry::builder()
        .name("guard")
        .max_attempts(1)
        .attempt_timeout(Duration::from_secs(60));
    let limiter = RateLimiter::builder("guard").rate("100/s");
    let timeout = Timeout::builder("guard").limit(Duration::from_secs(60));
    [
        (
            "circuit breaker",
            Some(Policy::CircuitBreaker),
            layered(CircuitBreakerLayer::new(
                CircuitBreaker::builder("guard").build().unwrap(),
            )),
            1,
        ),
        (
            "bulkhead",
            Some(Policy::Bulkhead),
            layered(BulkheadLayer::new(
                Bulkhead::builder("guard")
                    .max_concurrent(1)
                    .build()
                    .unwrap(),
            )),
            1,
        ),
        ("hedge", None, layered(HedgeLayer::new(hedge())), 2),
        (
            "retry",
            Some(Policy::Retry),
            layered(RetryLayer::new(retry.build().unwrap())),
            1,
        ),
        (
            "retry with limited attempts",
            Some(Policy::Retry),
            layered(RetryLayer::new(limited.build().unwrap())),
            1,
        ),
        (
            "rate limiter",
            Some(Policy::RateLimit),
            layered(RateLimitLayer::new(limiter.build().unwrap())),
            1,
        ),
        (
            "timeout",
            Some(Policy::Timeout),
            layered(TimeoutLayer::new(timeout.build().unwrap())),
            1,
        ),
    ]
}

fn start(rule: Injection, policy: Option<Policy>) -> ChaosGuard {
    let rule = match policy {
        Some(policy) => rule.policy(policy),
        None => rule,
    };
    rule.start().unwrap()
}

fn errors(name: &'static str) -> Injection {
    chaos::inject(name).error(1.0)
}

fn injected(rule: &ChaosGuard) -> InjectedCounts {
    rule.status().injected
}

fn assert_injected(error: &BoxError) {
    let rejection = error.downcast_ref::<Rejection>().unwrap();
    assert_eq!(rejection.policy(), Policy::Chaos);
}

#[tokio::test(start_paused = true)]
async fn errors_stand_in_place_of_calls_through_each_layer() {
    for (name, policy, service, faults) in layers() {
        let scope = Scope::new();
        let _entered = scope.enter();
        let rule = start(errors("guard"), policy);
        assert_injected(&service.clone().oneshot(()).await.unwrap_err());
        assert_eq!(injected(&rule).errors, faults, "{name}");
        drop(rule);
        assert_eq!(service.oneshot(()).await.unwrap(), 0, "{name}: none ran");
    }
}

#[tokio::test(start_paused = true)]
async fn latency_delays_calls_through_each_layer() {
    for (name, policy, service, _) in layers() {
        let scope = Scope::new();
        let _entered = scope.enter();
        let rule = start(chaos::inject("guard").latency(1.0, LATENCY), policy);
        let began = scope.now();
        assert_eq!(service.oneshot(()).await.unwrap(), 0, "{name}");
        assert_eq!(scope.now().since(began), LATENCY, "{name}");
        assert_eq!(injected(&rule).latencies, 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_through_each_layer_hang_until_they_are_dropped() {
    for (name, policy, service, faults) in layers() {
        let scope = Scope::new();
        let _entered = scope.enter();
        let rule = start(chaos::inject("guard").hang(1.0), policy);
        let hung = service.clone().oneshot(());
        let hung = tokio::time::timeout(Duration::from_secs(9), hung).await;
        assert!(hung.is_err(), "{name}");
        assert_eq!(injected(&rule).hangs, faults, "{name}");
        drop(rule);
        assert_eq!(service.oneshot(()).await.unwrap(), 0, "{name}: none ran");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_through_each_layer_panic() {
    for (name, policy, service, _) in layers() {
        let scope = Scope::new();
        let _entered = scope.enter();
        let rule = start(chaos::inject("guard").panic(1.0), policy);
        let mut call = Box::pin(service.clone().oneshot(()));
        let polled = catch_unwind(AssertUnwindSafe(|| poll_once(call.as_mut())));
        let payload = polled.unwrap_err();
        let text = payload.downcast_ref::<String>().unwrap();
        assert_eq!(text, "panic injected by chaos at `guard`", "{name}");
        drop(call);
        assert_eq!(injected(&rule).panics, 1, "{name}");
        drop(rule);
        assert_eq!(service.oneshot(()).await.unwrap(), 0, "{name}: none ran");
    }
}

#[tokio::test]
async fn breaker_counts_injected_errors_and_panics_as_failures() {
    let scope = Scope::new();
    let _entered = scope.enter();
    for rule in [errors("guard"), chaos::inject("guard").panic(1.0)] {
        let breaker = breaker();
        let rule = rule.start().unwrap();
        let call = layered(CircuitBreakerLayer::new(breaker.clone())).oneshot(());
        let mut call = Box::pin(call);
        let _ = catch_unwind(AssertUnwindSafe(|| poll_once(call.as_mut())));
        assert_eq!(rule.status().calls, 1);
        assert_eq!(breaker.state(), CircuitState::Open);
    }
    let (breaker, rule) = (breaker(), errors("guard").start().unwrap());
    breaker.force_open();
    let service = layered(CircuitBreakerLayer::new(breaker));
    let error = service.oneshot(()).await.unwrap_err();
    let rejection = error.downcast_ref::<Rejection>().unwrap();
    assert_eq!(rejection.policy(), Policy::CircuitBreaker);
    assert_eq!(rule.status().calls, 0, "an open circuit asks no rule");
}

/// The slot is taken before the fault, also by a call that waited for it, and given back after it.
#[tokio::test(start_paused = true)]
async fn bulkhead_holds_its_slot_through_the_fault() {
    // In no test scope, whose clock would end the wait at once.
    let bulkhead = Bulkhead::builder("waiting")
        .max_concurrent(1)
        .max_wait(Duration::from_secs(60))
        .build()
        .unwrap();
    let service = layered(BulkheadLayer::new(bulkhead.clone()));
    let rule = chaos::inject("waiting").hang(1.0).start().unwrap();
    let mut hung = Box::pin(service.clone().oneshot(()));
    assert!(poll_once(hung.as_mut()).is_pending());
    assert_eq!(bulkhead.snapshot().in_flight, 1);
    drop(rule);

    let mut waiting = Box::pin(service.clone().oneshot(()));
    assert!(poll_once(waiting.as_mut()).is_pending());
    assert_eq!(bulkhead.snapshot().queued, 1);
    let rule = errors("waiting").start().unwrap();
    assert_eq!(rule.status().calls, 0, "it has no slot yet");
    drop(hung);
    let Poll::Ready(Err(error)) = poll_once(waiting.as_mut()) else {
        panic!("it has the slot, and its fault");
    };
    assert_injected(&error);
    assert_eq!(bulkhead.snapshot().in_flight, 0);
    drop(rule);
    assert_eq!(service.oneshot(()).await.unwrap(), 0);
}

#[tokio::test]
async fn adaptive_bulkhead_learns_from_injected_errors() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let bulkhead = Bulkhead::builder("guard")
        .adaptive(true)
        .max_concurrent(100)
        .build()
        .unwrap();
    let _rule = errors("guard").start().unwrap();
    let service = layered(BulkheadLayer::new(bulkhead.clone()));
    assert!(service.oneshot(()).await.is_err());
    assert_eq!(bulkhead.snapshot().limit, 90);
}

/// An injected error leaves the request to the next attempt, so that one which cannot be copied is
/// still sent once.
#[tokio::test(start_paused = true)]
async fn request_of_an_injected_error_is_sent_by_the_next_attempt() {
    let retry = Retry::builder().name("guard").max_attempts(2);
    let retry = retry.budget(false).build().unwrap();
    let none = |(): &()| None;
    let services = || {
        [
            layered(HedgeLayer::new(hedge()).clone_request(none)),
            layered(RetryLayer::new(retry.clone()).clone_request(none)),
        ]
    };
    let mut outcomes = [0; 3];
    for seed in 0..32 {
        for service in services() {
            let scope = Scope::new();
            let _entered = scope.enter();
            let rule = chaos::inject("guard").error(0.5).seed(seed);
            let rule = rule.start().unwrap();
            let outcome = service.oneshot(()).await;
            let errors = injected(&rule).errors;
            assert_eq!(outcome.is_err(), errors == 2, "{seed}");
            outcomes[usize::try_from(errors).unwrap()] += 1;
        }
    }
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn predicate_of_a_hedge_decides_on_injected_errors() {
    for (again, faults) in [(true, 2), (false, 1)] {
        let scope = Scope::new();
        let _entered = scope.enter();
        let rule = errors("guard").start().unwrap();
        let outcome = RetryIf(move |_: &Result<u32, BoxError>| again);
        let service = layered(HedgeLayer::new(hedge()).outcome(outcome));
        assert_injected(&service.oneshot(()).await.unwrap_err());
        assert_eq!(injected(&rule).errors, faults);
    }
}

#[tokio::test(start_paused = true)]
async fn each_policy_of_a_pipeline_injects_into_its_calls() {
    let policies = [
        (Some(Policy::Timeout), 1),
        (Some(Policy::Retry), 2),
        (Some(Policy::CircuitBreaker), 4),
        (Some(Policy::RateLimit), 4),
        (Some(Policy::Bulkhead), 4),
    ];
    for (policy, faults) in policies {
        let scope = Scope::new();
        let _entered = scope.enter();
        let pipeline = Pipeline::builder("guard")
            .timeout(Duration::from_secs(60))
            .retry(Retry::builder().name("guard").max_attempts(2))
            .hedge(Hedge::builder("any").after(Duration::from_secs(1)))
            .circuit_breaker(CircuitBreaker::builder("guard"))
            .rate_limit(RateLimiter::builder("guard").rate("100/s"))
            .bulkhead(Bulkhead::builder("guard"))
            .build()
            .unwrap();
        let rule = start(errors("guard"), policy);
        let service = layered(PipelineLayer::new(pipeline));
        assert_injected(&service.clone().oneshot(()).await.unwrap_err());
        assert_eq!(injected(&rule).errors, faults, "{policy:?}");
        drop(rule);
        assert_eq!(service.oneshot(()).await.unwrap(), 0, "none ran");
    }
}
