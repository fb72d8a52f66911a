//! A scrape while calls hold and wait for everything that they can.

use super::support::scrape;
use gardefou::{bulkhead::Bulkhead, circuit_breakers, testing::Scope, time::SystemClock};
use gardefou_tests::testkit::poll::poll_once;
use std::time::Duration;

/// Half-open slots, slots of bulkheads and places in queues are held while the scrape runs on the same
/// thread: one that waited for any of them would never end.
#[tokio::test(start_paused = true)]
async fn scrape_ends_while_calls_hold_what_they_can() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let breaker = circuit_breakers()
        .get_or_create("db", |b| b.failure_threshold(1).half_open_max_calls(1))
        .unwrap();
    breaker.try_acquire().unwrap().failure();
    scope.clock().advance(Duration::from_secs(3600));
    let probe = breaker.try_acquire().unwrap();
    let reports = Bulkhead::builder("reports")
        .max_concurrent(1)
        .max_wait(Duration::from_secs(60))
        .clock(SystemClock)
        .build_shared()
        .unwrap();
    let running = reports.try_acquire().unwrap();
    let mut waiting = Box::pin(reports.acquire_async());
    assert!(poll_once(waiting.as_mut()).is_pending());
    let in_callback = breaker.call(|| {
        // The breaker is half-open and full.
        Ok::<_, gardefou::AppError>(())
    });
    assert!(in_callback.is_err());

    let value = |series: &str| scrape().value(series);
    assert_eq!(value(r#"gardefou_bulkhead_waiting{name="reports"}"#), 1.);
    assert_eq!(
        value(r#"gardefou_circuit_breaker_state{name="db",state="half_open"}"#),
        1.
    );
    drop(waiting);
    let cancelled = r#"gardefou_bulkhead_calls_total{name="reports",outcome="cancelled"}"#;
    assert_eq!(
        (
            value(r#"gardefou_bulkhead_waiting{name="reports"}"#),
            value(cancelled)
        ),
        (0., 1.)
    );
    assert_eq!(
        value(r#"gardefou_bulkhead_waits_total{name="reports"}"#),
        1.
    );
    drop((running, probe));
}

/// Observers run in the middle of a change of state, and may scrape.
#[test]
fn observer_of_a_transition_may_scrape() {
    use std::sync::{Arc, Mutex};
    let scope = Scope::new();
    let _entered = scope.enter();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let breaker = circuit_breakers()
        .get_or_create("db", |b| {
            b.failure_threshold(1).on_transition(move |_| {
                let open = r#"gardefou_circuit_breaker_state{name="db",state="open"}"#;
                sink.lock().unwrap().push(scrape().value(open));
            })
        })
        .unwrap();
    breaker.try_acquire().unwrap().failure();
    assert_eq!(*seen.lock().unwrap(), [1.]);
}
