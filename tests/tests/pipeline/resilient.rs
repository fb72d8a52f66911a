//! `#[resilient]`.

use gardefou::{
    AppError, ErrorCode, bulkhead, bulkhead::bulkheads, circuit_breakers, enhanced_error_handling,
    fallback, guarded_functions, rate_limit, rate_limit::rate_limiters, resilient, retry,
    testing::Scope, timeout, with_circuit_breaker,
};
use std::{future::pending, time::Duration};

fn down<T>() -> Result<T, AppError> {
    Err(AppError::new(
        ErrorCode::EXTERNAL_SERVICE_ERROR,
        "no answer",
    ))
}

#[resilient(name = "only-named")]
fn unguarded(value: u32) -> Result<u32, AppError> {
    Ok(value)
}

#[resilient]
fn without_arguments() -> Result<u32, AppError> {
    Ok(1)
}

#[test]
fn attribute_without_policies_leaves_the_function_as_it_is() {
    assert_eq!(unguarded(3).unwrap() + without_arguments().unwrap(), 4);
    assert!(
        !guarded_functions()
            .iter()
            .any(|function| function.name() == "unguarded")
    );
}

#[resilient(
    fallback = |err: &AppError| if err.is(ErrorCode::TIMEOUT_ERROR) { 1 } else { 2 },
    attempt_timeout = "1s",
    retry(max_retries = 2, initial_delay = "1s", jitter = false, backoff_factor = 1),
    timeout = "4s",
    circuit_breaker(failure_threshold = 10),
    name = "in-any-order",
)]
async fn in_any_order(calls: &std::cell::Cell<u32>, hang: bool) -> Result<u32, AppError> {
    calls.set(calls.get() + 1);
    if hang {
        pending::<()>().await;
    }
    down()
}

#[tokio::test(start_paused = true)]
async fn keys_in_any_order_give_the_default_order() {
    let start = tokio::time::Instant::now();
    let calls = std::cell::Cell::new(0);
    // An attempt of 1 s, a wait of 1 s, and again: then the whole is over.
    assert_eq!(in_any_order(&calls, true).await.unwrap(), 1);
    assert_eq!((start.elapsed(), calls.get()), (Duration::from_secs(4), 2));
    let breaker = circuit_breakers().get("in-any-order").unwrap();
    assert_eq!(
        breaker.snapshot().counts.failure,
        2,
        "each attempt is counted"
    );
    assert_eq!(in_any_order(&calls, false).await.unwrap(), 2);
    assert_eq!(calls.get(), 5);
}

const NAME: &str = "by-constant";

#[enhanced_error_handling(error_code = ErrorCode::ANALYSIS_DATA_ERROR)]
#[resilient(name = NAME, retry(max_retries = 1, initial_delay = 0), circuit_breaker, crate = gardefou)]
fn below_another_guard(calls: &mut u32) -> Result<u32, AppError> {
    *calls += 1;
    down()
}

#[resilient(name = NAME, retry(max_retries = 1, initial_delay = 0), circuit_breaker)]
#[enhanced_error_handling(error_code = ErrorCode::ANALYSIS_DATA_ERROR)]
fn above_another_guard(calls: &mut u32) -> Result<u32, AppError> {
    *calls += 1;
    down()
}

#[test]
fn attribute_keeps_its_place_in_a_stack() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let mut calls = 0;
    assert!(below_another_guard(&mut calls).is_err());
    assert_eq!(
        (calls, scope.monitor().stats().total_errors),
        (2, 1),
        "reported once, outside of the retry"
    );
    let records = scope.records().len();
    assert!(above_another_guard(&mut calls).is_err());
    assert_eq!((calls, scope.monitor().stats().total_errors), (4, 2));
    // The first of its two errors was retried, and settled as such.
    assert!(scope.records().len() > records + 1, "{:?}", scope.records());
    assert_eq!(
        circuit_breakers()
            .get(NAME)
            .unwrap()
            .snapshot()
            .counts
            .failure,
        4
    );
}

/// What each call of a script returns, and what can be seen of the guards after it.
type Seen = Vec<(Result<u32, ErrorCode>, u32, u64, u64, Duration)>;

macro_rules! script {
    ($function:ident, $breaker:literal) => {{
        let scope = Scope::new();
        let _entered = scope.enter();
        let mut seen: Seen = Vec::new();
        let mut seed = 7_u32;
        for step in 0..200_u64 {
            let calls = std::cell::Cell::new(0);
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let fails = (seed >> 16) % 5;
            let outcome = $function(&scope, &calls, fails);
            let failures = circuit_breakers()
                .get($breaker)
                .map_or(0, |breaker| breaker.snapshot().counts.failure);
            let rejected = rate_limiters()
                .get($breaker)
                .map_or(0, |limiter| limiter.snapshot().rejected);
            let now = Duration::from_nanos(scope.now().as_nanos());
            seen.push((
                outcome.map_err(|err| err.code()),
                calls.get(),
                failures,
                rejected,
                now,
            ));
            scope.clock().advance(Duration::from_millis(step % 7 * 300));
        }
        seen
    }};
}

