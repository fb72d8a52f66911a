//! Histograms of durations, where guards are timed, and of waits.

use super::support::{Page, scrape};
use gardefou::{
    AppError, ErrorCode, bulkhead,
    bulkhead::Bulkhead,
    circuit_breakers,
    hedge::Hedge,
    rate_limit,
    rate_limit::RateLimiter,
    retry,
    retry::{Backoff, Next, Retry},
    retry_with_circuit_breaker,
    telemetry::{Measured, histograms},
    testing::Scope,
    time::{Clock, ManualClock, SystemClock},
    with_circuit_breaker,
};
use gardefou_tests::testkit::poll::poll_once;
use std::{pin::pin, sync::Arc, task::Poll, time::Duration};

const BOUNDS: [&str; 13] = [
    "0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf",
];

pub(super) fn buckets(page: &Page, metric: &str, name: &str) -> [f64; 13] {
    BOUNDS.map(|bound| {
        page.value(&format!(
            r#"gardefou_{metric}_total{{name="{name}",le="{bound}"}}"#
        ))
    })
}

pub(super) fn sum(page: &Page, metric: &str, name: &str) -> f64 {
    page.value(&format!(
        r#"gardefou_{metric}_seconds_total{{name="{name}"}}"#
    ))
}

/// Returns `true` for a series that only guards that are timed have.
fn is_timed(series: &str) -> bool {
    series.contains("le=") || series.contains("_time_seconds_total{")
}

#[test]
fn bounds_of_the_catalogue_are_those_that_are_counted() {
    let scope = Scope::new();
    scope.run(|| {
        let breaker = circuit_breakers()
            .get_or_create("bounds", |b| b.timed(true))
            .unwrap();
        for (at, bound) in BOUNDS[..12].iter().enumerate() {
            let limit = Duration::from_secs_f64(bound.parse().unwrap());
            // The one that is a little longer belongs to the next bucket.
            for took in [limit, limit + Duration::from_nanos(1)] {
                let call = breaker.try_acquire().unwrap();
                scope.clock().advance(took);
                call.success();
            }
            let buckets = buckets(&scrape(), "circuit_breaker_timed_calls", "bounds");
            assert_eq!(buckets[at], 1. + 2. * at as f64, "{bound}");
            assert_eq!(buckets[12], 2. + 2. * at as f64, "{bound}");
        }
    });
}

#[with_circuit_breaker(name = "timed-attribute", timed = true)]
fn timed(clock: Arc<dyn Clock>, takes: Duration) -> Result<(), AppError> {
    clock.sleep(takes);
    Ok(())
}

#[with_circuit_breaker(name = "timed-and-never-called", slow_call = "2s")]
fn never_called() -> Result<(), AppError> {
    Ok(())
}

#[test]
fn calls_of_timed_breakers_are_in_a_histogram_whatever_their_outcome() {
    let scope = Scope::new();
    scope.run(|| {
        let _ = never_called;
        let clock: Arc<dyn Clock> = Arc::new(scope.clock().clone());
        timed(Arc::clone(&clock), Duration::from_millis(700)).unwrap();
        timed(clock, Duration::from_millis(400)).unwrap();
        let slow = circuit_breakers()
            .get_or_create("slow", |b| b.slow_call(Duration::from_secs(1)))
            .unwrap();
        for seconds in [0, 3, 60] {
            let call = slow.try_acquire().unwrap();
            scope.clock().advance(Duration::from_secs(seconds));
            call.failure();
        }
        slow.try_acquire().unwrap().ignore();
        circuit_breakers().get_or_create("untimed", |b| b).unwrap();
        let page = scrape();
        let of = |name| buckets(&page, "circuit_breaker_timed_calls", name);
        let expected = [0., 0., 0., 0., 0., 0., 0., 1., 2., 2., 2., 2., 2.];
        assert_eq!(of("timed-attribute"), expected);
        // In whole seconds.
        assert_eq!(
            sum(&page, "circuit_breaker_call_time", "timed-attribute"),
            1.
        );
        let expected = [1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 2., 2., 3.];
        assert_eq!(of("slow"), expected);
        assert_eq!(sum(&page, "circuit_breaker_call_time", "slow"), 63.);
        assert_eq!(of("timed-and-never-called"), [0.; 13]);
        let untimed = page.with_label(r#"name="untimed""#);
        assert!(untimed.iter().all(|series| !is_timed(series)));
    });
}

#[retry(name = "timed-retry-attribute", timed = true)]
fn retried(clock: &ManualClock) -> Result<(), AppError> {
    clock.advance(Duration::from_millis(20));
    Ok(())
}

#[retry_with_circuit_breaker(name = "both-timed", max_retries = 1, initial_delay = 0, timed = true)]
fn twice(clock: &ManualClock) -> Result<(), AppError> {
    clock.advance(Duration::from_millis(80));
    Err(AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "busy"))
}

