//! Order of stacked attributes: the first one listed is the outermost.

use crate::support::{R, busy, reported_by};
use gardefou::{circuit_breakers, enhanced_error_handling, retry, with_circuit_breaker};
use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering},
};
use tracing::{Event, Metadata, Subscriber, span};

#[retry(max_retries = 2, initial_delay = 0)]
#[with_circuit_breaker(name = "order-retry-outside", failure_threshold = 9)]
fn retry_outside() -> R<()> {
    Err(busy())
}

#[with_circuit_breaker(name = "order-breaker-outside", failure_threshold = 9)]
#[retry(max_retries = 2, initial_delay = 0)]
fn breaker_outside() -> R<()> {
    Err(busy())
}

#[test]
fn breaker_counts_attempts_inside_a_retry_and_calls_outside_it() {
    assert!(retry_outside().is_err());
    assert!(breaker_outside().is_err());
    let failures = |name| {
        circuit_breakers()
            .get(name)
            .unwrap()
            .snapshot()
            .counts
            .failure
    };
    assert_eq!(
        (
            failures("order-retry-outside"),
            failures("order-breaker-outside")
        ),
        (3, 1)
    );
}

#[retry(max_retries = 2, initial_delay = 0)]
#[enhanced_error_handling]
async fn order_handled_inside() -> R<()> {
    tokio::task::yield_now().await;
    Err(busy())
}

#[enhanced_error_handling]
#[retry(max_retries = 2, initial_delay = 0)]
async fn order_handled_outside() -> R<()> {
    tokio::task::yield_now().await;
    Err(busy())
}

#[tokio::test]
async fn handling_reports_attempts_inside_a_retry_and_the_outcome_outside_it() {
    let [inside, outside] = ["order_handled_inside", "order_handled_outside"].map(reported_by);
    assert!(order_handled_inside().await.is_err());
    assert!(order_handled_outside().await.is_err());
    // Of the inner ones, two were followed by another attempt: they are not errors.
    assert_eq!((inside.all().len(), outside.all().len()), (1, 1));
}

#[retry(max_retries = 2, initial_delay = 0)]
#[enhanced_error_handling(rethrow = false, fallback = 7)]
fn order_swallowed_inside(runs: &AtomicU32) -> R<i32> {
    runs.fetch_add(1, Ordering::Relaxed);
    Err(busy())
}

#[enhanced_error_handling(rethrow = false, fallback = 7)]
#[retry(max_retries = 2, initial_delay = 0)]
async fn order_swallowed_outside(runs: &AtomicU32) -> R<i32> {
    runs.fetch_add(1, Ordering::Relaxed);
    Err(busy())
}

#[tokio::test]
async fn swallowed_error_is_a_success_for_the_outer_retry() {
    let [inside, outside] = ["order_swallowed_inside", "order_swallowed_outside"].map(reported_by);
    let runs = AtomicU32::new(0);
    assert_eq!(order_swallowed_inside(&runs).unwrap(), 7);
    assert_eq!(
        (runs.swap(0, Ordering::Relaxed), inside.all().len()),
        (1, 1)
    );
    assert_eq!(order_swallowed_outside(&runs).await.unwrap(), 7);
    assert_eq!((runs.load(Ordering::Relaxed), outside.all().len()), (3, 1));
}

#[retry(max_retries = 2, initial_delay = 0)]
#[with_circuit_breaker(name = "order-fallback", failure_threshold = 1, fallback = |_| Ok(9))]
fn order_fallback_inside(runs: &AtomicU32) -> R<i32> {
    runs.fetch_add(1, Ordering::Relaxed);
    Err(busy())
}

#[test]
fn fallback_of_a_breaker_is_a_success_for_the_outer_retry() {
    let runs = AtomicU32::new(0);
    // The first attempt opens the circuit, the second one gets the fallback.
    assert_eq!(order_fallback_inside(&runs).unwrap(), 9);
    assert_eq!(order_fallback_inside(&runs).unwrap(), 9);
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    let counts = circuit_breakers()
        .get("order-fallback")
        .unwrap()
        .snapshot()
        .counts;
    assert_eq!(
        (counts.failure, counts.rejected),
        (1, 2),
        "a fallback is not tried again"
    );
}

#[retry(max_retries = 2, initial_delay = 0)]
#[tracing::instrument]
#[with_circuit_breaker(name = "order-span", failure_threshold = 2)]
fn order_span_inside_a_retry() -> R<()> {
    Err(busy())
}

#[with_circuit_breaker(name = "order-span-2", failure_threshold = 1)]
#[tracing::instrument]
#[retry(max_retries = 2, initial_delay = 0)]
async fn order_span_outside_of_a_retry() -> R<()> {
    Err(busy())
}

/// Counts the spans with one name.
struct Spans {
    name: &'static str,
    made: Arc<AtomicU32>,
    next: AtomicU64,
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span()
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        if span.metadata().name() == self.name {
            self.made.fetch_add(1, Ordering::Relaxed);
        }
        span::Id::from_u64(self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn spans_of(name: &'static str, run: impl FnOnce()) -> u32 {
    let made = Arc::new(AtomicU32::new(0));
    let spans = Spans {
        name,
        made: Arc::clone(&made),
        next: AtomicU64::new(1),
    };
    tracing::subscriber::with_default(spans, run);
    made.load(Ordering::Relaxed)
}

#[test]
fn foreign_attribute_keeps_its_position_in_the_stack() {
    // The third attempt is rejected inside the span.
    let inside = spans_of("order_span_inside_a_retry", || {
        assert!(order_span_inside_a_retry().is_err());
    });
    assert_eq!(inside, 3);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let outside = spans_of("order_span_outside_of_a_retry", || {
        assert!(runtime.block_on(order_span_outside_of_a_retry()).is_err());
        // Rejected outside the span.
        assert!(runtime.block_on(order_span_outside_of_a_retry()).is_err());
    });
    assert_eq!(outside, 1);
}