fn body(scope: &Scope, calls: &std::cell::Cell<u32>, fails: u32) -> Result<u32, AppError> {
    calls.set(calls.get() + 1);
    scope.clock().advance(Duration::from_millis(400));
    match fails {
        4 => Err(AppError::new(ErrorCode::PERMISSION_ERROR, "no access")),
        _ if calls.get() <= fails => down(),
        _ => Ok(calls.get()),
    }
}

fn stands_in(err: &AppError) -> Result<u32, AppError> {
    match err.code() {
        ErrorCode::EXTERNAL_SERVICE_ERROR => Ok(99),
        _ => Err(err.clone()),
    }
}

#[resilient(
    name = "script-together",
    timeout = "3s",
    retry(max_retries = 3, initial_delay = "500ms", seed = 5),
    circuit_breaker(failure_threshold = 3, recovery_timeout = "2s"),
    rate_limit = "1/s",
    bulkhead(max_concurrent = 2),
    attempt_timeout = "1s",
    fallback = stands_in,
)]
fn together(scope: &Scope, calls: &std::cell::Cell<u32>, fails: u32) -> Result<u32, AppError> {
    body(scope, calls, fails)
}

#[fallback(stands_in)]
#[timeout("3s")]
#[retry(max_retries = 3, initial_delay = "500ms", seed = 5)]
#[with_circuit_breaker(
    name = "script-stacked",
    failure_threshold = 3,
    recovery_timeout = "2s"
)]
#[rate_limit("1/s", name = "script-stacked")]
#[bulkhead(name = "script-stacked", max_concurrent = 2)]
#[timeout("1s")]
fn stacked(scope: &Scope, calls: &std::cell::Cell<u32>, fails: u32) -> Result<u32, AppError> {
    body(scope, calls, fails)
}

#[test]
fn stacked_attributes_behave_as_the_one_attribute() {
    let (together, stacked) = (
        script!(together, "script-together"),
        script!(stacked, "script-stacked"),
    );
    for (step, both) in together.iter().zip(&stacked).enumerate() {
        assert_eq!(both.0, both.1, "step {step}");
    }
    // The script meets every outcome.
    for code in [ErrorCode::PERMISSION_ERROR, ErrorCode::CIRCUIT_OPEN_ERROR] {
        assert!(together.iter().any(|seen| seen.0 == Err(code)), "{code:?}");
    }
    for value in [1, 2] {
        assert!(together.iter().any(|seen| seen.0 == Ok(value)), "{value}");
    }
    assert!(together.last().unwrap().3 > 0, "the limiter rejects too");
}

#[resilient(
    name = "of-tenant",
    key = tenant,
    circuit_breaker(failure_threshold = 2),
    rate_limit = "3/h",
    bulkhead(max_concurrent = 1)
)]
fn of_tenant(
    tenant: &str,
    inside: impl FnOnce() -> Result<u32, AppError>,
) -> Result<u32, AppError> {
    let _ = tenant;
    inside()
}

#[test]
fn key_chooses_breaker_limiter_and_bulkhead() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let code = |outcome: Result<u32, AppError>| outcome.unwrap_err().code();
    let one = || Ok(1);
    // Slots: while one call of a tenant runs, there is none for another one of the same.
    let inside = || {
        assert_eq!(
            code(of_tenant("a", one)),
            ErrorCode::CONCURRENCY_LIMIT_ERROR
        );
        of_tenant("b", one)
    };
    assert_eq!(of_tenant("a", inside).unwrap(), 1);
    // Permits: those of `a` are used up by the third call, and `b` has two left.
    of_tenant("a", one).unwrap();
    assert_eq!(code(of_tenant("a", one)), ErrorCode::RATE_LIMIT_ERROR);
    // Circuits: that of `b` opens.
    for _ in 0..2 {
        assert_eq!(
            code(of_tenant("b", down)),
            ErrorCode::EXTERNAL_SERVICE_ERROR
        );
    }
    assert_eq!(code(of_tenant("b", one)), ErrorCode::CIRCUIT_OPEN_ERROR);
    assert_eq!(of_tenant("c", one).unwrap(), 1);
    let keys = ["a", "b", "c"];
    let name = "of-tenant";
    assert_eq!(circuit_breakers().get_keyed(name).unwrap().keys(), keys);
    assert_eq!(rate_limiters().get_keyed(name).unwrap().keys(), keys);
    assert_eq!(bulkheads().get_keyed(name).unwrap().keys(), keys);
}
