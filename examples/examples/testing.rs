//! Tests of guarded code: a clock, registries, a monitor and a journal for each test.
//!
//! The feature `test-util` belongs into `[dev-dependencies]`.
//!
//! `cargo run -p gardefou-examples --example testing`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use gardefou::{
    ErrorCode, Result, breaker::CircuitState, enhanced_error_handling, ensure,
    retry_with_circuit_breaker, testing::Scope,
};
use std::time::Duration;

/// The code under test.
#[enhanced_error_handling]
#[retry_with_circuit_breaker(
    name = "index",
    max_retries = 2,
    initial_delay = "10s",
    failure_threshold = 3,
    recovery_timeout = "1m"
)]
fn search(host: &str) -> Result<u32> {
    ensure!(host != "down", ErrorCode::DB_CONNECTION_ERROR, "refused");
    Ok(7)
}

/// Would be `#[test]`. The delays of the retry pass on the clock of the scope.
fn circuit_recovers_after_a_minute() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let begin = scope.now();
    assert!(search("down").is_err());
    assert!(scope.now().since(begin) > Duration::ZERO);

    let breakers = scope.circuit_breakers();
    let breaker = breakers.get("index").expect("it was called");
    assert_eq!(breaker.state(), CircuitState::Open);
    scope.clock().advance(Duration::from_secs(60));
    assert_eq!(search("up").ok(), Some(7));
    assert_eq!(breaker.state(), CircuitState::Closed);
}

/// Would be `#[test]`. Nothing of the other test is left: circuit, counts and journal are new.
fn failed_search_is_recorded_once() {
    let scope = Scope::new();
    let _entered = scope.enter();
    assert!(search("down").is_err());
    let stats = scope.monitor().stats();
    assert_eq!(stats.total_errors, 1, "three attempts, one error");
    assert_eq!(stats.recent_errors[0].error_code, "DB_CONNECTION_ERROR");
}

fn main() {
    circuit_recovers_after_a_minute();
    failed_search_is_recorded_once();
    println!("2 tests passed");
}
