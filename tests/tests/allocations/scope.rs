//! Allocations of guarded calls inside and outside of test scopes: none.

use crate::allocations;
use gardefou::{AppError, enhanced_error_handling, retry, testing::Scope, with_circuit_breaker};

#[with_circuit_breaker(name = "scope-alloc")]
fn guarded() -> Result<u32, AppError> {
    Ok(1)
}

#[retry]
fn retried() -> Result<u32, AppError> {
    Ok(1)
}

#[enhanced_error_handling]
fn handled() -> Result<u32, AppError> {
    Ok(1)
}

fn call_each() {
    assert!(guarded().is_ok() && retried().is_ok() && handled().is_ok());
}

#[test]
fn successful_call_allocates_nothing_before_and_after_a_scope() {
    assert_eq!(allocations(call_each), 0);
    Scope::new().run(call_each);
    assert_eq!(allocations(call_each), 0);
}

#[test]
fn successful_call_in_a_scope_allocates_nothing() {
    let scope = Scope::new();
    let _entered = scope.enter();
    assert_eq!(allocations(call_each), 0);
}
