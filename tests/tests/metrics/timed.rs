//! Durations of calls through bulkheads, timeouts and rate limiters, where they are asked for.

use super::{
    durations::{buckets, sum},
    support::scrape,
};
use gardefou::{
    AppError, ErrorCode, bulkhead,
    bulkhead::Bulkhead,
    pipeline::Pipeline,
    rate_limit,
    rate_limit::RateLimiter,
    telemetry::{Measured, histograms},
    testing::Scope,
    time::{Clock, SystemClock, Tick},
    timeout,
    timeout::Timeout,
};
use gardefou_tests::testkit::poll::poll_once;
use std::{
    collections::BTreeSet,
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

#[bulkhead(name = "timed-bulkhead-attribute", timed = true)]
fn held(clock: Arc<dyn Clock>, takes: Duration) -> Result<(), AppError> {
    clock.sleep(takes);
    Ok(())
}

#[bulkhead(name = "timed-bulkhead-never-called", timed = true)]
fn never_held() -> Result<(), AppError> {
    Ok(())
}

/// The whole time for which a slot is held, and nothing of the wait for it, however the call ends.
#[tokio::test(start_paused = true)]
async fn time_for_which_a_slot_is_held_is_measured_where_it_is_asked_for() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let _ = never_held;
    let [plain, fixed, adaptive] = ["plain-slots", "timed-slots", "timed-adaptive"].map(|name| {
        let bulkhead = Bulkhead::builder(name).max_concurrent(1).clock(SystemClock);
        let bulkhead = bulkhead.max_wait(Duration::from_secs(3600));
        let bulkhead = bulkhead.timed(name != "plain-slots");
        let bulkhead = bulkhead.adaptive(name == "timed-adaptive");
        bulkhead.build_shared().unwrap()
    });
    let expected = [0., 0., 0., 0., 1., 1., 1., 3., 4., 4., 4., 4., 5.];
    for bulkhead in [&plain, &fixed, &adaptive] {
        let takes = |millis| async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            millis
        };
        // By a call that succeeds, one that fails, and one that waits for a second before.
        let running = bulkhead.try_acquire().unwrap();
        let mut waits = pin!(bulkhead.call_async(|| async { Ok::<_, AppError>(takes(40).await) }));
        assert!(poll_once(waits.as_mut()).is_pending());
        takes(1000).await;
        running.success();
        assert_eq!(waits.await.unwrap(), 40);
        let fails = || async {
            takes(500).await;
            Err::<(), _>(AppError::new(ErrorCode::SYNC_ERROR, "no"))
        };
        bulkhead.call_async(fails).await.unwrap_err();
        // By a future that is dropped, and a permit that is.
        {
            let mut dropped =
                pin!(bulkhead.call_async(|| async { Ok::<_, AppError>(takes(90_000).await) }));
            assert!(poll_once(dropped.as_mut()).is_pending());
            takes(20_000).await;
        }
        let permit = bulkhead.acquire_async().await.unwrap();
        takes(400).await;
        drop(permit);
    }
    held(Arc::new(scope.clock().clone()), Duration::from_millis(70)).unwrap();
    let page = scrape();
    for name in ["timed-slots", "timed-adaptive"] {
        let of_calls = buckets(&page, "bulkhead_timed_calls", name);
        assert_eq!(of_calls, expected, "{name}");
        assert_eq!(sum(&page, "bulkhead_call_time", name), 21., "{name}");
    }
    let attribute = buckets(&page, "bulkhead_timed_calls", "timed-bulkhead-attribute");
    assert_eq!(attribute[4..7], [0., 1., 1.]);
    let never = buckets(&page, "bulkhead_timed_calls", "timed-bulkhead-never-called");
    assert_eq!(never, [0.; 13]);
    let plain = page.with_label(r#"name="plain-slots""#);
    assert!(
        !plain.is_empty()
            && plain
                .iter()
                .all(|it| !it.contains("call") || it.contains("bulkhead_calls_total"))
    );
    assert_eq!(
        fixed.snapshot().in_flight + adaptive.snapshot().in_flight,
        0
    );
    let of = |name| {
        histograms()
            .into_iter()
            .find(|it| it.measured() == Measured::BulkheadCalls && it.name() == name)
    };
    assert_eq!(
        of("timed-slots").unwrap().sum(),
        Duration::from_millis(21_940)
    );
    assert!(of("plain-slots").is_none());
}

