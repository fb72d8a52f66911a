//! Allocations of the attributes: none for a call that succeeds, none for one that is rejected.

use gardefou::{
    Rejection, circuit_breakers, enhanced_error_handling, retry, retry_with_circuit_breaker,
    with_circuit_breaker,
};
use gardefou_tests::testkit::poll::ready;

/// An error that allocates nothing.
#[derive(Debug)]
enum Plain {
    Rejected(#[expect(dead_code, reason = "kept to be dropped")] Rejection),
    Failed,
}

impl From<Rejection> for Plain {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

#[enhanced_error_handling]
fn handled() -> Result<u32, Plain> {
    Ok(1)
}

#[enhanced_error_handling(catch_panics = true)]
async fn handled_later() -> Result<u32, gardefou::AppError> {
    Ok(1)
}

#[with_circuit_breaker(name = "alloc-closed")]
fn guarded() -> Result<u32, Plain> {
    Ok(1)
}

#[with_circuit_breaker(name = "alloc-closed")]
async fn guarded_later() -> Result<u32, Plain> {
    Ok(1)
}

#[retry]
fn retried() -> Result<u32, Plain> {
    Ok(1)
}

#[retry_with_circuit_breaker(name = "alloc-closed")]
async fn both() -> Result<u32, Plain> {
    Ok(1)
}

#[with_circuit_breaker(name = "alloc-open")]
fn rejected() -> Result<u32, Plain> {
    Err(Plain::Failed)
}

#[with_circuit_breaker(name = "alloc-open")]
async fn rejected_later() -> Result<u32, Plain> {
    Err(Plain::Failed)
}

fn allocations(run: impl Fn()) -> u64 {
    crate::allocations(|| (0..10).for_each(|_| run()))
}

#[test]
fn success_allocates_nothing() {
    assert_eq!(allocations(|| assert!(handled().is_ok())), 0);
    assert_eq!(allocations(|| assert!(ready(handled_later()).is_ok())), 0);
    assert_eq!(allocations(|| assert!(guarded().is_ok())), 0);
    assert_eq!(allocations(|| assert!(ready(guarded_later()).is_ok())), 0);
    assert_eq!(allocations(|| assert!(retried().is_ok())), 0);
    assert_eq!(allocations(|| assert!(ready(both()).is_ok())), 0);
}

#[test]
fn rejection_allocates_nothing() {
    assert!(matches!(rejected(), Err(Plain::Failed)));
    circuit_breakers().get("alloc-open").unwrap().force_open();
    assert_eq!(
        allocations(|| assert!(matches!(rejected(), Err(Plain::Rejected(_))))),
        0
    );
    assert_eq!(
        allocations(|| assert!(matches!(ready(rejected_later()), Err(Plain::Rejected(_))))),
        0
    );
}
