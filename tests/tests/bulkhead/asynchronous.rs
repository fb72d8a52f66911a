//! Waits that do not block, on tokio's paused time.

use crate::support::{SECOND, single};
use gardefou::{
    AppError, ErrorCode, Rejection, bulkhead::Bulkhead, retry::Retry, timeout::Timeout,
};
use gardefou_tests::testkit::poll::poll_once;
use std::{
    future::pending,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};
use tokio::time::{Instant, sleep};

#[tokio::test]
async fn free_slot_is_taken_whatever_the_wait() {
    let bulkhead = Bulkhead::builder("svc")
        .max_concurrent(1)
        .max_wait(Duration::from_nanos(1))
        .build()
        .unwrap();
    drop(bulkhead.acquire_async().await.unwrap());
    assert_eq!(bulkhead.snapshot().admitted, 1);
}

#[tokio::test(start_paused = true)]
async fn call_is_rejected_when_its_wait_is_over_and_not_before() {
    let bulkhead = single();
    let _running = bulkhead.try_acquire().unwrap();
    let start = Instant::now();
    let rejection = bulkhead
        .call_async(async || Ok::<_, Rejection>(()))
        .await
        .unwrap_err();
    assert_eq!(start.elapsed(), 10 * SECOND);
    assert!(
        rejection
            .cause()
            .unwrap()
            .contains("none became free within 10s")
    );
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.rejected.timed_out, snapshot.queued), (1, 0));
    assert_eq!(snapshot.longest_wait, 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn waiters_are_admitted_in_the_order_in_which_they_came() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let wide = Bulkhead::builder("svc")
        .max_concurrent(1)
        .max_wait(100 * SECOND)
        .max_queue(50)
        .build()
        .unwrap();
    let running = wide.try_acquire().unwrap();
    let mut tasks = Vec::new();
    for n in 0..50 {
        let (waiter, order) = (wide.clone(), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let _permit = waiter.acquire_async().await.unwrap();
            order.lock().unwrap().push(n);
            sleep(Duration::from_millis(10)).await;
        }));
        while wide.snapshot().queued <= n {
            tokio::task::yield_now().await;
        }
    }
    drop(running);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), (0..50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn newcomer_does_not_overtake_a_waiter_that_has_not_run_yet() {
    let bulkhead = single();
    let running = bulkhead.try_acquire().unwrap();
    let mut waiter = pin!(bulkhead.acquire_async());
    assert!(poll_once(waiter.as_mut()).is_pending());
    drop(running);
    assert!(bulkhead.try_acquire().is_err(), "the slot is the waiter's");
    assert!(poll_once(waiter.as_mut()).is_ready());
}

#[tokio::test(start_paused = true)]
async fn waiter_that_is_dropped_leaves_the_queue() {
    let bulkhead = single();
    let running = bulkhead.try_acquire().unwrap();
    {
        let mut waiter = pin!(bulkhead.acquire_async());
        assert!(poll_once(waiter.as_mut()).is_pending());
        assert_eq!(bulkhead.snapshot().queued, 1);
    }
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.queued, snapshot.cancelled), (0, 1));
    drop(running);
    assert!(bulkhead.try_acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn slot_that_was_granted_to_a_dropped_waiter_goes_to_the_next() {
    let bulkhead = Bulkhead::builder("svc")
        .max_concurrent(1)
        .max_wait(10 * SECOND)
        .max_queue(2)
        .build()
        .unwrap();
    let running = bulkhead.try_acquire().unwrap();
    let mut second = pin!(bulkhead.acquire_async());
    {
        let mut first = pin!(bulkhead.acquire_async());
        assert!(poll_once(first.as_mut()).is_pending());
        assert!(poll_once(second.as_mut()).is_pending());
        drop(running);
    }
    let Poll::Ready(Ok(permit)) = poll_once(second.as_mut()) else {
        panic!("the slot is lost");
    };
    assert_eq!(bulkhead.snapshot().in_flight, 1);
    drop(permit);
    assert_eq!(bulkhead.snapshot().admitted, 2, "the dropped one was not");
}

#[tokio::test(start_paused = true)]
async fn slot_that_is_free_when_the_wait_ends_is_taken() {
    let bulkhead = single();
    let running = bulkhead.try_acquire().unwrap();
    let mut waiter = pin!(bulkhead.acquire_async());
    assert!(poll_once(waiter.as_mut()).is_pending());
    tokio::time::advance(10 * SECOND).await;
    drop(running);
    assert!(matches!(poll_once(waiter.as_mut()), Poll::Ready(Ok(_))));
}

#[tokio::test(start_paused = true)]
async fn full_queue_rejects_at_once() {
    let bulkhead = single();
    let _running = bulkhead.try_acquire().unwrap();
    let mut waiter = pin!(bulkhead.acquire_async());
    assert!(poll_once(waiter.as_mut()).is_pending());
    let Poll::Ready(Err(rejection)) = poll_once(pin!(bulkhead.acquire_async())) else {
        panic!("queued");
    };
    assert_eq!(
        rejection.cause().unwrap(),
        "all slots (1) and all places in the queue (1) are taken"
    );
    assert_eq!(bulkhead.snapshot().rejected.queue_full, 1);
}

#[tokio::test(start_paused = true)]
async fn deadline_of_the_call_ends_the_wait() {
    let bulkhead = single();
    let _running = bulkhead.try_acquire().unwrap();
    let start = Instant::now();
    let timeout = Timeout::builder("outer").limit(2 * SECOND).build().unwrap();
    let outcome = timeout
        .call_async(|| bulkhead.call_async(async || Ok::<_, AppError>(())))
        .await;
    assert_eq!(start.elapsed(), 2 * SECOND);
    assert!(outcome.is_err());
    let snapshot = bulkhead.snapshot();
    assert_eq!(snapshot.queued, 0);
    assert_eq!(snapshot.rejected.timed_out + snapshot.cancelled, 1);
}

#[tokio::test(start_paused = true)]
async fn raised_limit_admits_waiters_and_a_lowered_one_waits_for_releases() {
    let bulkhead = Bulkhead::builder("svc")
        .max_concurrent(3)
        .max_wait(10 * SECOND)
        .build()
        .unwrap();
    let [one, two, three] = [0, 1, 2].map(|_| bulkhead.try_acquire().unwrap());
    bulkhead.set_max_concurrent(1).unwrap();
    assert_eq!(bulkhead.snapshot().in_flight, 3, "running calls go on");
    let mut waiter = pin!(bulkhead.acquire_async());
    assert!(poll_once(waiter.as_mut()).is_pending());
    drop(one);
    drop(two);
    assert!(poll_once(waiter.as_mut()).is_pending(), "one still runs");
    bulkhead.set_max_concurrent(2).unwrap();
    let Poll::Ready(Ok(waited)) = poll_once(waiter.as_mut()) else {
        panic!("not admitted at once");
    };
    let snapshot = bulkhead.snapshot();
    assert_eq!(
        (snapshot.in_flight, snapshot.limit, snapshot.queued),
        (2, 2, 0)
    );
    drop((waited, three));
}

#[tokio::test(start_paused = true)]
async fn body_does_not_run_while_the_call_waits() {
    let bulkhead = single();
    let running = bulkhead.try_acquire().unwrap();
    let ran = std::cell::Cell::new(false);
    let mut call = pin!(bulkhead.run_async(async {
        ran.set(true);
        Ok::<_, AppError>(())
    }));
    assert!(poll_once(call.as_mut()).is_pending() && !ran.get());
    drop(running);
    assert!(poll_once(call.as_mut()).is_ready() && ran.get());
    assert_eq!(bulkhead.snapshot().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn call_under_retry_and_timeout_gives_its_slot_back_at_the_cut() {
    let bulkhead = single();
    let retry = Retry::builder()
        .max_retries(2)
        .attempt_timeout(SECOND)
        .build()
        .unwrap();
    let outcome: Result<(), AppError> = retry
        .call_async(|| bulkhead.call_async(pending::<Result<(), AppError>>))
        .await;
    assert!(outcome.unwrap_err().is(ErrorCode::TIMEOUT_ERROR));
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.in_flight, snapshot.admitted), (0, 3));
}

#[test]
#[should_panic(expected = "runtime")]
fn wait_outside_of_a_runtime_panics() {
    let bulkhead = single();
    let _running = bulkhead.try_acquire().unwrap();
    let _ = poll_once(pin!(bulkhead.acquire_async()));
}

#[test]
fn panic_for_want_of_a_runtime_leaves_nothing_behind() {
    let bulkhead = single();
    let running = bulkhead.try_acquire().unwrap();
    let wait = || poll_once(pin!(bulkhead.acquire_async())).is_ready();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(wait)).is_err());
    assert_eq!(bulkhead.snapshot().queued, 0);
    drop(running);
    assert!(bulkhead.try_acquire().is_ok());
}
