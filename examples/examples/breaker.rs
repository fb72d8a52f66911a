//! A circuit breaker: five states, driven by the outcomes of calls and by time.
//!
//! `cargo run -p gardefou-examples --example breaker`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example asserts and shows its results"
)]

use gardefou::{
    AppError, ErrorCode, Result,
    breaker::{CircuitBreaker, CircuitState},
    circuit_breakers,
    time::ManualClock,
    with_circuit_breaker,
};
use std::time::Duration;

/// By attribute: the breaker is shared by name and found in the registry of the process.
#[with_circuit_breaker(name = "search", failure_threshold = 3, recovery_timeout = "30s")]
fn search(query: &str) -> Result<usize> {
    Ok(query.len())
}

fn main() -> Result<()> {
    assert_eq!(search("heron")?, 5);
    let breaker = circuit_breakers().get("search").expect("it was called");
    assert_eq!(breaker.state(), CircuitState::Closed);

    // By hand. The manual clock (feature `test-util`) makes the open time pass without waiting.
    let clock = ManualClock::new();
    let payments = CircuitBreaker::builder("payments")
        .failure_threshold(2)
        .recovery_timeout(Duration::from_secs(30))
        .clock(clock.clone())
        .build()?;
    let refused = || Err::<(), _>(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "refused"));

    // Two failures in a row open the circuit.
    assert!(payments.call(refused).is_err() && payments.call(refused).is_err());
    assert_eq!(payments.state(), CircuitState::Open);

    // Calls are rejected without being made. The rejection carries the wait and the cause.
    let rejected = payments.call(|| Ok::<_, AppError>(())).unwrap_err();
    assert!(rejected.is(ErrorCode::CIRCUIT_OPEN_ERROR));
    println!("rejected: {rejected}");

    // After the open time a probe is let through; its success closes the circuit.
    clock.advance(Duration::from_secs(30));
    assert_eq!(payments.state(), CircuitState::HalfOpen);
    payments.call(|| Ok::<_, AppError>(()))?;
    assert_eq!(payments.state(), CircuitState::Closed);
    println!(
        "closed again after {} rejected call",
        payments.snapshot().counts.rejected
    );
    Ok(())
}
