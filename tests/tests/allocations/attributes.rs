//! Allocations of the attributes: none for a call that succeeds, none for one that is rejected.

use gardefou::{
    Rejection, circuit_breakers, enhanced_error_handling, retry, retry_with_circuit_breaker,
    with_circuit_breaker,
};
use gardefou_tests::testkit::poll::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::{Dispatch, Event, Metadata, Subscriber, span};

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

#[retry_with_circuit_breaker(name = "alloc-closed", span = true)]
fn not_wanted() -> Result<u32, Plain> {
    Ok(1)
}

#[retry_with_circuit_breaker(name = "alloc-closed", span = true)]
async fn not_wanted_later() -> Result<u32, Plain> {
    Ok(1)
}

#[with_circuit_breaker(name = "alloc-closed", span = false)]
fn switched_off() -> Result<u32, Plain> {
    Ok(1)
}

#[with_circuit_breaker(name = "alloc-closed", span = false)]
async fn switched_off_later() -> Result<u32, Plain> {
    Ok(1)
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
fn call_whose_span_no_subscriber_wants_allocates_nothing() {
    assert_eq!(allocations(|| assert!(not_wanted().is_ok())), 0);
    assert_eq!(
        allocations(|| assert!(ready(not_wanted_later()).is_ok())),
        0
    );
}

#[test]
fn call_whose_span_is_switched_off_allocates_nothing() {
    assert_eq!(allocations(|| assert!(switched_off().is_ok())), 0);
    assert_eq!(
        allocations(|| assert!(ready(switched_off_later()).is_ok())),
        0
    );
}

/// A subscriber that wants spans, and keeps nothing.
struct Counts(AtomicU64);

impl Subscriber for Counts {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "gardefou::span"
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        self.0.fetch_add(1, Ordering::Relaxed);
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[test]
fn span_of_a_success_allocates_nothing_itself() {
    let counts = Dispatch::new(Counts(AtomicU64::new(0)));
    tracing::dispatcher::with_default(&counts, || {
        assert_eq!(allocations(|| assert!(not_wanted().is_ok())), 0);
        assert_eq!(
            allocations(|| assert!(ready(not_wanted_later()).is_ok())),
            0
        );
    });
    let Counts(spans) = counts.downcast_ref::<Counts>().unwrap();
    assert!(spans.load(Ordering::Relaxed) >= 20);
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
