//! Attributes and block macros in a program that has no async.
//!
//! A binary of its own, since a step of the checks builds it without the default features.

use gardefou::{
    AppError, ErrorCode, ErrorSystem, Rejection, bail,
    breaker::{CircuitBreaker, CircuitState},
    circuit_breakers, enhanced_error_handling, error_boundary, error_monitor, guarded_functions,
    health::HealthConfig,
    health_check, log_sensitive_operations, retry,
    retry::Retry,
    retry_with_circuit_breaker,
    time::ManualClock,
    transaction_boundary, with_circuit_breaker,
};
use gardefou_tests::testkit::poll::ready;
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

type R<T> = Result<T, AppError>;

fn busy() -> AppError {
    AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "busy")
}

fn counted(runs: &Cell<u32>) -> R<()> {
    runs.set(runs.get() + 1);
    Err(busy())
}

#[with_circuit_breaker(name = "sync-guarded", failure_threshold = 2, fallback = |_| Err(AppError::new(ErrorCode::SYNC_ERROR, "later")))]
fn guarded(runs: &Cell<u32>) -> R<()> {
    counted(runs)
}

#[retry(max_retries = 2, initial_delay = 0, jitter = false)]
fn tried(runs: &Cell<u32>) -> R<()> {
    counted(runs)
}

#[retry_with_circuit_breaker(
    name = "sync-both",
    failure_threshold = 2,
    max_retries = 9,
    initial_delay = 0
)]
fn both(runs: &Cell<u32>) -> R<()> {
    counted(runs)
}

#[log_sensitive_operations("sync-audited", user = user)]
#[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR, catch_panics = true, capture(user))]
fn handled(user: &str, text: &str) -> R<u8> {
    assert!(!text.is_empty(), "empty");
    Ok(text.parse()?)
}

#[enhanced_error_handling(rethrow = false)]
fn swallowed() -> R<u8> {
    Err(busy())
}

#[health_check(name = "sync-check")]
fn is_up() -> bool {
    true
}

#[test]
fn attributes_guard_sync_functions() {
    let runs = Cell::new(0);
    assert!((0..2).all(|_| {
        guarded(&runs)
            .unwrap_err()
            .is(ErrorCode::RESOURCE_BUSY_ERROR)
    }));
    assert!(guarded(&runs).unwrap_err().is(ErrorCode::SYNC_ERROR));
    assert_eq!(
        (
            runs.replace(0),
            circuit_breakers().get("sync-guarded").unwrap().state()
        ),
        (2, CircuitState::Open)
    );
    assert_eq!(tried(&runs).unwrap_err().details()["attempts"], 3);
    assert_eq!(runs.replace(0), 3);
    assert!(
        both(&runs)
            .unwrap_err()
            .downcast_ref::<Rejection>()
            .is_some()
    );
    assert_eq!(runs.get(), 2);
    assert!(
        guarded_functions()
            .iter()
            .any(|function| function.name() == "tried")
    );
}

#[test]
fn errors_get_a_code_and_are_recorded() {
    assert_eq!(handled("ada", "7").unwrap(), 7);
    let error = handled("ada", "x").unwrap_err();
    assert!(
        error.is(ErrorCode::CONFIG_ERROR) && error.details().contains_key("user"),
        "{error:?}"
    );
    assert!(handled("ada", "").unwrap_err().is(ErrorCode::PANIC_ERROR));
    assert_eq!(swallowed().unwrap(), 0);
    let count = |name| {
        error_monitor()
            .snapshot()
            .operations
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.count)
    };
    assert_eq!((count("handled"), count("swallowed")), (Some(2), Some(1)));
}

#[test]
fn block_macros_are_boundaries() {
    fn sum(rows: &[&str]) -> R<i32> {
        error_boundary!("sync-sum", error_code = ErrorCode::ANALYSIS_DATA_ERROR, {
            let mut sum = 0;
            for row in rows {
                if row.is_empty() {
                    return Ok(-1);
                }
                sum += row.parse::<i32>()?;
            }
            sum
        })
    }
    assert_eq!(
        (sum(&["1", "2"]).unwrap(), sum(&["1", ""]).unwrap()),
        (3, -1)
    );
    assert!(sum(&["x"]).unwrap_err().is(ErrorCode::ANALYSIS_DATA_ERROR));

    let undone = RefCell::new(Vec::new());
    let result: R<()> = transaction_boundary!("sync-transaction", |tx| {
        for step in 1..=3 {
            let undone = &undone;
            tx.on_rollback("undo", move || undone.borrow_mut().push(step));
        }
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    });
    assert!(result.unwrap_err().is(ErrorCode::DB_WRITE_ERROR));
    assert_eq!(undone.into_inner(), [3, 2, 1]);
}

#[test]
fn guards_wait_on_the_clock_of_their_builder() {
    let clock = ManualClock::new();
    let retry = Retry::builder()
        .max_retries(2)
        .clock(clock.clone())
        .build()
        .unwrap();
    let runs = Cell::new(0);
    assert!(retry.call(|| counted(&runs)).is_err());
    assert_eq!(runs.replace(0), 3);

    let breaker = CircuitBreaker::builder("sync-by-hand")
        .failure_threshold(1)
        .clock(clock.clone())
        .build()
        .unwrap();
    assert!(breaker.call(|| counted(&runs)).is_err());
    assert!(
        breaker
            .call(|| counted(&runs))
            .unwrap_err()
            .is(ErrorCode::CIRCUIT_OPEN_ERROR)
    );
    clock.advance(Duration::from_secs(61));
    assert!(breaker.call(|| Ok::<_, AppError>(())).is_ok());
    assert_eq!((runs.get(), breaker.state()), (1, CircuitState::Closed));
}

#[test]
fn system_starts_and_shuts_down() {
    assert!(is_up());
    let guard = ErrorSystem::builder()
        .health(HealthConfig::builder().background(false))
        .init()
        .unwrap();
    assert!(health_check().run_check("sync-check").unwrap().passed());
    assert!(guard.shutdown().is_clean());
}

#[test]
fn errors_of_async_functions_are_handled_on_any_executor() {
    #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR, catch_panics = true)]
    async fn port(text: &str) -> R<u16> {
        assert!(!text.is_empty(), "empty");
        Ok(error_boundary!("sync-async-boundary", {
            std::future::ready(text.parse::<u16>()).await?
        })?)
    }
    assert_eq!(ready(port("80")).unwrap(), 80);
    assert!(ready(port("http")).unwrap_err().is(ErrorCode::CONFIG_ERROR));
    assert!(ready(port("")).unwrap_err().is(ErrorCode::PANIC_ERROR));
}
