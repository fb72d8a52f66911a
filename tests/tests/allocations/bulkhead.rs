//! Allocations of a bulkhead: none for admitted and rejected calls, sync and async.

use crate::allocations;
use gardefou::{
    AppError, ErrorCode, Rejection,
    bulkhead::{Bulkhead, BulkheadBuilder},
};
use gardefou_tests::testkit::poll;
use std::{future::ready, thread, time::Duration};

#[derive(Debug)]
enum Error {
    Failed,
    Rejected(#[expect(dead_code, reason = "held as a user holds it, and dropped")] Rejection),
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

#[gardefou::bulkhead(max_concurrent = 3)]
fn annotated(fails: bool) -> Result<u8, Error> {
    if fails { Err(Error::Failed) } else { Ok(1) }
}

#[gardefou::bulkhead(adaptive = true, max_wait = "5s")]
async fn annotated_async() -> Result<u8, Error> {
    Ok(1)
}

fn every_kind() -> Vec<Bulkhead> {
    let kinds: [fn(BulkheadBuilder) -> BulkheadBuilder; 4] = [
        |b| b,
        |b| b.max_concurrent(1),
        |b| b.max_wait(Duration::from_secs(5)).max_queue(3),
        |b| b.adaptive(true).max_concurrent(1).max(4),
    ];
    let build = |kind: fn(BulkheadBuilder) -> BulkheadBuilder| {
        kind(Bulkhead::builder("svc")).build().unwrap()
    };
    kinds.into_iter().map(build).collect()
}

#[test]
fn admitted_call_allocates_nothing() {
    for bulkhead in every_kind() {
        let calls = || {
            assert!(bulkhead.call(|| Ok::<_, Error>(1)).is_ok());
            let outcome = bulkhead.call(|| Err::<u8, _>(Error::Failed));
            assert!(matches!(outcome, Err(Error::Failed)));
            assert!(poll::ready(bulkhead.call_async(|| ready(Ok::<_, Error>(1)))).is_ok());
            drop(bulkhead.try_acquire().unwrap());
            bulkhead.acquire().unwrap().success();
            poll::ready(bulkhead.acquire_async()).unwrap().failure();
            assert!(annotated(false).is_ok() && annotated(true).is_err());
            assert!(poll::ready(annotated_async()).is_ok());
        };
        assert_eq!(allocations(calls), 0, "{:?}", bulkhead.config());
    }
}

/// What a thread allocates to keep slots is made once.
#[test]
fn threads_that_meet_allocate_nothing_for_each_call() {
    let bulkhead = Bulkhead::builder("svc").build().unwrap();
    let calls = || {
        for _ in 0..10_000 {
            assert!(bulkhead.call(|| Ok::<_, Error>(1)).is_ok());
            drop(bulkhead.try_acquire().unwrap());
        }
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let made = allocation_counter::measure(calls).count_total;
                assert!(made <= 10, "{made} allocations");
            });
        }
    });
}

#[test]
fn rejected_call_allocates_nothing() {
    let closed = Bulkhead::builder("closed")
        .max_concurrent(0)
        .build()
        .unwrap();
    let calls = || {
        let outcome = closed.call(|| Ok::<_, Error>(1));
        assert!(matches!(outcome, Err(Error::Rejected(_))));
        let outcome = poll::ready(closed.call_async(|| ready(Ok::<_, Error>(1))));
        assert!(matches!(outcome, Err(Error::Rejected(_))));
        assert!(closed.try_acquire().is_err() && closed.acquire().is_err());
    };
    assert_eq!(allocations(calls), 0);
}

#[test]
fn wait_allocates_its_place_and_timer_alone() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let bulkhead = Bulkhead::builder("svc")
        .max_concurrent(1)
        .max_wait(Duration::from_secs(5))
        .build()
        .unwrap();
    let calls = || {
        let held = bulkhead.try_acquire().unwrap();
        let mut wait = Box::pin(bulkhead.acquire_async());
        assert!(poll::poll_once(wait.as_mut()).is_pending());
        drop(held);
        assert!(poll::poll_once(wait.as_mut()).is_ready());
    };
    // The test's own box, and that of the timer.
    assert_eq!(allocations(calls), 2);
}

#[test]
fn future_grows_by_four_words_at_most() {
    async fn body() -> Result<[u8; 256], AppError> {
        tokio::task::yield_now().await;
        Err(AppError::new(ErrorCode::TIMEOUT_ERROR, "late"))
    }
    let bulkhead = Bulkhead::builder("svc").build().unwrap();
    let grown = size_of_val(&bulkhead.run_async(body())) - size_of_val(&body());
    assert!(grown <= 32, "{grown}");
}