/// A limit that adapts learns the same whether calls are timed or not.
#[test]
fn timed_bulkhead_adapts_like_one_that_is_not() {
    let limits = [false, true].map(|timed| {
        let scope = Scope::new();
        scope.run(|| {
            let bulkhead = Bulkhead::builder("search")
                .adaptive(true)
                .max_concurrent(10);
            let bulkhead = bulkhead.timed(timed).build_shared().unwrap();
            let mut limits = Vec::new();
            for step in 0..200_u32 {
                let held: Vec<_> = (0..8).map_while(|_| bulkhead.try_acquire().ok()).collect();
                scope.clock().advance(Duration::from_millis(7));
                for (at, permit) in held.into_iter().enumerate() {
                    match (step + at as u32) % 23 {
                        0 => permit.failure(),
                        1 => permit.ignore(),
                        2 => drop(permit),
                        _ => permit.success(),
                    }
                }
                limits.push(bulkhead.snapshot().limit);
            }
            let counted = histograms();
            let counted = counted
                .iter()
                .find(|it| it.measured() == Measured::BulkheadCalls);
            let counted = counted.map(|it| (it.count(), it.sum()));
            let admitted = bulkhead.snapshot().admitted;
            let expected = (admitted, Duration::from_millis(7) * admitted as u32);
            assert_eq!(counted, timed.then_some(expected));
            limits
        })
    });
    assert_eq!(limits[0], limits[1]);
    assert!(limits[0].iter().collect::<BTreeSet<_>>().len() > 3);
}

#[timeout("5s", name = "timed-timeout-attribute", timed = true)]
fn limited(clock: Arc<dyn Clock>, takes: Duration) -> Result<(), AppError> {
    clock.sleep(takes);
    Ok(())
}

#[timeout("5s", timed = true)]
async fn limited_by_function_name(takes: Duration) -> Result<(), AppError> {
    tokio::time::sleep(takes).await;
    Ok(())
}

#[timeout("5s", name = "timed-timeout-never-called", timed = true)]
fn never_limited() -> Result<(), AppError> {
    Ok(())
}

/// Returns the number and the sum of what was measured of a guard.
fn measured(measured: Measured, name: &str) -> Option<(u64, Duration)> {
    let all = histograms();
    let is_it =
        |it: &&gardefou::telemetry::Histogram| it.measured() == measured && it.name() == name;
    let found = all.iter().find(is_it);
    found.map(|it| (it.count(), it.sum()))
}