/// The calls of a retry are timed as a whole, however they end; the attempts by what is inside.
#[test]
fn calls_of_timed_retries_are_in_a_histogram_with_their_waits() {
    let scope = Scope::new();
    scope.run(|| {
        let clock = scope.clock();
        let retry = Retry::builder()
            .name("timed-retry")
            .max_retries(1)
            .backoff(Backoff::constant(Duration::from_secs(1)))
            .jitter(false)
            .timed(true)
            .build()
            .unwrap();
        let call = |outcomes: [Result<(), &'static str>; 2]| {
            let mut outcomes = outcomes.into_iter();
            retry.call(|| {
                clock.advance(Duration::from_millis(100));
                outcomes.next().unwrap()
            })
        };
        call([Ok(()), Ok(())]).unwrap();
        call([Err("busy"), Ok(())]).unwrap();
        call([Err("busy"), Err("busy")]).unwrap_err();
        // A loop in place, and one whose call is dropped before it ends.
        let mut run = retry.start();
        clock.advance(Duration::from_secs(20));
        assert_eq!(run.after(&mut Ok::<_, AppError>(())), Next::Return);
        drop(retry.start());
        retried(clock).unwrap();
        twice(clock).unwrap_err();
        named_and_untimed();
        let page = scrape();
        let of = |name| buckets(&page, "retry_timed_calls", name);
        let expected = [0., 0., 0., 0., 0., 1., 1., 1., 1., 3., 3., 3., 4.];
        assert_eq!(of("timed-retry"), expected);
        assert_eq!(sum(&page, "retry_call_time", "timed-retry"), 22.);
        let expected = [0., 0., 0., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.];
        assert_eq!(of("timed-retry-attribute"), expected);
        let expected = [0., 0., 0., 0., 0., 0., 1., 1., 1., 1., 1., 1., 1.];
        assert_eq!(of("twice"), expected, "the name of the function");
        let attempts = buckets(&page, "circuit_breaker_timed_calls", "both-timed");
        let expected = [0., 0., 0., 0., 0., 2., 2., 2., 2., 2., 2., 2., 2.];
        assert_eq!(attempts, expected);
        let untimed = page.with_label(r#"name="untimed-retry""#);
        assert!(!untimed.is_empty());
        assert!(untimed.iter().all(|series| !is_timed(series)));
    });
}

fn named_and_untimed() {
    let retry = Retry::builder().name("untimed-retry").build().unwrap();
    retry.call(|| Ok::<_, AppError>(())).unwrap();
}

/// Timing decides nothing: no call is slow, and no window is made.
#[test]
fn timed_breaker_opens_as_one_that_is_not() {
    let scope = Scope::new();
    scope.run(|| {
        let [plain, timed] = [false, true].map(|timed| {
            let breaker = circuit_breakers().get_or_create(&format!("{timed}"), |b| b.timed(timed));
            breaker.unwrap()
        });
        for breaker in [&plain, &timed] {
            for failure in [true, true, false, true, true, true, true, true] {
                let Ok(call) = breaker.try_acquire() else {
                    panic!("{} is open too early", breaker.name());
                };
                scope.clock().advance(Duration::from_secs(3600));
                if failure {
                    call.failure();
                } else {
                    call.success();
                }
            }
            assert!(breaker.try_acquire().is_err());
        }
        let counts = |breaker: &gardefou::breaker::CircuitBreaker| breaker.snapshot().counts;
        assert_eq!(counts(&plain), counts(&timed));
        assert_eq!(counts(&timed).slow, 0);
    });
}

#[tokio::test(start_paused = true)]
async fn attempts_of_a_hedge_with_a_quantile_are_in_a_histogram() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let hedge = Hedge::builder("search").quantile(0.9).build().unwrap();
    let _ = Hedge::builder("unmeasured")
        .after(Duration::from_secs(1))
        .build()
        .unwrap();
    for takes in [4, 40, 4000] {
        let search = || async {
            scope.clock().advance(Duration::from_millis(takes));
            Ok::<_, AppError>(())
        };
        hedge.call_async(search).await.unwrap();
    }
    let page = scrape();
    let expected = [0., 1., 1., 1., 2., 2., 2., 2., 2., 2., 3., 3., 3.];
    assert_eq!(buckets(&page, "hedge_timed_attempts", "search"), expected);
    assert_eq!(sum(&page, "hedge_attempt_time", "search"), 4.);
    let unmeasured = page.with_label(r#"name="unmeasured""#);
    assert!(unmeasured.iter().all(|series| !is_timed(series)));
}

#[bulkhead(name = "waits-and-never-called", max_concurrent = 1, max_wait = "1s")]
fn never_waits() -> Result<(), AppError> {
    Ok(())
}

#[rate_limit("1/s", name = "waits-and-never-called", max_wait = "1s")]
fn never_limited() -> Result<(), AppError> {
    Ok(())
}

/// Waits that end with a slot, without one, and with a call that is dropped.
#[tokio::test(start_paused = true)]
async fn waits_of_bulkheads_are_in_a_histogram() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let _ = (never_waits, never_limited);
    let reports = Bulkhead::builder("reports")
        .max_concurrent(1)
        .max_wait(Duration::from_secs(3600))
        .clock(SystemClock)
        .build_shared()
        .unwrap();
    Bulkhead::builder("at-once").build_shared().unwrap();
    for takes in [3, 30, 300] {
        let running = reports.try_acquire().unwrap();
        let mut waits = pin!(reports.acquire_async());
        assert!(poll_once(waits.as_mut()).is_pending());
        tokio::time::advance(Duration::from_millis(takes)).await;
        drop(running);
        let Poll::Ready(Ok(permit)) = poll_once(waits.as_mut()) else {
            panic!("no slot");
        };
        drop(permit);
    }
    let running = reports.try_acquire().unwrap();
    {
        let mut dropped = pin!(reports.acquire_async());
        assert!(poll_once(dropped.as_mut()).is_pending());
        tokio::time::advance(Duration::from_secs(20)).await;
    }
    drop(running);
    let page = scrape();
    let of = |name| buckets(&page, "bulkhead_timed_waits", name);
    let expected = [0., 1., 1., 1., 2., 2., 2., 3., 3., 3., 3., 3., 4.];
    assert_eq!(of("reports"), expected);
    assert_eq!(of("waits-and-never-called"), [0.; 13]);
    let counted = r#"gardefou_bulkhead_waits_total{name="reports"}"#;
    assert_eq!(page.value(counted), 4.);
    assert_eq!(sum(&page, "bulkhead_wait_time", "reports"), 20.);
    let at_once = page.with_label(r#"name="at-once""#);
    assert!(!at_once.is_empty());
    assert!(at_once.iter().all(|series| !series.contains("le=")));
}

#[test]
fn waits_of_rate_limiters_are_in_a_histogram() {
    let scope = Scope::new();
    scope.run(|| {
        let search = RateLimiter::builder("search")
            .rate("10/s")
            .burst(1)
            .build_shared()
            .unwrap();
        assert!(search.try_acquire().is_ok());
        let is_wait = |series: &&String| series.contains("timed_waits");
        let page = scrape();
        let before = page.with_label(r#"name="search""#);
        assert_eq!(before.into_iter().filter(is_wait).count(), 0);
        let [first, second] = [(); 2].map(|()| search.reserve(1, Duration::MAX).unwrap());
        first.wait();
        // Its permits are not used.
        second.cancel();
        let page = scrape();
        let expected = [0., 0., 0., 0., 0., 1., 1., 1., 1., 1., 1., 1., 1.];
        assert_eq!(
            buckets(&page, "rate_limiter_timed_waits", "search"),
            expected
        );
        let declared = buckets(&page, "rate_limiter_timed_waits", "waits-and-never-called");
        assert_eq!(declared, [0.; 13]);
    });
}

#[bulkhead(name = "exports", key = tenant, max_wait = "1s")]
fn export(tenant: &str) -> Result<usize, AppError> {
    Ok(tenant.len())
}

/// A page shows those of each key, and needs no bridge to another crate.
#[test]
fn histograms_are_of_each_guard() {
    let scope = Scope::new();
    scope.run(|| {
        export("acme").unwrap();
        let breaker = circuit_breakers()
            .get_or_create("db", |b| b.timed(true))
            .unwrap();
        circuit_breakers().get_or_create("untimed", |b| b).unwrap();
        let call = breaker.try_acquire().unwrap();
        scope.clock().advance(Duration::from_millis(40));
        call.failure();
        let all = histograms();
        let of = |measured| {
            let of = all.iter().filter(move |it| it.measured() == measured);
            let of = of.map(|it| (it.name(), it.count(), it.sum()));
            of.collect::<Vec<_>>()
        };
        let took = Duration::from_millis(40);
        assert_eq!(of(Measured::BreakerCalls), [("db", 1, took)]);
        let expected = [("exports[acme]", 0, Duration::ZERO)];
        assert_eq!(of(Measured::BulkheadWaits), expected);
        let db = all.iter().find(|it| it.name() == "db").unwrap();
        let buckets: Vec<_> = db.buckets().collect();
        assert_eq!(buckets.len(), 13);
        assert_eq!(buckets[3], (Some(Duration::from_millis(25)), 0));
        assert_eq!(buckets[4], (Some(Duration::from_millis(50)), 1));
        assert_eq!(buckets[12], (None, 1));
    });
}
