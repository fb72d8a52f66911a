//! A tour of the library in five minutes: one function for each part, `main` at the end.
//!
//! `cargo run -p gardefou-examples --example tour`. Each part has an example and a page in `docs/`
//! of its own.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example asserts and shows its results"
)]

use gardefou::{
    AppError, ErrorCode, ErrorSystem, Result, ResultExt,
    alerts::{AlertsConfig, AlertsConfigBuilder, CallbackChannel, Rule},
    bail,
    breaker::CircuitState,
    circuit_breakers, enhanced_error_handling, ensure, error_boundary, error_codes, error_monitor,
    health::{Check, Status},
    health_check, log_sensitive_operations, report, retry, retry_with_circuit_breaker,
    transaction_boundary, with_circuit_breaker,
};
use std::cell::Cell;

// Part 1, codes. The standard ones know their number, HTTP status, category and class; an application
// adds its own.
error_codes! {
    /// The model was trained on another version of the data.
    pub MODEL_VERSION_ERROR = 212, http = 409, class = Permanent;
}

/// `AppError`: a code, a message, details, a source and an identity. `?` makes one of any error.
fn errors() -> Result<()> {
    let error = AppError::new(MODEL_VERSION_ERROR, "an old model").with_detail("version", 3);
    assert_eq!(error.code().http_status(), 409);
    assert_eq!(error.details()["version"], 3);

    let port = "http".parse::<u16>();
    let error = port
        .context(ErrorCode::CONFIG_ERROR, "no port")
        .unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "no port: invalid digit found in string"
    );
    Ok("8080".parse::<u16>().map(drop)?)
}

/// Part 2, monitoring. `report` logs an error through `tracing`, counts it and passes it to alerts,
/// once; boundaries and `#[enhanced_error_handling]` do so by themselves.
fn monitoring() {
    report(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
    assert_eq!(error_monitor().stats().error_counts["TIMEOUT_ERROR"], 1);
}

/// Part 3, alerts. Rules decide what is worth a notification; channels deliver it in the background.
fn alerts() -> AlertsConfigBuilder {
    let pager = CallbackChannel::new("pager", |notification| {
        println!("notification: {}", notification.title);
        Ok(())
    });
    let rule = Rule::breakers("circuits");
    AlertsConfig::builder().channel(pager).rule(rule)
}

/// Part 4, circuit breaker. Three failures in a row open the circuit; calls are then rejected without
/// being made, until a probe shows that the service has recovered.
#[with_circuit_breaker(name = "archive", failure_threshold = 3, recovery_timeout = "30s")]
fn archive(up: bool) -> Result<&'static str> {
    ensure!(up, ErrorCode::EXTERNAL_SERVICE_ERROR, "refused");
    Ok("recording")
}

fn circuit_breaker() {
    assert!((0..3).all(|_| archive(false).is_err()));
    let rejected = archive(true).unwrap_err();
    assert!(rejected.is(ErrorCode::CIRCUIT_OPEN_ERROR) && rejected.retry_after().is_some());
    let breaker = circuit_breakers().get("archive").expect("it was called");
    assert_eq!(breaker.state(), CircuitState::Open);
}

/// Part 5, retry. Transient errors are tried again, with backoff and jitter; permanent ones are not.
#[retry(max_retries = 2, initial_delay = "1ms")]
fn fetch(failures: &mut u32) -> Result<u32> {
    *failures = failures.saturating_sub(1);
    ensure!(*failures == 0, ErrorCode::TIMEOUT_ERROR, "no answer");
    Ok(200)
}

/// Both: the retry outside, the breaker inside. Each attempt counts, and the retry stops when the
/// circuit opens. The attribute above counts the error that is left.
#[enhanced_error_handling(error_code = ErrorCode::DB_QUERY_ERROR)]
#[retry_with_circuit_breaker(name = "database", max_retries = 2, initial_delay = "1ms")]
async fn query(sql: &str) -> Result<usize> {
    Ok(sql.len())
}

/// Part 6, boundaries. A block whose errors get a code and are recorded once, however many boundaries
/// they cross; on request the program goes on without them.
fn boundaries() -> Option<u32> {
    error_boundary!("read-length", rethrow = false, { "12 s".parse::<u32>()? })
}

/// An audit trail: who, what, the outcome and the duration; never the arguments.
#[log_sensitive_operations("delete-account", user = user)]
fn delete_account(user: &str) -> Result<usize> {
    Ok(user.len())
}

/// Part 7, transaction. On an error, a panic or a dropped future the compensations run, last in first
/// out.
fn transaction(stock: &Cell<u32>) -> Result<()> {
    transaction_boundary!("order", |tx| {
        stock.set(stock.get() - 1);
        tx.on_rollback("put it back", || stock.set(stock.get() + 1));
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    })
}

/// Part 8, health. Checks run at the same time, with a limit each; probes answer from memory.
fn health() -> Result<()> {
    let health = health_check();
    health.register(Check::dependency("database", || true).critical())?;
    health.register_check("tape-robot", || Err::<(), _>("no answer"))?;
    assert_eq!(health.run_all_checks().status(), Status::Warn);
    Ok(())
}

/// Part 9, start and shutdown. Everything works before and without it, but for alerts and checks in the
/// background. The guard ends them in order.
#[tokio::main]
async fn main() -> Result<()> {
    let guard = ErrorSystem::builder().alerts(alerts()).init()?;
    errors()?;
    monitoring();
    circuit_breaker();
    assert_eq!(fetch(&mut 3)?, 200);
    assert_eq!(query("SELECT 1").await?, 8);
    assert_eq!(boundaries(), None);
    assert_eq!(delete_account("user-7")?, 6);
    let stock = Cell::new(5);
    assert!(transaction(&stock).is_err());
    assert_eq!(stock.get(), 5);
    health()?;

    println!("{} errors recorded", error_monitor().stats().total_errors);
    println!("{}", guard.shutdown());
    Ok(())
}
