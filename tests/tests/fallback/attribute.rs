//! `#[fallback]`.

use gardefou::{
    AppError, ErrorCode, event::Severity, fallback, retry, testing::Scope, timeout,
    with_circuit_breaker,
};
use std::{future::pending, time::Duration};

const CACHED: u32 = 12;

fn cached(_: &AppError) -> u32 {
    CACHED
}

fn fails(err: &AppError) -> Result<u32, AppError> {
    Err(AppError::new(
        ErrorCode::FILE_NOT_FOUND_ERROR,
        format!("nothing cached, {}", err.code().name()),
    ))
}

fn is_down(err: &AppError) -> bool {
    err.is(ErrorCode::EXTERNAL_SERVICE_ERROR)
}

fn down<T>() -> Result<T, AppError> {
    Err(AppError::new(
        ErrorCode::EXTERNAL_SERVICE_ERROR,
        "no answer",
    ))
}

#[fallback(12)]
fn literal() -> Result<u32, AppError> {
    down()
}

#[fallback(CACHED)]
fn constant() -> Result<u32, AppError> {
    down()
}

#[fallback(cached)]
fn function() -> Result<u32, AppError> {
    down()
}

#[fallback(to = fails)]
fn failing() -> Result<u32, AppError> {
    down()
}

#[fallback(|err| if is_down(err) { vec![err.to_string()] } else { vec![] })]
fn closure() -> Result<Vec<String>, AppError> {
    down()
}

#[fallback(format!("{name} by default"), crate = gardefou)]
fn of_arguments(name: &str, fail: bool) -> Result<String, AppError> {
    if fail { down() } else { Ok(name.to_owned()) }
}

#[fallback(CACHED, on = is_down)]
fn selective(code: ErrorCode) -> Result<u32, AppError> {
    Err(AppError::new(code, "failed"))
}

#[fallback(load(id).await)]
async fn awaited(id: u32) -> Result<u32, AppError> {
    tokio::task::yield_now().await;
    down()
}

async fn load(id: u32) -> u32 {
    tokio::task::yield_now().await;
    id * 10
}

#[test]
fn value_function_and_closure_stand_in() {
    assert_eq!(literal().unwrap(), 12);
    assert_eq!(constant().unwrap(), 12);
    assert_eq!(function().unwrap(), 12);
    assert_eq!(closure().unwrap(), ["no answer"]);
    assert_eq!(of_arguments("blue", true).unwrap(), "blue by default");
    assert_eq!(of_arguments("blue", false).unwrap(), "blue");
    let err = failing().unwrap_err();
    assert_eq!(
        format!("{err:#}"),
        "nothing cached, EXTERNAL_SERVICE_ERROR: no answer"
    );
}

#[test]
fn predicate_selects_errors() {
    assert_eq!(
        selective(ErrorCode::EXTERNAL_SERVICE_ERROR).unwrap(),
        CACHED
    );
    assert!(
        selective(ErrorCode::PERMISSION_ERROR)
            .unwrap_err()
            .is(ErrorCode::PERMISSION_ERROR)
    );
}

#[tokio::test]
async fn async_value_is_awaited() {
    assert_eq!(awaited(4).await.unwrap(), 40);
}

#[test]
fn hidden_error_is_recorded_at_the_function() {
    let scope = Scope::new();
    let _entered = scope.enter();
    literal().unwrap();
    let records = scope.records();
    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0].operation.as_str(), records[0].level),
        ("literal", Severity::Warning)
    );
}

#[fallback(0)]
#[timeout("2s")]
#[retry(max_retries = 2, initial_delay = 0)]
#[with_circuit_breaker(name = "below-a-fallback", failure_threshold = 1)]
async fn stacked(hang: bool) -> Result<u32, AppError> {
    if hang {
        pending::<()>().await;
    }
    down()
}

#[tokio::test(start_paused = true)]
async fn fallback_stands_in_for_whatever_the_guards_below_return() {
    let scope = Scope::new();
    let start = tokio::time::Instant::now();
    {
        let _entered = scope.enter();
        assert_eq!(stacked(true).await.unwrap(), 0);
        assert_eq!(start.elapsed(), Duration::from_secs(2));
        assert_eq!(stacked(false).await.unwrap(), 0, "the circuit is open");
    }
    assert_eq!(scope.monitor().stats().total_errors, 2);
}

struct Cache {
    hits: u32,
}

impl Cache {
    #[fallback({ self.hits += 1; self.hits })]
    fn read(&mut self, fail: bool) -> Result<u32, AppError> {
        self.hits += 100;
        if fail { down() } else { Ok(0) }
    }
}

#[test]
fn fallback_may_change_what_the_body_borrowed() {
    let mut cache = Cache { hits: 0 };
    assert_eq!(cache.read(true).unwrap(), 101);
    assert_eq!(cache.read(false).unwrap(), 0);
}
