//! Async calls under a limit, on tokio's paused time.

use gardefou::{AppError, ErrorCode, call, retry::Retry, timeout::Timeout};
use std::{
    future::{self, Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn timeout(seconds: u64) -> Timeout {
    Timeout::builder("fetch")
        .limit(Duration::from_secs(seconds))
        .build()
        .unwrap()
}

/// Counts its drops.
struct Held(Arc<AtomicU32>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn body_is_dropped_at_the_limit_and_not_before() {
    let drops = Arc::new(AtomicU32::new(0));
    let held = Held(Arc::clone(&drops));
    let start = Instant::now();
    let err = timeout(2)
        .call_async(|| async move {
            let _held = held;
            future::pending::<Result<(), AppError>>().await
        })
        .await
        .unwrap_err();
    assert_eq!(start.elapsed(), 2 * SECOND);
    assert_eq!(
        drops.load(Ordering::Relaxed),
        1,
        "dropped when the error is returned"
    );
    assert!(err.is(ErrorCode::TIMEOUT_ERROR));
    assert_eq!(err.to_problem().status(), 504);
}

#[tokio::test(start_paused = true)]
async fn value_that_is_ready_at_the_limit_is_returned() {
    // Ready in the very poll in which the timer fires: the body is polled first.
    let timeout = timeout(2);
    let outcome = timeout.call_async(|| async {
        sleep(2 * SECOND).await;
        Ok::<_, AppError>("value")
    });
    assert_eq!(outcome.await.unwrap(), "value");
}

#[test]
fn body_that_is_ready_at_once_needs_no_runtime() {
    let timeout = timeout(2);
    let mut call = pin!(timeout.call_async(|| async { Ok::<_, AppError>(call::remaining()) }));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(left) = call.as_mut().poll(&mut cx) else {
        panic!("pending");
    };
    assert!(left.unwrap().unwrap() <= 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn limit_holds_for_a_body_that_uses_up_the_budget_of_its_task() {
    let busy = poll_fn(|cx| {
        // Takes what tokio lets a task do in one poll, and asks to be polled again.
        let mut ready = pin!(tokio::task::coop::consume_budget());
        while ready.as_mut().poll(cx).is_ready() {
            ready.set(tokio::task::coop::consume_budget());
        }
        Poll::<Result<(), AppError>>::Pending
    });
    let task = tokio::spawn(async move { timeout(2).call_async(|| busy).await });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(3 * SECOND).await;
    assert!(
        task.await
            .unwrap()
            .unwrap_err()
            .is(ErrorCode::TIMEOUT_ERROR)
    );
}

#[tokio::test(start_paused = true)]
async fn dropped_call_drops_the_body_and_records_nothing() {
    let scope = gardefou::testing::Scope::new();
    let _entered = scope.enter();
    let drops = Arc::new(AtomicU32::new(0));
    let held = Held(Arc::clone(&drops));
    let timeout = timeout(2);
    let mut call = Box::pin(timeout.call_async(|| async move {
        let _held = held;
        future::pending::<Result<(), AppError>>().await
    }));
    assert!(
        poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx)))
            .await
            .is_pending()
    );
    drop(call);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    assert_eq!(scope.monitor().stats().total_errors, 0);
}

#[tokio::test(start_paused = true)]
async fn deadline_is_that_of_the_poll_and_not_of_the_thread() {
    let seen = |seconds: u64| async move {
        timeout(seconds)
            .call_async(|| async {
                tokio::task::yield_now().await;
                Ok::<_, AppError>(call::remaining())
            })
            .await
            .unwrap()
    };
    // Interleaved on one thread.
    let (short, long) = tokio::join!(seen(1), seen(100));
    assert_eq!((short, long), (Some(SECOND), Some(100 * SECOND)));
    assert_eq!(call::remaining(), None);
}

#[tokio::test(start_paused = true)]
async fn inner_limit_is_the_smaller_of_its_own_and_what_remains() {
    let start = Instant::now();
    let err = timeout(2)
        .call_async(|| async {
            sleep(SECOND).await;
            timeout(60)
                .call_async(future::pending::<Result<(), AppError>>)
                .await
        })
        .await
        .unwrap_err();
    assert!(err.is(ErrorCode::TIMEOUT_ERROR));
    assert_eq!(start.elapsed(), 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn passed_deadline_rejects_before_the_body_is_polled() {
    let outcome = timeout(2)
        .call_async(|| async {
            // Blocks its thread beyond the deadline.
            tokio::time::advance(2 * SECOND).await;
            timeout(1)
                .call_async(|| async {
                    if true {
                        panic!("it runs")
                    };
                    Ok::<(), AppError>(())
                })
                .await
        })
        .await;
    assert!(outcome.unwrap_err().is(ErrorCode::TIMEOUT_ERROR));
}

#[tokio::test(start_paused = true)]
async fn retry_starts_no_wait_beyond_the_limit_around_it() {
    let retry = Retry::builder()
        .max_retries(100)
        .initial_delay(SECOND)
        .backoff_factor(1.0)
        .jitter(gardefou::retry::Jitter::None)
        .build()
        .unwrap();
    let start = Instant::now();
    let runs = AtomicU32::new(0);
    let outcome = timeout(5)
        .call_async(|| {
            retry.call_async(|| async {
                runs.fetch_add(1, Ordering::Relaxed);
                Err::<(), _>(AppError::new(ErrorCode::DB_CONNECTION_ERROR, "refused"))
            })
        })
        .await;
    // The retry gives up by itself, with the error of its last attempt.
    assert!(outcome.unwrap_err().is(ErrorCode::DB_CONNECTION_ERROR));
    assert!(start.elapsed() <= 5 * SECOND, "{:?}", start.elapsed());
    assert_eq!(runs.load(Ordering::Relaxed), 6);
}
