//! `#[with_circuit_breaker]`.

use crate::support::{R, busy, missing};
use gardefou::{
    AppError, ErrorCode, Rejection,
    breaker::{BreakerConfig, CircuitBreaker, CircuitState},
    circuit_breakers,
    testing::Scope,
    with_circuit_breaker,
};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

fn breaker(name: &str) -> CircuitBreaker {
    circuit_breakers().get(name).unwrap()
}

#[with_circuit_breaker(name = "attr-opens", failure_threshold = 2)]
fn opens(runs: &Cell<u32>, outcome: R<i32>) -> R<i32> {
    runs.set(runs.get() + 1);
    outcome
}

#[test]
fn open_circuit_does_not_run_the_function() {
    let runs = Cell::new(0);
    assert_eq!(opens(&runs, Ok(1)).unwrap(), 1);
    assert!(
        opens(&runs, Err(busy()))
            .unwrap_err()
            .is(ErrorCode::RESOURCE_BUSY_ERROR)
    );
    assert!(
        opens(&runs, Err(busy()))
            .unwrap_err()
            .is(ErrorCode::RESOURCE_BUSY_ERROR)
    );
    let rejected = opens(&runs, Ok(1)).unwrap_err();
    assert_eq!(runs.get(), 3, "the fourth call did not run");
    assert!(rejected.is(ErrorCode::CIRCUIT_OPEN_ERROR));
    let rejection = rejected.downcast_ref::<Rejection>().unwrap();
    assert_eq!(rejection.name(), "attr-opens");
    assert!(rejection.cause().unwrap().contains("busy"), "{rejection:?}");
    assert!(rejected.retry_after().unwrap() <= Duration::from_secs(60));
}

#[with_circuit_breaker(name = "attr-permanent", failure_threshold = 1)]
fn permanent() -> R<i32> {
    Err(missing())
}

#[test]
fn permanent_error_does_not_count_against_the_breaker() {
    for _ in 0..5 {
        assert!(permanent().unwrap_err().is(ErrorCode::FILE_NOT_FOUND_ERROR));
    }
    assert_eq!(breaker("attr-permanent").snapshot().counts.ignored, 5);
}

#[with_circuit_breaker(name = "attr-anyhow", failure_threshold = 1)]
fn in_anyhow() -> Result<(), anyhow::Error> {
    // An `AppError` inside a foreign error inside a foreign error.
    Err(anyhow::Error::new(std::io::Error::other(missing())).context("while reading"))
}

#[test]
fn class_is_found_within_a_foreign_error() {
    for _ in 0..3 {
        assert!(in_anyhow().is_err());
    }
    assert_eq!(breaker("attr-anyhow").snapshot().counts.ignored, 3);
}

#[with_circuit_breaker(name = "attr-panics", failure_threshold = 2)]
fn panics(text: String) -> R<()> {
    panic!("{text}");
}

#[with_circuit_breaker(name = "attr-panics", failure_threshold = 2)]
async fn panics_later(text: String) -> R<()> {
    tokio::task::yield_now().await;
    panic!("{text}");
}

#[tokio::test]
async fn panic_propagates_and_counts_as_a_failure() {
    assert!(catch_unwind(AssertUnwindSafe(|| panics("at once".into()))).is_err());
    assert!(
        tokio::spawn(panics_later("later".into()))
            .await
            .unwrap_err()
            .is_panic()
    );
    assert_eq!(breaker("attr-panics").state(), CircuitState::Open);
}

#[with_circuit_breaker(name = "attr-dropped", failure_threshold = 1, abandoned_after = "5s")]
async fn hangs() -> R<()> {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn abandoned_call_counts_after_a_long_wait_but_not_after_a_short_one() {
    assert!(
        tokio::time::timeout(Duration::from_secs(4), hangs())
            .await
            .is_err()
    );
    assert_eq!(breaker("attr-dropped").state(), CircuitState::Closed);
    drop(hangs());
    assert_eq!(
        breaker("attr-dropped").state(),
        CircuitState::Closed,
        "a future that was never polled is no call"
    );
    assert!(
        tokio::time::timeout(Duration::from_secs(6), hangs())
            .await
            .is_err()
    );
    assert_eq!(breaker("attr-dropped").state(), CircuitState::Open);
}

#[with_circuit_breaker(
    name = "attr-life",
    failure_threshold = 2,
    recovery_timeout = 10,
    success_threshold = 2
)]
async fn life(ok: bool) -> R<()> {
    tokio::task::yield_now().await;
    if ok { Ok(()) } else { Err(busy()) }
}

#[tokio::test(start_paused = true)]
async fn macro_form_equals_the_builder_form_on_the_same_script() {
    let by_hand = CircuitBreaker::builder("by-hand")
        .failure_threshold(2)
        .recovery_timeout(Duration::from_secs(10))
        .success_threshold(2)
        .build()
        .unwrap();
    // Outcome, and the seconds that pass after it.
    let script = [
        (true, 0),
        (false, 1),
        (true, 0),
        (false, 0),
        (false, 3),
        (true, 7),
        (false, 10),
        (true, 0),
        (true, 1),
    ];
    let mut states = Vec::new();
    for (ok, seconds) in script {
        let macro_form = life(ok).await.map_err(|error| error.code());
        let builder_form = by_hand
            .call_async(|| async { if ok { Ok(()) } else { Err(busy()) } })
            .await;
        assert_eq!(
            macro_form,
            builder_form.map_err(|error: AppError| error.code())
        );
        assert_eq!(breaker("attr-life").state(), by_hand.state());
        states.push(by_hand.state().to_string());
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }
    assert_eq!(breaker("attr-life").config(), by_hand.config());
    assert!(
        states.contains(&"open".to_owned()) && states.contains(&"half_open".to_owned()),
        "{states:?}"
    );
    assert_eq!(states.last().unwrap(), "closed");
}

