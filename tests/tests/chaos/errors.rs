//! Injected errors: what they are, and what they mean to the guards around them.

use gardefou::{
    AppError, ErrorCode, Rejection,
    breaker::{CircuitBreaker, CircuitState, FailurePredicate},
    chaos, enhanced_error_handling,
    error::{Policy, View},
    error_boundary,
    retry::Retry,
    testing::Scope,
    timeout::Timeout,
};
use std::{cell::Cell, io, time::Duration};

#[derive(Debug, thiserror::Error)]
enum OrderError {
    #[error(transparent)]
    Rejected(#[from] Rejection),
    #[error("refused")]
    Refused,
}

fn timeout(name: &'static str) -> Timeout {
    let builder = Timeout::builder(name).limit(Duration::from_secs(1));
    builder.build().unwrap()
}

#[test]
fn injected_error_is_of_the_type_of_the_function_and_recognisable() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let _rule = chaos::inject("pay")
        .error_code(ErrorCode::DB_CONNECTION_ERROR, 1.0)
        .start()
        .unwrap();
    let OrderError::Rejected(injected) = timeout("pay")
        .call(|| Err::<(), _>(OrderError::Refused))
        .unwrap_err()
    else {
        panic!("the function ran");
    };
    assert_eq!(injected.policy(), Policy::Chaos);
    assert_eq!(
        (injected.name(), injected.code(), injected.ran()),
        ("pay", ErrorCode::DB_CONNECTION_ERROR, true)
    );
    assert_eq!(injected.to_string(), "fault injected by chaos at `pay`");
    let error = AppError::from(injected);
    assert!(error.is(ErrorCode::DB_CONNECTION_ERROR));
    assert_eq!(error.details()["chaos"], true);
    assert_eq!(error.details()["guard"], "pay");
    assert!(!View::from_app(&error).is_rejected());
    let io = timeout("pay").call(|| Ok::<_, io::Error>(())).unwrap_err();
    assert_eq!(io.to_string(), "fault injected by chaos at `pay`");
}

/// A permanent code too: the failure is one of the callee.
#[test]
fn breaker_counts_an_injected_error_as_a_failure_whatever_its_code_and_classifier() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = CircuitBreaker::builder("pay")
        .failure_threshold(3)
        .build()
        .unwrap();
    let _rule = chaos::inject("pay")
        .error_code(ErrorCode::API_REQUEST_ERROR, 1.0)
        .start()
        .unwrap();
    let ran = Cell::new(0);
    let op = || {
        ran.set(ran.get() + 1);
        Ok::<_, AppError>(())
    };
    assert!(breaker.call(op).is_err());
    let never = FailurePredicate(|_: &Result<(), AppError>| false);
    assert!(breaker.call_with(never, op).is_err());
    let stands_in = breaker.call_or(never, op, |injected| {
        assert_eq!(injected.policy(), Policy::Chaos);
        Ok(())
    });
    assert!(stands_in.is_ok());
    assert_eq!(breaker.state(), CircuitState::Open);
    assert_eq!((breaker.snapshot().counts.failure, ran.get()), (3, 0));
    let rejection = breaker.try_acquire().unwrap_err();
    assert_eq!(
        rejection.cause().as_deref(),
        Some("fault injected by chaos at `pay`")
    );
}

#[test]
fn breaker_around_another_guard_counts_its_injected_error() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = CircuitBreaker::builder("outer").build().unwrap();
    let _rule = chaos::inject("inner").error(1.0).start().unwrap();
    let outcome = breaker.call(|| timeout("inner").call(|| Ok::<_, OrderError>(())));
    assert!(outcome.is_err());
    let counts = breaker.snapshot().counts;
    assert_eq!((counts.failure, counts.ignored), (1, 0));
}

#[test]
fn half_open_breaker_gets_its_slot_back_from_an_injected_failure() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = CircuitBreaker::builder("probe")
        .clock(scope.clock().clone())
        .recovery_jitter(0.0)
        .build()
        .unwrap();
    breaker.force_open();
    breaker.half_open().unwrap();
    let rule = chaos::inject("probe").error(1.0).start().unwrap();
    assert!(breaker.call(|| Ok::<_, AppError>(())).is_err());
    assert_eq!(breaker.state(), CircuitState::Open);
    drop(rule);
    scope.clock().advance(Duration::from_secs(3600));
    assert!(breaker.call(|| Ok::<_, AppError>(())).is_ok());
}

#[test]
fn retry_tries_injected_errors_again() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let retry = Retry::builder()
        .name("fetch")
        .max_retries(50)
        .build()
        .unwrap();
    let rule = chaos::inject("fetch").error(0.5).seed(7).start().unwrap();
    let ran = Cell::new(0);
    for _ in 0..20 {
        let value = retry.call(|| {
            ran.set(ran.get() + 1);
            Ok::<_, AppError>(42)
        });
        assert_eq!(value.unwrap(), 42);
    }
    let status = rule.status();
    assert_eq!(ran.get(), 20);
    assert_eq!(status.calls, 20 + status.injected.errors);
    assert!(status.injected.errors > 0, "{status:?}");
}

/// A retry by hand has no `From<Rejection>` to ask for: its errors are those that every program has.
#[test]
fn retry_by_hand_injects_no_error_that_its_type_cannot_carry() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let retry = Retry::builder()
        .name("fetch")
        .max_retries(2)
        .build()
        .unwrap();
    let rule = chaos::inject("fetch").error(1.0).start().unwrap();
    assert_eq!(retry.call(|| Ok::<_, String>(1)), Ok(1));
    assert_eq!(
        (rule.status().calls, rule.status().injected.total()),
        (1, 0)
    );
    assert!(retry.call(|| Ok::<_, AppError>(1)).is_err());
    assert!(retry.call(|| Ok::<_, io::Error>(1)).is_err());
    assert!(retry.call(|| Ok::<_, Rejection>(1)).is_err());
    type Boxed = Box<dyn std::error::Error + Send + Sync>;
    assert!(retry.call(|| Ok::<_, Boxed>(1)).is_err());
}

/// Its record is made of an error that is no `AppError`.
#[enhanced_error_handling]
fn reported_by_attribute() -> Result<(), OrderError> {
    timeout("pay").call(|| Ok(()))
}

#[test]
fn record_of_an_injected_error_is_marked() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let _rule = chaos::inject("pay").error(1.0).start().unwrap();
    let error = timeout("pay").call(|| Ok::<_, AppError>(())).unwrap_err();
    gardefou::report(&error);
    let hidden = timeout("pay").call(|| Ok::<_, OrderError>(())).unwrap_err();
    let hidden: Result<(), _> = error_boundary!("hides", { Err(hidden)? });
    assert!(hidden.is_err());
    assert_eq!(
        reported_by_attribute().unwrap_err().to_string(),
        "fault injected by chaos at `pay`"
    );
    gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "a real one"));
    let records = scope.records();
    let marks: Vec<_> = records
        .iter()
        .map(|record| record.details.get("chaos").is_some_and(|it| *it == true))
        .collect();
    assert_eq!(marks, [true, true, true, false], "{records:?}");
}