#[test]
fn blocking_calls_of_timed_timeouts_are_in_a_histogram_however_they_end() {
    let scope = Scope::new();
    scope.run(|| {
        let _ = never_limited;
        let clock: Arc<dyn Clock> = Arc::new(scope.clock().clone());
        let timeout = |name: &'static str| Timeout::builder(name).limit(Duration::from_secs(2));
        let timed = timeout("timed").timed(true).build().unwrap();
        let same = timeout("timed").timed(true).build().unwrap();
        let plain = timeout("untimed").build().unwrap();
        let takes = |millis| clock.sleep(Duration::from_millis(millis));
        for timeout in [&timed, &plain] {
            let call = |millis, outcome: Result<(), AppError>| {
                timeout.call(|| {
                    takes(millis);
                    outcome
                })
            };
            call(40, Ok(())).unwrap();
            let failed = AppError::new(ErrorCode::SYNC_ERROR, "no");
            call(400, Err(failed)).unwrap_err();
            // Too late, and not interrupted.
            call(3_000, Ok(())).unwrap();
            // Neither a call that panics nor one that is not started.
            let panics = || timeout.call(|| -> Result<(), AppError> { panic!("no") });
            catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
            let outer = Timeout::builder("outer").limit(Duration::from_secs(1));
            let outer = outer.build().unwrap();
            let passed = outer.call(|| {
                takes(1_500);
                timeout.call(|| Ok::<_, AppError>(()))
            });
            passed.unwrap_err();
        }
        same.call(|| {
            takes(1);
            Ok::<_, AppError>(())
        })
        .unwrap();
        limited(Arc::clone(&clock), Duration::from_millis(70)).unwrap();
        let page = scrape();
        let of = |name| buckets(&page, "timeout_timed_calls", name);
        let expected = [1., 1., 1., 1., 2., 2., 2., 3., 3., 3., 4., 4., 4.];
        assert_eq!(of("timed"), expected);
        assert_eq!(sum(&page, "timeout_call_time", "timed"), 3.);
        assert_eq!(of("timed-timeout-attribute")[4..7], [0., 1., 1.]);
        assert_eq!(of("timed-timeout-never-called"), [0.; 13]);
        assert!(page.with_label(r#"name="untimed""#).is_empty());
        assert_eq!(measured(Measured::TimeoutCalls, "untimed"), None);
    });
}

#[tokio::test(start_paused = true)]
async fn async_calls_of_timed_timeouts_are_measured_until_they_end_or_are_cut_off() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let timeout = |name: &'static str| {
        let timeout = Timeout::builder(name).limit(Duration::from_secs(2));
        timeout.timed(true).clock(SystemClock).build().unwrap()
    };
    let of = |name| measured(Measured::TimeoutCalls, name).unwrap();
    let millis = Duration::from_millis;
    let takes = |takes| async move {
        tokio::time::sleep(millis(takes)).await;
        Ok::<_, AppError>(takes)
    };
    let timed = timeout("timed");
    timed.call_async(|| takes(40)).await.unwrap();
    assert_eq!(of("timed"), (1, millis(40)));
    // Ready at once.
    timed
        .call_async(|| async { Ok::<_, AppError>(()) })
        .await
        .unwrap();
    assert_eq!(of("timed"), (2, millis(40)));
    timed.call_async(|| takes(60_000)).await.unwrap_err();
    assert_eq!(of("timed"), (3, millis(2_040)));
    {
        let mut dropped = pin!(timed.call_async(pending::<Result<(), AppError>>));
        assert!(poll_once(dropped.as_mut()).is_pending());
        tokio::time::advance(millis(1_000)).await;
    }
    assert_eq!(of("timed"), (3, millis(2_040)), "its caller dropped it");
    // A deadline around it cuts it off earlier.
    let short = Timeout::builder("short")
        .limit(millis(500))
        .clock(SystemClock);
    let short = short.build().unwrap();
    let cut = short
        .call_async(|| timed.call_async(|| takes(60_000)))
        .await;
    cut.unwrap_err();
    assert_eq!(of("timed"), (4, millis(2_540)));
    assert_eq!(measured(Measured::TimeoutCalls, "short"), None);

    // The limits of a pipeline: of the whole call, and of each attempt.
    let (whole, attempt) = (timeout("whole"), timeout("attempt"));
    let pipeline = Pipeline::builder("pipeline").timeout(whole);
    let pipeline = pipeline.attempt_timeout(attempt).build().unwrap();
    pipeline.call_async(|| takes(70)).await.unwrap();
    assert_eq!(
        (of("whole"), of("attempt")),
        ((1, millis(70)), (1, millis(70)))
    );
}

#[tokio::test]
async fn async_function_without_a_name_is_measured_under_its_own() {
    let scope = Scope::new();
    let _entered = scope.enter();
    limited_by_function_name(Duration::ZERO).await.unwrap();
    let (count, _) = measured(Measured::TimeoutCalls, "limited_by_function_name").unwrap();
    assert_eq!(count, 1);
}

#[rate_limit("100/s", name = "timed-limiter-attribute", timed = true)]
fn admitted(clock: Arc<dyn Clock>, takes: Duration) -> Result<(), AppError> {
    clock.sleep(takes);
    Ok(())
}

#[rate_limit("100/s", name = "timed-limiter-never-called", timed = true)]
fn never_admitted() -> Result<(), AppError> {
    Ok(())
}