#[derive(Debug, PartialEq)]
enum Mine {
    Rejected(String),
    Failed,
}

impl From<Rejection> for Mine {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection.name().to_owned())
    }
}

#[with_circuit_breaker(name = "attr-mine", failure_threshold = 1)]
fn mine() -> Result<(), Mine> {
    Err(Mine::Failed)
}

#[with_circuit_breaker(name = "attr-mine")]
async fn same_breaker() -> std::io::Result<()> {
    Ok(())
}

#[tokio::test]
async fn rejection_is_converted_into_the_error_type_of_the_function() {
    assert_eq!(mine(), Err(Mine::Failed));
    assert_eq!(mine(), Err(Mine::Rejected("attr-mine".into())));
    let other_type = same_breaker().await.unwrap_err();
    assert!(
        other_type.get_ref().unwrap().is::<Rejection>(),
        "two functions of one name share the breaker"
    );
}

#[with_circuit_breaker(name = "attr-wrong", recovery_backoff = SHRINKS)]
fn wrong_at_run_time() -> R<i32> {
    Ok(1)
}

const SHRINKS: f64 = 0.5;

#[test]
fn invalid_configuration_falls_back_to_the_defaults() {
    // The errors of other tests would push its own out of the recent ones.
    let scope = Scope::new();
    let _entered = scope.enter();
    assert_eq!(wrong_at_run_time().unwrap(), 1);
    assert_eq!(
        breaker("wrong_at_run_time").config(),
        BreakerConfig::default()
    );
    let snapshot = gardefou::error_monitor().snapshot();
    let record = snapshot
        .recent_errors
        .iter()
        .find(|record| record.operation == "wrong_at_run_time")
        .unwrap();
    assert_eq!(
        (record.error_code.as_str(), &record.location),
        ("CONFIG_ERROR", &None)
    );
}

#[with_circuit_breaker(name = "attr-fallback", failure_threshold = 1, fallback = |rejection: Rejection| {
    Ok(format!("{} for {who}", rejection.name()))
})]
fn with_fallback(who: String) -> R<String> {
    Err(busy().with_detail("who", who))
}

#[test]
fn fallback_replaces_the_call_and_can_use_the_arguments() {
    assert!(with_fallback("a".into()).is_err());
    assert_eq!(with_fallback("b".into()).unwrap(), "attr-fallback for b");
}

#[with_circuit_breaker(name = "attr-fallback-fails", failure_threshold = 1, fallback = |_| Err(missing()))]
fn with_fallback_that_fails() -> R<()> {
    Err(busy())
}

#[with_circuit_breaker(name = "attr-fallback-fails-mine", failure_threshold = 1, fallback = |_| Err(Mine::Failed))]
async fn with_fallback_that_fails_in_its_own_type(first: bool) -> Result<(), Mine> {
    Err(if first {
        Mine::Rejected("not by a breaker".into())
    } else {
        unreachable!("the circuit is open")
    })
}

#[tokio::test]
async fn error_of_a_fallback_is_returned_unchanged() {
    assert!(
        with_fallback_that_fails()
            .unwrap_err()
            .is(ErrorCode::RESOURCE_BUSY_ERROR)
    );
    let error = with_fallback_that_fails().unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (ErrorCode::FILE_NOT_FOUND_ERROR, "missing")
    );
    assert!(
        error.downcast_ref::<Rejection>().is_none() && error.details().is_empty(),
        "{error:?}"
    );

    assert!(
        with_fallback_that_fails_in_its_own_type(true)
            .await
            .is_err()
    );
    assert_eq!(
        with_fallback_that_fails_in_its_own_type(false).await,
        Err(Mine::Failed)
    );
}

#[with_circuit_breaker(name = "attr-removed", failure_threshold = 2)]
fn removed(runs: &Cell<u32>) -> R<()> {
    runs.set(runs.get() + 1);
    Err(busy())
}

#[test]
fn breaker_removed_from_the_registry_still_guards_its_function() {
    let runs = Cell::new(0);
    assert!(removed(&runs).is_err());
    let taken = circuit_breakers().remove("attr-removed").unwrap();
    let other = circuit_breakers()
        .get_or_create("attr-removed", |builder| builder)
        .unwrap();

    assert!(removed(&runs).is_err());
    assert_eq!(
        (taken.state(), taken.snapshot().counts.failure),
        (CircuitState::Open, 2),
        "the name is looked up once"
    );
    assert!(
        removed(&runs)
            .unwrap_err()
            .is(ErrorCode::CIRCUIT_OPEN_ERROR)
    );
    assert_eq!(
        (runs.get(), other.state(), other.snapshot().counts.total()),
        (2, CircuitState::Closed, 0)
    );
}
