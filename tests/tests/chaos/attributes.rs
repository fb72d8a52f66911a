//! Functions whose guards are attributes.

use gardefou::{
    AppError, Rejection, bulkhead, chaos, circuit_breakers, error::Policy, fallback, rate_limit,
    resilient, retry, retry_with_circuit_breaker, testing::Scope, timeout, with_circuit_breaker,
};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
enum OrderError {
    #[error("rejected")]
    Rejected(Option<Policy>),
}

impl From<Rejection> for OrderError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Some(rejection.policy()))
    }
}

type Outcome = Result<u32, OrderError>;
const INJECTED: Outcome = Err(OrderError::Rejected(Some(Policy::Chaos)));

macro_rules! functions {
    ($($(#[$attribute:meta])+ $name:ident / $name_async:ident, $rule:literal;)+) => {
        $(
            $(#[$attribute])+
            fn $name(ran: &AtomicUsize) -> Outcome {
                ran.fetch_add(1, Ordering::Relaxed);
                Ok(42)
            }

            $(#[$attribute])+
            async fn $name_async(ran: &AtomicUsize) -> Outcome {
                ran.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(42)
            }
        )+

        #[tokio::test(start_paused = true)]
        async fn functions_fail_with_an_error_of_their_own_type_and_do_not_run() {
            let scope = Scope::new();
            let _entered = scope.enter();
            $({
                let ran = AtomicUsize::new(0);
                assert_eq!($name(&ran), Ok(42));
                for rule in [$rule, stringify!($name)] {
                    if rule.is_empty() { continue }
                    let rule = chaos::inject(rule).error(1.0).start().unwrap();
                    assert_eq!($name(&ran), INJECTED, "{rule:?}");
                    assert_eq!(rule.status().injected.errors, 1, "{rule:?}");
                    if $rule.is_empty() { continue }
                    assert_eq!($name_async(&ran).await, INJECTED, "{rule:?}");
                    if rule.status().name() == $rule { break }
                }
                if $rule.is_empty() {
                    let rule = chaos::inject(stringify!($name_async)).error(1.0).start().unwrap();
                    assert_eq!($name_async(&ran).await, INJECTED, "{rule:?}");
                    assert_eq!(rule.status().injected.errors, 1, "{rule:?}");
                }
                assert_eq!(ran.load(Ordering::Relaxed), 1, "{}", stringify!($name));
                assert_eq!($name_async(&ran).await, Ok(42));
                let rule = chaos::inject(if $rule.is_empty() { stringify!($name_async) } else { $rule })
                    .latency(1.0, Duration::from_secs(1)).start().unwrap();
                let began = tokio::time::Instant::now();
                let start = scope.now();
                assert_eq!($name_async(&ran).await, Ok(42));
                assert_eq!(rule.status().injected.latencies, 1);
                let waited = began.elapsed() + scope.now().since(start);
                assert_eq!(waited, Duration::from_secs(1), "{}", stringify!($name));
            })+
        }
    };
}

functions! {
    #[timeout(limit = "2s", name = "limited")] limited / limited_async, "limited";
    #[with_circuit_breaker(name = "broken")] broken / broken_async, "broken";
    #[bulkhead(max_concurrent = 2, name = "packed")] packed / packed_async, "packed";
    #[rate_limit(rate = "100/s", name = "paced")] paced / paced_async, "paced";
    #[retry(max_retries = 0)] tried / tried_async, "";
    #[retry_with_circuit_breaker(name = "both", max_retries = 0)] both / both_async, "both";
    #[resilient(timeout = "5s")] stacked / stacked_async, "";
}

#[retry_with_circuit_breaker(name = "counted", max_retries = 2, initial_delay = 0.1)]
fn counted() -> Outcome {
    Ok(42)
}

#[retry_with_circuit_breaker(name = "counted-async", max_retries = 2, initial_delay = 0.1)]
async fn counted_async() -> Outcome {
    Ok(42)
}

/// The rule of the retry is outside of the breaker, and the one of the breaker inside.
#[tokio::test(start_paused = true)]
async fn retry_and_breaker_of_one_attribute_have_each_their_rules() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let failures = |name| {
        circuit_breakers()
            .get(name)
            .unwrap()
            .snapshot()
            .counts
            .failure
    };
    assert!(counted().is_ok() && counted_async().await.is_ok());
    // Both are named so.
    let rule = |policy| {
        chaos::inject("counted")
            .policy(policy)
            .error(1.0)
            .start()
            .unwrap()
    };
    let of_retry = rule(Policy::Retry);
    assert_eq!(counted(), INJECTED);
    assert_eq!(
        (of_retry.status().injected.errors, failures("counted")),
        (3, 0)
    );
    drop(of_retry);
    let of_breaker = rule(Policy::CircuitBreaker);
    assert_eq!(counted(), INJECTED);
    assert_eq!(
        (of_breaker.status().injected.errors, failures("counted")),
        (3, 3)
    );
    let rule = chaos::inject("counted_async").error(1.0).start().unwrap();
    assert_eq!(counted_async().await, INJECTED);
    assert_eq!(
        (rule.status().injected.errors, failures("counted-async")),
        (3, 0)
    );
    drop(rule);
    let rule = chaos::inject("counted-async").error(1.0).start().unwrap();
    assert_eq!(counted_async().await, INJECTED);
    assert_eq!(
        (rule.status().injected.errors, failures("counted-async")),
        (3, 3)
    );
}

#[with_circuit_breaker(name = "stands-in", fallback = |_| Ok(7))]
fn stands_in() -> Result<u32, u8> {
    Ok(42)
}

#[with_circuit_breaker(name = "stands-in-async", fallback = |_| Ok(7))]
async fn stands_in_async() -> Result<u32, u8> {
    Ok(42)
}

/// An error type that can carry no rejection is fine there.
#[tokio::test]
async fn fallback_of_a_breaker_stands_in_for_an_injected_failure_which_counts() {
    let scope = Scope::new();
    let _entered = scope.enter();
    assert_eq!((stands_in(), stands_in_async().await), (Ok(42), Ok(42)));
    let _sync = chaos::inject("stands-in").error(1.0).start().unwrap();
    let _async = chaos::inject("stands-in-async").error(1.0).start().unwrap();
    assert_eq!((stands_in(), stands_in_async().await), (Ok(7), Ok(7)));
    for name in ["stands-in", "stands-in-async"] {
        let counts = circuit_breakers().get(name).unwrap().snapshot().counts;
        assert_eq!((counts.success, counts.failure), (1, 1), "{name}");
    }
}

#[fallback(7)]
fn replaced() -> Outcome {
    Ok(42)
}

#[fallback(|error: &OrderError| match error { OrderError::Rejected(policy) => policy.map_or(0, |_| 8) })]
async fn replaced_async() -> Outcome {
    Ok(42)
}

#[fallback(7)]
fn cannot_carry() -> Result<u32, u8> {
    Ok(42)
}

#[tokio::test]
async fn fallback_gives_its_value_in_place_of_an_injected_error() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let rules = ["replaced", "replaced_async", "cannot_carry"]
        .map(|name| chaos::inject(name).error(1.0).start().unwrap());
    assert_eq!((replaced(), replaced_async().await), (Ok(7), Ok(8)));
    assert_eq!(cannot_carry(), Ok(42));
    assert_eq!(rules.map(|rule| rule.status().injected.errors), [1, 1, 0]);
}

#[retry(max_retries = 1)]
fn through_app_error() -> Result<u32, FromApp> {
    Ok(42)
}

#[derive(Debug)]
struct FromApp(AppError);

impl From<AppError> for FromApp {
    fn from(error: AppError) -> Self {
        Self(error)
    }
}

#[retry(max_retries = 1)]
fn borrows<'a>(text: &'a str) -> Result<&'a str, Borrowed<'a>> {
    Ok(text)
}

#[derive(Debug, PartialEq)]
struct Borrowed<'a>(Option<&'a str>);

impl From<Rejection> for Borrowed<'_> {
    fn from(_: Rejection) -> Self {
        Self(None)
    }
}

#[test]
fn errors_are_made_of_an_app_error_too_and_may_borrow() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let _first = chaos::inject("through_app_error")
        .error(1.0)
        .start()
        .unwrap();
    let _second = chaos::inject("borrows").error(1.0).start().unwrap();
    assert_eq!(through_app_error().unwrap_err().0.details()["chaos"], true);
    assert_eq!(borrows("a"), Err(Borrowed(None)));
}