#[test]
fn blocking_calls_of_timed_rate_limiters_are_in_a_histogram_without_their_waits() {
    let scope = Scope::new();
    scope.run(|| {
        let _ = never_admitted;
        let clock: Arc<dyn Clock> = Arc::new(scope.clock().clone());
        let takes = |millis| clock.sleep(Duration::from_millis(millis));
        for name in ["timed-calls", "untimed-calls"] {
            let limiter = RateLimiter::builder(name).rate("1/h").burst(2);
            let limiter = limiter.max_wait(Duration::from_secs(3_600));
            let limiter = limiter.timed(name == "timed-calls").build_shared().unwrap();
            let call = |millis, outcome: Result<(), AppError>| {
                limiter.call(|| {
                    takes(millis);
                    outcome
                })
            };
            call(40, Ok(())).unwrap();
            // A permit that is only taken has no duration, nor has a call that panics.
            limiter.try_acquire().unwrap();
            // After a wait.
            let failed = AppError::new(ErrorCode::SYNC_ERROR, "no");
            call(400, Err(failed)).unwrap_err();
            let panics = || limiter.call(|| -> Result<(), AppError> { panic!("no") });
            catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
            limiter.drain();
            let late = limiter.reserve(1, Duration::MAX).unwrap();
            limiter.call(|| Ok::<_, AppError>(())).unwrap_err();
            late.cancel();
            let snapshot = limiter.snapshot();
            assert_eq!((snapshot.waited, snapshot.rejected), (2, 1));
        }
        admitted(Arc::clone(&clock), Duration::from_millis(70)).unwrap();
        let page = scrape();
        let of = |name| buckets(&page, "rate_limiter_timed_calls", name);
        let expected = [0., 0., 0., 0., 1., 1., 1., 2., 2., 2., 2., 2., 2.];
        assert_eq!(of("timed-calls"), expected);
        let took = Duration::from_millis(440);
        let calls = Measured::RateLimiterCalls;
        assert_eq!(measured(calls, "timed-calls"), Some((2, took)));
        assert_eq!(sum(&page, "rate_limiter_call_time", "timed-calls"), 0.);
        assert_eq!(of("timed-limiter-attribute")[4..7], [0., 1., 1.]);
        assert_eq!(of("timed-limiter-never-called"), [0.; 13]);
        assert_eq!(measured(calls, "untimed-calls"), None);
    });
}

#[tokio::test(start_paused = true)]
async fn async_calls_of_timed_rate_limiters_are_measured_from_their_admission_on() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let limiter = RateLimiter::builder("timed-calls").rate("1/s");
    let limiter = limiter.max_wait(Duration::from_secs(60)).timed(true);
    let limiter = limiter.clock(SystemClock).build_shared().unwrap();
    let of = || measured(Measured::RateLimiterCalls, "timed-calls").unwrap();
    let millis = Duration::from_millis;
    let takes = |takes| async move {
        tokio::time::sleep(millis(takes)).await;
        Ok::<_, AppError>(takes)
    };
    assert_eq!(of(), (0, Duration::ZERO));
    limiter.call_async(|| takes(40)).await.unwrap();
    assert_eq!(of(), (1, millis(40)));
    // After a wait.
    limiter.call_async(|| takes(70)).await.unwrap();
    assert_eq!(of(), (2, millis(110)));
    let pipeline = Pipeline::builder("pipeline").rate_limit(limiter.clone());
    let pipeline = pipeline.build().unwrap();
    pipeline.call_async(|| takes(20)).await.unwrap();
    assert_eq!(of(), (3, millis(130)));
    {
        let mut dropped = pin!(limiter.call_async(pending::<Result<(), AppError>>));
        assert!(poll_once(dropped.as_mut()).is_pending());
        tokio::time::advance(millis(5_000)).await;
        assert!(poll_once(dropped.as_mut()).is_pending());
    }
    assert_eq!(of(), (3, millis(130)), "its caller dropped it");
}

/// The clock is read as often as before where calls are not timed, and twice more where they are.
#[test]
fn only_timed_calls_read_the_clock_more_often() {
    let readings = [false, true].map(|timed| {
        let clock = Counting::default();
        let timeout = Timeout::builder("reads").limit(Duration::from_millis(10));
        let timeout = timeout.timed(timed).clock(clock.clone()).build().unwrap();
        timeout.call(|| Ok::<_, AppError>(())).unwrap();
        let bulkhead = Bulkhead::builder("reads").timed(timed);
        let of_timeout = clock.0.load(Ordering::Relaxed);
        let bulkhead = bulkhead.clock(clock.clone()).build().unwrap();
        bulkhead.call(|| Ok::<_, AppError>(())).unwrap();
        drop(bulkhead.acquire().unwrap());
        let of_both = clock.0.load(Ordering::Relaxed);
        let limiter = RateLimiter::builder("reads").rate("100/s").timed(timed);
        let limiter = limiter.clock(clock.clone()).build().unwrap();
        limiter.call(|| Ok::<_, AppError>(())).unwrap();
        limiter.acquire().unwrap();
        let of_all = clock.0.load(Ordering::Relaxed);
        [of_timeout, of_both - of_timeout, of_all - of_both]
    });
    assert_eq!(readings, [[2, 0, 2], [4, 4, 4]]);
}

#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicU64>);

impl Clock for Counting {
    fn now(&self) -> Tick {
        Tick::from_nanos(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn sleep(&self, _: Duration) {}
}
